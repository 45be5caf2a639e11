"""Paging: v2 keyset cursor, v1 cursor, v1 offset, and whole collections."""

from __future__ import annotations

import base64
import zlib
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from pipedrive_emulator.api.http import Response, Row, encode, invalid, rows_response, success

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pipedrive_emulator.account.store import Key, Table
    from pipedrive_emulator.api.operations import Operation

DEFAULT_LIMIT = 100
LIST: ContextVar[str] = ContextVar("list", default="")
"""The list that the current request reads; each cursor belongs to one list."""
PRESENTING = frozenset(
    {"limit", "cursor", "include_fields", "custom_fields", "include_option_labels", "include_labels"}
)
"""Parameters that may differ from page to page."""


def open_list(operation: Operation, path: Row, query: Row) -> None:
    """Set the list that a request reads: its operation, the parent in its path, and its filters."""
    filters = sorted((name, str(value)) for name, value in query.items() if name not in PRESENTING)
    LIST.set(f"{operation.key} {sorted(path.items())} {filters}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A position in a sorted list: the sort value and number of the first row of the next page."""

    field: str
    value: Any
    direction: str
    id: int

    def text(self) -> str:
        """Return the opaque form sent to the client."""
        marker = {
            "field": self.field,
            "fieldValue": self.value,
            "sortDirection": self.direction,
            "id": self.id,
        }
        return _spelt({**marker, "list": self._sum()})

    def _sum(self) -> int:
        """Return a checksum that binds the cursor to its list and detects forged cursors."""
        return zlib.crc32(encode([LIST.get(), self.field, self.value, self.direction, self.id]))

    def belongs(self, found: object) -> bool:
        """Return whether a cursor with this checksum belongs to the list that the request reads."""
        return found == self._sum()


def read_cursor(text: str, field: str, direction: str) -> Cursor:
    """Decode a cursor sent by the client; it must belong to the same sorting."""
    try:
        marker = _marker(text)
        cursor = Cursor(
            field=marker["field"],
            value=marker["fieldValue"],
            direction=marker["sortDirection"],
            id=int(marker["id"]),
        )
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError):
        raise invalid("Parameter cursor is not a cursor of this list") from None
    if (cursor.field, cursor.direction) != (field, direction):
        raise invalid("Parameter cursor belongs to another sorting")
    if not cursor.belongs(marker.get("list")):
        raise invalid("Parameter cursor belongs to another list")
    return cursor


def _marker(text: str) -> Row:
    return msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=Row)


def _spelt(marker: Row) -> str:
    return base64.urlsafe_b64encode(encode(marker)).decode().rstrip("=")


def page_start(query: dict[str, str]) -> str:
    """Return a cursor to the begin of the requested page, different from the one sent."""
    marker = _marker(query["cursor"]) if "cursor" in query else {"start": True}
    return _spelt({**marker, "again": marker.get("again", 0) + 1})


