"""Runs that stop before their budget of tokens is spent, and what they add up to."""

from __future__ import annotations

import re

from tests.support.cli import Files, tap
from tests.support.singer import select

LISTS = ("deals", "persons", "organizations", "activities", "notes", "stages")
RESUME = re.compile(r"start it after \d{4}-\d\d-\d\dT00:00:00Z, or before with a higher daily_token_budget\.")


def table(outputs):
    """What a loader has after these runs."""
    rows = {}
    for output in outputs:
        for stream, records in output.records.items():
            keys = output.schemas[stream]["key_properties"]
            rows |= {(stream, *(record[key] for key in keys)): record for record in records}
    return rows


def runs_until_done(files, emulator, catalog, budget, most):
    state, told = None, []
    while not told or told[-1].code:
        assert len(told) < most, "the runs do not come to an end"
        emulator.post("/_emulator/log/clear")
        config = emulator.config(daily_token_budget=budget)
        told.append(tap(*files.arguments(config, catalog=catalog, state=state)))
        assert told[-1].code in (0, 4), told[-1].err
        assert emulator.log()["tokens"] <= budget
        state = told[-1].output.state if told[-1].output.states else state
    return told


def test_runs_that_end_at_their_budget_add_up_to_one_that_does_not(medium, tmp_path):
    files = Files(tmp_path)
    catalog = select(medium.config(), *LISTS)
    whole = tap(*files.arguments(medium.config(), catalog=catalog))
    assert whole.code == 0
    told = runs_until_done(files, medium, catalog, 120, most=20)
    assert len(told) > 2
    assert table(one.output for one in told) == table([whole.output])
    for one in told[:-1]:
        assert one.code == 4
        assert "The budget of this run is spent: " in one.last_line
        assert RESUME.search(one.last_line)
        assert one.output.states
        assert "Traceback" not in one.err


def test_fan_outs_within_a_page_go_on_where_the_budget_ended(small, tmp_path):
    files = Files(tmp_path)
    catalog = select(small.config(), "deals", "deal_persons")
    small.post("/_emulator/log/clear")
    whole = tap(*files.arguments(small.config(), catalog=catalog))
    assert whole.code == 0
    tokens = small.log()["tokens"]
    told = runs_until_done(files, small, catalog, tokens // 2, most=5)
    assert len(told) > 1
    assert table(one.output for one in told) == table([whole.output])


def test_the_company_s_budget_of_the_day_ends_a_run_as_cleanly(small, tmp_path):
    files = Files(tmp_path)
    catalog = select(small.config(), *LISTS)
    whole = tap(*files.arguments(small.config(), catalog=catalog))
    small.reset()
    try:
        small.post("/_emulator/limits", {"daily_tokens": 110})
        first = tap(*files.arguments(small.config(), catalog=catalog))
        assert first.code == 4
        assert re.search(
            r"tokens of today are spent .* Run again after \d{4}-\d\d-\d\dT00:00:00Z", first.last_line
        )
    finally:
        small.post("/_emulator/limits", {"daily_tokens": 750_000, "new_day": True})
    second = tap(*files.arguments(small.config(), catalog=catalog, state=first.output.state))
    assert second.code == 0
    assert table([first.output, second.output]) == table([whole.output])


def test_a_budget_that_is_enough_changes_nothing(small, tmp_path):
    files = Files(tmp_path)
    catalog = select(small.config(), *LISTS)
    whole = tap(*files.arguments(small.config(), catalog=catalog))
    enough = tap(*files.arguments(small.config(daily_token_budget=1_000), catalog=catalog))
    assert enough.code == 0
    assert table([enough.output]) == table([whole.output])
