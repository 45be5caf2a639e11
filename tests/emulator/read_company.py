"""Operations that return the rows of files, notes, projects, settings and others."""

from __future__ import annotations

from tests.emulator.read_sales import ALL, ID
from tests.emulator.writing import Kept, Read

TASK_V1 = {
    name: name
    for name in ("title", "project_id", "description", "parent_task_id", "due_date", "assignee_ids")
} | {"is_done": "done"}
PROJECT_V1 = {
    name: name
    for name in [
        "title",
        "board_id",
        "phase_id",
        "description",
        "status",
        "owner_id",
        "start_date",
        "end_date",
        "deal_ids",
        "health_status",
    ]
} | {"label_ids": "labels", "person_ids": "person_id", "org_ids": "org_id"}


def _first(entries: list[int]) -> int:
    return entries[0]


def _end(number: int) -> dict[str, int]:
    return {"value": number}


BARE = Kept(created=None, updated=None)
KEPT: dict[str, Kept] = {
    "activity_types": Kept(reads=(Read(operation="v1:getActivityTypes"),)),
    "call_logs": Kept(
        reads=(
            Read(operation="v1:getCallLog", path=ID),
            Read(operation="v1:getUserCallLogs", query={"limit": 50}, when=lambda row: row["user_id"] == 1),
        ),
        created=None,
        updated=None,
    ),
    "channels": BARE,
    "channel_messages": BARE,
    "files": Kept(
        reads=(
            Read(operation="v1:getFile", path=ID),
            Read(operation="v1:getFiles", query={"limit": 100}),
            *(
                Read(operation=f"v1:get{word}Files", path={"id": f"{{{column}}}"}, when=when)
                for word, column, when in (
                    ("Deal", "deal_id", lambda row: row["deal_id"] is not None),
                    ("Person", "person_id", lambda row: row["person_id"] is not None),
                    ("Organization", "org_id", lambda row: row["org_id"] is not None),
                    ("Product", "product_id", lambda row: row["product_id"] is not None),
                )
            ),
        )
    ),
    "filters": Kept(
        reads=(
            Read(operation="v1:getFilter", path=ID, query={"include_field_code": "true"}),
            Read(operation="v1:getFilters", names={"name": "name", "type": "type"}),
        )
    ),
    "goals": Kept(
        reads=(
            Read(
                operation="v1:getGoals",
                query={"assignee.id": "{assignee[id]}", "assignee.type": "{assignee[type]}"},
                within=("data", "goals"),
            ),
        ),
        created=None,
        updated=None,
    ),
    "legacy_teams": Kept(
        reads=(Read(operation="v1:getTeam", path=ID), Read(operation="v1:getTeams")), updated=None
    ),
    "mail_threads": Kept(reads=(Read(operation="v1:getMailThread", path=ID),)),
    "user_provider_links": BARE,
    "notes": Kept(reads=(Read(operation="v1:getNote", path=ID), Read(operation="v1:getNotes", query=ALL))),
    "note_comments": Kept(
        reads=(
            Read(
                operation="v1:getComment",
                path={"id": "{object_id}", "commentId": "{uuid}"},
                key="uuid",
                by="uuid",
            ),
            Read(operation="v1:getNoteComments", path={"id": "{object_id}"}, key="uuid", by="uuid"),
        ),
        key="uuid",
    ),
    "organization_relationships": Kept(
        reads=(
            Read(
                operation="v1:getOrganizationRelationship",
                path=ID,
                shown=dict.fromkeys(("rel_owner_org_id", "rel_linked_org_id"), _end),
            ),
            Read(
                operation="v1:getOrganizationRelationships",
                query={"org_id": "{rel_owner_org_id}"},
                shown=dict.fromkeys(("rel_owner_org_id", "rel_linked_org_id"), _end),
            ),
        )
    ),
    "projects": Kept(
        reads=(
            Read(operation="v2:getProject", path=ID),
            Read(operation="v2:getProjects", query=ALL, when=lambda row: row["archive_time"] is None),
            Read(
                operation="v1:getProject",
                path=ID,
                names=PROJECT_V1,
                shown=dict.fromkeys(("person_ids", "org_ids"), _first),
            ),
            Read(
                operation="v2:searchProjects",
                query={"term": "{title}"},
                names={"title": "title"},
                within=("data", "items"),
            ),
        )
    ),
    "plan_items": BARE,
    "tasks": Kept(
        reads=(
            Read(operation="v2:getTask", path=ID),
            Read(operation="v2:getTasks", query=ALL),
            Read(operation="v1:getTask", path=ID, names=TASK_V1),
            Read(operation="v1:getProjectTasks", path={"id": "{project_id}"}, names=TASK_V1),
        )
    ),
    "project_boards": Kept(
        reads=tuple(
            Read(operation=f"{version}:getProjectsBoard{plural}", path={} if plural else ID)
            for version in ("v1", "v2")
            for plural in ("", "s")
        )
    ),
    "project_phases": Kept(
        reads=tuple(
            Read(
                operation=f"{version}:getProjectsPhase{plural}",
                path={} if plural else ID,
                query={"board_id": "{board_id}"} if plural else {},
            )
            for version in ("v1", "v2")
            for plural in ("", "s")
        )
    ),
    "roles": Kept(
        reads=(
            Read(
                operation="v1:getRole",
                path=ID,
                names={"name": "name", "parent_role_id": "parent_role_id"},
            ),
            Read(operation="v1:getRoles", names={"name": "name", "parent_role_id": "parent_role_id"}),
            Read(operation="v1:getRoleSettings", path=ID, within=(), names={"settings": "data"}),
            Read(
                operation="v1:getRolePipelines",
                path=ID,
                query={"visible": "false"},
                names={"hidden_pipeline_ids": "pipeline_ids"},
            ),
        ),
        created=None,
        updated=None,
    ),
    "users": Kept(
        reads=(Read(operation="v1:getUser", path=ID), Read(operation="v1:getUsers")),
        created="created",
        updated="modified",
    ),
    "webhooks": Kept(reads=(Read(operation="v1:getWebhooks"),), updated=None),
}
