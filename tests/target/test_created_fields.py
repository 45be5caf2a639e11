"""Custom fields created for columns: names that no field can have, several spellings, all or none."""

from __future__ import annotations

import pytest

from target_pipedrive.record.errors import StreamFault
from tests.target.helpers import record, rows, schema

pytestmark = pytest.mark.dialects

BLANK = ["", " ", "\u00a0", "\u200b", "\ufeff\t", " \u2060 "]
ODD = [
    "!!!",
    "🚀",
    "%",
    "€ 5",
    "a.b",
    "ÄÖ",
    "顧客",
    "lead__score",
    "Lead\u00a0score",
    "Mu\u0308ller",
    " padded ",
    "x" * 120,
]
ENTITIES = {"deals": "deal", "persons": "person", "organizations": "organization", "products": "product"}


def writes(account):
    return [one for one in account.log(full=True)["ordered"] if one["method"] != "GET"]


def fields(account, entity):
    return [one["field_name"] for one in account.get(f"/api/v2/{entity}Fields?limit=500")["data"]]


def typed(stream, record_id, **columns):
    """A SCHEMA with text columns, and a record."""
    properties = {"id": {"type": "integer"}, **{one: {"type": ["null", "string"]} for one in columns}}
    return [schema(stream, properties, ["id"]), record(stream, id=record_id, **columns)]


@pytest.mark.parametrize("name", BLANK)
@pytest.mark.parametrize("stream", ENTITIES)
def test_a_column_without_a_name_ends_the_run_before_any_write(load, small, stream, name):
    run = load(typed(stream, 2, **{"Brand new": "a", name: "b"}), create_fields=True)
    assert isinstance(run.error, StreamFault)
    assert "no custom field can be created for it; name or omit the column" in str(run.error)
    assert "a blank name" in str(run.error)
    assert (run.results, writes(small)) == ([], [])


def test_a_column_without_a_name_is_shown_where_no_field_is_created(load, small):
    run = load(typed("deals", 2, **{" ": "b"}))
    assert "property ' ' (a blank name) is not known" in str(run.error)
    assert writes(small) == []


@pytest.mark.parametrize("name", BLANK)
def test_a_column_without_a_name_may_be_ignored(load, name):
    assert load(typed("deals", 2, **{name: "b"}), unknown_fields="ignore").outcomes == ["unchanged"]


@pytest.mark.parametrize("name", ODD)
def test_an_unusual_name_creates_one_field_in_any_number_of_runs(load, small, name):
    before = fields(small, "deal")
    outcomes = [load(typed("deals", 2, **{name: "b"}), create_fields=True).outcomes for _ in range(3)]
    assert outcomes == [["updated"], ["unchanged"], ["unchanged"]]
    assert len(fields(small, "deal")) == len(before) + 1


@pytest.mark.parametrize("names", [("Score", "score"), ("Score", "Score "), ("Score", " SCORE\u00a0")])
@pytest.mark.parametrize("held", [False, True])
def test_two_spellings_of_one_column_are_rejected(load, small, names, held):
    if held:
        load(typed("deals", 2, Score="a"), create_fields=True)
    small.post("/_emulator/log/clear", {})
    run = load(typed("deals", 2, **dict(zip(names, "bc", strict=True))), create_fields=True)
    assert "is the same column as Score; omit one of them" in str(run.error)
    assert writes(small) == []


def test_no_field_is_created_for_an_invalid_stream(load, small):
    for columns in ({"New": "a", "title": "b", "TITLE": "c"}, {"title": "b", "TITLE": "c", "New": "a"}):
        assert "omit one of them" in str(load(typed("deals", 2, **columns), create_fields=True).error)
    without_key = [schema("deals", {"New": {"type": "string"}}), record("deals", New="a")]
    assert load(without_key, create_fields=True).error is not None
    assert writes(small) == []


def test_streams_with_the_same_new_column_share_its_field(load, small):
    first, second = typed("deals", 2, Score="a"), typed("more", 3, score="b")
    settings = {"create_fields": True, "streams": {"more": {"entity": "deals"}}}
    planned = load(first, second, dry_run=True, **settings)
    run = load(first, second, **settings)
    assert planned.outcomes == run.outcomes == ["updated", "updated"]
    assert fields(small, "deal").count("Score") == 1


def test_a_field_that_pipedrive_rejects_is_a_fault_of_its_stream(load, small):
    fault = {"operation": "POST /api/v2/dealFields", "kind": "status_before", "status": 400}
    small.post("/_emulator/faults", [fault])
    run = load(
        typed("deals", 2, Score="a"),
        rows("persons", {"id": 3, "name": "Kept"}, keys=["id"]),
        create_fields=True,
        on_stream_error="reject",
    )
    assert run.outcomes == ["failed", "updated"]
    assert "property Score cannot be created as a custom field" in run.errors[0]
