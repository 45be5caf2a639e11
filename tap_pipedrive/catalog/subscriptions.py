"""Subscriptions on deals, which Pipedrive removed in 2025.

Their columns are those of the last published client; nothing published describes them any more.
"""

from __future__ import annotations

from datetime import date

from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Read, StreamSpec

_REMOVED = date(2025, 6, 27)
_SUBSCRIPTION = """
    id! user_id deal_id description is_active cycles_count cycle_amount currency infinite cadence_type
    start_date end_date lifetime_value final_status add_time update_time
"""
_NOTE = "Use recurring products (billing_frequency) and deal_installments instead."

STREAMS = (
    StreamSpec(
        name="subscriptions",
        summary="Subscriptions by their ids.",
        reads=(Read("getSubscription", "/v1/subscriptions/{id}", 20),),
        schema=columns(_SUBSCRIPTION, of="subscriptions"),
        selected_by_default=False,
        settings=("record_ids",),
        removed_on=_REMOVED,
        notes=_NOTE,
    ),
    StreamSpec(
        name="deal_subscriptions",
        summary="Subscriptions by the ids of their deals.",
        reads=(Read("findSubscriptionByDeal", "/v1/subscriptions/find/{deal_id}", 20),),
        schema=columns(_SUBSCRIPTION, of="subscriptions"),
        selected_by_default=False,
        settings=("record_ids",),
        removed_on=_REMOVED,
        notes=_NOTE,
    ),
    StreamSpec(
        name="subscription_payments",
        summary="Payments of subscriptions, requested by subscription id.",
        reads=(Read("getSubscriptionPayments", "/v1/subscriptions/{subscription_id}/payments", 20),),
        schema=columns(
            """
            id! subscription_id deal_id is_active amount currency change_amount due_at payment_type
            description revenue_movement_type add_time update_time
            """,
            of="subscriptions",
        ),
        selected_by_default=False,
        settings=("record_ids",),
        removed_on=_REMOVED,
        notes=_NOTE,
    ),
)
