"""Runs that stop before their token budget is exhausted, and their combined result."""

from __future__ import annotations

import re

import pytest

from tests.support.cli import Files, tap
from tests.support.singer import select

LISTS = ("deals", "persons", "organizations", "activities", "notes", "stages")
RESUME = re.compile(r"Run again to continue from here, or set a higher run_token_budget\.")


def table(outputs):
    """Tables of a loader after these runs."""
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
        config = emulator.config(run_token_budget=budget)
        told.append(tap(*files.arguments(config, catalog=catalog, state=state)))
        assert told[-1].code in (0, 4), told[-1].err
        assert emulator.log()["tokens"] <= budget
        state = told[-1].output.state if told[-1].output.states else state
    return told


def test_runs_ended_by_a_budget_add_up_to_one_unlimited_run(medium, tmp_path):
    files = Files(tmp_path)
    catalog = select(medium.config(), *LISTS)
    whole = tap(*files.arguments(medium.config(), catalog=catalog))
    assert whole.code == 0
    told = runs_until_done(files, medium, catalog, 120, most=20)
    assert len(told) > 2
    assert table(one.output for one in told) == table([whole.output])
    for one in told[:-1]:
        assert one.code == 4
        assert "The token budget of this run is exhausted: " in one.last_line
        assert RESUME.search(one.last_line)
        assert one.output.states
        assert "Traceback" not in one.err


