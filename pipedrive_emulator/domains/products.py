"""Products, and the products attached to deals, v2."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipedrive_emulator.domains.deals import check_currency
from pipedrive_emulator.http import Answer, ApiError, Row, invalid, success
from pipedrive_emulator.registry import Call, handler
from pipedrive_emulator.resources import Resource, register
from pipedrive_emulator.store import TableSpec, define_table

if TYPE_CHECKING:
    from pipedrive_emulator.account import Account

MAX_CYCLES = 208
MAX_RECURRING = 20
MAX_BULK = 100
ONE_TIME = "one-time"

define_table(TableSpec(name="products", label="Product", deleted=("is_deleted", True)))
define_table(TableSpec(name="deal_products", label="Deal product"))


def check_billing(row: Row) -> None:
    """Refuse cycles that do not fit the frequency."""
    frequency, cycles = row.get("billing_frequency", ONE_TIME), row.get("billing_frequency_cycles")
    if frequency == ONE_TIME and cycles is not None:
        raise ApiError(400, "billing_frequency_cycles must be null for one-time billing")
    if frequency == "weekly" and cycles is None:
        raise ApiError(400, "billing_frequency_cycles is needed for weekly billing")
    if cycles is not None and not 1 <= cycles <= MAX_CYCLES:
        raise ApiError(400, f"billing_frequency_cycles must be between 1 and {MAX_CYCLES}")


def _product(call: Call, row: Row, body: Row) -> Row:
    """A product's body as it is kept; `row` is what it is laid over."""
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
    check_billing({**row, **changes})
    return changes


def full_price(product_id: int | None, price: Row) -> Row:
    """A price as it is kept."""
    base = {"price": 0, "cost": 0, "direct_cost": None, "notes": ""}
    return {"product_id": product_id, "currency": price["currency"], **base, **price}


def _add(call: Call, row: Row) -> Row:
    full = {**row, **_product(call, row, call.body)}
    _, number = call.account.table("products").new_key()
    full["prices"] = [{**price, "product_id": number} for price in full["prices"]]
    return full


