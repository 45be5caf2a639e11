"""Validation of requests by their published parameters and bodies.

v2 accepts only the published types. v1 also accepts numbers as text and 0/1 for booleans. Both reject unknown
keys; only v2 rejects unknown query parameters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.account.custom_fields import HASH
from pipedrive_emulator.api.http import (
    JSON_TYPE,
    ApiError,
    Request,
    Row,
    Upload,
    invalid,
    not_allowed,
    parse_form,
)
from pipedrive_emulator.api.multipart import parse_multipart
from pipedrive_emulator.rules.values import (
    NUL,
    NUMBER,
    UUID,
    WHOLE,
    check_form,
    check_loose,
    check_scalar,
    check_size,
    instant,
    is_date,
    parse_json,
)

if TYPE_CHECKING:
    from pipedrive_emulator.api.operations import Operation, Param, Schema

SORT = re.compile(r"(\w+)(?: +(asc|desc))?", re.IGNORECASE | re.ASCII)
ID = re.compile(r"(^|[._])id$")
DEFAULT_PAGE = 500
SEARCH_PAGE = 100
UNREADABLE = "\ufffd"  # range of decoded bytes that are not UTF-8
CHARSET = re.compile(r";\s*charset\s*=\s*\"?(?!utf-?8\"?\s*(;|$))", re.IGNORECASE)
FORM_TYPE = "application/x-www-form-urlencoded"
# Bodies with custom fields at the top level under their hash.
V1_CUSTOM = re.compile(r"^/api/v1/(leads|projects)(/\{id\})?$")


# Parameters


def check_path(operation: Operation, raw: dict[str, str]) -> dict[str, Any]:
    """Return the typed values of the path placeholders."""
    return {name: _scalar(operation.path_params[name], text) for name, text in raw.items()}


def check_query(operation: Operation, given: list[tuple[str, str]]) -> dict[str, Any]:
    """Return the typed query parameters, published defaults among them.

    Comma-separated lists become lists, times epoch seconds, the word `null` None. A parameter that another
    one disables is checked, and left out.
    """
    values: dict[str, Any] = {}
    for name, text in given:
        param = operation.query.get(name)
        if param is None:
            if operation.version == "v2":
                raise invalid(f"Parameter {name} is not allowed")
            continue
        value = _query_value(operation, param, text)
        if param.name in values:
            value = _repeated(param, values[param.name], value)
        values[param.name] = value
    for param in operation.query.values():
        if param.required and param.name not in values:
            raise invalid(f"Parameter {param.name} is required")
    kept = {name: value for name, value in values.items() if not _is_overruled(operation.query[name], values)}
    for param in operation.query.values():
        if param.default is not None and param.name not in values:
            kept[param.name] = param.default
    return kept


def _is_overruled(param: Param, values: dict[str, Any]) -> bool:
    # A flag sent as 0 has no effect.
    return any(values.get(winner) not in (None, 0) for winner in param.yields_to)


def _repeated(param: Param, before: object, after: object) -> object:
    """Return the value of a parameter that is given twice, which only arrays may be."""
    if param.kind == "array" and isinstance(before, list) and isinstance(after, list):
        _check_entries(param, joined := before + after)
        return joined
    raise invalid(f"Parameter {param.name} is given twice")


def _query_value(operation: Operation, param: Param, text: str) -> object:
    if NUL in text or UNREADABLE in text:
        raise invalid(f"Parameter {param.name} contains a NUL character, or is not UTF-8")
    if param.nullable and text == "null":
        return None
    if param.name in ("updated_since", "updated_until"):
        try:
            return instant(text)
        except ValueError:
            raise invalid(f"Parameter {param.name} must be RFC 3339 with whole seconds") from None
    if param.name == "sort":
        return _sort(param, text)
    if param.csv:
        return _listed(operation, param, text)
    value = _scalar(param, text)
    if param.name == "limit":
        _check_limit(operation, param, value)
    elif param.name == "start" and isinstance(value, int) and value < 0:
        raise invalid("Parameter start must not be negative")
    elif ID.search(param.name) and isinstance(value, int) and value < 1:
        raise invalid(f"Parameter {param.name} must be above 0")
    elif param.name == "term" and not text.strip():
        raise invalid("Parameter term must not be empty")
    return value


def _check_limit(operation: Operation, param: Param, value: object) -> None:
    largest = param.maximum or DEFAULT_PAGE
    if operation.is_search:
        largest = min(largest, SEARCH_PAGE)
    if not isinstance(value, int) or not 1 <= value <= largest:
        raise invalid(f"Parameter limit must be between 1 and {largest}")


def _sort(param: Param, text: str) -> list[tuple[str, bool]]:
    """Return (field, descending) pairs of a v1 `sort`."""
    pairs = []
    for part in text.split(","):
        match = SORT.fullmatch(part.strip())
        if match is None:
            raise invalid("Parameter sort must be like `field ASC, other DESC`")
        if param.enum and match[1] not in param.enum:
            raise invalid(f"Parameter sort has no field {match[1]}")
        pairs.append((match[1], (match[2] or "").upper() == "DESC"))
    if len({name for name, _ in pairs}) != len(pairs):
        raise invalid("Parameter sort contains a field twice")
    if len(pairs) > 1 and not param.csv:
        raise invalid("Parameter sort accepts one field")
    return pairs


def _listed(operation: Operation, param: Param, text: str) -> list[Any]:
    entries = text.split(",")
    if operation.version == "v1":
        entries = [entry.strip() for entry in entries]
    _check_entries(param, entries)
    if not all(entries) or any(entry != entry.strip() for entry in entries):
        raise invalid(f"Parameter {param.name} has an empty entry, or a space next to one")
    if param.name in ("ids", "deal_ids") or param.kind == "array":
        if not all(WHOLE.fullmatch(entry) and int(entry) > 0 for entry in entries):
            raise invalid(f"Parameter {param.name} must be comma separated ids")
        return [int(entry) for entry in entries]
    allowed = {str(e) for e in param.enum}
    # Published combinations exclude any other order or repetition.
    combined = any("," in entry for entry in allowed)
    if allowed and not (text in allowed if combined else set(entries) <= allowed):
        raise invalid(f"Parameter {param.name} must be of {', '.join(str(e) for e in param.enum)}")
    return entries


def _check_entries(param: Param, entries: list[Any]) -> None:
    if len(set(entries)) != len(entries):
        raise invalid(f"Parameter {param.name} contains an entry twice")
    if param.maximum is not None and len(entries) > param.maximum:
        raise invalid(f"Parameter {param.name} accepts at most {param.maximum} entries")


def _scalar(param: Param, text: str) -> object:
    value: object = text
    if param.kind == "integer":
        if not WHOLE.fullmatch(text):
            raise invalid(f"Parameter {param.name} must be a whole number")
        value = int(text)
    elif param.kind == "number":
        if not NUMBER.fullmatch(text):
            raise invalid(f"Parameter {param.name} must be a number")
        value = float(text) if "." in text else int(text)
    elif param.kind == "boolean":
        if text not in ("true", "false"):
            raise invalid(f"Parameter {param.name} must be true or false")
        value = text == "true"
    elif (param.format == "uuid" and not UUID.fullmatch(text)) or (
        param.format == "date" and not is_date(text)
    ):
        raise invalid(f"Parameter {param.name} must be a {param.format}")
    if param.enum and value not in param.enum and text not in param.enum:
        raise invalid(f"Parameter {param.name} must be one of {', '.join(str(e) for e in param.enum)}")
    return value


# Bodies


def check_body(operation: Operation, request: Request) -> tuple[Any, dict[str, Upload]]:
    """Return the checked body (a dict or list; {} without a body) and the uploaded files by part name."""
    if not operation.bodies:
        if request.body.strip() not in (b"", b"{}"):
            raise invalid("This operation accepts no body")
        return {}, {}
    if not request.body:
        needed = operation.body_required or any(
            schema.get("required") for schema in operation.bodies.values()
        )
        if needed:
            raise invalid("A body is required")
        return {}, {}
    kind = request.content_type
    if kind not in operation.bodies:
        raise invalid(f"Content-Type must be {' or '.join(operation.bodies)}")
    if CHARSET.search(request.headers["content-type"]):
        raise invalid("The body must be UTF-8")
    schema = operation.bodies[kind]
    if kind == JSON_TYPE:
        content = parse_json(request.body)
        hashes = operation.version == "v1" and V1_CUSTOM.match(operation.path) is not None
        return _check(schema, content, "body", strict=operation.version == "v2", hashes=hashes), {}
    if kind == FORM_TYPE:
        return _check(schema, parse_form(request.body), "form", strict=False, hashes=False), {}
    return _check_multipart(schema, request)


def _check_multipart(schema: Schema, request: Request) -> tuple[Any, dict[str, Upload]]:
    fields, uploads = parse_multipart(request.body, request.headers.get("content-type", ""))
    published = schema.get("properties", {})
    plain = {name: part for name, part in published.items() if part.get("format") != "binary"}
    files, required = set(published) - set(plain), schema.get("required", ())
    if not set(uploads) <= files:
        raise invalid(f"File parts are {', '.join(sorted(files))}")
    if not files & set(required) <= set(uploads):
        raise invalid(f"{', '.join(sorted(files))} must be a file")
    if not set(fields) <= set(plain):
        raise invalid(f"{min(set(fields) - set(plain))} is not allowed")
    inner = {**schema, "properties": plain, "required": [name for name in required if name not in files]}
    return _check(inner, fields, "form", strict=False, hashes=False), uploads


def _check(schema: Schema, value: Any, where: str, *, strict: bool, hashes: bool) -> Any:  # noqa: ANN401 - JSON
    unions = schema.get("oneOf") or schema.get("anyOf")
    if unions:
        return _check_union(unions, value, where, strict=strict)
    if value is None:
        if schema.get("nullable"):
            return None
        raise invalid(f"{where} must not be null")
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        return _check_object(schema, value, where, strict=strict, hashes=hashes)
    if kind == "array":
        if not isinstance(value, list):
            raise invalid(f"{where} must be an array")
        items = schema.get("items", {})
        entries = [
            _check(items, v, f"{where}[{n}]", strict=strict, hashes=False) for n, v in enumerate(value)
        ]
        check_size(schema, entries, where)
        return entries
    checked = check_scalar(kind, value, where) if strict else check_loose(kind, value, where)
    return check_form(schema, checked, where)


def _check_union(unions: list[Schema], value: object, where: str, *, strict: bool) -> object:
    first = None
    for schema in unions:
        try:
            return _check(schema, value, where, strict=strict, hashes=False)
        except ApiError as refusal:
            first = first or refusal
    raise first or invalid(f"{where} fits nothing published")


def _check_object(schema: Schema, value: object, where: str, *, strict: bool, hashes: bool) -> Row:
    if not isinstance(value, dict):
        raise invalid(f"{where} must be an object")
    known = schema.get("properties")
    extra = schema.get("additionalProperties")
    checked: Row = {}
    unknown: list[str] = []
    for name, part in value.items():
        if known is not None and name in known:
            checked[name] = _check(known[name], part, f"{where}.{name}", strict=strict, hashes=False)
        elif isinstance(extra, dict) and extra:
            checked[name] = _check(extra, part, f"{where}.{name}", strict=strict, hashes=False)
        elif not known or (hashes and HASH.match(name)):
            checked[name] = part
        else:
            unknown.append(f"{where}.{name}")
    if unknown:
        raise not_allowed(unknown)
    for name in schema.get("required", ()):
        if name not in value:
            raise invalid(f"{where}.{name} is required")
    check_size(schema, checked, where)
    return checked
