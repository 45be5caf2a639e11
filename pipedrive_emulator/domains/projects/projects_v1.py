"""Projects in the v1 form, their plan and groups, and their field history."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.account.account import on_change
from pipedrive_emulator.account.clock import millis
from pipedrive_emulator.account.custom_fields import row_to_v1
from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Response, Row, invalid, not_found, success
from pipedrive_emulator.domains.history.journal import source_of
from pipedrive_emulator.domains.projects import projects
from pipedrive_emulator.domains.projects.project_boards import in_words
from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.handlers.resources import Resource, register
from pipedrive_emulator.query.paging import listed_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.handlers.time_bounds import Test

# v1 name → v2 name; a single id becomes a list with one entry.
RENAMED = {"labels": "label_ids", "person_id": "person_ids", "org_id": "org_ids"}
SINGLE = ("person_id", "org_id")
TIMES = ("add_time", "update_time", "status_change_time", "archive_time")
PLANNED = {"task": "tasks", "activity": "activities"}

define_table(TableSpec(name="project_groups", label="Group", created="", updated=""))
define_table(TableSpec(name="plan_items", label="Plan item", key_kind="text", created="", updated=""))
define_table(TableSpec(name="project_changes", label="Change", created="time", updated=""))


def show(account: Account, row: Row) -> Row:
    """Return a project in the v1 form: one person, one organization, custom fields at the top level."""
    left_out = {*RENAMED.values(), "custom_fields"}
    shown = {name: value for name, value in row.items() if name not in left_out}
    for old, new in RENAMED.items():
        shown[old] = row[new] if old not in SINGLE else (row[new] or [None])[0]
    shown.update({name: in_words(row[name]) for name in TIMES})
    return {**shown, **row_to_v1(account, "projects", row["custom_fields"])}


def _renamed(call: Call) -> Call:
    body = {RENAMED.get(name, name): value for name, value in call.body.items()}
    for name in SINGLE:
        if name in call.body:
            body[RENAMED[name]] = [call.body[name]]
    return replace(call, body=body)


def _any_age(call: Call) -> str:
    deleted = "deleted" in call.query.get("status", "")
    if call.query.get("include_archived"):
        return "all" if deleted else "live"
    return "current_and_deleted" if deleted else "current"


def _no_test(_call: Call, _value: Any) -> Test | None:  # noqa: ANN401 - the view decides
    return None


_v1 = register(
    Resource(
        table="projects",
        operations={"get": "v1:getProject", "delete": "v1:deleteProject"},
        view=_any_age,
        tests={**projects.TESTS, "include_archived": _no_test},
        required=("title",),
        references=projects.REFERENCES,
        defaults=projects.defaults,
        on_add=projects.add_checked,
        on_update=projects.update_checked,
        on_delete=projects.drop_tasks,
        filter_type="projects",
        present=show,
    )
)
handler("v1:getProjects")(_v1.list_v2)


@handler("v1:addProject")
def add(call: Call) -> Response:
    """Return a new project; the board is optional in v1 too."""
    return _v1.add(_renamed(call))


@handler("v1:updateProject")
def update(call: Call) -> Response:
    """Update a project and return it."""
    return _v1.update(_renamed(call))


@handler("v1:archiveProject")
def archive(call: Call) -> Response:
    """Return the project, archived."""
    return _v1.one(call, projects.archive_row(call))


# The plan


def _plan_item(account: Account, project: Row, kind: str, number: int) -> Row:
    place = account.table("plan_items").get(f"{kind}:{number}") or {}
    return {
        "item_id": number,
        "item_type": kind,
        "phase_id": place.get("phase_id", project["phase_id"]),
        "group_id": place.get("group_id"),
    }


@handler("v1:getProjectPlan")
def plan(call: Call) -> Response:
    """Return the tasks, then the activities of a project, with their position in the plan."""
    project = call.account.require("projects", call.path["id"])
    items = []
    for kind, name in PLANNED.items():
        table = call.account.table(name)
        seqs = sorted(table.where("project_id", project["id"]))
        items += [
            _plan_item(call.account, project, kind, seq) for seq in seqs if table.is_live(table.row(seq))
        ]
    return success(items)


def _put(kind: str, placeholder: str) -> Callable[[Call], Response]:
    def put(call: Call) -> Response:
        account = call.account
        project = projects.editable(account.require("projects", call.path["id"]))
        item = account.require(PLANNED[kind], call.path[placeholder])
        if item["project_id"] != project["id"]:
            raise not_found("Plan item")
        if not call.body:
            raise invalid("the body must contain phase_id or group_id")
        for name, table, owner in (
            ("phase_id", "project_phases", "board_id"),
            ("group_id", "project_groups", "project_id"),
        ):
            if name in call.body:
                account.refer(table, call.body[name], name)
                wanted = project["board_id"] if owner == "board_id" else project["id"]
                if account.require(table, call.body[name])[owner] != wanted:
                    raise ApiError(400, f"{name} belongs to another project")
        key = f"{kind}:{item['id']}"
        place = {**_plan_item(account, project, kind, item["id"]), **call.body}
        kept = {name: place[name] for name in ("phase_id", "group_id")}
        if account.find("plan_items", key) is None:
            account.insert("plan_items", {"id": key, **kept}, call.user_id)
        else:
            account.update("plan_items", key, kept, call.user_id)
        return success(place)

    return put


handler("v1:putProjectPlanTask")(_put("task", "taskId"))
handler("v1:putProjectPlanActivity")(_put("activity", "activityId"))


@handler("v1:getProjectGroups")
def groups(call: Call) -> Response:
    """Return the groups of a project."""
    call.account.require("projects", call.path["id"])
    table = call.account.table("project_groups")
    rows = [table.row(seq) for seq in sorted(table.where("project_id", call.path["id"]))]
    return success([{name: row[name] for name in ("id", "name", "order_nr")} for row in rows])


# Permitted users and changes


@handler("v2:getProjectUsers")
def permitted(call: Call) -> Response:
    """Return the active users: every project is open to all."""
    call.account.require("projects", call.path["id"])
    return success([user["id"] for user in call.account.table("users").all() if user["active_flag"]])


@on_change
def _forget_place(account: Account, table: str, before: Row | None, after: Row | None, user_id: int) -> None:
    """Remove an item from the plan when it is deleted or moved to another project."""
    kinds = [kind for kind, name in PLANNED.items() if name == table]
    if not kinds or before is None:
        return
    gone = after is None or after.get("is_deleted") or after["project_id"] != before["project_id"]
    key = f"{kinds[0]}:{before['id']}"
    if gone and account.find("plan_items", key) is not None:
        account.remove("plan_items", key, user_id)


@on_change
def _note(account: Account, table: str, before: Row | None, after: Row | None, user_id: int) -> None:
    if table != "projects" or after is None:
        return
    old = before or {}
    names = [n for n, value in after.items() if n not in ("id", "update_time") and old.get(n) != value]
    if names:
        row = {"project_id": after["id"], "actor_user_id": user_id, "time": millis(account.clock.now)}
        row["old_values"] = {name: old.get(name) for name in names}
        row["new_values"] = {name: after[name] for name in names}
        account.insert("project_changes", row)


@handler("v2:getProjectChangelog")
def changelog(call: Call) -> Response:
    """Return the changes of a project, newest first."""
    call.account.require("projects", call.path["id"])
    table = call.account.table("project_changes")
    found = [table.row(seq) for seq in sorted(table.where("project_id", call.path["id"]), reverse=True)]
    names = ("time", "new_values", "old_values", "actor_user_id")
    shown = [{**source_of(row), **{name: row[name] for name in names}} for row in found]
    return listed_page(shown, call.query)
