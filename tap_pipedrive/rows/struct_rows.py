"""Rows of v2 lists decoded into structs: a slot per column costs less than a dictionary's entry.

Most of the cost of a record is decoding, naming its custom fields, and encoding; structs need two thirds
of the instructions for it. Between the client and the writer, such rows are only read with `get`, like
dictionaries. A page that does not fit the columns is decoded into dictionaries instead, so the result does
not depend on this optimization.
"""

from __future__ import annotations

import re
from collections.abc import Mapping  # noqa: TC003  msgspec reads the annotations of structs
from datetime import date
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeAlias, cast

import msgspec
from msgspec import UNSET, UnsetType

from pipedrive_client.http.json_keys import body_decoder, decode_body
from tap_pipedrive.custom_fields.layouts import ZONE_NAME, ZONE_NUMBER, part_keys, parts_left
from tap_pipedrive.rows.deviations import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipedrive_client.fields import Part
    from tap_pipedrive.custom_fields.layouts import NestedPlan
    from tap_pipedrive.rows.row_columns import RowColumns

    _Field: TypeAlias = tuple[str, Any] | tuple[str, Any, Any]
    _Part: TypeAlias = tuple[str, str, tuple[type, ...], Callable[[object], object]]
    _Composite: TypeAlias = tuple[str, str, frozenset[str], bool, list[_Part]]

_CUSTOM = "custom_fields"
_MOST_DOUBLINGS = 4
_MOST_REMEMBERED = 4096
_MOST_UNKNOWN = 50
"""Maximum number of unknown keys of a layout; pages with more are decoded into dictionaries."""
_UNKNOWN_KEY = re.compile(r"unknown field `([^`]+)` - at `\$\[\.\.\.\]\[\d+\]`$")
_OTHER_TYPE = re.compile(r" - at `\$\[\.\.\.\]\[\d+\]\.([^.\[`]+)")
_TYPES: Mapping[str, Any] = {
    "num": int | float,
    "int": int,
    "bool": bool,
    "str": str,
    "date": date,  # written as it came
    "option": int,
    "options": list[int],
}
"""Published class of a value, by kind; a page with another class is decoded into dictionaries."""
_PART_CLASSES: Mapping[str, tuple[type, ...]] = {
    "num": (int, float),
    "str": (str,),
    "clock": (str,),
}
"""Classes of the parts of a composite that need no conversion; dates are checked."""
_encode = msgspec.json.Encoder().encode
_MADE = Annotated[int, msgspec.Meta(gt=0, lt=0)]
"""Type of columns that no row has: any value is an error of decoding."""


class TypedRow(msgspec.Struct, gc=False):
    """A row, and after `RowLayout.records` a record; each `RowLayout` makes a subclass.

    Attributes:
        slots: attribute of each column.
        owner: creator of the class.
    """

    slots: ClassVar[Mapping[str, str]] = {}
    owner: ClassVar[RowLayout]

    def get(self, column: str, default: object = None) -> object:
        """Return the row's value of a column as Pipedrive sent it, like `dict.get`."""
        slot = self.slots.get(column)
        value = getattr(self, slot) if slot else UNSET
        return default if value is UNSET else value


class TypedRows:
    """Decodes the pages of one read into structs, as long as their rows fit.

    A column with a value of another type, and a key that no column has, are taken into a new layout once; a
    page with anything else that does not fit the columns is decoded into dictionaries.
    """

    def __init__(self, columns: RowColumns) -> None:
        self._layout = RowLayout(columns)
        self._misses = self._passed_over = 0

    def decode(self, content: bytes) -> object:
        """Return the body of a response, with typed rows if it fits the columns.

        Raises:
            DecodeError: invalid JSON.
        """
        if self._passed_over:
            self._passed_over -= 1
            return decode_body(content)
        layout: RowLayout | None = self._layout
        while layout:
            try:
                body = layout.decode(content)
            except msgspec.ValidationError as error:
                layout = layout.widened(str(error))
            else:
                self._layout, self._misses = layout, 0
                return body
        # After consecutive pages that do not fit, fewer and fewer pages are tried.
        self._passed_over = 2**self._misses - 1
        self._misses = min(self._misses + 1, _MOST_DOUBLINGS)
        return decode_body(content)


