"""Pages of rows of one published read, in the order that its bookmark requires.

Offset pages shift when a row before the page border is changed or deleted; `_overlapping` detects this and
steps back. Cursors refer to a key instead of a position and cannot shift.
"""

from __future__ import annotations

import itertools
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, cast
from urllib.parse import quote

from pipedrive_client import ConfigError, Expectation, Null, Paging, PagingStuck, UnknownMethod, times
from tap_pipedrive.read.time_windows import PAGES_BEFORE, TimeWindows
from tap_pipedrive.rows.shapes import BARE_SHAPES, SHAPES
from tap_pipedrive.rows.struct_rows import TypedRow, canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Future
    from datetime import datetime

    from pipedrive_client import PipedriveClient, PipedriveError
    from tap_pipedrive.catalog.spec import Read
    from tap_pipedrive.read.window_slots import WindowSlots
    from tap_pipedrive.values.row import Context, Row

Query: TypeAlias = "dict[str, object]"
_NOTHING: Context = {}
_OffsetPage: TypeAlias = "tuple[list[Row], bool, int]"
"""Rows, whether there are more, and the row the next page begins with."""
_DEFAULT_PAGE = 100
_MOST_AHEAD = 3
"""Number of pages of an offset list to request ahead: pages after its end waste tokens."""
_NARROWED = frozenset({"filter_id", "ids"})
"""Parameters that may make Pipedrive ignore time bounds."""
_MOST_STEPS_BACK = 5
"""Maximum number of shifts at one page border before the read of an offset list fails."""
_TAIL = 50
"""Number of rows before the known end of a list where reading resumes: some rows may be deleted since."""


def nothing_there(error: PipedriveError, also: str = "") -> ConfigError:
    """Return the error of a missing collection, caused by a wrong URL: every account has all collections."""
    cause = (
        ""
        if isinstance(error, UnknownMethod)
        else ": this path does not exist. Check company_domain and api_url"
    )
    return ConfigError(
        f"{error.message.rstrip('.')}{cause}{also}.",
        status=error.status,
        label=error.label,
    )


class SharedRows:
    """A list that the tap also reads for its own use, shared so that it is read once."""

    def __init__(self, read: Read, rows: Callable[[], list[Row]]) -> None:
        self.read = read
        self._rows = rows

    def all(self, context: Context = _NOTHING, query: Context = _NOTHING) -> Iterator[list[Row]]:
        """Yield the rows as one page of copies, which the caller may modify."""
        del context, query
        yield [dict(row) for row in self._rows()]


