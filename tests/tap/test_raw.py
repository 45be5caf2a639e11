"""Streams of the setting `raw_requests`."""

from __future__ import annotations

import pytest

from pipedrive_client import ConfigError, ServerError
from tap_pipedrive.read.raw_requests import raw_requests
from tap_pipedrive.tap import TapPipedrive
from tests.support.singer import run_tap, select

pytestmark = pytest.mark.dialects

PERSONS = {"name": "people", "path": "/api/v2/persons", "paging": "cursor", "keys": ["id"]}


def asked(emulator, path):
    return [one for one in emulator.log(full=True)["ordered"] if one["path"] == path]


def test_a_record_is_its_keys_and_the_whole_row(small):
    out = run_tap(small.config(raw_requests=[PERSONS]), "people")
    rows = {str(row["id"]): row for row in small.get("/api/v2/persons?limit=500")["data"]}
    assert out.latest("people") == {key: {"id": key, "record": row} for key, row in rows.items()}
    message = out.schemas["people"]
    assert message["key_properties"] == ["id"]
    assert message["schema"]["properties"]["id"]["type"] == ["string"]
    assert message["schema"]["properties"]["record"]["type"] == ["object", "null"]


def test_columns_are_typed_and_repaired(small):
    entry = {
        "name": "raw_notes",
        "path": "/v1/notes",
        "paging": "offset",
        "page_size": 4,
        "keys": ["id"],
        "replication_key": "update_time",
        "columns": {"id": "int", "pinned_to_deal_flag": "bool", "user": "{name}", "nothing": "str"},
    }
    small.post("/_emulator/log/clear")
    out = run_tap(small.config(raw_requests=[entry]), "raw_notes")
    rows = {row["id"]: row for row in small.rows("notes") if row["active_flag"]}
    notes = out.latest("raw_notes")
    assert notes.keys() == rows.keys()
    assert {frozenset(note) for note in notes.values()} == {
        frozenset(("id", "update_time", "pinned_to_deal_flag", "user", "nothing"))
    }
    assert {type(note["pinned_to_deal_flag"]) for note in notes.values()} == {bool}
    assert all(note["update_time"].endswith("Z") for note in notes.values())
    assert all(note["nothing"] is None for note in notes.values())
    pages = asked(small, "/api/v1/notes")
    assert [page["query"].get("limit") for page in pages] == ["4"] * len(pages)
    assert len(pages) >= len(rows) / 4


def test_the_bookmark_leaves_out_what_was_read_before(small):
    entry = {**PERSONS, "replication_key": "update_time", "columns": {"name": "str"}}
    config = small.config(raw_requests=[entry])
    first = run_tap(config, "people")
    second = run_tap(config, "people", state=first.state)
    assert dict(second.records) == {}
    one = next(iter(first.latest("people")))
    small.call("PATCH", f"/api/v2/persons/{one}", {"name": "Another"})
    third = run_tap(config, "people", state=second.state)
    assert [record["name"] for record in third.records["people"]] == ["Another"]


def test_parameters_headers_and_costs_are_as_configured(small):
    entry = {
        "name": "won_deals",
        "path": "/api/v2/deals",
        "params": {"status": ["won"], "sort_by": "id"},
        "headers": {"X-Reason": "audit"},
        "paging": "cursor",
        "keys": ["id"],
        "cost": 3,
    }
    config = small.config(raw_requests=[entry], run_token_budget=3)
    catalog = select(small.config(raw_requests=[entry]), "won_deals")
    small.reset()
    out = run_tap(config, catalog=catalog)
    won = {str(row["id"]) for row in small.rows("deals") if row["status"] == "won" and not row["is_deleted"]}
    assert out.latest("won_deals").keys() <= won
    assert out.records["won_deals"]
    (request,) = asked(small, "/api/v2/deals")
    assert request["query"] == {"status": "won", "sort_by": "id", "limit": "500"}


def test_rows_are_taken_from_where_the_entry_defines(small):
    entry = {
        "name": "positions",
        "path": "/v1/notes",
        "params": {"limit": 5},
        "records": "additional_data.pagination",
        "columns": {"start": "int", "limit": "int", "more_items_in_collection": "bool"},
    }
    out = run_tap(small.config(raw_requests=[entry]), "positions")
    assert out.records["positions"] == [{"start": 0, "limit": 5, "more_items_in_collection": True}]
    assert out.schemas["positions"]["key_properties"] == []


def test_one_object_is_one_row(small):
    entry = {"name": "me", "path": "/v1/users/me", "keys": ["id"]}
    assert len(run_tap(small.config(raw_requests=[entry]), "me").records["me"]) == 1


def test_retries_are_counted(small):
    entry = {**PERSONS, "retries": 0}
    config = small.config(raw_requests=[entry])
    catalog = select(config, "people")
    small.post("/_emulator/log/clear")
    fault = {"operation": "GET /api/v2/persons", "kind": "status_before", "status": 503}
    small.post("/_emulator/faults", [fault])
    with pytest.raises(ServerError):
        run_tap(config, catalog=catalog)
    assert len(asked(small, "/api/v2/persons")) == 1


