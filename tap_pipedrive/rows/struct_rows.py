"""Rows of v2 lists decoded into structs: a slot per column costs less than a dictionary's entry.

Decoding, naming the custom fields and encoding are what a record costs; over structs they take two thirds
of the instructions. On their way from the client to the writer such rows are only asked by `get`, as
dictionaries are. A page with anything the columns do not foresee is decoded the general way instead, so
that nothing depends on this.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  msgspec reads the annotations of structs
from datetime import date, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypedDict, cast

import msgspec
from msgspec import UNSET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tap_pipedrive.rows.custom_fields import NestedPlan

_CUSTOM = "custom_fields"
_MOST_DOUBLINGS = 4
_TYPES: Mapping[str, Any] = {
    "num": int | float,
    "int": int,
    "bool": bool,
    "str": str,
    "date": date,  # written as it came
    "option": int,
    "options": list[int],
}
"""What a value is as published, by kind; a page with another is decoded the general way."""
_MOMENTS: Mapping[str, Any] = {
    "date": list[date],
    "date-time": list[Annotated[datetime, msgspec.Meta(tz=True)]],
}
"""A column of times, by the format of its schema."""
_PART_CLASSES: Mapping[str, tuple[type, ...]] = {
    "num": (int, float),
    "str": (str,),
    "clock": (str,),
}
"""Classes of the parts of a composite that need no conversion; dates are looked at."""
_encode = msgspec.json.Encoder().encode


class TypedRow(msgspec.Struct, gc=False):
    """A row, and after `TypedRows.records` a record; `TypedRows` makes a subclass for each read.

    Attributes:
        slots: attribute of each column.
        owner: what made the class.
    """

    slots: ClassVar[Mapping[str, str]] = {}
    owner: ClassVar[TypedRows]

    def get(self, column: str, default: object = None) -> object:
        """What the row holds in a column as Pipedrive sent it, as `dict.get`."""
        slot = self.slots.get(column)
        value = getattr(self, slot) if slot else UNSET
        return default if value is UNSET else value


class TypedRows:
    """Decodes the pages of one read, and turns their rows into records.

    Args:
        columns: what the stream declares.
        dropped: those of them that nobody selected.
        adds: columns with a fixed value.
        custom: where custom fields go; None for a stream without.
        moments: Pipedrive's own columns of times → `date` or `date-time`.
    """

    def __init__(
        self,
        *,
        columns: Iterable[str],
        dropped: Iterable[str],
        adds: Mapping[str, object],
        custom: NestedPlan | None,
        moments: Mapping[str, str],
    ) -> None:
        made = list(custom.nulls) if custom else []
        # In this order a row is written as `canonical` writes a dictionary.
        sent = sorted({*columns, *((_CUSTOM,) if custom else ())} - {*made})
        slots = {column: f"sent_{at}" for at, column in enumerate(sent)}
        named = {column: f"made_{at}" for at, column in enumerate(made)}
        fields: list[tuple[str, Any, Any]] = [(slot, Any, UNSET) for slot in slots.values()]
        fields += [(slot, Any, None) for slot in named.values()]
        if custom:
            values = _values_type(custom)
            fields[sent.index(_CUSTOM)] = (slots[_CUSTOM], values | None | msgspec.UnsetType, UNSET)
            self._take_custom = self._custom_taker(custom, slots[_CUSTOM], {**slots, **named})
        else:
            self._take_custom = _leave
        row = msgspec.defstruct(
            "Row",
            fields,
            bases=(TypedRow,),
            namespace={"slots": slots, "owner": self},
            rename={slot: column for column, slot in (slots | named).items()},
            forbid_unknown_fields=True,
            gc=False,
        )
        rows: Any = list[row]  # type: ignore[valid-type]  # a type made at run time
        body = TypedDict(  # noqa: UP013  annotations of a class could not name it
            "body", {"success": Any, "data": rows | None, "additional_data": Any}, total=False
        )
        self._decoder: msgspec.json.Decoder[object] = msgspec.json.Decoder(body)
        self._misses = self._passed_over = 0
        self._set = [((slots | named)[column], value) for column, value in adds.items()]
        self._set += [((slots | named)[column], UNSET) for column in dropped]
        self.convert: Callable[[str, object], object] = lambda _column, value: value
        """Makes a value its column's type, for values in a composite that are not of it."""
        self._moments = [
            (slots[column], column, _MOMENTS[kind]) for column, kind in moments.items() if column in slots
        ]
        self._moments_of = _getter([slot for slot, _, _ in self._moments])
        self.tail = len(_encode(dict.fromkeys(made))) if made else len(b"}")
        """Bytes at the end of an encoded row that say that no column is made yet."""

    def decode(self, content: bytes) -> object:
        """The body of an answer, with typed rows where it is as expected.

        Raises:
            DecodeError: no JSON.
        """
        if self._passed_over:
            self._passed_over -= 1
            return msgspec.json.decode(content)
        try:
            body = self._decoder.decode(content)
        except msgspec.ValidationError:
            # Where one page after the other does not fit, more and more of them are not tried.
            self._passed_over = 2**self._misses - 1
            self._misses = min(self._misses + 1, _MOST_DOUBLINGS)
            return msgspec.json.decode(content)
        self._misses = 0
        return body

    def records(self, rows: Sequence[TypedRow]) -> Sequence[TypedRow]:
        """The rows as records, in place."""
        self._take_custom(rows)
        if self._moments:
            self._check_moments(rows)
        for slot, value in self._set:
            for row in rows:
                setattr(row, slot, value)
        return rows

    def _check_moments(self, rows: Sequence[TypedRow]) -> None:
        """Check each column of times as a whole; only where one is not valid each value is looked at."""
        columns = zip(*map(self._moments_of, rows), strict=True)
        for (slot, column, kind), values in zip(self._moments, columns, strict=True):
            if _all_valid(values, kind):
                continue
            for row, value in zip(rows, values, strict=True):
                if value is not None and value is not UNSET:
                    setattr(row, slot, self.convert(column, value))

    def _custom_taker(
        self, custom: NestedPlan, source: str, slots: Mapping[str, str]
    ) -> Callable[[Sequence[TypedRow]], None]:
        """A function that moves custom fields into their columns."""
        places = {key: f"at_{at}" for at, key in enumerate(custom.keys)}
        plain = [(places[key], slots[column]) for key, column in custom.plain.items()]
        labelled = [
            (places[key], slots[column], slots[twin] if twin else None, choice.label)
            for key, (column, twin, choice) in custom.labelled.items()
        ]
        composite = [
            (
                places[key],
                [(slots[name], part.key, _PART_CLASSES.get(part.kind, ()), name) for name, part in parts],
            )
            for key, parts in custom.composite.items()
        ]
        targets = [slot for _, slot in plain]
        take = _getter([place for place, _ in plain])

        def move(rows: Sequence[TypedRow]) -> None:
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
                for place, parts in composite:
                    value = getattr(values, place)
                    if value is not None:
                        self._take_parts(row, value, parts)

        return move

    def _take_parts(
        self, row: TypedRow, value: object, parts: Sequence[tuple[str, str, tuple[type, ...], str]]
    ) -> None:
        """Move the parts of a composite into their columns."""
        whole = value if isinstance(value, dict) else {"value": value}
        for slot, key, classes, column in parts:
            part = whole.get(key)
            if part is not None and part.__class__ not in classes:
                part = self.convert(column, part)
            setattr(row, slot, part)


def canonical(row: object) -> bytes:
    """Bytes that are the same for a row in either form: columns by name, custom fields without nulls."""
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
    """A struct for what `custom_fields` holds; a page with other keys is decoded the general way."""
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


def _all_valid(values: Sequence[object], kind: object) -> bool:
    """Whether a column holds nothing but nulls and values of a kind."""
    if "" in values:
        return False
    try:
        msgspec.convert([*filter(None, values)], kind)
    except msgspec.ValidationError:
        return False
    return True


def _getter(places: Sequence[str]) -> Callable[[object], tuple[object, ...]]:
    """All these attributes at once; `attrgetter` gives a tuple for two or more only."""
    if len(places) > 1:
        return cast("Callable[[object], tuple[object, ...]]", attrgetter(*places))
    return lambda values: tuple(getattr(values, place) for place in places)
