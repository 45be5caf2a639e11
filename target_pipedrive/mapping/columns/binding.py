"""Bindings of stream columns to the inputs of a write, compiled once per SCHEMA."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from target_pipedrive.custom_fields.values import ENTITY_OF_TYPE, is_derived, put_part
from target_pipedrive.mapping.columns.nulls import KEPT
from target_pipedrive.mapping.columns.references import (
    LIST_REFERENCES,
    NO_KEY,
    REFERENCES,
    SEARCHED_KEYS,
    by_natural_key,
    by_text,
    external_key,
    is_blank_key,
    natural_key,
    refer_all,
    refer_by_key,
    refer_named,
    refer_some,
    refer_within,
)
from target_pipedrive.record.draft import Reference
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values import encoders as encode
from target_pipedrive.values import scalars
from target_pipedrive.values.identity import identifies, is_missing, key_text
from target_pipedrive.values.scalars import from_json_text
from target_pipedrive.values.unknown_keys import STRICT

if TYPE_CHECKING:
    from target_pipedrive.catalog.notation import Column
    from target_pipedrive.catalog.spec import RetiredInput
    from target_pipedrive.custom_fields.columns import FieldColumn
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.values.encoders import Encoder
    from target_pipedrive.values.unknown_keys import UnknownKeys


class Place(IntEnum):
    """Part of a write that a value belongs to."""

    PATH = 0
    QUERY = 1
    BODY = 2
    CUSTOM = 3
    PART = 4
    ID = 5
    EXTERNAL_ID = 6
    DELETED = 7
    EXTRA = 8
    MATCH = 9
    RETIRED = 10


_PATH, _QUERY, _BODY, _CUSTOM, _PART, _ID, _EXTERNAL_ID, _DELETED, EXTRA, _MATCH, _RETIRED = Place
"""Members of the enum, which are slow to get for each value."""
LOADER_COLUMNS = ("_sdc_", "_airbyte_", "_fivetran_", "_dlt_", "_unknown")
"""Prefixes of columns that loaders add to a table, and the tap's column of unknown keys."""


def squashed(name: str) -> str:
    """Return a name without case and separators: `orgId`, `ORG_ID` and `ORGID` are one."""
    return name.replace("_", "").replace("-", "").replace(" ", "").casefold()


