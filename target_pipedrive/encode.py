"""Values of a record as Pipedrive wants them: strict types out, the forms tables and files have in.

`encoder(kind)` is built once per column; it takes any JSON value but null and returns what goes
into the body.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from pipedrive_client import times
from target_pipedrive.faults import RecordFault

if TYPE_CHECKING:
    from target_pipedrive.notation import Columns, Kind

Encoder: TypeAlias = Callable[[object], object]

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MIDNIGHT = re.compile(r"[Tt ]00:00(:00)?(\.0*)?(?![\d.:])")
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TRUE = frozenset({"true", "1", "yes", "y", "t"})
_FALSE = frozenset({"false", "0", "no", "n", "f"})
_LARGEST_EXACT = 2**53
ADDRESS_PARTS = [
    "country",
    "admin_area_level_1",
    "admin_area_level_2",
    "locality",
    "sublocality",
    "route",
    "street_number",
    "subpremise",
    "postal_code",
]
# Parts of the tap's rows that Pipedrive sends and does not take.
_READ_ONLY_PARTS = frozenset({"formatted_address", "id", "product_id", "color", "add_time", "update_time"})


def text(value: object) -> object:
    """Text; numbers and booleans are written out, objects are refused."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    raise RecordFault(f"must be text, not {_what(value)}")


def integer(value: object) -> object:
    """A whole number; `5.0` and `"5"` are taken."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST_EXACT:
        return int(value)
    if isinstance(value, str):
        try:
            number = Decimal(value.strip())
            if number == number.to_integral_value():
                return int(number)
        except (InvalidOperation, OverflowError):
            pass
    raise RecordFault(f"must be a whole number, not {_what(value)}")


def number(value: object) -> object:
    """A number; numbers written as text are taken digit by digit."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            exact = Decimal(value.strip())
        except InvalidOperation:
            exact = Decimal("NaN")
        if exact.is_finite():
            return int(exact) if exact == exact.to_integral_value() and "." not in value else exact
    raise RecordFault(f"must be a number, not {_what(value)}")


def boolean(value: object) -> object:
    """True or false; 0 and 1 and the usual words are taken."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and value in {0, 1}:
        return bool(value)
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
    raise RecordFault(f"must be true or false, not {_what(value)}")


def flag(value: object) -> object:
    """0 or 1."""
    return int(bool(boolean(value)))


def date(value: object) -> object:
    """`YYYY-MM-DD`. The time of a timestamp is cut off, unless the day is another one in UTC."""
    if isinstance(value, str) and _DATE.fullmatch(value[:10]):
        try:
            utc = times.parse(value.strip())
        except ValueError:
            pass
        else:
            if utc.isoformat()[:10] == value[:10] or _MIDNIGHT.match(value, 10):
                return value[:10]
            raise RecordFault(
                "must be a date such as 2026-01-31; in UTC this time is on another day, so cut it off"
            )
    raise RecordFault(f"must be a date such as 2026-01-31, not {_what(value)}")


def moment(value: object) -> object:
    """RFC 3339 in UTC with whole seconds."""
    if isinstance(value, str):
        try:
            return times.normalise(value)
        except ValueError:
            pass
    raise RecordFault(f"must be a time such as 2026-01-31T10:20:00Z, not {_what(value)}")


def stamp(value: object) -> object:
    """`YYYY-MM-DD HH:MM:SS` in UTC."""
    return times.to_space_form(times.parse(str(moment(value))).astimezone(UTC))


def clock(value: object) -> object:
    """`HH:MM`; seconds are kept when they are not zero."""
    match = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise RecordFault(f"must be a time of day such as 09:30, not {_what(value)}")
    short = f"{int(match[1]):02d}:{match[2]}"
    return f"{short}:{match[3]}" if match[3] and match[3] != "00" else short


def uuid(value: object) -> object:
    """A UUID, as leads have."""
    if isinstance(value, str) and _UUID.fullmatch(value.strip()):
        return value.strip()
    raise RecordFault(f"must be a UUID, not {_what(value)}")


def mapping(value: object) -> object:
    """An object, also as JSON text."""
    value = from_json_text(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise RecordFault(f"must be an object, not {_what(value)}")


def csv(value: object) -> object:
    """Ids as one comma-joined text."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ",".join(str(integer(item)) for item in value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return ",".join(str(integer(part)) for part in value.split(","))
    raise RecordFault(f"must be a list of ids, not {_what(value)}")


