"""A success without content is never accepted: looked up after a write, requested again after a read."""

from __future__ import annotations

import pytest

from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.catalog.spec import Verb
from tests.target.entity_records import records_of
from tests.target.helpers import record, rows, schema

pytestmark = pytest.mark.dialects

ADDED = sorted(name for name, one in ENTITIES.items() if one.add and name != "deal_installments")
LOOKED_UP = [name for name in ADDED if ENTITIES[name].recent is not None and name != "role_assignments"]
NAMED = {"persons": "name", "deals": "title", "organizations": "name", "products": "name"}


def script(account, *rules):
    account.post("/_emulator/faults", list(rules))


def nothing(operation, **more):
    return {"operation": operation, "kind": "null_data", **more}


def operation_of(action):
    return f"{ACTIONS[action].method} {ACTIONS[action].path}".replace(" /v1/", " /api/v1/")


def writes(account):
    return {name: count for name, count in account.requests().items() if not name.startswith("GET")}


@pytest.mark.parametrize("entity", LOOKED_UP)
def test_a_create_with_a_null_response_makes_one_row(entity, load, small):
    """The row is found, not added again; the next run recognizes it and writes nothing."""
    name = ENTITIES[entity].add
    message = rows(entity, *records_of(small)[entity], keys=["external_id"])
    count = len(message) - 1
    script(small, nothing(operation_of(name)))
    run = load(message)
    script(small)
    accepted = [one for one in small.log(full=True)["ordered"] if one["status"] < 300]
    added = sum(one["operation"] == operation_of(name) for one in accepted)
    small.post("/_emulator/log/clear")
    again = load(message)
    assert (run.outcomes, run.errors, added) == (["created"] * count, [], count)
    assert all(run.ids)
    assert again.ids == run.ids
    assert operation_of(name) not in writes(small)


@pytest.mark.parametrize("nth", [[1, 2], *(pytest.param(nth, marks=pytest.mark.soak) for nth in (1, [2, 3]))])
@pytest.mark.parametrize("entity", sorted(NAMED))
def test_null_responses_never_make_a_second_row(entity, nth, load, small):
    """A null at any step: creating, finding the created row, comparing it with the next record."""
    name = NAMED[entity]
    before = len(small.rows(entity))
    script(small, *(nothing(f"{verb} /api/v2/{entity}", nth=nth) for verb in ("POST", "GET")))
    message = [
        schema(entity, f"external_id {name}", ["external_id"]),
        *(record(entity, external_id=f"f{at}", **{name: f"Fault {at}"}) for at in range(4)),
    ]
    load(message)
    script(small)
    run = load(message)
    assert run.errors == []
    assert len(small.rows(entity)) == before + 4


@pytest.mark.parametrize("entity", sorted(NAMED))
def test_a_search_with_a_null_response_finds_the_existing_row(entity, load, small):
    name = NAMED[entity]
    known = next(one for one in small.rows(entity) if not one.get("is_deleted"))
    small.post(f"/api/v2/{entity}", {name: "Unmistakable"})
    count = len(small.rows(entity))
    message = rows(
        entity, {name: "Unmistakable", **({"code": known["code"]} if entity == "products" else {})}
    )
    script(small, nothing(f"GET /api/v2/{entity}/search", nth=1))
    run = load(message, match_on={entity: [name]})
    assert (run.errors, len(small.rows(entity))) == ([], count)
    assert small.requests()[f"GET /api/v2/{entity}/search"] > 1


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize("entity", ["persons"])
def test_a_search_that_never_responds_fails_the_record_and_adds_nothing(entity, load, small):
    name = NAMED[entity]
    count = len(small.rows(entity))
    script(small, nothing(f"GET /api/v2/{entity}/search"))
    run = load(rows(entity, {name: "Nobody has this name"}), match_on={entity: [name]})
    assert (run.outcomes, len(small.rows(entity))) == (["failed"], count)
    assert "null" in run.errors[0]
    assert writes(small) == {}


WHOLE_LISTS = {
    "stages": "GET /api/v2/stages",
    "lead_labels": "GET /api/v1/leadLabels",
    "roles": "GET /api/v1/roles",
}


@pytest.mark.parametrize(
    ("entity", "nth"),
    [("stages", 1), ("lead_labels", 1), ("roles", 1)],
)
def test_a_list_with_a_null_response_is_not_treated_as_empty(entity, nth, load, small):
    """Rows are matched in a list that is read in full."""
    there = small.rows(entity)
    message = rows(entity, {"name": there[0]["name"]})
    script(small, nothing(WHOLE_LISTS[entity], nth=nth))
    run = load(message, match_on={entity: ["name"]}, streams={})
    assert len(small.rows(entity)) == len(there)
    assert run.outcomes == ["unchanged"], run.results


@pytest.mark.parametrize(
    ("stream", "values", "operation"),
    [
        ("persons", {"id": 1, "name": "Renamed"}, "PATCH /api/v2/persons/{id}"),
        ("deals", {"id": 1, "title": "Renamed"}, "PATCH /api/v2/deals/{id}"),
        ("notes", {"id": 1, "content": "Renamed"}, "PUT /api/v1/notes/{id}"),
        ("update_organization", {"id": 1, "name": "Renamed"}, "PATCH /api/v2/organizations/{id}"),
    ],
)
def test_an_update_with_a_null_response_is_looked_up(stream, values, operation, load, small):
    script(small, nothing(operation))
    run = load(rows(stream, values))
    assert (run.outcomes, run.errors) == (["updated"], [])
    assert small.requests()[operation] == 1


def test_an_update_that_cannot_be_looked_up_fails(load, small):
    hidden = {"operation": "GET /api/v2/deals/{id}", "kind": "status_before", "status": 403}
    script(small, nothing("PATCH /api/v2/deals/{id}"), hidden)
    run = load(rows("update_deal", {"id": 1, "title": "Renamed"}))
    assert run.outcomes == ["failed"]
    assert small.requests()["PATCH /api/v2/deals/{id}"] == 1


@pytest.mark.parametrize("entity", ["persons", "deals", "notes", "activities"])
def test_a_delete_with_a_null_response_is_made_once(entity, load, small):
    name = ENTITIES[entity].delete
    script(small, nothing(operation_of(name), nth=1))
    run = load(rows(entity, {"id": 1, "is_deleted": True}), allow_deletes=True)
    assert (run.outcomes, run.errors) == (["deleted"], [])
    again = load(rows(entity, {"id": 1, "is_deleted": True}), allow_deletes=True)
    assert again.outcomes == ["unchanged"]


@pytest.mark.parametrize("action", ["convert_lead_to_deal", "convert_deal_to_lead"])
def test_a_conversion_with_a_null_response_is_found(action, load, small):
    table, made = ("leads", "deals") if "lead_to" in action else ("deals", "leads")
    source = next(
        one["id"]
        for one in small.rows(table)
        if one.get("status", "open") == "open" and not one["is_archived"] and not one.get("is_deleted")
    )
    count = len(small.rows(made))
    script(small, nothing(operation_of(action), nth=1))
    run = load(rows(action, {"id": source}))
    assert (run.outcomes, run.errors, len(small.rows(made))) == (["created"], [], count + 1)


def test_only_one_create_is_published_without_data():
    """Creates whose response contains no row."""
    silent = {name for name, one in ACTIONS.items() if one.silent and one.verb is Verb.ADD}
    assert silent == {"add_call_log_audio_file"}