@dataclass(slots=True, kw_only=True)
class Binding:
    """One column of the stream.

    Attributes:
        source: name in the record.
        place: part of the write that it fills.
        name: column of Pipedrive, or key of the custom field.
        encode: encoder of values that are not null.
        empties: value that empties the column; KEPT if null cannot be written.
        part: part of a composite custom field.
        derived: True if the other parts of that field describe its main one.
        entity: entity that the value references.
        foreign: True if a plain value is also an external id.
        many: True if the value is a list of references.
        prefix: prefix of an external id, for options, which are identified by field and number.
        word: True if the value is a word that identifies the other row.
        key: natural key that the values of the column are, such as `name`; empty for ids.
        plain: True if the encoded value is written as it is.
        by_id: True if an integer is the id of the referenced row.
        whole: True if `encode` returns integers of the body unchanged.
    """

    source: str
    place: Place
    name: str
    encode: Encoder
    empties: object = KEPT
    part: str | None = None
    derived: bool = False
    entity: str | None = None
    foreign: bool = False
    many: bool = False
    prefix: str = ""
    word: bool = False
    key: str = ""
    plain: bool = field(init=False)
    by_id: bool = field(init=False)
    whole: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.plain = self.place is Place.BODY and self.entity is None and not self.foreign
        self.by_id = not (self.foreign or self.key or self.many)

    def apply(  # noqa: C901, PLR0912 - one branch for each place, most frequent first
        self, draft: Draft, value: object, extras: dict[str, object]
    ) -> None:
        """Add a value that is not null to the draft.

        Raises:
            RecordFault: the value is invalid.
        """
        place = self.place
        if place is _BODY:
            if self.entity is not None and self._refers(draft.body, draft, value):
                return
            encoded = self.encode(value)
            if encoded is None:
                self.empty(draft)
                return
            draft.body[self.name] = encoded
            if self.foreign and isinstance(encoded, (list, dict)):
                before = len(draft.references)
                refer_within(encoded, draft)
                for one in draft.references[before:]:
                    one.field = self.name
        elif place is _CUSTOM:
            if self.entity is not None and self._refers(draft.custom, draft, value):
                return
            draft.custom[self.name] = self.encode(value)
        elif place is _PART:
            encoded = self.encode(value)
            put_part(draft.custom, self.name, self.part or "value", encoded, derived=self.derived)
        elif place is _PATH:
            if self.entity is not None and self._refers(draft.path, draft, value):
                return
            draft.path[self.name] = self.encode(value)
        elif place is _QUERY:
            draft.query[self.name] = self.encode(value)
        elif place is _ID:
            draft.id = None if is_missing(value) else str(self.encode(value))
        elif place is _EXTERNAL_ID:
            draft.external_id = key_text(value) if self.foreign or identifies(value) else None
        elif place is _DELETED:
            draft.deleted = draft.deleted or bool(self.encode(value))
        elif place is _MATCH:
            draft.match_only[self.name] = value
        elif place is _RETIRED:
            self.encode(value)
        else:
            extras[self.name] = value

    def empty(self, draft: Draft) -> None:
        """Add a null to the draft, or record that it cannot be written."""
        place = self.place
        if place is _CUSTOM:
            draft.custom[self.name] = None
        elif place is _PART:
            put_part(draft.custom, self.name, self.part or "value", None, derived=self.derived)
        elif place is _BODY:
            if self.empties is KEPT:
                draft.emptied += (self.name,)
            else:
                draft.body[self.name] = [] if self.empties == [] else self.empties

    def _refers(self, place: dict[str, object], draft: Draft, value: object) -> bool:
        """Return whether the value is an external id or empty; it is resolved later."""
        if self.by_id and type(value) is int:
            return False
        entity = self.entity or ""
        value = {self.key: value} if self.key else from_json_text(value)
        if self.many:
            return self._many(place, draft, value)
        external = external_key(value)
        if is_blank_key(entity, value) or (external is not NO_KEY and is_missing(external)):
            self.empty(draft)
            return True
        if self.place is Place.CUSTOM and isinstance(value, str) and not self.foreign:
            value = by_text(entity, value)
        named = natural_key(entity, value) if external is NO_KEY and not self.foreign else None
        if named is not None:
            refer_by_key(by_natural_key(self.name, entity, *named, place, self.source), draft)
            return True
        if external is NO_KEY:
            external = self.encode(value) if self.foreign else None  # v1 rows embed the rows they reference
            if external is None:
                return False
        draft.references.append(
            Reference(
                column=self.name,
                entity=entity,
                external_id=f"{self.prefix}{key_text(external)}",
                place=place,
                optional=self.foreign
                and (entity == "users" or bool(self.prefix) or self.place is Place.CUSTOM),
                soft=self.place is Place.CUSTOM and entity != "users",
                word=self.word,
            )
        )
        return True

    def _many(self, place: dict[str, object], draft: Draft, value: object) -> bool:
        """Return whether the list contains external ids."""
        entity = self.entity or ""
        if self.foreign:
            ids = self.encode(value)
            external = list(ids) if isinstance(ids, list) else []
            optional = entity == "users" or bool(self.prefix)
            refer_all(self.name, entity, external, place, draft, self.prefix, optional=optional)
            return True
        entries = value if isinstance(value, list) else [value]
        keys = [external_key(one) for one in entries]
        named = [natural_key(entity, one) for one in entries]
        if all(key is NO_KEY for key in keys) and not any(named):
            return False
        slots: list[object] = []
        for key, name, entry in zip(keys, named, entries, strict=True):
            encoded = self.encode([entry]) if key is NO_KEY and name is None else None
            slots += encoded if isinstance(encoded, list) else [None]
        refer_some(self.name, entity, keys, slots, place, draft)
        refer_named(self.name, entity, named, slots, draft, self.source)
        return True


