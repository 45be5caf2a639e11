"""Messaging channels; the API removed them, so they answer only where the removed parts are switched on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.domains.basics import COMPANY
from pipedrive_emulator.http import Answer, ApiError, done, not_found, success
from pipedrive_emulator.registry import Call, handler
from pipedrive_emulator.store import TableSpec, define_table

if TYPE_CHECKING:
    from pipedrive_emulator.http import Row

define_table(
    TableSpec(
        name="channels", label="Channel", key_kind="uuid", times="sql", created="created_at", updated=""
    )
)
define_table(TableSpec(name="channel_messages", label="Message", key_kind="text", created="", updated=""))


@handler("v1:addChannel")
def add(call: Call) -> Answer:
    """A new channel."""
    channels = call.account.table("channels")
    if channels.where("provider_channel_id", call.body["provider_channel_id"]):
        raise ApiError(400, "A channel with this provider_channel_id exists")
    row = {
        "avatar_url": None,
        "template_support": False,
        "provider_type": "other",
        **call.body,
        "marketplace_client_id": "emulator",
        "pd_company_id": COMPANY["company_id"],
        "pd_user_id": call.user_id,
        "created_at": None,
    }
    return success(call.account.insert("channels", row, call.user_id), status=call.operation.status)


def _drop(call: Call, name: str, value: str) -> int:
    """Take the messages of a channel or conversation out."""
    table = call.account.table("channel_messages")
    seqs = sorted(table.where(name, value))
    for seq in seqs:
        call.account.remove("channel_messages", table.row(seq)["id"], call.user_id)
    return len(seqs)


@handler("v1:deleteChannel")
def delete(call: Call) -> Answer:
    """No data: the channel and its messages are gone."""
    call.account.require("channels", call.path["id"])
    _drop(call, "channel_id", call.path["id"])
    call.account.delete("channels", call.path["id"], call.user_id)
    return done()


@handler("v1:receiveMessage")
def receive(call: Call) -> Answer:
    """A message kept in its conversation."""
    body: Row = call.body
    call.account.refer("channels", body["channel_id"], "channel_id")
    if call.account.find("channel_messages", body["id"]) is not None:
        raise ApiError(400, "A message with this id exists")
    return success(
        call.account.insert("channel_messages", dict(body), call.user_id), status=call.operation.status
    )


@handler("v1:deleteConversation")
def delete_conversation(call: Call) -> Answer:
    """No data: the messages of the conversation are gone."""
    call.account.require("channels", call.path["channel-id"])
    table = call.account.table("channel_messages")
    seqs = table.where("conversation_id", call.path["conversation-id"])
    if not any(table.row(seq)["channel_id"] == call.path["channel-id"] for seq in seqs):
        raise not_found("Conversation")
    _drop(call, "conversation_id", call.path["conversation-id"])
    return done()