class Reader:
    """Reader of one `Read` for one stream.

    Args:
        client: sends the requests.
        read: the published read.
        label: name under which requests and tokens are counted.
        shape: name of the row function, see `shapes.py`.
        params: additional query parameters, from the settings.
        decode: decodes the bytes of a page of `changes`; None decodes JSON.

    Attributes:
        length: number of rows of an offset list, known after `changes` has read it completely.
        null: meaning of a null instead of the first page, according to what is known of the list.
        doubted: True if a page was received only after a response without valid content.
    """

    def __init__(
        self,
        client: PipedriveClient,
        read: Read,
        *,
        label: str,
        shape: str | None = None,
        params: Mapping[str, object] | None = None,
        decode: Callable[[bytes], object] | None = None,
    ) -> None:
        self.read = read
        self._client = client
        self._label = label
        self._shape = SHAPES[shape] if shape else None
        self._of_objects = shape not in BARE_SHAPES
        self._decode = decode
        self.length = 0
        self.null = Null.CONFIRMED
        self.doubted = False
        self._params: Query = {**read.params, **(params or {})}

    def all(self, context: Context = _NOTHING, query: Context = _NOTHING) -> Iterator[list[Row]]:
        """Yield the pages of all rows.

        Args:
            context: fills the path.
            query: additional parameters.

        Raises:
            PipedriveError: a request failed permanently.
        """
        yield from self._pages({**self._params, **query}, context)

    def changes(
        self,
        since: datetime | None,
        moment: Callable[[Row], str],
        *,
        length: int = 0,
        slots: WindowSlots | None = None,
    ) -> Iterator[list[Row]]:
        """Yield pages of the rows changed at or after `since`, oldest change first.

        Args:
            since: inclusive lower bound; None reads everything.
            moment: RFC 3339 time by which a row is ordered.
            length: number of rows of an offset list at its last complete read, see `length`.
            slots: slots to read a list with both time bounds in several time windows in parallel.
        """
        changes = self.read.changes
        if changes is None:
            yield from self.all()
            return
        query: Query = {**self._params, **changes.ascending}
        start = 0
        if since and changes.since:
            query[changes.since] = times.to_rfc3339(since)
        elif since:
            start = max(0, length - _TAIL)
        if self.read.paging is Paging.OFFSET:
            floor = times.to_rfc3339(since) if start and since else ""
            ahead = min(slots.count - 1, _MOST_AHEAD) if slots else 0
            yield from self._overlapping(query, moment, start=start, floor=floor, ahead=ahead)
        elif slots and changes.until and not _NARROWED & query.keys():

            def ask(
                over: Context = _NOTHING, *, size: int | None = None, ahead: int = 1
            ) -> Iterator[list[Row]]:
                return self._pages({**query, **over}, _NOTHING, size=size, ahead=ahead, decode=self._decode)

            yield from TimeWindows(
                client=self._client,
                ask=ask,
                changes=changes,
                moment=moment,
                page_size=self.read.page_size or _DEFAULT_PAGE,
                slots=slots,
            ).pages()
        else:
            yield from self._pages(query, _NOTHING, decode=self._decode)

    def _overlapping(
        self, query: Query, moment: Callable[[Row], str], *, start: int, floor: str, ahead: int
    ) -> Iterator[list[Row]]:
        """Yield offset pages that share one row with the previous page, as proof that nothing shifted.

        If the shared row has moved, rows before it were changed or removed, and others moved up across the
        border. The reader then steps back to a row that it knows in the same state; everything before such a
        row is known, since the list is sorted.

        A list without a lower bound is started near its end, at a row that is older than `floor`: all later
        changes follow it.

        Args:
            query: parameters of every page.
            moment: RFC 3339 time by which a row is ordered.
            start: first row.
            floor: time that the first row must be older than, if `start` is not 0.
            ahead: further pages to request while one is in progress, if the list is long. A row that changed
                in the meantime may then have moved from one page to another that was already requested, so
                the end is requested again.
        """
        size = self.read.page_size or _DEFAULT_PAGE
        known: dict[int | str | bytes, str] = {}
        pages = _PagesAhead(
            self._client, lambda at: self._offset_page({**query, "start": at, "limit": size}), step=size - 1
        )
        steps_back: Counter[int] = Counter()
        for count in itertools.count():
            rows, more, following = pages.take(start, ahead if count >= PAGES_BEFORE else 0)
            first = moment(rows[0]) if rows else ""
            if start and not (rows and (known.get(_identity(rows[0])) == first or first < floor)):
                pages.drop()
                self._count_step_back(steps_back, start)
                # Before the first page, the known length may be far too high: then ever larger steps.
                far = 1 if known else 2 ** (steps_back.total() - 1)
                start = max(0, start - far * (size - 1))
                continue
            fresh = [row for row in rows if known.get(_identity(row)) != moment(row)]
            known.update((_identity(row), moment(row)) for row in fresh)
            yield fresh
            floor = ""
            if not more and pages.used:
                pages.drop()
                pages.used, ahead = False, 0
                continue
            if not more:
                self.length = start + len(rows)
                return
            start = max(following - 1, start + 1)

    def _count_step_back(self, steps_back: Counter[int], start: int) -> None:
        """Count a step back from the page at a row.

        Raises:
            PagingStuck: the list shifted there too often.
        """
        steps_back[start] += 1
        if steps_back[start] > _MOST_STEPS_BACK:
            msg = f"{self.read.path}: the page at row {start} does not continue the previous page."
            raise PagingStuck(msg, label=self._label)

    def _offset_page(self, query: Query) -> _OffsetPage:
        start = cast("int", query["start"])
        # A later page without rows never ends the list: the reader steps back to rows it knows.
        null = Null.EMPTY if start else self.null
        response = self._client.read(
            self.read.path,
            expected=self._expected(null),
            params=query,
            cost=self.read.cost,
            label=self._label,
        )
        self.doubted |= response.doubted
        body = cast("Row", response.json())
        rows = self._rows(body, _NOTHING)
        position = _position(body)
        more = position.get("more_items_in_collection")
        if more is None:
            more = len(rows) == query["limit"]
        following = position.get("next_start")
        return rows, bool(more), following if isinstance(following, int) else start + len(rows)

    def _pages(
        self,
        query: Query,
        context: Context,
        *,
        size: int | None = None,
        ahead: int = 1,
        decode: Callable[[bytes], object] | None = None,
    ) -> Iterator[list[Row]]:
        path = self.read.path.format_map(
            {name: quote(str(value), safe="") for name, value in context.items()}
        )
        pages = self._client.pages(
            path,
            params=query,
            paging=self.read.paging,
            page_size=size or self.read.page_size,
            cost=self.read.cost,
            label=self._label,
            prefetch=ahead,
            decode=decode,
            expected=self._expected(self.null),
        )
        for page in pages:
            self.doubted |= page.response.doubted
            yield self._rows(cast("Row", page.body), context)

    def _expected(self, null: Null) -> Expectation:
        return Expectation(
            kind=self.read.kind, records=self.read.records, null=null, of_objects=self._of_objects
        )

    def _rows(self, body: Row, context: Context) -> list[Row]:
        found: object = body
        for key in self.read.records.split("."):
            found = found.get(key) if isinstance(found, dict) else None
        if self._shape:
            return list(self._shape(found, context))
        if isinstance(found, dict):
            return [found]
        if not isinstance(found, list):
            return []
        # Before the row plan, only `get` of a row is used, which typed rows have too.
        return cast("list[Row]", [row for row in found if isinstance(row, (dict, TypedRow))])


