"""Records that are written in two requests, and their combined results."""

from __future__ import annotations

import pytest

from target_pipedrive.apply.changes.diff import both
from target_pipedrive.record.outcome import Outcome, Result
from tests.target.helpers import rows


def result(outcome=Outcome.UPDATED, **values):
    return Result(outcome=outcome, id="7", **values)


def test_both_steps_report_ignored_and_uncleared_columns():
    ended = both(
        result(changed=("title",), not_taken=("probability",), kept=("label_ids",), note="a; b"),
        result(changed=("custom",), not_taken=("value",), kept=("person_id",), note="b; c"),
    )
    assert (ended.changed, ended.not_taken, ended.kept, ended.note) == (
        ("title", "custom"),
        ("probability", "value"),
        ("label_ids", "person_id"),
        "a; b; c",
    )


def test_the_second_step_determines_a_column_that_both_sent():
    ended = both(
        result(changed=("value",), not_taken=("title",)), result(changed=("title",), not_taken=("value",))
    )
    assert (ended.changed, ended.not_taken) == (("title",), ("value",))


@pytest.mark.parametrize("second", [Outcome.UPDATED, Outcome.UNCHANGED])
def test_a_created_row_stays_created_and_reports_ignored_columns(second):
    ended = both(result(Outcome.CREATED, not_taken=("probability",)), result(second))
    assert (ended.outcome, ended.changed, ended.not_taken, ended.note) == (
        Outcome.CREATED,
        (),
        ("probability",),
        "",
    )


@pytest.mark.parametrize(
    ("stream", "column", "fields"),
    [
        ("deals", "company", {"company": "org_id"}),
        ("persons", "Employer", {"Employer": "org_id"}),
        ("activities", "belongs_to", {"belongs_to": "deal_id"}),
    ],
)
def test_a_reference_that_is_left_out_has_the_name_of_the_input(load, stream, column, fields):
    run = load(
        rows(stream, {"id": 1, column: {"external_id": "nowhere"}}, keys=["id"]),
        streams={stream: {"entity": stream, "fields": fields}},
        missing_references="leave_out",
    )
    note = run.results[0]["note"]
    assert all(one in note for one in (column, "left out", "nowhere"))
    assert fields[column] not in note


@pytest.mark.parametrize(
    ("stream", "operation", "values", "column"),
    [
        (
            "files",
            "PUT /v1/files/{id}",
            {"deal_id": 1, "content": "x", "file_name": "a.txt", "description": "D"},
            "description",
        ),
        ("leads", "PATCH /v1/leads/{id}", {"title": "L", "person_id": 1, "is_archived": True}, "is_archived"),
    ],
)
def test_a_column_that_the_second_request_of_an_add_ignores_is_reported(
    stream, operation, values, column, load, small
):
    message = rows(stream, {"external_id": "a", **values}, keys=["external_id"])
    small.post("/_emulator/faults", [{"operation": operation, "kind": "ignores", "fields": [column]}])
    run = load(message)
    assert (run.outcomes, run.results[0]["not_taken"]) == (["created"], [column])
    small.post("/_emulator/faults", [])
    taken = rows(stream, {"external_id": "b", **values}, keys=["external_id"])
    assert load(taken).results[0]["not_taken"] == []
