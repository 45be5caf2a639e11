"""Ids and bodies that the operations around projects, fields, users and settings take."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Tables = dict[str, list[dict[str, Any]]]
Maker = Callable[[str, Tables], dict[str, Any]]
CHANNEL = "55a24abc-cb66-58b6-84f6-feacaf0fcbc3"  # of the small account
FILTERED = {"add": "[1]", "remove": "[2]"}
GOAL = {
    "title": "Half a hundred",
    "assignee": {"id": 1, "type": "person"},
    "type": {"name": "deals_started", "params": {"pipeline_id": [1, 2]}},
    "expected_outcome": {"target": "50", "tracking_metric": "quantity"},
    "duration": {"start": "2026-01-01", "end": None},
}
PLAN = {"phase_id": 2, "group_id": 1}
FIELD = {"options": [{"label": "First"}, {"label": "Second"}]}
BODIES: dict[str, dict[str, Any]] = {
    "v1:addProject": {"board_id": 1, "phase_id": 1, "labels": [11], "template_id": 1},
    "v1:updateProject": {"board_id": 1, "phase_id": 2, "labels": [12]},
    "v1:addTask": {"project_id": 1, "assignee_id": 2, "parent_task_id": 1},
    "v1:updateTask": {"project_id": 1, "assignee_id": 2},
    "v2:addProject": {"board_id": 1, "phase_id": 1},
    "v2:updateProject": {"board_id": 1, "phase_id": 2},
    "v1:putProjectPlanActivity": PLAN,
    "v1:putProjectPlanTask": PLAN,
    "v1:addGoal": GOAL,
    "v1:updateGoal": GOAL,
    "v1:saveUserProviderLink": {"company_id": 1001},
    "v1:addOrganizationRelationship": {"org_id": 1, "rel_owner_org_id": 1, "rel_linked_org_id": 2},
    "v1:updateOrganizationRelationship": {"org_id": 1, "rel_owner_org_id": 1, "rel_linked_org_id": 2},
    "v1:addRoleAssignment": {"user_id": 5},
    "v1:updateRole": {"parent_role_id": 2},
    "v1:updateRolePipelines": {"visible_pipeline_ids": FILTERED},
    "v1:deleteRoleAssignment": {"user_id": 2},
    "v1:addUser": {"email": "new@nordwind.example", "access": [{"app": "global", "admin": True}]},
    "v1:addWebhook": {"subscription_url": "https://hooks.example/new"},
    "v1:updateTeam": {"deleted_flag": 0, "active_flag": 1},
    "v1:deleteTeamUser": {"users": [1]},
    "v1:receiveMessage": {
        "channel_id": CHANNEL,
        "created_at": "2026-06-15 09:00",
        "reply_by": "2026-06-16 09:00",
    },
}
# The first option of the first custom field with options, in the small account.
FIRST_OPTION = {"Deal": 101, "Person": 113, "Organization": 123, "Product": 133, "Project": 143}
# Bodies that are lists.
LISTS: dict[str, list[dict[str, Any]]] = {}
for _word, _option in FIRST_OPTION.items():
    BODIES[f"v1:add{_word}Field"] = {**FIELD, "field_type": "enum"}
    BODIES[f"v1:update{_word}Field"] = {"options": [{"id": _option, "label": "Renamed"}, {"label": "New"}]}
    BODIES[f"v2:add{_word}Field"] = {**FIELD, "field_type": "set"}
    LISTS[f"v2:update{_word}FieldOptions"] = [{"id": _option, "label": "Renamed"}]
    LISTS[f"v2:delete{_word}FieldOptions"] = [{"id": _option}]
DROPPED: dict[str, set[str]] = {
    "v1:addTask": {"assignee_ids"},
    "v1:addUser": {"active_flag"},
    "v1:updateTask": {"assignee_ids", "parent_task_id"},
    "v2:addTask": {"assignee_ids", "parent_task_id"},
    "v2:updateTask": {"assignee_ids", "parent_task_id"},
}
FIELDS = {word: f"{word}_fields" for word in ("deal", "person", "organization", "product", "project")}


def _field(path: str, tables: Tables) -> dict[str, Any]:
    """A custom field with options, and the id of its first option."""
    word = re.search(r"/(\w+)Fields", path)[1]
    rows = [row for row in tables[FIELDS[word]] if row["is_custom"] and row["field_type"] == "enum"]
    return rows[0]


def _plan(path: str, tables: Tables) -> dict[str, Any]:
    group = next(row for row in tables["project_groups"] if row["id"] == PLAN["group_id"])
    name = "tasks" if "/tasks/" in path else "activities"
    item = next(row for row in tables[name] if row["project_id"] == group["project_id"])
    return {"id": group["project_id"], "taskId": item["id"], "activityId": item["id"]}


def _conversation(_: str, tables: Tables) -> dict[str, Any]:
    row = tables["channel_messages"][0]
    channel = row["channel_id"]
    return {"id": channel, "channel-id": channel, "conversation-id": row["conversation_id"]}


def _first(table: str) -> Maker:
    return lambda _, tables: {"id": tables[table][0]["id"]}


def _is(number: int) -> Maker:
    return lambda _, __: {"id": number}


# (method and path, what to fill in); the first that fits counts.
PLACES: tuple[tuple[str, Maker], ...] = (
    (r"GET .*\{field_code\}", lambda _, __: {"field_code": "id"}),
    (r".*\{field_code\}", lambda path, tables: {"field_code": _field(path, tables)["code"]}),
    (r"PUT .*Fields/\{id\}", lambda path, tables: {"id": _field(path, tables)["id"]}),
    (r".*/goals/", _first("goals")),
    (r".*/permissionSets/", _first("permission_sets")),
    (r".*/userProviderLinks/", _first("user_provider_links")),
    (r".*/plan/", _plan),
    (r"DELETE .*/channels/", _conversation),
    (r"DELETE .*/boards/", _is(3)),
    (r"DELETE .*/phases/", _is(6)),
    (r"(DELETE .*/roles/.*/assignments|POST .*/roles/)", _is(2)),
    (r"DELETE .*/roles/", _is(4)),
    (r"PUT .*/roles/", _is(3)),
)


def place(operation: dict[str, Any], tables: Tables) -> dict[str, Any]:
    """The path values of an operation, where they are not 1."""
    path = operation["path"]
    name = f"{operation['method']} {path}"
    return next((make(path, tables) for pattern, make in PLACES if re.match(pattern, name)), {})


def queries(operation: dict[str, Any], tables: Callable[[], Tables]) -> dict[str, str]:
    """Query values of an operation that differ from the usual."""
    path = operation["path"]
    if operation["method"] == "DELETE" and path.endswith("Fields"):
        word = re.search(r"/(\w+)Fields", path)[1]
        return {"ids": ",".join(str(r["id"]) for r in tables()[FIELDS[word]] if r["is_custom"])}
    return {}
