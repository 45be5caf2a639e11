"""Interval at which lists without a parameter for changes are read.

Such a list costs as much when nothing is new as it does in the first run. With `full_list_interval_hours` a
stream's lists of this kind are read once in the interval, all of them in the same run, with the fan-outs
below them. The memo of each read keeps `{"read_at": time, "read_for": digest}`; the digest covers the
selection and the settings that the reading depended on, and a list is read at once when they change.
"""

from __future__ import annotations

import difflib
from datetime import timedelta
from typing import TYPE_CHECKING

from pipedrive_client import ConfigError, times
from pipedrive_client.times import now
from tap_pipedrive.state.bookmarks import digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from tap_pipedrive.catalog.spec import JSON, Read, StreamSpec
    from tap_pipedrive.streams.base import PipedriveStream

NAME = "full_list_interval_hours"
SETTINGS: dict[str, JSON] = {
    NAME: {
        "type": ["number", "object", "null"],
        "default": 0,
        "minimum": 0,
        "additionalProperties": {"type": "number", "minimum": 0},
        "title": "Full list interval hours",
        "description": "Read lists that cannot be asked for changes (users, stages, field definitions, "
        "files, archived leads and others) only when the last reading is this many hours old; 0 reads them "
        'in each run. A number for all, or one per stream, e.g. {"users": 168}; lists that are not named are '
        "then read in each run.",
    },
}
_READ_AT = "read_at"
_READ_FOR = "read_for"
_TOLERANCE = timedelta(minutes=5)
"""A scheduler never starts on the second: an hourly run may come a little before its hour is over."""
_TOLERANCE_SHARE = 20


def can_wait(spec: StreamSpec, read: Read) -> bool:
    """Return whether a read may be left out of a run: it is a list that cannot be asked for changes."""
    asks_for_changes = read.changes and read.changes.since
    return not (asks_for_changes or spec.parent or spec.settings)


class FullLists:
    """The setting `full_list_interval_hours`.

    Args:
        config: the tap's settings.
        specs: streams by name.

    Raises:
        ConfigError: it names a stream that is unknown, or that is not read at intervals.
    """

    def __init__(self, config: Mapping[str, object], specs: Mapping[str, StreamSpec]) -> None:
        given = config.get(NAME) or 0
        by_stream = given if isinstance(given, dict) else {}
        for stream in by_stream:
            _check(stream, specs)
        self._of_all = float(given) if isinstance(given, (int, float)) else 0.0
        self._by_stream = {stream: float(hours) for stream, hours in by_stream.items()}

    def interval(self, spec: StreamSpec) -> timedelta:
        """Return the time between two readings of a stream's lists; zero reads them in each run."""
        return timedelta(hours=self._by_stream.get(spec.name, self._of_all))

    def next_reading(self, stream: PipedriveStream) -> datetime | None:
        """Return when the lists of a stream that can wait are read again; None if in this run.

        The lists of one stream are read in the same run, so that no row is missed that moves between them.
        """
        interval = self.interval(stream.spec)
        if not interval or stream.ABORT_AT_RECORD_COUNT is not None:
            return None
        if stream.tap.questions.ids(stream.spec) is not None:
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

    def waits(self, stream: PipedriveStream, read: Read) -> bool:
        """Return whether this run leaves out a read."""
        return can_wait(stream.spec, read) and self.next_reading(stream) is not None

    def finished(self, stream: PipedriveStream, read: Read, began: datetime) -> None:
        """Remember that a read came to its end, by the time at which it began."""
        if self.interval(stream.spec) and can_wait(stream.spec, read):
            stream.read_memo(read).update({_READ_AT: times.to_rfc3339(began), _READ_FOR: _basis(stream)})


def _check(stream: str, specs: Mapping[str, StreamSpec]) -> None:
    spec = specs.get(stream)
    if spec is None:
        near = difflib.get_close_matches(stream, specs, n=3)
        hint = f" Nearest: {', '.join(near)}." if near else ""
        msg = f"Setting {NAME}: there is no stream {stream!r}.{hint}"
        raise ConfigError(msg)
    if any(can_wait(spec, read) for read in spec.reads):
        return
    how = "for the changes since the last one"
    if spec.parent:
        how = f"for the rows of {spec.parent.stream}; name that stream"
    elif spec.settings:
        how = "for what the settings ask"
    msg = f"Setting {NAME}: {stream} is read in each run, {how}."
    raise ConfigError(msg)


def _basis(stream: PipedriveStream) -> str:
    """Return a digest of what a reading depends on besides the account."""
    tap, spec = stream.tap, stream.spec
    parameters = {name: dict(tap.questions.parameters(one, read)) for name, one, read in _reads(stream)}
    return digest([sorted(_selected(stream)), parameters, tap.start_text, spec.name]).hex()


def _reads(stream: PipedriveStream) -> Iterator[tuple[str, StreamSpec, Read]]:
    for one in _family(stream):
        for read in one.spec.reads:
            yield f"{one.name} {read.key}", one.spec, read


def _selected(stream: PipedriveStream) -> Iterator[str]:
    return (one.name for one in _family(stream) if one.selected)


def _family(stream: PipedriveStream) -> Iterator[PipedriveStream]:
    yield stream
    for child in stream.wanted_children():
        yield from _family(child)
