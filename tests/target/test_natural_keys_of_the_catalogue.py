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
    "stages": ("name",),
    "phases": ("name",),
}
"""Entities with natural keys."""
NO_KEY = {
    "activities": "subjects are not unique, and Pipedrive has no exact search of them",
    "leads": "titles of leads are searched for match_on only",
    "notes": "they have no name",
    "tasks": "titles of tasks cannot be searched",
    "product_variations": "their names are not unique in the account",
}
"""Entities that columns point at, and why their rows need an id or external id."""
IDS_ONLY = {
    "put_project_plan_activity": {"phase_id": "a plan of a project does not name its board"},
    "put_project_plan_task": {"phase_id": "a plan of a project does not name its board"},
}


def pointers(columns):
    for name, column in columns.items():
        entity = LIST_REFERENCES.get(name) if column.kind.name == "list" else REFERENCES.get(name)
        if entity is not None:
            yield name, column, entity


def streams():
    yield from ((name, spec.columns) for name, spec in ACTIONS.items())
    for name, spec in ENTITIES.items():
        columns = {}
        for action in (spec.add, spec.update):
            columns |= ACTIONS[action].body_columns if action else {}
        yield name, columns


READ_BACK = {
    ("organization_relationships", "org_name"),
    ("files", "person_name"),
    ("files", "org_name"),
    ("files", "product_name"),
    ("mail_threads", "deal_title"),
}
"""Columns of rows as the tap reads them, which repeat a name: they are never written."""

PLAIN = [
    (stream, f"{name.removesuffix('_id')}_{key}", name)
    for stream, columns in streams()
    for name, column, entity in pointers(columns)
    if column.kind.name != "list" and name not in IDS_ONLY.get(stream, ())
    for key in KEYS.get(entity, ())
]


def test_every_kind_of_row_has_a_natural_key_or_a_reason():
    entities = {entity for _, columns in streams() for _, _, entity in pointers(columns)}
    assert entities == {one for one in (*KEYS, *NO_KEY) if one in entities}
    assert not KEYS.keys() & NO_KEY.keys()
    assert len(PLAIN) > 150


class Plans:
    """Returns the plan of a stream instead of a handler."""

    def entity(self, plan):
        return plan

    def action(self, plan):
        return plan


def test_every_such_column_has_a_twin_with_the_natural_key(small):
    client = PipedriveClient(ClientSettings.from_config(small.config()))
    registry = FieldRegistry(
        client,
        FieldDefinitions(client),
        Creations(logging.getLogger(), dry_run=True),
        create_options=False,
        dry_run=True,
        row_names=RowNames(Rows(client)),
    )
    missing = []
    for stream, source, column in PLAIN:
        settings = StreamSettings(entity=stream, write="add") if stream in ENTITIES else StreamSettings()
        try:
            plan = compile_stream(stream, {source: {}}, settings, Options(), registry, Plans())
        except RecordFault:
            missing.append((stream, source))
            continue
        if [one.name for one in plan.bindings] != [column]:
            missing.append((stream, source))
    client.close()
    assert set(missing) == READ_BACK


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
    "roles": ("update_role", {"id": 2, "parent_role_name": "{role}"}, "parent_role_id", 1),
}


@pytest.mark.parametrize("kind", DRIVEN)
def test_one_key_of_each_kind_is_driven(small, load, kind):
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
    names = {
        "{board}": row(small, "project_boards", phase["board_id"])["name"],
        "{phase}": phase["name"],
        "{role}": row(small, "roles", 1)["name"],
    }
    columns = {name: names.get(one, one) if isinstance(one, str) else one for name, one in columns.items()}
    run = load(rows(stream, columns, keys=["id"]))
    assert run.outcomes in (["updated"], ["unchanged"]), run.errors
    table = {"update_deal": "deals", "update_stage": "stages"}.get(stream, stream.removeprefix("update_"))
    table = table if table.endswith("s") else f"{table}s"
    assert row(small, table, columns["id"])[column] == (phase["id"] if value == "{phase}" else value)
