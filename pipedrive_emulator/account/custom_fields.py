"""Custom field values: validation on write, and conversion between the stored v2 form and the v1 form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.account import time_zones
from pipedrive_emulator.account.account import TOKEN_USER
from pipedrive_emulator.api.http import ApiError, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pipedrive_emulator.account.account import Account

HASH = re.compile(r"^[0-9a-f]{40}")
DATE = re.compile(r"^\d{4}-\d\d-\d\d$")
TIME = re.compile(r"^\d\d:\d\d(:\d\d)?$")
ADDRESS_PARTS = (
    "country",
    "admin_area_level_1",
    "admin_area_level_2",
    "locality",
    "sublocality",
    "route",
    "street_number",
    "subpremise",
    "postal_code",
)
SHORT_TEXT = 255
LONG_TEXT = 65_000
REFERENCES = {"user": "users", "org": "organizations", "people": "persons"}
# The parts of composite types: (v2 part, v1 key suffix); the first has no suffix in v1.
PARTS: dict[str, tuple[tuple[str, str], ...]] = {
    "monetary": (("value", ""), ("currency", "_currency")),
    "daterange": (("value", ""), ("until", "_until")),
    "time": (("value", ""), ("timezone_id", "_timezone_id")),
    "timerange": (("value", ""), ("until", "_until"), ("timezone_id", "_timezone_id")),
    "address": (("value", ""), *((part, f"_{part}") for part in ADDRESS_PARTS)),
}


def _refuse(field: Row, what: str) -> ApiError:
    key = field["key"]
    return ApiError(
        400,
        f"custom_fields.{key}: {what}",
        "Validation failed",
        code="ERR_SCHEMA_VALIDATION_FAILED",
        field_code=key,
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _matches(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and pattern.match(value) is not None


def _text(limit: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and 0 < len(value) <= limit


_SCALARS: dict[str, tuple[str, Callable[[object], bool]]] = {
    "varchar": ("a string of 1 to 255 characters; null clears it", _text(SHORT_TEXT)),
    "varchar_auto": ("a string of 1 to 255 characters; null clears it", _text(SHORT_TEXT)),
    "phone": ("a string of 1 to 255 characters; null clears it", _text(SHORT_TEXT)),
    "text": ("a string, not empty; null clears it", _text(LONG_TEXT)),
    "double": ("a number", _is_number),
    "int": ("an integer", _is_whole),
    "boolean": ("a boolean", lambda value: isinstance(value, bool)),
    "date": ("YYYY-MM-DD", _matches(DATE)),
    "visible_to": ("1, 3, 5 or 7", lambda value: _is_whole(value) and value in (1, 3, 5, 7)),
}
_PART_RULES: dict[str, Callable[[object], bool]] = {
    "daterange": _matches(DATE),
    "time": _matches(TIME),
    "timerange": _matches(TIME),
    "monetary": _is_number,
    "address": lambda value: _text(LONG_TEXT)(value) and bool(str(value).strip()),
}


def check_v2(account: Account, entity: str, values: object) -> Row:
    """Check the `custom_fields` object of a v2 body and return its stored form.

    Raises:
        ApiError: 400 for an unknown key, a wrong type, an unknown option, or an empty list for a set.
    """
    if not isinstance(values, dict):
        raise ApiError(400, "custom_fields must be an object", code="ERR_SCHEMA_VALIDATION_FAILED")
    known = account.custom_fields(entity)
    kept: Row = {}
    for key, value in values.items():
        field = known.get(key)
        if field is None:
            raise _refuse({"key": key}, "is not a custom field of this entity")
        kept[key] = None if value is None else _check(account, field, value)
    return kept


def _check(account: Account, field: Row, value: object) -> object:
    kind = field["field_type"]
    if kind in _SCALARS:
        expected, rule = _SCALARS[kind]
        if not rule(value):
            raise _refuse(field, f"must be {expected}")
        return value
    if kind in PARTS:
        return _check_parts(account, field, value)
    if kind == "set":
        if not isinstance(value, list) or not value or not all(_is_whole(v) for v in value):
            raise _refuse(field, "must be a list of option ids, not empty; null clears it")
        _check_options(field, value)
        return sorted(set(value))
    if not _is_whole(value):
        raise _refuse(field, "must be an id")
    if kind == "enum":
        _check_options(field, [value])
    elif kind in REFERENCES and not account.can_refer(REFERENCES[kind], value):
        raise _refuse(field, "points to nothing")
    return value


def _check_options(field: Row, ids: Iterable[object]) -> None:
    known = {option["id"] for option in field["options"] or ()}
    if not set(ids) <= known:
        raise _refuse(field, "has no such option")


def _check_parts(account: Account, field: Row, value: object) -> Row:
    kind = field["field_type"]
    zoned = kind in ("time", "timerange")
    names = [*(part for part, _ in PARTS[kind]), *(("timezone_name",) if zoned else ())]
    if not isinstance(value, dict) or not set(value) <= set(names) or value.get("value") is None:
        raise _refuse(field, f"must be an object of {', '.join(names)} with a value")
    rule = _PART_RULES[kind]
    if not rule(value["value"]) or not (value.get("until") is None or rule(value["until"])):
        raise _refuse(field, "has a part of the wrong type")
    others = {name: part for name, part in value.items() if name not in ("value", "until", "timezone_id")}
    if not all(part is None or isinstance(part, str) for part in others.values()):
        raise _refuse(field, "has a part of the wrong type")
    if kind == "monetary" and not re.match(r"^[A-Z]{3}$", str(value.get("currency"))):
        raise _refuse(field, "needs a currency code")
    kept = {name: value.get(name) for name in names}
    return {**kept, **_time_zone(account, field, kept)} if zoned else kept


def _time_zone(account: Account, field: Row, value: Row) -> Row:
    """Return both parts of a time zone: the named one, the numbered one, or that of the token's user."""
    name, number = value["timezone_name"], value["timezone_id"]
    if name is None and number is not None:
        name = time_zones.name_of(number) if _is_whole(number) else None
        if name is None:
            raise _refuse(field, "has an unknown timezone_id")
    if name is None:
        name = account.require("users", TOKEN_USER)["timezone_name"]
    elif not time_zones.exists(name):
        raise _refuse(field, "has an unknown timezone_name")
    if number not in (None, time_zones.number_of(name)):
        raise _refuse(field, "has a timezone_id and a timezone_name of different time zones")
    return time_zones.parts(name)


