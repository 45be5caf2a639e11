"""The mailbox of the token's user, and the mail on deals, persons and organizations, v1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.blobs import address
from pipedrive_emulator.api.http import ApiError, Response, Row, not_found, success
from pipedrive_emulator.domains.company.basics import COMPANY
from pipedrive_emulator.domains.files import files
from pipedrive_emulator.domains.mail.mail_links import messages_of
from pipedrive_emulator.domains.shared.related_v1 import moment
from pipedrive_emulator.handlers.registry import Call, Handler, handler
from pipedrive_emulator.query.paging import offset_page

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account

PARTIES = ("from", "to", "cc", "bcc")
PARTY = ("id", "email_address", "name", "linked_person_id", "linked_person_name", "mail_message_party_id")
INTERNAL = ("body",)
TEMPLATE = 1
FLAGS = ("shared_flag", "read_flag", "archived_flag")


def _party(account: Account, party: Row) -> Row:
    person = account.table("persons").get(party["linked_person_id"])
    return {**party, "linked_person_name": None if person is None else person["name"]}


def in_thread(account: Account, row: Row) -> Row:
    """Return a message in the list of its thread, with the most detailed parties."""
    shown = {name: value for name, value in row.items() if name not in INTERNAL}
    shown.update({name: [_party(account, party) for party in row[name]] for name in PARTIES})
    shown["body_url"] = address(account, "mail_messages", row["id"], "body.html")
    return shown


def show_message(account: Account, row: Row, *, body: bool = False) -> Row:
    """Return a message; its body only on request."""
    shown = in_thread(account, row)
    for side in PARTIES:
        shown[side] = [{name: party[name] for name in PARTY} for party in shown[side]]
    return {**shown, "body": row["body"]} if body else shown


def show_thread(account: Account, row: Row) -> Row:
    """Return a thread with the state of its deal."""
    parties = {side: [_party(account, party) for party in found] for side, found in row["parties"].items()}
    deal = account.table("deals").get(row["deal_id"])
    return {**row, "parties": parties, "deal_status": None if deal is None else deal["status"]}


def in_list(account: Account, row: Row, *, body: bool = False) -> Row:
    """Return a message in the form of the lists of a deal, person or organization."""
    more: Row = {
        "nylas_id": f"n{row['id']}",
        "s3_bucket": "",
        "s3_bucket_path": "",
        "external_deleted_flag": False,
        "mua_message_id": f"{row['id']}@mail.example",
        "template_id": TEMPLATE if row["sent_from_pipedrive_flag"] else None,
        "item_type": "mailMessage",
        "timestamp": row["message_time"],
        "company_id": COMPANY["company_id"],
    }
    return {
        "object": "mailMessage",
        "timestamp": moment(row["message_time"]),
        "data": {**show_message(account, row, body=body), **more},
    }


def in_flow(account: Account, row: Row) -> Row:
    """Return a message in the form of flows: with its attachments, if it has any."""
    shown = in_list(account, row)
    if row["has_attachments_flag"]:
        kept = account.table("files")
        found = kept.where("mail_message_id", str(row["id"]))
        shown["data"]["attachments"] = [files.show(account, kept.row(seq)) for seq in sorted(found)]
    return shown


def _on(table: str) -> Handler:
    def listed(call: Call) -> Response:
        call.account.require(table, call.path["id"])
        body = call.query.get("include_body") == 1
        rows = messages_of(call.account, table, call.path["id"])
        return offset_page(
            call.operation, [in_list(call.account, row, body=body) for row in rows], call.query
        )

    return listed


for _table, _word in (("deals", "Deal"), ("persons", "Person"), ("organizations", "Organization")):
    handler(f"v1:get{_word}MailMessages")(_on(_table))


def _thread(call: Call) -> Row:
    row = call.account.require("mail_threads", call.path["id"])
    if row["user_id"] != call.user_id:
        raise not_found("Mail thread")
    return row


def _served(payload: object) -> Response:
    """Return a response with the additional status of the mail service."""
    return success(payload, statusCode=2000, statusText="Success", service="email-api")


def _in_folder(row: Row, folder: str) -> bool:
    if folder == "archive" or row["archived_flag"]:
        return folder == "archive" and bool(row["archived_flag"])
    return folder in row["folders"]


@handler("v1:getMailThreads")
def list_threads(call: Call) -> Response:
    """Return the threads of a folder of the token's user, newest message first."""
    rows = [
        row
        for row in call.account.table("mail_threads").live()
        if row["user_id"] == call.user_id and _in_folder(row, call.query["folder"])
    ]
    rows.sort(key=lambda row: (row["last_message_timestamp"], row["id"]), reverse=True)
    start, limit = call.query.get("start", 0), call.query.get("limit", 100)
    shown = [show_thread(call.account, row) for row in rows[start : start + limit]]
    return success(shown or None)


@handler("v1:getMailThread")
def get_thread(call: Call) -> Response:
    """Return one thread."""
    return success(show_thread(call.account, _thread(call)))


@handler("v1:getMailThreadMessages")
def list_messages(call: Call) -> Response:
    """Return every message of a thread, oldest first."""
    thread, table = _thread(call), call.account.table("mail_messages")
    rows = [table.row(seq) for seq in sorted(table.where("mail_thread_id", thread["id"]))]
    return success([in_thread(call.account, row) for row in rows if table.is_live(row)])


@handler("v1:getMailMessage")
def get_message(call: Call) -> Response:
    """Return one message."""
    row = call.account.require("mail_messages", call.path["id"])
    thread = call.account.require("mail_threads", row["mail_thread_id"])
    if row["user_id"] != call.user_id and not thread["shared_flag"]:
        raise not_found("Mail message")
    body = call.query.get("include_body") == 1
    return _served(show_message(call.account, row, body=body))


@handler("v1:updateMailThreadDetails")
def update_thread(call: Call) -> Response:
    """Link a thread to a deal or a lead, share, read or archive it; returns the thread."""
    row, changes = _thread(call), dict(call.body)
    for name, table, other in (("deal_id", "deals", "lead_id"), ("lead_id", "leads", "deal_id")):
        if changes.get(name) is not None:
            call.account.refer(table, changes[name], name)
            if changes.get(other) is not None:
                raise ApiError(400, "A thread belongs to a deal or to a lead, not to both")
            changes.setdefault(other, None)
    if changes.get("archived_flag") and "inbox" not in row["folders"]:
        raise ApiError(400, "Only threads of the inbox can be archived")
    if any(row[name] != value for name, value in changes.items()):
        changes["version"] = row["version"] + 1
        row = call.account.update("mail_threads", row["id"], changes, call.user_id)
    return success(show_thread(call.account, row))


@handler("v1:deleteMailThread")
def delete_thread(call: Call) -> Response:
    """Delete a thread and return its id, with its messages."""
    row = _thread(call)
    call.account.delete("mail_threads", row["id"], call.user_id)
    return _served({"id": row["id"]})
