"""Descriptions of lines that cannot be read: encoding, JSON, and values that JSON does not allow."""

from __future__ import annotations

import codecs
import math
import re
from collections.abc import Mapping

from pipedrive_client.redact import redact
from target_pipedrive.record.errors import Fault

_COLUMN_AT_END = re.compile(rb'"([^"\\]{1,100})"\s*:\s*"[^"]*$')
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def unreadable(error: Exception, line: bytes) -> str:
    """Return a description of a JSON error."""
    if line.startswith(_UTF_16) or b"\0" in line[:4]:
        return "the file is UTF-16; convert it to UTF-8"
    if isinstance(error, RecursionError):
        return "its objects and lists are nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not UTF-8; convert the file to UTF-8"
    return redact(str(error))


def not_utf8(line: bytes, stream: str, number: int) -> Fault | None:
    """Return the fault of a record with bytes that are not UTF-8, with its column; None if it is valid."""
    try:
        line.decode()
    except UnicodeDecodeError as error:
        columns = _COLUMN_AT_END.findall(line[: error.start])
        column = columns[-1].decode(errors="replace") if columns else ""
        why = f"has a byte that is not UTF-8 (byte {error.start + 1} of the line); convert the file to UTF-8"
        return Fault(stream=stream, line=number, columns=(column,) if column else (), why=why)
    return None


def invalid_value(record: Mapping[str, object]) -> tuple[str, str]:
    """Return the column of a record with a value that JSON does not allow, and the reason; empty if none."""
    for column, value in record.items():
        why = _why_invalid(value) or _why_invalid(column)
        if why:
            return _HALF_PAIR.sub("\ufffd", column), why
    return "", ""


def _why_invalid(value: object) -> str:
    """Return why JSON does not allow a value, or a value inside it."""
    if isinstance(value, float) and not math.isfinite(value):
        return "is NaN or infinite, which JSON does not allow; send null or a number"
    if isinstance(value, str):
        half = _HALF_PAIR.search(value)
        if half is None:
            return ""
        return f"contains half of a character (\\u{ord(half[0]):04x}), as of an emoji that was cut; remove it"
    if isinstance(value, Mapping):
        value = [*value, *value.values()]
    return next(filter(None, map(_why_invalid, value)), "") if isinstance(value, list) else ""
