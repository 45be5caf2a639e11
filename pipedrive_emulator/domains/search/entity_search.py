"""Search of deals, persons, organizations, products, leads and files by a term."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.api.http import Response, Row, encode, success
from pipedrive_emulator.domains.contacts.contacts_v1 import picture_ref
from pipedrive_emulator.handlers.registry import Call, Handler, handler
from pipedrive_emulator.query.search import (
    custom_texts,
    hits,
    items_page,
    note_texts,
    ranked_page,
    score,
    term_of,
)
from pipedrive_emulator.query.search_index import exact_rows

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.account.store import Table

Item = Callable[["Account", Row], Row]
Texts = Callable[[Row], list[str]]
# Maximum number of rows of a person, an organization or a status that are searched.
MOST_FILTERED = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """An entity that can be searched.

    Args:
        table: its table.
        texts: the texts of each own field.
        item: the result of a found row, without the matched texts.
        note: the field by which notes reference it; "" if notes are not searched.
        custom: whether its custom fields are searched.
        filters: row field by query parameter.
        extras: values that `include_fields` adds, by their published name.
    """

    table: str
    texts: dict[str, Texts]
    item: Item
    note: str = ""
    custom: bool = True
    filters: dict[str, str] = field(default_factory=dict)
    extras: dict[str, Callable[[Account, Row], Row]] = field(default_factory=dict)

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the searchable fields."""
        return (*self.texts, *(["custom_fields"] if self.custom else []), *(["notes"] if self.note else []))

    def find(self, account: Account, query: Row) -> list[tuple[float, Row]]:
        """Return scores and items of the rows that contain the term in one of the wanted fields."""
        term, exact = term_of(query), query.get("exact_match", False)
        wanted = [name for name in query.get("fields", self.fields) if name in self.fields]
        found = []
        for row in self._rows(account, query, term, wanted):
            texts = self._texts(account, row, wanted)
            value = score((text for name in wanted for text in texts[name]), term, exact=exact)
            if value:
                found.append((value, self._shown(account, row, texts, query)))
        return found

    def _texts(self, account: Account, row: Row, wanted: Iterable[str]) -> dict[str, list[str]]:
        texts = {name: self.texts[name](row) for name in wanted if name in self.texts}
        if "custom_fields" in wanted:
            texts["custom_fields"] = custom_texts(account, self.table, row)
        if "notes" in wanted:
            texts["notes"] = note_texts(account, self.note, row["id"])
        return texts

    def _shown(self, account: Account, row: Row, texts: dict[str, list[str]], query: Row) -> Row:
        term, exact = term_of(query), query.get("exact_match", False)
        item = self.item(account, row)
        for name, searched in (("custom_fields", self.custom), ("notes", bool(self.note))):
            if searched:
                item[name] = hits(texts.get(name, ()), term, exact=exact)
        included = query.get("include_fields", ())
        for name, extra in self.extras.items():
            # A single name or a list of names, as published.
            if name in ([included] if isinstance(included, str) else included):
                item.update(extra(account, row))
        return item

    def _rows(self, account: Account, query: Row, term: str, wanted: list[str]) -> Iterator[Row]:
        """Yield live rows that can match: those of a filter, or with the term in their bytes or notes."""
        table = account.indexed(self.table)
        filters = [(self.filters[name], query[name]) for name in self.filters if name in query]
        if filters:
            seqs = sorted(set.intersection(*(table.where(column, value) for column, value in filters)))
            yield from islice((row for row in map(table.row, seqs) if table.is_live(row)), MOST_FILTERED)
            return
        noted = _noted(account, table, self.note, term) if "notes" in wanted else set()
        if query.get("exact_match"):
            fields = {name: self.texts[name] for name in wanted if name in self.texts}
            if "custom_fields" in wanted:
                fields["custom_fields"] = partial(custom_texts, account, self.table)
            found: Iterable[int] = sorted({*exact_rows(table, term, fields), *noted})
        else:
            # Searching encoded text takes 1 % of the time of decoding a row.
            needle = encode(term)[1:-1].decode()
            found = (s for s in table.seqs() if s in noted or needle in table.lowered(s))
        yield from (row for row in map(table.row, found) if table.is_live(row))


def _noted(account: Account, table: Table, column: str, term: str) -> set[int]:
    """Return the numbers of the rows with a note that may contain the term."""
    notes, needle = account.indexed("notes"), encode(term.split(maxsplit=1)[0])[1:-1].decode()
    keys = [notes.row(s)[column] for s in notes.seqs() if needle in notes.lowered(s)]
    return {seq for seq in map(table.seq, keys) if seq is not None}


def _named(account: Account, table: str, key: object, name: str = "name") -> Row | None:
    row = account.find(table, key)
    return None if row is None else {"id": row["id"], name: row[name]}


def _organization_of(account: Account, key: object) -> Row | None:
    row = account.find("organizations", key)
    if row is None:
        return None
    return {"id": row["id"], "name": row["name"], "address": (row["address"] or {}).get("value")}


def deal_item(account: Account, row: Row) -> Row:
    """Return a found deal."""
    return {
        "id": row["id"],
        "type": "deal",
        "title": row["title"],
        "value": row["value"],
        "currency": row["currency"],
        "status": row["status"],
        "visible_to": row["visible_to"],
        "owner": {"id": row["owner_id"]},
        "stage": _named(account, "stages", row["stage_id"]),
        "person": _named(account, "persons", row["person_id"]),
        "organization": _organization_of(account, row["org_id"]),
        "is_archived": row["is_archived"],
    }


