"""Every column of an entity or action that references a row with a natural key accepts that key."""

from __future__ import annotations

import logging

import pytest

from pipedrive_client import ClientSettings, PipedriveClient
from pipedrive_client.fields import FieldDefinitions
from target_pipedrive.account.row_names import NATURAL_KEYS, RowNames
from target_pipedrive.account.rows import Rows
from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.custom_fields.registry import FieldRegistry
from target_pipedrive.mapping.columns.references import LIST_REFERENCES, REFERENCES, SEARCHED_KEYS
from target_pipedrive.mapping.factory import compile_stream
from target_pipedrive.record.created import Creations
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.settings import Options, StreamSettings
from tests.target.helpers import rows
from tests.target.twice import row

KEYS = {
    **{entity: tuple(keys) for entity, keys in SEARCHED_KEYS.items()},
    **{entity: keys.columns for entity, keys in NATURAL_KEYS.items()},
    "phases": ("name",),
}
"""Entities with natural keys."""
NO_KEY = {
    "activities": "subjects are not unique, and Pipedrive has no exact search of them",
    "notes": "they have no name",
    "tasks": "titles of tasks cannot be searched",
    "product_variations": "their names are not unique in the account",
    **dict.fromkeys(("call_logs", "files", "organization_relationships"), "their names are not unique"),
    **dict.fromkeys(("filters", "goals"), "they are unique in neither name nor owner"),
    **dict.fromkeys(("mail_threads", "webhooks"), "they have no name"),
}
"""Entities whose rows need an id or external id, and why."""
NO_ROW = {
    "id": "rows of actions without an entity, such as teams and subscriptions",
    "access.permission_set_id": "Pipedrive publishes no list of permission sets for tokens",
    "options.id": "options are found by their label in the streams of field options",
    "attachments.id": "an id of the provider of messages",
    **dict.fromkeys(
        ("channel_id", "conversation_id", "provider_channel_id", "sender_id"), "ids of removed channels"
    ),
    **dict.fromkeys(
        ("company_id", "marketplace_client_id", "origin_id", "remote_id", "user_provider_id"),
        "ids of another system",
    ),
    **dict.fromkeys(("group_id", "template_id"), "the API has no list of them that shows names"),
    **dict.fromkeys(
        ("comment_id", "deal_participant_id", "discount_id", "installment_id", "product_attachment_id"),
        "child rows are found in the streams of their entity",
    ),
    "item_id": "its entity is in item_type; add_file has a column for each entity",
    **dict.fromkeys(
        (
            "important_fields.stage_ids",
            "required_fields.stage_ids",
            "ui_visibility.show_in_pipelines.pipeline_ids",
            "visible_pipeline_ids",
        ),
        "a setting of a field or role with ids inside",
    ),
}
"""Columns with ids that no natural key can stand for, and why."""
IDS_ONLY = dict.fromkeys(
    ("update_project_phase", "delete_project_phase"), "names of phases are unique only in their board"
)
"""Actions whose own row needs an id, and why."""


def ids_in(columns, within=""):
    """Yield every column that contains ids, by its name and its path."""
    for name, column in columns.items():
        kind = column.kind.items if column.kind.items is not None else column.kind
        path = f"{within}{name}"
        if kind.columns:
            yield from ids_in(kind.columns, f"{path}.")
        elif name == "id" or name.endswith(("_id", "_ids")) or name in LIST_REFERENCES:
            yield name, path, column


def streams():
    for name, spec in ACTIONS.items():
        yield name, spec.columns, {one: to for one, to in spec.own_rows.items() if to in ENTITIES}
    for name, spec in ENTITIES.items():
        columns = {}
        for action in (spec.add, spec.update):
            columns |= ACTIONS[action].body_columns if action else {}
        for action in (spec.add, spec.delete):
            for one, column in (ACTIONS[action].path_columns if action else {}).items():
                columns[spec.path.get(one, one)] = column
        yield name, {one: column for one, column in columns.items() if one != "id"}, {}