class RowLayout:
    """A class of rows, its decoder, and the conversion of such rows to records.

    Args:
        columns: the columns.
        checked: columns whose values are checked page by page instead of when they are decoded.
        unknown: keys that no column has.
    """

    def __init__(
        self,
        columns: RowColumns,
        checked: frozenset[str] = frozenset(),
        unknown: frozenset[str] = frozenset(),
    ) -> None:
        self._columns, self._checked, self._unknown = columns, checked, unknown
        custom = columns.custom
        made = list(custom.nulls) if custom else []
        if columns.deviations.keeps and UNKNOWN in columns.declared:
            made.append(UNKNOWN)
        # In this order a row is written as `canonical` writes a dictionary.
        sent = sorted({*columns.declared, *unknown, *((_CUSTOM,) if custom else ())} - {*made})
        slots = {column: f"sent_{at}" for at, column in enumerate(sent)}
        named = {column: f"made_{at}" for at, column in enumerate(made)}
        fields: list[_Field] = [self._field(column, slot) for column, slot in slots.items()]
        # A key of this name in a row makes its page one that is decoded into dictionaries.
        fields += [(slot, _MADE, None) for slot in named.values()]
        self._take_custom: Callable[[Sequence[TypedRow]], None] = _leave
        if custom:
            values = _values_type(custom)
            fields[sent.index(_CUSTOM)] = (slots[_CUSTOM], values | None | UnsetType, UNSET)
            self._take_custom = self._custom_taker(custom, slots[_CUSTOM], {**slots, **named})
        row = msgspec.defstruct(
            "Row",
            fields,
            bases=(TypedRow,),
            namespace={"slots": slots, "owner": self},
            rename={slot: column for column, slot in (slots | named).items()},
            forbid_unknown_fields=True,
            kw_only=True,
            gc=False,
        )
        self.decode: Callable[[bytes], object] = body_decoder(row)
        self._set = [((slots | named)[column], value) for column, value in columns.adds.items()]
        self._set += [((slots | named)[column], UNSET) for column in columns.dropped]
        self._checks = [
            (slots[column], kind)
            for column, kind in columns.types.items()
            if column in slots.keys() - {*columns.dropped, *columns.adds}
            and not (kind.is_decoded and column not in checked)
        ]
        self._values_of = _getter([slot for slot, _ in self._checks])
        self._unknown_slots = [(slots[key], key) for key in sorted(unknown)]
        self._kept = named.get(UNKNOWN)
        self.tail = len(_encode(dict.fromkeys(made))) if made else len(b"}")
        """Bytes at the end of an encoded row without converted columns."""

    def _field(self, column: str, slot: str) -> _Field:
        """Return the field of a struct for a column as Pipedrive sends it; only keys are required."""
        columns = self._columns
        passed = {*self._checked, *columns.dropped, *columns.adds}
        kind = columns.types.get(column) if column not in passed else None
        decoded = kind.decoded if kind else Any
        if column in columns.keys and column not in columns.adds:
            return slot, decoded
        return slot, decoded if decoded is Any else decoded | UnsetType, UNSET

    def widened(self, problem: str) -> RowLayout | None:
        """Return a layout that also accepts the rejected value; None if no column is the cause.

        Args:
            problem: message of the error of decoding.
        """
        if (found := _UNKNOWN_KEY.search(problem)) and len(self._unknown) < _MOST_UNKNOWN:
            if found[1] not in self._unknown:
                return RowLayout(self._columns, self._checked, self._unknown | {found[1]})
            return None
        # Rows without a usable key are left out, which only the conversion of dictionaries does.
        free = self._columns.types.keys() - self._checked - {*self._columns.keys, *self._columns.made}
        if (found := _OTHER_TYPE.search(problem)) and found[1] in free:
            return RowLayout(self._columns, self._checked | {found[1]}, self._unknown)
        return None

    def records(self, rows: Sequence[TypedRow]) -> Sequence[TypedRow]:
        """Return the rows as records, in place."""
        self._take_custom(rows)
        if self._checks:
            self._check(rows)
        if self._unknown_slots:
            self._take_unknown(rows)
        for slot, value in self._set:
            for row in rows:
                setattr(row, slot, value)
        return rows

    def _check(self, rows: Sequence[TypedRow]) -> None:
        """Check each column as a whole; only one with a value of another type is checked value by value."""
        columns = zip(*map(self._values_of, rows), strict=True)
        for (slot, kind), sent in zip(self._checks, columns, strict=True):
            values = [None if value is UNSET else value for value in sent] if UNSET in sent else sent
            if kind.holds(values):
                continue
            for row, value in zip(rows, values, strict=True):
                if value is not None:
                    setattr(row, slot, kind.convert(value))

    def _take_unknown(self, rows: Sequence[TypedRow]) -> None:
        """Move values of unknown keys out of the rows, and count them."""
        for row in rows:
            found: dict[str, object] = {}
            for slot, key in self._unknown_slots:
                value = getattr(row, slot)
                if value is not UNSET:
                    found[key] = value
                    setattr(row, slot, UNSET)
            if found:
                self._keep_unknown(row, found)

    def _keep_unknown(self, row: TypedRow, found: dict[str, object]) -> None:
        """Count the unknown keys of a row, and add them to the column for them."""
        self._columns.deviations.count(self._columns.stream, found)
        if self._kept:
            setattr(row, self._kept, {**(getattr(row, self._kept) or {}), **found})

    def _composite(
        self, key: str, place: str, parts: Sequence[tuple[str, Part]], slots: Mapping[str, str]
    ) -> _Composite:
        """Return what is needed to move the parts of a composite value into their columns."""
        known, taken = part_keys(parts), []
        for column, part in parts:
            classes = _PART_CLASSES.get(part.kind, ())
            convert = self._columns.converter(column)
            taken.append((slots[column], part.key, classes, convert if classes else _remembering(convert)))
        return key, place, known, ZONE_NUMBER in known, taken

    def _custom_taker(  # noqa: C901 - as in the function inside
        self, custom: NestedPlan, source: str, slots: Mapping[str, str]
    ) -> Callable[[Sequence[TypedRow]], None]:
        """Return a function that moves custom fields into their columns."""
        places = {key: f"at_{at}" for at, key in enumerate(custom.keys)}
        plain = [(places[key], slots[column]) for key, column in custom.plain.items()]
        labelled = [
            (places[key], slots[column], slots[twin] if twin else None, choice.label)
            for key, (column, twin, choice) in custom.labelled.items()
        ]
        found = custom.composite.items()
        composite = [self._composite(key, places[key], parts, slots) for key, parts in found]
        targets = [slot for _, slot in plain]
        take = _getter([place for place, _ in plain])

        def move(rows: Sequence[TypedRow]) -> None:  # noqa: C901, PLR0912 - a call for each value is slower
            for row in rows:
                values = getattr(row, source)
                setattr(row, source, UNSET)
                if not values:
                    continue
                for slot, value in zip(targets, take(values), strict=True):
                    if value is not None:
                        setattr(row, slot, value)
                for place, slot, twin, label in labelled:
                    value = getattr(values, place)
                    if value is not None:
                        setattr(row, slot, label(value))
                        if twin:
                            setattr(row, twin, value)
                left = None
                for key, place, known, has_zone, parts in composite:
                    value = getattr(values, place)
                    if value is None:
                        continue
                    whole = value if value.__class__ is dict else {"value": value}
                    for slot, name, classes, convert in parts:
                        part = whole.get(name)
                        if part is not None:
                            setattr(row, slot, part if part.__class__ in classes else convert(part))
                    if not known.issuperset(whole) or (has_zone and whole.get(ZONE_NAME) is None):
                        left = (left or {}) | parts_left(key, whole, known)
                if left:
                    self._keep_unknown(row, {_CUSTOM: left})

        return move