def contacts(value: object) -> object:
    """Email addresses or phone numbers: a text, a list of texts, or a list of {value, label, primary}."""
    value = from_json_text(value)
    entries = value if isinstance(value, list) else [value]
    if isinstance(value, str):
        entries = [part.strip() for part in value.split(",") if part.strip()]
    found: list[dict[str, object]] = []
    for entry in entries:
        if isinstance(entry, Mapping):
            given = {key: entry[key] for key in ("value", "label", "primary") if entry.get(key) is not None}
            if "primary" in given:
                given["primary"] = boolean(given["primary"])
            if not given.get("value"):
                continue
            given["value"] = text(given["value"])
            found.append(given)
        elif entry not in (None, ""):
            found.append({"value": text(entry), "primary": not found, "label": "work"})
    return found


def address(value: object) -> object:
    """An address: a text, or an object with `value` and parts."""
    value = from_json_text(value)
    if isinstance(value, str):
        return {"value": value}
    if not isinstance(value, Mapping):
        raise RecordFault(f"must be text or an object with `value`, not {_what(value)}")
    given = {
        key: text(part) for key, part in value.items() if part is not None and key not in _READ_ONLY_PARTS
    }
    unknown = sorted(set(given) - {"value", *ADDRESS_PARTS})
    if unknown:
        raise RecordFault(f"has no part {unknown[0]!r}; it has value, {', '.join(ADDRESS_PARTS)}")
    if not given:
        return None
    if "value" not in given:
        raise RecordFault("needs `value`, the whole address in one line")
    return given


def money(value: object) -> object:
    """An amount with its currency, as leads have."""
    value = from_json_text(value)
    if isinstance(value, Mapping) and value.get("amount") is None and value.get("currency") is None:
        return None
    if isinstance(value, Mapping) and value.get("amount") is not None and value.get("currency"):
        return {"amount": number(value["amount"]), "currency": text(value["currency"])}
    raise RecordFault('must be an object such as {"amount": 100, "currency": "EUR"}')


def from_json_text(value: object) -> object:
    """The list or object that a text holds as JSON, which is how tables without such types carry them."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError:
            return value
    return value


_SCALARS: dict[str, Encoder] = {
    "str": text,
    "int": integer,
    "num": number,
    "bool": boolean,
    "flag": flag,
    "date": date,
    "time": moment,
    "stamp": stamp,
    "clock": clock,
    "uuid": uuid,
    "map": mapping,
    "csv": csv,
    "contacts": contacts,
    "address": address,
    "money": money,
    "file": lambda value: value,
}


@cache
def _scalar_choice(name: str, choices: tuple[str, ...]) -> Encoder:
    """A scalar with a fixed set of values."""
    plain = _SCALARS[name]

    def encode(value: object) -> object:
        encoded = plain(value)
        if str(encoded) not in choices:
            near = difflib.get_close_matches(str(encoded).lower(), choices, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise RecordFault(f"must be one of {', '.join(choices)}{hint}")
        return encoded

    return encode


def encoder(kind: Kind) -> Encoder:
    """The function that encodes values of the kind; it raises `RecordFault` for what cannot be meant."""
    if kind.name == "object":
        return _object(kind.columns)
    if kind.name == "list":
        return _list(kind)
    if kind.choices:
        return _scalar_choice(kind.name, kind.choices)
    return _SCALARS[kind.name]


def _list(kind: Kind) -> Encoder:
    items = kind.items
    if items is None:
        raise ValueError("a list without a kind of items")
    item = encoder(items)
    plain = items.name not in {"object", "map"}

    def encode(value: object) -> object:
        value = from_json_text(value)
        if isinstance(value, str) and plain:
            value = [part.strip() for part in value.split(",") if part.strip()]
        elif plain and isinstance(value, (int, str)) and not isinstance(value, bool):
            value = [value]
        if not isinstance(value, list):
            raise RecordFault(f"must be a list, not {_what(value)}")
        found = []
        for at, entry in enumerate(value):
            try:
                found.append(item(entry))
            except RecordFault as fault:
                raise RecordFault(f"element {at + 1} {fault}") from None
        return found

    return encode


def _object(columns: Columns) -> Encoder:
    encoders = {name: encoder(column.kind) for name, column in columns.items()}

    def encode(value: object) -> object:
        value = from_json_text(value)
        if not isinstance(value, Mapping):
            raise RecordFault(f"must be an object, not {_what(value)}")
        found: dict[str, object] = {}
        for name, part in value.items():
            if name in _READ_ONLY_PARTS and name not in encoders:
                continue
            if name not in encoders:
                raise RecordFault(f"has no {name!r}; it has {', '.join(encoders)}")
            if part is None and not columns[name].kind.nullable:
                continue
            try:
                found[name] = None if part is None else encoders[name](part)
            except RecordFault as fault:
                raise RecordFault(f"{name} {fault}") from None
        missing = [name for name, column in columns.items() if column.required and name not in found]
        if missing:
            raise RecordFault(f"needs {', '.join(missing)}")
        return found

    return encode


def _what(value: object) -> str:  # noqa: PLR0911 - one for each kind of value
    """What a value is, without showing text that may be personal."""
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
