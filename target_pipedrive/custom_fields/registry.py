"""Registry of an account's custom fields: lookup, encoding, and creation where allowed."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipedrive_client import Paging, Rejected
from pipedrive_client.fields import FIELD_LISTS, FieldDefinition, parse_definition
from target_pipedrive.account.currencies import AMOUNT_KEYS
from target_pipedrive.custom_fields.columns import FieldColumn, by_name, by_origin, new_label
from target_pipedrive.custom_fields.options import FieldOptions, label_key, options_of
from target_pipedrive.custom_fields.values import composite, main_part, of_kind, part_encoder, related
from target_pipedrive.custom_fields.visibility import VISIBILITY, level
from target_pipedrive.ids.provisional import ProvisionalId
from target_pipedrive.record.created import Created
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values import scalars
from target_pipedrive.values.compound import ZONE_NUMBER
from target_pipedrive.values.unknown_keys import STRICT

if TYPE_CHECKING:
    from pipedrive_client import PipedriveClient
    from pipedrive_client.fields import FieldDefinitions
    from target_pipedrive.account.currencies import Currencies
    from target_pipedrive.account.row_names import RowNames
    from target_pipedrive.ids.id_map import Links
    from target_pipedrive.record.created import Creations
    from target_pipedrive.values.encoders import Encoder
    from target_pipedrive.values.unknown_keys import UnknownKeys

_NUMBERED: Mapping[str, str] = {
    one: f"/v1/{one}Fields" for one in ("deal", "person", "organization", "product", "activity")
}
_CREATED_TYPES = {"string": "varchar_auto", "integer": "double", "number": "double", "boolean": "enum"}


class FieldRegistry:
    """Custom fields of the account, for lookup and encoding.

    Args:
        client: adds fields and options if allowed.
        definitions: reads the definitions, once per entity.
        creations: gets the fields and options that are added.
        create_options: True if unknown option labels are added to the field.
        dry_run: True if nothing is really added.
        links: map of the fields of another account to fields of this one.

    Attributes:
        row_names: finds rows by name; None if no rows can be read.
        currencies: finds currencies by name and symbol; None if they cannot be read.
    """

    def __init__(
        self,
        client: PipedriveClient,
        definitions: FieldDefinitions,
        creations: Creations,
        *,
        create_options: bool,
        dry_run: bool,
        links: Links | None = None,
        row_names: RowNames | None = None,
        currencies: Currencies | None = None,
    ) -> None:
        self.row_names = row_names
        self.currencies = currencies
        self._client = client
        self._definitions = definitions
        self._creations: Creations | None = creations
        self._dry_run = dry_run
        self._links = links
        self._lock = threading.RLock()
        self._by_key: dict[str, tuple[object, dict[str, FieldDefinition]]] = {}
        self._labels: dict[str, tuple[object, dict[str, dict[object, str]]]] = {}
        self._missed: set[tuple[str, str]] = set()
        self._numbers: dict[str, dict[str, tuple[int, str]]] = {}
        self._planned: dict[str, list[FieldDefinition]] = {}
        self._options = FieldOptions(
            client, self._current, definitions.forget, creations, create=create_options, dry_run=dry_run
        )

    def definitions(self, entity: str) -> list[FieldDefinition]:
        """Return the entity's custom fields."""
        return self._definitions.custom(entity)

    def by_key(self, entity: str) -> Mapping[str, FieldDefinition]:
        """Return the entity's custom fields by key."""
        rows = self._definitions.rows(entity)
        known = self._by_key.get(entity)
        if known is None or known[0] is not rows:
            known = self._by_key[entity] = rows, {one.key: one for one in self.definitions(entity)}
        return known[1]

    def known(self, entity: str) -> Mapping[str, FieldDefinition]:
        """Return the entity's custom fields by key if they were read already; no request."""
        return self.by_key(entity) if self._definitions.known(entity) else {}

    def label(self, entity: str, key: str, option: object) -> str:
        """Return the label of an option, as far as it was read or created in this run; no request.

        Args:
            entity: entity of the field.
            key: key of a custom field, or name of a column of Pipedrive.
            option: its number, also as a text.
        """
        number = int(option) if isinstance(option, str) and option.isdigit() else option
        created = self._options.created(entity, key, number)
        if created or not self._definitions.known(entity):
            return created
        rows = self._definitions.rows(entity)
        kept = self._labels.get(entity)
        if kept is None or kept[0] is not rows:
            labels = {str(row.get("field_code")): dict(options_of(row)) for row in rows if row.get("options")}
            kept = self._labels[entity] = rows, labels
        return kept[1].get(key, {}).get(number, "")

    def find(self, entity: str, name: str, schema: Mapping[str, object]) -> FieldColumn | None:
        """Return the custom field of a column, or None.

        Checked in this order: the tap's entry in the schema, the key, the label, the tap's column name, and
        these with the suffix of a part.

        Raises:
            RecordFault: several fields have this label.
        """
        fields = [*self.definitions(entity), *self._planned.get(entity, ())]
        origin = schema.get("x-pipedrive")
        if isinstance(origin, Mapping):
            found = by_origin(fields, origin)
            if found is not None:
                return found
        return by_name(fields, name)

    def find_linked(self, entity: str, origin: Mapping[str, object]) -> FieldColumn | None:
        """Return the copy of a field of another account, or None."""
        key = self._links.get(f"{entity}_fields", str(origin.get("key"))) if self._links else None
        if key is None:
            return None
        if isinstance(key, ProvisionalId):
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
        """Return the definitions of all the entity's fields, as Pipedrive sent them."""
        return self._definitions.rows(entity)

    def numbers(self, entity: str, stream: str) -> Mapping[str, tuple[int, str]]:
        """Return number and type of each field by key, which only v1 returns; empty without a v1 list."""
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
        """Drop the cached definitions of the entity."""
        with self._lock:
            self._definitions.forget(entity)
            self._options.forget(entity)
            self._numbers.pop(entity, None)

    def add_options(self, entity: str, key: str, labels: list[str]) -> None:
        """Add the missing options of a field.

        Args:
            entity: entity of the field.
            key: key of the field.
            labels: labels of all options it must have.
        """
        if self._definition(entity, key) is None:  # added since the definitions were read
            self.forget(entity)
        definition = self._definition(entity, key)
        if definition is None:
            raise KeyError(key)
        self._options.add(entity, definition, labels)

    def encoder(  # noqa: PLR0911 - one for each type
        self, entity: str, column: FieldColumn, keys: UnknownKeys = STRICT
    ) -> Encoder:
        """Return the function that encodes the values of a column for v2.

        Args:
            entity: entity of the field.
            column: the field, or a part of it.
            keys: handles unknown keys of objects.
        """
        definition = column.definition
        if definition.parts:
            if column.part is None:
                return self._with_currency(definition.field_type, composite(definition, keys))
            if column.part == scalars.CURRENCY:
                return self._with_currency(scalars.CURRENCY, scalars.currency)
            if column.part == ZONE_NUMBER:
                return scalars.integer
            parts = {part.key: part for part in definition.parts}
            main = main_part(definition, part_encoder(parts[column.part]), keys)
            return self._with_currency(definition.field_type, main)
        if definition.kind == "option":
            return lambda value: self._options.one(entity, definition, value)
        if definition.kind == "options":
            return lambda value: self._options.several(entity, definition, value)
        if definition.kind == "int" and definition.field_type in {"user", "org", "people"}:
            return related
        return of_kind(definition.kind)

    def _with_currency(self, kind: str, plain: Encoder) -> Encoder:
        """Return an encoder that also accepts currencies by name and symbol, if the kind has one."""
        accepts = kind == scalars.CURRENCY or kind in AMOUNT_KEYS
        return self.currencies.encoder(kind, plain) if self.currencies is not None and accepts else plain

    def option(self, entity: str, key: str, value: object) -> object:
        """Return the option ids for a value of one of Pipedrive's own fields, given by label or id.

        Raises:
            RecordFault: the option does not exist, or the field has no options.
        """
        row = next((one for one in self.rows(entity) if one.get("field_code") == key), {"field_code": key})
        definition = parse_definition(row)
        if definition.kind == "options":
            return self._options.several(entity, definition, value)
        if definition.kind == "option":
            return self._options.one(entity, definition, value)
        if definition.field_type == VISIBILITY:
            return level(definition.options, value)
        raise RecordFault("cannot be looked up by label in this account; use the id")

    def _current(self, entity: str, definition: FieldDefinition) -> FieldDefinition:
        """Return the latest definition, which may have more options than an earlier one."""
        if definition.is_custom:
            return self.by_key(entity).get(definition.key, definition)
        return self._definition(entity, definition.key) or definition

    def _definition(self, entity: str, key: str) -> FieldDefinition | None:
        """Return the definition of a field by its key, custom or Pipedrive's own."""
        rows = (one for one in self.rows(entity) if one.get("field_code") == key)
        return next(map(parse_definition, rows), None)

    def rehearsal(self) -> FieldRegistry:
        """Return a registry that creates no field, to bind a stream's columns before anything is written."""
        rehearsed = copy.copy(self)
        rehearsed._dry_run = True  # noqa: SLF001 - of this class
        rehearsed._creations, rehearsed._planned = None, {}  # noqa: SLF001 - of this class
        return rehearsed

    def create(self, entity: str, name: str, schema: Mapping[str, object]) -> FieldColumn | None:
        """Add a custom field for a column; None if its schema does not fit any type of field.

        Raises:
            RecordFault: the column has no name that a field can have, or Pipedrive rejects the field.
        """
        origin = schema.get("x-pipedrive")
        field_type = str(origin.get("field_type")) if isinstance(origin, Mapping) else _type_of(schema)
        label = str(origin.get("name")) if isinstance(origin, Mapping) else new_label(name)
        if not label_key(label):
            raise RecordFault(
                "has no name, so no custom field can be created for it; name or omit the column"
            )
        if field_type is None:
            return None
        body: dict[str, object] = {"field_name": label, "field_type": field_type}
        options = ["Yes", "No"] if schema_type(schema) == "boolean" else ["-"]
        if field_type in {"enum", "set"}:
            body["options"] = [{"label": one} for one in options]
        with self._lock:
            made = self.find(entity, name, schema)
            if made is not None:  # added by another stream in the meantime
                return made
            if self._dry_run:
                definition = FieldDefinition(key=ProvisionalId(name), name=label, field_type=field_type)
                self._planned.setdefault(entity, []).append(definition)
            else:
                definition = self._added(entity, label, body)
            if self._creations is not None:
                self._creations.add(Created(kind="field", entity=entity, field=label, type=field_type))
        part = origin.get("part") if isinstance(origin, Mapping) else None
        return FieldColumn(definition=definition, part=part if isinstance(part, str) else None)

    def _added(self, entity: str, label: str, body: Mapping[str, object]) -> FieldDefinition:
        """Add a field and return its definition.

        Raises:
            RecordFault: Pipedrive rejects the field, or does not list it afterwards.
        """
        try:
            self._client.request("POST", FIELD_LISTS[entity], json=body, cost=5, label=f"{entity}_fields")
        except Rejected as error:
            raise RecordFault(f"cannot be created as a custom field: {error}. Rename or omit it") from error
        self._definitions.forget(entity)
        found = [one for one in self.definitions(entity) if label_key(one.name) == label_key(label)]
        if not found:
            raise RecordFault("was created as a custom field, which Pipedrive does not list yet; run again")
        return found[-1]


def schema_type(schema: Mapping[str, object]) -> str:
    """Return the JSON type of a property apart from null; empty if it has several types or no type."""
    given = schema.get("type")
    words = [word for word in (given if isinstance(given, list) else [given]) if word not in ("null", None)]
    return str(words[0]) if len(words) == 1 else ""


def _type_of(schema: Mapping[str, object]) -> str | None:
    """Return the type of field for values of the schema."""
    kind = schema_type(schema)
    if kind == "string" and schema.get("format") == "date":
        return "date"
    if kind == "array":
        return "set"
    return _CREATED_TYPES.get(kind)
