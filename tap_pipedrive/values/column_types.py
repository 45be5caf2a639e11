"""Types of columns, compiled once per stream: their valid values, and the conversion of other values.

A value of another type is converted if no information is lost; otherwise it becomes null, which is reported.
A page is checked column by column in C, so only columns with such a value cost Python code per value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial, reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypedDict, cast

import msgspec

from tap_pipedrive.values import conversions

if TYPE_CHECKING:
    from tap_pipedrive.catalog.spec import JSON
    from tap_pipedrive.values.conversions import Convert

Lost: TypeAlias = Callable[[str, object], None]
"""Function called with the column, or the dotted path inside it, and the value that becomes null."""


@dataclass(frozen=True, slots=True)
class Report:
    """Functions that count deviations.

    Attributes:
        lost: called for each value that becomes null.
        shortened: called for each object of which only the id is kept.
    """

    lost: Lost
    shortened: Lost


_UTC_LENGTH = len("2026-01-01T00:00:00Z")
_TIME = Annotated[datetime, msgspec.Meta(tz=True)]
_INTEGER = Annotated[int, msgspec.Meta(ge=conversions.LEAST, le=conversions.GREATEST)]
_SCALARS: Mapping[str, Any] = {"string": str, "integer": _INTEGER, "number": int | float, "boolean": bool}
_CONVERSIONS: Mapping[str, Convert] = {
    "boolean": conversions.boolean,
    "integer": conversions.integer,
    "number": conversions.number,
    "string": conversions.text,
}
"""Conversions in the order in which a column of several types tries them."""
_KINDS: Mapping[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}
_ANYTHING = {"object", "array", "string", "number", "boolean"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnType:
    """Type of one column.

    Attributes:
        convert: converts a value that is not null; returns None, and reports it, if no type fits.
        decoded: msgspec type with which JSON is decoded; `Any` where the values are checked page by page.
        is_decoded: True if a value decoded with this type needs no further check.
        values: msgspec type of a list of the column's values; None if each value is converted.
        is_time: True if the values are times, which are all written in one form.
    """

    convert: Convert
    decoded: Any
    is_decoded: bool
    values: Any
    is_time: bool

    def holds(self, values: Sequence[object]) -> bool:
        """Return whether all these values are valid in a column without conversion."""
        if self.values is None:
            return not any(value is not None for value in values)
        try:
            msgspec.convert(values, self.values)
        except msgspec.ValidationError:
            return False
        return not self.is_time or _are_utc(values)


def _ignore(path: str, value: object) -> None:
    del path, value


def column_types(
    properties: Mapping[str, JSON], lost: Lost, shortened: Lost = _ignore
) -> dict[str, ColumnType]:
    """Return the types of columns, without those that accept any value.

    Args:
        properties: JSON schemas of the columns.
        lost: called for each value that becomes null; a key column has no null, its rows are left out.
        shortened: called for each object of which only the id is kept.
    """
    full, of_keys = Report(lost, shortened), Report(_ignore, shortened)
    return {
        name: _column_type(schema, name, full if "null" in schema["type"] else of_keys)  # type: ignore[operator]  # `type` is text or a list
        for name, schema in properties.items()
        if isinstance(schema, dict) and not _holds_anything(schema)
    }


def _column_type(schema: Mapping[str, JSON], name: str, report: Report) -> ColumnType:
    kinds, form = _kinds(schema), schema.get("format")
    valid = _valid(schema)
    is_time = form == "date-time"
    scalar = kinds <= _SCALARS.keys() or (kinds == {"array"} and _kinds(_items(schema)) <= _SCALARS.keys())
    return ColumnType(
        convert=_reporting(schema, name, report),
        decoded=(str | None if form else valid) if scalar else Any,
        is_decoded=scalar and not form,
        values=None if not is_time and _has_times(schema) else list[valid],  # type: ignore[valid-type]  # made at run time
        is_time=is_time,
    )


def _are_utc(values: Sequence[object]) -> bool:
    """Return whether valid times are all in UTC and in whole seconds."""
    texts = cast("list[str]", [value for value in values if value is not None])
    joined = "".join(texts)
    count = len(texts)
    return len(joined) == count * _UTC_LENGTH and joined.count("T") == joined.count("Z") == count


# --- schemas ---------------------------------------------------------------------------------------


def _kinds(schema: Mapping[str, JSON]) -> set[str]:
    words = schema.get("type")
    return {str(word) for word in words if word != "null"} if isinstance(words, list) else {str(words)}


def _items(schema: Mapping[str, JSON]) -> Mapping[str, JSON]:
    items = schema.get("items")
    return items if isinstance(items, dict) else {}


def _parts(schema: Mapping[str, JSON]) -> dict[str, Mapping[str, JSON]]:
    """Return the schemas of an object's keys."""
    parts = schema.get("properties")
    return (
        {name: one for name, one in parts.items() if isinstance(one, dict)} if isinstance(parts, dict) else {}
    )


def _holds_anything(schema: Mapping[str, JSON]) -> bool:
    return "type" not in schema or _kinds(schema) >= _ANYTHING


def _has_times(schema: Mapping[str, JSON]) -> bool:
    """Return whether a column or its parts contain times."""
    inside = [*_parts(schema).values(), _items(schema), schema.get("additionalProperties")]
    return schema.get("format") == "date-time" or any(
        _has_times(one) for one in inside if isinstance(one, dict) and one
    )


