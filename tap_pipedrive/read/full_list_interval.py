"""Interval at which lists without a parameter for changes are read.

Such a list costs as much when nothing is new as it does in the first run.
"""

from __future__ import annotations

import difflib
from datetime import timedelta
from typing import TYPE_CHECKING

from pipedrive_client import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_pipedrive.catalog.spec import Read, StreamSpec

NAME = "full_list_interval_hours"


def can_wait(spec: StreamSpec, read: Read) -> bool:
    """Return whether a read may be left out of a run: it is a list that cannot be asked for changes."""
    asks_for_changes = read.changes and read.changes.since
    return not (asks_for_changes or spec.parent or spec.settings)


class FullListInterval:
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
