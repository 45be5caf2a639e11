"""Products attached to deals, v2."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipedrive_emulator.account.clock import DAY_SECONDS, day
from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Response, Row, invalid, success
from pipedrive_emulator.domains.deals.deal_value import editable_deal, line_sum, lines_of, settle
from pipedrive_emulator.domains.products.products import ONE_TIME, check_billing, check_plan
from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.handlers.resources import Resource, register

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account

MAX_RECURRING = 20
MAX_BULK = 100
PER_CENT = 100
TEN_YEARS = 3_652 * DAY_SECONDS

define_table(TableSpec(name="deal_products", label="Deal product"))


def _new_line(account: Account, deal: Row, body: Row) -> Row:
    """Return a new attachment before it is checked."""
    product = account.find("products", body["product_id"])
    if product is None:
        raise ApiError(400, "product_id references a product that does not exist")
    return {
        "sum": 0,
        "tax": product["tax"],
        "deal_id": deal["id"],
        "name": product["name"],
        "product_id": product["id"],
        "product_variation_id": None,
        "order_nr": 0,
        "add_time": None,
        "update_time": None,
        "comments": "",
        "currency": deal["currency"],
        "discount": 0,
        "quantity": 1,
        "item_price": 0,
        "tax_method": "exclusive",
        "discount_type": "percentage",
        "is_enabled": True,
        "billing_frequency": ONE_TIME,
        "billing_frequency_cycles": None,
        "billing_start_date": None,
        **body,
    }


def _check_product(account: Account, row: Row, body: Row) -> None:
    """Check that the product can be added and the variation is its own; unchanged values are valid."""
    if "product_id" in body:
        account.refer("products", row["product_id"], "product_id")
        if not account.require("products", row["product_id"])["is_linkable"]:
            raise ApiError(400, "product_id references a product that cannot be added to deals")
    if row["product_variation_id"] is not None and {"product_id", "product_variation_id"} & set(body):
        variation = account.find("product_variations", row["product_variation_id"])
        if variation is None or variation["product_id"] != row["product_id"]:
            raise ApiError(400, "product_variation_id is not a variation of the product")


def _check_line(call: Call, row: Row, body: Row) -> None:
    _check_product(call.account, row, body)
    check_plan(call, body)
    check_billing(row)
    if row["quantity"] <= 0:
        raise ApiError(400, "quantity must be above 0")
    if row["discount"] < 0 or (row["discount_type"] == "percentage" and row["discount"] > PER_CENT):
        raise ApiError(400, "discount must not be below 0, nor a percentage above 100")
    start, now = body.get("billing_start_date"), call.account.clock.now
    if start is not None and not day(now - TEN_YEARS) <= start <= day(now + TEN_YEARS):
        raise ApiError(400, "billing_start_date must be within ten years")


def _check_lines(call: Call, deal_id: int, rows: list[Row]) -> None:
    """Check all lines of a deal before a write: few recurring ones, and none with installments."""
    recurring = [row for row in rows if row["billing_frequency"] != ONE_TIME]
    if len(recurring) > MAX_RECURRING:
        raise ApiError(400, f"a deal can have at most {MAX_RECURRING} recurring products")
    if not call.account.table("installments").where("deal_id", deal_id):
        return
    if recurring:
        raise ApiError(400, "A deal with installments cannot have recurring products")
    if not any(row["is_enabled"] for row in rows):
        raise ApiError(400, "A deal with installments needs an enabled product")


def _add_lines(call: Call, bodies: list[Row]) -> list[Row]:
    deal = editable_deal(call)
    held = lines_of(call.account, deal["id"])
    # All lines are checked before the first is stored: all or nothing.
    fresh = [_new_line(call.account, deal, body) for body in bodies]
    for row, body in zip(fresh, bodies, strict=True):
        _check_line(call, row, body)
    _check_lines(call, deal["id"], [*held, *fresh])
    given = [body["tax_method"] for body in bodies if "tax_method" in body]
    method = given[-1] if given else next((row["tax_method"] for row in held), "exclusive")
    last = max((row["order_nr"] for row in held), default=0)
    kept = []
    for place, row in enumerate(fresh, last + 1):
        full = {**row, "order_nr": place, "tax_method": method}
        kept.append(call.account.insert("deal_products", {**full, "sum": line_sum(full)}, call.user_id)["id"])
    _spread_tax_method(call, deal["id"], method)
    settle(call, deal["id"])
    return [call.account.require("deal_products", number) for number in kept]


def _spread_tax_method(call: Call, deal_id: int, method: str | None) -> None:
    """Set the tax method of all lines of a deal."""
    for row in lines_of(call.account, deal_id) if method else ():
        if row["tax_method"] != method:
            changed = {**row, "tax_method": method}
            changes = {"tax_method": method, "sum": line_sum(changed)}
            call.account.update("deal_products", row["id"], changes, call.user_id)


@handler("v2:addDealProduct")
def add_deal_product(call: Call) -> Response:
    """Return one attached product."""
    return success(_add_lines(call, [call.body])[0], status=201)


@handler("v2:addManyDealProducts")
def add_many_deal_products(call: Call) -> Response:
    """Attach up to 100 products, all or none, and return them."""
    bodies = call.body["data"]
    if not 1 <= len(bodies) <= MAX_BULK:
        raise invalid(f"body.data must contain 1 to {MAX_BULK} products")
    return success(_add_lines(call, bodies), status=201)


def _line_of(call: Call) -> Row:
    row = call.account.require("deal_products", call.path["product_attachment_id"])
    if row["deal_id"] != call.path["id"]:
        raise ApiError(404, "Deal product not found")
    return row


@handler("v2:updateDealProduct")
def update_deal_product(call: Call) -> Response:
    """Update an attachment and return it."""
    deal = editable_deal(call)
    row, body = _line_of(call), call.body
    changed = {**row, **body}
    _check_line(call, changed, {name: value for name, value in body.items() if row[name] != value})
    if changed["product_id"] != row["product_id"]:
        changed["name"] = call.account.require("products", changed["product_id"])["name"]
    others = [line for line in lines_of(call.account, deal["id"]) if line["id"] != row["id"]]
    _check_lines(call, deal["id"], [*others, changed])
    if changed != row:
        changes = {**body, "name": changed["name"], "sum": line_sum(changed)}
        call.account.update("deal_products", row["id"], changes, call.user_id)
        _spread_tax_method(call, deal["id"], body.get("tax_method"))
        settle(call, deal["id"])
    return success(call.account.require("deal_products", row["id"]))


@handler("v2:deleteDealProduct")
def delete_deal_product(call: Call) -> Response:
    """Detach a product and return the id of its row."""
    deal = editable_deal(call)
    row = _line_of(call)
    call.account.remove("deal_products", row["id"], call.user_id)
    settle(call, deal["id"])
    return success({"id": row["id"]})


@handler("v2:deleteManyDealProducts")
def delete_many_deal_products(call: Call) -> Response:
    """Detach up to 100 rows, the given ones or the first ones, and return their ids."""
    deal = editable_deal(call)
    held = sorted(call.account.table("deal_products").where("deal_id", deal["id"]))
    wanted = [i for i in call.query["ids"] if i in held] if "ids" in call.query else held[:MAX_BULK]
    wanted = list(dict.fromkeys(wanted))
    for number in wanted:
        call.account.remove("deal_products", number, call.user_id)
    if wanted:
        settle(call, deal["id"])
    more = "ids" not in call.query and len(held) > len(wanted)
    return success({"ids": wanted}, additional={"more_items_in_collection": more})


register(
    Resource(
        table="deal_products",
        operations={"list": "v2:getDealProducts"},
        within={"id": ("deal_id", "deals")},
    )
)
_of_deals = Resource(table="deal_products", operations={}, equal={"deal_ids": "deal_id"})


@handler("v2:getDealsProducts")
def list_of_deals(call: Call) -> Response:
    """Return the attachments of up to 100 deals; those of deleted deals are hidden."""
    live = [number for number in call.query["deal_ids"] if call.account.find("deals", number)]
    return _of_deals.list_v2(replace(call, query={**call.query, "deal_ids": live}))
