"""`--plan`: what a run would cost, from the state of the last one and one request per list.

A list that is read by what changed is asked for its first page of changes, which says all when it is
the only one. A list that is read whole has the size the state remembers. Fan-outs follow from the
rows of their parents.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

from pipedrive_client import FeatureOff, NotFound, NotVisible, times
from pipedrive_client.fields import FIELD_LIST_COST
from pipedrive_client.paging import Pager, Paging
from pipedrive_client.times import now
from tap_pipedrive.read.full_list_interval import can_wait
from tap_pipedrive.read.reader import nothing_there
from tap_pipedrive.read.time_windows import PAGES_A_WINDOW, PAGES_BEFORE
from tap_pipedrive.streams.base import ENTITY_OF_FIELD_LIST
from tap_pipedrive.sync.children import contexts_of
from tap_pipedrive.sync.delete_detection import DeleteWatch
from tap_pipedrive.sync.full_lists import next_reading
from tap_pipedrive.sync.list_sync import ReadRun

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipedrive_client.paging import Page
    from tap_pipedrive.catalog.spec import Read
    from tap_pipedrive.context import TapContext
    from tap_pipedrive.state.bookmarks import Bookmark
    from tap_pipedrive.streams.base import PipedriveStream

_LABEL = "plan"
_NO_MARKS: Mapping[PipedriveStream, Bookmark | None] = MappingProxyType({})
_SOME = 2
"""Requests of a list of which only the first page is known."""


class Known(Enum):
    """How sure a number is, and the mark it is shown with."""

    EXACT = ""
    ABOUT = "~"
    AT_LEAST = "≥"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one read of one stream would cost.

    Attributes:
        stream: its name.
        requests: how many.
        tokens: what they cost.
        known: how sure that is.
        why: where the number comes from.
    """

    stream: str
    requests: int
    tokens: int
    known: Known
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Size:
    """How many rows a read would bring.

    Attributes:
        rows: how many.
        known: how sure that is.
        why: where the number comes from.
        sample: some of them, as Pipedrive sends them.
    """

    rows: int
    known: Known
    why: str
    sample: tuple[dict[str, object], ...] = ()


def plan(lists: Sequence[PipedriveStream]) -> list[Line]:
    """What the selected streams would cost now, parents before their fan-outs.

    Raises:
        PipedriveError: a list cannot be asked.
    """
    lines = [line for stream in lists for line in _list_lines(stream)]
    return [*lines, *_field_lines(lists, lines)]


def _list_lines(stream: PipedriveStream) -> Iterator[Line]:
    spec = stream.spec
    ids = stream.tap_context.questions.ids(spec)
    if ids is not None:
        read = spec.single or spec.reads[0]
        size = _Size(rows=len(ids), known=Known.EXACT, why="ids of the settings")
        yield _line(stream, read, len(ids), size)
        yield from _fan_out_lines(stream, size)
        return
    again = next_reading(stream)
    for read in spec.reads:
        if again and can_wait(spec, read):
            why = f"read again from {times.to_rfc3339(again)} on"
            yield _line(stream, read, 0, _Size(rows=0, known=Known.EXACT, why=why))
            continue
        if read.path in ENTITY_OF_FIELD_LIST:
            yield _line(stream, read, 1, _Size(rows=0, known=Known.EXACT, why="one list of fields"))
            continue
        run = ReadRun.begin(stream, read, None)
        questions = stream.tap_context.questions.of(spec)
        if not questions:
            yield _line(stream, read, 0, _Size(rows=0, known=Known.EXACT, why="no entry in the settings"))
            continue
        try:
            size = _size(run, dict(questions[0].params))
        except (NotFound, NotVisible, FeatureOff) as error:
            if not spec.needs and isinstance(error, NotFound):
                raise nothing_there(error) from error
            why = f"skipped; it needs {spec.needs or 'a right that this user lacks'}"
            yield _line(stream, read, 0, _Size(rows=0, known=Known.EXACT, why=why))
            continue
        requests = _pages(read, size)
        if (
            stream.tap_context.window_slots
            and read.changes
            and read.changes.until
            and requests > PAGES_BEFORE
        ):
            requests += math.ceil((requests - PAGES_BEFORE) / PAGES_A_WINDOW / 2) + 1
        yield _line(stream, read, requests * len(questions), size)
        yield from _sweep_lines(run, size)
        yield from _fan_out_lines(stream, size, dict(run.fan_outs))


