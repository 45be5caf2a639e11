"""Variations of products and copies of products, v2."""

from __future__ import annotations

from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Response, Row, invalid, not_found, success
from pipedrive_emulator.domains.deals.deals import check_currency, default_currency
from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.query.paging import listed_page

TABLE = "product_variations"
MAX_NAME = 255
MAX_NOTES = 255
PRICE_TYPES: dict[str, type | tuple[type, ...]] = {
    "currency": str,
    "price": (int, float),
    "cost": (int, float),
    "direct_cost": (int, float, type(None)),
    "notes": str,
}

define_table(TableSpec(name=TABLE, label="Product variation", created="", updated=""))


def price(number: int, body: Row) -> Row:
    """Return the stored form of a price of a variation."""
    base = {"price": 0, "cost": 0, "direct_cost": None, "notes": ""}
    return {"product_variation_id": number, "currency": body["currency"], **base, **body}


def _check_price(call: Call, body: Row) -> None:
    known = {**PRICE_TYPES, "product_variation_id": int}
    for name, value in body.items():
        if name not in known or isinstance(value, bool) or not isinstance(value, known[name]):
            raise invalid(f"body.prices: {name} is not allowed or of the wrong type")
    if "currency" not in body or "price" not in body:
        raise invalid("body.prices needs currency and price in each entry")
    if len(body.get("notes", "")) > MAX_NOTES:
        raise invalid(f"body.prices: notes may have at most {MAX_NOTES} characters")
    check_currency(call.account, body["currency"])


def _checked(call: Call, number: int) -> Row:
    body = dict(call.body)
    if "name" in body and not 0 < len(body["name"].strip()) <= MAX_NAME:
        raise invalid(f"body.name must contain 1 to {MAX_NAME} characters")
    if "prices" in body:
        for entry in body["prices"]:
            _check_price(call, entry)
        codes = [entry["currency"] for entry in body["prices"]]
        if len(set(codes)) != len(codes):
            raise ApiError(400, "one price per currency")
        body["prices"] = [
            {**price(number, entry), "product_variation_id": number} for entry in body["prices"]
        ]
    return body


def _variation(call: Call) -> Row:
    call.account.require("products", call.path["id"])
    row = call.account.require(TABLE, call.path["product_variation_id"])
    if row["product_id"] != call.path["id"]:
        raise not_found("Product variation")
    return row


@handler("v2:getProductVariations")
def list_variations(call: Call) -> Response:
    """Return the variations of a product."""
    call.account.require("products", call.path["id"])
    table = call.account.table(TABLE)
    rows = [table.row(seq) for seq in sorted(table.where("product_id", call.path["id"]))]
    return listed_page(rows, call.query)


@handler("v2:addProductVariation")
def add_variation(call: Call) -> Response:
    """Return a new variation."""
    product = call.account.require("products", call.path["id"])
    _, number = call.account.table(TABLE).new_key()
    row = {"name": "", "product_id": product["id"], **_checked(call, number)}
    if "prices" not in row:
        given = {"currency": default_currency(call.account, call.user_id), "direct_cost": 0}
        row["prices"] = [price(number, given)]
    return success(call.account.insert(TABLE, row, call.user_id), status=201)


@handler("v2:updateProductVariation")
def update_variation(call: Call) -> Response:
    """Update a variation and return it."""
    row = _variation(call)
    changes = _checked(call, row["id"])
    if any(row[name] != value for name, value in changes.items()):
        row = call.account.update(TABLE, row["id"], changes, call.user_id)
    return success(row)


@handler("v2:deleteProductVariation")
def delete_variation(call: Call) -> Response:
    """Delete a variation and return its id."""
    row = _variation(call)
    call.account.remove(TABLE, row["id"], call.user_id)
    return success({"id": row["id"]})


@handler("v2:duplicateProduct")
def duplicate_product(call: Call) -> Response:
    """Return a new copy of a product with its prices and variations."""
    account = call.account
    source = account.require("products", call.path["id"])
    _, number = account.table("products").new_key()
    row = {name: value for name, value in source.items() if name != "id"}
    row.update(
        {"name": f"{source['name']} (copy)", "owner_id": call.user_id, "add_time": None, "update_time": None}
    )
    row["prices"] = [{**entry, "product_id": number} for entry in source["prices"]]
    kept = account.insert("products", row, call.user_id)
    table = account.table(TABLE)
    for seq in sorted(table.where("product_id", source["id"])):
        variation = table.row(seq)
        _, copy = table.new_key()
        prices = [{**entry, "product_variation_id": copy} for entry in variation["prices"]]
        account.insert(
            TABLE, {"name": variation["name"], "product_id": number, "prices": prices}, call.user_id
        )
    return success(kept, status=201)
