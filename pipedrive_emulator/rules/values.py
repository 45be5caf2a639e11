"""Validation of single values by their published types, formats and bounds.

v2 accepts only the published types. v1 also accepts numbers as text and 0/1 for booleans.
"""

from __future__ import annotations

import datetime as dt
import json
import operator
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from pipedrive_emulator.account.clock import rfc3339
from pipedrive_emulator.api.http import Row, invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipedrive_emulator.api.operations import Schema

WHOLE = re.compile(r"-?[0-9]{1,16}")
NUMBER = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,16})?")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
RFC3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})")
SQL_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
SQL_MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}")
TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?")
DURATION = re.compile(r"[0-9]{2}:[0-5][0-9](:[0-5][0-9])?")
EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
TIMES = ("rfc3339", "any-time")
LARGEST = 2**53 - 1
"""The largest integer that every JSON parser represents exactly."""
NUL = "\0"
BOUNDS: dict[str, Callable[[float, float], bool]] = {
    "minimum": operator.lt,
    "exclusiveMinimum": operator.le,
    "maximum": operator.gt,
}


def instant(text: str) -> int:
    """Return the epoch seconds of an RFC 3339 time with whole seconds.

    Raises:
        ValueError: for a fraction of a second, a missing zone, or an invalid time.
    """
    if not RFC3339.fullmatch(text):
        raise ValueError(text)
    try:
        return int(dt.datetime.fromisoformat(text).timestamp())
    except OverflowError as problem:
        raise ValueError(text) from problem


def is_date(text: object) -> bool:
    """Return whether a value is text like 2026-01-31."""
    try:
        return isinstance(text, str) and dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_instant(text: str) -> bool:
    """Return whether a value is an RFC 3339 time with whole seconds."""
    try:
        instant(text)
    except ValueError:
        return False
    return True


def _is_local(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        if not pattern.fullmatch(text):
            return False
        try:
            dt.datetime.fromisoformat(text)
        except ValueError:
            return False
        return True

    return fits


def is_url(text: str) -> bool:
    """Return whether a value is a complete URL."""
    if not text.isascii() or re.search(r"\s", text):
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


is_sql_time = _is_local(SQL_TIME)
FORMATS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "date": ("a date, YYYY-MM-DD", is_date),
    "date-time": ("RFC 3339 with whole seconds", is_instant),
    "rfc3339": ("RFC 3339 with whole seconds", is_instant),
    "sql-time": ("YYYY-MM-DD HH:MM:SS", is_sql_time),
    "sql-minute": ("YYYY-MM-DD HH:MM", _is_local(SQL_MINUTE)),
    "any-time": (
        "YYYY-MM-DD HH:MM:SS, or RFC 3339 with whole seconds",
        lambda text: is_sql_time(text) or is_instant(text),
    ),
    "time": ("HH:MM or HH:MM:SS", _matches(TIME)),
    "duration": ("HH:MM or HH:MM:SS", _matches(DURATION)),
    "uuid": ("a uuid", _matches(UUID)),
    "url": ("an address that begins with http:// or https://", is_url),
    "email": ("an e-mail address", _matches(EMAIL)),
}


def parse_json(body: bytes) -> Any:  # noqa: ANN401 - JSON
    """Decode a body: UTF-8 without BOM, no NaN, no lone surrogate, no repeated key in an object."""
    try:
        content = msgspec.json.decode(body)
        json.loads(body, object_pairs_hook=_pairs)
    except (msgspec.DecodeError, RecursionError, ValueError):
        raise invalid("The body is not JSON") from None
    return content


def _pairs(pairs: list[tuple[str, object]]) -> Row:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise invalid("The body contains a key twice")
    return found


def check_scalar(kind: str | None, value: object, where: str) -> object:
    """Return a value of exactly its published type."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "integer": is_number and isinstance(value, int),
        "number": is_number,
        None: True,
    }
    if not fits.get(kind, True):
        raise invalid(f"{where} must be of type {kind}")
    if is_number and isinstance(value, int) and abs(value) > LARGEST:
        raise invalid(f"{where} is too large")
    return value


def check_loose(kind: str | None, value: object, where: str) -> object:
    """Return a value of its published type, or one that v1 converts to it."""
    if isinstance(value, str):
        if kind == "integer" and WHOLE.fullmatch(value):
            value = int(value)
        elif kind == "number" and NUMBER.fullmatch(value):
            value = float(value) if "." in value else int(value)
        elif kind == "boolean" and value in ("true", "false", "0", "1"):
            value = value in ("true", "1")
    elif kind == "boolean" and isinstance(value, int) and value in (0, 1):
        value = bool(value)
    return check_scalar(kind, value, where)


def moment(text: str) -> str:
    """Return a time in the form of v2: RFC 3339 in UTC; a time without a zone is in UTC."""
    return rfc3339(instant(text if RFC3339.fullmatch(text) else f"{text}Z"))


def check_form(schema: Schema, value: Any, where: str) -> Any:  # noqa: ANN401 - JSON
    """Check a value of the right type against its enum, format and bounds; returns its stored form."""
    enum = schema.get("enum")
    if enum and (value not in enum or isinstance(value, bool) is not isinstance(enum[0], bool)):
        raise invalid(f"{where} must be one of {', '.join(str(e) for e in enum)}")
    if isinstance(value, str):
        _check_text(schema, value, where)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        for word, outside in BOUNDS.items():
            if word in schema and outside(value, schema[word]):
                raise invalid(f"{where} is out of bounds: {word} {schema[word]}")
    return moment(value) if schema.get("format") in TIMES else value


def _check_text(schema: Schema, value: str, where: str) -> None:
    if NUL in value:
        raise invalid(f"{where} contains a NUL character")
    expected, fits = FORMATS.get(schema.get("format", ""), ("", None))
    if fits is not None and not fits(value):
        raise invalid(f"{where} must be {expected}")
    if "pattern" in schema and not re.fullmatch(schema["pattern"], value):
        raise invalid(f"{where} is malformed")
    # A required text must contain a visible character.
    if len(value.strip()) < schema.get("minLength", 0):
        raise invalid(f"{where} must not be empty")
    if len(value) > schema.get("maxLength", len(value)):
        raise invalid(f"{where} must have at most {schema['maxLength']} characters")


def check_size(schema: Schema, value: list[Any] | Row, where: str) -> None:
    """Check a list or an object against the published number of its parts."""
    least = schema.get("minItems" if isinstance(value, list) else "minProperties", 0)
    if len(value) < least:
        raise invalid(f"{where} must not be empty")
    if isinstance(value, list):
        if len(value) > schema.get("maxItems", len(value)):
            raise invalid(f"{where} must have at most {schema['maxItems']} entries")
        # Lists of plain values are sets: of ids, of statuses.
        plain = schema.get("items", {}).get("type") not in ("object", "array", None)
        if (plain or schema.get("uniqueItems")) and any(
            entry in value[:place] for place, entry in enumerate(value)
        ):
            raise invalid(f"{where} contains an entry twice")