def _valid(schema: Mapping[str, JSON]) -> Any:  # noqa: ANN401  a type made at run time
    """Return the msgspec type of the values of a schema."""
    if _holds_anything(schema):
        return Any
    words = schema["type"]
    found = [_valid_kind(schema, kind) for kind in sorted(_kinds(schema))]
    return reduce(or_, [*found, None] if isinstance(words, list) and "null" in words else found)


def _valid_kind(schema: Mapping[str, JSON], kind: str) -> Any:  # noqa: ANN401  a type made at run time
    if kind == "string":
        return {"date-time": _TIME, "date": date}.get(str(schema.get("format")), str)
    if kind == "array":
        return list[_valid(_items(schema))]  # type: ignore[misc]  # made at run time
    if kind == "object":
        if parts := _parts(schema):
            return TypedDict("Parts", {name: _valid(one) for name, one in parts.items()}, total=False)  # type: ignore[operator]  # made at run time
        further = schema.get("additionalProperties")
        return dict[str, _valid(further)] if isinstance(further, dict) else dict[str, Any]  # type: ignore[misc]  # made at run time
    return _SCALARS[kind]


# --- conversions -----------------------------------------------------------------------------------


def _reporting(schema: Mapping[str, JSON], path: str, report: Report) -> Convert:
    """Return the conversion of a schema, which reports what it cannot convert; an empty text is just null."""
    convert = _conversion(schema, path, report)

    def reporting(value: object) -> object:
        made = convert(value)
        if made is None and value is not None and value != "":
            report.lost(path, value)
        return made

    return reporting


def _conversion(schema: Mapping[str, JSON], path: str, report: Report) -> Convert:
    kinds = _kinds(schema)
    if _holds_anything(schema):
        return lambda value: value
    if len(kinds) == 1:
        return _conversion_to(schema, kinds.pop(), path, report)
    ways = {
        kind: _conversion_to(schema, kind, path, report)
        for kind in (*_CONVERSIONS, "array", "object")
        if kind in kinds
    }
    return partial(_to_either, ways)


def _conversion_to(schema: Mapping[str, JSON], kind: str, path: str, report: Report) -> Convert:
    """Return the conversion to one kind of JSON value."""
    if kind == "array":
        return _to_list(schema, path, report)
    if kind == "object":
        return _to_object(schema, path, report)
    if kind == "integer":
        return partial(_to_integer, path, report)
    if kind == "string":
        made = schema.get("format")
        if made in ("date-time", "date"):
            return conversions.time_text if made == "date-time" else conversions.date_text
        if _is_label(schema):
            return conversions.label
    return _CONVERSIONS[kind]


def _is_label(schema: Mapping[str, JSON]) -> bool:
    """Return whether a column contains labels of options, which must not be confused with other values."""
    origin = schema.get("x-pipedrive")
    return isinstance(origin, dict) and origin.get("value") == "label"


def _to_integer(path: str, report: Report, value: object) -> object:
    made = conversions.integer(value)
    if made is not None and isinstance(value, dict) and len(value) > 1:
        report.shortened(path, value)
    return made


def _to_either(ways: Mapping[str, Convert], value: object) -> object:
    """Convert to the value's own kind, else to the first kind that fits."""
    own = _KINDS.get(value.__class__, "")
    if own == "integer" and own not in ways:
        own = "number"
    if own in ways:
        return ways[own](value)
    for convert in ways.values():
        if (made := convert(value)) is not None:
            return made
    return None


def _to_list(schema: Mapping[str, JSON], path: str, report: Report) -> Convert:
    items = _items(schema)
    kinds = _kinds(items)
    if not items or _holds_anything(items):
        return lambda value: value if isinstance(value, list) else [value]
    if len(kinds) == 1 and kinds <= _SCALARS.keys():
        (kind,) = kinds
        convert = conversions.label if _is_label(schema) else _conversion_to(items, kind, path, report)
        return partial(_each, convert, are_texts=kind == "string", are_labels=_is_label(schema))
    inside = _reporting(items, path, report)
    alone = _conversion(items, path, report)

    def to_list(value: object) -> object:
        if isinstance(value, list):
            return [None if one is None else inside(one) for one in value]
        if value == {}:
            return []
        made = alone(value)
        return None if made is None else [made]

    return to_list


def _each(convert: Convert, value: object, *, are_texts: bool, are_labels: bool) -> object:
    """Convert a list of values of one type; one that does not fit makes the whole list null.

    Ids may come as `"1,2"` or alone.
    """
    if value == {}:
        return []
    if isinstance(value, str) and not are_texts:
        value = [part.strip() for part in value.split(",") if part.strip()]
    elif not isinstance(value, list):
        value = None if are_labels else [value]
    if not isinstance(value, list):
        return None
    made = [None if one is None else convert(one) for one in value]
    fits = all(new is not None or old is None for new, old in zip(made, value, strict=True))
    return made if fits else None


def _to_object(schema: Mapping[str, JSON], path: str, report: Report) -> Convert:
    parts = {name: _reporting(one, f"{path}.{name}", report) for name, one in _parts(schema).items()}
    whole = _conversion(_parts(schema)["value"], path, report) if "value" in parts else None
    further = schema.get("additionalProperties")
    rest = _reporting(further, f"{path}.*", report) if isinstance(further, dict) else None

    def to_object(value: object) -> object:
        if isinstance(value, dict):
            made = dict(value)
            for name, one in value.items():
                convert = parts.get(name, rest)
                if convert and one is not None:
                    made[name] = convert(one)
            return made
        if value == []:
            return {}
        # A text or number in place of an object, such as an address in one line, is its `value`.
        if whole and isinstance(value, (str, int, float)) and value != "":
            inner = whole(value)
            return None if inner is None else {"value": inner}
        return None

    return to_object
