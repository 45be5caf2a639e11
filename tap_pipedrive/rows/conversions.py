"""Values as the type of their column: converted where nothing is lost, null where the type cannot hold them.

Pipedrive publishes a form for each value, and some accounts have values in other forms: a number as text,
an object where its id belongs. Each function here takes any JSON value; none raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING

from pipedrive_client import times

if TYPE_CHECKING:
    from tap_pipedrive.catalog.spec import JSON

Coerce = Callable[[object], object]

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


def coercions(properties: Mapping[str, JSON]) -> Sequence[tuple[str, Coerce]]:
    """Columns whose values may come in another form than published, with their conversion."""
    found: list[tuple[str, Coerce]] = []
    for column, schema in properties.items():
        if isinstance(schema, dict) and (coerce := _coercion(schema)):
            found.append((column, coerce))
    return found


def _coercion(schema: Mapping[str, JSON]) -> Coerce | None:
    """The conversion of a column, or None where any value may stand."""
    kinds = _kinds(schema)
    if kinds == {"string"} and isinstance(made := schema.get("format"), str) and made in _FORMATS:
        return _FORMATS[made]
    if len(kinds) == 1 and (coerce := _PLAIN.get(str(*kinds))):
        return coerce
    items = schema.get("items")
    if kinds == {"array"} and isinstance(items, dict):
        inner = _kinds(items)
        if len(inner) == 1 and (coerce := _PLAIN.get(str(*inner))):
            return partial(_each, coerce, texts=inner == {"string"})
    inside = _nested_times(schema) if kinds & {"object", "array"} else None
    parts = schema.get("properties")
    return (
        partial(_whole, inside)
        if kinds == {"object"} and isinstance(parts, dict) and "value" in parts
        else inside
    )


def _whole(inside: Coerce | None, value: object) -> object:
    """Return an object; a text in its place, such as an address in one line, is its `value`."""
    if isinstance(value, str):
        return {"value": value}
    return inside(value) if inside else value


def _kinds(schema: Mapping[str, JSON]) -> set[object]:
    words = schema.get("type")
    return {word for word in words if word != "null"} if isinstance(words, list) else {words}


def _nested_times(schema: Mapping[str, JSON]) -> Coerce | None:
    """A conversion of the times inside objects and lists, or None where there are none."""
    properties, items = schema.get("properties"), schema.get("items")
    if isinstance(items, dict):
        inside = _nested_times(items)
        return partial(_convert_list, inside) if inside else None
    inner: list[tuple[str, Coerce]] = []
    for name, column in (properties if isinstance(properties, dict) else {}).items():
        if isinstance(column, dict):
            coerce = time_text if column.get("format") == "date-time" else _nested_times(column)
            if coerce:
                inner.append((name, coerce))
    return partial(_convert_object, inner) if inner else None


def _convert_list(coerce: Coerce, value: object) -> object:
    return [coerce(one) for one in value] if isinstance(value, list) else value


def _convert_object(inner: Sequence[tuple[str, Coerce]], value: object) -> object:
    if isinstance(value, dict):
        for name, coerce in inner:
            if value.get(name) is not None:
                value[name] = coerce(value[name])
    return value


def _each(coerce: Coerce, value: object, *, texts: bool) -> object:
    """A list of values of one type; ids may come as `"1,2"` or alone. One that does not fit spoils all."""
    if not isinstance(value, list):
        if texts:
            return None
        value = (
            [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else [value]
        )
    made = [None if one is None else coerce(one) for one in value]
    fits = all(new is not None or old is None for new, old in zip(made, value, strict=True))
    return made if fits else None


def _parts(value: object) -> list[object]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value if isinstance(value, list) else [value]


def time_text(value: object) -> object:
    """RFC 3339 in UTC from any form Pipedrive writes a time in; None for anything that is not a time."""
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
    """A date as `YYYY-MM-DD`, also from midnight of the day."""
    if not isinstance(value, str) or value[4:5] != "-" or value[7:8] != "-":
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
    """A whole number; of an object that stands in place of its id, the id."""
    if isinstance(value, dict):
        value = value.get("value", value.get("id"))
    if isinstance(value, str):
        return int(value) if _INTEGER.fullmatch(value) else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return int(value) if isinstance(value, int) else None


def number(value: object) -> object:
    """A finite number; a text of digits that a float would round stays whole."""
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
    """True or false, also from 0, 1 and words."""
    if isinstance(value, str):
        return _WORDS.get(value.lower())
    return bool(value) if isinstance(value, int) else None


def text(value: object) -> object:
    """A text, also from a number."""
    return value if isinstance(value, str) else str(value) if isinstance(value, (int, float)) else None


def option_id(value: object) -> int | None:
    """The id of one option: a number, its text, an object with it, or a list of one of these."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    made = None if isinstance(value, bool) else integer(value)
    return made if isinstance(made, int) else None


def option_ids(value: object) -> list[int] | None:
    """The ids of options: a list, `"1,2"`, or one alone; None where one of them is no id."""
    made = [option_id(one) for one in _parts(value) if one is not None]
    ids = [one for one in made if one is not None]
    return ids if len(ids) == len(made) else None


_PLAIN: dict[str, Coerce] = {"integer": integer, "number": number, "boolean": boolean, "string": text}
_FORMATS: dict[str, Coerce] = {"date-time": time_text, "date": date_text}