def test_configured_requests_are_read_without_a_catalog(small):
    streams = TapPipedrive(config=small.config(raw_requests=[PERSONS])).streams
    assert streams["people"].selected


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({}, "entry 1: name must be a name in snake_case; it is missing."),
        ({"name": "Big Deals"}, "entry 1: name must be a name in snake_case."),
        (
            {"name": "x"},
            "(x): path must be a path that starts with /v1/ or /api/v2/, without a query; it is missing",
        ),
        ({"pth": "/v1/deals"}, "entry 1 has an unknown key 'pth'; known keys: name, path,"),
        ({"path": "https://evil.example/v1/deals"}, "path must be a path that starts with /v1/ or /api/v2/"),
        ({"path": "/v1/../oauth/token"}, "path must be"),
        ({"path": "/v1/%2e%2e/oauth/token"}, "path must be"),
        ({"path": "/v1/deals?limit=5"}, "path must be"),
        ({"path": "/v2/deals"}, "path must be"),
        ({"path": "/v1/deals/{id}"}, "path must be"),
        ({"path": "/v1//deals"}, "path must be"),
        ({"path": 5}, "path must be"),
        ({"method": "POST"}, "method must be GET."),
        ({"params": {"a": {"b": 1}}}, "params must be an object of strings, numbers, booleans"),
        ({"params": "a=1"}, "params must be"),
        ({"headers": {"X": 1}}, "headers must be an object of strings."),
        ({"headers": {"Authorization": "x"}}, "headers must not contain authentication"),
        ({"headers": {"X": "a\nb"}}, "The header 'X' is invalid"),
        ({"records": 5}, "records must be the dotted path"),
        ({"paging": "pages"}, "paging must be cursor, offset or none."),
        ({"paging": ["none"]}, "paging must be cursor, offset or none."),
        ({"page_size": 0}, "page_size must be an integer greater than 0."),
        ({"keys": "id"}, "keys must be a list of column names."),
        ({"keys": ["a b"]}, "keys must be"),
        ({"keys": ["id", "id"]}, "keys must be"),
        ({"replication_key": 5}, "replication_key must be"),
        (
            {"replication_key": "id", "columns": {"id": "int"}},
            "replication_key must be the name of a time column",
        ),
        ({"columns": ["id"]}, "columns must be an object of types"),
        (
            {"columns": {"id": "integer"}},
            "columns: column id has the unknown type 'integer'; types are int, num,",
        ),
        ({"columns": {"id": "int b:str"}}, "columns must be"),
        ({"columns": {"id": 5}}, "columns: column id has the unknown type '5'"),
        ({"cost": -1}, "cost must be an integer of at least 0."),
        ({"cost": True}, "cost must be"),
        ({"retries": 1.5}, "retries must be an integer of at least 0."),
        ({"timeout_seconds": 0}, "timeout_seconds must be a number greater than 0."),
        ({"name": "deals"}, "(deals): name must be a name in snake_case, not the name of another stream."),
    ],
    ids=str,
)
def test_malformed_entries_are_rejected_in_one_sentence(small, entry, sentence):
    given = entry if "missing" in sentence else {"name": "x", "path": "/v1/deals", **entry}
    with pytest.raises(ConfigError) as refused:
        TapPipedrive(config=small.config(raw_requests=[given])).streams  # noqa: B018  discovery checks them
    assert sentence in str(refused.value)
    assert str(refused.value).startswith("Setting raw_requests, entry 1")
    assert "\n" not in str(refused.value)


def test_two_entries_of_one_name_are_rejected():
    with pytest.raises(ConfigError, match="not the name of another entry"):
        raw_requests({"raw_requests": [PERSONS, PERSONS]}, ())


def test_an_entry_that_is_not_an_object_is_rejected():
    with pytest.raises(ConfigError, match="entry 1 must be an object with a name and a path"):
        raw_requests({"raw_requests": [7]}, ())


def test_anything_but_a_list_is_rejected():
    with pytest.raises(ConfigError, match="raw_requests must be a list of objects"):
        raw_requests({"raw_requests": {"name": "x"}}, ())


def test_a_row_without_its_key_ends_the_run(small):
    entry = {**PERSONS, "keys": ["no_such_key"]}
    with pytest.raises(ConfigError, match="raw_requests, people: a row has no no_such_key"):
        run_tap(small.config(raw_requests=[entry]), "people")


def test_values_that_do_not_fit_a_column_are_null_and_counted(small, caplog):
    entry = {**PERSONS, "keys": ["id"], "columns": {"id": "int", "name": "int", "emails": "{value:int}"}}
    out = run_tap(small.config(raw_requests=[entry]), "people")
    named = len(out.records["people"])
    assert {row["name"] for row in out.records["people"]} == {None}
    warned = [one.getMessage() for one in caplog.records if "could not be converted" in one.getMessage()]
    assert f"Column name of people: {named} values" in warned[0]
    assert any("Column emails of people" in one for one in warned)


def test_a_replication_key_that_is_not_a_time_ends_the_run(small):
    entry = {**PERSONS, "replication_key": "name"}
    with pytest.raises(ConfigError, match="raw_requests, people: column name of a row is not a valid time"):
        run_tap(small.config(raw_requests=[entry]), "people")


def test_unordered_rows_move_the_bookmark_only_at_the_end(small):
    entry = {**PERSONS, "params": {"sort_by": "id"}, "page_size": 5, "replication_key": "update_time"}
    config = small.config(raw_requests=[entry])
    out = run_tap(config, "people")
    assert len(out.latest("people")) == len([1 for row in small.rows("persons") if not row["is_deleted"]])
    states = [state for state in out.states if "bookmarks" in state]
    moved = [state["bookmarks"]["people"]["reads"]["people"].get("since") for state in states]
    assert moved[-1] == max(record["update_time"] for record in out.records["people"])
    assert set(moved[:-1]) <= {None, moved[-1]}
    halfway = next(state for state in states if state["bookmarks"]["people"])
    assert run_tap(config, "people", state=halfway).latest("people") == out.latest("people")
