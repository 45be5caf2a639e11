"""Detection of a column that a record has twice; decoders keep only the last value.

Decoding each record again with Python's decoder would halve the speed of the target. Instead, the keys
of a line are counted, and only a line with more of them than its record has is decoded again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_client.http.json_keys import ambiguous_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.intake.messages import Message


def repeated_key(line: bytes, message: Message, record: Mapping[str, object]) -> str | None:
    """Return the first key with different values in one object of a RECORD message; None if there is none.

    Args:
        line: the message as received, which is valid JSON.
        message: the decoded message.
        record: the decoded record.
    """
    keys = 3 + len(record) + (message.version is not None) + (message.time_extracted is not None)
    if line.count(b":") == keys:  # each key has one, and no text has any
        return None
    ends, spaced = line.count(b'":'), line.count(b'" ')
    # Strict JSON allows tabs and carriage returns only between its parts.
    usual = line.find(b"\t") < 0 and line.find(b"\r") < 0
    if usual and not spaced and ends == keys:
        return None
    try:
        for value in record.values():
            if value.__class__ is dict or value.__class__ is list:
                keys += _keys(value)
        if usual and b'"  ' not in line and ends + line.count(b'" :') == keys:
            return None
        return ambiguous_key(line)
    except RecursionError:
        return None  # its mapping determines what happens with such a record


def schema_fault(line: bytes) -> str:
    """Return why a SCHEMA message cannot be used, if it has several values of one key; empty otherwise."""
    try:
        key = ambiguous_key(line)
    except RecursionError:
        return ""
    return (
        f"its SCHEMA has different values for {key}, of which most programs keep only the last" if key else ""
    )


def _keys(value: object) -> int:
    """Return the number of keys of an object, or of the objects in a list."""
    if isinstance(value, dict):
        return len(value) + sum(map(_keys, value.values()))
    return sum(map(_keys, value)) if isinstance(value, list) else 0
