"""`--plan`: its estimate before a run, compared with the cost of the run."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager

import pytest

from tap_pipedrive.catalog import STREAMS as CATALOGUE
from tap_pipedrive.commands.plan import Known, plan
from tap_pipedrive.tap import TapPipedrive
from tests.support.cli import Files, tap
from tests.support.singer import run_tap, select

DEFAULT = [name for name, spec in CATALOGUE.items() if spec.selected_by_default]
STREAMS = (
    "deals",
    "deal_products",
    "organization_followers",
    "persons",
    "notes",
    "leads",
    "stages",
    "users",
)


@contextmanager
def planned(config, catalog, state=None):
    """The lines of a plan by stream, and the tap that made it."""
    made = TapPipedrive(config=dict(config), catalog=catalog, state=json.loads(json.dumps(state)))
    try:
        yield plan(made.lists()), made
    finally:
        made.tap_context.client.close()


def tokens(lines) -> int:
    return sum(line.tokens for line in lines)


def test_the_plan_of_a_first_run_is_close_to_its_cost(medium):
    config = medium.config()
    catalog = select(config, *STREAMS)
    with planned(config, catalog) as (lines, made):
        asked = made.tap_context.client.usage.tokens
    medium.post("/_emulator/log/clear")
    run_tap(config, catalog=catalog)
    assert tokens(lines) == pytest.approx(medium.log()["tokens"], rel=0.15)
    assert asked < 200
    deals = next(line for line in lines if line.stream == "deals")
    assert deals.known is Known.ABOUT
    assert re.fullmatch(r"about [\d,]+ rows, judging by the newest ids", deals.why)
    notes = next(line for line in lines if line.stream == "notes")
    assert (notes.known, notes.requests) == (Known.AT_LEAST, 2)


def test_the_plan_of_a_run_without_changes_is_one_request_per_list(medium):
    config = medium.config()
    catalog = select(config, "deals", "deal_products", "persons", "notes", "leads", "stages", "users")
    first = run_tap(config, catalog=catalog)
    with planned(config, catalog, first.state) as (lines, _):
        pass
    medium.post("/_emulator/log/clear")
    run_tap(config, catalog=catalog, state=first.state)
    lists = [line for line in lines if line.stream not in ("deal_products", "deal_fields", "person_fields")]
    assert sum(line.requests for line in lists) == medium.log()["requests"]
    assert tokens(lists) == medium.log()["tokens"]


def test_fan_outs_are_estimated_from_the_changed_parents(small):
    config = small.config()
    catalog = select(config, "deals", "deal_persons")
    first = run_tap(config, catalog=catalog)
    small.post("/_emulator/clock", {"advance_seconds": 600})
    changed = [record["id"] for record in first.records["deals"] if record["status"] == "open"][:3]
    for one in changed:
        small.call("PATCH", f"/api/v2/deals/{one}", {"title": "Touched"})
    with planned(config, catalog, first.state) as (lines, _):
        found = [line for line in lines if line.stream == "deal_persons"]
    assert sum(line.requests for line in found) == len(
        changed
    )  # rows of the border's second are not among them
    assert all(line.known is Known.ABOUT for line in found)
    assert "rows of deals, one request per row" in found[0].why


def test_a_full_list_is_estimated_by_its_last_length(small):
    config = small.config()
    catalog = select(config, "users", "user_followers")
    first = run_tap(config, catalog=catalog)
    users = len(first.records["users"])
    assert first.state["bookmarks"]["users"]["reads"]["getUsers"]["size"] == users
    small.post("/_emulator/log/clear")
    with planned(config, catalog, first.state) as (lines, _):
        assert [(line.stream, line.requests) for line in lines] == [("users", 1), ("user_followers", users)]
    assert small.log()["requests"] == 0


def test_sizes_of_unselected_parents_are_kept(small):
    config = small.config()
    catalog = select(config, "deal_persons")
    first = run_tap(config, catalog=catalog)
    reads = first.state["bookmarks"]["deals"]["reads"]
    assert sum(read["size"] for read in reads.values()) == len(small.rows("deals"))


def test_a_size_survives_interrupted_runs(small):
    config = small.config(max_concurrency=1)
    whole = run_tap(config, "activities")
    size = whole.state["bookmarks"]["activities"]["reads"]["getActivities"]["size"]
    assert size == len(whole.records["activities"])
    halfway = whole.states[0]
    again = run_tap(config, "activities", state=halfway)
    assert again.state["bookmarks"]["activities"]["reads"]["getActivities"]["size"] >= size


def test_ids_and_searches_of_the_settings_are_counted(small):
    config = small.config(record_ids={"persons": [1, 2, 3]})
    catalog = select(config, "persons", "person_searches")
    with planned(config, catalog) as (lines, _):
        found = {line.stream: (line.requests, line.tokens, line.why) for line in lines}
    assert found["persons"] == (3, 3, "3 rows by id")
    assert found["person_searches"] == (0, 0, "no entry in the settings")


def test_a_sweep_for_deletes_is_counted_when_it_is_due(small):
    config = small.config(detect_deletes=True)
    catalog = select(config, "persons")
    first = run_tap(config, catalog=catalog)
    changed = "1 changed row"  # of the minute before the bookmark
    for hours, expected in ((24, [changed]), (0, [changed, "full read to find deleted rows"])):
        with planned({**config, "delete_sweep_interval_hours": hours}, catalog, first.state) as (lines, _):
            assert [line.why for line in lines if line.stream == "persons"] == expected


def test_the_table_is_printed_to_stdout_without_messages(small, tmp_path):
    files = Files(tmp_path)
    config = small.config(daily_token_budget=20)
    catalog = select(small.config(), "deals", "deal_persons", "stages")
    told = tap(*files.arguments(config, catalog=catalog), "--plan")
    assert told.code == 0
    heading, *rows = told.out.split("\n\n")[0].splitlines()
    assert heading.split() == ["stream", "requests", "tokens", "basis"]
    assert {row.split()[0] for row in rows} == {
        "deals", "deal_persons", "stages", "deal_fields", "person_fields", "total",
    }  # fmt: skip
    notes = told.out.split("\n\n")[1]
    assert "~ is an estimate, ≥ a lower bound" in notes
    assert "used 3 requests and 35 tokens (not in the table)." in notes
    assert "This is more than the 20 tokens of daily_token_budget" in notes
    assert "tokens of 750,000 that the company has left today." in notes
    assert '"type"' not in told.out


def test_a_failed_plan_is_reported_in_one_sentence(small, tmp_path):
    files = Files(tmp_path)
    told = tap(
        *files.arguments(small.config(api_token="wrong"), catalog=select(small.config(), "stages")), "--plan"
    )
    assert (told.code, told.out) == (3, "")
    assert "the token was rejected" in told.last_line


def test_a_plan_requests_each_list_at_most_once_and_has_a_row_for_each_stream(small, tmp_path):
    files = Files(tmp_path)
    small.post("/_emulator/log/clear")
    done = tap(*files.arguments(small.config(), catalog=select(small.config(), *DEFAULT)), "--plan")
    assert done.code == 0
    assert max(small.requests().values()) == 1
    _, *rows, total = done.out.split("\n\n")[0].splitlines()
    names = [row.split()[0] for row in rows]
    assert len(names) == len(set(names))
    assert set(DEFAULT) <= set(names)
    by_name = {row.split()[0]: row for row in rows}
    assert by_name["goals"].split() == ["goals", "4", "80", "4", "lists:", "always", "one", "request"]
    assert not re.search(r"\b1 rows", done.out)
    assert "archived: " in by_name["deals"]
    cells = [row.split()[2].lstrip("~≥").replace(",", "") for row in (*rows, total)]
    assert sum(map(int, cells[:-1])) == int(cells[-1])
