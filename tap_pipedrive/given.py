"""Files that a run is given: catalog and state, checked before anything depends on them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from pipedrive_client import ConfigError, times

if TYPE_CHECKING:
    from collections.abc import Mapping

_STATE_SHAPE = '{"bookmarks": {"<stream>": {…}}}'


def json_file(file: Any, what: str) -> Any:  # noqa: ANN401  a text file in, any JSON out
    """The JSON in an opened file; nothing for an empty one, as Meltano passes for a first run."""
    if file is None:
        return None
    text = file.read()
    if not text.strip():
        return None
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        msg = f"The {what} file {file.name} is not JSON: {error}. Give the file a run wrote, or none."
        raise ConfigError(msg) from error


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
        for value in _bookmark_times(memo):
            try:
                times.parse(str(value))
            except ValueError as error:
                msg = (
                    f"The state of stream {stream} holds {json.dumps(value)[:60]} as a bookmark, which is no "
                    "time; mend it, or run without a state to read all again."
                )
                raise ConfigError(msg) from error
    return state


def _bookmark_times(memo: Mapping[str, Any]) -> list[object]:
    """Every time a stream's state holds."""
    reads = memo.get("reads")
    inner = reads.values() if isinstance(reads, dict) else ()
    values = [
        memo.get("replication_key_value"),
        *(read.get("since") for read in inner if isinstance(read, dict)),
    ]
    return [value for value in values if value]
