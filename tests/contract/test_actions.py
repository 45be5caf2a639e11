"""Every published write is an action with the published data, and so is each platform action."""

from __future__ import annotations

import re

import pytest

from pipedrive_emulator.api.operations import load_operations
from scripts.component_inputs import COMPONENT_INPUTS
from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.catalog.names import snake
from target_pipedrive.catalog.raw_request import RAW_INPUTS
from target_pipedrive.catalog.spec import Encoding, Verb
from target_pipedrive.mapping.columns.shapes import SHAPES
from target_pipedrive.values.compound import CONTACT_KEYS, PRICE_KEYS

WRITES = {
    operation.key: operation
    for operation in load_operations().values()
    if operation.method != "GET" and "/oauth/" not in operation.path
}
NEW = {key.partition(":")[2] for key in WRITES if key.startswith("v2:")}
NOT_COVERED: dict[str, str] = {}
"""Published write → why there is no action for it."""
REMOVED = {"delete_subscription", "cancel_recurring_subscription"}
"""Actions of the seed whose operations are not published any more."""
TYPES = {
    "int": {"integer"},
    "num": {"number"},
    "flag": {"number", "integer"},
    "bool": {"boolean"},
    "map": {"object"},
    "address": {"object"},
    "money": {"object"},
    "object": {"object"},
    "list": {"array"},
    "contacts": {"array"},
    "emails": {"array"},
    "phones": {"array"},
    "prices": {"array"},
}
ENTRIES = {
    **{kind: set(CONTACT_KEYS) for kind in ("contacts", "emails", "phones")},
    "prices": set(PRICE_KEYS),
}
"""Keys that an entry of a list may have, by kind; a publication without any allows all."""
ENCODINGS = {
    Encoding.JSON: "application/json",
    Encoding.FORM: "application/x-www-form-urlencoded",
    Encoding.MULTIPART: "multipart/form-data",
}
PUBLISHED = [spec for name, spec in ACTIONS.items() if name not in REMOVED]


def operation_of(spec):
    version = "v2" if spec.path.startswith("/api/v2/") else "v1"
    return WRITES[f"{version}:{spec.operation}"]


def test_every_published_write_is_an_action():
    covered = {(spec.method, spec.operation) for spec in ACTIONS.values()}
    for key, operation in WRITES.items():
        name = key.partition(":")[2]
        if key.startswith("v1:") and name in NEW:
            continue  # the v2 operation of the same name is the action
        assert (operation.method, name) in covered or key in NOT_COVERED, key


@pytest.mark.parametrize("spec", PUBLISHED, ids=lambda spec: spec.name)
def test_action_equals_the_publication(spec):
    operation = operation_of(spec)
    assert spec.method == operation.method
    path = re.sub(r"\{([^}]+)\}", lambda match: "{" + snake(match[1]) + "}", operation.path)
    assert spec.path == path.replace("/api/v1/", "/v1/"), f"{spec.name}: placeholders are in snake_case"
    for param in operation.path_params.values():
        ours = spec.path_columns[snake(param.name)].kind.name
        fits = param.kind in TYPES.get(ours, {"string"}) and (ours == "uuid") == (param.format == "uuid")
        assert fits, (
            f"{spec.name}: {snake(param.name)} is {ours}, but published as {param.format or param.kind}; "
            'give it a kind in `keys`, such as keys="comment_id:uuid"'
        )
    assert spec.cost == operation.cost
    assert set(spec.query_columns) == set(operation.query)
    assert {name for name, one in spec.query_columns.items() if one.required} == {
        name for name, one in operation.query.items() if one.required
    }
    if not operation.bodies:
        assert not spec.body
        return
    assert list(operation.bodies) == [ENCODINGS[spec.encoding]]
    published = operation.bodies[ENCODINGS[spec.encoding]]
    if spec.body_is:
        published = {"properties": {spec.body_is: published}, "required": [spec.body_is]}
    assert_columns(spec.body_columns, published)


def assert_columns(columns, published):
    """The columns match the published object at every level."""
    assert set(columns) == set(published["properties"])
    assert {name for name, one in columns.items() if one.required} == set(published.get("required", ()))
    for name, column in columns.items():
        assert_kind(name, column.kind, published["properties"][name])


def assert_kind(name, kind, published):
    assert published["type"] in TYPES.get(kind.name, {"string"}), name
    assert kind.nullable == bool(published.get("nullable")), name
    if published.get("enum") and kind.name != "flag":
        assert set(kind.choices) == {str(one) for one in published["enum"] if one is not None}, name
    if kind.name == "list":
        assert_kind(name, kind.items, published["items"])
    if kind.name == "object":
        assert_columns(kind.columns, published)
    if kind.name in ENTRIES:
        assert set(published["items"].get("properties", ENTRIES[kind.name])) == ENTRIES[kind.name]


def test_every_entity_is_written_by_actions_of_its_own():
    for entity in ENTITIES.values():
        for name in entity.actions:
            assert ACTIONS[name].entity == entity.name


@pytest.mark.parametrize("verb", [Verb.ADD, Verb.UPDATE, Verb.DELETE])
def test_every_entity_uses_the_actions_that_its_rows_have(verb):
    has = {spec.entity for spec in ACTIONS.values() if spec.verb is verb}
    lacking = {name for name, one in ENTITIES.items() if name in has and getattr(one, verb.value) is None}
    # An upsert never invites a user.
    assert lacking == ({"users"} if verb is Verb.ADD else set()), (
        f"name the action as `{verb.value}` of these"
    )


def test_every_shape_is_known():
    assert {spec.shape for spec in ACTIONS.values() if spec.shape} <= {*SHAPES, "one_custom_field"}


def test_the_seed_is_complete():
    assert len(COMPONENT_INPUTS) == 59


@pytest.mark.parametrize("action", COMPONENT_INPUTS)
def test_every_input_of_the_seed_is_taken_or_rejected_with_a_reason(action):
    if action == "rawRequest":
        assert {snake(one) for one in COMPONENT_INPUTS[action].split()} <= set(RAW_INPUTS)
        return
    spec = ACTIONS[snake(action)]
    known = {*spec.columns, *spec.aliases, *spec.extras.split(), *spec.retired}
    if spec.encoding is Encoding.MULTIPART:
        known |= {"file", "file_name"}
    assert {snake(one) for one in COMPONENT_INPUTS[action].split()} <= known