def test_fan_outs_within_a_page_continue_where_the_budget_ended(small, tmp_path):
    files = Files(tmp_path)
    catalog = select(small.config(), "deals", "deal_persons")
    small.post("/_emulator/log/clear")
    whole = tap(*files.arguments(small.config(), catalog=catalog))
    assert whole.code == 0
    tokens = small.log()["tokens"]
    told = runs_until_done(files, small, catalog, tokens // 2, most=5)
    assert len(told) > 1
    assert table(one.output for one in told) == table([whole.output])


def test_an_exhausted_daily_company_budget_ends_a_run_cleanly(small, tmp_path):
    files = Files(tmp_path)
    catalog = select(small.config(), *LISTS)
    whole = tap(*files.arguments(small.config(), catalog=catalog))
    small.reset()
    try:
        small.post("/_emulator/limits", {"daily_tokens": 110})
        first = tap(*files.arguments(small.config(), catalog=catalog))
        assert first.code == 4
        assert re.search(
            r"daily API token budget is exhausted .* Run again after \d{4}-\d\d-\d\dT00:00:00Z",
            first.last_line,
        )
    finally:
        small.post("/_emulator/limits", {"daily_tokens": 750_000, "new_day": True})
    second = tap(*files.arguments(small.config(), catalog=catalog, state=first.output.state))
    assert second.code == 0
    assert table([first.output, second.output]) == table([whole.output])


def test_pages_already_read_are_emitted_if_the_budget_ends_at_field_definitions(small, tmp_path):
    files = Files(tmp_path)
    catalog = select(small.config(), "stages", "persons", "notes")
    small.post("/_emulator/log/clear")
    whole = tap(*files.arguments(small.config(), catalog=catalog))
    tokens = small.log()["tokens"]
    small.reset()
    # The second request for the definitions is rejected: the failed attempt used up their cost.
    fault = {"operation": "GET /api/v2/personFields", "nth": 1, "kind": "reset_before"}
    small.post("/_emulator/faults", [fault])
    try:
        small.post("/_emulator/limits", {"daily_tokens": tokens})
        first = tap(*files.arguments(small.config(), catalog=catalog))
    finally:
        small.post("/_emulator/limits", {"daily_tokens": 750_000, "new_day": True})
    assert first.code == 4
    assert set(first.output.records) == set(first.output.schemas) == {"stages", "notes"}
    second = tap(*files.arguments(small.config(), catalog=catalog, state=first.output.state))
    assert set(second.output.records) == {"persons"}
    assert table([first.output, second.output]) == table([whole.output])


def test_a_sufficient_budget_has_no_effect(small, tmp_path):
    files = Files(tmp_path)
    catalog = select(small.config(), *LISTS)
    whole = tap(*files.arguments(small.config(), catalog=catalog))
    enough = tap(*files.arguments(small.config(run_token_budget=1_000), catalog=catalog))
    assert enough.code == 0
    assert table([enough.output]) == table([whole.output])


def complete_in_turns(files, emulator, streams, budget, most):
    """Run until the exit code is 0; the combined result must equal that of one run."""
    catalog = select(emulator.config(), *streams)
    whole = tap(*files.arguments(emulator.config(), catalog=catalog))
    told = runs_until_done(files, emulator, catalog, budget, most)
    assert table(one.output for one in told) == table([whole.output])
    return told


@pytest.mark.parametrize(
    ("streams", "budget"),
    [(LISTS, 40), (("users", "leads", "deal_products"), 70)],
    ids=str,
)
def test_a_budget_of_one_list_per_run_eventually_reads_everything(small, tmp_path, streams, budget):
    told = complete_in_turns(Files(tmp_path), small, streams, budget, most=20)
    assert len(told) > 2
    assert not any("turn" in memo for memo in told[-1].output.state["bookmarks"].values())


def test_a_resumed_run_reads_only_what_the_previous_run_did_not_reach(small, tmp_path):
    files = Files(tmp_path)
    catalog = select(small.config(), *LISTS)
    first = tap(*files.arguments(small.config(run_token_budget=60), catalog=catalog))
    assert first.code == 4
    done = {name for name, memo in first.output.state["bookmarks"].items() if memo.get("turn") == "over"}
    assert done
    small.post("/_emulator/log/clear")
    second = tap(*files.arguments(small.config(), catalog=catalog, state=first.output.state))
    assert second.code == 0
    assert not done & second.output.records.keys()
    assert not any(f"/{name}" in request for name in done for request in small.requests())
    small.post("/_emulator/log/clear")
    tap(*files.arguments(small.config(), catalog=catalog, state=second.output.state))
    assert sum(small.requests().values()) >= len(LISTS)


@pytest.mark.parametrize(
    ("streams", "budget", "least"),
    [(("deals",), 39, 40), (("deals", "deal_persons"), 59, 60), (("lead_sources",), 1, 2), (LISTS, 9, 10)],
    ids=str,
)
def test_a_budget_too_small_for_progress_is_rejected_before_the_first_request(
    small, tmp_path, streams, budget, least
):
    files = Files(tmp_path)
    catalog = select(small.config(), *streams)
    small.post("/_emulator/log/clear")
    told = tap(*files.arguments(small.config(run_token_budget=budget), catalog=catalog))
    assert told.code == 2
    first = min(set(streams) - {"deal_persons"})  # a fan-out is part of its list
    said = f"{budget} tokens are too few for {first}, which needs at least {least}"
    assert said in told.last_line
    assert small.log()["requests"] == 0


def test_a_full_list_that_exceeds_the_budget_delays_no_other_and_is_named(small, tmp_path):
    files = Files(tmp_path)
    streams = ("roles", "role_assignments", "stages", "users", "user_followers")
    catalog = select(small.config(), *streams)
    state, told = None, []
    for _ in range(4):
        config = small.config(run_token_budget=40)
        told.append(tap(*files.arguments(config, catalog=catalog, state=state)))
        state = told[-1].output.state if told[-1].output.states else state
    assert {stream for one in told for stream in one.output.records} >= {"roles", "stages", "users"}
    assert told[-1].code == 4
    named = {
        name for name in ("roles", "users") for one in told[-2:] if f"used up by {name}, " in one.last_line
    }
    assert named == {"roles", "users"}
    assert "must be read in full in one run" in told[-1].last_line


def test_fan_outs_of_rows_in_the_same_second_are_not_repeated_in_each_run(medium, tmp_path):
    moment = "2026-06-15T08:59:59Z"
    deals = [row for row in medium.rows("deals") if not row["is_deleted"] and not row["is_archived"]][:320]
    medium.post(
        "/_emulator/rows",
        [{"table": "deals", "id": row["id"], "set": {"update_time": moment}} for row in deals],
    )
    files = Files(tmp_path)
    catalog = select(medium.config(), "deal_changes")
    state, told = None, []
    while not told or told[-1].code:
        assert len(told) < 8, "the runs do not come to an end"
        config = medium.config(run_token_budget=1_700, start_date=moment)
        told.append(tap(*files.arguments(config, catalog=catalog, state=state)))
        state = told[-1].output.state if told[-1].output.states else state
    assert len(told) > 3
