"""Custom fields as typed columns whose names a person can read.

A definition becomes one column (a composite one several), named from the field's label. Names are
given once and kept: they are remembered in the stream's state, so a renamed field keeps its column
and a deleted field's column stays, with nulls.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from anyascii import anyascii

from pipedrive_client.fields import (
    HASH_KEY,
    LONGEST_COLUMN,
    SHORT_KEY,
    V1_SUFFIXES,
    FieldDefinition,
    Part,
)
from tap_pipedrive.catalog.spec import RowForm
from tap_pipedrive.rows.conversions import option_id, option_ids
from tap_pipedrive.settings import FieldMode, OptionMode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tap_pipedrive.catalog.spec import JSON
    from tap_pipedrive.rows.unresolved import UnresolvedValue

Row: TypeAlias = "dict[str, object]"
Step: TypeAlias = "tuple[str, str, Callable[[object], object] | None]"
Unlisted: TypeAlias = "Callable[[str, str, object], str]"
"""Gives the label of an option that a definition lacks, by field key, column and option id."""
_NO_KEYS: Mapping[str, UnresolvedValue] = {}
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
    """A custom field and the name its column was given.

    Attributes:
        name: name of the main column; parts append `_<suffix>`.
        definition: what Pipedrive says of the field; for a deleted field, what it last said.
    """

    name: str
    definition: FieldDefinition

    def part_name(self, suffix: str) -> str:
        """Name of the column that holds the part with this suffix."""
        return f"{self.name}_{suffix}" if suffix else self.name

    def memo(self) -> list[JSON]:
        """What the state keeps: [column, field type, label]."""
        return [self.name, self.definition.field_type, self.definition.name]


def slug(label: str, room: int = LONGEST_COLUMN) -> str:
    """A column name from a field's label: lower-case ASCII words joined by underscores, or empty.

    Args:
        label: the field's label.
        room: characters it may have.
    """
    name = "_".join(re.findall(r"[a-z0-9]+", anyascii(label).lower()))
    return (f"_{name}" if name[:1].isdigit() else name)[:room].rstrip("_")


def assign_columns(
    definitions: Iterable[FieldDefinition],
    *,
    remembered: Mapping[str, list[JSON]],
    reserved: Iterable[str],
    mode: FieldMode,
    options: OptionMode,
) -> list[FieldColumn]:
    """The columns of an entity's custom fields.

    Args:
        definitions: custom fields that exist today, in Pipedrive's order.
        remembered: memos by key, from the state: their names are kept, whatever the field is called
            now, and a field that is gone keeps its column.
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

    names: dict[str, str] = {}
    taken = set(reserved)

    def claimed(definition: FieldDefinition) -> list[str]:
        return _claims(str(remembered[definition.key][0]), definition, options)

    kept = [definition for definition in current + gone if definition.key in remembered]
    for definition in sorted(kept, key=lambda one: len(claimed(one))):
        name = str(remembered[definition.key][0])
        if taken.intersection(claimed(definition)):
            name = _with_key(name, definition, taken, options)
        names[definition.key] = name
        taken.update(_claims(name, definition, options))
    fresh = [definition for definition in current if definition.key not in names]
    wanted = {definition.key: slug(definition.name, definition.column_room) for definition in fresh}
    claims = Counter(name for new in fresh for name in set(_claims(wanted[new.key], new, options)))
    for definition in fresh:
        name = wanted[definition.key]
        mine = _claims(name, definition, options)
        if not name or name.startswith("_sdc") or any(claims[one] > 1 or one in taken for one in mine):
            names[definition.key] = _with_key(name or "custom_field", definition, taken, options)
        else:
            names[definition.key] = name
        taken.update(_claims(names[definition.key], definition, options))
    return [FieldColumn(name=names[definition.key], definition=definition) for definition in current + gone]


def _with_key(name: str, definition: FieldDefinition, taken: set[str], options: OptionMode) -> str:
    for length in range(SHORT_KEY, len(definition.key) + 1):
        candidate = f"{name.lstrip('_')}_{definition.key[:length]}"
        if not taken.intersection(_claims(candidate, definition, options)):
            return candidate
    return f"{name.lstrip('_')}_{definition.key}"


