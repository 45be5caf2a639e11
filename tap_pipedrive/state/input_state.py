"""Validation of the input state, and its conversion to the form that the tap writes.

A state of unknown form is rejected: if it were treated as empty, everything would be read again silently.
"""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec

from pipedrive_client import ConfigError, DayCost, times
from tap_pipedrive.state.input_catalog import json_text
from tap_pipedrive.state.known_ids import IdRanges

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_pipedrive.catalog.spec import StreamSpec


UNDER_WAY = "under_way"
TOKEN_USAGE = "token_usage"  # noqa: S105  a key of the state
"""Key of the tokens that a day has cost, written with the setting `daily_token_budget`."""


_MELTANO = {"singer_state", "completed", "partial_state"}
_TOP = {"bookmarks", UNDER_WAY, TOKEN_USAGE, "currently_syncing"}
_SHAPE = '{"bookmarks": {"<stream>": {…}}}'
_PLACES = {"reads", "columns", "known_ids", "refused", "absent", "turn", "replication_key_value"}
"""Keys of a stream's state; at least one of them must be present."""
_BESIDE = {"replication_key", "progress_markers", "starting_replication_value", "replication_key_signpost"}
"""Keys that the Singer SDK may write in addition to `replication_key_value`."""


def state_of(file: Any) -> Any:  # noqa: ANN401  an opened text file in, any JSON out
    """Return the JSON of a state file: a state, a STATE message, or one per line, of which the last is used.

    Returns None for an empty file, which Meltano passes for a first run.

    Raises:
        ConfigError: the file is not valid JSON, or a line contains another message.
    """
    text = json_text(file, "state").strip()
    if not text:
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
        try:
            found = [_line(file.name, number, line) for number, line in lines]
        except (msgspec.DecodeError, RecursionError):
            found = []
        if len(found) > 1:
            return found[-1]
        msg = f"The state file {file.name} is not valid JSON: {error}. Use a file written by a run, or none."
        raise ConfigError(msg) from error


def _line(name: str, number: int, line: str) -> object:
    message = msgspec.json.decode(line)
    if not isinstance(message, dict) or message.get("type", "STATE") != "STATE":
        kind = f"a {message['type']} message" if isinstance(message, dict) else "not an object"
        msg = f"Line {number} of the state file {name} is {kind}. The file must contain only STATE messages."
        raise ConfigError(msg)
    return message


def checked_state(given: object, specs: Mapping[str, StreamSpec]) -> dict[str, Any]:
    """Return the state in the form that the tap writes, from any accepted form.

    Args:
        given: the tap's state, also in a STATE message or below `value`, with the tap's bookmarks, those of
            the Singer SDK (`replication_key_value`), or those of singer-io's taps (`update_time`).
        specs: streams by name.

    Raises:
        ConfigError: the state has another form.
    """
    if given is None:
        return {}
    state = _unwrapped(given)
    bookmarks = state.get("bookmarks", {})
    if not isinstance(bookmarks, dict):
        msg = f"The state's bookmarks are not an object; expected format: {_SHAPE}."
        raise ConfigError(msg)
    if bookmarks and not bookmarks.keys() & specs.keys():
        names = ", ".join(sorted(bookmarks))
        msg = (
            f"The state contains no stream of tap-pipedrive, only {names[:100]}. Use a state written by this "
            "tap, or none to read everything."
        )
        raise ConfigError(msg)
    made = {stream: _memo(stream, memo, specs) for stream, memo in bookmarks.items()}
    found = {name: state[name] for name in (TOKEN_USAGE,) if state.get(name) is not None}
    if found:
        day_cost(found)
    return {"bookmarks": made, **found} if "bookmarks" in state else found


def day_cost(state: Mapping[str, Any]) -> DayCost | None:
    """Return the tokens that a day has cost by the state, or None.

    Raises:
        ConfigError: the entry of the state has another form.
    """
    entry = state.get(TOKEN_USAGE)
    if entry is None:
        return None
    try:
        day, tokens = date.fromisoformat(entry["date"]), entry["tokens"]
    except (KeyError, TypeError, ValueError):
        day, tokens = date.min, -1
    if type(tokens) is not int or tokens < 0:
        msg = (
            f'The state contains an invalid {TOKEN_USAGE}; expected format: {{"date": "2026-01-31", '
            '"tokens": 120}. '
            "Fix it, or remove it to start the day at 0 tokens."
        )
        raise ConfigError(msg)
    return DayCost(day=day, tokens=tokens)


def _unwrapped(given: object) -> Mapping[str, Any]:
    """Return the state from a STATE message."""
    state = given
    if isinstance(state, dict) and "bookmarks" not in state and ("type" in state or "value" in state):
        if state.get("type", "STATE") != "STATE":
            msg = f"The state is a {state['type']} message; it must be a STATE message, or the value of one."
            raise ConfigError(msg)
        state = state.get("value")
    if not isinstance(state, dict):
        msg = f"The state is not an object; expected format: {_SHAPE}."
        raise ConfigError(msg)
    if wrapping := _MELTANO & state.keys():
        msg = (
            f"The state has Meltano's format ({', '.join(sorted(wrapping))}); "
            f"use only the value of singer_state, in the format {_SHAPE}."
        )
        raise ConfigError(msg)
    if unknown := sorted(state.keys() - _TOP):
        msg = (
            f"The state has unknown top-level keys: {', '.join(unknown)[:100]}. Use a state of the format "
            f"{_SHAPE}, or no state to read everything again."
        )
        raise ConfigError(msg)
    return state


