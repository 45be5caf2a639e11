"""Rows of flows, as recorded responses show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.domains.history.journal import as_text
from pipedrive_emulator.observed.core_rows import activity

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.api.http import Row

MAIL: Row = {
    "connection_type": "private",
    "expunged_flag": 0,
    "external_deleted_flag": 0,
    "group_sending_flag": 0,
    "in_reply_to": None,
    "last_replied_at": None,
    "mail_link_tracking_last_clicked_at": None,
    "mail_queue": [],
    "mail_signature_id": None,
    "sender_user_id": None,
    "team_admin_user_id": None,
    "wa_meta": None,
}
"""Further keys of messages."""


def shown(account: Account, row: Row) -> Row:
    """Return the `data` of a row of a flow, by the kind of its object."""
    kind, data = row["object"], row["data"]
    if kind.endswith("Change"):
        return {"data": _change(data)}
    if kind == "note":
        lead = account.table("leads").get(data["lead_id"])
        return {"data": {**data, "lead": None if lead is None else {"title": lead["title"]}}}
    if kind == "mailMessage":
        thread = account.table("mail_threads").get(data["mail_thread_id"]) or {}
        links = {name: thread.get(name) for name in ("deal_id", "lead_id", "project_id")}
        return {"data": {**data, **MAIL, **links}}
    if kind == "activity":
        whole = activity(account, account.require("activities", data["id"]))
        return {"data": {name: value for name, value in whole.items() if not name.startswith("location_")}}
    return {}


def _change(data: Row) -> Row:
    """Return a change with its origin, and its values as texts."""
    values = {name: as_text(data[name]) for name in ("old_value", "new_value")}
    return {**data, **values, "origin": data["change_source"], "origin_id": None}
