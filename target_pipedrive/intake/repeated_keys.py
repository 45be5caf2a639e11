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
    colons = line.count(b":")
    if colons == keys:  # each key has one, and no text has any
        return None
    try:
        keys += sum(_keys(one) for one in record.values() if isinstance(one, (dict, list)))
    except RecursionError:
        return None  # its mapping determines what happens with such a record
    if colons == keys:
        return None
    # Strict JSON allows tabs and carriage returns only between its parts.
    usual = line.find(b"\t") < 0 and line.find(b"\r") < 0 and b'"  ' not in line
    if usual and line.count(b'":') + line.count(b'" :') == keys:
        return None
    try:
        return ambiguous_key(line)
    except RecursionError:
        return None


def schema_fault(line: bytes) -> str:
    """Return why a SCHEMA message cannot be used, if it has several values of one key; empty otherwise."""
    try:
        key = ambiguous_key(line)
    except RecursionError:
        return ""
    return (
        f"its SCHEMA has different values for {key}, of which most programs keep only the last" if key else ""
    )


def _keys(value: dict[str, object] | list[object]) -> int:
    """Return the number of keys of an object, or of the objects in a list, at all levels."""
    keys, parts = (len(value), value.values()) if isinstance(value, dict) else (0, value)
    for one in parts:
        if one.__class__ is dict or one.__class__ is list:
            keys += _keys(one)
    return keys
