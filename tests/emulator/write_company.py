"""Writes of files, notes, projects, settings and the rest."""

from __future__ import annotations

from typing import Any

from tests.emulator.write_sales import DAY, updates
from tests.emulator.writing import Step, Write

SOUND = {"file": ("a.mp3", b"ID3", "audio/mpeg")}
# Notes, files, calls, mail

_CALL = {
    "subject": "Ring",
    "duration": "60",
    "outcome": "busy",
    "from_phone_number": "+43 1",
    "to_phone_number": "+43 2",
    "start_time": "2026-06-01 10:00:00",
    "end_time": "2026-06-01 10:01:00",
    "person_id": 2,
    "org_id": 2,
    "note": "<p>leise</p>",
}
_CALL_TIMES = {"start_time": "2026-06-01T10:00:00.000Z", "end_time": "2026-06-01T10:01:00.000Z"}
_LEAD = Step(operation="v1:addLead", body={"title": "L", "person_id": 1}, name="lead")
_NOTE_STEP = Step(operation="v1:addNote", body={"content": "Before", "deal_id": 1})
_HUNG = {
    "lead_id": ("$lead", "pinned_to_lead_flag"),
    "deal_id": (2, "pinned_to_deal_flag"),
    "person_id": (2, "pinned_to_person_flag"),
    "org_id": (2, "pinned_to_organization_flag"),
    "project_id": (2, "pinned_to_project_flag"),
    "task_id": (2, "pinned_to_task_flag"),
}
_NOTE = {
    "content": "<p>Größer 大</p>",
    "user_id": 2,
    "add_time": "2026-01-02 03:04:05",
    **{name: value for name, (value, _) in _HUNG.items()},
    **{pin: 1 for _, pin in _HUNG.values()},
}
_TEXT = {"file": ("größe.txt", b"bytes")}
_PARENTS = {"deal_id": 2, "person_id": 2, "org_id": 2, "product_id": 2, "activity_id": 2, "project_id": 2}
_UPLOADED = {"name": "größe.txt", "file_name": "größe.txt", "file_size": 5}
_REMOTE = frozenset({"item_type", "item_id", "file_type", "title", "remote_location"})
_MAIL: dict[str, Any] = {
    "table": "mail_threads",
    "path": {"id": 1},
    "row": 1,
    "form": True,
    "also": frozenset({"version", "lead_id", "deal_id"}),
}

# Goals, filters, teams

_GOAL = {
    "title": "Größer",
    "assignee": {"id": 2, "type": "person"},
    "type": {"name": "activities_added", "params": {"pipeline_id": None, "activity_type_id": [1]}},
    "expected_outcome": {"target": 7, "tracking_metric": "quantity"},
    "duration": {"start": "2026-02-01", "end": "2026-11-30"},
    "interval": "yearly",
}
_GOAL_STEP = Step(
    operation="v1:addGoal",
    body={
        "title": "Before",
        "assignee": {"id": 1, "type": "person"},
        "type": {"name": "deals_started", "params": {"pipeline_id": [1]}},
        "expected_outcome": {"target": 5, "tracking_metric": "quantity"},
        "duration": {"start": "2026-01-01", "end": None},
        "interval": "monthly",
    },
)
_ANY = {
    "glue": "and",
    "conditions": [{"glue": "and", "conditions": []}, {"glue": "or", "conditions": []}],
}
_TITLED = {"object": "deal", "field_id": "$title", "operator": "=", "value": "x", "extra_value": None}
_CONDITIONS = {
    "glue": "and",
    "conditions": [{"glue": "and", "conditions": [_TITLED]}, {"glue": "or", "conditions": []}],
}
_FILTER_STEP = Step(operation="v1:addFilter", body={"name": "Before", "type": "deals", "conditions": _ANY})
_TEAM_STEP = Step(operation="v1:addTeam", body={"name": "Before", "manager_id": 1, "users": [1, 3]})
_TEAM = {"name": "Größer", "description": "nachts", "manager_id": 2, "users": [2, 3]}

# Projects

