"""A deleted note is still returned, with `active_flag: false`, but counts as deleted."""

from __future__ import annotations

import pytest

from tests.target.helpers import rows

pytestmark = pytest.mark.dialects

BY_EXTERNAL_ID = {"keys": ["external_id"]}


def writes(account):
    return {name: count for name, count in account.requests().items() if not name.startswith("GET")}


@pytest.fixture
def gone(small):
    """A note that was deleted."""
    small.call("DELETE", "/v1/notes/1")
    small.post("/_emulator/log/clear")
    return 1


@pytest.mark.parametrize("values", [{"content": "Changed"}, {"deal_id": 2}, {"pinned_to_deal_flag": 1}])
def test_a_deleted_note_is_not_updated(values, gone, load, small):
    run = load(rows("notes", {"id": gone, **values}))
    assert (run.outcomes, writes(small)) == (["failed"], {})
    assert f"id {gone}" in run.errors[0]
    assert "does not exist" in run.errors[0]


def test_an_action_on_a_deleted_note_fails(gone, load):
    run = load(rows("update_note", {"id": gone, "content": "Changed"}))
    assert run.outcomes == ["failed"]
    assert "deleted" in run.errors[0]


def test_a_note_deleted_by_a_user_is_not_updated_by_the_ledger(load, small):
    message = rows("notes", {"external_id": "n", "content": "One", "deal_id": 1}, **BY_EXTERNAL_ID)
    number = load(message).ids[0]
    small.call("DELETE", f"/v1/notes/{number}")
    changed = rows("notes", {"external_id": "n", "content": "Two", "deal_id": 1}, **BY_EXTERNAL_ID)
    run = load(changed)
    assert run.outcomes == ["failed"]
    assert "ledger forget notes n" in run.errors[0]


def test_a_note_deleted_while_it_is_written_is_not_updated(load, small):
    rule = {"operation": "PUT /api/v1/notes/{id}", "kind": "delete", "table": "notes", "id": 1}
    small.post("/_emulator/faults", [rule])
    run = load(rows("notes", {"id": 1, "content": "Changed"}))
    assert run.outcomes == ["failed"]


def test_a_deleted_note_is_deleted_already(gone, load, small):
    run = load(rows("notes", {"id": gone, "is_deleted": True}), allow_deletes=True)
    assert (run.outcomes, writes(small)) == (["unchanged"], {})
