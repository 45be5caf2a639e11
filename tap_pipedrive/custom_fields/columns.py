"""Custom fields as typed columns with readable names.

A definition becomes one column (a composite one several), named from the field's label. Names are assigned
once and stored in the stream's state: a renamed field keeps its column, and the column of a deleted field
stays, with nulls.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipedrive_client.fields import V1_SUFFIXES, FieldDefinition
from pipedrive_singer.column_names import SHORT_KEY, column_name
from tap_pipedrive.catalog.spec import RowForm
from tap_pipedrive.settings import FieldMode, OptionMode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_pipedrive.catalog.spec import JSON

_TYPES: dict[str, dict[str, JSON]] = {
    "str": {"type": ["string", "null"]},
    "num": {"type": ["number", "null"]},
    "int": {"type": ["integer", "null"]},
    "bool": {"type": ["boolean", "null"]},
    "date": {"type": ["string", "null"], "format": "date"},
    "clock": {"type": ["string", "null"]},
}
_TEXTS: dict[str, JSON] = {"type": ["array", "null"], "items": {"type": ["string", "null"]}}
_NUMBERS: dict[str, JSON] = {"type": ["array", "null"], "items": {"type": ["integer", "null"]}}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldColumn:
    """A custom field and the assigned name of its column.

    Attributes:
        name: name of the main column; parts append `_<suffix>`.
        definition: Pipedrive's definition of the field; for a deleted field, the last one.
    """

    name: str
    definition: FieldDefinition

    def part_name(self, suffix: str) -> str:
        """Return the name of the column for the part with this suffix."""
        return f"{self.name}_{suffix}" if suffix else self.name

    def memo(self) -> list[JSON]:
        """Return the entry in the state: [column, field type, label]."""
        return [self.name, self.definition.field_type, self.definition.name]


def assign_columns(
    definitions: Iterable[FieldDefinition],
    *,
    remembered: Mapping[str, list[JSON]],
    reserved: Iterable[str],
    mode: FieldMode,
    options: OptionMode,
) -> list[FieldColumn]:
    """Return the columns of an entity's custom fields.

    Args:
        definitions: custom fields that exist today, in Pipedrive's order.
        remembered: memos by key, from the state: their names are kept, whatever the field is called
            now, and a deleted field keeps its column.
        reserved: names of the stream's own columns.
        mode: `named` gives readable names, every other mode the keys themselves.
        options: decides whether an option column has an `_id` twin, which claims a name too.

    Returns:
        Today's fields first, then remembered ones that no longer exist. All names of all parts
        are distinct, and distinct from `reserved`. Names that clash all take a piece of their key,
        so that none depends on the order in which Pipedrive lists the fields. A remembered name is given
        up only where it clashes: with a column that the stream has got since, or as `options` has changed.
    """
    current = list(definitions)
    keys = {definition.key for definition in current}
    gone = [
        FieldDefinition(key=key, name=str(memo[2]), field_type=str(memo[1]))
        for key, memo in remembered.items()
        if key not in keys
    ]
    if mode is not FieldMode.NAMED:
        return [FieldColumn(name=definition.key, definition=definition) for definition in current + gone]

    taken = set(reserved)
    kept = [definition for definition in current + gone if definition.key in remembered]
    fresh = [definition for definition in current if definition.key not in remembered]
    names = _kept_names(kept, remembered, taken, options) | _new_names(fresh, taken, options)
    return [FieldColumn(name=names[definition.key], definition=definition) for definition in current + gone]


def _kept_names(
    kept: Iterable[FieldDefinition],
    remembered: Mapping[str, list[JSON]],
    taken: set[str],
    options: OptionMode,
) -> dict[str, str]:
    """Return the remembered names by key, changed where one is taken; adds all their columns to `taken`."""

    def claimed(definition: FieldDefinition) -> list[str]:
        return _claims(str(remembered[definition.key][0]), definition, options)

    names = {}
    for definition in sorted(kept, key=lambda one: len(claimed(one))):
        name = str(remembered[definition.key][0])
        if taken.intersection(claimed(definition)):
            name = _with_key(name, definition, taken, options)
        names[definition.key] = name
        taken.update(_claims(name, definition, options))
    return names


def _new_names(fresh: Iterable[FieldDefinition], taken: set[str], options: OptionMode) -> dict[str, str]:
    """Return names of new fields by key; those that clash contain a part of their key. Adds to `taken`."""
    wanted = [(definition, column_name(definition)) for definition in fresh]
    claims = Counter(one for new, name in wanted for one in set(_claims(name, new, options)))
    names = {}
    for definition, wish in wanted:
        mine = _claims(wish, definition, options)
        if not wish or wish.startswith("_sdc") or any(claims[one] > 1 or one in taken for one in mine):
            name = _with_key(wish or "custom_field", definition, taken, options)
        else:
            name = wish
        names[definition.key] = name
        taken.update(_claims(name, definition, options))
    return names


def _with_key(name: str, definition: FieldDefinition, taken: set[str], options: OptionMode) -> str:
    for length in range(SHORT_KEY, len(definition.key) + 1):
        candidate = f"{name.lstrip('_')}_{definition.key[:length]}"
        if not taken.intersection(_claims(candidate, definition, options)):
            return candidate
    return f"{name.lstrip('_')}_{definition.key}"


def _claims(name: str, definition: FieldDefinition, options: OptionMode) -> list[str]:
    """Return every column name that a field of this name needs."""
    if definition.parts:
        parts = [f"{name}_{part.suffix}" if part.suffix else name for part in definition.parts]
        if definition.field_type in ("time", "timerange"):
            parts.append(f"{name}_timezone_id")
        return parts
    if options is OptionMode.BOTH and definition.kind in ("option", "options"):
        return [name, f"{name}_id"]
    return [name]


def column_properties(
    fields: Iterable[FieldColumn], *, mode: FieldMode, options: OptionMode, form: RowForm
) -> dict[str, JSON]:
    """Return JSON-schema properties of the custom columns, with the field under `x-pipedrive`."""
    if mode is FieldMode.OFF:
        return {}
    if mode is FieldMode.NESTED:
        return {
            "custom_fields": {
                "type": ["object", "null"],
                "additionalProperties": True,
                "description": "Custom field values by key, as Pipedrive sends them.",
            }
        }
    found: dict[str, JSON] = {}
    for column in fields:
        definition = column.definition
        origin: dict[str, JSON] = {
            "key": definition.key,
            "name": definition.name,
            "field_type": definition.field_type,
        }
        if definition.parts:
            for part in definition.parts:
                suffix, kind = part.suffix, part.kind
                if form is RowForm.V1 and suffix in V1_SUFFIXES:
                    suffix, kind = V1_SUFFIXES[suffix], "str"
                found[column.part_name(suffix)] = _property(
                    _TYPES[kind], {**origin, "part": part.key}, definition.name
                )
            continue
        kind = definition.kind
        if kind in ("option", "options"):
            labels, ids = (_TYPES["str"], _TYPES["int"]) if kind == "option" else (_TEXTS, _NUMBERS)
            main = ids if options is OptionMode.ID else labels
            found[column.name] = _property(main, {**origin, "value": _holds(options)}, definition.name)
            if options is OptionMode.BOTH:
                found[f"{column.name}_id"] = _property(ids, {**origin, "value": "id"}, definition.name)
        else:
            found[column.name] = _property(_TYPES[kind], origin, definition.name)
    return found


def _holds(options: OptionMode) -> str:
    return "id" if options is OptionMode.ID else "label"


def _property(kind: Mapping[str, JSON], origin: dict[str, JSON], label: str) -> dict[str, JSON]:
    part = origin.get("part")
    description = f"Custom field “{label}”" + (f", {part}." if part and part != "value" else ".")
    return {**kind, "description": description, "x-pipedrive": origin}
