"""Teams, deprecated but still published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Response, Row, invalid, success
from pipedrive_emulator.handlers.registry import Call, handler

if TYPE_CHECKING:
    from collections.abc import Iterable

define_table(
    TableSpec(name="legacy_teams", label="Team", times="sql", updated="", deleted=("deleted_flag", 1))
)


def _shown(call: Call, rows: Iterable[Row]) -> list[Row]:
    left_out = {"users"} if call.query.get("skip_users") else set()
    return [{name: value for name, value in row.items() if name not in left_out} for row in rows]


def _checked(call: Call, body: Row) -> Row:
    if "name" in body and not body["name"].strip():
        raise invalid("body.name must not be empty")
    call.account.refer("users", body.get("manager_id"), "manager_id")
    for user_id in body.get("users", ()):
        call.account.refer("users", user_id, "users")
    return {**body, "users": sorted(set(body["users"]))} if "users" in body else body


@handler("v1:getTeams", "v1:getUserTeams")
def listed(call: Call) -> Response:
    """Return the teams of the company, or of one user."""
    rows = list(call.account.table("legacy_teams").live())
    if "id" in call.path:
        call.account.require("users", call.path["id"])
        rows = [row for row in rows if call.path["id"] in row["users"]]
    order = call.query.get("order_by", "id")
    return success(_shown(call, sorted(rows, key=lambda row: row[order])))


@handler("v1:getTeam")
def get(call: Call) -> Response:
    """Return one team."""
    return success(_shown(call, [call.account.require("legacy_teams", call.path["id"])])[0])


@handler("v1:addTeam")
def add(call: Call) -> Response:
    """Return a new team."""
    row = {
        "name": "",
        "description": "",
        "manager_id": 0,
        "users": [],
        "active_flag": 1,
        "deleted_flag": 0,
        "add_time": None,
        "created_by_user_id": call.user_id,
        **_checked(call, call.body),
    }
    return success(call.account.insert("legacy_teams", row, call.user_id), status=call.operation.status)


@handler("v1:updateTeam")
def update(call: Call) -> Response:
    """Update a team and return it."""
    row = call.account.require("legacy_teams", call.path["id"])
    return success(call.account.update("legacy_teams", row["id"], _checked(call, call.body), call.user_id))


@handler("v1:getTeamUsers")
def members(call: Call) -> Response:
    """Return the ids of a team's users."""
    return success(call.account.require("legacy_teams", call.path["id"])["users"])


@handler("v1:addTeamUser")
def add_members(call: Call) -> Response:
    """Add users to a team and return the ids of its users."""
    row = call.account.require("legacy_teams", call.path["id"])
    return _members(call, row, {*row["users"], *_checked(call, call.body)["users"]})


@handler("v1:deleteTeamUser")
def delete_members(call: Call) -> Response:
    """Remove users from a team, all of them members, and return the ids of the others."""
    row = call.account.require("legacy_teams", call.path["id"])
    gone = set(call.body["users"])
    if not gone <= set(row["users"]):
        raise ApiError(400, "users contains a user who is not in the team")
    return _members(call, row, set(row["users"]) - gone)


def _members(call: Call, row: Row, users: set[int]) -> Response:
    changed = call.account.update("legacy_teams", row["id"], {"users": sorted(users)}, call.user_id)
    return success(changed["users"], status=call.operation.status)
