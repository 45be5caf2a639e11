"""Requests that depart from what is published by one defect each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.emulator.asking import body_of, key_of, sample
from tests.emulator.sales_cases import form_of

if TYPE_CHECKING:
    from collections.abc import Iterator

Schema = dict[str, Any]
Request = dict[str, Any]
WRONG: dict[str, Any] = {
    "string": 17,
    "integer": "seventeen",
    "number": "seventeen",
    "boolean": "perhaps",
    "array": "list",
    "object": "x",
}
# Values that only version 1 accepts for their kind.
COERCED: dict[str, Any] = {"integer": "17", "number": "1.5", "boolean": 1}
UNKNOWN = "no_such_key"
UNKNOWN_FIELD = "0" * 40
NOWHERE = "999999999"
JSON = {"headers": {"content-type": "application/json"}}


def bodies(operation: dict[str, Any]) -> Iterator[tuple[str, Request]]:
    """(defect, request) for each single defect of a body."""
    published = operation.get("request_body") or {}
    if "application/json" in published:
        strict = operation["version"] == "v2"
        schema, body = published["application/json"], body_of(operation, full=False)
        for what, wrong in _values(schema, body, "body", strict=strict):
            yield what, {"data": json.dumps(wrong), **JSON}
        yield "no JSON", {"data": b'{"', **JSON}
        yield "another content type", {"data": b"{}", "headers": {"content-type": "text/plain"}}
    elif published:
        yield from _forms(next(iter(published.values())), form_of(key_of(operation)))
    elif operation["method"] != "GET":
        yield "a body where none is published", {"json": {UNKNOWN: 1}}


DISPUTED_NULLS = frozenset({"probability", "lost_reason", "close_time"})
"""Columns of deals that one published version lets be null and the other does not: both are accepted."""


def _values(schema: Schema, value: Any, where: str, *, strict: bool) -> Iterator[tuple[str, Any]]:
    if schema.get("oneOf") or schema.get("anyOf"):
        return
    kind = schema.get("type")
    if kind in WRONG:
        yield f"{where} of the wrong type", WRONG[kind]
    if kind == "integer":
        yield f"{where} with a fraction", 1.5
    if strict and kind in COERCED:
        yield f"{where} to be coerced", COERCED[kind]
    if schema.get("enum"):
        yield f"{where} outside its enum", "no such value"
    if kind and not schema.get("nullable") and where.rpartition(".")[2] not in DISPUTED_NULLS:
        yield f"{where} null", None
    if kind == "array":
        items = schema.get("items", {})
        inner = value[0] if value else sample(items, "", full=False)
        yield from ((what, [wrong]) for what, wrong in _values(items, inner, f"{where}[0]", strict=strict))
    elif isinstance(value, dict):
        yield from _objects(schema, value, where, strict=strict)


def _objects(schema: Schema, value: Schema, where: str, *, strict: bool) -> Iterator[tuple[str, Any]]:
    parts = schema.get("properties", {})
    if parts and not schema.get("additionalProperties"):
        yield f"{where} with an unknown key", {**value, UNKNOWN: 1}
    for name in schema.get("required", ()):
        yield f"{where} without {name}", {key: kept for key, kept in value.items() if key != name}
    for name, part in parts.items():
        if name == "custom_fields":
            yield f"{where} with an unknown custom field", {**value, name: {UNKNOWN_FIELD: "x"}}
        inner = value.get(name)
        if inner is None:
            inner = sample(part, name, full=False)
        for what, wrong in _values(part, inner, f"{where}.{name}", strict=strict):
            yield what, {**value, name: wrong}


def _forms(schema: Schema, fine: Request) -> Iterator[tuple[str, Request]]:
    """Defects of a form; a file goes missing by being sent as plain text."""
    plain, parts = fine.get("data", {}), schema.get("properties", {})
    files = {"files": fine["files"]} if "files" in fine else {}
    yield "an unknown key", {**files, "data": {**plain, UNKNOWN: "1"}}
    for name in schema.get("required", ()):
        if parts[name].get("format") == "binary":
            yield f"{name} is no file", {"files": {name: (None, b"text")}, "data": plain}
        else:
            yield f"without {name}", {**files, "data": {key: v for key, v in plain.items() if key != name}}
    for name, part in parts.items():
        if part.get("type") in ("integer", "number", "boolean") or part.get("enum"):
            yield f"{name} of the wrong type", {**files, "data": {**plain, name: "no such value"}}


def queries(operation: dict[str, Any], fine: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """(defect, query) for each single defect of the query; every one must be rejected with 400."""
    for parameter in operation["parameters"]:
        if parameter["in"] != "query":
            continue
        name = parameter["name"]
        if parameter.get("required"):
            yield f"without {name}", {key: value for key, value in fine.items() if key != name}
        if parameter["type"] in ("integer", "number", "boolean") or parameter.get("enum"):
            yield f"{name} of the wrong type", {**fine, name: "no such value"}
        if name == "limit":
            yield "limit too large", {**fine, name: "501"}
            yield "limit too small", {**fine, name: "0"}
        if name in ("updated_since", "updated_until"):
            yield f"{name} with a fraction", {**fine, name: "2026-01-01T00:00:00.5Z"}
    if operation["version"] == "v2":
        yield "an unknown parameter", {**fine, UNKNOWN: "1"}


def places(operation: dict[str, Any]) -> Iterator[str]:
    """Invalid paths; every one must be rejected with 400 or 404."""
    path = operation["path"]
    parameters = [p for p in operation["parameters"] if p["in"] == "path"]
    if not parameters:
        return
    for text in (NOWHERE, "x", "-1"):
        values = {p["name"]: text for p in parameters}
        yield path.format_map(values)