def to_v1(field: Row, value: Any) -> Row:  # noqa: ANN401 - of any JSON type
    """Return the top-level v1 keys of one value in the v2 shape."""
    key, kind = field["key"], field["field_type"]
    if kind in PARTS:
        parts = value or {}
        flat = {f"{key}{suffix}": parts.get(part) for part, suffix in PARTS[kind]}
        # The complete value in one line, read-only: only v1 has it.
        return {**flat, f"{key}_formatted_address": parts.get("value")} if kind == "address" else flat
    if value is None:
        return {key: None}
    if kind == "set":
        return {key: ",".join(str(v) for v in value)}
    return {key: str(value) if kind in ("enum", "visible_to") else value}


def row_to_v1(account: Account, entity: str, values: Row, *, nulls: bool = True) -> Row:
    """Return all custom fields of a row as top-level v1 keys; without `nulls`, empty ones are left out."""
    flat: Row = {}
    values = in_shape(account, entity, values) if entity in account.reshaped else values
    for key, field in account.custom_fields(entity).items():
        flat.update(to_v1(field, values.get(key)))
    return flat if nulls else {key: value for key, value in flat.items() if value is not None}


def from_v1(account: Account, entity: str, body: Row) -> tuple[Row, Row]:
    """Split a v1 body into its built-in keys and its custom values in the v2 shape.

    v1 also accepts option ids and numbers as text, and sets as comma-separated lists.
    """
    known = account.custom_fields(entity)
    plain = {name: value for name, value in body.items() if not HASH.match(name)}
    flat = {name: value for name, value in body.items() if HASH.match(name)}
    values: Row = {}
    for name in flat:
        key = name[:40]
        if key not in known:
            raise ApiError(400, f"{name} is not a custom field of this entity")
        suffixes = {suffix for _, suffix in PARTS.get(known[key]["field_type"], (("value", ""),))}
        if name[40:] not in suffixes:
            raise ApiError(400, f"{name} is not a part of the custom field {key} that can be written")
        if key not in flat:
            raise ApiError(400, f"{name} needs {key} beside it")
        if key not in values:
            values[key] = _parse_v1(known[key], flat)
    return plain, check_v2(account, entity, values)


def _parse_v1(field: Row, flat: Row) -> object:
    key, kind = field["key"], field["field_type"]
    value = flat.get(key)
    if kind in PARTS:
        if value in (None, ""):
            return None
        parts = {part: flat.get(f"{key}{suffix}") for part, suffix in PARTS[kind]}
        if kind == "monetary":
            parts["value"] = _number(value)
        if isinstance(zone := _number(parts.pop("timezone_id", None)), str):
            parts["timezone_name"] = zone
        else:
            parts["timezone_id"] = zone
        return {name: part for name, part in parts.items() if part is not None}
    if value in (None, ""):
        return None
    if kind == "set":
        return [_number(v) for v in (value if isinstance(value, list) else str(value).split(","))]
    if kind in ("enum", "visible_to", "double", "int", "user", "org", "people"):
        return _number(value.get("value") if isinstance(value, dict) else value)
    return value


def _number(value: object) -> object:
    if isinstance(value, str):
        for kind in (int, float):
            try:
                return kind(value)
            except ValueError:
                continue
    return value


def kept_options(field: Row, value: Any) -> Any:  # noqa: ANN401 - of any JSON type
    """Return a value without deleted options; null if no option is left."""
    if field["field_type"] not in ("enum", "set") or value is None:
        return value
    known = {option["id"] for option in field["options"] or ()}
    if isinstance(value, list):
        return [number for number in value if number in known] or None
    return value if value in known else None


def in_shape(account: Account, entity: str, values: Row) -> Row:
    """Return a row's values for the current definitions, without deleted fields and options."""
    fields = account.custom_fields(entity).items()
    return {key: kept_options(field, values.get(key)) for key, field in fields}


def with_labels(account: Account, entity: str, values: Row) -> Row:
    """Return custom values with enum and set options as `{id, label}` objects."""
    shown = dict(values)
    for key, field in account.custom_fields(entity).items():
        value = shown.get(key)
        if value is None or field["field_type"] not in ("enum", "set"):
            continue
        labels = {option["id"]: option["label"] for option in field["options"] or ()}
        if field["field_type"] == "enum":
            shown[key] = {"id": value, "label": labels.get(value)}
        else:
            shown[key] = [{"id": v, "label": labels.get(v)} for v in value]
    return shown
