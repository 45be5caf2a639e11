"""A deleted row that Pipedrive still returns, by its mark, counts as deleted for every entity."""

from __future__ import annotations

import pytest

from tap_pipedrive.catalog import STREAMS
from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.entities import ENTITIES
from tests.target.case_folders import writes_of
from tests.target.helpers import rows

CHANGED = {
    "deals": {"title": "Changed"},
    "persons": {"name": "Changed"},
    "organizations": {"name": "Changed"},
    "products": {"name": "Changed"},
    "activities": {"subject": "Changed"},
    "pipelines": {"name": "Changed"},
    "stages": {"name": "Changed"},
    "activity_types": {"name": "Changed"},
    "notes": {"content": "Changed"},
    "note_comments": {"content": "Changed"},
    "files": {"name": "Changed"},
    "mail_threads": {"archived_flag": 1},
    "projects": {"title": "Changed"},
    "filters": {"name": "Changed"},
    "roles": {"name": "Changed"},
    "organization_relationships": {"type": "parent"},
}
"""Values that no row has, by entity."""
MARKS = [
    (name, mark)
    for name in CHANGED
    for mark in (
        *([{"is_deleted": True}] if "is_deleted" in STREAMS[name].schema else ()),
        *({column: value} for column, value in ENTITIES[name].deleted_as.items()),
    )
]
SHOWING = pytest.mark.parametrize(
    ("name", "mark"), MARKS, ids=[f"{one}-{next(iter(mark))}" for one, mark in MARKS]
)


def published(path):
    """The path with the published names of its parameters."""
    return path.replace("{note_id}", "{id}")


def shows(mark, *operations):
    return [{"operation": one, "kind": "shows", "set": mark} for one in operations]


def reads(name):
    spec = ENTITIES[name]
    return {f"GET {published(one.path)}" for one in (spec.single, spec.read, spec.more) if one is not None}


def update_of(name):
    action = ACTIONS[ENTITIES[name].update]
    return f"{action.method} {action.path.replace('{comment_id}', '{commentId}')}"


@pytest.fixture
def named(small):
    """Columns that name an existing row of an entity."""

    def columns(name):
        row = next(one for one in small.rows(name) if is_editable(one))
        if name == "filters":
            return {"id": row["id"], "conditions": row["conditions"]}
        if name == "note_comments":
            return {"note_id": row["object_id"], "uuid": row["uuid"]}
        return {"id": row["id"]}

    return columns


def is_editable(row):
    gone = row.get("is_deleted") or row.get("active_flag") is False or row.get("status") == "deleted"
    return not gone and not row.get("is_archived") and not row.get("archive_time")


def test_every_entity_with_such_a_mark_is_tested():
    marked = {
        name
        for name, spec in ENTITIES.items()
        if (spec.deleted_as or "is_deleted" in STREAMS[name].schema) and spec.update and spec.delete
    }
    assert marked == set(CHANGED)


@SHOWING
def test_a_row_that_is_shown_as_deleted_is_not_updated(name, mark, named, load, small):
    record = {**named(name), **CHANGED[name]}
    small.post("/_emulator/faults", shows(mark, *reads(name)))
    small.post("/_emulator/log/clear")
    run = load(rows(name, record))
    assert (run.outcomes, writes_of(small)) == (["failed"], [])
    assert "does not exist in this account (any more)" in run.errors[0]


@SHOWING
def test_a_row_that_is_shown_as_deleted_is_deleted_already(name, mark, named, load, small):
    record = {**named(name), "is_deleted": True}
    small.post("/_emulator/faults", shows(mark, *reads(name)))
    small.post("/_emulator/log/clear")
    run = load(rows(name, record), allow_deletes=True)
    assert (run.outcomes, writes_of(small)) == (["unchanged"], [])


@SHOWING
@pytest.mark.parametrize("missing_rows", ["fail", "skip"])
def test_missing_rows_decides_about_a_row_that_is_shown_as_deleted(
    name, mark, missing_rows, named, load, small
):
    record = {**named(name), **CHANGED[name]}
    small.post("/_emulator/faults", shows(mark, *reads(name)))
    small.post("/_emulator/log/clear")
    settings = {"streams": {name: {"entity": name, "write": "update"}}, "missing_rows": missing_rows}
    run = load(rows(name, record), **settings)
    assert (run.outcomes, writes_of(small)) == ([{"fail": "failed", "skip": "skipped"}[missing_rows]], [])


@SHOWING
def test_an_update_whose_response_shows_a_deleted_row_is_not_reported_as_updated(
    name, mark, named, load, small
):
    record = {**named(name), **CHANGED[name]}
    small.post("/_emulator/faults", shows(mark, update_of(name)))
    run = load(rows(name, record))
    assert run.outcomes == ["failed"]


@SHOWING
def test_an_action_whose_response_shows_a_deleted_row_fails(name, mark, named, load, small):
    known = named(name)
    if "uuid" in known:
        known = {"id": known["note_id"], "comment_id": known["uuid"]}
    small.post("/_emulator/faults", shows(mark, update_of(name)))
    run = load(rows(ENTITIES[name].update, {**known, **CHANGED[name]}))
    assert run.outcomes == ["failed"]
    assert "deleted in this account" in run.errors[0]


def test_an_action_that_deletes_by_a_status_is_reported_as_updated(load, small):
    run = load(rows("update_deal", {"id": 1, "status": "deleted"}))
    assert (run.errors, run.outcomes) == ([], ["updated"])
    assert next(one["is_deleted"] for one in small.rows("deals") if one["id"] == 1)


@pytest.mark.parametrize("name", ["deals", "projects"])
def test_a_record_of_a_deleted_row_deletes_its_row(name, load):
    record = {"id": 1, **ENTITIES[name].deleted_as, "label_ids": [1]}
    kept = load(rows(name, record))
    assert (kept.outcomes, kept.results[0]["note"]) == (
        ["skipped"],
        "is deleted in the input; set allow_deletes",
    )
    assert load(rows(name, record), allow_deletes=True).outcomes == ["deleted"]
