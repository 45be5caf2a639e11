"""Custom fields by column name, label or key, and their values the way v2 or v1 wants them."""

from __future__ import annotations

import difflib
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anyascii import anyascii

from pipedrive_client import Paging
from pipedrive_client.fields import COMPOSITES, FIELD_LISTS, HASH_KEY, V1_SUFFIXES, FieldDefinition
from target_pipedrive import encode
from target_pipedrive.faults import RecordFault
from target_pipedrive.notation import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipedrive_client import PipedriveClient
    from pipedrive_client.fields import FieldRegistry
    from target_pipedrive.encode import Encoder
    from target_pipedrive.links import Links

_KINDS = {"num": "num", "int": "int", "bool": "bool", "date": "date", "clock": "clock", "str": "str"}
_NUMBERED: Mapping[str, str] = {
    one: f"/v1/{one}Fields" for one in ("deal", "person", "organization", "product", "activity")
}
_TIMEZONE_ID = "timezone_id"
ENTITY_OF_TYPE: Mapping[str, str] = {"org": "organizations", "people": "persons", "user": "users"}
_CREATED_TYPES = {"string": "varchar_auto", "integer": "double", "number": "double", "boolean": "enum"}


def slug(label: str) -> str:
    """The column name that the tap gives to a field of this label; empty when nothing is left of it."""
    name = "_".join(re.findall(r"[a-z0-9]+", anyascii(label).lower()))[:60].rstrip("_")
    return f"_{name}" if name[:1].isdigit() else name


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldColumn:
    """Where the values of a column go.

    Attributes:
        definition: the custom field.
        part: key inside a composite value; None for a plain one or for the whole object.
    """

    definition: FieldDefinition
    part: str | None = None


