"""Comparison of requests and responses with the published facts.

Requests must match exactly: published operations, parameters, keys, types, nulls and choices. Responses may
contain null and unpublished keys anywhere, because the description understates nulls.
"""

from __future__ import annotations

import json
import re
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from tests.support import facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Fault = tuple[str, str]
    Check = Callable[[Any], Iterator[Fault]]

CUSTOM_FIELD = re.compile(r"[0-9a-f]{40}(_\w+)?")
MOST_ROWS = 500
MOST_FAULTS = 5
"""Maximum number of deviations reported per response; usually every row has the same one."""
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


# ── values ───────────────────────────────────────────────────────────────────────────────────────


def compiled(schema: Mapping[str, Any], *, strict: bool, custom: bool = False) -> Check:
    """Yield a check of values by a published schema; it yields places and faults.

    Args:
        schema: as published, without prose.
        strict: reject unknown keys, and nulls that are not allowed.
        custom: accept keys of custom fields in addition to the published ones, as version 1 does.
    """
    checks: list[Check] = []
    kind = schema.get("type")
    if kind in TYPES and schema.get("format") != "binary":
        checks.append(partial(_of_type, kind))
    if "enum" in schema:
        checks.append(partial(_of_enum, tuple(schema["enum"])))
    branches = [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
    if branches:
        checks.append(partial(_of_union, [compiled(one, strict=strict) for one in branches]))
    if "items" in schema:
        checks.append(partial(_of_list, compiled(schema["items"], strict=strict)))
    if "properties" in schema or "required" in schema or "additionalProperties" in schema:
        checks.append(_object(schema, strict=strict, custom=custom))
    accepts_null = not strict or bool(schema.get("nullable")) or not (kind or branches)

    def check(value: Any) -> Iterator[Fault]:
        if value is None:
            if not accepts_null:
                yield "", "null is not published"
            return
        for one in checks:
            yield from one(value)

    return check


def _of_type(kind: str, value: Any) -> Iterator[Fault]:
    whole = kind == "integer" and isinstance(value, float) and value.is_integer()
    fits = isinstance(value, TYPES[kind]) and isinstance(value, bool) == (kind == "boolean")
    if not fits and not whole:
        yield "", f"{_short(value)} is not of type {kind}"


def _of_enum(choices: tuple[Any, ...], value: Any) -> Iterator[Fault]:
    if not any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in choices):
        yield "", f"{_short(value)} is not one of {_short(list(choices))}"


def _of_union(branches: list[Check], value: Any) -> Iterator[Fault]:
    found = [list(branch(value)) for branch in branches]
    if all(found):
        closest = min(found, key=len)
        yield closest[0][0], f"fits none of {len(found)} published forms: {closest[0][1]}"


def _of_list(items: Check, value: Any) -> Iterator[Fault]:
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield from ((f"/{number}{place}", fault) for place, fault in items(one))


def _object(schema: Mapping[str, Any], *, strict: bool, custom: bool) -> Check:
    named = {name: compiled(one, strict=strict) for name, one in schema.get("properties", {}).items()}
    required = tuple(schema.get("required", ()))
    others = schema.get("additionalProperties")
    other = compiled(others, strict=strict) if isinstance(others, dict) else None
    closed = others is False or (strict and others is None and bool(named))

    def check(value: Any) -> Iterator[Fault]:
        if not isinstance(value, dict):
            return
        yield from (("", f"{name!r} is required") for name in required if name not in value)
        for name, inner in value.items():
            one = named.get(name, other)
            if one is not None:
                yield from ((f"/{name}{place}", fault) for place, fault in one(inner))
            elif closed and not (custom and CUSTOM_FIELD.fullmatch(name)):
                yield "", f"{name!r} is not published"

    return check


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:120]} …"


@cache
def _body_check(key: tuple[str, str], content_type: str) -> Check:
    operation = by_key()[key]
    schema = operation["request_body"][content_type]
    return compiled(schema, strict=True, custom=operation["version"] == "v1")


@cache
def _response_check(key: tuple[str, str], status: str) -> Check:
    return compiled(by_key()[key]["responses"][status]["schema"], strict=False)


# ── operations ───────────────────────────────────────────────────────────────────────────────────


@cache
def by_key() -> dict[tuple[str, str], dict[str, Any]]:
    """Return operations by method and path."""
    return {(one["method"], one["path"]): one for one in facts.operations()}


@cache
def _routes() -> dict[tuple[str, int], list[tuple[tuple[str, ...], dict[str, Any]]]]:
    """Return operations by method and number of segments; those with fewer placeholders first."""
    found: dict[tuple[str, int], list[tuple[tuple[str, ...], dict[str, Any]]]] = {}
    for operation in sorted(facts.operations(), key=lambda one: one["path"].count("{")):
        segments = tuple(operation["path"].split("/"))
        found.setdefault((operation["method"], len(segments)), []).append((segments, operation))
    return found


