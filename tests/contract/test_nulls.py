"""The effect of null on a column follows the published description of the update, not of the add."""

from __future__ import annotations

import pytest

from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.catalog.spec import Verb
from target_pipedrive.mapping.columns.nulls import KEPT, emptied_columns, empty_value
from tests.contract.test_actions import ENCODINGS, REMOVED, operation_of

UPDATES = [spec for spec in ACTIONS.values() if spec.verb is Verb.UPDATE and spec.name not in REMOVED]
UPDATED = [spec for spec in ENTITIES.values() if spec.update and spec.update not in REMOVED]
LISTS = {"list", "emails", "phones", "contacts", "prices"}
NEVER_EMPTY = {"name", "title", "subject"}


def published(spec):
    """The properties of the body of an action, as published."""
    operation = operation_of(spec)
    body = operation.bodies.get(ENCODINGS[spec.encoding], {})
    return body["properties"] if not spec.body_is and "properties" in body else {}


@pytest.mark.parametrize("spec", UPDATES, ids=lambda spec: spec.name)
def test_null_is_sent_if_the_update_is_published_to_accept_it(spec):
    for name, facts in published(spec).items():
        sent = empty_value(spec.body_columns[name])
        assert (sent is None) == bool(facts.get("nullable")), name


@pytest.mark.parametrize("entity", UPDATED, ids=lambda entity: entity.name)
def test_an_upsert_clears_columns_that_only_its_update_can_clear(entity):
    add, update = ACTIONS.get(entity.add or ""), ACTIONS[entity.update]
    found = emptied_columns(add, update)
    needed = set(add.required) if add else set()
    for name, facts in published(update).items():
        column = update.body_columns[name]
        text = facts["type"] == "string" and not facts.get("enum") and not facts.get("format")
        if facts.get("nullable"):
            assert found[name] is None, name
        elif column.required or name in needed | NEVER_EMPTY:
            assert found.get(name, KEPT) is KEPT, name
        elif column.kind.name in LISTS:
            assert found[name] == [], name
        else:
            assert found.get(name, KEPT) in (("", KEPT) if text else (KEPT,)), name


def test_columns_that_differ_between_add_and_update_follow_the_update():
    leads = ENTITIES["leads"]
    add, update = ACTIONS[leads.add], ACTIONS[leads.update]
    differing = {
        name
        for name in add.body_columns.keys() & update.body_columns.keys()
        if add.body_columns[name].kind.nullable != update.body_columns[name].kind.nullable
    }
    assert {"title", "person_id", "organization_id", "expected_close_date"} <= differing
    assert {name: emptied_columns(add, update)[name] for name in differing} == dict.fromkeys(differing)


@pytest.mark.parametrize(
    "name", ["probability", "lost_reason", "close_time", "archive_time", "person_id", "org_id"]
)
def test_either_version_of_the_description_may_allow_null(name):
    assert published(ACTIONS["update_deal"])[name]["nullable"] is True
