"""The catalogue against the published API description."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipedrive_client import Paging
from scripts.facts import fingerprint
from tap_pipedrive import catalog
from tap_pipedrive.catalog import MODULES, STREAMS, collect
from tap_pipedrive.catalog.glossary import GLOSSARY
from tap_pipedrive.catalog.not_covered import NOT_COVERED
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import OCCURRENCE
from tap_pipedrive.rows.shapes import SHAPES
from tests.support import facts
from tests.support.published import all_reads, answer, example, operation, plain, published

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_pipedrive.catalog.spec import Read, StreamSpec

_HASH = re.compile(r"[0-9a-f]{40}")
_DATA_KEY = re.compile(r"[A-Z_]{3,}|\d+|[A-Z]{3}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_DAY = re.compile(r"\d{4}-\d\d-\d\d$")

# `number` where only whole numbers make sense.
_WHOLE = re.compile(r"(.*_)?(ids?|flag|nr|count)")
_WHOLE_COLUMNS = {"products.visible_to", "webhooks.is_active"}

# The engine sends these itself, or resolves labels itself.
_ENGINE_PARAMETERS = {"limit", "start", "cursor", "ids", "include_option_labels", "include_labels"}

_SMALLER_PAGES = {"/v1/callLogs": 50, "/api/v2/itemSearch": 100, "/api/v2/itemSearch/field": 100}

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


# ── the published description ────────────────────────────────────────────────────────────────────


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
    "data": lambda row: _merged(row.properties["data"], _without(row, "data")),
    "found": lambda row: row.properties["item"],
    "found_of_any_kind": lambda row: _merged(
        _without(row, "items", "related_items", "item"),
        row.properties.get("item", Node()),
        *(row.at(f"{key}").properties.get("item", Node()) for key in ("items", "related_items")),
    ),
    "products_by_deal": lambda row: _merged(*row.properties.values()),
}


def _merged(*nodes: Node) -> Node:
    whole = Node()
    for node in nodes:
        whole.take(node)
    return whole


def _only(node: Node, *names: str) -> Node:
    return Node(properties={name: inner for name, inner in node.properties.items() if name in names})


def _without(node: Node, *names: str) -> Node:
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


# ── requests ─────────────────────────────────────────────────────────────────────────────────────


@every_live_spec
def test_reads_are_published_and_not_deprecated(spec):
    for read in all_reads(spec):
        one = operation(read)
        assert not one["deprecated"], f"{spec.name}: {read.operation} is deprecated"
        assert read.cost == one["token_cost"], (
            f"{spec.name}: {read.operation} costs {one['token_cost']} tokens"
        )


@every_live_spec
def test_paging_and_page_size_are_the_published_ones(spec):
    for read in spec.reads:
        one = operation(read)
        parameters = {each["name"]: each for each in one["parameters"]}
        kind = (
            Paging.CURSOR
            if "cursor" in parameters
            else Paging.OFFSET
            if "start" in parameters
            else Paging.NONE
        )
        assert read.paging is kind, f"{spec.name}: the paging of {read.operation} is Paging.{kind.name}"
        if "limit" not in parameters:
            assert read.page_size is None, read.operation
            continue
        most = parameters["limit"].get("most", 500)
        if "/search" in read.path or "itemSearch" in read.path:
            most = 100  # the description states 500, the live API rejects more than 100
        assert read.page_size == most, f"{spec.name}: the page_size of {read.operation} is {most}"
        assert _SMALLER_PAGES.get(read.path, most) == most


@every_live_spec
def test_parameters_are_published_and_allowed(spec):
    for read in all_reads(spec):
        parameters = {each["name"]: each for each in operation(read)["parameters"] if each["in"] == "query"}
        sent = dict(read.params)
        if read.changes:
            sent |= read.changes.ascending
            for bound in filter(None, (read.changes.since, read.changes.until)):
                assert bound in parameters, f"{read.operation} {bound}"
        for name, value in sent.items():
            assert name in parameters, f"{read.operation} {name}"
            assert _allowed(parameters[name], value), f"{read.operation} {name}={value}"


def _allowed(parameter: dict, value: object) -> bool:
    choices = parameter.get("enum")
    if parameter["type"] == "boolean":
        return isinstance(value, bool)
    if parameter["name"] == "sort":
        column, _, direction = str(value).partition(" ")
        named = choices or parameter["sortable"]
        return column in named and direction in (("",) if choices else ("ASC", "DESC"))
    return not choices or value in choices or all(part in choices for part in str(value).split(","))


@every_live_spec
def test_changes_are_requested_oldest_first_with_every_published_bound(spec):
    for read in spec.reads:
        parameters = {each["name"] for each in operation(read)["parameters"]}
        bounds = {"updated_since": "since", "updated_until": "until"}
        for name, role in bounds.items():
            if name in parameters and not spec.parent:
                assert read.changes, f"{spec.name}: {read.operation} has {name}: give the read `changes`"
                assert getattr(read.changes, role) == name
        if read.changes:
            assert spec.replication_key == "update_time"
            order = read.changes.ascending
            assert order in (
                {"sort_by": "update_time", "sort_direction": "asc"},
                {"sort": "update_time ASC"},
                {"sort": "update_time"},
            )
            assert read.changes.since or read.paging is Paging.OFFSET


@every_live_spec
def test_settings_may_give_every_other_published_parameter(spec):
    for read in spec.reads:
        owned = set(_ENGINE_PARAMETERS)
        if read.changes:
            owned |= {
                read.changes.since,
                read.changes.until,
                *read.changes.ascending,
            }
        if spec.parent:
            owned |= set(spec.parent.query)
        if "folder" in read.adds:
            owned.add("folder")
        parameters = {each["name"]: each for each in operation(read)["parameters"] if each["in"] == "query"}
        accepted = sorted(parameters.keys() - owned)
        assert read.accepted == {*accepted}, (
            f"{spec.name}: `accepts` of {read.operation} must be {' '.join(accepted)!r}"
        )
        assert read.required == {
            name for name, each in parameters.items() if each.get("required") and name not in owned
        }


@every_spec
def test_path_placeholders_come_from_the_parent(spec):
    for read in spec.reads:
        names = set(read.placeholders)
        if spec.parent:
            assert names <= spec.parent.context.keys()
            assert set(spec.parent.query) <= spec.parent.context.keys()
            published_names = {each["name"] for each in operation(read)["parameters"]}
            assert set(spec.parent.query) <= published_names, read.operation
            assert set(spec.parent.within or ()) <= read.required
        elif names:
            assert "record_ids" in spec.settings


@every_spec
def test_parents_lead_to_a_list(spec):
    seen = {spec.name}
    while spec.parent:
        spec = STREAMS[spec.parent.stream]
        assert spec.name not in seen
        seen.add(spec.name)
    assert not any(read.placeholders for read in spec.reads) or "record_ids" in spec.settings


@every_spec
def test_what_costs_a_request_per_parent_or_needs_settings_is_not_selected_by_default(spec):
    if (spec.parent and spec.parent.bulk == 1 and spec.name != "phases") or spec.settings or spec.removed_on:
        assert not spec.selected_by_default


@every_live_spec
def test_what_only_administrators_read_names_the_right(spec):
    # The v1 form of activity_fields is published for `activities:read`.
    if spec.name != "activity_fields" and all(
        operation(read)["oauth_scopes"] == ["admin"] for read in spec.reads
    ):
        assert "administrator rights" in spec.needs, f'{spec.name}: add needs="administrator rights"'


@every_spec
def test_rows_with_secrets_are_not_selected_by_default(spec):
    secrets = [name for name in spec.schema if re.search("password|secret|token", name)]
    assert not (secrets and spec.selected_by_default), (
        f"{spec.name} contains {secrets}: add selected_by_default=False, and name the columns in `notes`"
    )
    assert all(name in spec.notes for name in secrets), f"{spec.name}: name {secrets} in `notes`"


# ── columns ──────────────────────────────────────────────────────────────────────────────────────


@every_live_spec
def test_published_properties_are_typed_columns(spec):
    problems: list[str] = []
    for read in all_reads(spec):
        ignored = {"custom_fields"} if spec.custom_fields else set()
        compare(spec.name, dict(spec.schema), _without(row_node(spec, read), *ignored), problems)
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
    whole = _merged(*(row_node(spec, read) for read in all_reads(spec)))
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
        inner = _merged(_without(node, "*"), *node.properties.values())
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


def walk(where: str, column: dict) -> Iterator[tuple[str, dict]]:
    yield where, column
    if "items" in column:
        yield from walk(f"{where}[]", column["items"])
    if isinstance(column.get("additionalProperties"), dict):
        yield from walk(f"{where}.*", column["additionalProperties"])
    for name, inner in column.get("properties", {}).items():
        yield from walk(f"{where}.{name}", inner)


# ── words ────────────────────────────────────────────────────────────────────────────────────────


def every_described_column() -> Iterator[tuple[str, str]]:
    for spec in STREAMS.values():
        for name, column in spec.schema.items():
            for where, inner in walk(name, column):
                if inner.get("description"):
                    yield where.rsplit(".", 1)[-1].removesuffix("[]"), inner["description"]


def test_every_glossary_entry_is_used():
    used = set(every_described_column())
    unused = {name for name, (_, text) in GLOSSARY.items() if (name.rsplit(".", 1)[-1], text) not in used}
    assert not unused, f"no column uses these glossary entries: {sorted(unused)}"


def test_no_description_is_a_published_sentence():
    ours = {text for _, text in GLOSSARY.values()}
    ours |= {text for spec in STREAMS.values() for text in (spec.summary, spec.notes) if text}
    theirs = facts.sentences()
    assert not {text for text in ours if fingerprint(text) in theirs}


@every_spec
def test_texts_are_sentences(spec):
    assert re.fullmatch(r"[A-Z].*\.", spec.summary)
    assert not spec.notes or re.fullmatch(r"[A-Z`a-z].*\.", spec.notes)


def test_glossary_texts_are_sentences():
    assert not [name for name, (_, text) in GLOSSARY.items() if not re.fullmatch(r"[A-Z1].*\.", text)]


# ── completeness ─────────────────────────────────────────────────────────────────────────────────


def answered() -> set[str]:
    """Names of operations that some stream reads or serves."""
    names = {read.operation for spec in STREAMS.values() for read in all_reads(spec)}
    return names.union(*(spec.serves for spec in STREAMS.values()))


def covered() -> set[tuple[str, str]]:
    """Published operations that some stream reads or serves; of twins, `serves` means the newer one."""
    newest: dict[str, tuple[str, str]] = {}
    for key, one in sorted(published().items(), key=lambda each: each[1]["version"]):
        newest[one["operationId"]] = key
    reads = {(read.operation, plain(read.path)) for spec in STREAMS.values() for read in all_reads(spec)}
    served = {name for spec in STREAMS.values() for name in spec.serves}
    return (reads & published().keys()) | {newest[name] for name in served if name in newest}


def test_every_published_read_is_a_stream_or_has_a_reason():
    names = {key: f"{one['version']} {one['operationId']}" for key, one in published().items()}
    assert len(set(names.values())) == len(names)
    done = {names[key] for key in covered()}
    given_up = set(NOT_COVERED)
    of_target = {
        names[key] for key in names if "/convert/status/" in key[1]
    }  # requested until a conversion ends
    assert len(of_target) == 2
    assert not done & given_up
    assert not of_target & (done | given_up)
    missing, unpublished = set(names.values()) - (done | given_up | of_target), given_up - set(names.values())
    assert not missing, (
        f"name {sorted(missing)} in `reads`, `single` or `serves` of a stream, or in not_covered.py"
    )
    assert not unpublished, "not_covered.py lists operations that are not published"


def test_seed_reads_are_covered():
    actions = set(facts.component())
    kinds = {verb: {name for name in actions if name.startswith(verb)} for verb in ("get", "search", "find")}
    assert {verb: len(names) for verb, names in kinds.items()} == {"get": 88, "search": 4, "find": 2}
    assert not set().union(*kinds.values()) - answered()
    assert "downloadFile" in actions & answered()


@every_spec
def test_served_operations_are_not_read_as_well(spec):
    reads = {read.operation for read in all_reads(spec)}
    assert not reads & set(spec.serves)


@pytest.mark.parametrize("name", NOT_COVERED)
def test_reasons_are_sentences(name):
    assert re.fullmatch(r"[A-Z].*\.", NOT_COVERED[name])
    streams = re.findall(r"[Tt]he stream (\w+)", NOT_COVERED[name])
    assert all(stream in STREAMS for stream in streams)


@pytest.mark.parametrize(
    "file", sorted(Path(catalog.__file__).parent.glob("*.py")), ids=lambda file: file.stem
)
def test_catalogue_modules_hold_data_only(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {name for name in imported if name.startswith(("tap_pipedrive", "pipedrive_client"))}
    assert {name for name in ours if not name.startswith("tap_pipedrive.catalog")} <= {
        "pipedrive_client",
        "tap_pipedrive.catalog.notation",
        "tap_pipedrive.catalog.spec",
    }
    if file.stem not in ("__init__", "spec", "notation"):  # not entries
        assert not any(
            isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda) for node in ast.walk(tree)
        )


# ── notation and shapes ──────────────────────────────────────────────────────────────────────────


def test_notation_gives_types_keys_and_descriptions():
    found = columns("id! options:[{id label}] value:int|str|{id} values:*num", of="deals")
    assert found["id"] == {"type": ["integer"], "description": GLOSSARY["id"][1]}
    assert found["options"]["items"]["properties"]["id"]["description"] == GLOSSARY["options.id"][1]
    assert found["value"]["type"] == ["integer", "string", "object", "null"]
    assert found["value"]["description"] == GLOSSARY["deals.value"][1]
    assert found["values"]["additionalProperties"] == {"type": ["number", "null"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id id", "column id.*twice"),
        ("nonesuch", "column nonesuch has no type: give one, such as `nonesuch:str`"),
        ("nonesuch owner:{naught}", "columns nonesuch, naught have no type"),
        ("id:nonesuch", "unknown type 'nonesuch'"),
        ("owner:{id", "expected more"),
        ("id, name", "cannot read the columns"),
    ],
)
def test_notation_rejects_what_it_cannot_read(text, message):
    with pytest.raises(ValueError, match=message):
        columns(text)


def test_a_wrong_entry_is_named_by_stream_file_and_line(tmp_path):
    source = tmp_path / "catalog" / "odd.py"
    source.parent.mkdir()
    source.write_text('spec(\n    name="deal_moods",\n    schema=columns("id! nonesuch naught"),\n)\n')
    code = compile(source.read_text(), source, "exec")
    place = r"stream deal_moods, .*catalog/odd\.py, line 3"
    with pytest.raises(ValueError, match=rf"columns nonesuch, naught have no glossary entry: .*{place}"):
        exec(code, {"spec": dict, "columns": columns})


@pytest.mark.parametrize("value", [None, [], {}], ids=str)
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_give_no_rows_for_empty_responses(shape, value):
    assert not list(SHAPES[shape](value, {}))


@pytest.mark.parametrize(
    ("shape", "value", "rows"),
    [
        ("user_ids", [1, 2], [{"user_id": 1}, {"user_id": 2}]),
        # Rows without a key are not dropped here, but reported.
        ("user_ids", [1, None], [{"user_id": 1}, {"user_id": None}]),
        ("data", [{"object": "o", "data": None}], [{"object": "o"}]),
        ("updates", [{"object": "o"}], [{"object": "o", "id": None}]),
        ("found", [{}], [{}]),
        (
            "found_of_any_kind",
            {"items": [{"item": {}}]},
            [{"id": None, "result_score": None, "is_related": False}],
        ),
        ("products_by_deal", [{"5": {"deal": {}}}], [{"deal_id": "5", "product_id": None, "deal": {}}]),
        ("named_choices", [{"name": "Ann"}], [{"key": None, "label": "Ann", "update_time": None}]),
        ("data", [{"object": "o", "data": {"id": 1}}], [{"id": 1, "object": "o"}]),
        ("updates", [{"object": "o", "data": {"id": 1}}], [{"id": 1, "object": "o", "data": {"id": 1}}]),
        ("found", [{"item": {"id": 1}, "result_score": 0.5}], [{"id": 1, "result_score": 0.5}]),
        ("found", [{"item": {"id": 1, "code": 7}}], [{"id": 1, "code": "7", "result_score": None}]),
        (
            "found_of_any_kind",
            {"items": [{"item": {"id": 1}, "result_score": 0.5}], "related_items": [{"item": {"id": "u"}}]},
            [
                {"id": "1", "result_score": 0.5, "is_related": False},
                {"id": "u", "result_score": None, "is_related": True},
            ],
        ),
        ("found_of_any_kind", [{"id": 1, "name": "n"}], [{"id": "1", "name": "n"}]),
        (
            "products_by_deal",
            [{"7": {"deal": {"id": 7}, "product": {"id": 9}}}],
            [{"deal_id": "7", "product_id": 9, "deal": {"id": 7}, "product": {"id": 9}}],
        ),
        (
            "leaves",
            {"operators": {"int": {"=": "is"}, "enum": [{"!=": "is not"}]}, "parts": {"route": "street"}},
            [
                {"section": "operators", "kind": "int", "code": "=", "label": "is"},
                {"section": "operators", "kind": "enum", "code": "!=", "label": "is not"},
                {"section": "parts", "kind": "all", "code": "route", "label": "street"},
            ],
        ),
        (
            "deal_choices",
            [{"id": 1, "title": "Big one", "status": "open", "value": 5, "is_deleted": False}],
            [{"key": "1", "label": "Big one - open", "is_deleted": False, "update_time": None}],
        ),
        (
            "named_choices",
            [{"id": 7, "name": "Ann", "update_time": "2026-01-01T00:00:00Z"}],
            [{"key": "7", "label": "Ann", "update_time": "2026-01-01T00:00:00Z"}],
        ),
    ],
)
def test_shapes_unwrap_rows(shape, value, rows):
    assert list(SHAPES[shape](value, {})) == rows


def test_shapes_are_used_and_known():
    assert {spec.shape for spec in STREAMS.values() if spec.shape} == set(SHAPES)


def test_two_streams_of_one_name_are_rejected():
    spec = STREAMS["deals"]
    with pytest.raises(ValueError, match="two streams are called deals"):
        collect([spec, spec])


def test_an_unknown_parent_is_rejected():
    with pytest.raises(ValueError, match="its parent deals does not exist"):
        collect([STREAMS["deal_products"]])


def test_every_stream_is_in_one_module():
    assert sum(len(module.STREAMS) for module in MODULES) == len(STREAMS)
