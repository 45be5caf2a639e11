"""Messaging channels, removed from the API; enabled by `--legacy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Response, done, not_found, success
from pipedrive_emulator.domains.company.basics import COMPANY
from pipedrive_emulator.handlers.registry import Call, handler

if TYPE_CHECKING:
    from pipedrive_emulator.api.http import Row

define_table(
    TableSpec(
        name="channels", label="Channel", key_kind="uuid", times="sql", created="created_at", updated=""
    )
)
define_table(TableSpec(name="channel_messages", label="Message", key_kind="text", created="", updated=""))


@handler("v1:addChannel")
def add(call: Call) -> Response:
    """Return a new channel."""
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


def _drop(call: Call, channel: Row, conversation_id: str | None = None) -> int:
    """Remove the messages of a channel, or of one of its conversations; returns their number."""
    table = call.account.table("channel_messages")
    seqs = table.where("channel_id", channel["id"]) | table.where(
        "channel_id", channel["provider_channel_id"]
    )
    if conversation_id is not None:
        seqs &= table.where("conversation_id", conversation_id)
    for seq in sorted(seqs):
        call.account.remove("channel_messages", table.row(seq)["id"], call.user_id)
    return len(seqs)


@handler("v1:deleteChannel")
def delete(call: Call) -> Response:
    """Delete the channel and its messages; returns no data."""
    _drop(call, call.account.require("channels", call.path["id"]))
    call.account.delete("channels", call.path["id"], call.user_id)
    return done()


@handler("v1:receiveMessage")
def receive(call: Call) -> Response:
    """Store a message in its conversation and return it."""
    body: Row = call.body
    # Published: the provider's id of the channel; its own id is accepted too.
    if not call.account.table("channels").where("provider_channel_id", body["channel_id"]):
        call.account.refer("channels", body["channel_id"], "channel_id")
    if call.account.find("channel_messages", body["id"]) is not None:
        raise ApiError(400, "A message with this id exists")
    return success(
        call.account.insert("channel_messages", dict(body), call.user_id), status=call.operation.status
    )


@handler("v1:deleteConversation")
def delete_conversation(call: Call) -> Response:
    """Delete the messages of the conversation; returns no data."""
    channel = call.account.require("channels", call.path["channel-id"])
    if not _drop(call, channel, call.path["conversation-id"]):
        raise not_found("Conversation")
    return done()
