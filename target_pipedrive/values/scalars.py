"""Parsing of scalar values: strict output types, tolerant of the input forms of tables and files.

Each function accepts any JSON value except null and raises `RecordFault` for a value it cannot convert.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from datetime import date as calendar
from decimal import Decimal, InvalidOperation

import msgspec

from pipedrive_client import times
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values.identity import is_exponential

CURRENCY = "currency"
"""Column with the currency of an amount."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MIDNIGHT = re.compile(r"[Tt ]00:00(:00)?(\.0*)?(?![\d.:])")
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d)(?:\.0+)?)?")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CODE = re.compile(r"[A-Za-z]{3}")
_DAY_NUMBER = re.compile(r"[2-6]\d{4}(?:\.\d{1,17})?", re.ASCII)
_ZERO_DATE = re.compile(
    r"(?:0{4}[-/.]?0{1,2}[-/.]?0{1,2}|0{1,2}[-/.]0{1,2}[-/.]0{4})(?:[Tt ].*)?", re.ASCII | re.DOTALL
)
_TRUE = frozenset({"true", "1", "1.0", "yes", "y", "t"})
_FALSE = frozenset({"false", "0", "0.0", "no", "n", "f"})
_LARGEST_EXACT = 2**53
LARGEST_ID = 2**63
"""Limit of integers, which JSON parsers accept on both sides of zero."""
# As a double. `1e999999999` as an integer would fill the memory, so the exponent is checked first.
_MOST_DIGITS = 308


def text(value: object) -> object:
    """Return text; numbers and booleans are converted, objects are rejected."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST_EXACT:
        return str(int(value))  # an integer that a table converted to a float
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    raise RecordFault(f"must be text, not {what(value)}")


def word(value: object) -> object:
    """Return a text that is a name, such as a status, without surrounding spaces."""
    return str(text(value)).strip()


def currency(value: object) -> object:
    """Return a currency code in capitals; Pipedrive validates codes without three letters."""
    code = str(word(value))
    return code.upper() if _CODE.fullmatch(code) else code


def integer(value: object) -> object:
    """Return an integer; `5.0` and `"5"` are accepted."""
    if type(value) is int and -LARGEST_ID < value < LARGEST_ID:
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST_EXACT:
        return int(value)
    if isinstance(value, str):
        number = None if is_exponential(value) else _decimal(value)
        if number is not None and abs(number) < LARGEST_ID and number == number.to_integral_value():
            return int(number)
    if isinstance(value, int) and not isinstance(value, bool):
        raise RecordFault("must be an integer of at most 18 digits")
    raise RecordFault(f"must be an integer such as 12{_not(value)}")


def number(value: object) -> object:
    """Return a number; numbers in text keep all their digits."""
    if isinstance(value, float) or (
        isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST_ID
    ):
        return value
    if isinstance(value, (int, str)) and not isinstance(value, bool):
        exact = _decimal(value)
        if exact is not None and exact.adjusted() <= _MOST_DIGITS:
            whole = exact == exact.to_integral_value()
            if abs(exact) >= LARGEST_ID:
                return float(exact)  # longer than the integers that JSON parsers accept
            return int(exact) if whole and "." not in str(value) else exact
        if exact is not None:
            raise RecordFault(f"must be a number below 1e{_MOST_DIGITS}")
    raise RecordFault(f"must be a number such as 1234.50{_not(value)}")


def plain_minus(text: str) -> str:
    """Return a trimmed text with a hyphen in place of the minus sign of Unicode."""
    return text.strip().replace("\u2212", "-")


def _decimal(value: int | str) -> Decimal | None:
    """Return the finite number in a text, or None."""
    try:
        number = Decimal(plain_minus(value) if isinstance(value, str) else value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def boolean(value: object) -> object:
    """Return true or false; 0, 1 and the usual words are accepted."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and value in {0, 1}:
        return bool(value)
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
    raise RecordFault(f"must be true or false{_not(value)}")


