"""Rows as the published API description defines them, by schema and example."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tap_pipedrive.catalog import STREAMS
from tests.support.published import answer, example

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_pipedrive.catalog.spec import Read, StreamSpec

_HASH = re.compile(r"[0-9a-f]{40}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_DAY = re.compile(r"\d{4}-\d\d-\d\d$")


@dataclass
class Node:
    """Published type of a value: by its schema, its example, or both."""

    types: set[str] = field(default_factory=set)
    formats: set[str] = field(default_factory=set)
    properties: dict[str, Node] = field(default_factory=dict)
    items: Node | None = None

    def take(self, other: Node) -> None:
        self.types |= other.types
        self.formats |= other.formats
        for name, node in other.properties.items():
            self.properties.setdefault(name, Node()).take(node)
        if other.items:
            self.items = self.items or Node()
            self.items.take(other.items)

    def at(self, path: str) -> Node:
        node = self
        for name in path.split("."):
            node = node.properties.get(name, Node())
        return node.items or node


def described(schema: object) -> Node:
    node = Node()
    if not isinstance(schema, dict):
        return node
    kind = schema.get("type")
    node.types |= set(kind if isinstance(kind, list) else [kind] if kind else [])
    node.formats |= {schema["format"]} if schema.get("format") in ("date", "date-time") else set()
    for part in ("allOf", "oneOf", "anyOf"):
        for inner in schema.get(part, []):
            node.take(described(inner))
    for name, inner in schema.get("properties", {}).items():
        node.properties.setdefault(name, Node()).take(described(inner))
    if isinstance(schema.get("additionalProperties"), dict) and schema["additionalProperties"].get("type"):
        node.properties["ANY_KEY"] = described(schema["additionalProperties"])
    if "items" in schema:
        node.items = described(schema["items"])
    return node


def shown(value: object) -> Node:
    node = Node()
    match value:
        case None:
            pass
        case bool():
            node.types.add("boolean")
        case int():
            node.types.add("integer")
        case float():
            node.types.add("number")
        case str():
            node.types.add("string")
            if _MOMENT.match(value):
                node.formats.add("date-time")
            elif _DAY.match(value):
                node.formats.add("date")
        case dict():
            node.types.add("object")
            node.properties = {name: shown(inner) for name, inner in value.items() if not _HASH.match(name)}
        case list():
            node.types.add("array")
            node.items = Node()
            for inner in value:
                node.items.take(shown(inner))
    return node


_SHAPE_NODES: dict[str, Callable[[Node], Node]] = {
    "user_ids": lambda _row: Node(),
    "leaves": lambda _row: Node(),
    "deal_choices": lambda row: _only(row, "is_deleted", "update_time"),
    "named_choices": lambda row: _only(row, "update_time"),
    "updates": lambda row: row,
    "data": lambda row: merged(row.properties["data"], without(row, "data")),
    "found": lambda row: row.properties["item"],
    "found_of_any_kind": lambda row: merged(
        without(row, "items", "related_items", "item"),
        row.properties.get("item", Node()),
        *(row.at(f"{key}").properties.get("item", Node()) for key in ("items", "related_items")),
    ),
    "products_by_deal": lambda row: merged(*row.properties.values()),
}


def merged(*nodes: Node) -> Node:
    whole = Node()
    for node in nodes:
        whole.take(node)
    return whole


def _only(node: Node, *names: str) -> Node:
    return Node(properties={name: inner for name, inner in node.properties.items() if name in names})


def without(node: Node, *names: str) -> Node:
    return Node(properties={name: inner for name, inner in node.properties.items() if name not in names})


def row_node(spec: StreamSpec, read: Read) -> Node:
    """Published row of this read, after its shape."""
    row = described(answer(read).get("schema")).at(read.records)
    row.take(shown(example(read)).at(read.records))
    return _SHAPE_NODES[spec.shape](row) if spec.shape else row


def live_specs() -> list[StreamSpec]:
    return [spec for spec in STREAMS.values() if not spec.removed_on]


every_spec = pytest.mark.parametrize("spec", STREAMS.values(), ids=lambda spec: spec.name)
every_live_spec = pytest.mark.parametrize("spec", live_specs(), ids=lambda spec: spec.name)


def walk(where: str, column: dict) -> Iterator[tuple[str, dict]]:
    yield where, column
    if "items" in column:
        yield from walk(f"{where}[]", column["items"])
    if isinstance(column.get("additionalProperties"), dict):
        yield from walk(f"{where}.*", column["additionalProperties"])
    for name, inner in column.get("properties", {}).items():
        yield from walk(f"{where}.{name}", inner)
