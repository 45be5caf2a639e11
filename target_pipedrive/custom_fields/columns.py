"""Lookup of the custom field of a column: by the tap's SCHEMA, key, label or column name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipedrive_client.fields import HASH_KEY
from pipedrive_singer.column_names import column_name
from target_pipedrive.custom_fields.options import label_key
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values.compound import ZONE_NUMBER
from target_pipedrive.values.identity import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipedrive_client.fields import FieldDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldColumn:
    """Field and part that the values of a column fill.

    Attributes:
        definition: the custom field.
        part: key inside a composite value; None for a plain value or for the whole object.
    """

    definition: FieldDefinition
    part: str | None = None


def new_label(name: str) -> str:
    """Return the label that a new field for a column gets; empty if the column's name is blank."""
    return " ".join(clean(name.replace("_", " ")).split()).capitalize()


def by_origin(fields: Iterable[FieldDefinition], origin: Mapping[str, object]) -> FieldColumn | None:
    """Return the field the tap read the column from, or the field with the same name in another account."""
    part = origin.get("part")
    same_key = [one for one in fields if one.key == origin.get("key")]
    namesakes = [
        one for one in fields if one.name == origin.get("name") and one.field_type == origin.get("field_type")
    ]
    found = same_key or namesakes
    if len(found) != 1:
        return None
    return FieldColumn(definition=found[0], part=part if isinstance(part, str) else None)


def by_name(fields: list[FieldDefinition], name: str) -> FieldColumn | None:
    """Return the field with this key, label or column name, also with a part's suffix; None if ambiguous.

    Raises:
        RecordFault: several fields have this label.
    """
    key = name.casefold()
    if HASH_KEY.fullmatch(key[:40]):
        for one in fields:
            if one.key == key[:40]:
                return _with_part(one, key[41:])
    exact = [one for one in fields if one.name.strip().casefold() == key.strip()]
    exact = exact or [one for one in fields if label_key(one.name) == label_key(key) != ""]
    if len(exact) > 1:
        keys = ", ".join(one.key for one in exact)
        raise RecordFault(f"{name} is the label of {len(exact)} fields; use one of their keys: {keys}")
    if exact:
        return _with_part(exact[0], "")
    for found in (_named(fields, key, with_key=False), _named(fields, key, with_key=True)):
        if len(found) == 1:
            return found[0]
    return None if name.startswith("_") else _created_for(fields, name)


def _created_for(fields: list[FieldDefinition], name: str) -> FieldColumn | None:
    """Return the field that an earlier run created for this column, or None."""
    label = label_key(new_label(name))
    found = [one for one in fields if label and label_key(one.name) == label]
    return _with_part(found[0], "") if len(found) == 1 else None


def _named(fields: list[FieldDefinition], name: str, *, with_key: bool) -> list[FieldColumn]:
    """Return the fields with this column name, also with a part of the key or the suffix of a part."""
    found = []
    for one in fields:
        base = column_name(one)
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
    """Return the column of a field and the suffix of a part; None if the field has no such part."""
    if not definition.parts:
        plain = not suffix or (suffix == "id" and definition.kind in {"option", "options"})
        return FieldColumn(definition=definition) if plain else None
    for part in definition.parts:
        if suffix in {part.suffix, part.key if part.suffix else ""}:
            return FieldColumn(definition=definition, part=part.key)
    if suffix == ZONE_NUMBER and definition.field_type in {"time", "timerange"}:
        return FieldColumn(definition=definition, part=ZONE_NUMBER)
    return None
