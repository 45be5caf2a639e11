"""Shapes of JSON values: which keys there are and of what kind their values are, without any value.

A shape contains no personal data, so it can be published. Keys that could be data themselves (hashes of
custom fields, ids, currencies, anything other than a plain identifier) are replaced.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.support import checker

if TYPE_CHECKING:
    from collections.abc import Iterable

Shape: TypeAlias = "dict[str, set[str]]"
"""Path of a value, e.g. `phones[].value`, to the kinds seen there."""

_HASH = re.compile(r"[0-9a-f]{40}")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z_0-9.]{0,39}")
_TEXTS = (
    ("time with T and Z", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")),
    ("time with T, Z and fraction", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")),
    ("time with a space", re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")),
    ("date", re.compile(r"\d{4}-\d\d-\d\d")),
    ("time of day", re.compile(r"\d\d:\d\d(:\d\d)?")),
    ("digits", re.compile(r"\d+")),
    ("empty text", re.compile(r"")),
)


def kind(value: object) -> str:
    """Return the name of a value's kind, e.g. `integer`, `null`, `date`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return next((name for name, form in _TEXTS if form.fullmatch(value)), "text")
    return "list" if isinstance(value, list) else "object"


def public_key(key: str) -> str:
    """Return a key as it may be published: data in the place of a key is replaced by what it is."""
    if _HASH.match(key):
        return "<custom field>" + key[40:] if _IDENTIFIER.fullmatch("x" + key[40:]) else "<custom field>"
    if key.isdigit():
        return "<number>"
    if re.fullmatch(r"[A-Z]{3}", key):
        return "<currency>"
    return key if _IDENTIFIER.fullmatch(key) else "<other key>"


def shape_of(values: Iterable[Any]) -> Shape:
    """Return the shape of many values together, such as the rows of a page."""
    found: Shape = {}
    for value in values:
        _collect(value, "", found)
    return found


def _collect(value: object, path: str, found: Shape) -> None:
    if path:
        found.setdefault(path, set()).add(kind(value))
    if isinstance(value, dict):
        for key, inner in value.items():
            _collect(inner, f"{path}.{public_key(key)}" if path else public_key(key), found)
    elif isinstance(value, list):
        for inner in value:
            _collect(inner, f"{path}[]", found)


def departures(method: str, path: str, status: int, body: object) -> list[str]:
    """Return where a successful body differs from the published schema, without any value.

    Args:
        method: HTTP method.
        path: path with placeholders, or as requested.
        status: HTTP status.
        body: decoded body.
    """
    operation = checker.operation_at(method, path)
    if operation is None:
        return [f"{method} {path} is not published"]
    check = checker.success_check(operation, status)
    found = check(body) if check else ()
    return sorted({f"{_public_place(place)}: {_without_value(fault)}" for place, fault in found})


def _public_place(place: str) -> str:
    steps = ("[]" if step.isdigit() else f".{public_key(step)}" for step in place.split("/") if step)
    return "".join(steps).lstrip(".") or "body"


def _without_value(fault: str) -> str:
    missing = re.fullmatch(r"'(.*)' is required", fault)
    if missing:
        return f"{public_key(missing[1])} is missing"
    kind_wanted = re.search(r" is not of type (\w+)$", fault)
    if kind_wanted:
        return f"not of type {kind_wanted[1]}"
    return "not one of the published values" if " is not one of " in fault else "none of the published forms"
