"""Activities, v2."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipedrive_emulator.account.clock import day, rfc3339
from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Row, invalid
from pipedrive_emulator.domains.contacts.contacts import address
from pipedrive_emulator.handlers.resources import Resource, register

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipedrive_emulator.handlers.registry import Call

DATE = re.compile(r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")
TIME = re.compile(r"^\d\d:[0-5]\d(:[0-5]\d)?$")

define_table(
    TableSpec(
        name="activities", label="Activity", deleted=("is_deleted", True), hidden=frozenset({"attendees"})
    )
)


def _is_done(_: Call, wanted: bool) -> Callable[[Row], bool]:
    return lambda row: row["done"] is wanted


def _checked(call: Call, body: Row) -> Row:
    account, changes = call.account, dict(body)
    if "person_id" in body:
        raise ApiError(400, "person_id is read-only; send participants")
    if "type" in body:
        types = account.table("activity_types")
        if not any(types.is_live(types.row(seq)) for seq in types.where("key_string", body["type"])):
            raise invalid("body.type is not the key_string of an activity type")
    for name, pattern in (("due_date", DATE), ("due_time", TIME), ("duration", TIME)):
        if body.get(name) and not pattern.match(body[name]):
            raise invalid(f"body.{name} is malformed")
    for name in ("due_time", "duration"):
        if body.get(name):
            changes[name] = body[name] if body[name].count(":") > 1 else f"{body[name]}:00"
    if "location" in body:
        changes["location"] = address(body["location"])
    if "participants" in body:
        changes["participants"], changes["person_id"] = _participants(call, body["participants"])
    if "attendees" in body:
        changes["attendees"] = [_attendee(call, entry) for entry in body["attendees"]]
    return {**changes, **_hung_on(body)}


def _hung_on(body: Row) -> Row:
    """Return the changes with only a deal or a lead: setting one clears the other."""
    named = [name for name in ("deal_id", "lead_id") if body.get(name) is not None]
    if len(named) > 1:
        raise ApiError(400, "An activity belongs to a deal or to a lead, not to both")
    return {name: None for name in ("deal_id", "lead_id") if named and name not in named}


def _attendee(call: Call, entry: Row) -> Row:
    """Return the stored form of an attendee; persons and users are referenced."""
    call.account.refer("persons", entry.get("person_id"), "attendees.person_id")
    call.account.refer("users", entry.get("user_id"), "attendees.user_id")
    if not entry.get("email"):
        raise invalid("each attendee needs an email")
    return {
        "email": entry["email"],
        "name": entry.get("name", ""),
        "status": entry.get("status", "noreply"),
        "is_organizer": entry.get("is_organizer", False),
        "person_id": entry.get("person_id"),
        "user_id": entry.get("user_id"),
    }


def _participants(call: Call, entries: list[Row]) -> tuple[list[Row], int | None]:
    for entry in entries:
        if "person_id" not in entry:
            raise invalid("each participant needs a person_id")
        call.account.refer("persons", entry["person_id"], "participants.person_id")
    if len({entry["person_id"] for entry in entries}) != len(entries):
        raise invalid("body.participants contains a person twice")
    if sum(bool(entry.get("primary")) for entry in entries) > 1:
        raise invalid("body.participants has more than one primary entry")
    chosen = next((n for n, entry in enumerate(entries) if entry.get("primary")), 0)
    kept = [{"person_id": entry["person_id"], "primary": n == chosen} for n, entry in enumerate(entries)]
    return kept, kept[chosen]["person_id"] if kept else None


def _add(call: Call, row: Row) -> Row:
    full = {**row, **_checked(call, call.body)}
    if "subject" not in call.body:
        types = call.account.table("activity_types")
        full["subject"] = next(types.row(seq)["name"] for seq in types.where("key_string", full["type"]))
    if full["done"]:
        full["marked_as_done_time"] = rfc3339(call.account.clock.now)
    return full


def _update(call: Call, row: Row, body: Row) -> Row:
    changes = _checked(call, body)
    if changes.get("done", row["done"]) != row["done"]:
        changes["marked_as_done_time"] = rfc3339(call.account.clock.now) if changes["done"] else None
    return changes


def defaults(call: Call) -> Row:
    """Return the defaults of a new activity."""
    return {
        "subject": "Call",
        "type": "call",
        "owner_id": call.user_id,
        "creator_user_id": call.user_id,
        "is_deleted": False,
        "add_time": None,
        "update_time": None,
        "deal_id": None,
        "lead_id": None,
        "person_id": None,
        "org_id": None,
        "project_id": None,
        "due_date": day(call.account.clock.now),
        "due_time": None,
        "duration": None,
        "busy": False,
        "done": False,
        "marked_as_done_time": None,
        "location": None,
        "participants": [],
        "attendees": [],
        "conference_meeting_client": None,
        "conference_meeting_url": None,
        "conference_meeting_id": None,
        "public_description": None,
        "priority": None,
        "note": None,
        "outcome": None,
    }


register(
    Resource(
        table="activities",
        operations={
            "list": "v2:getActivities",
            "get": "v2:getActivity",
            "add": "v2:addActivity",
            "update": "v2:updateActivity",
            "delete": "v2:deleteActivity",
        },
        tests={"done": _is_done},
        references={
            "owner_id": "users",
            "deal_id": "deals",
            "lead_id": "leads",
            "org_id": "organizations",
            "project_id": "projects",
        },
        defaults=defaults,
        on_add=_add,
        on_update=_update,
        extras=lambda _, row, names: {name: row.get(name) or [] for name in names},
        filter_type="activity",
    )
)
