"""Columns with lists of objects that reference rows, such as the participants of an activity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from typing_extensions import override

from target_pipedrive.account.row_names import NATURAL_KEYS
from target_pipedrive.mapping.columns.binding import Binding
from target_pipedrive.mapping.columns.references import (
    NO_KEY,
    REFERENCES,
    SEARCHED_KEYS,
    by_natural_key,
    by_text,
    external_key,
    natural_key,
    natural_keys,
)
from target_pipedrive.record.draft import Reference
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values.compound import ROWS, Entries
from target_pipedrive.values.encoders import encoder
from target_pipedrive.values.identity import is_blank, is_missing, key_text
from target_pipedrive.values.scalars import from_json_text

if TYPE_CHECKING:
    from target_pipedrive.account.row_names import RowNames
    from target_pipedrive.catalog.notation import Column, Columns, Kind
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.values.encoders import Encoder

_EMAIL = "email"
_UNKNOWN = 0
"""Is sent instead of the id of a row that is not looked up yet, so that the object is complete."""


@dataclass(slots=True, kw_only=True)
class EntriesBinding(Binding):
    """A list of objects, whose references may be natural keys and external ids; a text is one of them too.

    Attributes:
        columns: columns of the objects.
        users: encoders of columns with users.
    """

    columns: Columns
    users: Mapping[str, Encoder]
    plain: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.plain = self.by_id = False

    @override
    def apply(self, draft: Draft, value: object, extras: dict[str, object]) -> None:
        """Add the list to the draft, and collect its references."""
        value = from_json_text(value)
        entries, pending = [], []
        for at, one in enumerate(_entries(value), 1):
            entry, named = self._entry(one, at)
            entries.append(entry)
            pending.append(named)
        encoded = self.encode(entries)
        if not isinstance(encoded, list):
            return
        if not isinstance(value, list):  # one entry, which leaves the others as they are
            encoded = Entries(encoded, kind=ROWS, whole=False)
        draft.body[self.name] = encoded
        for entry, named in zip(encoded, pending, strict=True):
            for reference in named:
                entry.pop(reference.column, None)
                reference.place = entry
                draft.references.append(reference)
        if any(pending):
            draft.lists_of_rows.append((cast("list[object]", encoded), list(encoded)))

    def _entry(self, value: object, at: int) -> tuple[object, list[Reference]]:
        """Return an object without the references that must be looked up, and those references.

        Raises:
            RecordFault: a user does not exist.
        """
        entry = self._as_object(from_json_text(value))
        if not isinstance(entry, Mapping):
            return entry, []
        kept: dict[str, object] = {}
        found: dict[str, Reference] = {}
        for name, held in entry.items():
            column, part = self._column_of(str(name), from_json_text(held))
            entity = REFERENCES.get(column, "")
            external = external_key(part) if entity else NO_KEY
            if is_missing(held) or (external is not NO_KEY and is_missing(external)):
                kept.setdefault(column, None)
                continue
            reference = self._reference(column, entity, part)
            known = found.get(column)
            if (column in kept and kept[column] is not None) != (known is not None and reference is not None):
                raise RecordFault(f"element {at} has several values for {column}; keep only one")
            kept[column] = self._user(column, part, at) if reference is None else _UNKNOWN
            if reference is not None:
                reference.element = at
                if known is None or not known.key or list(SEARCHED_KEYS[entity]).index(known.key) > 0:
                    found[column] = reference  # of two keys of one row the better one
        return kept, list(found.values())

    def _as_object(self, value: object) -> object:
        """Return an entry that is a text, an id or a natural key as an object."""
        if isinstance(value, str) and _EMAIL in self.columns:
            return {_EMAIL: value}
        if len(self._rows) != 1:
            return value
        [column] = self._rows
        if isinstance(value, str):
            return {column: by_text(REFERENCES[column], value)}
        named = external_key(value) is not NO_KEY or natural_key(REFERENCES[column], value) is not None
        return {column: value} if named or isinstance(value, int) else value

    @property
    def _rows(self) -> list[str]:
        """Columns with the id of a row."""
        return [name for name in self.columns if name in REFERENCES]

    def _column_of(self, name: str, value: object) -> tuple[str, object]:
        """Return column and value of a part of an object; `person_email` is a key of `person_id`."""
        if name in self.columns:
            return name, value
        base, _, key = name.rpartition("_")
        rows = [f"{base}_id"] if base else self._rows
        for column in rows if len(rows) == 1 else ():
            if column in self.columns and key in natural_keys(REFERENCES.get(column, "")):
                return column, {key: value}
        return name, value

    def _reference(self, column: str, entity: str, value: object) -> Reference | None:
        """Return the reference of a column to a row that is to be looked up; None for other values."""
        if column not in self.columns or not entity:
            return None
        external = external_key(value)
        if external is not NO_KEY:
            return Reference(
                column=column,
                field=self.name,
                source=self.source,
                entity=entity,
                external_id=key_text(external) or "",
                place={},
            )
        named = natural_key(entity, value)
        return by_natural_key(column, entity, *named, {}, self.source) if named is not None else None

    def _user(self, column: str, value: object, at: int) -> object:
        """Return a value with the id of a user that is given by e-mail address or name."""
        if column not in self.users or is_blank(value):
            return value
        try:
            return self.users[column](value)
        except RecordFault as fault:
            raise RecordFault(f"element {at} {column} {fault}") from None


def with_entries(binding: Binding, kind: Kind, names: RowNames | None) -> Binding:
    """Return the binding of a list of objects that looks up their references; others as they are."""
    columns = kind.items.columns if kind.items is not None else {}
    if binding.foreign or REFERENCES.keys().isdisjoint(columns):
        return binding
    return EntriesBinding(
        source=binding.source,
        place=binding.place,
        name=binding.name,
        encode=binding.encode,
        empties=binding.empties,
        columns=columns,
        users={name: _by_name(one, names) for name, one in columns.items() if _is_user(one) and names},
    )


def _is_user(column: Column) -> bool:
    return REFERENCES.get(column.name) in NATURAL_KEYS


def _by_name(column: Column, names: RowNames) -> Encoder:
    return names.encoder(REFERENCES[column.name], encoder(column.kind))


def _entries(value: object) -> list[object]:
    """Return the entries of a list; a text with e-mail addresses is divided at commas and semicolons."""
    if isinstance(value, list):
        return value
    if not isinstance(value, str):
        return [value]
    parts = [one.strip() for one in value.replace(";", ",").split(",") if one.strip()]
    return list(parts) if all("@" in one for one in parts) else [value]
