"""Tasks of projects, in both versions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.account.clock import millis
from pipedrive_emulator.api.http import ApiError, Response, Row, invalid
from pipedrive_emulator.domains.projects.project_boards import in_words
from pipedrive_emulator.domains.projects.projects import editable
from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.handlers.resources import Resource, register

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.handlers.time_bounds import Test


def show_v1(_: Account, row: Row) -> Row:
    """Return a task in the v1 form."""
    names = (
        "id",
        "title",
        "creator_id",
        "description",
        "due_date",
        "parent_task_id",
        "assignee_ids",
        "project_id",
    )
    times = ("add_time", "update_time", "marked_as_done_time")
    return {
        **{name: row[name] for name in names},
        "done": int(row["is_done"]),
        "assignee_id": row["assignee_ids"][0] if row["assignee_ids"] else None,
        **{name: in_words(row[name]) for name in times},
    }


def _subtasks(account: Account, number: int) -> list[int]:
    return sorted(account.table("tasks").where("parent_task_id", number))


def _check_parent(account: Account, row: Row) -> None:
    """Check that a subtask has no subtasks and stays in the project of its parent."""
    number, below = row.get("id"), row["parent_task_id"]
    own = _subtasks(account, number) if number is not None else []
    if below is not None:
        parent = account.require("tasks", below)
        if below == number or parent["parent_task_id"] is not None or own:
            raise ApiError(400, "A subtask cannot have subtasks")
        if parent["project_id"] != row["project_id"]:
            raise ApiError(400, "parent_task_id belongs to another project")
    if any(account.require("tasks", seq)["project_id"] != row["project_id"] for seq in own):
        raise ApiError(400, "A task with subtasks stays in its project")


def _checked(call: Call, row: Row, body: Row) -> Row:
    """Return the stored form of a body; `row` is the row it changes."""
    account = call.account
    taken = ("done", "milestone", "assignee_id")
    changes = {name: value for name, value in body.items() if name not in taken}
    if "title" in body and not body["title"].strip():
        raise invalid("body.title must not be empty")
    if "assignee_id" in body:
        if "assignee_ids" in body:
            raise ApiError(400, "Send assignee_id or assignee_ids, not both")
        changes["assignee_ids"] = [] if body["assignee_id"] is None else [body["assignee_id"]]
    for user_id in changes.get("assignee_ids", ()):
        account.refer("users", user_id, "assignee_ids")
    if len(set(changes.get("assignee_ids", ()))) != len(changes.get("assignee_ids", ())):
        raise invalid("body.assignee_ids contains a user twice")
    for name in ("done", "milestone"):
        if name in body:
            changes[f"is_{name}"] = bool(body[name])
    after = {**row, **changes}
    account.refer("tasks", after["parent_task_id"], "parent_task_id")
    editable(account.require("projects", after["project_id"]))
    _check_parent(account, after)
    if after["start_date"] and after["due_date"] and after["due_date"] < after["start_date"]:
        raise ApiError(400, "due_date must not be before start_date")
    if after["is_done"] != row["is_done"]:
        changes["marked_as_done_time"] = millis(account.clock.now) if after["is_done"] else None
    return changes


def _add(call: Call, row: Row) -> Row:
    base = defaults(call)
    given = {name: value for name, value in row.items() if name in call.body}
    return {**base, **_checked(call, base, given)}


def defaults(call: Call) -> Row:
    """Return the defaults of a new task."""
    return {
        "title": "",
        "creator_id": call.user_id,
        "description": None,
        "project_id": 0,
        "is_done": False,
        "is_milestone": False,
        "due_date": None,
        "start_date": None,
        "parent_task_id": None,
        "assignee_ids": [],
        "priority": None,
        "add_time": None,
        "update_time": None,
        "marked_as_done_time": None,
    }


def _delete(call: Call, row: Row) -> None:
    editable(call.account.require("projects", row["project_id"]))
    for seq in _subtasks(call.account, row["id"]):
        call.account.delete("tasks", seq, call.user_id)


def _of_parent(_: Call, wanted: Any) -> Test:  # noqa: ANN401 - None, text in v2, a number in v1
    if wanted is None:
        return lambda row: row["parent_task_id"] is None
    if not str(wanted).isdigit():
        raise invalid("Parameter parent_task_id must be null or an integer")
    return lambda row: row["parent_task_id"] == int(wanted)


def _assigned(_: Call, wanted: int) -> Test:
    return lambda row: wanted in row["assignee_ids"]


def _done(name: str) -> Callable[[Call, Any], Test]:
    return lambda _, wanted: lambda row: row[name] == bool(wanted)


TESTS: dict[str, Callable[[Call, Any], Test | None]] = {
    "is_done": _done("is_done"),
    "done": _done("is_done"),
    "is_milestone": _done("is_milestone"),
    "assignee_id": _assigned,
    "parent_task_id": _of_parent,
}
_TASKS = Resource(
    table="tasks",
    operations={
        "list": "v2:getTasks",
        "get": "v2:getTask",
        "add": "v2:addTask",
        "update": "v2:updateTask",
        "delete": "v2:deleteTask",
    },
    tests=TESTS,
    required=("title",),
    references={"project_id": "projects"},
    defaults=defaults,
    on_add=_add,
    on_update=_checked,
    on_delete=_delete,
)
register(_TASKS)
_v1 = register(
    replace(
        _TASKS,
        operations={
            "get": "v1:getTask",
            "add": "v1:addTask",
            "update": "v1:updateTask",
            "delete": "v1:deleteTask",
        },
        present=show_v1,
    )
)
handler("v1:getTasks")(_v1.list_v2)


@handler("v1:getProjectTasks")
def tasks_of_project(call: Call) -> Response:
    """Return every task of a project."""
    call.account.require("projects", call.path["id"])
    return _v1.list_v1(replace(call, query={"project_id": call.path["id"]}))
