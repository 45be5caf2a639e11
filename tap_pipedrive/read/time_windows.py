"""Parallel reading of a long list in several time windows, with rows in the order of a single read.

The list is sorted by change time. Its first pages are read one after the other. If there are more, the time
from there to the newest change is divided into windows, which are read in parallel, each with both bounds.
Pages are returned window by window, so bookmarks advance as usual, and an interrupted run has read ahead only
a few windows. The last minute before the newest change, as of the start of the windows, is read after all of
them and without an upper bound: a row that changes in the meantime leaves its window and moves there. The
result does not depend on any clock, only on Pipedrive's times not going backwards.

Changes are unevenly distributed. A window is sized for a few pages at the rate of the previous ones. A window
with more rows than expected is split again, using its own rate; after an empty one, the next window is
longer. If this takes too many requests, windows are not used until they pay off again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from pipedrive_client import times
from tap_pipedrive.read.window_slots import SlotShare
from tap_pipedrive.state.bookmarks import LOOK_BACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Future

    from pipedrive_client import PipedriveClient
    from tap_pipedrive.catalog.spec import Changes
    from tap_pipedrive.read.window_slots import WindowSlots

    Row = dict[str, object]
    Pages = Iterator[list[Row]]

PAGES_BEFORE = 4
"""Number of pages read one by one before windows are used: most runs need no more."""
PAGES_A_WINDOW = 3
"""Maximum number of pages of a window. More would take fewer requests, but more memory."""
_MARGIN = 0.1
"""Fraction of a page by which a window is shortened, so that a few unexpected rows fit too."""
_MOST_PAGES = 4
"""Number of pages after which a window is split again."""
_EMPTY = 8
"""Factor by which the next window is longer after an empty one; a window that is too long is split."""
_DEARER = 0.25
"""Fraction of additional requests above which windows are not used."""


class Ask(Protocol):
    """Function that requests pages of the list, oldest change first."""

    def __call__(self, over: Mapping[str, object] = ..., *, size: int | None = None, ahead: int = 1) -> Pages:
        """Return the pages of a range.

        Args:
            over: query parameters that replace the list's own.
            size: number of rows of a page; the maximum by default.
            ahead: number of pages requested ahead while one is processed.
        """


@dataclass(slots=True, kw_only=True)
class _Span:
    """Time range that is still to be read, in whole seconds since 1970.

    Attributes:
        since: inclusive.
        until: exclusive.
        pace: estimated seconds per page.
        slots: source of the slots of its windows.
    """

    since: int
    until: int
    pace: float
    slots: SlotShare


@dataclass(slots=True, kw_only=True)
class _Window:
    """Span that is being read.

    Attributes:
        span: its bounds.
        part: its first pages.
        slot: source of its slot, if it has one.
    """

    span: _Span
    part: Future[_Part]
    slot: SlotShare | None

    def release(self) -> None:
        """Return the slot; pages that were not requested yet are cancelled."""
        self.part.cancel()
        if self.slot:
            self.slot.give()
            self.slot = None


@dataclass(slots=True, kw_only=True)
class _Part:
    """First pages of a window.

    Attributes:
        pages: its first pages.
        more: iterator of the others; None if there are no more.
    """

    pages: list[list[Row]]
    more: Pages | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Border:
    """Position to cut a page: before its last second, which may continue on the next page.

    Attributes:
        first: the page's first second. last: its last second. before: the rows before the last second.
    """

    first: int
    last: int
    before: list[Row]


@dataclass(slots=True, kw_only=True)
class TimeWindows:
    """Reader of one list in time windows.

    Attributes:
        client: provides the threads.
        ask: sends the requests.
        changes: names of the bounds.
        moment: RFC 3339 time by which a row is ordered, empty if it has no time.
        page_size: rows of a full page.
        slots: shared by all lists of a run.
    """

    client: PipedriveClient
    ask: Ask
    changes: Changes
    moment: Callable[[Row], str]
    page_size: int
    slots: WindowSlots
    _line: deque[_Span | _Window] = field(default_factory=deque)
    _rows: int = 0
    _requests: int = 0
    _closed: bool = False

    def pages(self) -> Pages:
        """Yield the list's pages, oldest change first.

        Raises:
            PipedriveError: a request failed permanently; all pages before it were returned.
        """
        began = tail = newest = None
        for count, rows in enumerate(self.ask(ahead=0), start=1):
            here = self._border(rows) if tail is None else None
            if here:
                began = here.first if began is None else began
                if newest is None and count >= PAGES_BEFORE - 1 and len(rows) >= self.page_size:
                    newest = self.client.begin(self._tail)  # in addition to the next page
                if newest and count >= PAGES_BEFORE:
                    tail = newest.result()
                    if here.last < tail:
                        pace = (here.last - began) / count
                        yield here.before
                        yield from self._side_by_side(here.last, tail, pace)
                        yield from self.ask({str(self.changes.since): _text(tail)})
                        return
            yield rows

    def _tail(self) -> int:
        """Return the second from which the list is read last; 0 if its newest row has no time."""
        rows = next(self.ask({"sort_direction": "desc"}, size=1, ahead=0), [])
        newest = self.moment(rows[0]) if rows else ""
        return _seconds(newest) - int(LOOK_BACK.total_seconds()) if newest else 0

    def _border(self, rows: list[Row]) -> _Border | None:
        """Return the position to cut a page; None if it has only one second, or is not sorted by time."""
        moments = [self.moment(row) for row in rows]
        if not moments or not moments[0] or moments[0] == moments[-1] or moments != sorted(moments):
            return None
        before = rows[: moments.index(moments[-1])]
        return _Border(first=_seconds(moments[0]), last=_seconds(moments[-1]), before=before)

    # --- windows ------------------------------------------------------------------------------------

    def _side_by_side(self, since: int, until: int, pace: float) -> Pages:
        ahead, inside = SlotShare(self.slots.ahead), SlotShare(self.slots.inside)
        self._line.append(_Span(since=since, until=until, pace=pace, slots=ahead))
        try:
            while self._line:
                self._begin()
                window = self._line.popleft()
                if isinstance(window, _Window):
                    try:
                        yield from self._handed_out(window, inside)
                    finally:
                        window.release()
        finally:
            self._closed = True
            for window in self._line:
                if isinstance(window, _Window):
                    window.release()
            ahead.leave()
            inside.leave()

    def _begin(self) -> None:
        """Split windows off the spans, oldest first, as long as there are slots."""
        need = self._rows / self.page_size
        frugal = self._requests > (1 + _DEARER) * need + self.slots.count
        for at in range(len(self._line) + self.slots.count):
            span = self._line[at] if at < len(self._line) else None
            if isinstance(span, _Window):
                if span.part.done() and span.part.exception():
                    return
            elif span:
                slot = span.slots if at else None
                if slot and (frugal or not slot.take()):
                    return
                window, rest = self._cut(span, whole=frugal)
                self._line[at] = _Window(
                    span=window, part=self.client.begin(partial(self._read, window)), slot=slot
                )
                if rest:
                    self._line.insert(at + 1, rest)

    def _cut(self, span: _Span, *, whole: bool) -> tuple[_Span, _Span | None]:
        """Return the next window of a span, and the rest of the span."""
        pages = (span.until - span.since) / max(span.pace, 1) / self.slots.count
        border = span.since + max(1, int(span.pace * (min(max(pages, 1), PAGES_A_WINDOW) - _MARGIN)))
        if whole or border >= span.until:
            return span, None
        return replace(span, until=border), replace(span, since=border)

    def _read(self, span: _Span) -> _Part:
        """Return the first pages of a window; on a thread of the client."""
        since, until = str(self.changes.since), str(self.changes.until)
        return self._some(self.ask({since: _text(span.since), until: _text(span.until)}), span.until)

    def _some(self, pages: Pages, until: int) -> _Part:
        found: list[list[Row]] = []
        for rows in pages:
            found.append(rows)
            # Usually only a full page has a next page; the exception costs a page of memory.
            full = len(rows) >= self.page_size
            if self._closed or (full and (len(found) >= _MOST_PAGES or self._dense(rows, until))):
                return _Part(pages=found, more=pages)
        return _Part(pages=found, more=None)

    def _dense(self, rows: list[Row], until: int) -> bool:
        """Return whether a page covers so little time that the rest of the window has many more pages.

        A page that ends with many rows of one second does not count: a cut there reads them again.
        """
        here = self._border(rows)
        if not here or len(here.before) < (1 - _MARGIN) * len(rows):
            return False
        return until - here.last > _MOST_PAGES * (here.last - here.first)

    def _handed_out(self, window: _Window, inside: SlotShare) -> Pages:
        """Yield the pages of the next window that were read; the rest of it is queued."""
        span, part = window.span, window.part.result()
        while part.more:
            here = self._border(part.pages[-1])
            if here:
                pace = (here.last - span.since) / len(part.pages)
                self._line.appendleft(replace(span, since=here.last, pace=pace, slots=inside))
                part.pages[-1] = here.before
                yield from self._counted(part.pages)
                return
            # One second fills the page: it cannot be cut between its rows.
            yield from self._counted(part.pages)
            part = self._some(part.more, span.until)
        self._learn(span, sum(map(len, part.pages)))
        yield from self._counted(part.pages)

    def _learn(self, window: _Span, rows: int) -> None:
        """Use the rate of a complete window for the following ones."""
        span = next((one for one in self._line if isinstance(one, _Span)), None)
        if span:
            pages = max(rows / self.page_size, 1 / _EMPTY)
            span.pace = max(1, window.until - window.since) / pages

    def _counted(self, pages: list[list[Row]]) -> Pages:
        self._requests += max(1, len(pages))
        while pages:
            rows = pages.pop(0)
            self._rows += len(rows)
            yield rows


def _seconds(moment: str) -> int:
    return times.to_epoch(times.parse(moment))


def _text(seconds: int) -> str:
    return times.to_rfc3339(times.from_epoch(seconds))