class FieldBook:
    """The custom fields of the account, for finding and encoding.

    Args:
        client: adds fields and options where that is allowed.
        registry: reads the definitions, once per entity.
        create_options: whether unknown option labels are added to the field.
        dry_run: whether adding is only pretended.
        links: which field here is which of another account.
    """

    def __init__(
        self,
        client: PipedriveClient,
        registry: FieldRegistry,
        *,
        create_options: bool,
        dry_run: bool,
        links: Links | None = None,
    ) -> None:
        self._client = client
        self._registry = registry
        self._create_options = create_options
        self._dry_run = dry_run
        self._links = links
        self._lock = threading.RLock()
        self._missed: set[tuple[str, str]] = set()
        self._numbers: dict[str, dict[str, tuple[int, str]]] = {}
        self._labels: dict[str, dict[str, int]] = {}

    def definitions(self, entity: str) -> list[FieldDefinition]:
        """The entity's custom fields."""
        return self._registry.custom(entity)

    def find(self, entity: str, name: str, schema: Mapping[str, object]) -> FieldColumn | None:
        """The custom field a column means, or None.

        Looked at in this order: what the tap wrote into the schema, the key, the label, the column name that
        the tap would give it, and these with the suffix of a part.

        Raises:
            RecordFault: several fields have this label.
        """
        fields = self.definitions(entity)
        origin = schema.get("x-pipedrive")
        if isinstance(origin, Mapping):
            found = _by_origin(fields, origin)
            if found is not None:
                return found
        return _by_name(fields, name)

    def find_linked(self, entity: str, origin: Mapping[str, object]) -> FieldColumn | None:
        """The field here that a field of another account was copied to, or None."""
        key = self._links.get(f"{entity}_fields", str(origin.get("key"))) if self._links else None
        if key is None:
            return None
        if key.startswith("new:"):  # added by this dry run only
            named = FieldDefinition(key=key, name=str(origin.get("name")), field_type="varchar")
            return FieldColumn(definition=named)
        with self._lock:
            found = self._of_key(entity, key)
            if found is None and (entity, key) not in self._missed:  # added since the definitions were read
                self._missed.add((entity, key))
                self.forget(entity)
                found = self._of_key(entity, key)
        part = origin.get("part")
        if found is None:
            return None
        return FieldColumn(definition=found, part=part if isinstance(part, str) else None)

    def _of_key(self, entity: str, key: str) -> FieldDefinition | None:
        return next((one for one in self.definitions(entity) if one.key == key), None)

    def rows(self, entity: str) -> list[dict[str, object]]:
        """The definitions of all the entity's fields, as Pipedrive sent them."""
        return self._registry.rows(entity)

    def numbers(self, entity: str, stream: str) -> Mapping[str, tuple[int, str]]:
        """Number and type of each field by its key, which only v1 tells; empty where v1 has no list."""
        path = _NUMBERED.get(entity)
        if path is None:
            return {}
        with self._lock:
            if entity not in self._numbers:
                pages = self._client.pages(
                    path,
                    paging=Paging.NONE if entity == "activity" else Paging.OFFSET,
                    page_size=None if entity == "activity" else 500,
                    cost=20,
                    label=stream,
                    prefetch=0,
                )
                self._numbers[entity] = {
                    str(row.get("key")): (row["id"], str(row.get("field_type")))
                    for page in pages
                    for row in page.rows
                    if isinstance(row.get("id"), int)
                }
            return self._numbers[entity]

    def forget(self, entity: str) -> None:
        """Read the entity's definitions again next time."""
        with self._lock:
            self._registry.forget(entity)
            self._labels.clear()
            self._numbers.pop(entity, None)

    def add_options(self, entity: str, key: str, labels: list[str]) -> dict[str, int]:
        """Option ids by label, after those that the field lacks were added; the label as it is written."""
        with self._lock:
            known = self._option_ids(entity, key)
            missing = [one for one in labels if one not in known]
            if missing and not self._dry_run:
                self.forget(entity)
                known = self._option_ids(entity, key)
                missing = [one for one in labels if one not in known]
            if missing and self._dry_run:
                return known | {label: -1 - at for at, label in enumerate(missing)}
            if missing:
                path = f"{FIELD_LISTS[entity]}/{key}/options"
                added = [{"label": one} for one in missing]
                self._client.request("POST", path, json=added, cost=5, label=f"{entity}_fields")
                self.forget(entity)
                known = self._option_ids(entity, key)
            return known

    def _option_ids(self, entity: str, key: str) -> dict[str, int]:
        row = next((one for one in self.rows(entity) if one.get("field_code") == key), None)
        options = row.get("options") if row else None
        return {
            str(one["label"]): one["id"]
            for one in (options if isinstance(options, list) else ())
            if isinstance(one, dict) and isinstance(one.get("id"), int)
        }

    def encoder(self, entity: str, column: FieldColumn) -> Encoder:  # noqa: PLR0911 - one for each type
        """The function that encodes the values of a column for v2."""
        definition = column.definition
        if definition.parts:
            if column.part is None:
                return _composite(definition)
            if column.part == _TIMEZONE_ID:
                return encode.integer
            kinds = {part.key: part.kind for part in definition.parts}
            return _as_fault(definition, _of_kind(kinds[column.part]))
        if definition.kind == "option":
            return lambda value: self._option(entity, definition, value)
        if definition.kind == "options":
            return lambda value: self._options(entity, definition, value)
        if definition.kind == "int" and definition.field_type in {"user", "org", "people"}:
            return _related
        return _of_kind(definition.kind)

    def _options(self, entity: str, definition: FieldDefinition, value: object) -> object:
        value = encode.from_json_text(value)
        if isinstance(value, str):
            whole = value.strip().casefold() in self._known(entity, definition)
            value = [value] if whole else [part for part in value.split(",") if part.strip()]
        entries = value if isinstance(value, list) else [value]
        # An empty list is refused by Pipedrive; null is how a set is emptied.
        found = [self._option(entity, definition, entry) for entry in entries if entry is not None]
        return list(dict.fromkeys(found)) or None

    def _option(self, entity: str, definition: FieldDefinition, value: object) -> int:
        """The id of an option given by label or id."""
        if isinstance(value, Mapping):
            value = value.get("id", value.get("label"))
        if isinstance(value, bool):
            value = "Yes" if value else "No"
        known = self._known(entity, definition)
        word = str(value).strip()
        by_label = known.get(word.casefold())
        if by_label is not None and isinstance(value, str):
            return by_label
        ids = set(known.values())
        if word.removesuffix(".0").isdigit() and int(word.removesuffix(".0")) in ids:
            return int(word.removesuffix(".0"))
        if by_label is not None:
            return by_label
        if self._create_options and word:
            return self._add_option(entity, definition, word)
        labels = {label.casefold(): label for label in definition.options.values()}
        near = [labels[one] for one in difflib.get_close_matches(word.casefold(), labels, n=3)]
        shown = ", ".join(near or list(definition.options.values())[:10])
        kind = "nearest" if near else "known"
        raise RecordFault(f"has no such option; {kind}: {shown or 'none'}; or set create_options")

    def _known(self, entity: str, definition: FieldDefinition) -> dict[str, int]:
        """Option ids by folded label, those added in this run too."""
        with self._lock:
            if definition.key not in self._labels:
                current = next(
                    (one for one in self.definitions(entity) if one.key == definition.key), definition
                )
                self._labels[definition.key] = {
                    label.strip().casefold(): number for number, label in current.options.items()
                }
            return self._labels[definition.key]

    def _add_option(self, entity: str, definition: FieldDefinition, label: str) -> int:
        with self._lock:
            known = self._known(entity, definition)
            if label.casefold() in known:
                return known[label.casefold()]
            if self._dry_run:
                known[label.casefold()] = -1 - len(known)
                return known[label.casefold()]
            path = f"{FIELD_LISTS[entity]}/{definition.key}/options"
            self._client.request("POST", path, json=[{"label": label}], cost=5, label=f"{entity}_fields")
            self._registry.forget(entity)
            self._labels.pop(definition.key, None)
            return self._known(entity, definition)[label.casefold()]

    def create(self, entity: str, name: str, schema: Mapping[str, object]) -> FieldColumn | None:
        """Add a custom field for a column; None when its schema fits no type of field."""
        origin = schema.get("x-pipedrive")
        field_type = str(origin.get("field_type")) if isinstance(origin, Mapping) else _type_of(schema)
        label = (
            str(origin.get("name")) if isinstance(origin, Mapping) else name.replace("_", " ").capitalize()
        )
        if field_type is None:
            return None
        body: dict[str, object] = {"field_name": label, "field_type": field_type}
        options = ["Yes", "No"] if schema_type(schema) == "boolean" else ["-"]
        if field_type in {"enum", "set"}:
            body["options"] = [{"label": one} for one in options]
        with self._lock:
            made = self.find(entity, name, schema)
            if made is not None:  # by another stream, a moment ago
                return made
            if self._dry_run:
                definition = FieldDefinition(key=f"new:{name}", name=label, field_type=field_type)
            else:
                self._client.request("POST", FIELD_LISTS[entity], json=body, cost=5, label=f"{entity}_fields")
                self._registry.forget(entity)
                found = [one for one in self.definitions(entity) if one.name == label]
                if not found:
                    return None
                definition = found[-1]
        part = origin.get("part") if isinstance(origin, Mapping) else None
        return FieldColumn(definition=definition, part=part if isinstance(part, str) else None)


