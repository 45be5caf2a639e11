"""Child streams: requested once per row of the parent stream, with concurrent requests."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from pipedrive_client import Gone, NotFound
from tap_pipedrive.catalog.spec import OCCURRENCE
from tap_pipedrive.state.access import ACCESS_ERRORS, may_be_of_one_row
from tap_pipedrive.sync import absent_parents
from tap_pipedrive.values.conversions import boolean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_pipedrive.catalog.spec import Parent, Read
    from tap_pipedrive.read.requests import ConfiguredRequest
    from tap_pipedrive.state.bookmarks import PageFingerprints
    from tap_pipedrive.streams.base import PipedriveStream
    from tap_pipedrive.values.conversions import Convert
    from tap_pipedrive.values.row import Context, Row


class Contexts(NamedTuple):
    """Contexts of a child stream for rows of its parent.

    Attributes:
        found: one per parent to request.
        complete: False if a row of the parent has no usable key, so that its child rows are missing.
    """

    found: list[Context]
    complete: bool


def contexts_of(stream: PipedriveStream, parents: Sequence[Row]) -> Contexts:
    """Return the contexts of a child stream for rows of its parent; deleted parents have no contexts."""
    parent = _parent(stream)
    given: list[Context] = [
        {name: _at(row, column) for name, column in parent.context.items()}
        for row in parents
        if not _is_deleted(row) and (parent.when is None or row.get(parent.when, True))
    ]
    needed = {*parent.query}.union(*(read.placeholders for read in stream.spec.reads)) & parent.context.keys()
    found = [one for one in given if all(_is_key(one[name]) for name in needed)]
    complete = len(found) == len(given)
    if not complete:
        for one in given:
            for name in needed:
                if not _is_key(one[name]):
                    stream.tap_context.deviations.leave_parent_out(stream.name, name, one[name])
    requested = stream.requested_parents
    if requested is not None:
        found = [one for one in found if _first_time(requested, one)]
    return Contexts(found, complete)


def _is_deleted(row: Row) -> bool:
    return boolean(row.get("is_deleted")) is True or row.get("status") == "deleted"


def _is_key(value: object) -> bool:
    """Return True if a value can be part of a path or a parameter."""
    return value.__class__ is int or (value.__class__ is str and value != "")


def _at(row: Row, column: str) -> object:
    """Return the value of a column, or of a key of the object in it."""
    name, _, key = column.partition(".")
    value = row.get(name)
    return value.get(key) if key and isinstance(value, dict) else None if key else value


def _first_time(requested: set[tuple[object, ...]], context: Context) -> bool:
    """Return True for a new context; a parent may have several rows, like a mail thread in two folders."""
    key = tuple(context.values())
    if key in requested:
        return False
    requested.add(key)
    return True


def cost_per_parent(stream: PipedriveStream) -> float:
    """Return the minimum cost in tokens per row of the parent, including child streams further down."""
    own = sum(read.cost for read in stream.spec.reads) / _parent(stream).bulk
    return own + sum(cost_per_parent(child) for child in stream.wanted_children())


def fan_out(
    stream: PipedriveStream, contexts: Sequence[Context], marks: PageFingerprints | None = None
) -> None:
    """Read the rows of these parents and emit them in the parents' order, then their child streams.

    Args:
        stream: the child stream.
        contexts: the parents.
        marks: fingerprints of the rows of each parent in a whole list: unchanged rows are not emitted again.
    """
    below = stream.wanted_children()
    if not contexts or stream.has_enough_with_children:
        return
    for child in below:
        child.announce()
    bulk = _parent(stream).bulk
    configured_requests = stream.tap_context.configured_requests.of(stream.spec)
    requests = [
        (fitting, group)
        for group in _groups(contexts, bulk)
        for configured in configured_requests
        if (fitting := _cut(_parent(stream), configured, group)) is not None
    ]
    again: list[Context] = []
    absent: list[Context] = []
    columns = sorted(stream.schema["properties"]) if marks else []
    with stream.counting():
        for read in stream.spec.reads:
            results = stream.tap_context.client.ordered_map(partial(_request, stream, read), requests)
            for result in results:
                again += result.denied
                absent += result.absent
                feeds = [(child, contexts_of(child, result.rows)) for child in below]
                complete = all(contexts.complete for _, contexts in feeds)
                unchanged = marks is not None and marks.unchanged([result.context, result.rows, columns])
                if result.rows and stream.selected and not unchanged:
                    complete &= _emit(stream, read, result)
                if not complete:
                    again += result.parents
                if marks and (not complete or result.denied or result.absent):
                    marks.forget_last()
                for child, inner in feeds:
                    fan_out(child, inner.found)
                if stream.has_enough_with_children:
                    results.close()
                    return
    stream.denied_parents.update(contexts, again)
    stream.absent_parents.update(contexts, absent)
    denied, missing = ({*map(_parent_key, some)} for some in (again, absent))
    access = stream.tap_context.access
    access.count_parents(stream.name, len(denied), len(contexts) - len(denied | missing))


def _parent_key(context: Context) -> tuple[object, ...]:
    return tuple(map(str, context.values()))


def _emit(stream: PipedriveStream, read: Read, result: _ChildRows) -> bool:
    """Emit rows; return False if some were left out: without a key, or because definitions are denied."""
    try:
        return not stream.emit(read, result.rows, result.context)
    except ACCESS_ERRORS as error:
        access, below = stream.tap_context.access, stream.names_below()
        access.deny_parents(stream.name, error, len(result.parents), below, for_all=True)
        return False


def request_missing_parents(stream: PipedriveStream) -> None:
    """Request parents again that were denied or not found in earlier runs, for a child and those below it.

    One denied parent is tried first, so it costs a single request if no row of the stream can be read.
    """
    due = stream.denied_parents.due()
    random.shuffle(due)  # so that those denied to this user do not precede the others in every run
    for part in (due[:1], due[1:], stream.absent_parents.due()):
        if part and stream.tap_context.access.closed(stream.name) is None:
            stream.announce()  # not done yet below a child stream that this run has no rows of
            fan_out(stream, part)
    absent_parents.settle(stream)
    for child in stream.wanted_children():
        request_missing_parents(child)


def _groups(contexts: Sequence[Context], size: int) -> Iterator[Sequence[Context]]:
    for at in range(0, len(contexts), size):
        yield contexts[at : at + size]


def _cut(parent: Parent, configured: ConfiguredRequest, group: Sequence[Context]) -> ConfiguredRequest | None:
    """Return the request with its period limited to the parent's; None if they do not overlap."""
    if parent.within is None:
        return configured
    first, last = parent.within
    columns = first.replace(".", "_"), last.replace(".", "_")
    earliest, latest = (group[0][column] for column in columns)
    start = max(str(configured.params[first]), str(earliest or ""))
    end = min(str(configured.params[last]), str(latest or "9999-12-31"))
    if start > end:
        return None
    return replace(
        configured,
        params={**configured.params, first: start, last: end},
        columns={**configured.columns, **dict(zip(columns, (start, end), strict=True))},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _ChildRows:
    """Rows of one parent or one group of parents.

    Attributes:
        context: columns of the parent, for every row.
        rows: the rows.
        parents: the parent, or the parents of the group.
        denied: parents whose request was denied.
        absent: parents that were not found.
    """

    context: Context
    rows: list[Row]
    parents: Sequence[Context] = ()
    denied: Sequence[Context] = ()
    absent: Sequence[Context] = ()


def _request(
    stream: PipedriveStream,
    read: Read,
    request: tuple[ConfiguredRequest, Sequence[Context]],
    *,
    whole: bool = True,
) -> _ChildRows:
    """Request all rows of one parent or one group of parents; a deleted parent has no rows.

    Args:
        stream: the child stream.
        read: its read.
        request: parameters and parents.
        whole: False for a part of a group that was not found.
    """
    configured, group = request
    access = stream.tap_context.access
    expected = access.expected_denial(stream.name)
    if expected is not None:
        access.deny_parents(stream.name, expected, len(group), stream.names_below())
        return _ChildRows(context={}, rows=[], denied=group)
    parent = _parent(stream)
    context: Context = {}
    if parent.bulk > 1:
        column = next(iter(parent.context))
        query: dict[str, object] = {parent.query[0]: [one[column] for one in group]}
    else:
        context = group[0]
        query = {name: context[name] for name in parent.query}
    try:
        pages = stream.reader(read).all(context, {**query, **configured.params})
        rows = [row for page in pages for row in page]
    except ACCESS_ERRORS as error:
        if len(group) > 1 and may_be_of_one_row(error) and access.has_success(stream.name):
            return _in_halves(stream, read, configured, group)
        access.deny_parents(stream.name, error, len(group), stream.names_below())
        return _ChildRows(context=context, rows=[], denied=group)
    except (NotFound, Gone) as error:
        if not parent.optional or isinstance(error, Gone):
            return _not_found(stream, read, request, error, whole=whole)
        rows = []
    access.record_success(stream.name, len(group))
    if stream.spec.numbered:
        columns = stream.plan(read).columns
        number(rows, {name: columns.converter(name) for name in stream.spec.primary_keys})
    return _ChildRows(context={**context, **configured.columns}, rows=rows, parents=group)


def _not_found(
    stream: PipedriveStream,
    read: Read,
    request: tuple[ConfiguredRequest, Sequence[Context]],
    error: NotFound | Gone,
    *,
    whole: bool,
) -> _ChildRows:
    """Return the rows of a group of which a parent was not found, or the parent as absent."""
    configured, group = request
    if len(group) == 1:
        stream.logger.debug("Not found: %s of %s: %s", stream.name, dict(group[0]), error)
        return _ChildRows(context={}, rows=[], absent=group)
    found = _in_halves(stream, read, configured, group)
    if len(found.absent) < len(group) or not whole:
        return found
    # All of them were listed, so it is unlikely that all of them were deleted.
    there = absent_parents.existing(stream, group)
    denied = group if there is None else there
    if denied:
        stream.tap_context.access.deny_parents(stream.name, error, len(denied), stream.names_below())
    return _ChildRows(context={}, rows=[], denied=denied, absent=[one for one in group if one not in denied])


def _in_halves(
    stream: PipedriveStream, read: Read, configured: ConfiguredRequest, group: Sequence[Context]
) -> _ChildRows:
    """Request the halves of a group: a deleted or hidden parent must not hide the rows of the others."""
    half = len(group) // 2
    parts = [_request(stream, read, (configured, part), whole=False) for part in (group[:half], group[half:])]
    return _ChildRows(
        context=configured.columns,
        rows=[row for part in parts for row in part.rows],
        parents=group,
        denied=[one for part in parts for one in part.denied],
        absent=[one for part in parts for one in part.absent],
    )


def number(rows: list[Row], keys: Mapping[str, Convert]) -> None:
    """Set `occurrence` in the rows of one parent: 1, or more if earlier rows have the same other keys.

    Changes are counted from the oldest, so that a later change in the same second does not renumber them. The
    order is determined from the times; Pipedrive's examples show the newest first. Rows without a time that
    have the same other keys are equal, so their order does not matter.

    Args:
        rows: the rows, as Pipedrive sent them.
        keys: conversions of the key columns: rows may have the same time in different forms.
    """
    seen: Counter[tuple[object, ...]] = Counter()

    def of(row: Row, name: str) -> object:
        value = row.get(name)
        return None if value is None else keys[name](value)

    oldest_first = "time" in keys and len(rows) > 1 and str(of(rows[0], "time")) < str(of(rows[-1], "time"))
    for row in rows if oldest_first else reversed(rows):
        key = tuple(of(row, name) for name in keys if name != OCCURRENCE)
        seen[key] += 1
        row[OCCURRENCE] = seen[key]


def _parent(stream: PipedriveStream) -> Parent:
    parent = stream.spec.parent
    if parent is None:
        msg = f"{stream.name} is not a child stream"
        raise TypeError(msg)
    return parent
