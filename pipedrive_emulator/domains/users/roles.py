"""Roles (their users, default visibility and pipelines) and permission sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Response, Row, invalid, not_found, success
from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.handlers.resources import Resource, register
from pipedrive_emulator.query.paging import offset_page

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account

DEFAULT_ROLE = 1
ENTITIES = ("deal", "lead", "org", "person", "product")
SETTINGS = {f"{entity}_default_visibility": 3 for entity in ENTITIES}

define_table(TableSpec(name="roles", label="Role", created="", updated="", deleted=("active_flag", False)))
define_table(
    TableSpec(name="permission_sets", label="Permission set", key_kind="text", created="", updated="")
)


def new_role(name: str, parent_role_id: int | None) -> Row:
    """Return the stored form of a role."""
    return {
        "parent_role_id": parent_role_id,
        "name": name,
        "active_flag": True,
        "settings": dict(SETTINGS),
        "hidden_pipeline_ids": [],
    }


def default_visibility(account: Account, user_id: int, entity: str) -> int:
    """Return the default visibility of a user's new deal, lead, org, person or product."""
    user = account.require("users", user_id)
    return int(account.require("roles", user["role_id"])["settings"][f"{entity}_default_visibility"])


def _users_of(account: Account, role_id: int) -> list[Row]:
    return [user for user in account.table("users").all() if user["role_id"] == role_id]


def _above(account: Account, row: Row) -> list[int]:
    """Return the ids of the roles above a role, nearest first."""
    found: list[int] = []
    while row["parent_role_id"] is not None and row["parent_role_id"] not in found:
        found.append(row["parent_role_id"])
        row = account.require("roles", row["parent_role_id"])
    return found


def _below(account: Account, number: int) -> list[int]:
    table = account.table("roles")
    return [seq for seq in sorted(table.where("parent_role_id", number)) if table.is_live(table.row(seq))]


def _show(account: Account, row: Row) -> Row:
    return {
        "id": row["id"],
        "parent_role_id": row["parent_role_id"],
        "name": row["name"],
        "active_flag": row["active_flag"],
        "assignment_count": str(len(_users_of(account, row["id"]))),
        "sub_role_count": str(len(_below(account, row["id"]))),
    }


def _listed(account: Account, row: Row) -> Row:
    ranks = [number for number in _above(account, row) if number != DEFAULT_ROLE]
    return {**_show(account, row), "level": len(ranks) + 1}


register(Resource(table="roles", operations={"list": "v1:getRoles"}, present=_listed))


@handler("v1:getRole")
def get(call: Call) -> Response:
    """Return a role with its settings."""
    row = call.account.require("roles", call.path["id"])
    return success(_show(call.account, row), additional={"settings": row["settings"]})


def _check(account: Account, number: int | None, body: Row) -> Row:
    if "name" in body and not body["name"].strip():
        raise invalid("body.name must not be empty")
    parent = body.get("parent_role_id")
    account.refer("roles", parent, "parent_role_id")
    if parent is not None and number in (parent, *_above(account, account.require("roles", parent))):
        raise ApiError(400, "A role cannot be its own ancestor")
    return body


@handler("v1:addRole")
def add(call: Call) -> Response:
    """Return the id of a new role."""
    body = _check(call.account, None, call.body)
    row = call.account.insert("roles", new_role(body["name"], body.get("parent_role_id")), call.user_id)
    return success({"id": row["id"]}, status=call.operation.status)


@handler("v1:updateRole")
def update(call: Call) -> Response:
    """Return the id of a changed role."""
    row = call.account.require("roles", call.path["id"])
    call.account.update("roles", row["id"], _check(call.account, row["id"], call.body), call.user_id)
    return success({"id": row["id"]})


@handler("v1:deleteRole")
def delete(call: Call) -> Response:
    """Return the id of a deleted role; its users get the default role."""
    row = call.account.require("roles", call.path["id"])
    if row["id"] == DEFAULT_ROLE or _below(call.account, row["id"]):
        raise ApiError(400, "The default role, and roles with child roles, cannot be deleted")
    for user in _users_of(call.account, row["id"]):
        call.account.update("users", user["id"], {"role_id": DEFAULT_ROLE}, call.user_id)
    call.account.delete("roles", row["id"], call.user_id)
    return success({"id": row["id"]})


# Assignments


def assignment(account: Account, user: Row) -> Row:
    """Return the role of a user, as a row."""
    role = account.require("roles", user["role_id"])
    return {
        "user_id": user["id"],
        "role_id": role["id"],
        "parent_role_id": role["parent_role_id"],
        "name": role["name"],
        "active_flag": role["active_flag"],
        "type": "1",
    }


@handler("v1:getRoleAssignments")
def assignments(call: Call) -> Response:
    """Return the users of a role."""
    call.account.require("roles", call.path["id"])
    rows = [assignment(call.account, user) for user in _users_of(call.account, call.path["id"])]
    return offset_page(call.operation, rows, call.query)


