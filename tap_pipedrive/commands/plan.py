"""Option `--plan`: estimate the cost of a run from the last state and one request per collection.

For incremental reading the first page of changes is requested; if it is the only one, the number is exact.
The size of a full read is the size in the state. The cost of child streams follows from the number of parent
rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

from pipedrive_client import Expectation, MissingScope, NotFound, Null, PipedriveError, UnknownMethod, times
from pipedrive_client.auth.scopes import missing_scopes, required_scopes
from pipedrive_client.fields import FIELD_LIST_COST
from pipedrive_client.paging import Pager, Paging
from pipedrive_client.times import now
from tap_pipedrive.read.full_list_interval import can_wait
from tap_pipedrive.read.reader import nothing_there
from tap_pipedrive.read.time_windows import PAGES_A_WINDOW, PAGES_BEFORE
from tap_pipedrive.state.access import ACCESS_ERRORS, is_about_app
from tap_pipedrive.streams.records import ENTITY_OF_FIELD_LIST
from tap_pipedrive.sync.children import contexts_of
from tap_pipedrive.sync.delete_detection import DeleteDetection
from tap_pipedrive.sync.full_lists import next_reading
from tap_pipedrive.sync.list_sync import ReadRun

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipedrive_client.paging import Page
    from tap_pipedrive.catalog.spec import Read, StreamSpec
    from tap_pipedrive.state.bookmarks import Bookmark
    from tap_pipedrive.streams.base import PipedriveStream

_LABEL = "plan"
_NO_MARKS: Mapping[PipedriveStream, Bookmark | None] = MappingProxyType({})
_ALWAYS_ONE = "always one request"
_SOME = 2
"""Requests for a collection of which only the first page is known."""


class Known(Enum):
    """Accuracy of a number, with its mark in the table."""

    EXACT = ""
    ABOUT = "~"
    AT_LEAST = "≥"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Estimated cost of one read of one stream.

    Attributes:
        stream: name of the stream.
        requests: number of requests.
        tokens: cost of the requests.
        known: accuracy of the numbers.
        why: basis of the estimate.
    """

    stream: str
    requests: int
    tokens: int
    known: Known
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Size:
    """Estimated number of rows of a read.

    Attributes:
        rows: number of rows.
        known: accuracy of the number.
        why: basis of the estimate.
        sample: some of the rows, as Pipedrive sends them.
    """

    rows: int
    known: Known
    why: str
    sample: tuple[dict[str, object], ...] = ()


def plan(lists: Sequence[PipedriveStream]) -> list[Line]:
    """Return the estimated cost of the selected streams, parents before their children.

    Raises:
        PipedriveError: a request failed.
    """
    lines = [line for stream in lists for line in _list_lines(stream)]
    return [*lines, *_field_lines(lists, lines)]


def _list_lines(stream: PipedriveStream) -> Iterator[Line]:
    spec = stream.spec
    ids = stream.tap_context.configured_requests.ids(spec)
    if ids is not None:
        read = spec.single or spec.reads[0]
        size = _Size(rows=len(ids), known=Known.EXACT, why=f"{_rows(len(ids))} by id")
        yield _line(stream, read, len(ids), size)
        yield from _fan_out_lines(stream, size)
        return
    again, granted = next_reading(stream), stream.tap_context.client.granted_scopes()
    for read in spec.reads:
        if again and can_wait(spec, read):
            why = f"not due: read again after {times.to_rfc3339(again)}"
            yield _line(stream, read, 0, _Size(rows=0, known=Known.EXACT, why=why))
            continue
        if granted is not None and (scopes := missing_scopes("GET", read.path, granted)):
            yield _left_out(stream, read, _scope(scopes))
            continue
        if read.path in ENTITY_OF_FIELD_LIST:
            yield _line(stream, read, 1, _Size(rows=0, known=Known.EXACT, why=_ALWAYS_ONE))
            continue
        run = ReadRun.begin(stream, read, None)
        configured_requests = stream.tap_context.configured_requests.of(spec)
        if not configured_requests:
            yield _line(stream, read, 0, _Size(rows=0, known=Known.EXACT, why="no entry in the settings"))
            continue
        try:
            size = _size(run, dict(configured_requests[0].params))
        except (*ACCESS_ERRORS, NotFound) as error:
            if not spec.needs and isinstance(error, NotFound):
                raise nothing_there(error) from error
            yield _left_out(stream, read, _lacking(spec, read, error))
            continue
        requests = _pages(read, size)
        if (
            stream.tap_context.window_slots
            and read.changes
            and read.changes.until
            and requests > PAGES_BEFORE
        ):
            requests += math.ceil((requests - PAGES_BEFORE) / PAGES_A_WINDOW / 2) + 1
        yield _line(stream, read, requests * len(configured_requests), size)
        yield from _sweep_lines(run, size)
        yield from _fan_out_lines(stream, size, dict(run.fan_outs))


