"""Subscriptions of deals, removed from the API; enabled by `--legacy`."""

from __future__ import annotations

from pipedrive_emulator.account.clock import day
from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Response, Row, not_found, success
from pipedrive_emulator.handlers.registry import Call, handler

define_table(TableSpec(name="subscriptions", label="Subscription", times="sql"))
define_table(TableSpec(name="subscription_payments", label="Payment", times="sql"))


def new_subscription(*, deal_id: int, end_date: str | None, moment: str) -> Row:
    """Return the stored form of a subscription."""
    return {
        "user_id": 1,
        "deal_id": deal_id,
        "description": "Support plan — Wartung",
        "is_active": end_date is None,
        "cycles_count": 12,
        "cycle_amount": 99.5,
        "currency": "EUR",
        "infinite": end_date is None,
        "cadence_type": "monthly",
        "start_date": "2024-01-15",
        "end_date": end_date,
        "lifetime_value": 1194,
        "final_status": "open" if end_date is None else "won",
        "add_time": moment,
        "update_time": moment,
    }


def new_payment(subscription: Row, *, due_at: str, moment: str) -> Row:
    """Return the stored form of a payment of a subscription."""
    return {
        "subscription_id": subscription["id"],
        "deal_id": subscription["deal_id"],
        "is_active": True,
        "amount": subscription["cycle_amount"],
        "currency": subscription["currency"],
        "change_amount": 0,
        "due_at": due_at,
        "revenue_movement_type": "unchanged",
        "payment_type": "recurring",
        "description": None,
        "add_time": moment,
        "update_time": moment,
    }


@handler("v1:getSubscription")
def get(call: Call) -> Response:
    """Return one subscription."""
    return success(call.account.require("subscriptions", call.path["id"]))


@handler("v1:findSubscriptionByDeal")
def find(call: Call) -> Response:
    """Return the subscription of a deal; raises a 404 if it has no subscription."""
    table = call.account.table("subscriptions")
    for seq in sorted(table.where("deal_id", call.path["dealId"])):
        return success(table.row(seq))
    raise not_found("Subscription")


@handler("v1:getSubscriptionPayments")
def payments(call: Call) -> Response:
    """Return every payment of a subscription."""
    call.account.require("subscriptions", call.path["id"])
    table = call.account.table("subscription_payments")
    return success([table.row(seq) for seq in sorted(table.where("subscription_id", call.path["id"]))])


@handler("v1:cancelRecurringSubscription")
def cancel(call: Call) -> Response:
    """End a subscription on the given day, or today, and return it."""
    row = call.account.require("subscriptions", call.path["id"])
    if not row["is_active"]:
        raise ApiError(400, "The subscription has already ended")
    changes = {
        "end_date": call.body.get("end_date", day(call.account.clock.now)),
        "is_active": False,
        "infinite": False,
    }
    return success(call.account.update("subscriptions", row["id"], changes, call.user_id))


@handler("v1:deleteSubscription")
def delete(call: Call) -> Response:
    """Delete a subscription with its payments and return it."""
    row = call.account.require("subscriptions", call.path["id"])
    for seq in sorted(call.account.table("subscription_payments").where("subscription_id", row["id"])):
        call.account.remove("subscription_payments", seq, call.user_id)
    call.account.remove("subscriptions", row["id"], call.user_id)
    return success(row)
