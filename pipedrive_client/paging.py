"""Paging of Pipedrive's lists: pure functions over a decoded body.

Source: Pipedrive's API reference; core-api-concepts-pagination, read 2026-11-23.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from pipedrive_client.errors import MalformedResponse, PagingStuck, PipedriveError
from pipedrive_client.responses import Null, lacks_cursor, leads_on, value_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipedrive_client.call import ReadParts
    from pipedrive_client.http.transport import Response
    from pipedrive_client.responses import Expectation

DEFAULT_PAGE_SIZE = 100
_MOST_EMPTY = 50
"""Maximum number of consecutive pages without rows that each announce another one."""
_UNDIVIDED = 2
"""Largest page that a smaller limit does not divide into a full page and one that is not full."""


class Paging(Enum):
    """Kinds of paging.

    Attributes:
        CURSOR: `cursor` and `limit`; `additional_data.next_cursor` (v2, some of v1).
        OFFSET: `start` and `limit`; `additional_data.pagination`, or its keys one level up, or nothing (v1).
        NONE: everything in one response.
    """

    CURSOR = "cursor"
    OFFSET = "offset"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list.

    Attributes:
        rows: rows of the list, in Pipedrive's order; a single object is one row, bare values (ids) are rows
            with the key `value`, nulls are left out.
        body: the complete decoded response.
        request_params: parameters of the request, paging included.
        response: status, headers and bytes.
    """

    rows: list[dict[str, Any]]
    body: dict[str, Any]
    request_params: dict[str, object]
    response: Response


_BARE = (str, int, float, list, type(None))
"""Types of list entries that are not objects."""


def rows_of(body: object, records: str) -> list[dict[str, Any]]:
    """Return the rows at a dotted path of a body (`data`, `data.items`); empty if there is no value."""
    found = value_at(body, records)
    if found is None:
        return []
    if isinstance(found, list):
        if not any(isinstance(row, _BARE) for row in found):
            return found
        return [{"value": row} if isinstance(row, _BARE) else row for row in found if row is not None]
    return [found] if isinstance(found, dict) else [{"value": found}]


class Pager:
    """Parameters of each next page of one list, with protection against endless lists.

    Attributes:
        first: parameters of the first page.
        announced: True if the previous page announced the next page, which therefore has rows.
        full_page: number of rows of a full page of a cursor list; 0 if it is unknown or not needed.
    """

    def __init__(self, paging: Paging, params: Mapping[str, object] | None, page_size: int | None) -> None:
        self._paging = paging
        self._seen: set[int] = set()
        self._last_body: bytes | None = None
        self._last_cursor = ""
        self._empty = 0
        self.announced = False
        self.first: dict[str, object] = dict(params or {})
        if page_size is not None and paging is not Paging.NONE:
            self.first["limit"] = page_size
        self.full_page = (_whole(self.first.get("limit")) or 0) if paging is Paging.CURSOR else 0

    def after(self, page: Page) -> dict[str, object] | None:
        """Return the parameters of the next page, or None at the end.

        Raises:
            PagingStuck: the cursor was seen before, the page does not advance, or there are only empty pages.
        """
        self.announced = leads_on(page.body)
        self._empty = 0 if page.rows else self._empty + 1
        if self._empty > _MOST_EMPTY:
            raise PagingStuck(
                f"Pipedrive sent {self._empty} pages without rows that each announce another page; the list "
                "cannot be read completely."
            )
        if self._paging is Paging.CURSOR:
            return self._after_cursor(page)
        if self._paging is Paging.OFFSET:
            return self._after_offset(page)
        return None

    def _after_cursor(self, page: Page) -> dict[str, object] | None:
        """Follow `next_cursor`; an empty page with a cursor is not the end."""
        additional = _mapping(page.body.get("additional_data"))
        cursor = additional.get("next_cursor") or _mapping(additional.get("pagination")).get("next_cursor")
        if not cursor:
            return None
        # Cursors are long and a list can have thousands of pages: their hashes are sufficient to compare
        # them.
        mark = hash(cursor)
        if mark in self._seen or cursor == page.request_params.get("cursor"):
            raise PagingStuck(
                "Pipedrive sent the same page cursor twice; the list cannot be read completely."
            )
        self._seen.add(mark)
        if page.rows and self._repeats(page.response.body, str(cursor)):
            raise PagingStuck("Pipedrive sent the same page twice; the list cannot be read completely.")
        return {**page.request_params, "cursor": cursor}

    def _repeats(self, body: bytes, cursor: str) -> bool:
        """Return True if a page differs from the previous one only by its cursor."""
        last, last_cursor = self._last_body, self._last_cursor
        self._last_body, self._last_cursor = body, cursor
        if last is None or len(last) - len(last_cursor) != len(body) - len(cursor):
            return False
        return last.replace(last_cursor.encode(), b"") == body.replace(cursor.encode(), b"")

    def _after_offset(self, page: Page) -> dict[str, object] | None:
        """Follow `next_start`, else count; without any paging data a short page is the last."""
        params = page.request_params
        start = _whole(params.get("start")) or 0
        limit = _whole(params.get("limit")) or DEFAULT_PAGE_SIZE
        additional = _mapping(page.body.get("additional_data"))
        marks = _mapping(additional.get("pagination")) or additional
        next_start = _whole(marks.get("next_start"))
        if "more_items_in_collection" in marks or next_start is not None:
            if not marks.get("more_items_in_collection", True):
                return None
            following = (
                next_start if next_start is not None else start + (_whole(marks.get("limit")) or limit)
            )
        else:
            if len(page.rows) != limit:
                return None
            if page.response.body == self._last_body:
                raise PagingStuck("Pipedrive sent the same page twice; the list cannot be read completely.")
            self._last_body = page.response.body
            following = start + limit
        if following <= start:
            raise PagingStuck(
                f"The page after row {start} starts at {following}; the list cannot be read completely."
            )
        return {**params, "start": following}


