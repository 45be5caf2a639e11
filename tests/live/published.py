"""The published description of an operation's response, by path."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.live.shapes import KEY, below, shape_of
from tests.support import checker, facts

if TYPE_CHECKING:
    from collections.abc import Mapping

_TYPES = {"array": "list"}
_LISTED = ("string", "integer", "number")


@dataclass(slots=True)
class Published:
    """Description of one path.

    Attributes:
        types: JSON types, as `shapes.kind` names them: `list`, `object`, `text`, …
        nullable: True if null is published.
        choices: published values; empty if they are not listed.
        required: True if every published form of the parent requires the key.
        free: True if the object may have keys that are not published.
        others: True if one of the published forms is a text or number without listed values.
    """

    types: set[str] = field(default_factory=set)
    nullable: bool = False
    choices: set[object] = field(default_factory=set)
    required: bool = False
    free: bool = False
    others: bool = False


Places = dict[str, Published]


@cache
def places_of(path: str, method: str = "GET") -> Places:
    """Return the description of a successful response, by path; empty without a published response.

    Args:
        path: path of the operation with placeholders.
        method: HTTP method.
    """
    operation = checker.operation_at(method, path)
    responses = operation["responses"] if operation else {}
    found: Places = {}
    for status in ("200", "201"):
        if schema := responses.get(status, {}).get("schema"):
            _walk(schema, "", found)
    return found


def _walk(schema: Mapping[str, Any], path: str, found: Places) -> None:
    place = found.setdefault(path, Published())
    branches = [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
    for branch in branches:
        _walk(branch, path, found)
    words = schema.get("type")
    if words:
        place.types.add("text" if words == "string" else _TYPES.get(words, words))
    place.nullable = place.nullable or bool(schema.get("nullable")) or not (words or branches)
    place.others = place.others or (words in _LISTED and "enum" not in schema)
    place.choices |= {one for one in schema.get("enum", ()) if one is not None}
    parts = schema.get("properties", {})
    if words == "object" and not parts and not branches:
        place.free = True
    further = schema.get("additionalProperties")
    if isinstance(further, dict):
        _walk(further, below(path, KEY), found)
    place.free = place.free or bool(further)
    for name, inner in parts.items():
        one = below(path, next(iter(shape_of({name: None}).keys() - {""})))
        is_new = one not in found
        _walk(inner, one, found)
        found[one].required = name in schema.get("required", ()) and (is_new or found[one].required)
    if "items" in schema:
        _walk(schema["items"], f"{path}[]", found)


@cache
def choices_of(path: str) -> dict[str, frozenset[object]]:
    """Return the published values of an operation's response, by path.

    Where the response does not list them, those of the parameters and bodies of the same resource count.
    """
    places = places_of(path)
    found = {
        one: frozenset(place.choices) for one, place in places.items() if place.choices and not place.others
    }
    for name, choices in _choices_sent(path).items():
        for one in (f"data[].{name}", f"data.{name}"):
            if one in places and places[one].types == {"text"} and one not in found:
                found[one] = frozenset(choices)
    return found


def _choices_sent(path: str) -> dict[str, set[object]]:
    """Return the values of the parameters and body keys of a resource that have a closed list."""
    found: dict[str, set[object]] = {}
    for operation in facts.operations():
        if operation["path"].partition("/{")[0] != path.replace("/v1/", "/api/v1/", 1).partition("/{")[0]:
            continue
        bodies = [one.get("properties", {}) for one in (operation.get("request_body") or {}).values()]
        given = [
            *((one["name"], one) for one in operation["parameters"]),
            *(item for one in bodies for item in one.items()),
        ]
        for name, schema in given:
            found.setdefault(name, set()).update(one for one in schema.get("enum", ()) if one is not None)
    return {name: choices for name, choices in found.items() if choices}


@cache
def words() -> frozenset[str]:
    """Return every published key of a response, and the words they consist of."""
    found: set[str] = set()
    for operation in facts.operations():
        for response in operation["responses"].values():
            places: Places = {}
            if response.get("schema"):
                _walk(response["schema"], "", places)
            for path in places:
                found.update(part.removesuffix("[]") for part in path.split("."))
    return frozenset(found - {KEY, ""})
