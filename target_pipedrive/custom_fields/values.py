"""Values of custom fields, complete and in parts, encoded for API v2 or v1."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipedrive_client.fields import COMPOSITES, V1_SUFFIXES
from target_pipedrive.catalog.notation import Kind
from target_pipedrive.values import encoders as encode
from target_pipedrive.values import scalars
from target_pipedrive.values.compound import ZONE_NAME, ZONE_NUMBER, Parts
from target_pipedrive.values.unknown_keys import STRICT

if TYPE_CHECKING:
    from pipedrive_client.fields import FieldDefinition, Part
    from target_pipedrive.values.encoders import Encoder
    from target_pipedrive.values.unknown_keys import UnknownKeys

_FORMATTED = "formatted_address"
_KINDS = {"num": "num", "int": "int", "bool": "bool", "date": "date", "clock": "clock", "str": "str"}
_RANGES = frozenset({"daterange", "timerange"})
_END = r"\s*(\d{4}-\d\d-\d\d|\d{1,3}:\d\d(?::\d\d)?)\s*"
_RANGE = re.compile(rf"{_END}(?:/|–|—|-|\.{{2,3}}|to|until){_END}")  # noqa: RUF001 - dashes of sheets
ENTITY_OF_TYPE: Mapping[str, str] = {"org": "organizations", "people": "persons", "user": "users"}
"""Type of a field with ids as values → entity of the referenced rows."""


def related(value: object) -> object:
    """Return the id of a user, organization or person, also from an embedded object."""
    if isinstance(value, dict):
        value = value.get("value", value.get("id"))
    return scalars.integer(value)


def main_part(definition: FieldDefinition, plain: Encoder, keys: UnknownKeys = STRICT) -> Encoder:
    """Return an encoder of the main part, which also accepts the complete object."""
    whole = composite(definition, keys)

    def encoded(value: object) -> object:
        value = _range(definition, scalars.from_json_text(value))
        return whole(value) if isinstance(value, dict) else plain(value)

    return encoded


def of_kind(kind: str) -> Encoder:
    """Return the encoder of one kind of part; a time of day includes seconds, as in Pipedrive."""
    plain = encode.encoder(Kind(name=_KINDS[kind]))
    if kind != "clock":
        return plain

    def with_seconds(value: object) -> object:
        text = plain(value)
        return f"{text}:00" if isinstance(text, str) and text.count(":") == 1 else text

    return with_seconds


def composite(definition: FieldDefinition, keys: UnknownKeys = STRICT) -> Encoder:
    """Return the encoder of a composite field: for an object of parts, or only the main part."""
    kinds = {part.key: part_encoder(part) for part in COMPOSITES[definition.field_type]}
    if ZONE_NAME in kinds:
        kinds[ZONE_NUMBER] = scalars.integer
    written = [name for name in kinds if name != _FORMATTED]

    def encoded(value: object) -> object:
        value = _range(definition, scalars.from_json_text(value))
        if not isinstance(value, dict):
            value = {"value": value}
        keys.check(value.keys() - kinds.keys(), written)
        given = encode.parts_of({name: value[name] for name in written if name in value}, kinds)
        if not given or ("value" in given and given["value"] is None):
            return None
        return Parts(given, derived=is_derived(definition))

    return encoded


def _range(definition: FieldDefinition, value: object) -> object:
    """Return both ends of a range in one text, such as `2026-01-01 - 2026-01-31`; other values unchanged."""
    match = _RANGE.fullmatch(value) if isinstance(value, str) and definition.field_type in _RANGES else None
    return value if match is None else {"value": match[1], "until": match[2]}


def part_encoder(part: Part) -> Encoder:
    """Return the encoder of one part of a composite value."""
    return scalars.currency if part.key == "currency" else of_kind(part.kind)


def is_derived(definition: FieldDefinition) -> bool:
    """Return whether the parts of a field describe its main part, as in an address."""
    return definition.field_type == "address"


def put_part(custom: dict[str, object], key: str, part: str, value: object, *, derived: bool) -> None:
    """Add one part of a composite value to those of other columns of the record."""
    whole = custom.get(key)
    parts = whole if isinstance(whole, Parts) else Parts({}, derived=derived)
    if isinstance(value, dict):
        parts.update(value)
    elif part != _FORMATTED:
        parts[part] = value
    custom[key] = parts


def complete_parts(custom: dict[str, object]) -> None:
    """Convert empty composite values to null, which empties the field."""
    for key, value in custom.items():
        if isinstance(value, Parts) and (not value or (value.main in value and value[value.main] is None)):
            custom[key] = None


def held_custom(
    row: Mapping[str, object], definition: FieldDefinition | None, key: str, *, flat: bool
) -> object:
    """Return a row's value of a custom field, in the v2 form.

    Args:
        row: row in the v2 form or, with `flat`, in the v1 form.
        definition: the field; None if it no longer exists.
        key: key of the field.
        flat: True if the row has custom fields at its top level, with parts under suffixed keys.
    """
    if not flat:
        nested = row.get("custom_fields")
        return nested.get(key) if isinstance(nested, dict) else None
    if definition is None or not definition.parts:
        return row.get(key)
    held: dict[str, object] = {}
    for part in definition.parts:
        suffix = V1_SUFFIXES.get(part.suffix, part.suffix)
        value = row.get(f"{key}_{suffix}" if suffix else key)
        if value is not None and part.key != _FORMATTED:
            held[part.key] = value
    return held or None


def _zone(value: object) -> object:
    """Return a time zone in the form of v1: its number if that is known, otherwise its name."""
    return int(value) if isinstance(value, str) and value.isdigit() else value


def flat_form(custom: Mapping[str, object], definitions: Mapping[str, FieldDefinition]) -> dict[str, object]:
    """Return custom field values in the form of v1: parts under suffixed keys, options as text."""
    flat: dict[str, object] = {}
    for key, value in custom.items():
        definition = definitions.get(key)
        if definition is None or value is None:
            flat[key] = value
        elif isinstance(value, Mapping):
            for part in definition.parts:
                suffix = V1_SUFFIXES.get(part.suffix, part.suffix)
                held = value.get(part.key)
                if suffix == ZONE_NUMBER:
                    held = _zone(value.get(ZONE_NUMBER, held))
                if held is not None:
                    flat[f"{key}_{suffix}" if suffix else key] = held
        elif definition.kind == "options" and isinstance(value, list):
            flat[key] = ",".join(str(one) for one in value)
        elif definition.kind == "option":
            flat[key] = str(value)
        else:
            flat[key] = value
    return flat
