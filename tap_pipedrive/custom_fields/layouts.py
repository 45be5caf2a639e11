"""Layouts of custom field values in rows, in v1 and v2, and their conversion to columns.

Everything that can be decided once per stream is decided here; the loops over rows only read and write keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from pipedrive_client.fields import HASH_KEY, V1_SUFFIXES
from tap_pipedrive.catalog.spec import RowForm
from tap_pipedrive.settings import FieldMode, OptionMode
from tap_pipedrive.values.conversions import option_id, option_ids, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pipedrive_client.fields import Part
    from tap_pipedrive.custom_fields.columns import FieldColumn
    from tap_pipedrive.custom_fields.unresolved import UnresolvedValue
    from tap_pipedrive.values.row import Row

Step: TypeAlias = "tuple[str, str, Callable[[object], object] | None]"
Unlisted: TypeAlias = "Callable[[str, str, object], str]"
"""Function that returns the label of an option missing in its definition: (field key, column, option id)."""
ZONE_NAME, ZONE_NUMBER = "timezone_name", "timezone_id"
_NO_KEYS: Mapping[str, UnresolvedValue] = {}


def flattener(
    fields: Iterable[FieldColumn],
    *,
    mode: FieldMode,
    options: OptionMode,
    form: RowForm,
    unlisted: Unlisted | None = None,
    unresolved: Mapping[str, UnresolvedValue] = _NO_KEYS,
) -> Callable[[list[Row]], None]:
    """Return a function that replaces the custom field values of rows by columns, in place.

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
    """Columns of the v2 layout by field key, grouped by how their values are unpacked.

    Attributes:
        plain: column of each field that is one value.
        labelled: columns of labels and of ids, and the options.
        composite: columns of the parts.
        kinds: kind of each value that is not composite, see `FieldDefinition.kind`.
        nulls: all columns.
        ignored: keys without a definition whose values were all null.
        unlisted: called for options that are missing in their definition.
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
        """Return the plan of these columns."""
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


def part_keys(parts: Iterable[tuple[object, Part]]) -> frozenset[str]:
    """Return the keys of a composite value whose content is in columns."""
    keys = {part.key for _, part in parts}
    return frozenset(keys | {ZONE_NUMBER} if ZONE_NAME in keys else keys)


def parts_left(key: str, whole: Mapping[str, object], known: frozenset[str]) -> dict[str, object]:
    """Return, under the key of the field, the parts of a composite value that no column has.

    The number of a time zone is one of them only without a name, since Pipedrive explains no number.
    """
    unnamed = whole.get(ZONE_NUMBER) if whole.get(ZONE_NAME) is None else None
    if unnamed is None and whole.keys() <= known:
        return {}
    left = {name: whole[name] for name in whole if name not in known}
    if unnamed is not None:
        left[ZONE_NUMBER] = unnamed
    return {key: left}


def _nested_form(plan: NestedPlan) -> Callable[[list[Row]], None]:
    """Return the v2 function. Most values are null, so rows start with nulls and only values are visited."""
    plain, labelled, composite, nulls = plan.plain, plan.labelled, plan.composite, plan.nulls
    known = {key: part_keys(parts) for key, parts in composite.items()}

    def flatten(rows: list[Row]) -> None:
        for row in rows:
            values = row.pop("custom_fields", None)
            row.update(nulls)
            if not isinstance(values, dict):
                if values:
                    row["custom_fields"] = values  # named as a column that is not known
                continue
            left: Row = {}
            for key, value in values.items():
                if value is None:
                    continue
                if column := plain.get(key):
                    row[column] = value
                elif key in composite:
                    whole = value if isinstance(value, dict) else {"value": value}
                    row.update({name: whole.get(part.key) for name, part in composite[key]})
                    left.update(parts_left(key, whole, known[key]))
                elif key in labelled:
                    name, twin, choice = labelled[key]
                    row[name] = choice.read_labels(value)
                    if twin:
                        row[twin] = choice.read_ids(value)
            if left:
                row["custom_fields"] = left  # named as a column that is not known

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
    """Options of a field.

    Attributes:
        label: labels of an id, or of a list of ids, as Pipedrive publishes the value.
    """

    def __init__(self, column: FieldColumn, unlisted: Unlisted | None) -> None:
        one = _Labels(column, unlisted).__getitem__
        single = column.definition.kind == "option"
        self._ids: Callable[[object], object] = option_id if single else option_ids
        self.label: Callable[[Any], object] = one if single else lambda ids: list(map(one, ids))

    def read_ids(self, value: object) -> object:
        """Return ids from any form; other values do not change, and the column's type decides."""
        ids = self._ids(value)
        return value if ids is None else ids

    def read_labels(self, value: object) -> object:
        """Return labels from any form of ids; other values do not change, and the column's type decides."""
        ids = self._ids(value)
        return value if ids is None else self.label(ids)


def _flat_form(
    columns: list[FieldColumn],
    mode: FieldMode,
    options: OptionMode,
    unlisted: Unlisted | None,
    unresolved: Mapping[str, UnresolvedValue],
) -> Callable[[list[Row]], None]:
    """Return the v1 function: hash keys at the top level, parts under suffixed keys."""
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
    """Return a time zone of v1, by number or name."""
    return None if value is None else text(value)


def _embedded_id(value: object) -> object:
    """Return the id of a related object, which v1 has instead of the id."""
    return value.get("value", value.get("id", value)) if isinstance(value, dict) else value


def _flat_steps(column: FieldColumn, options: OptionMode, unlisted: Unlisted | None) -> list[Step]:
    """Yield (v1 key, column, decoder) for every column of a field."""
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
