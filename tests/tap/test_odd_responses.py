"""Unusual responses: the run equals one without them, or ends with exit code 1 and the next run recovers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from pipedrive_client import ConfigError
from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.state.input_state import checked_state
from tap_pipedrive.state.known_ids import KnownIds
from tests.support.faulty import run
from tests.support.singer import run_tap
from tests.tap.test_invalid_last_pages import CASES, ROWS, StandIn, body

pytestmark = pytest.mark.dialects

WEB_PAGE = (404, b"<html>404 Not Found</html>", {"Content-Type": "text/html"})
NOT_FOUND = (404, b'{"success":false,"error":"Deal not found"}', {})
TEXT = {"field_code": "0a" * 20, "field_name": "Notes", "field_type": "varchar", "is_custom_field": True}


@pytest.fixture
def stand_in():
    server = StandIn()
    yield server
    server.close()


def ids(found, stream="deals"):
    return {row["id"] for row in found.tables[stream].values()}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (body([ROWS[2], None]), "null in the list `data`"),
        (b'{"error":"Internal","data":[]}', "an error instead of data"),
        (body(ROWS[2:], ""), "a full page without `next_cursor`"),
    ],
)
def test_a_page_without_valid_rows_or_end_is_rejected(stand_in, content, said):
    stand_in.deals = lambda query, _: (200, content if "cursor" in query else body(ROWS[:2], "c2"), {})
    struck = run(stand_in.config, "deals", page=2)
    assert (struck.code, ids(struck)) == (1, {1, 2})
    assert said in struck.error
    stand_in.deals = lambda query, _: (200, body(ROWS[2:]) if "cursor" in query else body(ROWS[:2], "c2"), {})
    assert ids(run(stand_in.config, "deals", before=struck, page=2)) == {1, 2, 3, 4}


def test_half_an_emoji_and_a_byte_order_mark_are_read(stand_in):
    content = b"\xef\xbb\xbf" + body(ROWS).replace(b"Deal 2", b"Party \\ud83d").replace(
        b"Deal 3", b"\\ud83d\\ude00 \\\\ud83d"
    )
    stand_in.deals = lambda _query, _nth: (200, content, {})
    found = run(stand_in.config, "deals")
    titles = {row["id"]: row["title"] for row in found.tables["deals"].values()}
    assert titles == {1: "Deal 1", 2: "Party \ufffd", 3: "\U0001f600 \\ud83d", 4: "Deal 4"}


# ── child streams ────────────────────────────────────────────────────────────────────────────────────


def products(stand_in, answer):
    """Set the responses to requests of deal_products, by the ids of their deals; None returns products."""

    def respond(query):
        deals = [int(one) for one in query["deal_ids"][0].split(",")]
        rows = [{"id": 10 * deal, "deal_id": deal, "product_id": 1} for deal in deals]
        return answer(deals) or (200, body(rows), {})

    stand_in.deals = lambda _query, _nth: (200, body(ROWS), {})
    stand_in.lists["/api/v2/deals/products"] = respond


def test_a_404_of_a_proxy_is_not_a_deleted_parent(stand_in):
    struck = iter([WEB_PAGE, (404, b"", {})])
    products(stand_in, lambda _: next(struck, None))
    found = run(stand_in.config, "deals", "deal_products")
    assert (found.code, ids(found, "deal_products")) == (0, {10, 20, 30, 40})


@pytest.mark.parametrize("status", [404, 410])
def test_a_deleted_parent_does_not_hide_the_rows_of_its_group(stand_in, status):
    products(stand_in, lambda deals: (status, *NOT_FOUND[1:]) if 2 in deals else None)
    found = run(stand_in.config, "deals", "deal_products")
    assert (found.code, ids(found, "deal_products")) == (0, {10, 30, 40})
    assert "refused" not in found.output.state["bookmarks"]["deal_products"]


def test_a_group_without_any_parent_is_reported_and_requested_again(stand_in, caplog):
    products(stand_in, lambda _: NOT_FOUND)
    struck = run(stand_in.config, "deals", "deal_products")
    assert (struck.code, struck.tables["deal_products"]) == (0, {})
    assert "deal_products was denied for 4 of 4 parents" in caplog.text
    products(stand_in, lambda _: None)
    assert ids(run(stand_in.config, "deals", "deal_products", before=struck), "deal_products") == {
        10,
        20,
        30,
        40,
    }


def test_a_group_of_deleted_parents_is_not_denied(stand_in, caplog):
    products(stand_in, lambda _: NOT_FOUND)
    there = []

    def deals(query, _):
        wanted = query.get("ids")
        known = [row for row in there if str(row["id"]) in wanted[0].split(",")] if wanted else ROWS
        return 200, body(known), {}

    stand_in.deals = deals
    strict = {**stand_in.config, "strict_access": True}
    struck = run(strict, "deals", "deal_products")
    state = struck.output.state["bookmarks"]["deal_products"]
    assert (struck.code, state["absent"], "refused" in state) == (0, {"ids": "1-4"}, False)
    again = run(strict, "deals", "deal_products", before=struck)
    assert (again.code, "absent" in again.output.state["bookmarks"]["deal_products"]) == (0, False)
    assert "denied" not in caplog.text
    there[:] = [ROWS[1]]
    mixed = run(stand_in.config, "deals", "deal_products")
    state = mixed.output.state["bookmarks"]["deal_products"]
    assert (state["refused"], state["absent"]) == ({"ids": "2"}, {"ids": "1,3-4"})
    assert "deal_products was denied for 1 of 1 parents" in caplog.text


# ── order and times ──────────────────────────────────────────────────────────────────────────────────


def test_a_time_some_hours_in_the_future_hides_no_change(stand_in):
    moment = datetime.now(UTC)
    ahead = {**ROWS[0], "update_time": f"{moment + timedelta(hours=12):%Y-%m-%dT%H:%M:%SZ}"}
    stand_in.deals = lambda _query, _nth: (200, body([ROWS[1], ahead]), {})
    first = run(stand_in.config, "deals")
    bookmark = first.output.state["bookmarks"]["deals"]["replication_key_value"]
    assert f"{moment:%Y-%m-%dT%H:%M:%SZ}" <= bookmark <= f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    second = run(stand_in.config, "deals", before=first)
    assert second.output.records["deals"] == []  # the row with the future time is not emitted again


def test_a_list_that_turns_out_to_be_unsorted_is_read_again_from_its_start(stand_in):
    pages = {"": (ROWS[2:], "c2"), "c2": (ROWS[:2], "c3")}

    def unsorted(query, _):
        page = pages.get(query.get("cursor", [""])[0])
        return (200, body(*page), {}) if page else (400, b'{"success":false,"error":"No"}', {})

    stand_in.deals = unsorted
    struck = run(stand_in.config, "deals", page=2)
    assert struck.code == 1
    assert "since" not in struck.output.state["bookmarks"]["deals"]["reads"]["getDeals"]


# ── definitions ──────────────────────────────────────────────────────────────────────────────────────


def test_a_definition_that_is_listed_twice_keeps_its_column(stand_in):
    stand_in.definitions = lambda _: [TEXT, TEXT]
    stand_in.deals = lambda _query, _nth: (200, body([{**ROWS[0], "custom_fields": {"0a" * 20: "hi"}}]), {})
    (row,) = run(stand_in.config, "deals").tables["deals"].values()
    assert row["notes"] == "hi"


def test_an_empty_list_of_definitions_is_requested_again(stand_in, caplog):
    answers = iter([body([]), body([TEXT])])
    stand_in.lists["/api/v2/dealFields"] = lambda _: (200, next(answers, body([])), {})
    stand_in.deals = lambda _query, _nth: (200, body([{**ROWS[0], "custom_fields": {"0a" * 20: "hi"}}]), {})
    catalog = json.loads((CASES / "21-gzip-truncated" / "catalog.json").read_text())
    named = run(stand_in.config, catalog=catalog)
    (row,) = named.tables["deals"].values()
    assert (named.code, row["notes"], "empty" in caplog.text) == (0, "hi", False)
    unnamed = run(stand_in.config, catalog=catalog)
    assert unnamed.code == 0
    assert "/api/v2/dealFields returned an empty list" in caplog.text
    (row,) = unnamed.tables["deals"].values()
    assert row["0a" * 20] == "hi"


# ── state ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("part", "value"),
    [("length", "x"), ("length", -1), ("size", 1.5), ("so_far", True), ("unresolved", {"a": "x"})],
)
def test_a_damaged_part_of_the_state_is_named(part, value):
    with pytest.raises(ConfigError, match=f"stream files is invalid: {part}"):
        checked_state({"bookmarks": {"files": {"reads": {"getFiles": {part: value}}}}}, STREAMS)


def test_a_list_length_of_another_account_in_the_state_costs_few_requests(small):
    first = run(small.config(), "files")
    memo = first.output.state["bookmarks"]["files"]["reads"]["getFiles"]
    memo["length"] = 10**9
    small.post("/_emulator/log/clear")
    found = run(small.config(), "files", before=first)
    assert (found.code, found.tables) == (0, first.tables)
    assert small.requests()["GET /api/v1/files"] < 40


def test_a_sweep_time_in_the_future_is_treated_as_due():
    assert KnownIds({"swept_at": "2099-01-01T00:00:00Z"}).due(timedelta(hours=24))


def test_child_rows_of_a_whole_list_are_emitted_if_they_changed(small):
    first = run_tap(small.config(), "boards", "phases", "role_settings")
    assert first.records["phases"]
    assert first.records["role_settings"]
    second = run_tap(small.config(), "boards", "phases", "role_settings", state=first.state)
    assert dict(second.records) == {}
    changed = first.records["phases"][-1]
    small.call("PATCH", f"/api/v2/phases/{changed['id']}", {"name": "Renamed"})
    third = run_tap(small.config(), "boards", "phases", "role_settings", state=second.state)
    expected = [one["id"] for one in first.records["phases"] if one["board_id"] == changed["board_id"]]
    assert [one["id"] for one in third.records["phases"]] == expected
    assert {*third.records} == {"phases"}


def test_child_rows_of_a_failed_parent_are_emitted_by_a_later_run(small):
    expected = run_tap(small.config(), "boards", "phases").records["phases"]
    rule = {
        "operation": "GET /api/v2/phases",
        "nth": 2,
        "kind": "status_before",
        "status": 404,
        "error": "No",
    }
    small.post("/_emulator/faults", [rule])
    first = run_tap(small.config(max_concurrency=1), "boards", "phases")
    second = run_tap(small.config(), "boards", "phases", state=first.state)
    both = [*first.records["phases"], *second.records["phases"]]
    assert sorted(one["id"] for one in both) == sorted(one["id"] for one in expected)


def test_goals_are_emitted_once(small):
    first = run_tap(small.config(), "goals")
    assert first.records["goals"]
    assert run_tap(small.config(), "goals", state=first.state).records["goals"] == []
    older = {"bookmarks": {"goals": {"reads": {"getGoals": {"pages": ["0"], "size": 2}}}}}
    assert run_tap(small.config(), "goals", state=older).records["goals"] == first.records["goals"]