def is_start(text: str | None) -> bool:
    """Return whether a cursor references the first page."""
    try:
        return text is not None and "start" in _marker(text)
    except (ValueError, msgspec.MsgspecError):
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Part of a sorted index to read: bounds on the sort value, and the start of the page."""

    view: str
    field: str
    descending: bool = False
    since: Any = None
    until: Any = None
    cursor: Cursor | None = None

    @property
    def direction(self) -> str:
        """Direction as spelt by the API."""
        return "desc" if self.descending else "asc"

    def keys(self, table: Table) -> Iterator[Key]:
        """Return the keys from the start of the page, found by bisection."""
        index = table.index(self.view, self.field)
        low: Key | None = None if self.since is None else (self.since, -1)
        high: Key | None = None if self.until is None else (self.until, -1)
        if self.cursor is not None:
            here = (self.cursor.value, self.cursor.id)
            try:
                if self.descending:
                    high = here if high is None or here < high else high
                else:
                    low = here if low is None or here > low else low
                found: Iterator[Key] = index.irange(low, high, reverse=self.descending)
            except TypeError:
                raise invalid("Parameter cursor is not a cursor of this list") from None
            return found
        bounded: Iterator[Key] = index.irange(low, high, reverse=self.descending)
        return bounded

    def pick(self, table: Table, seqs: Iterable[int]) -> Iterator[Key]:
        """Yield the same keys, but only of the given rows."""
        keys = sorted(
            (table.sort_key(self.field, seq) for seq in seqs if table.in_view(self.view, table.row(seq))),
            reverse=self.descending,
        )
        low = None if self.since is None else (self.since, -1)
        high = None if self.until is None else (self.until, -1)
        here = None if self.cursor is None else (self.cursor.value, self.cursor.id)
        for key in keys:
            if (low is not None and key < low) or (high is not None and key >= high):
                continue
            if here is None or (key <= here if self.descending else key >= here):
                yield key


def keyset_page(
    keys: Iterator[Key], window: Window, limit: int, keep: Callable[[int], bool] | None
) -> tuple[list[int], str | None]:
    """Return up to `limit` row numbers, and the cursor of the next page or None."""
    page = list(islice(keys if keep is None else (key for key in keys if keep(key[1])), limit + 1))
    following = None
    if len(page) > limit:
        value, seq = page.pop()
        following = Cursor(field=window.field, value=value, direction=window.direction, id=seq).text()
    return [seq for _, seq in page], following


def cursor_response(rows: list[bytes], following: str | None) -> Response:
    """Return a v2 list response from encoded rows."""
    return rows_response(rows, {"next_cursor": following})


def listed_page(rows: Sequence[Row], query: Row) -> Response:
    """Return a cursor page of an unsorted list (fields, followers, changes); the cursor is a position."""
    limit = query.get("limit", DEFAULT_LIMIT)
    start = read_cursor(query["cursor"], "position", "asc").id if "cursor" in query else 0
    following = None
    if start + limit < len(rows):
        following = Cursor(field="position", value=start + limit, direction="asc", id=start + limit).text()
    return success(rows[start : start + limit], additional={"next_cursor": following})


def offset_response(
    operation: Operation,
    rows: Sequence[Row | bytes],
    query: Row,
    *,
    more: bool,
    beside: Row | None = None,
    **extra: object,
) -> Response:
    """Return a v1 offset response for one page of rows; an empty page has null data, as in v1.

    `beside` is added to the paging in `additional_data`; `extra` are further top-level keys.
    """
    start, limit = query.get("start", 0), query.get("limit", DEFAULT_LIMIT)
    place: Row = {"start": start, "limit": limit, "more_items_in_collection": more}
    if more:
        place["next_start"] = start + limit
    additional = {**(beside or {}), **({"pagination": place} if operation.nested_pagination else place)}
    page = [row if isinstance(row, bytes) else encode(row) for row in rows]
    if not page or extra:
        content = [msgspec.Raw(row) for row in page] or None
        return Response(
            body=encode({"success": True, "data": content, "additional_data": additional, **extra})
        )
    return rows_response(page, additional)


def complete(operation: Operation, response: Response) -> Response:
    """Add the published `additional_data` to a response without it.

    Lists without paging may publish paging fields: they are those of a single page.
    """
    if response.bare and operation.additional is not None:
        names = operation.additional.get("properties", {})
        place = {"start": 0, "limit": DEFAULT_LIMIT, "more_items_in_collection": False}
        additional: Row | None = None
        if "next_cursor" in names:
            additional = {"next_cursor": None}
        elif "start" in names or "pagination" in names:
            additional = {"pagination": place} if operation.nested_pagination else place
        response.body = b'%s,"additional_data":%s}' % (response.body[:-1], encode(additional))
    return response


def offset_page(operation: Operation, rows: Sequence[Row], query: Row, **extra: object) -> Response:
    """Return one offset page of a sequence."""
    start, limit = query.get("start", 0), query.get("limit", DEFAULT_LIMIT)
    page, more = rows[start : start + limit], start + limit < len(rows)
    return offset_response(operation, page, query, more=more, beside=None, **extra)
