"""Comments on notes, v1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import Response, Row, invalid, not_found, success
from pipedrive_emulator.domains.company.basics import COMPANY
from pipedrive_emulator.domains.notes.notes import MAX_CONTENT, SCRIPT
from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.query.paging import offset_page

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account

TABLE = "note_comments"

define_table(
    TableSpec(
        name=TABLE,
        label="Comment",
        key="uuid",
        key_kind="uuid",
        times="millis",
        deleted=("active_flag", False),
    )
)


def new_comment(note_id: int, content: str, user_id: int) -> Row:
    """Return the stored form of a comment."""
    return {
        "active_flag": True,
        "add_time": None,
        "update_time": None,
        "content": content,
        "object_id": str(note_id),
        "object_type": "note",
        "user_id": user_id,
        "updater_id": user_id,
        "company_id": COMPANY["company_id"],
    }


def comments_of(account: Account, note_id: int) -> list[Row]:
    """Return the comments of a note, oldest first."""
    table = account.table(TABLE)
    rows = [table.row(seq) for seq in sorted(table.where("object_id", str(note_id)))]
    return [row for row in rows if table.is_live(row)]


def _content(call: Call) -> str:
    content = SCRIPT.sub("", call.body["content"])
    if not 0 < len(content) <= MAX_CONTENT:
        raise invalid(f"body.content must contain 1 to {MAX_CONTENT} characters")
    return content


def _comment(call: Call) -> Row:
    call.account.require("notes", call.path["id"])
    row = call.account.require(TABLE, call.path["commentId"])
    if row["object_id"] != str(call.path["id"]):
        raise not_found("Comment")
    return row


@handler("v1:getNoteComments")
def list_comments(call: Call) -> Response:
    """Return the comments of a note."""
    call.account.require("notes", call.path["id"])
    return offset_page(call.operation, comments_of(call.account, call.path["id"]), call.query)


@handler("v1:getComment")
def get_comment(call: Call) -> Response:
    """Return one comment."""
    return success(_comment(call))


@handler("v1:addNoteComment")
def add_comment(call: Call) -> Response:
    """Return a new comment."""
    note = call.account.require("notes", call.path["id"])
    row = new_comment(note["id"], _content(call), call.user_id)
    return success(call.account.insert(TABLE, row, call.user_id), status=call.operation.status)


@handler("v1:updateCommentForNote")
def update_comment(call: Call) -> Response:
    """Update a comment and return it."""
    row, content = _comment(call), _content(call)
    if content != row["content"]:
        changes = {"content": content, "updater_id": call.user_id}
        row = call.account.update(TABLE, row["uuid"], changes, call.user_id)
    return success(row)


@handler("v1:deleteComment")
def delete_comment(call: Call) -> Response:
    """Delete a comment; returns true instead of an id."""
    call.account.delete(TABLE, _comment(call)["uuid"], call.user_id)
    return success(True)  # noqa: FBT003 - the published response