def schema_type(schema: Mapping[str, object]) -> str:
    """The JSON type of a property, null aside; empty when it has several or none."""
    given = schema.get("type")
    words = [word for word in (given if isinstance(given, list) else [given]) if word not in ("null", None)]
    return str(words[0]) if len(words) == 1 else ""


def _type_of(schema: Mapping[str, object]) -> str | None:
    """The type of field that holds what the schema describes."""
    kind = schema_type(schema)
    if kind == "string" and schema.get("format") == "date":
        return "date"
    if kind == "array":
        return "set"
    return _CREATED_TYPES.get(kind)


def _by_origin(fields: Iterable[FieldDefinition], origin: Mapping[str, object]) -> FieldColumn | None:
    """The field the tap read the column from, or its namesake in another account."""
    part = origin.get("part")
    same_key = [one for one in fields if one.key == origin.get("key")]
    namesakes = [
        one for one in fields if one.name == origin.get("name") and one.field_type == origin.get("field_type")
    ]
    found = same_key or namesakes
    if len(found) != 1:
        return None
    return FieldColumn(definition=found[0], part=part if isinstance(part, str) else None)


def _by_name(fields: list[FieldDefinition], name: str) -> FieldColumn | None:
    key = name.casefold()
    if HASH_KEY.fullmatch(key[:40]):
        for one in fields:
            if one.key == key[:40]:
                return _with_part(one, key[41:])
    exact = [one for one in fields if one.name.strip().casefold() == key.strip()]
    if len(exact) > 1:
        keys = ", ".join(one.key for one in exact)
        raise RecordFault(f"{name} is the label of {len(exact)} fields; use one of their keys: {keys}")
    if exact:
        return _with_part(exact[0], "")
    for found in (_named(fields, key, with_key=False), _named(fields, key, with_key=True)):
        if len(found) == 1:
            return found[0]
    return None


def _named(fields: list[FieldDefinition], name: str, *, with_key: bool) -> list[FieldColumn]:
    """Fields whose column name this is, also with a piece of the key or the suffix of a part."""
    found = []
    for one in fields:
        base = slug(one.name)
        if with_key:
            stem = (base or "custom_field").lstrip("_")
            match = re.match(rf"{re.escape(stem)}_([0-9a-f]{{6,40}})(?:_|$)", name)
            if not match or not one.key.startswith(match[1]):
                continue
            base = name[: match.end(1)]
        if not base or not (name == base or name.startswith(f"{base}_")):
            continue
        column = _with_part(one, name[len(base) + 1 :])
        if column is not None:
            found.append(column)
    return found


