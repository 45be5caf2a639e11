"""Products, v2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Row, invalid
from pipedrive_emulator.domains.deals.deals import check_currency, default_currency
from pipedrive_emulator.domains.users.roles import default_visibility
from pipedrive_emulator.handlers.resources import Resource, register

if TYPE_CHECKING:
    from pipedrive_emulator.handlers.registry import Call

MAX_CYCLES = 208
ONE_TIME = "one-time"

define_table(TableSpec(name="products", label="Product", deleted=("is_deleted", True)))


BILLING = ("billing_frequency", "billing_frequency_cycles", "billing_start_date")


def check_plan(call: Call, body: Row) -> None:
    """Reject values that plans below Growth do not have; default values are accepted in all plans."""
    silent = (None, ONE_TIME)
    if call.plan == "lite" and any(body.get(name) not in silent for name in BILLING):
        raise ApiError(403, "Billing frequencies are not part of this plan", code="feature_off")


def check_billing(row: Row) -> None:
    """Reject cycles that do not match the frequency."""
    frequency, cycles = row.get("billing_frequency", ONE_TIME), row.get("billing_frequency_cycles")
    if frequency == ONE_TIME and cycles is not None:
        raise ApiError(400, "billing_frequency_cycles must be null for one-time billing")
    if frequency == "weekly" and cycles is None:
        raise ApiError(400, "billing_frequency_cycles is needed for weekly billing")
    if cycles is not None and not 1 <= cycles <= MAX_CYCLES:
        raise ApiError(400, f"billing_frequency_cycles must be between 1 and {MAX_CYCLES}")


def _product(call: Call, row: Row, body: Row) -> Row:
    """Return the stored form of a product's body; `row` is the row it changes."""
    changes = dict(body)
    if "name" in body and not body["name"].strip():
        raise invalid("body.name must not be empty")
    if "prices" in body:
        codes = [price["currency"] for price in body["prices"]]
        if len(set(codes)) != len(codes):
            raise ApiError(400, "one price per currency")
        for code in codes:
            check_currency(call.account, code)
        changes["prices"] = [full_price(row.get("id"), price) for price in body["prices"]]
    if "category" in body:
        changes["category"] = None if body["category"] is None else str(body["category"])
    check_plan(call, body)
    check_billing({**row, **changes})
    return changes


def full_price(product_id: int | None, price: Row) -> Row:
    """Return the stored form of a price."""
    base = {"price": 0, "cost": 0, "direct_cost": None, "notes": ""}
    return {"product_id": product_id, "currency": price["currency"], **base, **price}


def _add(call: Call, row: Row) -> Row:
    full = {**row, **_product(call, row, {name: row[name] for name in call.body if name in row})}
    _, number = call.account.table("products").new_key()
    given = full["prices"]
    if "prices" not in call.body:
        given = [full_price(number, {"currency": default_currency(call.account, call.user_id)})]
    full["prices"] = [{**price, "product_id": number} for price in given]
    return full


def product_defaults(call: Call) -> Row:
    """Return the defaults of a new product."""
    return {
        "name": "",
        "code": None,
        "description": None,
        "unit": None,
        "tax": 0,
        "category": None,
        "is_linkable": True,
        "is_deleted": False,
        "visible_to": default_visibility(call.account, call.user_id, "product"),
        "owner_id": call.user_id,
        "add_time": None,
        "update_time": None,
        "billing_frequency": ONE_TIME,
        "billing_frequency_cycles": None,
        "prices": [],
        "custom_fields": {},
    }


register(
    Resource(
        table="products",
        operations={
            "list": "v2:getProducts",
            "get": "v2:getProduct",
            "add": "v2:addProduct",
            "update": "v2:updateProduct",
            "delete": "v2:deleteProduct",
        },
        required=("name",),
        references={"owner_id": "users"},
        defaults=product_defaults,
        on_add=_add,
        on_update=_product,
        filter_type="products",
    )
)
