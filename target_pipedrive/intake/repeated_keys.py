"""Detection of a column that a record has twice; decoders keep only the last value.

Decoding each record again with Python's decoder would halve the speed of the target. Instead, the keys
of a line are counted, and only a line with more of them than its record has is decoded again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_client.http.json_keys import ambiguous_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
        keys += _inner(record.values())
    except RecursionError:
        return None  # its mapping determines what happens with such a record
    if keys in (colons, _keys_in_text(line)):
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


def _keys_in_text(line: bytes) -> int:
    """Return the number of colons after a quotation mark; -1 for a line with unusual spaces between them.

    Strict JSON allows tabs and carriage returns only between its parts.
    """
    if line.find(b"\t") >= 0 or line.find(b"\r") >= 0:
        return -1
    if b'" ' not in line:
        return line.count(b'":')
    return -1 if b'"  ' in line else line.count(b'":') + line.count(b'" :')


def _inner(values: Iterable[object]) -> int:
    """Return the number of keys of the objects in decoded values, at all levels."""
    keys = 0
    for one in values:
        if type(one) is dict:
            keys += len(one) + _inner(one.values())
        elif type(one) is list:
            keys += _inner(one)
    return keys
