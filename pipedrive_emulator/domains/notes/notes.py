"""Notes, v1."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipedrive_emulator.account.account import TOKEN_USER, Account
from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Response, Row, invalid, success
from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.handlers.resources import Resource, register

if TYPE_CHECKING:
    from collections.abc import Callable

# Parent key → (table, shown as, the shown field, its pin).
PARENTS = {
    "lead_id": ("leads", None, "title", "pinned_to_lead_flag"),
    "deal_id": ("deals", "deal", "title", "pinned_to_deal_flag"),
    "person_id": ("persons", "person", "name", "pinned_to_person_flag"),
    "org_id": ("organizations", "organization", "name", "pinned_to_organization_flag"),
    "project_id": ("projects", "project", "title", "pinned_to_project_flag"),
    "task_id": ("tasks", "task", "title", "pinned_to_task_flag"),
}
TOUCHED = ("deal_id", "person_id", "org_id")
MAX_CONTENT = 100_000
SQL_TIME = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
SCRIPT = re.compile(r"<script\b.*?</script\s*>|\son\w+=(\"[^\"]*\"|'[^']*')", re.IGNORECASE | re.DOTALL)

define_table(TableSpec(name="notes", label="Note", times="sql", deleted=("active_flag", False)))


def show(account: Account, row: Row) -> Row:
    """Return a note with the names of the rows it belongs to."""
    shown = dict(row)
    for key, (table, name, field, _) in PARENTS.items():
        if name is not None:
            parent = (
                None
                if row[key] is None or table not in account.tables
                else account.table(table).get(row[key])
            )
            shown[name] = None if parent is None else {field: parent[field]}
    user = account.table("users").get(row["user_id"]) or {}
    shown["user"] = {
        "email": user.get("email"),
        "icon_url": user.get("icon_url"),
        "is_you": row["user_id"] == TOKEN_USER,
        "name": user.get("name"),
    }
    return shown


def _kept(account: Account, key: object) -> Row:
    """Return a note, deleted or not: live accounts return deleted ones with `active_flag: false`."""
    row = account.table("notes").get(key)
    return account.require("notes", key) if row is None else row


def _checked(call: Call, body: Row) -> Row:
    changes = dict(body)
    if "content" in body:
        if not body["content"] or len(body["content"]) > MAX_CONTENT:
            raise invalid(f"body.content must contain 1 to {MAX_CONTENT} characters")
        changes["content"] = SCRIPT.sub("", body["content"])
    if body.get("add_time") is not None and not SQL_TIME.match(body["add_time"]):
        raise invalid("body.add_time must be YYYY-MM-DD HH:MM:SS")
    for key, (table, _, _, pin) in PARENTS.items():
        if body.get(key) is not None:
            if table not in call.account.tables:
                raise invalid(f"{key} references a row that does not exist")
            call.account.refer(table, body[key], key)
        if pin in body:
            changes[pin] = bool(body[pin])
    return {name: value for name, value in changes.items() if name in KNOWN}


def _settled(row: Row) -> Row:
    if all(row[key] is None for key in PARENTS):
        raise ApiError(400, "A note needs a lead, deal, person, organization, project or task")
    for key, (_, _, _, pin) in PARENTS.items():
        if row[pin] and row[key] is None:
            raise ApiError(400, f"{pin} needs {key}")
    return row


def _update(call: Call, row: Row, body: Row) -> Row:
    changes = _checked(call, body)
    _settled({**row, **changes})
    if any(row[name] != value for name, value in changes.items()):
        changes["last_update_user_id"] = call.user_id
    return changes


def defaults(call: Call) -> Row:
    """Return the defaults of a new note."""
    return {
        "active_flag": True,
        "add_time": None,
        "content": "",
        "lead_id": None,
        "deal_id": None,
        "last_update_user_id": None,
        "org_id": None,
        "person_id": None,
        "project_id": None,
        "task_id": None,
        **{parent[3]: False for parent in PARENTS.values()},
        "update_time": None,
        "user_id": call.user_id,
    }


KNOWN = frozenset({"content", "user_id", "add_time", *PARENTS, *(parent[3] for parent in PARENTS.values())})


def _pinned(name: str) -> Callable[[Call, int], Callable[[Row], bool]]:
    return lambda _, wanted: lambda row: row[name] is bool(wanted)


def _from_day(_: Call, day: str) -> Callable[[Row], bool]:
    return lambda row: row["add_time"][:10] >= day


def _to_day(_: Call, day: str) -> Callable[[Row], bool]:
    return lambda row: row["add_time"][:10] <= day


def _add(call: Call, row: Row) -> Row:
    full = _settled({**row, **_checked(call, call.body)})
    deal = call.account.find("deals", full["deal_id"])
    if deal is not None:
        full.update({name: deal[name] for name in call.account.dialect.inherits if full[name] is None})
    return full


register(
    Resource(
        table="notes",
        operations={
            "list": "v1:getNotes",
            "get": "v1:getNote",
            "add": "v1:addNote",
            "update": "v1:updateNote",
        },
        tests={
            "start_date": _from_day,
            "end_date": _to_day,
            **{parent[3]: _pinned(parent[3]) for parent in PARENTS.values()},
        },
        required=("content",),
        references={"user_id": "users"},
        defaults=defaults,
        on_add=_add,
        on_update=_update,
        present=show,
        find=_kept,
        find_to_update=_kept,
    )
)


@handler("v1:deleteNote")
def delete_note(call: Call) -> Response:
    """Delete a note; returns true instead of an id."""
    account = call.account
    row = account.require("notes", call.path["id"])
    account.delete("notes", call.path["id"], call.user_id)
    for name in TOUCHED if account.dialect.touched_by_deleted_notes else ():
        if account.find(PARENTS[name][0], row[name]) is not None:
            account.update(PARENTS[name][0], row[name], {}, call.user_id)
    return success(True)  # noqa: FBT003 - the published response
