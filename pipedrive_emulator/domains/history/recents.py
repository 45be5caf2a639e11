"""Changes of many kinds since a time, v1: at most one month back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipedrive_emulator.account.account import PURGE_SECONDS
from pipedrive_emulator.account.clock import parse, sql
from pipedrive_emulator.account.shapes import part, trimmed
from pipedrive_emulator.api.http import Response, Row, encode, invalid
from pipedrive_emulator.domains.activities import activities_v1
from pipedrive_emulator.domains.company.basics import show_user
from pipedrive_emulator.domains.contacts import contacts_v1
from pipedrive_emulator.domains.files import files
from pipedrive_emulator.domains.notes import notes
from pipedrive_emulator.domains.products import products_v1
from pipedrive_emulator.domains.shared import related_v1
from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.query.paging import DEFAULT_LIMIT, offset_response

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.api.operations import Operation, Schema

Show = Callable[["Account", Row], Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """A kind of item: its table, and the form of its rows."""

    table: str
    show: Show


def _as_kept(_: Account, row: Row) -> Row:
    return dict(row)


def _filter(_: Account, row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "conditions"}


def _product(account: Account, row: Row) -> Row:
    return {
        **products_v1.flat_product(account, row),
        "visible_to": row["visible_to"],
        "prices": row["prices"],
    }


KINDS = {
    "activity": Recent(table="activities", show=activities_v1.show),
    "activityType": Recent(table="activity_types", show=_as_kept),
    "deal": Recent(table="deals", show=related_v1.flat_deal),
    "file": Recent(table="files", show=files.show),
    "filter": Recent(table="filters", show=_filter),
    "note": Recent(table="notes", show=notes.show),
    "person": Recent(table="persons", show=contacts_v1.flat_person),
    "organization": Recent(table="organizations", show=contacts_v1.nested_organization),
    "pipeline": Recent(table="pipelines", show=related_v1.pipeline_row),
    "product": Recent(table="products", show=_product),
    "stage": Recent(table="stages", show=related_v1.stage_row),
    "user": Recent(table="users", show=show_user),
}


def _since(account: Account, text: str) -> int:
    try:
        moment = parse(text) if text == text[:19] and text[10:11] == " " else None
    except ValueError:
        moment = None
    if moment is None:
        raise invalid("Parameter since_timestamp must be YYYY-MM-DD HH:MM:SS")
    return max(moment, account.clock.now - PURGE_SECONDS)


def _changed(account: Account, kind: str, since: int) -> list[tuple[str, str, int]]:
    """Return (moment, kind, number) of the rows changed since then, including deleted ones."""
    table = account.table(KINDS[kind].table)
    name, lowest = table.spec.updated, table.stamp(since)
    found = list(table.index("live", name).irange((lowest, -1)))
    if table.spec.deleted is not None:
        mark, value = table.spec.deleted
        gone = [(table.row(seq)[name] or "", seq) for seq in table.where(mark, value)]
        found += [(moment, seq) for moment, seq in gone if moment >= lowest]
    return [(related_v1.moment(moment) or "", kind, seq) for moment, seq in found]


def _shapes(operation: Operation) -> dict[str, Schema]:
    """Return the published shape of each kind of item."""
    entries = [entry["properties"] for entry in part(operation, "data", "[]")["anyOf"]]
    return {entry["item"]["enum"][0]: entry["data"] for entry in entries}


@handler("v1:getRecents")
def recents(call: Call) -> Response:
    """Return items by the time of their change, oldest first; deleted items except deals have no data."""
    account, query = call.account, call.query
    since = _since(account, query["since_timestamp"])
    wanted = dict.fromkeys(query.get("items", KINDS))
    found = sorted(entry for kind in wanted for entry in _changed(account, kind, since))
    start, limit = query.get("start", 0), query.get("limit", DEFAULT_LIMIT)
    page = found[start : start + limit]
    rows, shapes = [], _shapes(call.operation)
    for _, kind, seq in page:
        table = account.table(KINDS[kind].table)
        row = table.row(seq)
        shown = None
        if kind == "deal" or table.is_live(row):
            shown = trimmed(shapes[kind], KINDS[kind].show(account, row))
        rows.append(encode({"item": kind, "id": row["id"], "data": shown}))
    beside = {"since_timestamp": sql(since), "last_timestamp_on_page": page[-1][0] if page else sql(since)}
    return offset_response(call.operation, rows, query, more=start + limit < len(found), beside=beside)