@handler("v1:addRoleAssignment")
def assign(call: Call) -> Response:
    """Set a user's role and return it."""
    call.account.require("roles", call.path["id"])
    call.account.refer("users", call.body["user_id"], "user_id")
    user = call.account.require("users", call.body["user_id"])
    if user["role_id"] == call.path["id"]:
        raise ApiError(400, "The user already has this role")
    call.account.update("users", user["id"], {"role_id": call.path["id"]}, call.user_id)
    return success({"user_id": user["id"], "role_id": call.path["id"]}, status=call.operation.status)


@handler("v1:deleteRoleAssignment")
def unassign(call: Call) -> Response:
    """Replace a user's role by the default role and return the previous one."""
    call.account.require("roles", call.path["id"])
    user = call.account.find("users", call.body["user_id"])
    if user is None or user["role_id"] != call.path["id"]:
        raise not_found("Assignment")
    if call.path["id"] == DEFAULT_ROLE:
        raise ApiError(400, "No user can be removed from the default role")
    call.account.update("users", user["id"], {"role_id": DEFAULT_ROLE}, call.user_id)
    return success({"id": call.path["id"]})


# Settings and pipelines


@handler("v1:getRoleSettings")
def settings(call: Call) -> Response:
    """Return the default visibilities of a role."""
    return success(call.account.require("roles", call.path["id"])["settings"])


@handler("v1:addOrUpdateRoleSetting")
def set_setting(call: Call) -> Response:
    """Set one default visibility and return it."""
    row = call.account.require("roles", call.path["id"])
    changed = {call.body["setting_key"]: call.body["value"]}
    call.account.update("roles", row["id"], {"settings": {**row["settings"], **changed}}, call.user_id)
    return success({"id": row["id"], **changed}, status=call.operation.status)


def _pipelines(call: Call, *, visible: bool) -> Response:
    hidden = call.account.require("roles", call.path["id"])["hidden_pipeline_ids"]
    ids = [
        row["id"] for row in call.account.table("pipelines").live() if (row["id"] not in hidden) is visible
    ]
    return success({"pipeline_ids": ids, "visible": visible})


@handler("v1:getRolePipelines")
def pipelines(call: Call) -> Response:
    """Return the pipelines that a role sees, or those it does not see."""
    return _pipelines(call, visible=call.query.get("visible", True))


@handler("v1:updateRolePipelines")
def set_pipelines(call: Call) -> Response:
    """Return the pipelines that a role sees after `add` and `remove`, each a list or JSON text."""
    row, wanted = call.account.require("roles", call.path["id"]), call.body["visible_pipeline_ids"]
    if not wanted or not set(wanted) <= {"add", "remove"}:
        raise invalid("visible_pipeline_ids accepts add and remove")
    ids = {name: _ids(call.account, wanted.get(name, [])) for name in ("add", "remove")}
    if ids["add"] & ids["remove"]:
        raise ApiError(400, "A pipeline cannot be added and removed at the same time")
    hidden = sorted((set(row["hidden_pipeline_ids"]) - ids["add"]) | ids["remove"])
    call.account.update("roles", row["id"], {"hidden_pipeline_ids": hidden}, call.user_id)
    return _pipelines(call, visible=True)


def _ids(account: Account, given: object) -> set[int]:
    try:
        ids = msgspec.convert(msgspec.json.decode(given) if isinstance(given, str) else given, list[int])
    except msgspec.MsgspecError:
        raise invalid("visible_pipeline_ids must contain lists of ids") from None
    for number in ids:
        account.refer("pipelines", number, "visible_pipeline_ids")
    return set(ids)


# Permission sets


def _holders(account: Account, key: str) -> list[Row]:
    users = account.table("users").all()
    return [user for user in users if any(entry["permission_set_id"] == key for entry in user["access"])]


def show_set(account: Account, row: Row) -> Row:
    """Return a permission set without its permissions."""
    shown = {name: value for name, value in row.items() if name != "contents"}
    return {**shown, "assignment_count": len(_holders(account, row["id"]))}


register(Resource(table="permission_sets", operations={"list": "v1:getPermissionSets"}, present=show_set))


@handler("v1:getPermissionSet")
def permission_set(call: Call) -> Response:
    """Return a permission set with its permissions, in a list as in the published example."""
    row = call.account.require("permission_sets", call.path["id"])
    return success([{**show_set(call.account, row), "contents": row["contents"]}])


@handler("v1:getPermissionSetAssignments")
def permission_set_assignments(call: Call) -> Response:
    """Return the users that have a permission set."""
    row = call.account.require("permission_sets", call.path["id"])
    rows = [
        {"user_id": user["id"], "permission_set_id": row["id"], "name": row["name"]}
        for user in _holders(call.account, row["id"])
    ]
    start, limit = call.query.get("start", 0), call.query.get("limit", 100)
    return success(rows[start : start + limit])