def _memo(stream: str, given: object, specs: Mapping[str, StreamSpec]) -> dict[str, Any]:
    """Return the state of one stream in the tap's form."""
    if not isinstance(given, dict):
        raise _refused(stream, f"is not an object; expected format of the state: {_SHAPE}")
    spec = specs.get(stream)
    memo = {name: value for name, value in given.items() if value is not None}
    if spec:
        key = bookmark_key(spec, specs)
        _take_bookmark(stream, memo, key)
        known = _PLACES | _BESIDE
        if key and (unknown := sorted(memo.keys() - known)):
            raise _refused(stream, f"contains unknown keys: {', '.join(unknown)[:100]}")
        if key and memo and not memo.keys() & _PLACES:
            raise _refused(stream, f"has no bookmark (replication_key_value), only {', '.join(sorted(memo))}")
    for problem in _problems(memo):
        raise _refused(stream, problem)
    if spec and (unknown := sorted(memo.get("reads", {}).keys() - _read_keys(spec, specs))):
        raise _refused(
            stream, f"contains a bookmark of {', '.join(unknown)[:100]}, which is not a read of the stream"
        )
    for part, name in (
        (memo, "replication_key_value"),
        *((read, "since") for read in memo.get("reads", {}).values()),
    ):
        if part.get(name):
            part[name] = times.normalise(part[name])
    return memo


def _refused(stream: str, problem: str) -> ConfigError:
    return ConfigError(
        f"The state of stream {stream} {problem}. Fix it, or remove the stream from the state to read all of "
        "it again."
    )


def bookmark_key(spec: StreamSpec, specs: Mapping[str, StreamSpec]) -> str | None:
    """Return the column that a stream's bookmark refers to; for a child stream, the parent's."""
    parent = specs.get(spec.parent.stream) if spec.parent else None
    return parent.replication_key if parent else spec.replication_key


def _take_bookmark(stream: str, memo: dict[str, Any], key: str | None) -> None:
    """Move a bookmark from the key of its column name to the key that the SDK uses."""
    named = memo.get("replication_key")
    if key and named not in (None, key):
        raise _refused(
            stream, f"has a bookmark of {str(named)[:40]}, but the replication key of the stream is {key}"
        )
    if key and key in memo:
        value = memo.pop(key)
        memo.setdefault("replication_key_value", value)


def _read_keys(spec: StreamSpec, specs: Mapping[str, StreamSpec]) -> set[str]:
    """Return the allowed names of a stream's bookmarks; states of older versions have operations only."""
    parent = specs.get(spec.parent.stream) if spec.parent else None
    reads = [*spec.reads, *(parent.reads if parent else ()), *filter(None, [spec.single])]
    return {name for read in reads for name in (read.key, read.operation)}


def _problems(memo: Mapping[str, Any]) -> Iterator[str]:
    """Yield the problems of the state of one stream."""
    for part in ("reads", "columns", "known_ids", "refused", "absent"):
        if not isinstance(memo.get(part, {}), dict):
            yield f"is invalid: {part} must be an object"
            return
    reads = memo.get("reads", {}).values()
    if not all(isinstance(read, dict) for read in reads):
        yield "is invalid: each entry of reads must be an object"
        return
    known = memo.get("known_ids", {})
    bookmarks = (
        memo.get("replication_key_value"),
        known.get("swept_at"),
        *(read.get(key) for read in reads for key in ("since", "read_at")),
    )
    for value in bookmarks:
        if value is not None and not _is_time(value):
            yield f"has the bookmark {json.dumps(value)[:60]}, which is not a valid time"
    yield from _problems_of_reads(reads)
    for column in memo.get("columns", {}).values():
        whole = isinstance(column, list) and len(column) == len(("column", "field type", "name"))
        if not (whole and all(isinstance(part, str) and part for part in column[:2])):
            yield "is invalid: each entry of columns must be a list of name, type and label"
    uuids = known.get("uuids", [])
    if not (isinstance(uuids, list) and all(isinstance(one, str) for one in uuids)):
        yield "is invalid: uuids of known_ids must be a list of strings"
    for part in ("known_ids", "refused", "absent"):
        try:
            IdRanges.parse(str(memo.get(part, {}).get("ids", "")))
        except ValueError as error:
            yield f"is invalid: {part}.ids contains {error}"


def _problems_of_reads(reads: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the problems of the numbers of rows, and of the times in `unresolved`."""
    for read in reads:
        for name in ("length", "size", "so_far"):
            count = read.get(name)
            if count is not None and not (type(count) is int and count >= 0):
                yield f"is invalid: {name} of a read is {json.dumps(count)[:60]} instead of a number of rows"
        for since in _unresolved(read.get("unresolved", {})):
            if since and not _is_time(since):
                yield f"is invalid: unresolved contains {json.dumps(since)[:60]}, which is not a valid time"


def _unresolved(given: object) -> Iterable[object]:
    """Return the times of unresolved custom fields, or the value itself where it has another form."""
    return given.values() if isinstance(given, dict) else [given]


def _is_time(value: object) -> bool:
    """Return True for a time that can be a bookmark, which is never before 1970."""
    try:
        return isinstance(value, str) and times.to_epoch(times.parse(value)) >= 0
    except ValueError:
        return False
