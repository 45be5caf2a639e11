"""Conversions of single values: without loss, or None if the value does not fit the type.

Pipedrive publishes a form for each value, and some accounts have values in other forms: a number as text,
an object where its id belongs. Each function here takes any JSON value; none raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from math import isfinite
from typing import TypeAlias

import msgspec

from pipedrive_client import times

Convert: TypeAlias = Callable[[object], object]

LEAST, GREATEST = -(2**63), 2**63 - 1
"""Range of integers: databases have no type for others, and one of them would end a load."""
_EXACT = 2**53
"""Up to this number a float is exactly one integer."""
_PLAIN_TIME = len("2026-01-01 00:00:00")
_PLAIN_DATE = len("2026-01-01")
_INTEGER = re.compile(r"-?[0-9]{1,100}")
_NUMBER = re.compile(r"-?[0-9]{1,100}(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_MIDNIGHT = re.compile(r"[T ]00:00(:00(\.0+)?)?(Z|\+00:?00)?")
_WORDS = {
    "1": True,
    "true": True,
    "y": True,
    "yes": True,
    "0": False,
    "false": False,
    "n": False,
    "no": False,
}


def _parts(value: object) -> list[object]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value if isinstance(value, list) else [value]


def time_text(value: object) -> object:
    """Return RFC 3339 in UTC from any form of a time in Pipedrive; None for other values."""
    if not isinstance(value, str):
        return None
    try:
        if len(value) == _PLAIN_TIME and value[10] == " ":
            datetime.fromisoformat(value)
            return f"{value[:10]}T{value[11:]}Z"
        made = times.normalise(value) if value else None
        if made:
            datetime.fromisoformat(made)  # days that a month does not have
    except ValueError:
        return None
    return made


def date_text(value: object) -> object:
    """Return a date as `YYYY-MM-DD`, also from midnight of the day."""
    return _day_of(value) if isinstance(value, str) else None


@lru_cache(maxsize=4096)  # rows of a list have the same few hundred days
def _day_of(value: str) -> str | None:
    if value[4:5] != "-" or value[7:8] != "-":
        return None
    day, rest = value[:_PLAIN_DATE], value[_PLAIN_DATE:]
    if rest and not _MIDNIGHT.fullmatch(rest):
        return None
    try:
        date.fromisoformat(day)
    except ValueError:
        return None
    return day


def integer(value: object) -> object:
    """Return an integer of 64 bits; for an object that replaces its id, the id."""
    if isinstance(value, dict):
        value = value.get("value", value.get("id"))
    if isinstance(value, str):
        value = int(value) if _INTEGER.fullmatch(value) else None
    elif isinstance(value, float):
        value = int(value) if value.is_integer() and abs(value) <= _EXACT else None
    return int(value) if isinstance(value, int) and LEAST <= value <= GREATEST else None


def number(value: object) -> object:
    """Return a finite number; a text of digits that a float would round becomes an integer."""
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            return None
        made = float(value)
        if _INTEGER.fullmatch(value) and made != int(value):
            return int(value)
        return made if isfinite(made) else None
    if isinstance(value, bool):
        return int(value)
    return value if isinstance(value, int) or (isinstance(value, float) and isfinite(value)) else None


def boolean(value: object) -> object:
    """Return true or false, also from 0, 1 and words."""
    if isinstance(value, str):
        return _WORDS.get(value.lower())
    return bool(value) if isinstance(value, (int, float)) and value in (0, 1) else None


def text(value: object) -> object:
    """Return a text; anything else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def label(value: object) -> object:
    """Return a text, also from a number; other values are not labels of options."""
    return text(value) if isinstance(value, (str, int, float)) else None


def option_id(value: object) -> int | None:
    """Return the id of one option: from a number, its text, an object with it, or a list of one of these."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    made = None if isinstance(value, bool) else integer(value)
    return made if isinstance(made, int) else None


def option_ids(value: object) -> list[int] | None:
    """Return the ids of options: from a list, `"1,2"`, or a single one; None if one of them is invalid."""
    made = [option_id(one) for one in _parts(value) if one is not None]
    ids = [one for one in made if one is not None]
    return ids if len(ids) == len(made) else None
