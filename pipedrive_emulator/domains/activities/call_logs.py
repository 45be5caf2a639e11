"""Call logs with their recordings, v1."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipedrive_emulator.account.clock import parse, rfc3339
from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Response, Row, done, invalid, success
from pipedrive_emulator.domains.activities.activities import defaults as activity_defaults
from pipedrive_emulator.domains.company.basics import COMPANY
from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.query.paging import offset_page

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account

SQL_TIME = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
REFERENCES = {
    "user_id": "users",
    "activity_id": "activities",
    "person_id": "persons",
    "org_id": "organizations",
    "deal_id": "deals",
    "lead_id": "leads",
}
# Columns that a call has from its activity.
TAKEN_OVER = ("person_id", "org_id", "deal_id", "lead_id")
DEFAULT_LIMIT = 50
AUDIO = ("mp3", "wav", "ogg", "oga", "m4a", "aac", "webm", "flac")

define_table(TableSpec(name="call_logs", label="Call log", key_kind="text", created="", updated=""))


def new_call_log(body: Row, user_id: int) -> Row:
    """Return the stored form of a call log."""
    return {
        "activity_id": None,
        "person_id": None,
        "org_id": None,
        "deal_id": None,
        "lead_id": None,
        "subject": None,
        "duration": None,
        "outcome": None,
        "from_phone_number": None,
        "to_phone_number": None,
        "has_recording": False,
        "start_time": None,
        "end_time": None,
        "user_id": user_id,
        "company_id": COMPANY["company_id"],
        "note": None,
        **body,
    }


def _checked(call: Call) -> Row:
    body = dict(call.body)
    for name, table in REFERENCES.items():
        if body.get(name) is not None:
            call.account.refer(table, body[name], name)
    activity = call.account.find("activities", body.get("activity_id"))
    if activity is not None and activity["type"] != "call":
        raise ApiError(400, "activity_id references an activity that is not a call")
    if body.get("deal_id") is not None and body.get("lead_id") is not None:
        raise ApiError(400, "A call belongs to a deal or to a lead, not to both")
    for name in ("start_time", "end_time"):
        if not SQL_TIME.match(body[name]):
            raise invalid(f"body.{name} must be YYYY-MM-DD HH:MM:SS")
        try:
            parse(body[name])
        except ValueError:
            raise invalid(f"body.{name} must be YYYY-MM-DD HH:MM:SS") from None
        body[name] = f"{body[name].replace(' ', 'T')}.000Z"
    if body["end_time"] < body["start_time"]:
        raise ApiError(400, "end_time must not be before start_time")
    if body.get("duration") is not None and not body["duration"].isdigit():
        raise invalid("body.duration must be seconds in text")
    return body


def _activity(call: Call, row: Row) -> int:
    """Create the activity of a call, marked as done."""
    person = row["person_id"]
    activity = {
        **activity_defaults(call),
        "subject": row["subject"] or "Call",
        "type": "call",
        "owner_id": row["user_id"],
        **{name: row[name] for name in ("person_id", "org_id", "deal_id", "lead_id", "note")},
        "participants": [] if person is None else [{"person_id": person, "primary": True}],
        "due_date": row["start_time"][:10],
        "due_time": row["start_time"][11:19],
        "done": True,
        "marked_as_done_time": f"{row['end_time'][:19]}Z",
    }
    return int(call.account.insert("activities", activity, call.user_id)["id"])


def _converted(call: Call, row: Row) -> Row:
    """Complete the activity of a new call log, and return the columns that the log takes from it."""
    activity = call.account.require("activities", row["activity_id"])
    told = {name: row[name] for name in ("subject", "note") if row[name] is not None}
    changes = {**told, "done": True, "marked_as_done_time": rfc3339(parse(row["end_time"]))}
    if activity["done"]:
        changes = told
    if any(activity[name] != value for name, value in changes.items()):
        call.account.update("activities", activity["id"], changes, call.user_id)
    return {"subject": activity["subject"], **told, **{name: activity[name] for name in TAKEN_OVER}}


@handler("v1:addCallLog")
def add_call_log(call: Call) -> Response:
    """Return a new call log, on the given activity or on a new one."""
    row = new_call_log(_checked(call), call.user_id)
    if row["activity_id"] is None:
        row["activity_id"] = _activity(call, row)
    else:
        row.update(_converted(call, row))
    _, number = call.account.table("call_logs").new_key()
    kept = call.account.insert("call_logs", {"id": f"CA{number:030x}", **row}, call.user_id)
    return success(kept, status=call.operation.status)


def _of_user(account: Account, user_id: int) -> list[Row]:
    rows = [row for row in account.table("call_logs").all() if row["user_id"] == user_id]
    return sorted(rows, key=lambda row: (row["start_time"], row["id"]), reverse=True)


@handler("v1:getUserCallLogs")
def list_call_logs(call: Call) -> Response:
    """Return the calls of the token's user, latest first."""
    query = {"limit": DEFAULT_LIMIT, **call.query}
    return offset_page(call.operation, _of_user(call.account, call.user_id), query)


@handler("v1:getCallLog")
def get_call_log(call: Call) -> Response:
    """Return one call log."""
    return success(call.account.require("call_logs", call.path["id"]))


@handler("v1:deleteCallLog")
def delete_call_log(call: Call) -> Response:
    """Delete a call log and its recording, not its activity; returns only success."""
    call.account.remove("call_logs", call.account.require("call_logs", call.path["id"])["id"], call.user_id)
    return done()


@handler("v1:addCallLogAudioFile")
def add_recording(call: Call) -> Response:
    """Store an audio file with the call, at most one; returns only success."""
    row = call.account.require("call_logs", call.path["id"])
    if row["has_recording"]:
        raise ApiError(409, "A recording for this call already exists")
    upload = call.uploads["file"]
    suffix = upload.file_name.rpartition(".")[2].lower()
    if not upload.content_type.startswith("audio/") and suffix not in AUDIO:
        raise invalid("file must be audio")
    call.account.blobs[f"call_logs:{row['id']}"] = upload.content
    call.account.update("call_logs", row["id"], {"has_recording": True}, call.user_id)
    return done()
