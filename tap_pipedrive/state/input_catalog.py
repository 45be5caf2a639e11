"""Validation of the input catalog, and its conversion to the form that the SDK reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import msgspec
from singer_sdk.singerlib import Catalog

from pipedrive_client import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_pipedrive.catalog.spec import JSON

_AGAIN = "Generate a new catalog with --discover"
_METHODS = ("FULL_TABLE", "INCREMENTAL")
_BOOLEANS: Mapping[object, bool] = {True: True, False: False, "true": True, "false": False}


def json_text(file: Any, what: str) -> str:  # noqa: ANN401  an opened text file
    """Return the text of an opened file without a byte order mark; empty without a file.

    Raises:
        ConfigError: the file is not UTF-8.
    """
    try:
        return "" if file is None else str(file.read()).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        msg = f"The {what} file {file.name} is not valid JSON: {error}. Use a file written by a run, or none."
        raise ConfigError(msg) from error


def catalog_of(file: Any) -> Any:  # noqa: ANN401  an opened text file in, any JSON out
    """Return the JSON of a catalog file; None for an empty one, which Meltano passes for a first run.

    Raises:
        ConfigError: the file is not valid JSON.
    """
    text = json_text(file, "catalog")
    try:
        return msgspec.json.decode(text) if text.strip() else None
    except (msgspec.DecodeError, RecursionError) as error:
        msg = f"The catalog file {file.name} is not valid JSON: {error}. {_AGAIN}."
        raise ConfigError(msg) from error


def checked_catalog(catalog: object) -> Catalog | None:
    """Return the catalog with selection, replication method and key in the places that the SDK reads.

    The SDK ignores the metadata `replication-method` and `replication-key`, and the older `selected` of an
    entry or of its schema. Metadata is set by the user, so it overrides the top level written by discovery.

    Raises:
        ConfigError: the catalog is malformed, or contains an unsupported replication method.
    """
    if catalog is None or isinstance(catalog, Catalog):
        return catalog
    streams = catalog.get("streams") if isinstance(catalog, Mapping) else None
    if not isinstance(streams, list):
        msg = f"The catalog has no list of streams. {_AGAIN}."
        raise ConfigError(msg)
    entries: dict[str, dict[str, JSON]] = {}
    for number, entry in enumerate(streams, start=1):
        made = _entry(number, entry)
        name = str(made["tap_stream_id"])
        if name in entries:
            msg = f"The catalog contains stream {name} twice, again in entry {number}. Remove one of them."
            raise ConfigError(msg)
        entries[name] = made
    return Catalog.from_dict({"streams": list(entries.values())})


def _entry(number: int, given: object) -> dict[str, JSON]:
    """Return one entry in the form that the SDK reads."""
    entry = dict(given) if isinstance(given, dict) else {}
    name = entry.get("tap_stream_id") or entry.get("stream")
    schema = entry["schema"] = entry.get("schema") or {}
    if not isinstance(name, str) or not _is_schema(schema):
        msg = f"Catalog entry {number} is not a stream with a schema. {_AGAIN}."
        raise ConfigError(msg)
    entry["tap_stream_id"] = name
    metadata = [*_older_columns(name, schema), *_metadata(number, entry.get("metadata") or [])]
    root = next((one["metadata"] for one in metadata if not one["breadcrumb"]), None)
    older = _older_selection(name, entry)
    if root is None and (metadata or older is not None):
        # An entry without metadata of the stream itself selects it, like an entry with only a name.
        root = {"selected": older is not False}
        metadata.append({"breadcrumb": [], "metadata": root})
    elif root is not None and root.get("selected") is None and older is not None:
        root["selected"] = older
    entry["metadata"] = metadata
    for place, key in ((entry, "key_properties"), (root or {}, "table-key-properties")):
        if not isinstance(place.get(key), list):
            place.pop(key, None)
    _set_replication(name, entry, root or {})
    return cast("dict[str, JSON]", entry)


def _older_selection(name: str, entry: Mapping[str, Any]) -> bool | None:
    """Return the selection by `selected` of the entry or its schema, used before there was metadata."""
    for place in (entry, entry["schema"]):
        if place.get("selected") is not None:
            return _boolean(place["selected"], f"stream {name}", "selected")
    return None


def _older_columns(name: str, schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield metadata of columns with `selected` in their schema, used before there was metadata."""
    for column, definition in schema.get("properties", {}).items():
        if definition.get("selected") is not None:
            selected = _boolean(definition["selected"], f"column {column} of stream {name}", "selected")
            yield {"breadcrumb": ["properties", column], "metadata": {"selected": selected}}


def _metadata(number: int, given: object) -> Iterator[dict[str, Any]]:
    """Yield the metadata of one entry, with boolean strings converted to booleans."""
    if not isinstance(given, list):
        given = [None]
    for one in given:
        crumb, said = (one.get("breadcrumb"), one.get("metadata")) if isinstance(one, dict) else (None, None)
        whole = isinstance(crumb, list) and all(isinstance(part, str) for part in crumb)
        if not whole or not isinstance(said, dict):
            msg = f"The metadata in catalog entry {number} is malformed. {_AGAIN}."
            raise ConfigError(msg)
        booleans = {
            name: _boolean(said[name], f"entry {number}", name)
            for name in ("selected", "selected-by-default")
            if said.get(name) is not None
        }
        yield {"breadcrumb": crumb, "metadata": {**said, **booleans}}


def _boolean(value: object, where: str, name: str) -> bool:
    key = value.strip().lower() if isinstance(value, str) else value
    if not isinstance(key, (bool, str)) or key not in _BOOLEANS:
        msg = f"The catalog has {name}: {json.dumps(value)[:40]} in {where}; it must be true or false."
        raise ConfigError(msg)
    return _BOOLEANS[key]


def _set_replication(name: str, entry: dict[str, Any], root: Mapping[str, Any]) -> None:
    """Set replication method and key of an entry from its metadata or its top level."""
    method = root.get("replication-method") or entry.get("replication_method")
    method = method or root.get("forced-replication-method")
    if method is not None:
        plain = str(method).strip().upper().replace("-", "_").replace(" ", "_")
        if plain not in _METHODS:
            msg = (
                f"The catalog has replication method {str(method)[:40]} in stream {name}; "
                f"it must be {' or '.join(_METHODS)}."
            )
            raise ConfigError(msg)
        entry["replication_method"] = plain
    key = root.get("replication-key") or entry.get("replication_key")
    if key is not None and not isinstance(key, str):
        msg = f"The replication key of stream {name} in the catalog is not a column name. {_AGAIN}."
        raise ConfigError(msg)
    entry["replication_key"] = key


def _is_schema(schema: object) -> bool:
    """Return True for an object whose properties, if any, are objects."""
    properties = schema.get("properties", {}) if isinstance(schema, dict) else None
    return isinstance(properties, dict) and all(isinstance(one, dict) for one in properties.values())
