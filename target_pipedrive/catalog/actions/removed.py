"""Actions that Pipedrive removed: performed on demand, with a warning."""

from __future__ import annotations

from datetime import date

from target_pipedrive.catalog.spec import ActionSpec, Verb

_CHANNELS = date(2026, 2, 1)
_SUBSCRIPTIONS = date(2025, 6, 27)
_NOTHING = "nothing; Pipedrive named no successor"
_BILLING = "billing_frequency of deal products, or deal installments"

ACTIONS = (
    ActionSpec(
        name="add_channel",
        operation="addChannel",
        method="POST",
        path="/v1/channels",
        cost=10,
        entity="channels",
        verb=Verb.ADD,
        body="""
            name! provider_channel_id!:str avatar_url template_support:bool
            provider_type=facebook|whatsapp|other
        """,
        removed_on=_CHANNELS,
        instead=_NOTHING,
    ),
    ActionSpec(
        name="delete_channel",
        operation="deleteChannel",
        method="DELETE",
        path="/v1/channels/{id}",
        cost=6,
        entity="channels",
        verb=Verb.DELETE,
        silent=True,
        keys="id:str",
        removed_on=_CHANNELS,
        instead=_NOTHING,
    ),
    ActionSpec(
        name="receive_message",
        operation="receiveMessage",
        method="POST",
        path="/v1/channels/messages/receive",
        cost=10,
        entity="channel_messages",
        verb=Verb.OTHER,
        body="""
            id!:str channel_id!:str sender_id!:str conversation_id!:str message!
            status!=sent|delivered|read|failed created_at!:minute reply_by:minute conversation_link
            attachments:[{id!:str type! name size:num url! preview_url link_expires:bool}]
        """,
        removed_on=_CHANNELS,
        instead=_NOTHING,
    ),
    ActionSpec(
        name="delete_conversation",
        operation="deleteConversation",
        method="DELETE",
        path="/v1/channels/{channel_id}/conversations/{conversation_id}",
        cost=6,
        entity="channel_conversations",
        verb=Verb.DELETE,
        silent=True,
        keys="channel_id:str conversation_id:str",
        removed_on=_CHANNELS,
        instead=_NOTHING,
    ),
    ActionSpec(
        name="delete_subscription",
        operation="deleteSubscription",
        method="DELETE",
        path="/v1/subscriptions/{id}",
        cost=6,
        entity="subscriptions",
        verb=Verb.DELETE,
        removed_on=_SUBSCRIPTIONS,
        instead=_BILLING,
    ),
    ActionSpec(
        name="cancel_recurring_subscription",
        operation="cancelRecurringSubscription",
        method="PUT",
        path="/v1/subscriptions/recurring/{id}/cancel",
        cost=10,
        entity="subscriptions",
        verb=Verb.UPDATE,
        body="end_date:date",
        removed_on=_SUBSCRIPTIONS,
        instead=_BILLING,
    ),
)