def product_defaults(call: Call) -> Row:
    """A new product before its body is laid over it."""
    return {
        "name": "",
        "code": None,
        "description": None,
        "unit": None,
        "tax": 0,
        "category": None,
        "is_linkable": True,
        "is_deleted": False,
        "visible_to": 3,
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


def line_sum(row: Row) -> float:
    """What a line comes to."""
    gross = row["item_price"] * row["quantity"]
    less = gross * row["discount"] / 100 if row["discount_type"] == "percentage" else row["discount"]
    net = gross - less
    if row["tax_method"] == "exclusive":
        net += net * row["tax"] / 100
    return float(round(net, 2))


def line(account: Account, deal: Row, body: Row) -> Row:
    """A new attachment as it is kept, checked."""
    product = account.find("products", body["product_id"])
    if product is None:
        raise ApiError(400, "product_id points to a product that does not exist")
    row = {
        "sum": 0,
        "tax": product["tax"],
        "deal_id": deal["id"],
        "name": product["name"],
        "product_id": product["id"],
        "product_variation_id": None,
        "order_nr": len(account.table("deal_products").where("deal_id", deal["id"])) + 1,
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
    _check_line(account, row)
    return {**row, "sum": line_sum(row)}


def _check_line(account: Account, row: Row) -> None:
    check_billing(row)
    if row["quantity"] <= 0:
        raise ApiError(400, "quantity must be above 0")
    if row["billing_frequency"] != ONE_TIME:
        table = account.table("deal_products")
        others = [table.row(seq) for seq in table.where("deal_id", row["deal_id"])]
        recurring = [o for o in others if o["billing_frequency"] != ONE_TIME and o["id"] != row.get("id")]
        if len(recurring) >= MAX_RECURRING:
            raise ApiError(400, f"a deal takes at most {MAX_RECURRING} recurring products")


def _editable(call: Call) -> Row:
    deal = call.account.require("deals", call.path["id"])
    if deal["is_archived"]:
        raise ApiError(403, "An archived deal cannot be edited; un-archive it first")
    return deal


def _settle(call: Call, deal_id: int) -> None:
    """One tax method for all rows, and the deal's value as the sum of its lines."""
    table = call.account.table("deal_products")
    rows = [table.row(seq) for seq in sorted(table.where("deal_id", deal_id))]
    if rows:
        value = round(sum(row["sum"] for row in rows if row["is_enabled"]), 2)
        call.account.update("deals", deal_id, {"value": value}, call.user_id)


def _add_lines(call: Call, bodies: list[Row]) -> list[Row]:
    deal = _editable(call)
    # All lines are checked before the first is kept: all or nothing.
    lines = [line(call.account, deal, body) for body in bodies]
    if bodies and sum(row["billing_frequency"] != ONE_TIME for row in lines) > MAX_RECURRING:
        raise ApiError(400, f"a deal takes at most {MAX_RECURRING} recurring products")
    kept = [call.account.insert("deal_products", row, call.user_id) for row in lines]
    _spread_tax_method(call, deal["id"], bodies[-1].get("tax_method"))
    _settle(call, deal["id"])
    return [call.account.require("deal_products", row["id"]) for row in kept]


def _spread_tax_method(call: Call, deal_id: int, method: str | None) -> None:
    table = call.account.table("deal_products")
    for seq in sorted(table.where("deal_id", deal_id)) if method else ():
        row = table.row(seq)
        if row["tax_method"] != method:
            changed = {**row, "tax_method": method}
            call.account.update(
                "deal_products", seq, {"tax_method": method, "sum": line_sum(changed)}, call.user_id
            )


@handler("v2:addDealProduct")
def add_deal_product(call: Call) -> Answer:
    """One attached product."""
    return success(_add_lines(call, [call.body])[0], status=201)


@handler("v2:addManyDealProducts")
def add_many_deal_products(call: Call) -> Answer:
    """Up to 100 attached products, all or none."""
    bodies = call.body["data"]
    if not 1 <= len(bodies) <= MAX_BULK:
        raise invalid(f"body.data must hold 1 to {MAX_BULK} products")
    return success(_add_lines(call, bodies), status=201)


def _line_of(call: Call) -> Row:
    row = call.account.require("deal_products", call.path["product_attachment_id"])
    if row["deal_id"] != call.path["id"]:
        raise ApiError(404, "Deal product not found")
    return row


@handler("v2:updateDealProduct")
def update_deal_product(call: Call) -> Answer:
    """A changed attachment."""
    deal = _editable(call)
    row = _line_of(call)
    changed = {**row, **call.body}
    call.account.refer("products", changed["product_id"], "product_id")
    _check_line(call.account, changed)
    if changed != row:
        call.account.update("deal_products", row["id"], {**call.body, "sum": line_sum(changed)}, call.user_id)
        _spread_tax_method(call, deal["id"], call.body.get("tax_method"))
        _settle(call, deal["id"])
    return success(call.account.require("deal_products", row["id"]))


@handler("v2:deleteDealProduct")
def delete_deal_product(call: Call) -> Answer:
    """The id of a detached row."""
    deal = _editable(call)
    row = _line_of(call)
    call.account.remove("deal_products", row["id"], call.user_id)
    _settle(call, deal["id"])
    return success({"id": row["id"]})


@handler("v2:deleteManyDealProducts")
def delete_many_deal_products(call: Call) -> Answer:
    """The ids of up to 100 detached rows: those named, or the first of all."""
    deal = _editable(call)
    held = sorted(call.account.table("deal_products").where("deal_id", deal["id"]))
    wanted = [i for i in call.query["ids"] if i in held] if "ids" in call.query else held[:MAX_BULK]
    for number in wanted:
        call.account.remove("deal_products", number, call.user_id)
    _settle(call, deal["id"])
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
def list_of_deals(call: Call) -> Answer:
    """The attachments of up to 100 deals; those of deleted deals are hidden."""
    live = [number for number in call.query["deal_ids"] if call.account.find("deals", number)]
    return _of_deals.list_v2(replace(call, query={**call.query, "deal_ids": live}))
