"""Discounts and installments of deals, v2."""

from __future__ import annotations

from pipedrive_emulator.account.clock import rfc3339
from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Response, Row, encode, invalid, not_found, success
from pipedrive_emulator.domains.deals.deal_value import editable_deal, lines_of, settle
from pipedrive_emulator.domains.products.products import ONE_TIME
from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.query.paging import Window, cursor_response, keyset_page, read_cursor

MAX_DEALS = 100
PER_CENT = 100

define_table(
    TableSpec(name="discounts", label="Discount", key_kind="uuid", created="created_at", updated="updated_at")
)
define_table(TableSpec(name="installments", label="Installment", created="", updated=""))


def _installable(call: Call) -> Row:
    """Return the deal of a call; raises an error if its installments cannot be written."""
    if call.plan == "lite":
        raise ApiError(403, "Installments are not part of this plan", code="feature_off")
    return editable_deal(call)


def _check(row: Row) -> None:
    if not row["description"].strip():
        raise invalid("body.description must not be empty")
    if row["amount"] <= 0:
        raise ApiError(400, "amount must be above 0")
    if row.get("type") == "percentage" and row["amount"] > PER_CENT:
        raise ApiError(400, "A percentage must not be above 100")


def _of_deal(call: Call, table: str, placeholder: str) -> Row:
    row = call.account.require(table, call.path[placeholder])
    if row["deal_id"] != call.path["id"]:
        raise not_found(call.account.table(table).spec.label)
    return row


@handler("v2:getAdditionalDiscounts")
def list_discounts(call: Call) -> Response:
    """Return every discount of a deal."""
    call.account.require("deals", call.path["id"])
    table = call.account.table("discounts")
    return success([table.row(seq) for seq in sorted(table.where("deal_id", call.path["id"]))])


def new_discount(deal_id: int, body: Row, user_id: int) -> Row:
    """Return the stored form of a discount."""
    names = ("type", "amount", "description")
    by = {"created_by": user_id, "updated_by": user_id}
    return {
        **{name: body[name] for name in names},
        "deal_id": deal_id,
        "created_at": None,
        "updated_at": None,
        **by,
    }


@handler("v2:postAdditionalDiscount")
def add_discount(call: Call) -> Response:
    """Return a new discount."""
    deal = editable_deal(call)
    row = new_discount(deal["id"], call.body, call.user_id)
    _check(row)
    kept = call.account.insert("discounts", row, call.user_id)
    _revalue(call, deal)
    return success(kept, status=201)


def _revalue(call: Call, deal: Row) -> None:
    """Update the deal's value, since discounts apply to products with one-time billing."""
    if any(row["billing_frequency"] == ONE_TIME for row in lines_of(call.account, deal["id"])):
        settle(call, deal["id"])


@handler("v2:updateAdditionalDiscount")
def update_discount(call: Call) -> Response:
    """Update a discount and return it."""
    deal = editable_deal(call)
    row = _of_deal(call, "discounts", "discount_id")
    changed = {**row, **call.body}
    _check(changed)
    if changed != row:
        changes = {**call.body, "updated_by": call.user_id}
        row = call.account.update("discounts", row["id"], changes, call.user_id)
        _revalue(call, deal)
    return success(row)


@handler("v2:deleteAdditionalDiscount")
def delete_discount(call: Call) -> Response:
    """Delete a discount and return its number; ids are text, but the response is published as a number."""
    deal = editable_deal(call)
    row = _of_deal(call, "discounts", "discount_id")
    number = call.account.table("discounts").seq(row["id"])
    call.account.remove("discounts", row["id"], call.user_id)
    _revalue(call, deal)
    return success({"id": number})


@handler("v2:getInstallments")
def list_installments(call: Call) -> Response:
    """Return the installments of up to 100 deals; those of deleted deals are hidden."""
    query, table = call.query, call.account.table("installments")
    live = [number for number in query["deal_ids"] if call.account.find("deals", number)]
    sort_by, descending = query.get("sort_by", "id"), query.get("sort_direction") == "desc"
    cursor = (
        read_cursor(query["cursor"], sort_by, "desc" if descending else "asc") if "cursor" in query else None
    )
    window = Window(view="live", field=sort_by, descending=descending, cursor=cursor)
    seqs = set().union(*(table.where("deal_id", number) for number in live))
    page, following = keyset_page(window.pick(table, seqs), window, query.get("limit", 100), None)
    return cursor_response([encode(table.row(seq)) for seq in page], following)


@handler("v2:postInstallment")
def add_installment(call: Call) -> Response:
    """Return a new installment; it needs a product with one-time billing, and no recurring products."""
    deal = _installable(call)
    billed = {row["billing_frequency"] for row in lines_of(call.account, deal["id"])}
    if billed != {ONE_TIME}:
        raise ApiError(400, "Installments need a one-time product and exclude recurring ones")
    names = ("amount", "billing_date", "description")
    row = {**{name: call.body[name] for name in names}, "deal_id": deal["id"]}
    _check(row)
    return success(call.account.insert("installments", row, call.user_id), status=call.operation.status)


@handler("v2:updateInstallment")
def update_installment(call: Call) -> Response:
    """Update an installment and return it."""
    _installable(call)
    row = _of_deal(call, "installments", "installment_id")
    changed = {**row, **call.body}
    _check(changed)
    if changed != row:
        row = call.account.update("installments", row["id"], call.body, call.user_id)
    return success(row)


@handler("v2:deleteInstallment")
def delete_installment(call: Call) -> Response:
    """Delete an installment and return its id."""
    _installable(call)
    row = _of_deal(call, "installments", "installment_id")
    call.account.remove("installments", row["id"], call.user_id)
    return success({"id": row["id"]})


def seeded_discount(deal_id: int, body: Row, seconds: int) -> Row:
    """Return a discount of a seed, with its times."""
    moment = rfc3339(seconds)
    return {**new_discount(deal_id, body, 1), "created_at": moment, "updated_at": moment}
