"""Results and faults name columns as the input does, and never by the 40-character key of a custom field."""

from __future__ import annotations

import re

import pytest

from tests.target.helpers import rows

KEY = re.compile(r"[0-9a-f]{40}")


@pytest.fixture
def number_field(small):
    return next(
        one
        for one in small.get("/api/v2/dealFields?limit=500")["data"]
        if one["is_custom_field"] and one["field_type"] == "double"
    )


def test_a_changed_custom_field_is_named_as_in_the_input(load, number_field):
    name, key = number_field["field_name"], number_field["field_code"]
    deals = {"entity": "deals", "fields": {"Score": key, "Deal": "title"}}
    given = rows("feed", {"id": 1, "Score": 4712, "Deal": "Named"})
    run = load(given, streams={"feed": deals})
    assert (run.outcomes, sorted(run.results[0]["changed"])) == (["updated"], ["Deal", "Score"])
    by_key = load(rows("deals", {"id": 1, key: 4713}))
    assert by_key.results[0]["changed"] == [name]
    nested = load(rows("deals", {"id": 1, "custom_fields": {key: 4714}}))
    assert nested.results[0]["changed"] == [name]
    added = load(
        rows("deals", {"title": "One more", key: 4715}),
        streams={"deals": {"entity": "deals", "write": "add"}},
    )
    assert not KEY.search(str(added.results))


def test_an_action_names_its_columns_as_the_input_does(load, number_field):
    run = load(rows("update_deal", {"id": 1, "TITLE": "By an action", number_field["field_code"]: 4716}))
    assert sorted(run.results[0]["changed"]) == sorted(["TITLE", number_field["field_name"]])


def test_a_fault_of_a_nested_custom_field_names_the_field(load, number_field):
    run = load(rows("deals", {"id": 1, "custom_fields": {number_field["field_code"]: "many"}}))
    assert run.results[0]["column"] == number_field["field_name"]
    assert not KEY.search(run.results[0]["error"])


PERSONS = {"entity": "persons", "match_on": ["name"]}
FAULTS = {
    "missing to add": ("deals", {"external_id": "a", "value": 5}, {}, "title"),
    "missing for an action": ("add_deal", {"value": 5}, {}, "title"),
    "path of an action": ("update_deal", {"title": "x"}, {}, "id"),
    "id without a row": (
        "feed",
        {"Nr": 987654321, "title": "x"},
        {"feed": {"entity": "deals", "fields": {"Nr": "id"}}},
        "Nr",
    ),
    "blank match": ("feed", {"name": "", "job_title": "x"}, {"feed": PERSONS}, "name"),
    "blank matches": (
        "feed",
        {"name": "", "job_title": ""},
        {"feed": {"entity": "persons", "match_on": ["name", "job_title"]}},
        ["name", "job_title"],
    ),
    "no row matches": (
        "feed",
        {"Who": "Nobody At All", "job_title": "x"},
        {"feed": {**PERSONS, "write": "update", "fields": {"Who": "name"}}},
        "Who",
    ),
    "reference": ("deals", {"id": 1, "person_id": {"external_id": "nobody"}}, {}, "person_id"),
    "stage of another pipeline": ("deals", {"id": 1, "pipeline_id": 2, "stage_id": 1}, {}, "stage_id"),
    "method of a request": ("raw_request", {"method": "LOOK", "path": "/v1/deals"}, {}, "method"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_names_its_column(kind, load):
    stream, record, streams, column = FAULTS[kind]
    run = load(rows(stream, record), streams=streams)
    assert run.outcomes == ["failed"]
    assert run.results[0]["column"] == column
    for name in column if isinstance(column, list) else [column]:
        assert name in run.results[0]["error"]


def test_an_ambiguous_match_names_the_columns_it_was_matched_by(load):
    for name in ("first", "second"):
        load(rows("add_person", {"name": "Twin Person", "job_title": name}))
    feed = {**PERSONS, "fields": {"Who": "name"}}
    run = load(rows("feed", {"Who": "Twin Person", "job_title": "x"}), streams={"feed": feed})
    assert (run.outcomes, run.results[0]["column"]) == (["failed"], "Who")


def test_an_unknown_column_of_a_stream_is_the_column_of_its_failures(load):
    run = load(rows("deals", {"id": 1, "no_such_column": 5}), on_stream_error="reject")
    assert (run.outcomes, run.results[0]["column"]) == (["failed"], "no_such_column")
