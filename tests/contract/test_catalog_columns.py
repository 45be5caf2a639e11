"""Columns of the catalogue against the published API description."""

from __future__ import annotations

import re

from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.catalog.spec import OCCURRENCE
from tests.contract.published_rows import (
    Node,
    every_live_spec,
    every_spec,
    merged,
    row_node,
    walk,
    without,
)
from tests.support.published import all_reads, operation

_DATA_KEY = re.compile(r"[A-Z_]{3,}|\d+|[A-Z]{3}")
# `number` where only whole numbers make sense.
_WHOLE = re.compile(r"(.*_)?(ids?|flag|nr|count)")
_WHOLE_COLUMNS = {"products.visible_to", "webhooks.is_active"}
_SHAPE_COLUMNS = {
    "user_ids": {"user_id"},
    "updates": {"id"},
    "found": {"result_score"},
    "found_of_any_kind": {"result_score", "is_related"},
    "products_by_deal": {"deal_id", "product_id"},
    "leaves": {"section", "kind", "code", "label"},
    "deal_choices": {"key", "label"},
    "named_choices": {"key", "label"},
}
_MADE_COLUMNS = {"file_contents": {"sha256", "path"}}
_SETTING_COLUMNS = {"searches": "search", "statistics": "report"}
_UNLISTED = {
    r"deals_timeline\.totals_converted": "described in the text of a parameter only",
    r"(organization|product|project)_fields\.description": "listed for deals, persons and activities only",
    r"permission_set_contents\.type": "listed beside `data` by mistake",
    r"(lead_fields|\w+_field_attributes)\.(options_deleted|subfields)\[\]\.\w+": "a list of bare objects",
}
_NOT_IN_ROWS = {
    "deal_participants.added_by_user_id.success": "a whole answer stands in place of the user",
    "deal_participants.added_by_user_id.data": "the same",
}


@every_live_spec
def test_published_properties_are_typed_columns(spec):
    problems: list[str] = []
    for read in all_reads(spec):
        ignored = {"custom_fields"} if spec.custom_fields else set()
        compare(spec.name, dict(spec.schema), without(row_node(spec, read), *ignored), problems)
    assert not problems, "\n".join(dict.fromkeys(problems))


def compare(where: str, properties: dict, node: Node, problems: list[str]) -> None:
    for name, inner in node.properties.items():
        if name in properties:
            compare_type(f"{where}.{name}", properties[name], inner, problems)
        elif f"{where}.{name}" not in _NOT_IN_ROWS:
            problems.append(f"{where}.{name} is published, but no column: add it to `schema`")


def _notation(kinds: set[str], node: Node, *, whole: bool) -> str:
    """Return published types in the notation of columns."""
    if "number" in kinds:
        kinds = kinds - {"integer"} if not whole else kinds - {"number"} | {"integer"}
    if "date-time" in node.formats and kinds == {"string"}:
        return "time"
    names = {"integer": "int", "number": "num", "string": "str", "boolean": "bool", "object": "map"}
    return "|".join(sorted(names.get(kind, "any") for kind in kinds))


def compare_type(where: str, column: dict, node: Node, problems: list[str]) -> None:
    words = set(column["type"])
    name = where.rsplit(".", 1)[-1].removesuffix("[]")
    whole = _WHOLE.fullmatch(name) or where in _WHOLE_COLUMNS
    typed = words | ({"integer"} if "number" in words else set())
    typed |= {"number"} if whole and "integer" in words else set()
    other = node.types - {"null"} - typed if where not in _MADE_TEXT else set()
    if other:
        problems.append(
            f"{where} is published as {' and '.join(sorted(other))}, but typed {sorted(words)}: write "
            f"`{name}:{_notation(other, node, whole=bool(whole))}` in the entry"
        )
    if len(words) == 2 and "string" in words and node.formats and column.get("format") not in node.formats:
        problems.append(f"{where} is published as {node.formats}, but has the format {column.get('format')}")
    if node.items and node.items.types and "items" in column:
        compare_type(f"{where}[]", column["items"], node.items, problems)
    keys = column.get("additionalProperties")
    if isinstance(keys, dict):
        for key, inner in node.properties.items():
            # If a level of keys is missing in the description, its properties replace it.
            known = keys.get("properties", {})
            if _DATA_KEY.fullmatch(key):
                compare_type(f"{where}.*", keys, inner, problems)
            elif key in known:
                compare_type(f"{where}.*.{key}", known[key], inner, problems)
            else:
                problems.append(f"{where}.{key} is published, but not typed")
    elif "properties" in column:
        compare(where, column["properties"], node, problems)
    elif "object" in words and "items" not in column and where not in _FREE and described_keys(node):
        problems.append(f"{where} lists {sorted(node.properties)}, but is any object")


