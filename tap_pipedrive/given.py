"""What a run is given: settings, catalog and state, checked before anything depends on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from jsonschema import Draft7Validator
from singer_sdk.configuration._dict_config import parse_environment_config

from pipedrive_client import ConfigError, times
from tap_pipedrive.deletes import IdRanges

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_STATE_SHAPE = '{"bookmarks": {"<stream>": {…}}}'
_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a JSON object",
}


def read_config(path: str) -> dict[str, Any]:
    """The settings in a file.

    Raises:
        ConfigError: there is no such file, or it holds no JSON object.
    """
    try:
        content = msgspec.json.decode(Path(path).read_bytes())
    except OSError as error:
        msg = f"The config file {path} cannot be read: {error.strerror}."
        raise ConfigError(msg) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        msg = f"The config file {path} is not JSON: {error}."
        raise ConfigError(msg) from error
    if not isinstance(content, dict):
        msg = f"The config file {path} must hold an object of settings."
        raise ConfigError(msg)
    return content


def config_sentence(config: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """What is wrong with the settings, without showing their values; empty when nothing is."""
    for error in Draft7Validator(schema).iter_errors(dict(config)):
        where = ".".join(str(part) for part in error.absolute_path) or "config"
        if error.validator == "enum":
            choices = ", ".join(str(one) for one in error.validator_value if one is not None)
            return f"Setting {where} must be one of {choices}."
        if error.validator == "type":
            wanted = error.validator_value
            words = [one for one in ([wanted] if isinstance(wanted, str) else wanted) if one != "null"]
            return f"Setting {where} must be {' or '.join(_KINDS.get(one, one) for one in words)}."
        limits = f"{error.validator} {error.validator_value}"
        return f"Setting {where} does not fit: its definition says {limits}."
    return ""


def check_environment(schema: Mapping[str, Any], prefix: str) -> None:
    """Make sure that every setting in the environment can be read.

    Raises:
        ConfigError: one cannot; names it, never shows its value.
    """
    for name, definition in schema["properties"].items():
        try:
            parse_environment_config({"properties": {name: definition}}, prefix)
        except ValueError as error:
            words = definition.get("type", [])
            wanted = next((_KINDS[one] for one in words if one in _KINDS), "JSON")
            msg = f"The environment variable {prefix}{name.upper()} must be {wanted}."
            raise ConfigError(msg) from error


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
        if not named or not isinstance(entry.get("schema", {}), dict):
            msg = f"Entry {number} of the catalog is no stream with a schema; run --discover for a new one."
            raise ConfigError(msg)
        metadata = entry.get("metadata", [])
        if not isinstance(metadata, list) or not all(
            isinstance(one, dict) and "breadcrumb" in one and "metadata" in one for one in metadata
        ):
            msg = f"The metadata in entry {number} of the catalog is malformed; run --discover for a new one."
            raise ConfigError(msg)
    return catalog


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
    return state


def _problems(memo: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the state of one stream."""
    for part in ("reads", "columns", "known_ids"):
        if not isinstance(memo.get(part, {}), dict):
            yield f"holds {part} that are no object"
            return
    reads = memo.get("reads", {}).values()
    if not all(isinstance(read, dict) for read in reads):
        yield "holds a read that is no object"
        return
    for value in (memo.get("replication_key_value"), *(read.get("since") for read in reads)):
        try:
            times.parse(str(value or "2026-01-01"))
        except ValueError:
            yield f"holds {json.dumps(value)[:60]} as a bookmark, which is no time"
    for column in memo.get("columns", {}).values():
        if not (isinstance(column, list) and len(column) == len(("column", "field type", "name"))):
            yield "holds a column that is no list of name, type and label"
    try:
        IdRanges.parse(str(memo.get("known_ids", {}).get("ids", "")))
    except ValueError as error:
        yield f"holds known ids of which {error}"
