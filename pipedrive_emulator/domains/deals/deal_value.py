"""Value of a deal from its products: sums of its lines, discounts, and recurring revenue per year.

Discounts apply to the undiscounted sum of the enabled lines with one-time billing; the result is not
negative. Yearly and monthly revenue are computed from the enabled recurring lines; the contract value is the
amount due within a year.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.account import Account, on_change
from pipedrive_emulator.api.http import ApiError, Row
from pipedrive_emulator.domains.products.products import ONE_TIME

if TYPE_CHECKING:
    from pipedrive_emulator.handlers.registry import Call

A_YEAR = {"annually": 1, "semi-annually": 2, "quarterly": 4, "monthly": 12, "weekly": 52}
MONTHS = 12
REVENUES = ("arr", "mrr", "acv")


def editable_deal(call: Call) -> Row:
    """Return the deal of a call; raises a 403 if it is archived."""
    deal = call.account.require("deals", call.path["id"])
    if deal["is_archived"]:
        raise ApiError(403, "An archived deal cannot be edited; un-archive it first")
    return deal


def line_sum(row: Row) -> float:
    """Return the sum of a line."""
    gross = row["item_price"] * row["quantity"]
    less = gross * row["discount"] / 100 if row["discount_type"] == "percentage" else row["discount"]
    net = gross - less
    if row["tax_method"] == "exclusive":
        net += net * row["tax"] / 100
    return float(round(net, 2))


def lines_of(account: Account, deal_id: int) -> list[Row]:
    """Return the lines of a deal, oldest first."""
    table = account.table("deal_products")
    return [table.row(seq) for seq in sorted(table.where("deal_id", deal_id))]


def _discounted(account: Account, deal_id: int, worth: float) -> float:
    table = account.table("discounts")
    rows = [table.row(seq) for seq in table.where("deal_id", deal_id)]
    less = sum(row["amount"] * (worth / 100 if row["type"] == "percentage" else 1) for row in rows)
    return float(max(worth - less, 0))


def settle(call: Call, deal_id: int) -> None:
    """Update the deal's value and revenues after a change of its lines or discounts; 0 without lines.

    Live accounts compute them with a delay.
    """
    account = call.account

    def act() -> None:
        if account.table("deals").get(deal_id) is None:
            return
        changes = worth_of(account, deal_id)
        if call.plan == "lite":
            changes.update(dict.fromkeys(REVENUES))
        account.update("deals", deal_id, changes, call.user_id)

    if account.afterwards.value_seconds:
        account.afterwards.add(("value", deal_id), act, seconds=account.afterwards.value_seconds)
    else:
        act()


def worth_of(account: Account, deal_id: int) -> Row:
    """Return the value and revenues of a deal by its lines; no revenues without lines."""
    rows = lines_of(account, deal_id)
    enabled = [row for row in rows if row["is_enabled"]]
    once = [row["sum"] for row in enabled if row["billing_frequency"] == ONE_TIME]
    recurring = [row for row in enabled if row["billing_frequency"] != ONE_TIME]
    worth = _discounted(account, deal_id, sum(once)) if once else 0
    value = round(worth + sum(row["sum"] for row in recurring), 2)
    return {"value": value, **(_revenues(recurring, worth) if rows else dict.fromkeys(REVENUES))}


def _revenues(recurring: list[Row], once: float) -> Row:
    times = [A_YEAR[row["billing_frequency"]] for row in recurring]
    yearly = sum(row["sum"] * each for row, each in zip(recurring, times, strict=True))
    due = sum(
        row["sum"] * min(each, row["billing_frequency_cycles"] or each)
        for row, each in zip(recurring, times, strict=True)
    )
    return {"arr": round(yearly, 2), "mrr": round(yearly / MONTHS, 2), "acv": round(once + due, 2)}


@on_change
def _follow(account: Account, table: str, before: Row | None, after: Row | None, user_id: int) -> None:
    """Set the name of lines to their product's, and their currency to their deal's."""
    if before is None or after is None:
        return
    for name, parent, column in (("name", "products", "product_id"), ("currency", "deals", "deal_id")):
        if table == parent and before[name] != after[name]:
            for seq in sorted(account.table("deal_products").where(column, after["id"])):
                account.update("deal_products", seq, {name: after[name]}, user_id, touch=False)
