"""Activities in the v1 form, which some v1 lists still return."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.custom_fields import ADDRESS_PARTS
from pipedrive_emulator.account.shapes import part, trimmed
from pipedrive_emulator.api.http import Response, Row, success
from pipedrive_emulator.domains.company.basics import COMPANY
from pipedrive_emulator.handlers.registry import Call, handler

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account

SAME = (
    "id",
    "subject",
    "type",
    "done",
    "due_date",
    "deal_id",
    "lead_id",
    "person_id",
    "org_id",
    "project_id",
    "public_description",
    "conference_meeting_client",
    "conference_meeting_url",
    "conference_meeting_id",
    "note",
)


# Columns of calendars, reminders and recurrence, which the emulator does not have.
UNUSED: Row = {
    "reference_type": None,
    "reference_id": None,
    "last_notification_time": None,
    "last_notification_user_id": None,
    "notification_language_id": None,
    "calendar_sync_include_context": None,
    "gcal_event_id": None,
    "google_calendar_id": None,
    "google_calendar_etag": None,
    "rec_rule": None,
    "rec_rule_extension": None,
    "rec_master_activity_id": None,
    "series": [],
    "file": None,
}


def _attendee(row: Row) -> Row:
    shown = {name: row[name] for name in ("name", "person_id", "status", "user_id")}
    return {**shown, "email_address": row["email"], "is_organizer": int(bool(row["is_organizer"]))}


def _named(account: Account, table: str, key: object, name: str = "name") -> str | None:
    row = account.table(table).get(key)
    return None if row is None else row[name]


def show(account: Account, row: Row) -> Row:
    """Return an activity in the v1 form: flags, minutes, and the parts of the location at the top level."""
    place = row["location"] or {}
    mailbox = f"{COMPANY['company_domain']}@pipedrivemail.com"
    deal = row["deal_id"]
    return {
        **UNUSED,
        **{name: row[name] for name in SAME},
        "company_id": COMPANY["company_id"],
        "user_id": row["owner_id"],
        "created_by_user_id": row["creator_user_id"],
        "update_user_id": row["owner_id"],
        "busy_flag": row["busy"],
        "active_flag": not row["is_deleted"],
        "due_time": (row["due_time"] or "")[:5],
        "duration": (row["duration"] or "")[:5],
        "source_timezone": "",
        **{name: _plain(row[name]) for name in ("add_time", "update_time", "marked_as_done_time")},
        "location": place.get("value"),
        "location_formatted_address": place.get("value"),
        **{f"location_{part}": place.get(part) for part in ADDRESS_PARTS},
        "attendees": [_attendee(entry) for entry in row["attendees"] or ()],
        "participants": [
            {"person_id": entry["person_id"], "primary_flag": entry["primary"]}
            for entry in row["participants"]
        ],
        "org_name": _named(account, "organizations", row["org_id"]),
        "person_name": _named(account, "persons", row["person_id"]),
        "deal_title": _named(account, "deals", deal, "title"),
        "owner_name": _named(account, "users", row["owner_id"]),
        "person_dropbox_bcc": mailbox,
        "deal_dropbox_bcc": None if deal is None else mailbox.replace("@", f"+deal{deal}@"),
        "assigned_to_user_id": row["owner_id"],
    }


def _plain(text: str | None) -> str:
    return "" if text is None else text.replace("T", " ")[:19]


@handler("v1:getProjectActivities")
def of_project(call: Call) -> Response:
    """Return every activity of a project."""
    call.account.require("projects", call.path["id"])
    table = call.account.table("activities")
    rows = [table.row(seq) for seq in sorted(table.where("project_id", call.path["id"]))]
    shape = part(call.operation, "data", "[]")
    return success([trimmed(shape, show(call.account, row)) for row in rows if table.is_live(row)])