def _left_out(stream: PipedriveStream, read: Read, lacking: str) -> Line:
    """Return the cost of a denied list: every run requests it once, in case that access was granted."""
    return _line(stream, read, 1, _Size(rows=0, known=Known.EXACT, why=f"denied: requires {lacking}"))


def _scope(scopes: Sequence[str]) -> str:
    return f"the OAuth scope {' or '.join(scopes)}"


def _lacking(spec: StreamSpec, read: Read, error: PipedriveError) -> str:
    """Return what is missing to read a list."""
    if isinstance(error, MissingScope):
        return _scope(required_scopes("GET", read.path))
    if is_about_app(error):
        return "an API token, since Pipedrive may not serve it to OAuth apps"
    lacking = "an operation of this host" if isinstance(error, UnknownMethod) else "a permission"
    return spec.needs or f"{lacking} that is missing"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _pages(read: Read, size: _Size) -> int:
    if read.paging is Paging.NONE or not read.page_size:
        return 1
    if size.known is Known.AT_LEAST:
        return max(_SOME, math.ceil(size.rows / read.page_size))
    return max(1, math.ceil(size.rows / read.page_size))


def _line(stream: PipedriveStream, read: Read, requests: int, size: _Size) -> Line:
    part = read.path.removeprefix(f"{stream.spec.reads[0].path}/")
    of_many = read in stream.spec.reads and part and part != read.path
    why = f"{part}: {size.why}" if of_many else size.why
    return Line(stream=stream.name, requests=requests, tokens=requests * read.cost, known=size.known, why=why)


# --- sizes ------------------------------------------------------------------------------------------


def _size(run: ReadRun, query: dict[str, object]) -> _Size:
    """Return the estimated number of rows of a read."""
    read, memo = run.read, run.memo
    remembered = memo.get("size")
    bound = run.lower_bound()
    if not run.bookmarks and isinstance(remembered, int):
        return _Size(rows=remembered, known=Known.ABOUT, why=f"about {_rows(remembered)}, as in the last run")
    if not run.bookmarks and read.paging is Paging.NONE and not run.fan_outs:
        return _Size(rows=0, known=Known.EXACT, why=_ALWAYS_ONE)
    changes = read.changes
    if changes and bound and not changes.since and memo.get("length"):
        return _Size(rows=0, known=Known.ABOUT, why="reads only the newest rows")
    by_id = changes is not None and bound is None and "sort_by" in changes.ascending
    if by_id:
        query |= {"sort_by": "id", "sort_direction": "desc"}
    elif changes:
        query |= changes.ascending
        if bound and changes.since:
            query[changes.since] = times.to_rfc3339(bound)
    page, more = _asked(run, query)
    sample = tuple(page.rows)
    if not more:
        changed = " changed" if bound else ""
        why = f"{len(sample):,}{changed} row{'' if len(sample) == 1 else 's'}"
        return _Size(rows=len(sample), known=Known.EXACT, why=why, sample=sample)
    rows, why = _by_ids(sample) if by_id else _by_times(run, sample)
    if isinstance(remembered, int) and (not rows or rows > remembered):
        rows, why = remembered, f"at most {remembered:,} rows, as in the last full read"
    if not rows:
        why = f"more than {_rows(len(sample))}; the first run counts them"
        return _Size(rows=len(sample) + 1, known=Known.AT_LEAST, why=why, sample=sample)
    return _Size(rows=max(rows, len(sample) + 1), known=Known.ABOUT, why=why, sample=sample)