_PROJECT = {
    "title": "Größer 大",
    "description": "schwer",
    "status": "completed",
    "owner_id": 2,
    "start_date": "2026-07-01",
    "end_date": DAY,
    "deal_ids": [1, 2],
    "label_ids": [11, 12],
    "health_status": 7,
}
_PROJECT_V2 = {
    **_PROJECT,
    "person_ids": [2, 3],
    "org_ids": [2, 3],
    "custom_fields": {"$projects:varchar": "Wert"},
}
_PROJECT_V1 = {
    **{k: v for k, v in _PROJECT.items() if k != "label_ids"},
    "labels": [11, 12],
    "person_id": 2,
    "org_id": 3,
}
_V1_KEEPS = {"label_ids": [11, 12], "person_ids": [2], "org_ids": [3]}
_V1_DROPS = frozenset({"labels", "person_id", "org_id", "template_id"})
_PROJECT_STEP = Step(operation="v2:addProject", body={"title": "Before"})
_PLACED = {"board_id": 2, "phase_id": "$phase"}
_PHASE_STEP = Step(operation="v2:addProjectPhase", body={"name": "P", "board_id": 2}, name="phase")
_SIDES = {"status": frozenset({"status_change_time"})}
_TASK = {
    "title": "Größer 大",
    "description": "schwer",
    "due_date": DAY,
    "assignee_ids": [3, 2],
}
_TASK_STEP = Step(operation="v2:addTask", body={"title": "Before", "project_id": 1})
_PARENT = Step(operation="v2:addTask", body={"title": "Above", "project_id": 1}, name="parent")
_TASK_KEEPS = {
    "done": {"is_done": True},
    "milestone": {"is_milestone": True},
    "assignee_id": {"assignee_ids": [2]},
}
_DONE = frozenset({"marked_as_done_time"})


def _tasks(version: str) -> tuple[Write, ...]:
    more = {"start_date": "2026-07-01", "priority": 3} if version == "v2" else {}
    flags = {"done": 1, **({"milestone": 1} if version == "v2" else {})}
    both = {"title": "Größer 大", "project_id": 1, "description": "schwer", "due_date": DAY, **more, **flags}
    keeps = {"is_done": True, **({"is_milestone": True} if version == "v2" else {})}
    return (
        Write(
            operation=f"{version}:addTask",
            table="tasks",
            before=(_PARENT,),
            body={**both, "parent_task_id": "$parent", "assignee_ids": [3, 2]},
            keeps=keeps,
            drops=frozenset(flags),
        ),
        Write(
            operation=f"{version}:addTask",
            table="tasks",
            body={"title": "x", "project_id": 1, "assignee_id": 2},
            keeps=_TASK_KEEPS["assignee_id"],
            drops=frozenset({"assignee_id"}),
        ),
        *updates(f"{version}:updateTask", "tasks", _TASK_STEP, {**_TASK, **more, "project_id": 2}),
        *updates(f"{version}:updateTask", "tasks", (_PARENT, _TASK_STEP), {"parent_task_id": "$parent"}),
        *(
            write
            for name, value in {**flags, "assignee_id": 2}.items()
            for write in updates(
                f"{version}:updateTask",
                "tasks",
                _TASK_STEP,
                {name: value},
                keeps=_TASK_KEEPS[name],
                drops=frozenset({name}),
                also=_DONE if name == "done" else frozenset(),
            )
        ),
    )


_MESSAGE = {
    "id": "m-9",
    "sender_id": "s-9",
    "conversation_id": "c-9",
    "message": "Größer",
    "status": "read",
    "created_at": "2026-05-04 03:02",
    "reply_by": "2026-05-05 03:02",
    "conversation_link": "https://x.example/c",
    "attachments": [
        {
            "id": "a-9",
            "type": "image/png",
            "name": "größe.png",
            "size": 12.5,
            "url": "https://x.example/a",
            "preview_url": "https://x.example/p",
            "link_expires": True,
        }
    ],
}


