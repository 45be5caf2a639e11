"""Ids, queries and bodies that the operations around deals, contacts, mail and history take."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Tables = dict[str, list[dict[str, Any]]]
Maker = Callable[[Tables], dict[str, Any]]


def png(width: int = 128, height: int = 128) -> bytes:
    """First bytes of an image, with its size."""
    header = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x06\0\0\0"
    return b"\x89PNG\r\n\x1a\n\0\0\0\r" + header


PNG = png()
BODIES: dict[str, dict[str, Any]] = {
    "v1:mergeDeals": {"merge_with_id": 2},
    "v1:mergePersons": {"merge_with_id": 2},
    "v1:mergeOrganizations": {"merge_with_id": 2},
    "v1:addDealParticipant": {"person_id": 3},
    "v1:addCallLog": {
        "start_time": "2026-06-01 10:00:00",
        "end_time": "2026-06-01 10:05:00",
        "duration": "300",
        "outcome": "connected",
    },
    "v2:addProductVariation": {"prices": [{"currency": "EUR", "price": 5}]},
    "v2:updateProductVariation": {"prices": [{"currency": "EUR", "price": 5}]},
    "v2:convertLeadToDeal": {"stage_id": 1, "pipeline_id": 1},
}
DROPPED: dict[str, set[str]] = {}
_FILE = {"file": ("a.txt", b"bytes")}
_IMAGE = {"data": ("a.png", PNG)}
_REMOTE = {"item_type": "deal", "item_id": "1", "remote_location": "googledrive"}
# How bodies that are not JSON are sent.
FORMS: dict[str, dict[str, Any]] = {
    "v1:addFile": {"files": _FILE, "data": {"deal_id": "1"}},
    "v1:updateFile": {"data": {"name": "renamed.txt"}},
    "v1:addPersonPicture": {"files": {"file": ("a.png", PNG)}},
    "v1:addCallLogAudioFile": {"files": {"file": ("a.mp3", b"ID3", "audio/mpeg")}},
    "v1:addFileAndLinkIt": {"data": {**_REMOTE, "file_type": "gdoc", "title": "Far away"}},
    "v1:linkFileToItem": {"data": {**_REMOTE, "remote_id": "abc"}},
    "v1:updateMailThreadDetails": {"data": {"read_flag": "1", "deal_id": "2"}},
    "v2:uploadProductImage": {"files": _IMAGE},
    "v2:updateProductImage": {"files": _IMAGE},
}


def form_of(key: str) -> dict[str, Any]:
    """Requests with a body other than JSON."""
    return FORMS.get(key, {"files": _FILE})


def _row(table: str, **names: str) -> Maker:
    """Path values from the first row of a table."""
    return lambda tables: {place: tables[table][0][name] for place, name in names.items()}


def _comment(tables: Tables) -> dict[str, Any]:
    row = tables["note_comments"][0]
    return {"id": row["object_id"], "commentId": row["uuid"]}


def _conversion(source: str) -> Maker:
    def made(tables: Tables) -> dict[str, Any]:
        row = next(row for row in tables["conversions"] if row["source"] == source)
        return {"id": row["source_id"], "conversion_id": row["id"]}

    return made


def _mine(tables: Tables) -> dict[str, Any]:
    return {"id": next(row["id"] for row in tables["mail_threads"] if row["user_id"] == 1)}


def _without_image(tables: Tables) -> dict[str, Any]:
    shown = {row["product_id"] for row in tables["product_images"]}
    return {"id": next(row["id"] for row in tables["products"] if row["id"] not in shown)}


def _without_recurring(tables: Tables) -> dict[str, Any]:
    lines = [row for row in tables["deal_products"] if row["billing_frequency"] != "one-time"]
    held = {row["deal_id"] for row in lines}
    once = {row["deal_id"] for row in tables["deal_products"]} - held
    rows = [row for row in tables["deals"] if not row["is_deleted"] and not row["is_archived"]]
    return {"id": next(row["id"] for row in rows if row["id"] in once)}


# (method and path, what to fill in); the first that fits counts.
PLACES: tuple[tuple[str, Maker], ...] = (
    (r".*/callLogs/", _row("call_logs", id="id")),
    (r".*/comments/", _comment),
    (r".*/mailThreads/\{id\}", _mine),
    (r".*/discounts/", _row("discounts", id="deal_id", discount_id="id")),
    (r".*/installments/", _row("installments", id="deal_id", installment_id="id")),
    (r"POST .*/installments", _without_recurring),
    (r".*/variations/", _row("product_variations", id="product_id", product_variation_id="id")),
    (r"POST .*/images", _without_image),
    (r".*/images", _row("product_images", id="product_id")),
    (r".*/persons/\{id\}/picture", _row("person_pictures", id="item_id")),
    (r"DELETE .*/participants/", _row("participants", id="deal_id", deal_participant_id="id")),
    (r".*/deals/\{id\}/convert/status", _conversion("deals")),
    (r".*/leads/\{id\}/convert/status", _conversion("leads")),
)
QUERIES = (
    (r".*/itemSearch/field", {"field": "title", "entity_type": "deal"}),
    (r".*/deals/timeline", {"start_date": "2026-06-01", "amount": "1", "field_key": "add_time"}),
    (r".*_statistics", {"start_date": "2026-06-01", "end_date": "2026-06-30"}),
    (r".*/recents", {"since_timestamp": "2026-06-01 00:00:00"}),
)


def place(operation: dict[str, Any], tables: Tables) -> dict[str, Any]:
    """The path values of an operation, where they are not 1."""
    name = f"{operation['method']} {operation['path']}"
    return next((make(tables) for pattern, make in PLACES if re.match(pattern, name)), {})


def queries(operation: dict[str, Any]) -> dict[str, str]:
    """Query values of an operation that differ from the usual."""
    return next((values for pattern, values in QUERIES if re.match(pattern, operation["path"])), {})
