"""Files stored at Google Drive, v1: created or linked."""

from __future__ import annotations

from pipedrive_emulator.api.http import Response, invalid, success
from pipedrive_emulator.domains.files.files import file_row, show
from pipedrive_emulator.handlers.registry import Call, handler

PARENTS = {
    "deal": ("deal_id", "deals"),
    "person": ("person_id", "persons"),
    "organization": ("org_id", "organizations"),
}


def _keep(call: Call, name: str, kind: str, remote_id: str) -> Response:
    column, table = PARENTS[call.body["item_type"]]
    call.account.refer(table, call.body["item_id"], "item_id")
    row = file_row(name, 0, call.user_id, **{column: call.body["item_id"]})
    # The location has another name than in the request, as published.
    row.update({"file_type": kind, "file_name": "", "remote_location": "googledocs", "remote_id": remote_id})
    kept = call.account.insert("files", row, call.user_id)
    return success(show(call.account, kept), status=call.operation.status)


@handler("v1:addFileAndLinkIt")
def add_remote_file(call: Call) -> Response:
    """Return a new empty document at Google Drive, linked to a record."""
    if not call.body["title"].strip():
        raise invalid("form.title must not be empty")
    number = call.account.table("files").new_key()[1]
    return _keep(call, call.body["title"], call.body["file_type"], f"drive-{number}")


@handler("v1:linkFileToItem")
def link_remote_file(call: Call) -> Response:
    """Return an existing document at Google Drive, linked to a record."""
    if not call.body["remote_id"].strip():
        raise invalid("form.remote_id must not be empty")
    return _keep(call, call.body["remote_id"], "gdoc", call.body["remote_id"])