def _with_part(definition: FieldDefinition, suffix: str) -> FieldColumn | None:
    """The column of a field and the suffix of a part; None when the field has no such part."""
    if not definition.parts:
        plain = not suffix or (suffix == "id" and definition.kind in {"option", "options"})
        return FieldColumn(definition=definition) if plain else None
    for part in definition.parts:
        if suffix in {part.suffix, part.key if part.suffix else ""}:
            return FieldColumn(definition=definition, part=part.key)
    if suffix == _TIMEZONE_ID and definition.field_type in {"time", "timerange"}:
        return FieldColumn(definition=definition, part=_TIMEZONE_ID)
    return None


def _related(value: object) -> object:
    """The id of a user, organization or person, also from an embedded object."""
    if isinstance(value, Mapping):
        value = value.get("value", value.get("id"))
    return encode.integer(value)


def _as_fault(definition: FieldDefinition, plain: Encoder) -> Encoder:
    """The main part of a composite takes the whole object too."""
    whole = _composite(definition)

    def encoded(value: object) -> object:
        value = encode.from_json_text(value)
        return whole(value) if isinstance(value, Mapping) else plain(value)

    return encoded


def _of_kind(kind: str) -> Encoder:
    """The encoder of one kind of part; a time of day has its seconds, as Pipedrive shows it."""
    plain = encode.encoder(Kind(name=_KINDS[kind]))
    if kind != "clock":
        return plain

    def with_seconds(value: object) -> object:
        text = plain(value)
        return f"{text}:00" if isinstance(text, str) and text.count(":") == 1 else text

    return with_seconds


def _composite(definition: FieldDefinition) -> Encoder:
    """Whole values of a composite field."""
    kinds = {part.key: _of_kind(part.kind) for part in COMPOSITES[definition.field_type]}
    kinds[_TIMEZONE_ID] = encode.integer

    def encoded(value: object) -> object:
        value = encode.from_json_text(value)
        if not isinstance(value, Mapping):
            value = {"value": value}
        unknown = sorted(set(value) - set(kinds))
        if unknown:
            raise RecordFault(f"has no part {unknown[0]!r}; it has {', '.join(kinds)}")
        return {
            key: kinds[key](part)
            for key, part in value.items()
            if part is not None and key != "formatted_address"
        }

    return encoded


def merge_parts(custom: dict[str, object], key: str, part: str, value: object) -> None:
    """Put one part of a composite value where the others are."""
    whole = custom.get(key)
    if isinstance(value, Mapping):
        custom[key] = {**(whole if isinstance(whole, dict) else {}), **value}
        return
    if not isinstance(whole, dict):
        whole = {}
    if part != "formatted_address":
        whole[part] = value
    custom[key] = whole


def complete_parts(custom: dict[str, object]) -> None:
    """Composite values without a main part are no values: null empties the field."""
    for key, value in custom.items():
        if isinstance(value, dict) and value.get("value") is None:
            custom[key] = None
        elif isinstance(value, dict):
            custom[key] = {part: entry for part, entry in value.items() if entry is not None}


def _zone(value: object) -> object:
    """A time zone as v1 takes it: by its number where that is known, else by its name."""
    return int(value) if isinstance(value, str) and value.isdigit() else value


def flat_form(custom: Mapping[str, object], definitions: Mapping[str, FieldDefinition]) -> dict[str, object]:
    """Custom field values as v1 wants them: parts under suffixed keys, options as text."""
    flat: dict[str, object] = {}
    for key, value in custom.items():
        definition = definitions.get(key)
        if definition is None or value is None:
            flat[key] = value
        elif isinstance(value, Mapping):
            for part in definition.parts:
                suffix = V1_SUFFIXES.get(part.suffix, part.suffix)
                held = value.get(part.key)
                if suffix == _TIMEZONE_ID:
                    held = _zone(value.get(_TIMEZONE_ID, held))
                if held is not None:
                    flat[f"{key}_{suffix}" if suffix else key] = held
        elif definition.kind == "options" and isinstance(value, list):
            flat[key] = ",".join(str(one) for one in value)
        elif definition.kind == "option":
            flat[key] = str(value)
        else:
            flat[key] = value
    return flat
