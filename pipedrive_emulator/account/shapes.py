"""Responses reduced to their published fields, which differ between operations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipedrive_emulator.api.operations import Operation, Schema

# Keys of custom fields are not listed, and objects by id are published under a placeholder for the id.
CUSTOM_KEY = re.compile(r"^[0-9a-f]{40}(_[a-z0-9_]+)?$")
ID_WORD = re.compile(r"^\{?[A-Z][A-Z_]+\}?$")


def part(operation: Operation, *names: str) -> Schema:
    """Return the published schema of a path in a response; `[]` represents the entries of a list."""
    schema = operation.response
    for name in names:
        schema = schema.get("items", {}) if name == "[]" else schema.get("properties", {}).get(name, {})
    return schema


def trimmed(schema: Schema, value: Any) -> Any:  # noqa: ANN401 - of any JSON type
    """Return a value without unpublished keys; an object without published keys does not change."""
    if isinstance(value, list):
        inner = schema.get("items", {})
        return [trimmed(inner, entry) for entry in value] if inner else value
    named = schema.get("properties")
    if not isinstance(value, dict) or not named:
        return value
    by_id = next((inner for name, inner in named.items() if ID_WORD.match(name)), None)
    if by_id is None and value and all(key.isdigit() for key in value):
        # Published as a single object, which its example contains by id.
        by_id = schema
    if by_id is not None:
        return {key: trimmed(by_id, entry) for key, entry in value.items()}
    return {
        key: trimmed(named[key], entry) if key in named else entry
        for key, entry in value.items()
        if key in named or CUSTOM_KEY.match(key)
    }
