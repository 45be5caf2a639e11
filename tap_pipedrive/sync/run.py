"""A run: converts pages of all selected lists to messages, and advances bookmarks once per page.

Lists are independent, and each is a chain of sequential requests. So a thread per list follows its chain,
while this thread converts the pages to messages as they arrive. Records of a list stay in order; lists
alternate. With `max_concurrency: 1` everything is sequential, in the order of names.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING

from singer_sdk.exceptions import MaxRecordsLimitException

from pipedrive_client import BudgetSpent, Rejected, Stopped
from tap_pipedrive.catalog import FIRST
from tap_pipedrive.sync import budget_rotation as turns
from tap_pipedrive.sync.list_sync import one_by_one
from tap_pipedrive.sync.stream_run import StreamRun

if TYPE_CHECKING:
    from tap_pipedrive.context import TapContext
    from tap_pipedrive.streams.base import PipedriveStream
    from tap_pipedrive.sync.list_sync import ReadRun
    from tap_pipedrive.values.row import Row

PAGES_WAITING = 2
"""Maximum number of waiting pages of one list; with the current one, three are in memory."""
TRIAL_ROWS = 30
"""Maximum number of rows of a list with fan-outs in a `--test` run, each with one request."""
_TRIAL_STEP = 3
LISTS_AT_ONCE = 8
"""Maximum number of lists read at the same time, which limits memory with many selected streams."""


def sync_from(stream: PipedriveStream, lists: list[PipedriveStream]) -> None:
    """Sync a stream, together with all other lists that were not read yet.

    The SDK syncs the streams one by one; the first call syncs all of them, and later calls do nothing.

    Args:
        stream: the stream.
        lists: all lists of the run.
    """
    context = stream.tap_context
    try:
        if stream.ABORT_AT_RECORD_COUNT is not None:
            _trial(stream)
        elif stream.name in context.synced:
            return
        else:
            _read(context, lists)
    except Stopped:
        context.interruption.check()
        raise
    except Rejected as error:
        raise context.configured_requests.cause_of(error) from error


def _read(context: TapContext, lists: list[PipedriveStream]) -> None:
    context.list_count = len(lists)
    context.progress.start(len(lists))
    due, in_turn = turns.begin(context, lists), one_by_one(context)
    try:
        if in_turn:
            for one in due:
                _one_by_one(one)
        else:
            _together(context, sorted(due, key=_rank))
    except BudgetSpent as error:
        turns.broken_off(lists, error, due, one_by_one=in_turn)
        raise
    turns.complete(lists)
    if context.failures:
        raise context.failures[0]


def _rank(stream: PipedriveStream) -> int:
    """Return the sort key that puts referenced streams first, so that a target defers fewer records."""
    return FIRST.index(stream.name) if stream.name in FIRST else len(FIRST)


def _begin(stream: PipedriveStream) -> StreamRun:
    """Set up the run of a stream, and show it in the progress."""
    run = StreamRun.begin(stream)
    sizes = [None if read.bookmarks else read.memo.get("size") for read in run.reads]
    known = [size for size in sizes if isinstance(size, int)]
    expected = sum(known) if len(known) == len(sizes) else None
    stream.tap_context.progress.begin(stream.name, stream.names_below(), expected)
    return run


def _finish(run: StreamRun) -> None:
    run.finish()
    run.stream.tap_context.progress.end(run.stream.name)


def _one_by_one(stream: PipedriveStream) -> None:
    run = _begin(stream)
    run.announce()
    with stream.counting():
        for read in run.reads:
            for rows in read.pages():
                if rows:
                    read.handle(rows)
            read.finish()
        _finish(run)


def _trial(stream: PipedriveStream) -> None:
    """Read a few records of each stream, for `--test`; rare child rows may be missing."""
    run = StreamRun.begin(stream)
    run.announce()
    with stream.counting():
        for read in run.reads:
            rows = next(filter(None, read.pages()), [])[:TRIAL_ROWS]
            for at in range(0, len(rows), _TRIAL_STEP):
                if not stream.has_enough_with_children:
                    read.handle(rows[at : at + _TRIAL_STEP])
    if stream.has_enough:
        stream.abort(MaxRecordsLimitException("The --test run has enough records."))


class _Chain:
    """Reads of one stream on a thread, or on one thread per read if no row can be missed."""

    def __init__(self, stream: PipedriveStream, arrived: SimpleQueue[_Arrival]) -> None:
        self.run = _begin(stream)
        self._arrived = arrived
        self._free = threading.Semaphore(PAGES_WAITING)
        self._closed = False
        self._lock = threading.Lock()
        self.counting = stream.counting()
        reads = self.run.reads
        self._lines = [[read] for read in reads] if self.run.side_by_side() else [reads]
        self._open = len(self._lines)

    def start(self) -> None:
        self.counting.__enter__()
        for reads in self._lines:
            name = f"list-{self.run.stream.name}"
            threading.Thread(target=self._follow, args=(reads,), name=name, daemon=True).start()

    def _follow(self, reads: list[ReadRun]) -> None:
        try:
            for read in reads:
                for rows in read.pages():
                    self._free.acquire()
                    if self._closed:
                        return
                    self._arrived.put(_Arrival(chain=self, read=read, rows=rows))
                self._arrived.put(_Arrival(chain=self, read=read))
            with self._lock:
                self._open -= 1
                if not self._open:
                    self._arrived.put(_Arrival(chain=self))
        except BaseException as error:  # noqa: BLE001  raised again by the main thread
            self._arrived.put(_Arrival(chain=self, error=error))

    def taken(self) -> None:
        self._free.release()

    def close(self) -> None:
        self._closed = True
        self._free.release(len(self._lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrival:
    """Page (`read` and `rows`), end of a read (`read`), end of a chain (neither), or failure."""

    chain: _Chain
    read: ReadRun | None = None
    rows: list[Row] | None = None
    error: BaseException | None = None


def _take(arrival: _Arrival) -> bool:
    """Process an arrival into messages; return True if it is the last of its chain."""
    if arrival.error:
        raise arrival.error
    if arrival.read and arrival.rows is not None:
        arrival.chain.taken()
        if arrival.rows:
            arrival.read.handle(arrival.rows)
    elif arrival.read:
        arrival.read.finish()
    else:
        _finish(arrival.chain.run)
        return True
    return False


def _start(context: TapContext, chains: list[_Chain]) -> None:
    """Request the first pages, and the field definitions for the SCHEMA messages, concurrently."""
    for chain in chains:
        for one in (chain.run.stream, *chain.run.stream.wanted_children()):
            if entity := one.asks_definitions:
                context.fields.begin(entity)
    for chain in chains:
        chain.start()


def _together(context: TapContext, streams: list[PipedriveStream]) -> None:
    arrived: SimpleQueue[_Arrival] = SimpleQueue()
    waiting = list(reversed(streams))
    under_way: set[_Chain] = set()
    spent: BudgetSpent | None = None

    def begin_more() -> None:
        beginning = [waiting.pop() for _ in range(min(len(waiting), LISTS_AT_ONCE - len(under_way)))]
        chains = [_Chain(stream, arrived) for stream in beginning]
        under_way.update(chains)
        _start(context, chains)
        for chain in chains:
            try:
                chain.run.announce()
            except BudgetSpent as error:
                end_without(chain, error)

    def end_without(chain: _Chain, error: BudgetSpent) -> None:
        """Stop requesting new pages; pages already requested are still processed, since they are paid for."""
        nonlocal spent
        spent = spent or error
        waiting.clear()
        end(chain)

    def end(chain: _Chain) -> None:
        chain.close()
        chain.counting.__exit__(None, None, None)
        under_way.discard(chain)

    try:
        begin_more()
        while under_way:
            arrival = arrived.get()
            if arrival.chain not in under_way:
                continue
            try:
                if _take(arrival):
                    end(arrival.chain)
                    begin_more()
            except BudgetSpent as error:
                end_without(arrival.chain, error)
        if spent:
            raise spent
    finally:
        for chain in under_way:
            chain.close()
            chain.counting.__exit__(*sys.exc_info())