def references():
    """Yield stream, path, column and referenced entity of every id."""
    for stream, columns, own in streams():
        for name, path, column in ids_in(columns):
            listed = column.kind.name == "list"
            entity = own.get(name) or (LIST_REFERENCES if listed else REFERENCES).get(name)
            yield stream, path, column, entity if path not in NO_ROW or path == "id" else None


ALL = [one for one in references() if not (one[0] in IDS_ONLY and one[1] == "id")]
READ_BACK = {
    ("organization_relationships", "org_name"),
    ("files", "person_name"),
    ("files", "org_name"),
    ("files", "product_name"),
    ("mail_threads", "deal_title"),
}
"""Columns of rows as the tap reads them, which repeat a name: they are never written."""


def twin(path, entity, key):
    """The plain column with a natural key instead of an id."""
    return f"{entity.removesuffix('s') if path == 'id' else path.removesuffix('_id')}_{key}"


PLAIN = [
    (stream, twin(path, entity, key), path)
    for stream, path, column, entity in ALL
    if column.kind.name != "list" and "." not in path
    for key in KEYS.get(entity, ())
]


def test_every_kind_of_row_has_a_natural_key_or_a_reason():
    assert not KEYS.keys() & NO_KEY.keys()
    assert {entity for *_, entity in ALL if entity is not None} - KEYS.keys() <= NO_KEY.keys()
    assert {path for _, path, _, entity in ALL if entity is None} <= NO_ROW.keys()
    assert len(PLAIN) > 300


class Plans:
    """Returns the plan of a stream instead of a handler."""

    def entity(self, plan):
        return plan

    def action(self, plan):
        return plan


@pytest.fixture
def plan_of(small):
    """Compile the plan of a stream with one column."""
    client = PipedriveClient(ClientSettings.from_config(small.config()))
    registry = FieldRegistry(
        client,
        FieldDefinitions(client),
        Creations(logging.getLogger(), dry_run=True),
        create_options=False,
        dry_run=True,
        row_names=RowNames(Rows(client)),
    )

    def compiled(stream, column):
        settings = StreamSettings(entity=stream, write="add") if stream in ENTITIES else StreamSettings()
        return compile_stream(stream, {column: {}}, settings, Options(), registry, Plans())

    yield compiled
    client.close()


def test_every_such_column_has_a_second_column_for_the_natural_key(plan_of):
    missing = set()
    for stream, source, column in PLAIN:
        try:
            plan = plan_of(stream, source)
        except RecordFault:
            missing.add((stream, source))
            continue
        aliases = ENTITIES[stream].aliases if stream in ENTITIES else {}
        if [one.name for one in plan.bindings] != [aliases.get(column, column)]:
            missing.add((stream, source))
    assert missing == READ_BACK


def drafted(plan_of, stream, path, value):
    """The draft of a record with one value, which may be inside of a list; without what it lacks."""
    outer, _, inner = path.partition(".")
    plan = plan_of(stream, outer)
    plan._complete = lambda *_: None
    rest = {"item_price": 1, "quantity": 1} if outer == "data" else {}
    return plan.draft({outer: [{inner: value, **rest}] if inner else value})


def test_every_id_accepts_an_object_with_the_natural_key(small, plan_of):
    listed = ("users", "lead_labels", "pipelines", "roles", "stages", "activity_types")
    known = {entity: small.rows(entity)[0] for entity in listed}
    known["boards"] = small.rows("project_boards")[0]
    refused = []
    for stream, path, column, entity in ALL:
        if entity not in KEYS or column.name == "label_ids":
            continue
        key = KEYS[entity][0]
        value = {key: known[entity][key] if entity in known else "x"}
        try:
            drafted(plan_of, stream, path, [value] if column.kind.name == "list" else value)
        except RecordFault as fault:
            refused.append((stream, path, str(fault)))
    assert refused == [], refused