WRITES: tuple[Write, ...] = (
    Write(
        operation="v1:addActivityType",
        table="activity_types",
        body={"name": "Größer", "icon_key": "plane", "color": "00FF00"},
    ),
    *updates(
        "v1:updateActivityType",
        "activity_types",
        Step(operation="v1:addActivityType", body={"name": "Before", "icon_key": "task"}),
        {"name": "Größer", "icon_key": "plane", "color": "00FF00", "order_nr": 77},
        fresh=True,
    ),
    Write(
        operation="v1:addCallLog",
        table="call_logs",
        body={**_CALL, "user_id": 1, "deal_id": 2},
        keeps=_CALL_TIMES,
    ),
    Write(
        operation="v1:addCallLog",
        table="call_logs",
        before=(_LEAD,),
        body={**_CALL, "user_id": 2, "lead_id": "$lead"},
        keeps=_CALL_TIMES,
    ),
    Write(
        operation="v1:addCallLog",
        table="call_logs",
        before=(Step(operation="v2:addActivity", body={"subject": "a", "type": "call", "org_id": 3}),),
        body={**_CALL, "activity_id": "$made"},
        keeps={**_CALL_TIMES, "person_id": None, "org_id": 3},
    ),
    Write(
        operation="v1:addCallLogAudioFile",
        table="call_logs",
        before=(Step(operation="v1:addCallLog", body=_CALL),),
        path={"id": "$made"},
        row="$made",
        body={},
        keeps={"has_recording": True},
        files=SOUND,
    ),
    Write(
        operation="v1:addChannel",
        table="channels",
        body={
            "name": "Größer",
            "provider_channel_id": "p-9",
            "avatar_url": "https://x.example/a.png",
            "template_support": True,
            "provider_type": "whatsapp",
        },
    ),
    Write(
        operation="v1:receiveMessage",
        table="channel_messages",
        before=(
            Step(operation="v1:addChannel", body={"name": "C", "provider_channel_id": "p-1"}, name="channel"),
        ),
        body={**_MESSAGE, "channel_id": "p-1"},
    ),
    *(
        Write(
            operation="v1:addFile",
            table="files",
            body={name: str(number)},
            keeps={**_UPLOADED, name: number},
            files=_TEXT,
            form=True,
        )
        for name, number in _PARENTS.items()
    ),
    Write(
        operation="v1:addFile",
        table="files",
        before=(_LEAD,),
        body={"lead_id": "$lead"},
        keeps=_UPLOADED,
        files=_TEXT,
        form=True,
    ),
    Write(
        operation="v1:addFileAndLinkIt",
        table="files",
        body={
            "file_type": "gsheet",
            "title": "Größer",
            "item_type": "organization",
            "item_id": "2",
            "remote_location": "googledrive",
        },
        keeps={"file_type": "gsheet", "name": "Größer", "org_id": 2, "remote_location": "googledocs"},
        drops=_REMOTE - {"file_type", "remote_location"},
        form=True,
    ),
    Write(
        operation="v1:linkFileToItem",
        table="files",
        body={"item_type": "person", "item_id": "2", "remote_id": "fern-9", "remote_location": "googledrive"},
        keeps={"person_id": 2, "remote_location": "googledocs"},
        drops=_REMOTE - {"remote_location"},
        form=True,
    ),
    *updates(
        "v1:updateFile", "files", (), {"name": "größe.pdf", "description": "neu"}, path={"id": 1}, form=True
    ),
    Write(
        operation="v1:addFilter",
        table="filters",
        before=(),
        body={"name": "Größer", "type": "deals", "conditions": _CONDITIONS},
    ),
    Write(
        operation="v1:updateFilter",
        table="filters",
        before=(_FILTER_STEP,),
        path={"id": "$made"},
        row="$made",
        body={"name": "Größer", "conditions": _CONDITIONS},
    ),
    Write(operation="v1:addGoal", table="goals", body=_GOAL),
    *updates("v1:updateGoal", "goals", _GOAL_STEP, _GOAL),
    Write(operation="v1:addTeam", table="legacy_teams", body=_TEAM),
    *updates("v1:updateTeam", "legacy_teams", _TEAM_STEP, {**_TEAM, "active_flag": 0}),
    *updates("v1:updateTeam", "legacy_teams", _TEAM_STEP, {"deleted_flag": 1}, reads=False),
    Write(
        operation="v1:addTeamUser",
        table="legacy_teams",
        before=(_TEAM_STEP,),
        path={"id": "$made"},
        row="$made",
        body={"users": [4]},
        keeps={"users": [1, 3, 4]},
    ),
    Write(
        operation="v1:deleteTeamUser",
        table="legacy_teams",
        before=(_TEAM_STEP,),
        path={"id": "$made"},
        row="$made",
        body={"users": [1]},
        keeps={"users": [3]},
    ),
    Write(operation="v1:updateMailThreadDetails", body={"deal_id": "3"}, keeps={"deal_id": 3}, **_MAIL),
    Write(operation="v1:updateMailThreadDetails", body={"lead_id": "$lead"}, before=(_LEAD,), **_MAIL),
    *(
        Write(operation="v1:updateMailThreadDetails", body={name: str(value)}, keeps={name: value}, **_MAIL)
        for name, value in (("shared_flag", 0), ("read_flag", 0), ("archived_flag", 1))
    ),
    Write(
        operation="v1:saveUserProviderLink",
        table="user_provider_links",
        body={
            "user_provider_id": "11111111-2222-4333-8444-555555555555",
            "user_id": 2,
            "company_id": 1001,
            "marketplace_client_id": "größer",
        },
        keeps={"id": "11111111-2222-4333-8444-555555555555"},
        drops=frozenset({"user_provider_id"}),
        row="11111111-2222-4333-8444-555555555555",
    ),
    Write(operation="v1:addNote", table="notes", before=(_LEAD,), body=_NOTE),
    *updates(
        "v1:updateNote",
        "notes",
        (_LEAD, _NOTE_STEP),
        {k: v for k, v in _NOTE.items() if not k.startswith("pinned")},
        also=frozenset({"last_update_user_id"}),
    ),
    *(
        Write(
            operation="v1:updateNote",
            table="notes",
            before=(_LEAD, Step(operation="v1:addNote", body={"content": "x", "person_id": 1, "deal_id": 1})),
            path={"id": "$made"},
            row="$made",
            body={name: value, pin: 1},
            also=frozenset({"last_update_user_id"}),
        )
        for name, (value, pin) in _HUNG.items()
    ),
    Write(
        operation="v1:addNoteComment",
        table="note_comments",
        before=(_NOTE_STEP,),
        path={"id": "$made"},
        body={"content": "<b>So</b>"},
        tells="uuid",
    ),
    Write(
        operation="v1:updateCommentForNote",
        table="note_comments",
        before=(
            Step(operation="v1:addNote", body={"content": "x", "deal_id": 1}, name="note"),
            Step(operation="v1:addNoteComment", path={"id": "$note"}, body={"content": "Before"}),
        ),
        path={"id": "$note", "commentId": "$made"},
        row="$made",
        body={"content": "<b>So</b>"},
    ),
    Write(
        operation="v1:addOrganizationRelationship",
        table="organization_relationships",
        body={"org_id": 5, "type": "parent", "rel_owner_org_id": 5, "rel_linked_org_id": 6},
        drops=frozenset({"org_id"}),
    ),
    *updates(
        "v1:updateOrganizationRelationship",
        "organization_relationships",
        Step(
            operation="v1:addOrganizationRelationship",
            body={"type": "parent", "rel_owner_org_id": 5, "rel_linked_org_id": 6},
        ),
        {"type": "related", "rel_owner_org_id": 7, "rel_linked_org_id": 7},
        fresh=True,
    ),
    Write(
        operation="v1:updateOrganizationRelationship",
        table="organization_relationships",
        before=(
            Step(
                operation="v1:addOrganizationRelationship",
                body={"type": "parent", "rel_owner_org_id": 5, "rel_linked_org_id": 6},
            ),
        ),
        path={"id": "$made"},
        row="$made",
        body={"org_id": 6, "type": "related"},
        fresh=True,
        drops=frozenset({"org_id"}),
    ),
    Write(
        operation="v1:addProject",
        table="projects",
        before=(_PHASE_STEP,),
        body={**_PROJECT_V1, **_PLACED, "template_id": 1},
        keeps=_V1_KEEPS,
        drops=_V1_DROPS,
    ),
    *(
        write
        for name, value in _PROJECT_V1.items()
        for write in updates(
            "v1:updateProject",
            "projects",
            _PROJECT_STEP,
            {name: value},
            keeps={
                new: _V1_KEEPS[new]
                for old, new in (("labels", "label_ids"), ("person_id", "person_ids"), ("org_id", "org_ids"))
                if old == name
            },
            drops=_V1_DROPS,
            also=_SIDES.get(name, frozenset()),
        )
    ),
    *(
        Write(
            operation=f"{version}:updateProject",
            table="projects",
            before=(_PHASE_STEP, _PROJECT_STEP),
            path={"id": "$made"},
            row="$made",
            body=_PLACED,
        )
        for version in ("v1", "v2")
    ),
    Write(
        operation="v2:addProject",
        table="projects",
        before=(_PHASE_STEP,),
        body={**_PROJECT_V2, **_PLACED, "template_id": 1},
        drops=frozenset({"template_id"}),
    ),
    *(
        write
        for name, value in _PROJECT_V2.items()
        for write in updates(
            "v2:updateProject", "projects", _PROJECT_STEP, {name: value}, also=_SIDES.get(name, frozenset())
        )
    ),
    *(
        Write(
            operation=operation,
            table="plan_items",
            before=(
                _PROJECT_STEP,
                Step(operation=f"v2:{add}", body={**body, "project_id": "$made"}, name="item"),
            ),
            path={"id": "$made", place: "$item"},
            row="$plan",
            body={"phase_id": 2},
        )
        for operation, add, body, place in (
            ("v1:putProjectPlanTask", "addTask", {"title": "t"}, "taskId"),
            ("v1:putProjectPlanActivity", "addActivity", {"subject": "a"}, "activityId"),
        )
    ),
    *(
        Write(
            operation=operation,
            table="plan_items",
            before=(Step(operation=f"v2:{add}", body={**body, "project_id": 2}, name="item"),),
            path={"id": 2, place: "$item"},
            row="$plan",
            body={"group_id": 1},
        )
        for operation, add, body, place in (
            ("v1:putProjectPlanTask", "addTask", {"title": "t"}, "taskId"),
            ("v1:putProjectPlanActivity", "addActivity", {"subject": "a"}, "activityId"),
        )
    ),
    *_tasks("v1"),
    *_tasks("v2"),
    Write(operation="v2:addProjectBoard", table="project_boards", body={"name": "Größer", "order_nr": 4}),
    *updates(
        "v2:updateProjectBoard",
        "project_boards",
        Step(operation="v2:addProjectBoard", body={"name": "Before"}),
        {"name": "Größer", "order_nr": 1},
        others=True,
    ),
    Write(
        operation="v2:addProjectPhase",
        table="project_phases",
        body={"name": "Größer", "board_id": 2, "order_nr": 1},
    ),
    *updates(
        "v2:updateProjectPhase",
        "project_phases",
        Step(operation="v2:addProjectPhase", body={"name": "Before", "board_id": 1}),
        {"name": "Größer", "board_id": 2, "order_nr": 1},
        others=True,
        also=frozenset({"order_nr"}),
    ),
    Write(operation="v1:addRole", table="roles", body={"name": "Größer", "parent_role_id": 2}),
    *updates(
        "v1:updateRole",
        "roles",
        Step(operation="v1:addRole", body={"name": "Before", "parent_role_id": 1}),
        {"name": "Größer", "parent_role_id": 2},
    ),
    Write(
        operation="v1:addRoleAssignment",
        table="users",
        path={"id": 2},
        row=5,
        body={"user_id": 5},
        keeps={"role_id": 2},
        drops=frozenset({"user_id"}),
    ),
    Write(
        operation="v1:deleteRoleAssignment",
        table="users",
        before=(Step(operation="v1:addRoleAssignment", path={"id": 3}, body={"user_id": 5}, name="role"),),
        path={"id": 3},
        row=5,
        body={"user_id": 5},
        keeps={"role_id": 1},
        drops=frozenset({"user_id"}),
    ),
    Write(
        operation="v1:addOrUpdateRoleSetting",
        table="roles",
        path={"id": 2},
        row=2,
        body={"setting_key": "lead_default_visibility", "value": 7},
        keeps={"settings": {"lead_default_visibility": 7}},
        drops=frozenset({"setting_key", "value"}),
    ),
    Write(
        operation="v1:updateRolePipelines",
        table="roles",
        path={"id": 2},
        row=2,
        body={"visible_pipeline_ids": {"remove": "[2, 3]"}},
        keeps={"hidden_pipeline_ids": [2, 3]},
        drops=frozenset({"visible_pipeline_ids"}),
    ),
    Write(
        operation="v1:addUser",
        table="users",
        body={
            "email": "neu@nordwind.example",
            "access": [{"app": "global", "admin": True}, {"app": "sales", "permission_set_id": "$regular"}],
            "active_flag": False,
        },
    ),
    *updates("v1:updateUser", "users", (), {"active_flag": False}, path={"id": 3}),
    Write(
        operation="v1:addWebhook",
        table="webhooks",
        body={
            "subscription_url": "https://hooks.example/neu",
            "event_action": "delete",
            "event_object": "note",
            "name": "Größer",
            "user_id": 2,
            "http_auth_user": "u",
            "http_auth_password": "p",
            "version": "1.0",
        },
    ),
)
