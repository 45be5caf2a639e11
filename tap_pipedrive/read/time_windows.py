"""A long list in several windows of time at once, its rows in the order of a single reading.

The list comes sorted by change. Its first pages are read one after the other. If it goes on, the time from
there to its newest change is cut into windows, and these are read side by side, each between its two bounds.
Pages are handed out window after window, so bookmarks move as they always do, and a run that is ended has
read ahead a few windows at most.

The last minute before the newest change, as it was when the windows began, is read after all of them and
without an upper bound: a row that changes meanwhile leaves its window and moves there. So nobody's clock
matters, only that Pipedrive's own times do not go backwards.

Changes are uneven in time. A window is cut to hold a few pages at the pace of those before it. One that
turns out to hold more is given back, and its rest is cut anew by its own pace; one that was empty makes the
next one longer. Where this costs too many requests, windows are left alone until it pays again.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from pipedrive_client import times
from tap_pipedrive.state.bookmarks import LOOK_BACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Future

    from pipedrive_client import PipedriveClient
    from tap_pipedrive.catalog.spec import Changes

    Row = dict[str, object]
    Pages = Iterator[list[Row]]

PAGES_BEFORE = 4
"""Pages read one by one before windows are thought of: most runs are over by then."""
PAGES_A_WINDOW = 3
"""Pages that a window should hold at most. More would cost fewer requests, and more memory."""
_MARGIN = 0.1
"""Part of a page: by this a window is cut shorter, so that a few rows more than expected fit it too."""
_MOST_PAGES = 4
"""Pages after which a window is given back to be cut anew."""
_EMPTY = 8
"""How many times longer than an empty window the next one's page is taken to be: too long costs nothing."""
_DEARER = 0.25
"""Requests more than rows need, as a part of those, at which windows are left alone."""