def column_binding(
    source: str,
    place: Place,
    column: Column,
    *,
    foreign: bool,
    empties: object = KEPT,
    entity: str | None = None,
    prefix: str = "",
    keys: UnknownKeys = STRICT,
) -> Binding:
    """Return the binding of a column in the action's specification.

    Args:
        source: name in the record.
        place: part of the write that it fills.
        column: the column.
        foreign: True if plain ids belong to another account.
        empties: value that empties the column, or KEPT.
        entity: the referenced entity, if the column's name does not imply it.
        prefix: prefix of an external id.
        keys: handles unknown keys of objects.
    """
    kind = column.kind
    many = kind.name == "list" and (column.name in LIST_REFERENCES or entity is not None)
    if entity is None and column.name == "label_ids" and kind.items is not None and kind.items.name != "uuid":
        many = False  # labels of deals, persons and organizations are options, not rows
    entity = entity or (LIST_REFERENCES.get(column.name) if many else REFERENCES.get(column.name))
    plain = encode.encoder(kind, keys)
    if kind.name == "uuid" and not foreign:
        plain = _lower(plain)
    return Binding(
        source=source,
        place=place,
        name=column.name,
        encode=_embedded(plain, _instead(column.name, entity)) if entity and not many else plain,
        empties=empties,
        entity=entity,
        foreign=foreign,
        many=many,
        prefix=prefix,
    )


def _lower(plain: Encoder) -> Encoder:
    """Return an encoder of ids that some databases write in capitals, such as UUIDs."""
    return lambda value: str(plain(value)).lower()


def _instead(column: str, entity: str) -> str:
    """Return the columns that names of rows belong in, which are looked up before the write."""
    base = entity.removesuffix("s") if column == "id" else column.removesuffix("_id")
    return " or ".join(f"{base}_{key}" for key in SEARCHED_KEYS.get(entity, ()))


def _embedded(plain: Encoder, instead: str) -> Encoder:
    """Return an encoder that also accepts ids in embedded objects, such as `{"id": 5}` or in v1 rows."""

    def encoded(value: object) -> object:
        if type(value) is int:
            return plain(value)
        value = from_json_text(value)
        if isinstance(value, str) and instead:
            try:
                return plain(value)
            except RecordFault as fault:
                raise RecordFault(f"{fault}; other texts belong in {instead}") from None
        if not isinstance(value, Mapping):
            return plain(value)
        named = {str(name).casefold(): one for name, one in value.items()}
        if named.keys().isdisjoint({"id", "value"}):
            raise RecordFault('must be an id, {"external_id": …} or a natural key, not another object')
        row_id = named.get("id", named.get("value"))
        return None if is_missing(row_id) else plain(row_id)

    return encoded


def custom_binding(source: str, column: FieldColumn, encoder: Encoder, *, foreign: bool) -> Binding:
    """Return the binding of a custom field's column."""
    definition = column.definition
    return Binding(
        source=source,
        place=Place.CUSTOM if column.part is None else Place.PART,
        name=definition.key,
        encode=encoder,
        empties=None,
        part=column.part,
        derived=is_derived(definition),
        entity=ENTITY_OF_TYPE.get(definition.field_type),
        foreign=foreign,
    )


def retired_binding(source: str, retired: RetiredInput) -> Binding:
    """Return the binding of a retired input: neutral values are accepted and not sent."""

    def check(value: object) -> object:
        if str(scalars.text(value)).strip().casefold().removesuffix(".0") not in retired.neutral:
            raise RecordFault(retired_reason(retired))
        return None

    return Binding(source=source, place=Place.RETIRED, name=source, encode=check)


def retired_reason(retired: RetiredInput) -> str:
    """Return how to fix an input that the current API does not support."""
    return (
        f"is not supported by today's API: {retired.advice}. Remove it, or set retired_inputs to ignore to "
        "leave it out"
    )