def described_keys(node: Node) -> set[str]:
    return {name for name in node.properties if not _DATA_KEY.fullmatch(name)}


_MADE_TEXT = {
    "item_searches.id",
    "item_field_searches.id",
    "product_searches.code",
    # A boolean, or an object of conditions; loaders have no type for both.
    *(f"{name}.mandatory_flag" for name, spec in STREAMS.items() if "mandatory_flag" in spec.schema),
}

_FREE = {
    "project_changes.old_values": "keys are the changed properties",
    "project_changes.new_values": "the same",
    "deal_updates.data": "one of many forms, which only examples show",
    "person_updates.data": "the same",
    "organization_updates.data": "the same",
}


@every_live_spec
def test_other_columns_have_a_stated_source(spec):
    known = set().union(*(row_node(spec, read).properties for read in all_reads(spec)))
    known |= _SHAPE_COLUMNS.get(spec.shape or "", set()) | _MADE_COLUMNS.get(spec.name, set())
    known |= {_SETTING_COLUMNS[name] for name in spec.settings if name in _SETTING_COLUMNS}
    if spec.parent and spec.parent.bulk == 1:
        known |= spec.parent.context.keys()
    known |= {OCCURRENCE} if spec.numbered else set()
    for read in all_reads(spec):
        known |= read.adds.keys()
        if spec.settings:
            known |= {name.replace(".", "_") for name in read.accepted}
        for parameter in operation(read)["parameters"]:
            if parameter["name"] == "include_fields":
                known |= {name.rsplit(".", 1)[-1] for each in parameter["enum"] for name in each.split(",")}
    known |= {*spec.observed}
    unknown = [name for name in spec.schema if name not in known and not unlisted(f"{spec.name}.{name}")]
    assert not unknown, (
        f"{spec.name}: no published row has {unknown}: remove them, or name in `observed` what "
        "live accounts send"
    )


def unlisted(where: str) -> bool:
    return any(re.fullmatch(pattern, where) for pattern in _UNLISTED)


@every_live_spec
def test_parts_of_columns_are_published(spec):
    whole = merged(*(row_node(spec, read) for read in all_reads(spec)))
    unknown: list[str] = []
    for name, column in spec.schema.items():
        find_unknown(f"{spec.name}.{name}", column, whole.properties.get(name, Node()), unknown)
    observed = tuple(f"{spec.name}.{path}." for path in spec.observed)
    left = [where for where in unknown if not f"{where}.".replace("[]", "").startswith(observed)]
    assert not [where for where in left if not unlisted(where)]


@every_live_spec
def test_observed_columns_are_not_published(spec):
    rows = [row_node(spec, read) for read in all_reads(spec)]
    for path in spec.observed:
        *outer, name = path.split(".")
        nodes = [row.at(".".join(outer)) if outer else row for row in rows]
        assert not any(name in node.properties for node in nodes), path


def find_unknown(where: str, column: dict, node: Node, unknown: list[str]) -> None:
    if "items" in column:
        find_unknown(f"{where}[]", column["items"], node.items or Node(), unknown)
    keys = column.get("additionalProperties")
    if isinstance(keys, dict):
        inner = merged(without(node, "*"), *node.properties.values())
        find_unknown(f"{where}.*", keys, inner, unknown)
    for name, inner in column.get("properties", {}).items():
        if name not in node.properties:
            unknown.append(f"{where}.{name}")
        else:
            find_unknown(f"{where}.{name}", inner, node.properties[name], unknown)


@every_spec
def test_only_keys_are_never_null(spec):
    for name, column in spec.schema.items():
        words = column["type"]
        if name in spec.primary_keys:
            assert "null" not in words, f"{spec.name}: mark the key {name} with `!`"
            assert set(words) <= {"integer", "string", "boolean"}, name
        else:
            assert "null" in words, f"{spec.name}: {name} is marked with `!`, but not in primary_keys"
        for where, inner in walk(f"{spec.name}.{name}", column):
            assert inner is column or "null" in inner["type"], where


@every_spec
def test_every_column_is_described(spec):
    for name, column in spec.schema.items():
        for where, inner in walk(f"{spec.name}.{name}", column):
            assert inner.get("description") or where.endswith(("[]", ".*")), (
                f"{where} is not described: add an entry to tap_pipedrive/catalog/glossary/"
            )
            yes_or_no = inner.get("description", "").startswith(
                ("True when", "True while", "True for", "True if")
            )
            assert not yes_or_no or "boolean" in inner["type"], (
                f"{where} is described as true or false, but typed {inner['type']}: add the glossary entry "
                f'`{".".join(where.split(".")[-2:])}`, with of="{spec.name}" if outside objects'
            )
