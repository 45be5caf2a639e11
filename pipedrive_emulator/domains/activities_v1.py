"""Activities in the shape of v1, which some v1 lists still show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.customs import ADDRESS_PARTS
from pipedrive_emulator.domains.basics import COMPANY
from pipedrive_emulator.http import Answer, Row, success
from pipedrive_emulator.registry import Call, handler

if TYPE_CHECKING:
    from pipedrive_emulator.account import Account

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


def show(_: Account, row: Row) -> Row:
    """An activity as v1 shows it: flags, minutes, and the parts of the location at the top level."""
    place = row["location"] or {}
    return {
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
    }


def _plain(text: str | None) -> str:
    return "" if text is None else text.replace("T", " ")[:19]


@handler("v1:getProjectActivities")
def of_project(call: Call) -> Answer:
    """Every activity of a project."""
    call.account.require("projects", call.path["id"])
    table = call.account.table("activities")
    rows = [table.row(seq) for seq in sorted(table.where("project_id", call.path["id"]))]
    return success([show(call.account, row) for row in rows if table.is_live(row)])