DRIVEN = {
    # key: stream, columns, table, column, value
    "users by e-mail address": (
        "update_deal",
        {"id": 1, "owner_email": "olga@nordwind.example"},
        "owner_id",
        5,
    ),
    "users by name": ("activities", {"id": 1, "owner_name": "aiko tanaka"}, "owner_id", 3),
    "users in a list": ("tasks", {"id": 1, "assignee_ids": ["olga@nordwind.example"]}, "assignee_ids", [5]),
    "pipelines": ("update_stage", {"id": 4, "pipeline_name": "sales"}, "pipeline_id", 1),
    "stages": ("update_deal", {"id": 1, "stage_name": "Talks", "pipeline_id": 2}, "stage_id", 7),
    "boards": (
        "update_project",
        {"id": 1, "board_name": "{board}", "phase_name": "{phase}"},
        "phase_id",
        "{phase}",
    ),
    "organizations": ("persons", {"id": 1, "org_name": "Client"}, "org_id", 4),
    "organizations in a list": ("update_project", {"id": 1, "org_ids": [{"name": "Client"}]}, "org_ids", [4]),
    "persons by e-mail address": (
        "update_note",
        {"id": 1, "person_email": "ann@client.example"},
        "person_id",
        4,
    ),
    "persons by name": ("activities", {"id": 1, "person_name": "Ann Client"}, "person_id", 4),
    "persons in a list": (
        "update_project",
        {"id": 1, "person_ids": [2, {"name": "Ann Client"}]},
        "person_ids",
        [2, 4],
    ),
    "deals": ("activities", {"id": 1, "deal_title": "The deal"}, "deal_id", 4),
    "projects": ("update_note", {"id": 1, "project_title": "The project"}, "project_id", 2),
    "persons inside of a list": (
        "activities",
        {"id": 1, "participants": ["ann@client.example", {"person_id": 2, "primary": True}]},
        "participants",
        [{"person_id": 4, "primary": False}, {"person_id": 2, "primary": True}],
    ),
    "the row of an action": ("update_deal", {"deal_title": "The deal", "value": 77}, "value", 77),
    "leads": ("update_note", {"id": 1, "lead_title": "{lead}"}, "lead_id", "{lead_id}"),
    "roles": ("update_role", {"id": 2, "parent_role_name": "{role}"}, "parent_role_id", 1),
}


@pytest.mark.parametrize("kind", DRIVEN)
def test_one_key_of_each_kind_is_written(small, load, kind):
    person = {"name": "Ann Client", "emails": [{"value": "ann@client.example", "primary": True}]}
    small.call("PATCH", "/api/v2/organizations/4", {"name": "Client"})
    small.call("PATCH", "/api/v2/persons/4", person)
    small.call("PATCH", "/api/v2/deals/4", {"title": "The deal"})
    small.call("PATCH", "/api/v2/projects/2", {"title": "The project"})
    stream, columns, column, value = DRIVEN[kind]
    phase = next(
        one
        for one in small.rows("project_phases")
        if one["board_id"] == row(small, "projects", 1)["board_id"]
    )
    [lead, *_] = small.rows("leads")
    names = {
        "{board}": row(small, "project_boards", phase["board_id"])["name"],
        "{phase}": phase["name"],
        "{role}": row(small, "roles", 1)["name"],
        "{lead}": lead["title"],
    }
    columns = {name: names.get(one, one) if isinstance(one, str) else one for name, one in columns.items()}
    run = load(rows(stream, columns, keys=["id"] if "id" in columns else []))
    assert run.outcomes in (["updated"], ["unchanged"]), run.errors
    table = stream.removeprefix("update_")
    table = table if table.endswith("s") else f"{table}s"
    expected = {"{phase}": phase["id"], "{lead_id}": lead["id"]}
    changed = row(small, table, columns.get("id", 4))
    assert changed[column] == (expected.get(value, value) if isinstance(value, str) else value)
