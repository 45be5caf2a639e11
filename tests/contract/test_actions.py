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
    key = f"{version}:{spec.operation}"
    assert key in WRITES, (
        f"{spec.name}: {key} is not published; `python -m tests.support.facts OPERATION` prints what is"
    )
    return WRITES[key]


def test_every_published_write_is_an_action():
    covered = {(spec.method, spec.operation) for spec in ACTIONS.values()}
    for key, operation in WRITES.items():
        name = key.partition(":")[2]
        if key.startswith("v1:") and name in NEW:
            continue  # the v2 operation of the same name is the action
        done = (operation.method, name) in covered
        assert done or key in NOT_COVERED, f"add an action for {operation.method} {key}"


@pytest.mark.parametrize("spec", PUBLISHED, ids=lambda spec: spec.name)
def test_action_equals_the_publication(spec):
    operation = operation_of(spec)
    assert spec.method == operation.method, f"{spec.name}: the method is {operation.method}"
    path = re.sub(r"\{([^}]+)\}", lambda match: "{" + snake(match[1]) + "}", operation.path)
    path = path.replace("/api/v1/", "/v1/")
    assert spec.path == path, f"{spec.name}: the path is {path}, with placeholders in snake_case"
    for param in operation.path_params.values():
        ours = spec.path_columns[snake(param.name)].kind.name
        fits = param.kind in TYPES.get(ours, {"string"}) and (ours == "uuid") == (param.format == "uuid")
        assert fits, (
            f"{spec.name}: {snake(param.name)} is {ours}, but published as {param.format or param.kind}; "
            'give it a kind in `keys`, such as keys="comment_id:uuid"'
        )
    assert spec.cost == operation.cost, f"{spec.name}: the cost is {operation.cost}"
    required = {name for name, one in operation.query.items() if one.required}
    assert_names(f"{spec.name}, query", spec.query_columns, set(operation.query), required)
    if not operation.bodies:
        assert not spec.body, f"{spec.name}: published without a body"
        return
    assert list(operation.bodies) == [ENCODINGS[spec.encoding]], f"{spec.name}: wrong `encoding`"
    published = operation.bodies[ENCODINGS[spec.encoding]]
    if spec.body_is:
        published = {"properties": {spec.body_is: published}, "required": [spec.body_is]}
    assert_columns(f"{spec.name}, body", spec.body_columns, published)


@pytest.mark.parametrize("spec", PUBLISHED, ids=lambda spec: spec.name)
def test_an_action_below_rows_of_another_entity_names_it_as_its_parent(spec):
    first, *below = re.sub(r"^/(api/v2|v1)/", "", spec.path).split("/")
    if len(below) > 1 and below[0].startswith("{") and snake(first) in {*ENTITIES} - {spec.entity}:
        assert spec.parent == snake(first), f'{spec.name}: add parent="{snake(first)}"'


def assert_names(where, columns, published, required):
    """The columns have the published names, and those that are published as required are marked."""
    assert set(columns) == published, (
        f"{where}: add {sorted(published - set(columns))}, remove {sorted(set(columns) - published)}"
    )
    marked = {name for name, one in columns.items() if one.required}
    assert marked == required, f"{where}: mark exactly {sorted(required)} with `!`"


def assert_columns(where, columns, published):
    """The columns match the published object at every level."""
    assert_names(where, columns, set(published["properties"]), set(published.get("required", ())))
    for name, column in columns.items():
        assert_kind(f"{where}, column {name}", column.kind, published["properties"][name])


def assert_kind(where, kind, published):
    assert published["type"] in TYPES.get(kind.name, {"string"}), (
        f"{where}: the kind is {kind.name}, but published is {published['type']}"
    )
    nullable = bool(published.get("nullable"))
    assert kind.nullable == nullable, f"{where}: published as {'nullable' if nullable else 'not nullable'}"
    if published.get("enum") and kind.name != "flag":
        choices = {str(one) for one in published["enum"] if one is not None}
        assert set(kind.choices) == choices, f"{where}: the published values are {sorted(choices)}"
    if kind.name == "list":
        assert_kind(where, kind.items, published["items"])
    if kind.name == "object":
        assert_columns(where, kind.columns, published)
    if kind.name in ENTRIES:
        assert set(published["items"].get("properties", ENTRIES[kind.name])) == ENTRIES[kind.name], where


def test_every_entity_is_written_by_actions_of_its_own():
    for entity in ENTITIES.values():
        for name in entity.actions:
            assert name in ACTIONS, f"entity {entity.name}: {name} is not the name of an action"
            assert ACTIONS[name].entity == entity.name, f"entity {entity.name}: {name} has another `entity`"


@pytest.mark.parametrize("verb", [Verb.ADD, Verb.UPDATE, Verb.DELETE])
def test_every_entity_uses_the_actions_that_its_rows_have(verb):
    has = {spec.entity for spec in ACTIONS.values() if spec.verb is verb}
    lacking = {name for name, one in ENTITIES.items() if name in has and getattr(one, verb.value) is None}
    # An upsert never invites a user.
    missing = sorted(lacking - ({"users"} if verb is Verb.ADD else set()))
    assert not missing, (
        f"the entities {missing} have actions that {verb.value} rows: name them as `{verb.value}` in "
        "target_pipedrive/catalog/entities/"
    )


def test_the_name_of_an_action_is_its_operation_in_snake_case():
    wanted = {spec.name: snake(spec.operation) for spec in ACTIONS.values()}
    wanted["set_field_value_for_person"] = "set_field_value_for_person"  # a part of updatePerson
    wrong = [f"rename {name} to {right}" for name, right in wanted.items() if name != right]
    assert not wrong, "\n".join(wrong)


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