class _PagesAhead:
    """Pages of an offset list, some of them requested ahead.

    Args:
        client: provides the threads.
        ask: requests the page that begins with this row.
        step: number of rows from the start of a page to the start of the next.

    Attributes:
        used: True if a page that was requested ahead was used.
    """

    def __init__(self, client: PipedriveClient, ask: Callable[[int], _OffsetPage], *, step: int) -> None:
        self._client = client
        self._ask = ask
        self._step = step
        self._begun: dict[int, Future[_OffsetPage]] = {}
        self.used = False

    def take(self, start: int, ahead: int) -> _OffsetPage:
        """Return the page that begins with this row, and request further pages ahead."""
        if self._begun and start not in self._begun:
            self.drop()
        for at in range(start, start + ahead * self._step + 1, self._step) if ahead else ():
            if at not in self._begun:
                self._begun[at] = self._client.begin(partial(self._ask, at))
        page = self._begun.pop(start, None)
        if page is None:
            return self._ask(start)
        self.used = True
        return page.result()

    def drop(self) -> None:
        """Drop the pages requested ahead: others are needed."""
        for page in self._begun.values():
            page.cancel()
        self._begun.clear()


def _identity(row: Row) -> int | str | bytes:
    """Return the id of a row, or all of a row whose id is unusable, so that no other row is taken for it."""
    one = row.get("id")
    return one if isinstance(one, (int, str)) and not isinstance(one, bool) else canonical(row)


def _position(body: Row) -> Row:
    """Return the v1 paging object, which some operations have directly under `additional_data`."""
    extra = body.get("additional_data")
    if not isinstance(extra, dict):
        return {}
    inner = extra.get("pagination")
    return inner if isinstance(inner, dict) else extra
