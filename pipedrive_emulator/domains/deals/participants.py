"""Participants of deals, v1, and their changelog.

A deal's contact person becomes a participant when the deal references them; removing the participant does not
clear the deal's `person_id`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.account import on_change
from pipedrive_emulator.account.clock import sql
from pipedrive_emulator.account.shapes import part, trimmed
from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Response, Row, not_found, success
from pipedrive_emulator.domains.contacts.contacts_v1 import nested_person
from pipedrive_emulator.domains.shared.related_v1 import as_value, moment, person_ref, related, user_ref
from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.query.paging import listed_page, offset_page

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account

define_table(
    TableSpec(
        name="participants", label="Participant", times="sql", updated="", deleted=("active_flag", False)
    )
)
define_table(
    TableSpec(name="participant_changes", label="Participant change", times="sql", created="time", updated="")
)


def new_participant(deal_id: int, person_id: int | None, user_id: int) -> Row:
    """Return the stored form of a participant."""
    return {
        "deal_id": deal_id,
        "person_id": person_id,
        "add_time": None,
        "active_flag": person_id is not None,
        "added_by_user_id": user_id,
    }


def participants_of(account: Account, deal_id: int) -> list[Row]:
    """Return the participants of a deal whose person is not deleted, oldest first."""
    table = account.table("participants")
    rows = [table.row(seq) for seq in sorted(table.where("deal_id", deal_id))]
    return [row for row in rows if table.is_live(row) and account.find("persons", row["person_id"])]


def join(account: Account, deal_id: int, person_id: int, user_id: int) -> Row | None:
    """Make a person a participant; None when they are one already."""
    if any(row["person_id"] == person_id for row in participants_of(account, deal_id)):
        return None
    return account.insert("participants", new_participant(deal_id, person_id, user_id), user_id)


@on_change
def _contact_person(
    account: Account, table: str, before: Row | None, after: Row | None, user_id: int
) -> None:
    """Add a new contact person of a deal to its participants."""
    if table != "deals" or after is None or after["person_id"] is None:
        return
    if before is None or before["person_id"] != after["person_id"]:
        if any(row["person_id"] == after["person_id"] for row in participants_of(account, after["id"])):
            return
        row = new_participant(after["id"], after["person_id"], user_id)
        kept = account.record("participants", {**row, "add_time": sql(account.clock.now)})
        _note(account, "participants", None, kept, user_id)


@on_change
def _note(account: Account, table: str, before: Row | None, after: Row | None, user_id: int) -> None:
    """Record every added and removed participant."""
    if table != "participants":
        return
    was, now = (
        (row["deal_id"], row["person_id"]) if row is not None and row["active_flag"] else None
        for row in (before, after)
    )
    for action, place in (("removed", was), ("added", now)):
        if place is not None and was != now:
            change = {"deal_id": place[0], "actor_user_id": user_id, "person_id": place[1]}
            account.record(
                "participant_changes", {**change, "action": action, "time": sql(account.clock.now)}
            )


def show(account: Account, row: Row) -> Row:
    """Return a participant with the v1 columns of the person and the deal."""
    person = account.require("persons", row["person_id"])
    deal = account.table("deals").get(row["deal_id"]) or {}
    owner = user_ref(account, row["added_by_user_id"])
    return {
        "id": row["id"],
        "person_id": as_value(person_ref(account, row["person_id"])),
        "add_time": moment(row["add_time"]),
        "active_flag": row["active_flag"],
        "related_item_data": {"deal_id": row["deal_id"], "title": deal.get("title")},
        "person": {**nested_person(account, person), "sync_needed": False},
        "added_by_user_id": None if owner is None else {**owner, "value": owner["id"]},
        "related_item_type": "deal",
        "related_item_id": row["deal_id"],
    }


def _relations(account: Account, rows: list[Row]) -> Row:
    persons = [account.require("persons", row["person_id"]) for row in rows]
    return related(
        account,
        user=[row["added_by_user_id"] for row in rows] + [person["owner_id"] for person in persons],
        person=[row["person_id"] for row in rows],
        organization=[person["org_id"] for person in persons],
    )


@handler("v1:getDealParticipants")
def list_participants(call: Call) -> Response:
    """Return the participants of a deal."""
    call.account.require("deals", call.path["id"])
    rows = participants_of(call.account, call.path["id"])
    start = call.query.get("start", 0)
    page = rows[start : start + call.query.get("limit", 100)]
    return offset_page(
        call.operation,
        [show(call.account, row) if row in page else row for row in rows],
        call.query,
        related_objects=trimmed(part(call.operation, "related_objects"), _relations(call.account, page)),
    )


@handler("v1:addDealParticipant")
def add_participant(call: Call) -> Response:
    """Return a new participant; an existing participant is rejected."""
    deal = call.account.require("deals", call.path["id"])
    if deal["is_archived"]:
        raise ApiError(403, "An archived deal cannot be edited; un-archive it first")
    call.account.refer("persons", call.body["person_id"], "person_id")
    row = join(call.account, deal["id"], call.body["person_id"], call.user_id)
    if row is None:
        raise ApiError(400, "The person already participates in this deal")
    relations = trimmed(part(call.operation, "related_objects"), _relations(call.account, [row]))
    return success(show(call.account, row), status=call.operation.status, related_objects=relations)


@handler("v1:deleteDealParticipant")
def delete_participant(call: Call) -> Response:
    """Delete a participant and return its id."""
    deal = call.account.require("deals", call.path["id"])
    row = call.account.require("participants", call.path["deal_participant_id"])
    if row["deal_id"] != deal["id"]:
        raise not_found("Participant")
    if deal["is_archived"]:
        raise ApiError(403, "An archived deal cannot be edited; un-archive it first")
    call.account.delete("participants", row["id"], call.user_id)
    return success({"id": row["id"]})


@handler("v1:getDealParticipantsChangelog")
def participants_changelog(call: Call) -> Response:
    """Return the added and removed participants, newest first."""
    call.account.require("deals", call.path["id"])
    table = call.account.table("participant_changes")
    rows = [table.row(seq) for seq in sorted(table.where("deal_id", call.path["id"]), reverse=True)]
    names = ("actor_user_id", "person_id", "action", "time")
    return listed_page([{name: row[name] for name in names} for row in rows], call.query)