def _pages(read: Read, size: _Size) -> int:
    if read.paging is Paging.NONE or not read.page_size:
        return 1
    if size.known is Known.AT_LEAST:
        return max(_SOME, math.ceil(size.rows / read.page_size))
    return max(1, math.ceil(size.rows / read.page_size))


def _line(stream: PipedriveStream, read: Read, requests: int, size: _Size) -> Line:
    why = f"{size.why} ({read.operation})" if len(stream.spec.reads) > 1 else size.why
    return Line(stream=stream.name, requests=requests, tokens=requests * read.cost, known=size.known, why=why)


# --- sizes ------------------------------------------------------------------------------------------


def _size(run: ReadRun, query: dict[str, object]) -> _Size:
    """How many rows a read would bring now."""
    read, memo = run.read, run.memo
    remembered = memo.get("size")
    bound = run.lower_bound()
    if not run.bookmarks and isinstance(remembered, int):
        return _Size(rows=remembered, known=Known.ABOUT, why="as many rows as last time")
    if not run.bookmarks and read.paging is Paging.NONE and not run.fan_outs:
        return _Size(rows=0, known=Known.EXACT, why="one request")
    changes = read.changes
    if changes and bound and not changes.since and memo.get("length"):
        return _Size(rows=0, known=Known.ABOUT, why="from near the end of the list")
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
        return _Size(rows=len(sample), known=Known.EXACT, why="asked now", sample=sample)
    rows, why = _by_ids(sample) if by_id else _by_times(run, sample)
    if isinstance(remembered, int) and (not rows or rows > remembered):
        rows, why = remembered, "at most as many rows as the last whole read"
    if not rows:
        why = "more than a page; how much more, the first run will tell"
        return _Size(rows=len(sample) + 1, known=Known.AT_LEAST, why=why, sample=sample)
    return _Size(rows=max(rows, len(sample) + 1), known=Known.ABOUT, why=why, sample=sample)


def _asked(run: ReadRun, query: Mapping[str, object]) -> tuple[Page, bool]:
    """The first page of a list, and whether there are more."""
    read, context = run.read, run.stream.tap_context
    params = {**read.params, **context.questions.parameters(run.stream.spec, read), **query}
    pages = context.client.pages(
        read.path,
        params=params,
        paging=read.paging,
        page_size=read.page_size,
        cost=read.cost,
        label=_LABEL,
        records=read.records,
        prefetch=0,
        kind=read.kind,
    )
    page = next(pages)
    pages.close()
    return page, Pager(read.paging, params, read.page_size).after(page) is not None


def _by_ids(sample: tuple[dict[str, object], ...]) -> tuple[int, str]:
    """Rows of a list whose newest page this is: ids are given one after the other."""
    ids = [one for one in (row.get("id") for row in sample) if isinstance(one, int)]
    if len(ids) < _SOME:
        return 0, ""
    newest, oldest = max(ids), min(ids)
    return round(len(ids) * newest / (newest - oldest + 1)), "from how dense the newest ids are"


def _by_times(run: ReadRun, sample: tuple[dict[str, object], ...]) -> tuple[int, str]:
    """Rows of a list whose oldest page of changes this is, if changes keep their pace."""
    marks = run.bookmarks
    moments = [moment for row in sample if marks and (moment := marks[0].moment(row))]
    if not moments or not run.read.changes or not run.read.changes.since or run.lower_bound() is None:
        return 0, ""
    first, last = times.parse(min(moments)), times.parse(max(moments))
    share = (now() - first).total_seconds() / max(1.0, (last - first).total_seconds())
    return math.ceil(len(sample) * max(1.0, share)), "from the pace of the oldest changes"


# --- what follows from a list ---------------------------------------------------------------------


