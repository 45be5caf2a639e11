"""Shared parts of all searches: the term, the compared texts, the score, and the page of items."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.account.custom_fields import row_to_v1
from pipedrive_emulator.api.http import Response, Row, invalid, success
from pipedrive_emulator.query.paging import Cursor, read_cursor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipedrive_emulator.account.account import Account

SHORTEST = 2
SEARCHABLE = ("address", "varchar", "text", "varchar_auto", "double", "monetary", "phone")
TAG = re.compile(r"<[^>]*>")
DEFAULT_LIMIT = 100


def term_of(query: Row) -> str:
    """Return the term in lower case; 400 when it is shorter than two characters (one for an exact match)."""
    term = str(query["term"]).strip().lower()
    if len(term) < (1 if query.get("exact_match") else SHORTEST):
        raise invalid("Parameter term is too short")
    return term


def score(texts: Iterable[str], term: str, *, exact: bool) -> float:
    """Return the best score of the texts: 1 for an exact match, less for a partial match, 0 for none."""
    best = 0.0
    for text in texts:
        lowered = text.lower()
        if lowered == term:
            return 1.0
        if not exact and term in lowered:
            best = max(best, round(0.2 + 0.6 * len(term) / len(lowered), 4))
    return best


def hits(texts: Iterable[str], term: str, *, exact: bool) -> list[str]:
    """Return the texts that match."""
    return [text for text in texts if score([text], term, exact=exact)]


def custom_texts(account: Account, entity: str, row: Row) -> list[str]:
    """Return the searchable custom values of a row."""
    fields = account.custom_fields(entity)
    flat = row_to_v1(account, entity, row["custom_fields"])
    kinds = {key: field["field_type"] for key, field in fields.items()}
    return [
        _text(flat[key]) for key, kind in kinds.items() if kind in SEARCHABLE and flat.get(key) is not None
    ]


def _text(value: Any) -> str:  # noqa: ANN401 - of any JSON type
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def note_texts(account: Account, name: str, number: object) -> list[str]:
    """Return the notes on a record, without their tags."""
    table = account.indexed("notes")
    rows = [table.row(seq) for seq in sorted(table.where(name, number))]
    return [TAG.sub(" ", row["content"]).strip() for row in rows if table.is_live(row)]


def ranked_page(found: list[tuple[float, Row]], query: Row) -> tuple[list[Row], str | None]:
    """Return a page of scored items, best first, and the cursor of the next page or None."""
    ranked = sorted(found, key=lambda pair: (-pair[0], str(pair[1].get("type")), pair[1]["id"]))
    limit = query.get("limit", DEFAULT_LIMIT)
    start = read_cursor(query["cursor"], "position", "asc").id if "cursor" in query else query.get("start", 0)
    following = None
    if start + limit < len(ranked):
        following = Cursor(field="position", value=start + limit, direction="asc", id=start + limit).text()
    return [{"result_score": value, "item": item} for value, item in ranked[start : start + limit]], following


def items_page(found: list[tuple[float, Row]], query: Row) -> Response:
    """Return a cursor page of scored items, the best first."""
    items, following = ranked_page(found, query)
    return success({"items": items}, additional={"next_cursor": following})
