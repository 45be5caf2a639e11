"""One account's tap into another account's target: ids are translated, for any order of the streams."""

from __future__ import annotations

import pytest

from tests.support.copying import SETTINGS, invite_colleagues
from tests.support.gate import Gate
from tests.support.singer import run_tap
from tests.target.helpers import Loader, rows

pytestmark = pytest.mark.dialects

STREAMS = [
    "activities",
    "deal_products",
    "deals",
    "lead_labels",
    "leads",
    "notes",
    "organizations",
    "persons",
    "pipelines",
    "products",
    "stages",
    "users",
]
MATCH = {"users": ["email"], "pipelines": ["name"], "stages": ["name", "pipeline_id"],
         "activity_types": ["name"], "lead_labels": ["name"]}  # fmt: skip


@pytest.fixture
def other(_accounts, dialect):
    return _accounts("empty", dialect)


@pytest.mark.dialects(always=True)
def test_an_account_is_copied_with_its_relations(small, other, tmp_path):
    other.reset()
    gate = Gate(other.url)
    load = Loader({**other.config(), "api_url": gate.url}, tmp_path)
    # Rows referenced by name must be received first; rows referenced by id may follow in any order.
    first = [one for one in run_tap(small.config(), "activity_types").messages if one["type"] != "STATE"]
    assert load(first, foreign_ids=True, match_on=MATCH).errors == []
    out = run_tap(small.config(), *STREAMS)
    messages = [one for one in out.messages if one["type"] != "STATE"]
    run = load(messages, foreign_ids=True, match_on=MATCH, create_fields=True, create_options=True)
    assert run.error is None
    # Only rows that belong to rows that were not loaded (projects, deleted rows) are rejected.
    assert all("which is not in this ledger" in error for error in run.errors)
    here, there = small.dump()["tables"], other.dump()["tables"]
    for table in ("organizations", "persons", "products"):
        assert sorted(one["name"] for one in there[table]) == sorted(
            one["name"] for one in here[table] if not one["is_deleted"]
        )
    copied = relations(there)
    assert len(copied) > 25
    assert set(copied) <= set(relations(here))
    again = load(messages, foreign_ids=True, match_on=MATCH)
    assert again.outcomes.count("created") == 0
    _, problems = gate.close()
    assert [one for one in problems if one[0] == "request"] == []


def relations(tables):
    """Deals by title with what they are linked to."""
    persons = {one["id"]: one["name"] for one in tables["persons"]}
    organizations = {one["id"]: one["name"] for one in tables["organizations"]}
    return sorted(
        (
            one["title"],
            persons.get(one["person_id"]) or "",
            organizations.get(one["org_id"]) or "",
        )
        for one in tables["deals"]
        if not one["is_deleted"]
    )


def test_a_row_with_its_own_add_time_is_found_after_an_unknown_outcome(small, load):
    """Its own `add_time` is long ago, although it was added just now."""
    before = len(small.rows("organizations"))
    fault = {"operation": "POST /api/v2/organizations", "nth": [1], "kind": "status_after", "status": 500}
    small.post("/_emulator/faults", [fault])
    record = {"id": 77, "name": "Long there", "add_time": "2019-05-06T07:08:09Z"}
    run = load(rows("organizations", record, keys=["id"]), foreign_ids=True)
    assert run.outcomes == ["created"]
    assert len(small.rows("organizations")) == before + 1


CALLS = {
    "together": ["organizations", "persons", "deals", "leads", "activity_types", "activities", "call_logs"],
    "calls first": [
        "call_logs",
        "activities",
        "organizations",
        "persons",
        "deals",
        "leads",
        "activity_types",
    ],
}


def in_order(messages, streams):
    return [one for name in streams for one in messages if one.get("stream") == name]


@pytest.mark.parametrize("order", sorted(CALLS))
def test_a_copied_call_is_logged_on_its_copied_activity(order, small, other, tmp_path):
    """Pipedrive creates an activity for a call without one, and for no other call."""
    other.reset()
    invite_colleagues(small, other)
    load = Loader({**other.config(**SETTINGS), "unknown_fields": "ignore"}, tmp_path)
    types = [one for one in run_tap(small.config(), "activity_types").messages if one["type"] != "STATE"]
    assert load(types, match_on=MATCH).errors == []
    messages = run_tap(small.config(), "users", *CALLS["together"]).messages
    run = load(in_order(messages, ["users", *CALLS[order]]), match_on=MATCH)
    made = {one["id"] for one in run.results if (one["stream"], one["outcome"]) == ("activities", "created")}
    named = {one["record"]["id"]: one["record"]["activity_id"] for one in messages
             if one["type"] == "RECORD" and one["stream"] == "call_logs"}  # fmt: skip
    without = sum(activity is None for activity in named.values())
    copied = {one["key"]["id"]: one["id"] for one in run.results if one["stream"] == "call_logs"}
    on = {one["id"]: str(one["activity_id"]) for one in other.rows("call_logs")}
    assert all(on[copied[call]] in made for call, activity in named.items() if activity is not None)
    assert len(other.rows("activities")) == len(made) + without
