"""Users: create, update, search, permissions, and data of the token's user."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Response, Row, invalid, not_found, success
from pipedrive_emulator.api.operations import load_operations
from pipedrive_emulator.domains.company.basics import COMPANY, show_user
from pipedrive_emulator.domains.history.followers import followers_of
from pipedrive_emulator.domains.users.roles import DEFAULT_ROLE, assignment
from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.query.paging import listed_page, offset_page

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account

EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
ADDONS = ("leadbooster_v2", "prospector", "smart_docs_v2")
USER_SETTINGS = {
    "marketplace_team": False,
    "list_limit": 100,
    "beta_app": False,
    "prevent_salesphone_callto_override": False,
    "file_upload_destination": "s3",
    "callto_link_syntax": "tel:[number]",
    "autofill_deal_expected_close_date": True,
    "person_duplicate_condition": "name && (email || phone)",
}
define_table(TableSpec(name="user_provider_links", label="Link", key_kind="text", created="", updated=""))


def _access(account: Account, entries: list[Row]) -> list[Row]:
    """Return the access of a new user, each app with one of its own permission sets."""
    sets = {row["id"]: row for row in account.table("permission_sets").all()}
    if len({entry["app"] for entry in entries}) != len(entries):
        raise ApiError(400, "access contains an app twice")
    kept = []
    for entry in entries:
        if "admin" in entry and "permission_set_id" in entry:
            raise ApiError(400, "access accepts admin or permission_set_id, not both")
        kind = "admin" if entry.get("admin") else "regular"
        found = [key for key, row in sets.items() if (row["app"], row["type"]) == (entry["app"], kind)]
        key = entry.get("permission_set_id") or next(iter(found), None)
        if key is None or sets.get(key, {}).get("app") != entry["app"]:
            raise ApiError(400, f"access: there is no such permission set for {entry['app']}")
        kept.append({"app": entry["app"], "admin": sets[key]["type"] == "admin", "permission_set_id": key})
    return kept


@handler("v1:addUser")
def add(call: Call) -> Response:
    """Return an invited user, who has not signed in yet; by default, a regular one in sales."""
    account, email = call.account, call.body["email"]
    if not EMAIL.match(email):
        raise invalid("body.email must be an e-mail address")
    if any(row["email"].lower() == email.lower() for row in account.table("users").all()):
        raise ApiError(400, "A user with this e-mail address exists")
    me = account.require("users", call.user_id)
    inherited = ("default_currency", "locale", "lang", "timezone_name", "timezone_offset")
    row = {
        "name": email,
        **{name: me[name] for name in inherited},
        "email": email,
        "phone": None,
        "activated": False,
        "last_login": None,
        "created": None,
        "modified": None,
        "has_created_company": False,
        "access": _access(account, call.body.get("access") or [{"app": "sales"}]),
        "active_flag": call.body.get("active_flag", True),
        "role_id": DEFAULT_ROLE,
        "icon_url": None,
        "is_you": False,
        "is_deleted": False,
    }
    return success(
        show_user(account, account.insert("users", row, call.user_id)), status=call.operation.status
    )


@handler("v1:updateUser")
def update(call: Call) -> Response:
    """Activate or deactivate a user and return it."""
    row = call.account.require("users", call.path["id"])
    if row["id"] == call.user_id and not call.body["active_flag"]:
        raise ApiError(400, "Users cannot deactivate themselves")
    if row["active_flag"] != call.body["active_flag"]:
        row = call.account.update("users", row["id"], {"active_flag": call.body["active_flag"]}, call.user_id)
    return success(show_user(call.account, row))


@handler("v1:findUsersByName")
def find(call: Call) -> Response:
    """Return users with the term in their name, or in their e-mail address with `search_by_email`."""
    term = call.query["term"].lower()
    name = "email" if call.query.get("search_by_email") else "name"
    if not term.strip():
        raise invalid("Parameter term must not be empty")
    rows = call.account.table("users").all()
    return success([show_user(call.account, row) for row in rows if term in row[name].lower()])


@handler("v1:getUserPermissions")
def permissions(call: Call) -> Response:
    """Return every permission, true if one of the user's permission sets grants it."""
    user = call.account.require("users", call.path["id"])
    sets = [call.account.find("permission_sets", entry["permission_set_id"]) for entry in user["access"]]
    granted = {name for row in sets if row is not None for name in row["contents"]}
    names = load_operations()[call.operation.key].response["properties"]["data"]["properties"]
    return success({name: name in granted for name in names})


@handler("v1:getUserRoleAssignments")
def role_assignments(call: Call) -> Response:
    """Return the one role a user has."""
    user = call.account.require("users", call.path["id"])
    return offset_page(call.operation, [assignment(call.account, user)], call.query)


@handler("v1:getUserRoleSettings")
def role_settings(call: Call) -> Response:
    """Return the settings of the user's role."""
    user = call.account.require("users", call.path["id"])
    return success(call.account.require("roles", user["role_id"])["settings"])


@handler("v1:getUserFollowers")
def follower_ids(call: Call) -> Response:
    """Return the ids of the users who follow a user."""
    call.account.require("users", call.path["id"])
    return success([row["user_id"] for row in followers_of(call.account, "users", call.path["id"])])


@handler("v2:getUserFollowers")
def followers(call: Call) -> Response:
    """Return the users who follow a user."""
    call.account.require("users", call.path["id"])
    found = followers_of(call.account, "users", call.path["id"])
    return listed_page(
        [{"user_id": row["user_id"], "add_time": row["add_time"]} for row in found], call.query
    )


@handler("v1:getUserConnections")
def connections(call: Call) -> Response:
    """Return the connections of the token's user."""
    return success({"google": f"connected-{call.user_id}"})


@handler("v1:getUserSettings")
def settings(_: Call) -> Response:
    """Return the settings of the token's user."""
    return success(USER_SETTINGS)


@handler("v1:getCompanyAddons")
def addons(_: Call) -> Response:
    """Return the add-ons of the company; they have no id."""
    return success([{"code": code} for code in ADDONS])


@handler("v1:saveUserProviderLink")
def save_link(call: Call) -> Response:
    """Return a user's link to a video calling provider."""
    body = call.body
    call.account.refer("users", body["user_id"], "user_id")
    if body["company_id"] != COMPANY["company_id"]:
        raise ApiError(400, "company_id is not this company")
    if call.account.find("user_provider_links", body["user_provider_id"]) is not None:
        raise ApiError(400, "The link exists")
    row = {name: value for name, value in body.items() if name != "user_provider_id"}
    call.account.insert("user_provider_links", {"id": body["user_provider_id"], **row}, call.user_id)
    return success({"message": "The link was saved"}, status=call.operation.status)


@handler("v1:deleteUserProviderLink")
def delete_link(call: Call) -> Response:
    """Delete a link and return it."""
    if call.account.find("user_provider_links", call.path["id"]) is None:
        raise not_found("Link")
    call.account.delete("user_provider_links", call.path["id"], call.user_id)
    return success({"message": "The link was removed"})
