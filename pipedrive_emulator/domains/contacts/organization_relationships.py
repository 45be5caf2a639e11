"""Relationships between organizations, v1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.account import on_change
from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Response, Row, success
from pipedrive_emulator.handlers.registry import Call, handler

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account

TABLE = "organization_relationships"
ENDS = ("rel_owner_org_id", "rel_linked_org_id")

define_table(TableSpec(name=TABLE, label="Organization relationship", times="sql"))


def _related(account: Account, number: int) -> Row:
    """Return the columns of one of the two organizations in a relationship."""
    row, persons = account.require("organizations", number), account.table("persons")
    return {
        "id": number,
        "name": row["name"],
        "people_count": sum(
            1 for seq in persons.where("org_id", number) if persons.is_live(persons.row(seq))
        ),
        "owner_id": row["owner_id"],
        "address": (row["address"] or {}).get("value"),
        "active_flag": True,
        "cc_email": f"nordwind+org{number}@pipedrivemail.com",
    }


def _show(account: Account, row: Row, org_id: int | None) -> Row:
    """Return a relationship; with a base organization, also the role of the other one."""
    shown = {"id": row["id"], "type": row["type"]}
    for end in ENDS:
        facts = _related(account, row[end])
        shown[end] = {**{name: value for name, value in facts.items() if name != "id"}, "value": row[end]}
    shown.update({"add_time": row["add_time"], "update_time": row["update_time"], "active_flag": "true"})
    if org_id is not None:
        owns = row["rel_owner_org_id"] == org_id
        other = row["rel_linked_org_id" if owns else "rel_owner_org_id"]
        as_parent = "daughter" if owns else "parent"
        shown["calculated_type"] = as_parent if row["type"] == "parent" else "related"
        shown["calculated_related_org_id"] = other
        shown["related_organization_name"] = account.require("organizations", other)["name"]
    return shown


def _response(call: Call, row: Row) -> Response:
    # Published only for a single relationship: the role of the other organization for the base or the owner.
    base = None
    if call.operation.method == "GET":
        base = call.query.get("org_id", row["rel_owner_org_id"])
        if base not in (row[end] for end in ENDS):
            raise ApiError(400, "org_id is not part of the relationship")
    related = {str(row[end]): _related(call.account, row[end]) for end in ENDS}
    return success(
        {k: v for k, v in _show(call.account, row, base).items() if k != "related_organization_name"},
        status=call.operation.status,
        related_objects={"organization": related},
    )


def _check(call: Call, row: Row) -> None:
    for end in ENDS:
        call.account.refer("organizations", row[end], end)
    owner, linked = (row[end] for end in ENDS)
    if owner == linked:
        raise ApiError(400, "An organization cannot be related to itself")
    if call.body.get("org_id") not in (None, owner, linked):
        raise ApiError(400, "org_id is not part of the relationship")
    for other in call.account.table(TABLE).all():
        if other["id"] != row.get("id") and {other[end] for end in ENDS} == {owner, linked}:
            raise ApiError(400, "These organizations are already related")


@handler("v1:getOrganizationRelationships")
def listed(call: Call) -> Response:
    """Return every relationship of an organization."""
    account, org_id = call.account, call.query["org_id"]
    account.require("organizations", org_id)
    table = account.table(TABLE)
    rows = [table.row(seq) for seq in sorted(set().union(*(table.where(end, org_id) for end in ENDS)))]
    related = {str(row[end]): _related(account, row[end]) for row in rows for end in ENDS}
    return success(
        [_show(account, row, org_id) for row in rows],
        related_objects={"organization": related},
    )


@handler("v1:getOrganizationRelationship")
def get(call: Call) -> Response:
    """Return one relationship."""
    return _response(call, call.account.require(TABLE, call.path["id"]))


@handler("v1:addOrganizationRelationship")
def add(call: Call) -> Response:
    """Return a new relationship; two organizations have at most one."""
    row = {name: call.body[name] for name in ("type", *ENDS)}
    _check(call, row)
    full = {**row, "add_time": None, "update_time": None}
    return _response(call, call.account.insert(TABLE, full, call.user_id))


@handler("v1:updateOrganizationRelationship")
def update(call: Call) -> Response:
    """Update a relationship and return it."""
    row = call.account.require(TABLE, call.path["id"])
    changes = {name: call.body[name] for name in ("type", *ENDS) if name in call.body}
    _check(call, {**row, **changes})
    if any(row[name] != value for name, value in changes.items()):
        row = call.account.update(TABLE, row["id"], changes, call.user_id)
    return _response(call, row)


@handler("v1:deleteOrganizationRelationship")
def delete(call: Call) -> Response:
    """Delete a relationship and return its id."""
    call.account.require(TABLE, call.path["id"])
    call.account.delete(TABLE, call.path["id"], call.user_id)
    return success({"id": call.path["id"]})


@on_change
def _cascade(account: Account, table: str, before: Row | None, after: Row | None, user_id: int) -> None:
    """Delete the relationships of a deleted organization."""
    if table != "organizations" or before is None or not (after is None or after["is_deleted"]):
        return
    kept = account.table(TABLE)
    for seq in sorted(set().union(*(kept.where(end, before["id"]) for end in ENDS))):
        account.remove(TABLE, seq, user_id)