def operation_at(method: str, path: str) -> dict[str, Any] | None:
    """Return the published operation of a requested path; v1 may be written without `/api`."""
    asked = f"/api{path}".split("/") if path.startswith("/v1/") else path.split("/")
    for segments, operation in _routes().get((method, len(asked)), ()):
        if all(one == sent or (one[:1] == "{" and sent) for one, sent in zip(segments, asked, strict=True)):
            return operation
    return None


def name_of(operation: Mapping[str, Any]) -> str:
    return f"{operation['method']} {operation['path']}"


# ── requests ─────────────────────────────────────────────────────────────────────────────────────


def request_faults(method: str, target: str, content_type: str, body: bytes) -> list[str]:
    """Return the differences of a request from its operation; `target` is the path with its query."""
    parts = urlsplit(target)
    operation = operation_at(method, parts.path)
    if operation is None:
        return [f"no published operation {method} {parts.path}"]
    found = ["operation is deprecated"] if operation["deprecated"] else []
    found += _query_faults(operation, parse_qsl(parts.query, keep_blank_values=True))
    found += _body_faults(operation, content_type.partition(";")[0].strip().lower(), body)
    return found


def _query_faults(operation: Mapping[str, Any], sent: list[tuple[str, str]]) -> Iterator[str]:
    known = {one["name"]: one for one in operation["parameters"] if one["in"] == "query"}
    for name, value in sent:
        if name == "api_token":
            yield "the token is in the query"
        elif name not in known:
            yield f"parameter {name!r} is not published"
        else:
            yield from _parameter_faults(known[name], value)
    given = {name for name, _ in sent}
    for name, one in known.items():
        if one.get("required") and name not in given:
            yield f"parameter {name!r} is required"


def _parameter_faults(parameter: Mapping[str, Any], value: str) -> Iterator[str]:
    name, kind = parameter["name"], parameter["type"]
    forms = {"integer": r"-?\d+", "number": r"-?\d+(\.\d+)?", "boolean": "true|false"}
    choices = {str(one) for one in parameter.get("enum", ())}
    if not re.fullmatch(forms.get(kind, r"(?s:.*)"), value):
        yield f"parameter {name}={value!r} is not of type {kind}"
    elif choices and value not in choices and not set(value.split(",")) <= choices:
        yield f"parameter {name}={value!r} is not one of {sorted(choices)}"
    elif name == "limit" and not 0 < int(value) <= parameter.get("most", MOST_ROWS):
        yield f"limit {value} is out of bounds"


def _body_faults(operation: Mapping[str, Any], content_type: str, body: bytes) -> Iterator[str]:
    published = operation.get("request_body") or {}
    if not body:
        if any(one.get("required") for one in published.values()):
            yield "a body is required"
    elif content_type not in published:
        yield f"a body of type {content_type!r}, published: {sorted(published)}"
    elif content_type == "application/json":
        try:
            value = json.loads(body)
        except ValueError:
            yield "the body is not JSON"
            return
        check = _body_check((operation["method"], operation["path"]), content_type)
        yield from (f"body {place or '/'}: {fault}" for place, fault in check(value))
    else:
        yield from _form_faults(published[content_type], content_type, body)


def _form_faults(schema: Mapping[str, Any], content_type: str, body: bytes) -> Iterator[str]:
    if content_type == "multipart/form-data":
        named = re.findall(rb'(?i)content-disposition: form-data;[^\r\n]*?\bname="([^"]*)"', body)
        names = {name.decode() for name in named}
    else:
        names = {name for name, _ in parse_qsl(body.decode(), keep_blank_values=True)}
    known, required = set(schema["properties"]), set(schema.get("required", ()))
    yield from (f"form field {name!r} is not published" for name in sorted(names - known))
    yield from (f"form field {name!r} is required" for name in sorted(required - names))


# ── responses ────────────────────────────────────────────────────────────────────────────────────


def response_faults(operation: Mapping[str, Any], status: int, body: bytes) -> list[str]:
    """Return the differences of a response from the published one."""
    if status >= 400:
        return _error_faults(status, body)
    check = success_check(operation, status)
    if check is None:
        return []
    try:
        value = json.loads(body)
    except ValueError:
        return ["the response is not JSON"]
    return [f"{place or '/'}: {fault}" for place, fault in check(value)][:MOST_FAULTS]


def success_check(operation: Mapping[str, Any], status: int) -> Check | None:
    """Return the check of a successful response by its published schema, or None if no JSON is published."""
    good = operation["responses"]
    published = next((one for one in (str(status), "200", "201") if good.get(one, {}).get("schema")), None)
    if published is None or "json" not in (good[published]["content_type"] or ""):
        return None
    return _response_check((operation["method"], operation["path"]), published)


def _error_faults(status: int, body: bytes) -> list[str]:
    try:
        value = json.loads(body)
    except ValueError:
        from_the_edge = status in (403, 502, 503, 504)
        return [] if from_the_edge else ["the error is not JSON"]
    refused = isinstance(value, dict) and value.get("success") is False
    return [] if refused else ["an error without success=false"]
