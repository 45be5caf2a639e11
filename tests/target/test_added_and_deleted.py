"""A run that added and deleted a row and was then interrupted: the next one repeats neither."""

from __future__ import annotations

import pytest

from tests.target.helpers import lines_of, record, schema, state

pytestmark = pytest.mark.dialects

DELETED = {"_sdc_deleted_at": "2026-01-01T00:00:00Z"}
SCHEMA = schema("persons", "external_id name _sdc_deleted_at", ["external_id"])
NEW = record("persons", external_id="p1", name="Soon Gone")
GONE = record("persons", external_id="p1", name="Soon Gone", **DELETED)
OTHER = record("persons", external_id="p2", name="Stays")


def writes(small):
    return {name: count for name, count in small.requests().items() if not name.startswith("GET")}


@pytest.mark.parametrize("left", [1, 2, 3])
def test_neither_is_repeated_wherever_the_run_was_interrupted(load, small, left):
    messages = [SCHEMA, NEW, GONE, OTHER]
    cut = len(lines_of(*messages[1 + left :], state({"n": 1}))) + 2  # within the line of message `left`
    first = load(*messages, state({"n": 1}), torn=cut, allow_deletes=True)
    assert type(first.error).__name__ == "InputTruncated"
    again = load(*messages, state({"n": 1}), allow_deletes=True)
    assert (again.error, again.states) == (None, [{"n": 1}])
    assert writes(small) == {"POST /api/v2/persons": 2, "DELETE /api/v2/persons/{id}": 1}
    held = [one for one in small.rows("persons") if one["name"] in ("Soon Gone", "Stays")]
    assert [one["name"] for one in held if not one["is_deleted"]] == ["Stays"]


def test_the_row_is_added_again_by_a_later_run(load, small):
    assert load(SCHEMA, NEW, GONE, state({"n": 1}), torn=5, allow_deletes=True).error is not None
    assert load(SCHEMA, NEW, GONE, state({"n": 1}), allow_deletes=True).error is None
    assert load(SCHEMA, NEW).outcomes == ["created"]
    assert writes(small) == {"POST /api/v2/persons": 2, "DELETE /api/v2/persons/{id}": 1}


@pytest.mark.parametrize("left", [0, 1, 2, 3])
def test_a_row_that_is_added_again_is_kept_wherever_the_run_was_interrupted(load, small, left):
    messages = [SCHEMA, NEW, GONE, NEW, state({"n": 1})]
    cut = len(lines_of(*messages[1 + left :])) + 2
    assert load(*messages, torn=cut, allow_deletes=True).error is not None
    for _ in range(2):
        again = load(*messages, allow_deletes=True)
        assert (again.error, again.states) == (None, [{"n": 1}])
        held = [one["is_deleted"] for one in small.rows("persons") if one["name"] == "Soon Gone"]
        assert held.count(False) == 1
        assert again.outcomes[2] == "created"


def test_a_lost_response_of_a_repeated_add_leaves_one_row(load, small):
    messages = [SCHEMA, NEW, GONE, NEW, state({"n": 1})]
    small.post("/_emulator/faults", [
        {"operation": "POST /api/v2/persons", "nth": 2, "kind": "reset_after"},
        {"operation": "GET /api/v2/persons", "kind": "status_before", "status": 400},
    ])  # fmt: skip
    assert load(*messages, allow_deletes=True, max_failures=1).error is not None
    small.post("/_emulator/faults", [])
    assert load(*messages, allow_deletes=True).error is None
    held = [one["is_deleted"] for one in small.rows("persons") if one["name"] == "Soon Gone"]
    assert held.count(False) == 1
