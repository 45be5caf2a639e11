"""Merging two deals, persons or organizations, and copies of deals, v1.

The record of the path is absorbed and disappears like a deleted one; `merge_with_id` survives, keeps its own
values, and takes over missing ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipedrive_emulator.api.http import ApiError, Response, Row, success
from pipedrive_emulator.domains.contacts.contacts_v1 import flat_person
from pipedrive_emulator.domains.deals.deal_value import lines_of, settle
from pipedrive_emulator.domains.deals.participants import join, participants_of
from pipedrive_emulator.domains.shared.related_v1 import flat_deal
from pipedrive_emulator.domains.shared.relations import move
from pipedrive_emulator.handlers.registry import Call, Handler, handler

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipedrive_emulator.account.account import Account

# Columns that a survivor takes over if it has no own value.
FILLED: dict[str, tuple[str, ...]] = {
    "deals": ("person_id", "org_id", "expected_close_date", "probability", "channel", "channel_id"),
    "persons": ("org_id", "picture_id", "postal_address", "notes", "birthday", "job_title"),
    "organizations": (
        "address",
        "website",
        "linkedin",
        "industry",
        "annual_revenue",
        "employee_count",
    ),
}
# Lists that are joined.
JOINED: dict[str, tuple[str, ...]] = {
    "deals": ("label_ids",),
    "persons": ("label_ids", "emails", "phones", "im"),
    "organizations": ("label_ids",),
}


def _joined(mine: list[Any], theirs: list[Any]) -> list[Any]:
    """Return the joined list: labels by id; addresses and numbers once, the survivor's first and primary."""
    if any(isinstance(entry, int) for entry in (*mine, *theirs)):
        return sorted({*mine, *theirs})
    have = {entry["value"] for entry in mine}
    added = [entry for entry in theirs if entry["value"] not in have]
    return [*mine, *({**entry, "primary": False} if mine else entry for entry in added)]


def _taken_over(table: str, survivor: Row, absorbed: Row) -> Row:
    changes: Row = {
        name: absorbed[name]
        for name in FILLED[table]
        if survivor.get(name) is None and absorbed.get(name) is not None
    }
    for name in JOINED[table]:
        changes[name] = _joined(survivor[name], absorbed[name])
    custom = survivor["custom_fields"]
    changes["custom_fields"] = {
        **custom,
        **{key: value for key, value in absorbed["custom_fields"].items() if custom.get(key) is None},
    }
    return {name: value for name, value in changes.items() if survivor.get(name) != value}


def _merge(call: Call, table: str) -> Row:
    """Merge the record of the path into the survivor and return it."""
    account, other = call.account, call.body["merge_with_id"]
    absorbed = account.require(table, call.path["id"])
    if other == absorbed["id"]:
        raise ApiError(400, "A record cannot be merged with itself")
    account.refer(table, other, "merge_with_id")
    survivor = account.require(table, other)
    if absorbed.get("is_archived") or survivor.get("is_archived"):
        raise ApiError(403, "An archived deal cannot be edited; un-archive it first")
    changes = _taken_over(table, survivor, absorbed)
    lines = lines_of(account, absorbed["id"]) if table == "deals" else []
    move(account, table, absorbed["id"], other, call.user_id)
    if table == "deals":
        _renumber(call, other, [line["id"] for line in lines])
        account.update(table, absorbed["id"], {"status": "deleted"}, call.user_id, touch=False)
    account.delete(table, absorbed["id"], call.user_id)
    return account.update(table, other, changes, call.user_id)


def _renumber(call: Call, deal_id: int, moved: list[int]) -> None:
    """Append the absorbed deal's lines to the survivor's, and update the survivor's value."""
    rows = [row for row in lines_of(call.account, deal_id) if row["id"] not in moved]
    last = max((row["order_nr"] for row in rows), default=0)
    currency = call.account.require("deals", deal_id)["currency"]
    for place, number in enumerate(moved, last + 1):
        changes = {"order_nr": place, "currency": currency}
        call.account.update("deal_products", number, changes, call.user_id, touch=False)
    if moved:
        settle(call, deal_id)


def _only_id(_: Account, row: Row) -> Row:
    return {"id": row["id"]}


def _handler(table: str, show: Callable[[Account, Row], Row]) -> Handler:
    def merge(call: Call) -> Response:
        survivor = _merge(call, table)
        shown = show(call.account, survivor)
        if len(shown) > 1:
            shown["merge_what_id"] = call.path["id"]
        return success(shown, status=call.operation.status)

    return merge


for _table, _key, _show in (
    ("deals", "v1:mergeDeals", flat_deal),
    ("persons", "v1:mergePersons", flat_person),
    ("organizations", "v1:mergeOrganizations", _only_id),
):
    handler(_key)(_handler(_table, _show))


@handler("v1:duplicateDeal")
def duplicate_deal(call: Call) -> Response:
    """Return a copy of a deal with its products and participants, without its notes, files and activities."""
    account = call.account
    source = account.require("deals", call.path["id"])
    if source["is_archived"]:
        raise ApiError(403, "An archived deal cannot be edited; un-archive it first")
    fresh = {
        "add_time": None,
        "update_time": None,
        "stage_change_time": None,
        "creator_user_id": call.user_id,
    }
    row = {name: value for name, value in source.items() if name not in ("id", "first_won_time")}
    copy = account.insert("deals", {**row, **fresh, "origin": "API"}, call.user_id)
    for participant in participants_of(account, source["id"]):
        join(account, copy["id"], participant["person_id"], call.user_id)
    lines = account.table("deal_products")
    for seq in sorted(lines.where("deal_id", source["id"])):
        line = {name: value for name, value in lines.row(seq).items() if name != "id"}
        fresh_line = {"deal_id": copy["id"], "add_time": None, "update_time": None}
        account.insert("deal_products", {**line, **fresh_line}, call.user_id)
    return success(flat_deal(account, account.require("deals", copy["id"])), status=call.operation.status)
