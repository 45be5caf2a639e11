"""Interval between full reads of streams that cannot be read incrementally.

Without changes, such a stream costs as much as in the first run.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pipedrive_client import ConfigError
from tap_pipedrive.read.stream_names import known_stream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_pipedrive.catalog.spec import Read, StreamSpec

NAME = "full_list_interval_hours"


def can_wait(spec: StreamSpec, read: Read) -> bool:
    """Return True if a run may skip a read, because it cannot be incremental."""
    asks_for_changes = read.changes and read.changes.since
    return not (asks_for_changes or spec.parent or spec.settings)


class FullListInterval:
    """The setting `full_list_interval_hours`.

    Args:
        config: the tap's settings.
        specs: streams by name.

    Raises:
        ConfigError: a stream is unknown, or the setting does not apply to it.
    """

    def __init__(self, config: Mapping[str, object], specs: Mapping[str, StreamSpec]) -> None:
        given = config.get(NAME) or 0
        by_stream = given if isinstance(given, dict) else {}
        for stream in by_stream:
            _check(stream, specs)
        self._of_all = float(given) if isinstance(given, (int, float)) else 0.0
        self._by_stream = {stream: float(hours) for stream, hours in by_stream.items()}

    def interval(self, spec: StreamSpec) -> timedelta:
        """Return the interval between two full reads of a stream; zero means every run."""
        return timedelta(hours=self._by_stream.get(spec.name, self._of_all))


def _check(stream: str, specs: Mapping[str, StreamSpec]) -> None:
    spec = known_stream(NAME, stream, specs)
    if any(can_wait(spec, read) for read in spec.reads):
        return
    how = "for its changes"
    if spec.parent:
        how = f"for rows of {spec.parent.stream}; use that stream instead"
    elif spec.settings:
        how = "as defined by its settings"
    msg = f"Setting {NAME} does not apply to stream {stream}, which is read in each run {how}."
    raise ConfigError(msg)
