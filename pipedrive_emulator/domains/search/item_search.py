"""Search over all kinds of records, and over one field of one kind, v2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.account import FIELD_TABLES
from pipedrive_emulator.account.custom_fields import row_to_v1
from pipedrive_emulator.api.http import Response, Row, invalid, success
from pipedrive_emulator.domains.projects.project_search import FIELDS as PROJECT_FIELDS
from pipedrive_emulator.domains.projects.project_search import found_projects
from pipedrive_emulator.domains.search.entity_search import SEARCHED, deal_item, lead_item, person_item
from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.query.search import SEARCHABLE, SHORTEST, ranked_page, term_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipedrive_emulator.account.account import Account

EVERY_TYPE = ("deal", "person", "organization", "product", "lead", "file", "mail_attachment", "project")
FILES = ("file", "mail_attachment")
MOST_RELATED = 100
TABLES = {**{kind: searched.table for kind, searched in SEARCHED.items()}, "project": "projects"}
MATCHES: dict[str, Callable[[str, str], bool]] = {
    "exact": lambda text, term: text == term,
    "beginning": lambda text, term: text.startswith(term),
    "middle": lambda text, term: term in text,
}


def _found(account: Account, query: Row) -> list[tuple[float, Row]]:
    types, fields = query.get("item_types", EVERY_TYPE), query.get("fields")
    found: list[tuple[float, Row]] = []
    for kind, searched in SEARCHED.items():
        wanted = [name for name in fields if name in searched.fields] if fields else list(searched.fields)
        if wanted and (kind in types or (kind == "file" and "mail_attachment" in types)):
            rows = searched.find(account, {**query, "fields": wanted})
            found += [(value, item) for value, item in rows if item["type"] in types]
    wanted = [name for name in PROJECT_FIELDS if fields is None or name in fields]
    if wanted and "project" in types:
        found += found_projects(account, {**query, "fields": wanted})
    return found


def _newest(
    account: Account, table: str, column: str, number: object, show: Callable[[Account, Row], Row]
) -> list[Row]:
    kept = account.indexed(table)
    seqs = sorted(kept.where(column, number), reverse=True)
    rows = [row for row in map(kept.row, seqs) if kept.is_live(row)]
    return [show(account, row) for row in rows[:MOST_RELATED]]


def _related(account: Account, items: list[Row]) -> list[Row]:
    """Return the newest deals and leads of each found contact, and the newest persons of organizations."""
    found: dict[tuple[str, object], Row] = {}
    for entry in items:
        item = entry["item"]
        rows: list[Row] = []
        if item["type"] == "person":
            rows += _newest(account, "leads", "person_id", item["id"], lead_item)
            rows += _newest(account, "deals", "person_id", item["id"], deal_item)
        elif item["type"] == "organization":
            rows += _newest(account, "leads", "organization_id", item["id"], lead_item)
            rows += _newest(account, "deals", "org_id", item["id"], deal_item)
            rows += _newest(account, "persons", "org_id", item["id"], person_item)
        found.update({(row["type"], row["id"]): row for row in rows})
    return [{"result_score": 0, "item": row} for row in found.values()]


@handler("v2:searchItem")
def search_items(call: Call) -> Response:
    """Return a page of everything that contains the term; related records only on request."""
    term_of(call.query)
    items, following = ranked_page(_found(call.account, call.query), call.query)
    content: Row = {"items": items, "related_items": []}
    if call.query.get("search_for_related_items"):
        content["related_items"] = _related(call.account, items)
    return success(content, additional={"next_cursor": following})


def _texts(account: Account, kind: str, field: Row, row: Row) -> list[str]:
    """Return a row's values of a field, as texts."""
    if field["is_custom"]:
        value = row_to_v1(account, TABLES[kind], row["custom_fields"]).get(field["key"])
    else:
        value = row.get(field["code"])
    if isinstance(value, dict):
        value = value.get("value")
    values = (
        [entry.get("value") if isinstance(entry, dict) else entry for entry in value]
        if isinstance(value, list)
        else [value]
    )
    return [str(entry) for entry in values if entry is not None]


def _field(account: Account, kind: str, name: str) -> Row:
    table = account.table(FIELD_TABLES[TABLES[kind]])
    field = next((row for row in table.live() if name in (row["key"], row["code"])), None)
    if field is None:
        raise invalid(f"Parameter field: there is no field {name}")
    if field["field_type"] not in SEARCHABLE:
        raise invalid(f"Parameter field: fields of type {field['field_type']} cannot be searched")
    return field


@handler("v2:searchItemByField")
def search_by_field(call: Call) -> Response:
    """Return a page of the rows of one kind with a matching field, case-sensitive."""
    account, query = call.account, call.query
    match, term = query.get("match", "exact"), str(query["term"])
    if len(term) < (1 if match == "exact" else SHORTEST):
        raise invalid("Parameter term is too short")
    kind, field = query["entity_type"], _field(account, query["entity_type"], query["field"])
    found: list[tuple[float, Row]] = []
    for row in account.indexed(TABLES[kind]).live():
        text = next((t for t in _texts(account, kind, field, row) if MATCHES[match](t, term)), None)
        if text is not None:
            item = {"id": row["id"], "name": row.get("name", row.get("title"))}
            found.append((round(len(term) / len(text), 4), item))
    items, following = ranked_page(found, query)
    return success(items, additional={"next_cursor": following})
