"""Lists of deals in the v1 form: archived ones, and those of a pipeline, stage, product or person."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.account.shapes import part, trimmed
from pipedrive_emulator.api.http import Response, Row, encode
from pipedrive_emulator.domains.company.basics import COMPANY
from pipedrive_emulator.domains.company.statistics import stage_sums
from pipedrive_emulator.domains.deals.deals import check_currency
from pipedrive_emulator.domains.products.products_v1 import flat_product
from pipedrive_emulator.domains.shared.related_v1 import (
    deal_relations,
    flat_deal,
    moment,
    nested_deal,
    with_archive_time,
)
from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.handlers.resources import Resource
from pipedrive_emulator.query import filters
from pipedrive_emulator.query.paging import DEFAULT_LIMIT, offset_page, offset_response

if TYPE_CHECKING:
    from pipedrive_emulator.account.store import Table

Test = Callable[[Row], bool]


def _has_status(_: Call, wanted: str) -> Test | None:
    return None if wanted == "all_not_deleted" else lambda row: row["status"] == wanted


def _is_mine(call: Call, wanted: int) -> Test | None:
    return (lambda row: row["owner_id"] == call.user_id) if wanted else None


def _has_product(call: Call, product_id: int) -> Test:
    lines = call.account.table("deal_products")
    held = {lines.row(seq)["deal_id"] for seq in lines.where("product_id", product_id)}
    return lambda row: row["id"] in held


_ARCHIVED = Resource(
    table="deals",
    operations={},
    view=lambda call: "archived_and_deleted" if call.query.get("status") == "deleted" else "archived",
    equal={"user_id": "owner_id"},
    tests={"status": _has_status, "owned_by_you": _is_mine, "product_id": _has_product},
    filter_type="deals",
)


def _relations(call: Call, rows: list[Row]) -> Row:
    """Return the referenced rows; stages and pipelines are published only in examples."""
    found = deal_relations(call.account, rows)
    shape = part(call.operation, "related_objects")
    return {**found, **trimmed(shape, {kind: found[kind] for kind in ("user", "person", "organization")})}


@handler("v1:getArchivedDeals")
def archived(call: Call) -> Response:
    """Return archived deals with the rows they reference."""
    start, limit = call.query.get("start", 0), call.query.get("limit", DEFAULT_LIMIT)
    seqs, more = _ARCHIVED.selected(call, start, limit)
    rows = [call.account.table("deals").row(seq) for seq in seqs]
    shape = part(call.operation, "data", "[]")
    # The example contains more than the schema: the time of archiving, and stages and pipelines.
    shown = [encode(with_archive_time(trimmed(shape, nested_deal(call.account, row)), row)) for row in rows]
    related = _relations(call, rows)
    return offset_response(call.operation, shown, call.query, more=more, related_objects=related)


def _open_deals(call: Call, column: str) -> list[int]:
    """Return the numbers of the open deals of a pipeline or a stage that match the query, by id."""
    query, table = call.query, call.account.table("deals")
    seqs = table.where(column, call.path["id"])
    if "stage_id" in query:
        seqs = seqs & table.where("stage_id", query["stage_id"])
    test: Test | None = None
    if query.get("everyone") != 1:
        if "filter_id" in query:
            test = filters.test_of(call.account, query["filter_id"], "deals")
        else:
            seqs = seqs & table.where("owner_id", query.get("user_id", call.user_id))
    return [seq for seq in sorted(seqs) if _is_open(table, seq) and (test is None or test(table.row(seq)))]


def _is_open(table: Table, seq: int) -> bool:
    row = table.row(seq)
    return table.in_view("current", row) and row["status"] == "open"


def _listed(call: Call, seqs: list[int], additional: Row) -> Response:
    start, limit = call.query.get("start", 0), call.query.get("limit", DEFAULT_LIMIT)
    shape, table = part(call.operation, "data", "[]"), call.account.table("deals")
    rows = map(table.row, seqs[start : start + limit])
    shown = [encode(trimmed(shape, flat_deal(call.account, row))) for row in rows]
    more = start + limit < len(seqs)
    return offset_response(call.operation, shown, call.query, more=more, beside=additional)


@handler("v1:getPipelineDeals")
def of_pipeline(call: Call) -> Response:
    """Return open deals of a pipeline, by default the caller's own; with a summary on request."""
    call.account.require("pipelines", call.path["id"])
    seqs = _open_deals(call, "pipeline_id")
    additional: dict[str, Any] = {}
    wanted = call.query.get("totals_convert_currency")
    if wanted not in (None, "default_currency"):
        check_currency(call.account, wanted)
    if call.query.get("get_summary") == 1:
        rows = [call.account.table("deals").row(seq) for seq in seqs]
        additional["deals_summary"] = stage_sums(call.account, rows, wanted)
    return _listed(call, seqs, additional)


@handler("v1:getStageDeals")
def of_stage(call: Call) -> Response:
    """Return open deals of a stage, by default the caller's own."""
    call.account.require("stages", call.path["id"])
    return _listed(call, _open_deals(call, "stage_id"), {})


@handler("v1:getProductDeals")
def of_product(call: Call) -> Response:
    """Return deals with a product attached, including archived ones."""
    account, status = call.account, call.query.get("status", "all_not_deleted")
    account.require("products", call.path["id"])
    lines, table = account.table("deal_products"), account.table("deals")
    keys = {lines.row(seq)["deal_id"] for seq in lines.where("product_id", call.path["id"])}
    rows = [row for row in map(table.get, sorted(keys)) if row is not None]
    if status == "all_not_deleted":
        rows = [row for row in rows if table.is_live(row)]
    else:
        rows = [row for row in rows if row["status"] == status]
    start, limit = call.query.get("start", 0), call.query.get("limit", DEFAULT_LIMIT)
    page = rows[start : start + limit]
    shape = part(call.operation, "data", "[]")
    shown = [encode(trimmed(shape, nested_deal(account, row))) for row in page]
    more = start + limit < len(rows)
    related = _relations(call, page)
    return offset_response(call.operation, shown, call.query, more=more, related_objects=related)


@handler("v1:getPersonProducts")
def of_person(call: Call) -> Response:
    """Return the products on a person's deals: each row is keyed by the deal's id."""
    account, table = call.account, call.account.table("deals")
    account.require("persons", call.path["id"])
    lines = account.table("deal_products")
    pairs = [
        (row, lines.row(seq))
        for row in map(table.row, sorted(table.where("person_id", call.path["id"])))
        if table.is_live(row)
        for seq in sorted(lines.where("deal_id", row["id"]))
    ]
    rows, shape = [], part(call.operation, "data", "[]")
    for deal, line in pairs:
        product = account.find("products", line["product_id"])
        if product is not None:
            shown = {
                "deal": {
                    **flat_deal(account, deal),
                    "company_id": COMPANY["company_id"],
                    "first_add_time": moment(deal["add_time"]),
                },
                "product": {**flat_product(account, product), "deal_id": deal["id"]},
            }
            rows.append(trimmed(shape, {str(deal["id"]): shown}))
    return offset_page(call.operation, rows, call.query)
