"""Requests defined by settings: parameters, single rows by id, searches and statistics.

Settings are validated against the published API before the first request, so that a parameter of an older API
is rejected by name instead of being ignored by Pipedrive.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from pipedrive_client import ConfigError
from pipedrive_client.times import now
from tap_pipedrive.read.stream_names import known_stream

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from pipedrive_client import PipedriveError, Rejected
    from tap_pipedrive.catalog.spec import Read, StreamSpec

NAME_COLUMNS = MappingProxyType({"searches": "search", "statistics": "report"})
RECENTS_REACH = timedelta(days=30)
"""Maximum age of the changes that /recents returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredRequest:
    """One request, or sequence of pages, that the settings define for a stream.

    Attributes:
        params: query parameters.
        columns: columns added to every row of the response.
    """

    params: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    columns: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


_BAD_REQUEST = 400
_PLAIN = (str, int, float, type(None))


class ConfiguredRequests:
    """Requests defined by the settings, by stream.

    Args:
        config: the tap's settings.
        specs: the catalogue.
        start: setting `start_date`.

    Raises:
        ConfigError: a stream or a parameter is unknown, or a required one is missing.
    """

    def __init__(
        self, config: Mapping[str, object], specs: Mapping[str, StreamSpec], start: datetime | None
    ) -> None:
        self._specs = specs
        self._start = start
        self._parameters = self._objects(config, "stream_parameters")
        self._ids = self._lists(config, "record_ids")
        self._entries: dict[str, list[ConfiguredRequest]] = {}
        for stream, given in self._parameters.items():
            self._check_parameters("stream_parameters", self._spec("stream_parameters", stream), given)
        for stream in self._ids:
            spec = self._spec("record_ids", stream)
            if spec.single is None and "record_ids" not in spec.settings:
                msg = f"Setting record_ids: Pipedrive cannot read single rows of {stream} by id."
                raise ConfigError(msg)
            _check_ids(spec, self._ids[stream])
        for setting in NAME_COLUMNS:
            for stream, configured in self._entries_of(config, setting):
                self._entries.setdefault(stream, []).append(configured)

    def parameters(self, spec: StreamSpec, read: Read) -> Mapping[str, object]:
        """Return the query parameters that the settings add to one read of a stream."""
        given = self._parameters.get(spec.name, {})
        return {name: value for name, value in given.items() if name in read.accepted}

    def ids(self, spec: StreamSpec) -> list[int | str] | None:
        """Return the ids of the rows to read, or None for all; streams that require ids default to none."""
        found = self._ids.get(spec.name)
        return found if found is not None else [] if "record_ids" in spec.settings else None

    def warn(self, selected: Iterable[StreamSpec], logger: logging.Logger) -> None:
        """Log a warning about selected streams that request nothing without an entry in a setting."""
        idle = [f"{spec.name} ({spec.settings[0]})" for spec in selected if self._is_idle(spec)]
        if idle:
            logger.warning(
                "Selected streams read nothing, because the setting of their requests has no entry: %s",
                ", ".join(idle),
            )

    def cause_of(self, error: Rejected) -> PipedriveError:
        """Return the error of the settings that caused a rejected request, or the same error without any."""
        spec = self._specs.get(error.label or "")
        if spec is None or error.status != _BAD_REQUEST:
            return error
        used = [one for one in spec.settings if one in (*NAME_COLUMNS, "raw_requests")]
        used += ["stream_parameters"] if spec.name in self._parameters else []
        used += ["record_ids"] if spec.name in self._ids else []
        if not used:
            return error
        advice = f"Check {' and '.join(used)} of stream {spec.name}"
        return ConfigError(f"{error.message.rstrip('.')}. {advice}.", status=error.status, label=error.label)

    def _is_idle(self, spec: StreamSpec) -> bool:
        return not (self.ids(spec) if "record_ids" in spec.settings else self.of(spec))

    def of(self, spec: StreamSpec) -> list[ConfiguredRequest]:
        """Return the requests of a stream; one without parameters unless a setting defines them."""
        if "recents" in spec.settings:
            since = max(now() - RECENTS_REACH, self._start or now() - RECENTS_REACH)
            return [ConfiguredRequest(params={"since_timestamp": since.strftime("%Y-%m-%d %H:%M:%S")})]
        if any(setting in NAME_COLUMNS for setting in spec.settings):
            return self._entries.get(spec.name, [])
        return [ConfiguredRequest()]

    def _entries_of(
        self, config: Mapping[str, object], setting: str
    ) -> Iterator[tuple[str, ConfiguredRequest]]:
        entries = config.get(setting) or []
        if not isinstance(entries, list):
            msg = f"Setting {setting} must be a list of objects, each with a stream."
            raise ConfigError(msg)
        for entry in entries:
            if not isinstance(entry, dict) or not isinstance(entry.get("stream"), str):
                msg = f"Setting {setting}: each entry must be an object with a stream."
                raise ConfigError(msg)
            spec = self._spec(setting, entry["stream"])
            if setting not in spec.settings:
                msg = f"Setting {setting} does not apply to stream {spec.name}."
                raise ConfigError(msg)
            params = {name: value for name, value in entry.items() if name not in ("stream", "name")}
            self._check_parameters(setting, spec, params)
            given = {name for name, value in params.items() if value not in (None, "", [])}
            missing = sorted({name for read in spec.reads for name in read.required} - given)
            if missing:
                msg = f"Setting {setting}: stream {spec.name} also requires {', '.join(missing)}."
                raise ConfigError(msg)
            name = str(entry.get("name") or params.get("term") or spec.name)
            columns: dict[str, object] = {NAME_COLUMNS[setting]: name}
            columns |= {
                column: value
                for column, value in ((key.replace(".", "_"), value) for key, value in params.items())
                if column in spec.schema
            }
            yield spec.name, ConfiguredRequest(params=params, columns=columns)

    def _check_parameters(self, setting: str, spec: StreamSpec, given: Mapping[str, object]) -> None:
        accepted = {name for read in (*spec.reads, *filter(None, [spec.single])) for name in read.accepted}
        for name, value in given.items():
            if not all(isinstance(one, _PLAIN) for one in (value if isinstance(value, list) else [value])):
                msg = (
                    f"Setting {setting}: {name} of {spec.name} must be a string, a number, true, false or a "
                    "list of them."
                )
                raise ConfigError(msg)
            if name not in accepted:
                takes = (
                    f"known parameters: {', '.join(sorted(accepted))}" if accepted else "it has no parameters"
                )
                msg = f"Setting {setting}: the API has no parameter {name!r} for {spec.name}; {takes}."
                raise ConfigError(msg)

    def _spec(self, setting: str, stream: str) -> StreamSpec:
        return known_stream(setting, stream, self._specs)

    @staticmethod
    def _objects(config: Mapping[str, object], setting: str) -> dict[str, dict[str, object]]:
        given = config.get(setting) or {}
        if not isinstance(given, dict) or not all(isinstance(one, dict) for one in given.values()):
            msg = f"Setting {setting} must be an object of objects, by stream."
            raise ConfigError(msg)
        return given

    @staticmethod
    def _lists(config: Mapping[str, object], setting: str) -> dict[str, list[int | str]]:
        given = config.get(setting) or {}
        if not isinstance(given, dict) or not all(isinstance(one, list) for one in given.values()):
            msg = f"Setting {setting} must be an object of lists, by stream."
            raise ConfigError(msg)
        return given


def _check_ids(spec: StreamSpec, ids: Iterable[int | str]) -> None:
    read = spec.single or spec.reads[0]
    column = spec.schema.get(read.placeholders[0])
    types = column.get("type") if isinstance(column, dict) else None
    numbers = isinstance(types, list) and "integer" in types
    for one in ids:
        text = str(one).strip()
        if not (text.isascii() and text.isdecimal() and int(text) > 0 if numbers else text):
            wanted = "integers greater than 0" if numbers else "texts that are not empty"
            msg = f"Setting record_ids: the ids of {spec.name} must be {wanted}, not {one!r}."
            raise ConfigError(msg)