def _remembering(convert: Callable[[object], object]) -> Callable[[object], object]:
    """Return a conversion that remembers the texts that it leaves unchanged, such as valid dates."""
    valid: set[object] = set()

    def remembered(value: object) -> object:
        if value.__class__ is str and value in valid:
            return value
        made = convert(value)
        if made == value and value.__class__ is str and len(valid) < _MOST_REMEMBERED:
            valid.add(value)
        return made

    return remembered


def canonical(row: object) -> bytes:
    """Return bytes that are equal for a row in both forms: columns by name, custom fields without nulls."""
    if isinstance(row, TypedRow):
        return _encode(row)[: -row.owner.tail]
    if not isinstance(row, dict):
        return _encode(row)
    content = {column: row[column] for column in sorted(row)}
    values = content.get(_CUSTOM)
    if isinstance(values, dict):
        content[_CUSTOM] = {key: values[key] for key in sorted(values) if values[key] is not None}
    return _encode(content)[:-1]


def _values_type(custom: NestedPlan) -> type[msgspec.Struct]:
    """Return a struct for the content of `custom_fields`; pages with other keys are decoded generally."""
    keys = custom.keys
    types: dict[str, Any] = {key: _TYPES[kind] | None for key, kind in custom.kinds.items()}
    types |= dict.fromkeys(custom.ignored)  # a first value makes the page one that is looked at
    return msgspec.defstruct(
        "Values",
        [(f"at_{at}", types.get(key, Any), None) for at, key in enumerate(keys)],
        rename={f"at_{at}": key for at, key in enumerate(keys)},
        omit_defaults=True,
        forbid_unknown_fields=True,
        gc=False,
    )


def _leave(rows: Sequence[TypedRow]) -> None:
    del rows


def _getter(places: Sequence[str]) -> Callable[[object], tuple[object, ...]]:
    """Return all these attributes at once; `attrgetter` returns a tuple only for two or more."""
    if len(places) > 1:
        return cast("Callable[[object], tuple[object, ...]]", attrgetter(*places))
    return lambda values: tuple(getattr(values, place) for place in places)
