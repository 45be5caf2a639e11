"""What a run is given: catalog and state, checked before anything depends on them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from pipedrive_client import ConfigError, times
from tap_pipedrive.known_ids import IdRanges
from tap_pipedrive.output import UNDER_WAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WRAPPINGS = {"singer_state", "completed", "partial_state"}
_STATE_SHAPE = '{"bookmarks": {"<stream>": {…}}}'


def json_file(file: Any, what: str) -> Any:  # noqa: ANN401  a text file in, any JSON out
    """The JSON in an opened file; nothing for an empty one, as Meltano passes for a first run."""
    if file is None:
        return None
    try:
        text = file.read()
        return msgspec.json.decode(text) if text.strip() else None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        msg = f"The {what} file {file.name} is not JSON: {error}. Give the file a run wrote, or none."
        raise ConfigError(msg) from error


def checked_catalog(catalog: Any) -> Any:  # noqa: ANN401  a catalog as the SDK takes it
    """The catalog, once it is known to have the shape of one.

    Raises:
        ConfigError: it has another shape.
    """
    if catalog is None:
        return None
    streams = catalog.get("streams") if isinstance(catalog, dict) else None
    if not isinstance(streams, list):
        msg = "The catalog has no list of streams; run --discover for a new one."
        raise ConfigError(msg)
    for number, entry in enumerate(streams, start=1):
        named = isinstance(entry, dict) and isinstance(entry.get("tap_stream_id", entry.get("stream")), str)
        if not named or not _is_schema(entry.get("schema", {})):
            msg = f"Entry {number} of the catalog is no stream with a schema; run --discover for a new one."
            raise ConfigError(msg)
        metadata = entry.get("metadata", [])
        if not isinstance(metadata, list) or not all(
            isinstance(one, dict) and "breadcrumb" in one and "metadata" in one for one in metadata
        ):
            msg = f"The metadata in entry {number} of the catalog is malformed; run --discover for a new one."
            raise ConfigError(msg)
    return catalog


def _is_schema(schema: object) -> bool:
    """Whether this is an object whose properties, if it has some, are objects."""
    properties = schema.get("properties", {}) if isinstance(schema, dict) else None
    return isinstance(properties, dict) and all(isinstance(one, dict) for one in properties.values())


def checked_state(state: object) -> dict[str, Any]:
    """The state, once it is known to have the shape the tap writes.

    Raises:
        ConfigError: it has another shape.
    """
    if state is None:
        return {}
    if not isinstance(state, dict):
        msg = f"The state is not an object; it looks like {_STATE_SHAPE}."
        raise ConfigError(msg)
    if wrapping := _WRAPPINGS & state.keys():
        msg = (
            f"The state is wrapped the way Meltano shows it ({', '.join(sorted(wrapping))}); "
            f"give what stands below singer_state, which looks like {_STATE_SHAPE}."
        )
        raise ConfigError(msg)
    bookmarks = state.get("bookmarks", {})
    if not isinstance(bookmarks, dict):
        msg = f"The state's bookmarks are not an object; it looks like {_STATE_SHAPE}."
        raise ConfigError(msg)
    for stream, memo in bookmarks.items():
        if not isinstance(memo, dict):
            msg = f"The state of stream {stream} is not an object; it looks like {_STATE_SHAPE}."
            raise ConfigError(msg)
        for problem in _problems(memo):
            msg = (
                f"The state of stream {stream} {problem}; mend it, or run without a state to read all again."
            )
            raise ConfigError(msg)
    return {name: value for name, value in state.items() if name != UNDER_WAY}


def _problems(memo: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the state of one stream."""
    for part in ("reads", "columns", "known_ids", "refused"):
        if not isinstance(memo.get(part, {}), dict):
            yield f"holds {part} that are no object"
            return
    reads = memo.get("reads", {}).values()
    if not all(isinstance(read, dict) for read in reads):
        yield "holds a read that is no object"
        return
    known = memo.get("known_ids", {})
    for value in (
        memo.get("replication_key_value"),
        known.get("swept_at"),
        *(read.get("since") for read in reads),
    ):
        if not _is_time(str(value or "2026-01-01")):
            yield f"holds {json.dumps(value)[:60]} as a bookmark, which is no time"
    for column in memo.get("columns", {}).values():
        whole = isinstance(column, list) and len(column) == len(("column", "field type", "name"))
        if not (whole and all(isinstance(part, str) and part for part in column[:2])):
            yield "holds a column that is no list of name, type and label"
    uuids = known.get("uuids", [])
    if not (isinstance(uuids, list) and all(isinstance(one, str) for one in uuids)):
        yield "holds known ids that are no list of texts"
    for part in ("known_ids", "refused"):
        try:
            IdRanges.parse(str(memo.get(part, {}).get("ids", "")))
        except ValueError as error:
            yield f"holds {part} of which {error}"


def _is_time(text: str) -> bool:
    """Whether a bookmark can be that; Pipedrive is younger than 1970."""
    try:
        return times.to_epoch(times.parse(text)) >= 0
    except ValueError:
        return False