def _sweep_lines(run: ReadRun, size: _Size) -> Iterator[Line]:
    """The whole read that looks for deleted rows, where one is due."""
    stream, read = run.stream, run.read
    watch = DeleteWatch.begin(stream)
    if watch is None or run.lower_bound() is None or not watch.known.due(stream.tap_context.sweep_interval):
        return
    remembered = run.memo.get("size")
    if isinstance(remembered, int):
        whole = _Size(rows=remembered, known=Known.ABOUT, why="whole read for deletes")
    else:
        whole = _Size(rows=size.rows, known=Known.AT_LEAST, why="whole read for deletes")
    yield _line(stream, read, _pages(read, whole), whole)


def _fan_out_lines(
    parent: PipedriveStream, size: _Size, marks: Mapping[PipedriveStream, Bookmark | None] = _NO_MARKS
) -> Iterator[Line]:
    for child in parent.wanted_children():
        where, mark, sample = child.spec.parent, marks.get(child), [*size.sample]
        if mark and size.known is Known.EXACT:
            sample = mark.fresh(sample)  # those of the bookmark's last minute were asked for before
        share = len(contexts_of(child, sample)) / len(size.sample) if size.sample else 1.0
        asked = math.ceil(size.rows * share)
        questions = len(child.tap_context.questions.of(child.spec))
        requests = math.ceil(asked / (where.bulk if where else 1)) * questions
        sure = Known.AT_LEAST if size.known is Known.AT_LEAST or not size.rows else Known.ABOUT
        below = _Size(
            rows=asked,
            known=sure,
            why=f"{asked:,} rows of {parent.name}, a request for each"
            if not where or where.bulk == 1
            else f"{asked:,} rows of {parent.name}, {where.bulk} a request",
        )
        for read in child.spec.reads:
            yield _line(child, read, requests, below)
        yield from _fan_out_lines(
            child, _Size(rows=asked, known=Known.AT_LEAST, why="a row for each parent at least")
        )


def _field_lines(lists: Sequence[PipedriveStream], lines: list[Line]) -> Iterator[Line]:
    """Field definitions, which are read before the first row with custom fields."""
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
            why="definitions of custom fields, once a row comes",
        )


# --- the table ------------------------------------------------------------------------------------


def show(context: TapContext, lists: Sequence[PipedriveStream], given_budget: int | None) -> None:
    """Write the plan as a table to stdout.

    Args:
        context: its own budget must not count the requests of the plan.
        lists: every list of the run.
        given_budget: setting `daily_token_budget`.

    Raises:
        PipedriveError: a list cannot be asked.
    """
    lines = plan(lists)
    requests, tokens = sum(line.requests for line in lines), sum(line.tokens for line in lines)
    rows = [("stream", "requests", "tokens", "how it is known")]
    rows += [
        (line.stream, f"{line.known.value}{line.requests:,}", f"{line.known.value}{line.tokens:,}", line.why)
        for line in lines
    ]
    worst = Known.AT_LEAST if any(line.known is Known.AT_LEAST for line in lines) else Known.ABOUT
    rows.append(("total", f"{worst.value}{requests:,}", f"{worst.value}{tokens:,}", ""))
    widths = [max(len(row[at]) for row in rows) for at in range(3)]
    for row in rows:
        cells = (row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].rjust(widths[2]), row[3])
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
    sys.stdout.write("\n" + "\n".join(_below(context, tokens, worst, given_budget)) + "\n")
    sys.stdout.flush()


def _below(context: TapContext, tokens: int, worst: Known, given_budget: int | None) -> Iterator[str]:
    used = context.client.usage
    yield "~ is an estimate, ≥ a lower bound: parents with more than a page of children cost more."
    yield f"Asking took {used.requests:,} requests and {used.tokens:,} tokens, which are not in the table."
    limits = []
    if given_budget is not None:
        limits.append((given_budget, f"the {given_budget:,} tokens of daily_token_budget"))
    left, limit = context.client.budget.left_today, context.client.budget.limit_today
    if left is not None:
        of = f" of {limit:,}" if limit is not None else ""
        limits.append((left, f"the {left:,} tokens{of} that the company has left today"))
    for number, what in limits:
        if tokens > number:
            yield f"This is more than {what}: the run would stop there and the next one go on."
        else:
            share = f"{tokens / number:.1%}" if number else "all"
            yield f"This is {'at least ' if worst is Known.AT_LEAST else ''}{share} of {what}."
    if not limits:
        yield "No budget is known: daily_token_budget is not set, and Pipedrive has not named one."