def flag(value: object) -> object:
    """Return 0 or 1."""
    return int(bool(boolean(value)))


def is_zero_date(value: object) -> bool:
    """Return whether a text is the empty date of databases, `0000-00-00`, with or without a time."""
    return isinstance(value, str) and _ZERO_DATE.fullmatch(value.strip()) is not None


def date(value: object) -> object:
    """Return `YYYY-MM-DD`, None for a zero date. The time is dropped, unless it is on another day in UTC.

    Raises:
        RecordFault: the date is invalid, or the time is on another day in UTC.
    """
    if isinstance(value, str) and _DATE.fullmatch(value) and not value.startswith("0000"):
        try:
            calendar.fromisoformat(value)
        except ValueError:
            pass  # there is no such day
        else:
            return value
    if is_zero_date(value):
        return None
    given = value.strip() if isinstance(value, str) else ""
    if _DATE.fullmatch(given[:10]):
        try:
            utc = times.parse(given)
        except ValueError:
            pass
        else:
            if utc.isoformat()[:10] == given[:10] or _MIDNIGHT.match(given, 10):
                return given[:10]
            raise RecordFault(
                "must be a date such as 2026-01-31; this time is on another day in UTC, so send only the date"
            )
    raise RecordFault(f"must be a date such as 2026-01-31{_not_time(value)}")


def moment(value: object) -> object:
    """Return RFC 3339 in UTC with whole seconds; None for a zero date."""
    if is_zero_date(value):
        return None
    if isinstance(value, str):
        try:
            return times.normalise(value.strip())
        except ValueError:
            pass
    raise RecordFault(f"must be a time such as 2026-01-31T10:20:00Z{_not_time(value)}")


def stamp(value: object) -> object:
    """Return `YYYY-MM-DD HH:MM:SS` in UTC; None for a zero date."""
    found = moment(value)
    return None if found is None else times.to_space_form(times.parse(str(found)).astimezone(UTC))


def minute(value: object) -> object:
    """Return `YYYY-MM-DD HH:MM` in UTC, without the seconds; None for a zero date."""
    found = stamp(value)
    return None if found is None else str(found)[:16]


def clock(value: object) -> object:
    """Return `HH:MM`; seconds are kept if they are not zero."""
    match = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise RecordFault(f"must be a time of day such as 09:30{_not(value)}")
    short = f"{int(match[1]):02d}:{match[2]}"
    return f"{short}:{match[3]}" if match[3] and match[3] != "00" else short


def uuid(value: object) -> object:
    """Return a UUID, as in leads."""
    if isinstance(value, str) and _UUID.fullmatch(value.strip()):
        return value.strip()
    raise RecordFault(f"must be a UUID, not {what(value)}")


def mapping(value: object) -> object:
    """Return an object, also as JSON text."""
    value = from_json_text(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise RecordFault(f"must be an object, not {what(value)}")


def csv(value: object) -> object:
    """Return ids as one comma-joined text."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ",".join(str(integer(item)) for item in value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return ",".join(str(integer(part)) for part in value.split(","))
    raise RecordFault(f"must be a list of ids, not {what(value)}")


def from_json_text(value: object) -> object:
    """Return the list or object in a JSON text, the form of tables without such types."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return value
    return value


def _not_time(value: object) -> str:
    """Return the end of the message about an invalid date; it names the day numbers of spreadsheets."""
    if not isinstance(value, bool) and _DAY_NUMBER.fullmatch(str(value).strip()):
        return ", not the day number of a spreadsheet; format the column as text or date there"
    return _not(value)


def _not(value: object) -> str:
    """Return the kind of a wrong value; nothing for a text, which the message shows if it may."""
    return "" if isinstance(value, str) and value else f", not {what(value)}"


def what(value: object) -> str:  # noqa: PLR0911 - one for each kind of value
    """Return a description of a value, without text that may be personal."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return "a text" if value else "an empty text"
        case Mapping():
            return "an object"
        case Sequence():
            return "a list"
        case _:
            return type(value).__name__