def _claims(name: str, definition: FieldDefinition, options: OptionMode) -> list[str]:
    """Every column name a field of this name needs."""
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
    """JSON-schema properties of the custom columns; each names its field under `x-pipedrive`."""
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


def flattener(
    fields: Iterable[FieldColumn],
    *,
    mode: FieldMode,
    options: OptionMode,
    form: RowForm,
    unlisted: Unlisted | None = None,
    unresolved: Mapping[str, UnresolvedValue] = _NO_KEYS,
) -> Callable[[list[Row]], None]:
    """A function that replaces the custom field values of rows by columns, in place.

    Everything that can be decided once per stream is decided here; the loop over rows only reads
    and writes keys.
    """
    columns = list(fields)
    if form is RowForm.V2:
        if mode is FieldMode.NESTED:
            return lambda _rows: None
        if mode is FieldMode.OFF:

            def drop(rows: list[Row]) -> None:
                for row in rows:
                    row.pop("custom_fields", None)

            return drop
        return _nested_form(NestedPlan.of(columns, options, unlisted, unresolved))
    return _flat_form(columns, mode, options, unlisted, unresolved)


@dataclass(slots=True)
class NestedPlan:
    """Where the values of the v2 layout go: columns by field key, apart by how they are unpacked.

    Attributes:
        plain: column of each field that is one value.
        labelled: columns of labels and of ids, and the options.
        composite: columns of the parts.
        kinds: what each value that is no composite is, see `FieldDefinition.kind`.
        nulls: all columns.
        ignored: keys that no definition explains, which have had nulls only.
        unlisted: asked for options that a definition lacks.
    """

    plain: dict[str, str] = field(default_factory=dict)
    labelled: dict[str, tuple[str, str | None, Options | UnresolvedValue]] = field(default_factory=dict)
    composite: dict[str, list[tuple[str, Part]]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    nulls: dict[str, object] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    unlisted: Unlisted | None = None

    @classmethod
    def of(
        cls,
        columns: Iterable[FieldColumn],
        options: OptionMode,
        unlisted: Unlisted | None = None,
        unresolved: Mapping[str, UnresolvedValue] = _NO_KEYS,
        ignored: Iterable[str] = (),
    ) -> NestedPlan:
        """The plan of these columns."""
        plan = cls(unlisted=unlisted, ignored=[*ignored])
        for column in columns:
            plan.take(column, options)
        for key, value in unresolved.items():
            plan.labelled[key] = (value.column, None, value)
            plan.nulls[value.column] = None
        return plan

    @property
    def keys(self) -> list[str]:
        """Keys of all fields, sorted."""
        return sorted([*self.plain, *self.labelled, *self.composite, *self.ignored])

    def take(self, column: FieldColumn, options: OptionMode) -> None:
        """Add a field's columns."""
        definition = column.definition
        if definition.parts:
            names = [(column.part_name(part.suffix), part) for part in definition.parts]
            self.composite[definition.key] = names
            self.nulls |= dict.fromkeys(name for name, _ in names)
            return
        self.kinds[definition.key] = definition.kind
        if definition.kind in ("option", "options") and options is not OptionMode.ID:
            twin = f"{column.name}_id" if options is OptionMode.BOTH else None
            self.labelled[definition.key] = (column.name, twin, Options(column, self.unlisted))
            self.nulls |= dict.fromkeys([column.name, twin] if twin else [column.name])
        else:
            self.plain[definition.key] = column.name
            self.nulls[column.name] = None


def _nested_form(plan: NestedPlan) -> Callable[[list[Row]], None]:
    """The v2 layout. Most values are null, so rows start from nulls and only values are visited."""
    plain, labelled, composite, nulls = plan.plain, plan.labelled, plan.composite, plan.nulls

    def flatten(rows: list[Row]) -> None:
        for row in rows:
            values = row.pop("custom_fields", None)
            row.update(nulls)
            if not isinstance(values, dict):
                if values:
                    row["custom_fields"] = values  # named as a column that is not known
                continue
            for key, value in values.items():
                if value is None:
                    continue
                if column := plain.get(key):
                    row[column] = value
                elif key in composite:
                    whole = value if isinstance(value, dict) else {"value": value}
                    for name, part in composite[key]:
                        row[name] = whole.get(part.key)
                elif key in labelled:
                    name, twin, choice = labelled[key]
                    row[name] = choice.read_labels(value)
                    if twin:
                        row[twin] = choice.read_ids(value)

    return flatten


class _Labels(dict[object, str]):
    """Labels by option id; an id without a definition (a deleted option) shows as its number."""

    def __init__(self, column: FieldColumn, unlisted: Unlisted | None) -> None:
        definition = column.definition
        super().__init__({key: label or str(key) for key, label in definition.options.items()})
        self._ask = partial(unlisted, definition.key, column.name) if unlisted else str

    def __missing__(self, key: object) -> str:
        return self._ask(key)


class Options:
    """The options of a field.

    Attributes:
        label: labels of an id, or of a list of ids, as Pipedrive publishes the value.
    """

    def __init__(self, column: FieldColumn, unlisted: Unlisted | None) -> None:
        one = _Labels(column, unlisted).__getitem__
        single = column.definition.kind == "option"
        self._ids: Callable[[object], object] = option_id if single else option_ids
        self.label: Callable[[Any], object] = one if single else lambda ids: list(map(one, ids))

    def read_ids(self, value: object) -> object:
        """Ids from any form; what holds none stays, and its column's type decides."""
        ids = self._ids(value)
        return value if ids is None else ids

    def read_labels(self, value: object) -> object:
        """Labels from any form of ids; what holds none stays, and its column's type decides."""
        ids = self._ids(value)
        return value if ids is None else self.label(ids)


def _flat_form(
    columns: list[FieldColumn],
    mode: FieldMode,
    options: OptionMode,
    unlisted: Unlisted | None,
    unresolved: Mapping[str, UnresolvedValue],
) -> Callable[[list[Row]], None]:
    """The v1 layout: hash keys at the top level, parts under suffixed keys."""
    steps = [step for column in columns for step in _flat_steps(column, options, unlisted)]
    steps += [(key, value.column, value.label) for key, value in unresolved.items()]
    sources = list(dict.fromkeys(source for source, _, _ in steps))

    def flatten(rows: list[Row]) -> None:
        for row in rows:
            values = {source: row.pop(source) for source in sources if source in row}
            for source, column, decode in steps:
                value = values.get(source)
                row[column] = value if value is None or decode is None else decode(value)

    def nest(rows: list[Row]) -> None:
        for row in rows:
            keys = [key for key in row if HASH_KEY.match(key)]
            row["custom_fields"] = {key: row.pop(key) for key in keys}

    def drop(rows: list[Row]) -> None:
        for row in rows:
            for key in [key for key in row if HASH_KEY.match(key)]:
                del row[key]

    return {FieldMode.NESTED: nest, FieldMode.OFF: drop}.get(mode, flatten)


def _zone(value: object) -> object:
    """A time zone of v1, by number or name."""
    return None if value is None else str(value)


def _embedded_id(value: object) -> object:
    """The id of a related object, which v1 has in its place."""
    return value.get("value", value.get("id", value)) if isinstance(value, dict) else value


def _flat_steps(column: FieldColumn, options: OptionMode, unlisted: Unlisted | None) -> list[Step]:
    """(v1 key, column, decoder) for every column of a field."""
    definition = column.definition
    if definition.parts:
        steps: list[Step] = []
        for part in definition.parts:
            suffix = V1_SUFFIXES.get(part.suffix, part.suffix)
            source = f"{definition.key}_{suffix}" if suffix else definition.key
            decode = _zone if suffix == "timezone_id" else None
            steps.append((source, column.part_name(suffix), decode))
        return steps
    if definition.kind not in ("option", "options"):
        return [(definition.key, column.name, _embedded_id if definition.kind == "int" else None)]
    choice = Options(column, unlisted)
    if options is OptionMode.ID:
        return [(definition.key, column.name, choice.read_ids)]
    labelled = (definition.key, column.name, choice.read_labels)
    if options is OptionMode.LABEL:
        return [labelled]
    return [labelled, (definition.key, f"{column.name}_id", choice.read_ids)]