def person_item(account: Account, row: Row) -> Row:
    """Return a found person."""
    return {
        "id": row["id"],
        "type": "person",
        "name": row["name"],
        "phones": [phone["value"] for phone in row["phones"]],
        "emails": [email["value"] for email in row["emails"]],
        "visible_to": row["visible_to"],
        "owner": {"id": row["owner_id"]},
        "organization": _organization_of(account, row["org_id"]),
    }


def _organization_item(_: Account, row: Row) -> Row:
    return {
        "id": row["id"],
        "type": "organization",
        "name": row["name"],
        "address": (row["address"] or {}).get("value"),
        "visible_to": row["visible_to"],
        "owner": {"id": row["owner_id"]},
    }


def _product_item(_: Account, row: Row) -> Row:
    return {
        "id": row["id"],
        "type": "product",
        "name": row["name"],
        "code": row["code"],
        "visible_to": row["visible_to"],
        "owner": {"id": row["owner_id"]},
    }


def lead_item(account: Account, row: Row) -> Row:
    """Return a found lead, with the addresses of its person."""
    person = account.find("persons", row["person_id"]) or {"phones": [], "emails": []}
    value: dict[str, Any] = row["value"] or {"amount": None, "currency": None}
    return {
        "id": row["id"],
        "type": "lead",
        "title": row["title"],
        "owner": {"id": row["owner_id"]},
        "person": _named(account, "persons", row["person_id"]),
        "organization": _organization_of(account, row["organization_id"]),
        "phones": [phone["value"] for phone in person["phones"]],
        "emails": [email["value"] for email in person["emails"]],
        "value": value["amount"],
        "currency": value["currency"],
        "visible_to": int(row["visible_to"]),
        "is_archived": row["is_archived"],
    }


def _file_item(account: Account, row: Row) -> Row:
    return {
        "id": row["id"],
        "type": "mail_attachment" if row["mail_message_id"] else "file",
        "name": row["name"],
        "url": f"/files/{row['id']}/download",
        "deal": _named(account, "deals", row["deal_id"], "title"),
        "person": _named(account, "persons", row["person_id"]),
        "organization": _organization_of(account, row["org_id"]),
    }


def _price(_: Account, row: Row) -> Row:
    price = row["prices"][0] if row["prices"] else {"price": None, "currency": None}
    return {"price": {"amount": price["price"], "currency": price["currency"]}}


def _picture(account: Account, row: Row) -> Row:
    picture = picture_ref(account, row)
    return {"picture": None if picture is None else {"id": picture["id"], "url": picture["pictures"]["128"]}}


CONTACT_FILTERS = {"person_id": "person_id", "organization_id": "org_id"}
SEARCHED = {
    "deal": Searched(
        table="deals",
        texts={"title": lambda row: [row["title"]]},
        item=deal_item,
        note="deal_id",
        filters={**CONTACT_FILTERS, "status": "status"},
        extras={"deal.cc_email": lambda _, row: {"cc_email": f"nordwind+deal{row['id']}@pipedrivemail.com"}},
    ),
    "person": Searched(
        table="persons",
        texts={
            "name": lambda row: [row["name"]],
            "email": lambda row: [email["value"] for email in row["emails"]],
            "phone": lambda row: [phone["value"] for phone in row["phones"]],
        },
        item=person_item,
        note="person_id",
        filters={"organization_id": "org_id"},
        extras={"person.picture": _picture},
    ),
    "organization": Searched(
        table="organizations",
        texts={
            "name": lambda row: [row["name"]],
            "address": lambda row: [(row["address"] or {}).get("value") or ""],
        },
        item=_organization_item,
        note="org_id",
    ),
    "product": Searched(
        table="products",
        texts={"name": lambda row: [row["name"]], "code": lambda row: [row["code"] or ""]},
        item=_product_item,
        extras={"product.price": _price},
    ),
    "lead": Searched(
        table="leads",
        texts={"title": lambda row: [row["title"]]},
        item=lead_item,
        note="lead_id",
        filters={"person_id": "person_id", "organization_id": "organization_id"},
        extras={"lead.was_seen": lambda _, row: {"was_seen": row["was_seen"]}},
    ),
    "file": Searched(table="files", texts={"name": lambda row: [row["name"]]}, item=_file_item, custom=False),
}


def _whole(found: list[tuple[float, Row]]) -> list[tuple[float, Row]]:
    """Return items as published for one entity: integer values, codes only if they are numbers.

    Deals and leads leave out the address of their organization.
    """
    for _, item in found:
        if item["type"] in ("deal", "lead") and item["organization"] is not None:
            item["organization"] = {name: item["organization"][name] for name in ("id", "name")}
        if item.get("value") is not None:
            item["value"] = round(item["value"])
        if item["type"] == "product":
            code = item["code"] or ""
            item["code"] = int(code) if code.isascii() and code.isdigit() else None
    return found


def _search(kind: str) -> Handler:
    def search(call: Call) -> Response:
        return items_page(_whole(SEARCHED[kind].find(call.account, call.query)), call.query)

    return search


for _kind, _key in (
    ("deal", "v2:searchDeals"),
    ("person", "v2:searchPersons"),
    ("organization", "v2:searchOrganization"),
    ("product", "v2:searchProducts"),
    ("lead", "v2:searchLeads"),
):
    handler(_key)(_search(_kind))


@handler("v1:searchLeads")
def search_leads_v1(call: Call) -> Response:
    """Return leads by offset."""
    found = _whole(SEARCHED["lead"].find(call.account, call.query))
    items, following = ranked_page(found, call.query)
    start, limit = call.query.get("start", 0), call.query.get("limit", 100)
    place: Row = {"start": start, "limit": limit, "more_items_in_collection": following is not None}
    if following is not None:
        place["next_start"] = start + limit
    return success({"items": items}, additional={"pagination": place})