class PageReader:
    """Requests pages of one list.

    Args:
        read: `PipedriveClient.read`.
        path: path of the list.
        pager: position in the list.
        expected: required content of a page; its `null` applies where no page announced this one.
        parts: further parameters of each request.
    """

    def __init__(
        self,
        read: Callable[..., Response],
        path: str,
        pager: Pager,
        expected: Expectation,
        parts: ReadParts,
    ) -> None:
        self._read = read
        self._path = path
        self._pager = pager
        self._expected = replace(expected, full_page=pager.full_page)
        self._announced = replace(self._expected, null=Null.REJECTED)
        self._parts = parts
        self._missing = 0

    def fetch(self, params: dict[str, object]) -> tuple[Page, dict[str, object] | None]:
        """Return the page with these parameters, and the parameters of the next one or None.

        Raises:
            PagingStuck: the list does not advance.
            PipedriveError: as in `PipedriveClient.request`.
        """
        first = page = self._requested(params, self._announced if self._pager.announced else self._expected)
        size = self._pager.full_page
        if size and len(first.rows) >= size and lacks_cursor(first.body):
            page = self._requested_with_another_limit(first, size)
        self._missing = max(self._missing, len(first.rows)) - len(page.rows)
        try:
            following = self._pager.after(page)
            if following is None and self._missing > 0:
                raise MalformedResponse(
                    f"GET {self._path} returned a full page without `next_cursor`, and fewer rows with "
                    "another `limit`; the list cannot be read completely."
                )
        except PipedriveError as error:
            error.label = self._parts.get("label")
            raise
        if following is not None and page is not first:
            following["limit"] = size
        return page, following

    def _requested_with_another_limit(self, full: Page, size: int) -> Page:
        """Return a page in place of a full page that lacks `next_cursor`.

        A last page may lack the key, and so may a page whose response was damaged. With a smaller limit, a
        list that ends there has a further page, which is not full. A page of one or two rows cannot be
        divided so, and one more row is requested instead.
        """
        limit = size - 1 if size > _UNDIVIDED else size + 1
        expected = replace(self._announced, full_page=limit, needs_cursor=True)
        page = self._requested({**full.request_params, "limit": limit}, expected)
        page.response.doubted |= full.response.doubted
        return page

    def _requested(self, params: dict[str, object], expected: Expectation) -> Page:
        response = self._read(self._path, expected=expected, **{**self._parts, "params": params})
        body = response.json()
        return Page(
            rows=rows_of(body, expected.records),
            body=body if isinstance(body, dict) else {},
            request_params=params,
            response=response,
        )


def _mapping(value: object) -> Mapping[str, Any]:
    """Return the value if it is an object, otherwise an empty object."""
    return value if isinstance(value, Mapping) else {}


def _whole(value: object) -> int | None:
    """Return a value as an integer."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() else None