class _Pool:
    """Slots that lists share evenly, so that none waits until another has ended."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.taken = 0
        self.members = 0
        self.lock = threading.Lock()


class _Share:
    """One list's part of a pool: more while others are few, none behind the end of its reading."""

    def __init__(self, pool: _Pool) -> None:
        self._pool = pool
        self._held = 0
        with pool.lock:
            pool.members += 1

    def take(self) -> bool:
        """Take a slot; False where there is none for this list now."""
        pool = self._pool
        with pool.lock:
            if pool.taken >= pool.size or self._held >= -(-pool.size // pool.members):
                return False
            pool.taken += 1
            self._held += 1
            return True

    def give(self) -> None:
        """Give a slot back."""
        with self._pool.lock:
            self._pool.taken -= 1
            self._held -= 1

    def leave(self) -> None:
        """Let others have this list's part."""
        with self._pool.lock:
            self._pool.members -= 1


class WindowSlots:
    """How many windows may be under way or waiting, of all lists together: they are what fills the memory.

    Args:
        count: setting `time_windows`.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        # A list's own next window needs no slot, so that none waits for another.
        self.ahead = _Pool(count - 1)
        self.inside = _Pool(count - 1)


class Ask(Protocol):
    """Asks for pages of the list, oldest change first."""

    def __call__(self, over: Mapping[str, object] = ..., *, size: int | None = None, ahead: int = 1) -> Pages:
        """Return its pages.

        Args:
            over: query parameters in place of the list's own.
            size: rows of a page, if not as many as can be.
            ahead: pages that may be on their way while one is handled.
        """


@dataclass(slots=True, kw_only=True)
class _Span:
    """A time that is still to be read, in whole seconds since 1970.

    Attributes:
        since: inclusive.
        until: exclusive.
        pace: seconds that a page of it lasts, as far as one can tell.
        slots: what its windows take their slots from.
    """

    since: int
    until: int
    pace: float
    slots: _Share


@dataclass(slots=True, kw_only=True)
class _Window:
    """A span that is being read.

    Attributes:
        span: its bounds.
        part: its first pages.
        slot: what it took its slot from, if it took one.
    """

    span: _Span
    part: Future[_Part]
    slot: _Share | None

    def release(self) -> None:
        """Give the slot back; what has not begun yet never will."""
        self.part.cancel()
        if self.slot:
            self.slot.give()
            self.slot = None


@dataclass(slots=True, kw_only=True)
class _Part:
    """What a window gave at first.

    Attributes:
        pages: its first pages.
        more: gives the others; None when these are all.
    """

    pages: list[list[Row]]
    more: Pages | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Border:
    """Where a page can be cut: before its last second, which may go on behind the page.

    Attributes:
        first: the page's first second.
        last: its last.
        before: the rows before that.
    """

    first: int
    last: int
    before: list[Row]


@dataclass(slots=True, kw_only=True)
class TimeWindows:
    """Reads one list.

    Attributes:
        client: gives the threads.
        ask: does the requests.
        changes: names of the bounds.
        moment: RFC 3339 time by which a row is ordered, empty when it has none.
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
            PipedriveError: a request failed for good; all before it was handed out.
        """
        began = tail = newest = None
        for count, rows in enumerate(self.ask(ahead=0), start=1):
            here = self._border(rows) if tail is None else None
            if here:
                began = here.first if began is None else began
                if newest is None and count >= PAGES_BEFORE - 1 and len(rows) >= self.page_size:
                    newest = self.client.begin(self._tail)  # beside the page that is next
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
        """Return the second from which on the list is read last; 0 when its newest row has no time."""
        rows = next(self.ask({"sort_direction": "desc"}, size=1, ahead=0), [])
        newest = self.moment(rows[0]) if rows else ""
        return _seconds(newest) - int(LOOK_BACK.total_seconds()) if newest else 0

    def _border(self, rows: list[Row]) -> _Border | None:
        """Where a page can be cut; None where it has but one second, or is not sorted by time."""
        moments = [self.moment(row) for row in rows]
        if not moments or not moments[0] or moments[0] == moments[-1] or moments != sorted(moments):
            return None
        before = rows[: moments.index(moments[-1])]
        return _Border(first=_seconds(moments[0]), last=_seconds(moments[-1]), before=before)

    # --- windows ------------------------------------------------------------------------------------

    def _side_by_side(self, since: int, until: int, pace: float) -> Pages:
        ahead, inside = _Share(self.slots.ahead), _Share(self.slots.inside)
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
        """Cut windows off the spans, the oldest first, as far as there are slots."""
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
        """What to read next of a span, and what is left of it."""
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
            # As a rule only a full page is followed by another; the exception costs a page of memory.
            full = len(rows) >= self.page_size
            if self._closed or (full and (len(found) >= _MOST_PAGES or self._dense(rows, until))):
                return _Part(pages=found, more=pages)
        return _Part(pages=found, more=None)

    def _dense(self, rows: list[Row], until: int) -> bool:
        """Return whether a page took so little time that what is left of the window is many more like it.

        A page that ends with many rows of one second is not taken for one: cutting there reads them again.
        """
        here = self._border(rows)
        if not here or len(here.before) < (1 - _MARGIN) * len(rows):
            return False
        return until - here.last > _MOST_PAGES * (here.last - here.first)

    def _handed_out(self, window: _Window, inside: _Share) -> Pages:
        """Yield the pages of a window that is due, as far as they are read; the rest of it is put in line."""
        span, part = window.span, window.part.result()
        while part.more:
            here = self._border(part.pages[-1])
            if here:
                pace = (here.last - span.since) / len(part.pages)
                self._line.appendleft(replace(span, since=here.last, pace=pace, slots=inside))
                part.pages[-1] = here.before
                yield from self._counted(part.pages)
                return
            # One second fills the page: no border fits between its rows.
            yield from self._counted(part.pages)
            part = self._some(part.more, span.until)
        self._learn(span, sum(map(len, part.pages)))
        yield from self._counted(part.pages)

    def _learn(self, window: _Span, rows: int) -> None:
        """Take the pace of a whole window for what follows it."""
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