def _asked(run: ReadRun, query: Mapping[str, object]) -> tuple[Page, bool]:
    """Return the first page of a collection, and whether there are more."""
    read, context = run.read, run.stream.tap_context
    params = {**read.params, **context.configured_requests.parameters(run.stream.spec, read), **query}
    pages = context.client.pages(
        read.path,
        params=params,
        paging=read.paging,
        page_size=read.page_size,
        cost=read.cost,
        label=_LABEL,
        prefetch=0,
        expected=Expectation(kind=read.kind, records=read.records, null=Null.CONFIRMED),
    )
    page = next(pages)
    pages.close()
    return page, Pager(read.paging, params, read.page_size).after(page) is not None


def _by_ids(sample: tuple[dict[str, object], ...]) -> tuple[int, str]:
    """Estimate the number of rows from the newest page, because ids are consecutive."""
    ids = [one for one in (row.get("id") for row in sample) if isinstance(one, int)]
    if len(ids) < _SOME:
        return 0, ""
    newest, oldest = max(ids), min(ids)
    rows = round(len(ids) * newest / (newest - oldest + 1))
    return rows, f"about {rows:,} rows, judging by the newest ids"


def _by_times(run: ReadRun, sample: tuple[dict[str, object], ...]) -> tuple[int, str]:
    """Estimate the number of rows from the oldest page of changes, at a constant rate."""
    marks = run.bookmarks
    moments = [moment for row in sample if marks and (moment := marks[0].moment(row))]
    if not moments or not run.read.changes or not run.read.changes.since or run.lower_bound() is None:
        return 0, ""
    first, last = times.parse(min(moments)), times.parse(max(moments))
    share = (now() - first).total_seconds() / max(1.0, (last - first).total_seconds())
    rows = math.ceil(len(sample) * max(1.0, share))
    return rows, f"about {rows:,} changed rows, judging by the oldest changes"


# --- child streams and sweeps -------------------------------------------------------------------


def _sweep_lines(run: ReadRun, size: _Size) -> Iterator[Line]:
    """Return the full read that detects deleted rows, if one is due."""
    stream, read = run.stream, run.read
    detection = DeleteDetection.begin(stream)
    if (
        detection is None
        or run.lower_bound() is None
        or not detection.known.due(stream.tap_context.sweep_interval)
    ):
        return
    remembered = run.memo.get("size")
    if isinstance(remembered, int):
        whole = _Size(rows=remembered, known=Known.ABOUT, why="full read to find deleted rows")
    else:
        whole = _Size(rows=size.rows, known=Known.AT_LEAST, why="full read to find deleted rows")
    yield _line(stream, read, _pages(read, whole), whole)


def _fan_out_lines(
    parent: PipedriveStream, size: _Size, marks: Mapping[PipedriveStream, Bookmark | None] = _NO_MARKS
) -> Iterator[Line]:
    for child in parent.wanted_children():
        where, mark, sample = child.spec.parent, marks.get(child), [*size.sample]
        if mark and size.known is Known.EXACT:
            sample = mark.fresh(sample)  # rows of the last minute before the bookmark were read before
        share = len(contexts_of(child, sample).found) / len(size.sample) if size.sample else 1.0
        asked = math.ceil(size.rows * share)
        configured_requests = len(child.tap_context.configured_requests.of(child.spec))
        requests = math.ceil(asked / (where.bulk if where else 1)) * configured_requests
        sure = Known.AT_LEAST if size.known is Known.AT_LEAST or not size.rows else Known.ABOUT
        below = _Size(
            rows=asked,
            known=sure,
            why=f"{_rows(asked)} of {parent.name}, one request per row"
            if not where or where.bulk == 1
            else f"{_rows(asked)} of {parent.name}, {where.bulk} per request",
        )
        for read in child.spec.reads:
            yield _line(child, read, requests, below)
        yield from _fan_out_lines(
            child, _Size(rows=asked, known=Known.AT_LEAST, why="at least one row per parent")
        )


def _field_lines(lists: Sequence[PipedriveStream], lines: list[Line]) -> Iterator[Line]:
    """Return the reads of field definitions, made before the first row with custom fields."""
    reading = {line.stream for line in lines if line.requests}
    streams = [one for stream in lists for one in stream.family() if one.name in reading]
    listed = {ENTITY_OF_FIELD_LIST.get(one.spec.reads[0].path) for one in streams}
    entities = {one.defined_by for one in streams} - listed
    for entity in sorted(filter(None, entities)):
        yield Line(
            stream=f"{entity}_fields",
            requests=1,
            tokens=FIELD_LIST_COST,
            known=Known.ABOUT,
            why="definitions of custom fields, needed for the first row",
        )
