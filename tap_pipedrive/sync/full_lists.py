"""Lists without a parameter for changes, skipped until their interval is over.

With `full_list_interval_hours` a stream's lists of this kind are read once in the interval, all of them in
the same run, with their child streams. The memo of each read contains `{"read_at": time, "read_for":
digest}`; the digest covers the selection and the settings of the read, and a list is read immediately if they
change.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pipedrive_client import times
from pipedrive_client.times import now
from tap_pipedrive.read.full_list_interval import can_wait
from tap_pipedrive.state.bookmarks import digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_pipedrive.catalog.spec import Read, StreamSpec
    from tap_pipedrive.streams.base import PipedriveStream

_READ_AT = "read_at"
_READ_FOR = "read_for"
_TOLERANCE = timedelta(minutes=5)
"""Tolerance for schedulers: an hourly run may start a little before its hour is over."""
_TOLERANCE_SHARE = 20


def next_reading(stream: PipedriveStream) -> datetime | None:
    """Return when the skippable lists of a stream are read again; None if in this run.

    The lists of one stream are read in the same run, so that a row that moves between them is not missed.
    """
    interval = stream.tap_context.full_list_interval.interval(stream.spec)
    if not interval or stream.ABORT_AT_RECORD_COUNT is not None:
        return None
    if stream.tap_context.configured_requests.ids(stream.spec) is not None:
        return None
    reads = [read for read in stream.spec.reads if can_wait(stream.spec, read)]
    basis = _basis(stream)
    last: datetime | None = None
    for read in reads:
        memo = stream.read_memo(read)
        if not memo.get(_READ_AT) or memo.get(_READ_FOR) != basis:
            return None
        read_at = times.parse(str(memo[_READ_AT]))
        last = min(last, read_at) if last else read_at
    if last is None or last > now():
        return None
    due = last + interval - min(_TOLERANCE, interval / _TOLERANCE_SHARE)
    return due if due > now() else None


def waits(stream: PipedriveStream, read: Read) -> bool:
    """Return whether this run skips a read."""
    return can_wait(stream.spec, read) and next_reading(stream) is not None


def finished(stream: PipedriveStream, read: Read, began: datetime) -> None:
    """Store the start time of a complete read."""
    if stream.tap_context.full_list_interval.interval(stream.spec) and can_wait(stream.spec, read):
        stream.read_memo(read).update({_READ_AT: times.to_rfc3339(began), _READ_FOR: _basis(stream)})


def _basis(stream: PipedriveStream) -> str:
    """Return a digest of everything except the account that a read depends on."""
    context, spec = stream.tap_context, stream.spec
    parameters = {
        name: dict(context.configured_requests.parameters(one, read)) for name, one, read in _reads(stream)
    }
    return digest([sorted(_selected(stream)), parameters, context.start_text, spec.name]).hex()


def _reads(stream: PipedriveStream) -> Iterator[tuple[str, StreamSpec, Read]]:
    for one in stream.family():
        for read in one.spec.reads:
            yield f"{one.name} {read.key}", one.spec, read


def _selected(stream: PipedriveStream) -> Iterator[str]:
    return (one.name for one in stream.family() if one.selected)
