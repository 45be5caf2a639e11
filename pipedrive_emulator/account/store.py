"""Tables of rows: ids, views, sorted indexes, and row bytes that are encoded once.

A table may have a *base* of rows that are generated when read (the `large` seed): id 1..N, each row as bytes.
Written rows override those of the base. Every row has an integer `seq`: the key itself if the key is an
integer; if the key is text (leads), the table numbers its rows.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from sortedcontainers import SortedList  # type: ignore[import-untyped]  # the library ships no types

from pipedrive_emulator.account.clock import STAMPS
from pipedrive_emulator.api.http import Row, encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pipedrive_emulator.account.base import Base, View

decode_row = msgspec.json.Decoder(dict[str, Any]).decode
NAMESPACE = uuid.UUID("6f0c1a52-3a5e-5d0e-9f43-5d1d5a1f1e00")
Key = tuple[Any, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    """Definition of a table.

    Args:
        name: plural snake_case, unique.
        label: name of one row in error messages.
        key: the id field.
        key_kind: "integer" (1, 2, 3 …), "uuid", or "text" (ids given by the writer, or digits).
        times: form of the times in it, a key of `clock.STAMPS`.
        created, updated: fields stamped on insert and on update; "" for none.
        deleted: field name and value that mark a row as deleted; None if deleted rows are removed.
        views: named parts of the table that lists read; "live" always exists.
        hidden: fields that are only returned on request.
    """

    name: str
    label: str
    key: str = "id"
    key_kind: str = "integer"
    times: str = "rfc3339"
    created: str = "add_time"
    updated: str = "update_time"
    deleted: tuple[str, Any] | None = None
    views: dict[str, View] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()


SPECS: dict[str, TableSpec] = {}


def define_table(spec: TableSpec) -> TableSpec:
    """Make a table part of every account."""
    if spec.name in SPECS:
        raise ValueError(f"table {spec.name} is defined twice")
    SPECS[spec.name] = spec
    return spec


class Table:
    """Rows of one kind; see the module for how they are kept.

    Attributes:
        spec: definition of the table.
        writes: grows with every change of a row.
    """

    def __init__(self, spec: TableSpec) -> None:
        self.spec = spec
        self.writes = 0
        self.base: Base | None = None
        self.rows: dict[int, Row] = {}
        self._gone: set[int] = set()
        # Both are shared by the copies of a table: an entry counts only for the row object it was made of.
        self._encoded: dict[int, tuple[Row, bytes]] = {}
        self._lowered: dict[int, tuple[Row, str]] = {}
        self._seqs: dict[str, int] = {}
        self._next = 1
        self._views: dict[str, View] = {"live": self.is_live, **spec.views}
        self._indexes: dict[tuple[str, str], SortedList[Key]] = {}
        self._by: dict[str, dict[Any, set[int]]] = {}

    # Reading

    def is_live(self, row: Row) -> bool:
        """Return whether a row is not marked as deleted."""
        mark = self.spec.deleted
        return mark is None or row.get(mark[0]) != mark[1]

    def seq(self, key: object) -> int | None:
        """Return the number of the row with this id, deleted ones included; None when there is none."""
        if self.spec.key_kind != "integer":
            return self._seqs.get(str(key))
        return key if isinstance(key, int) and self.holds(key) else None

    def holds(self, seq: int) -> bool:
        """Return whether there is a row with this number, deleted ones included."""
        in_base = self.base is not None and 1 <= seq <= self.base.count and seq not in self._gone
        return seq in self.rows or in_base

    def row(self, seq: int) -> Row:
        """Return the row at `seq`; read only, write through `update`."""
        found = self.rows.get(seq)
        if found is not None:
            return found
        if self.base is None or not 0 < seq <= self.base.count:
            raise KeyError(seq)
        return decode_row(self.base.whole(seq))

    def outline(self, seq: int) -> Row:
        """Return the row at `seq`; a base row lacks id, references, times and names, which saves decoding."""
        found = self.rows.get(seq)
        if found is not None:
            return found
        return self.row(seq) if self.base is None else self.base.view_of(seq)

    def get(self, key: object) -> Row | None:
        """Return the row with this id, deleted ones included."""
        seq = self.seq(key)
        return None if seq is None else self.row(seq)

    def encoded(self, seq: int) -> bytes:
        """Return the JSON of one row, encoded once."""
        row = self.rows.get(seq)
        if row is None:
            if self.base is None:
                raise KeyError(seq)
            # Generated in two microseconds; caching them would use a gigabyte, and more time than it saves.
            return self.base.encoded(seq)
        found = self._encoded.get(seq)
        if found is None or found[0] is not row:
            hidden = self.spec.hidden
            shown = {n: v for n, v in row.items() if n not in hidden} if hidden else row
            found = self._encoded[seq] = row, encode(shown)
        return found[1]

    def lowered(self, seq: int) -> str:
        """Return the JSON of one row in lower case."""
        row = self.rows.get(seq)
        if row is None:
            return self.encoded(seq).decode().lower()
        found = self._lowered.get(seq)
        if found is None or found[0] is not row:
            found = self._lowered[seq] = row, self.encoded(seq).decode().lower()
        return found[1]

    def encoded_rows(self, seqs: list[int]) -> list[bytes]:
        """Return the JSON of rows in order; one entry contains a row, or several rows with their commas.

        A base joins all its rows at once, in half the time of row by row.
        """
        if self.base is None or not seqs:
            return list(map(self.encoded, seqs))
        return [self.base.page(seqs, {seq: self.encoded(seq) for seq in seqs if seq in self.rows})]

    def seqs(self) -> Iterator[int]:
        """Yield the numbers of all rows, ascending."""
        last = 0 if self.base is None else self.base.count
        yield from (s for s in range(1, last + 1) if s not in self._gone or s in self.rows)
        yield from sorted(s for s in self.rows if s > last)

    def all(self) -> Iterator[Row]:
        """Return all rows, deleted ones included, ascending."""
        if self.base is None:
            return map(self.rows.__getitem__, sorted(self.rows))
        return (self.row(seq) for seq in self.seqs())

    def live(self) -> Iterator[Row]:
        """Return all rows that are not deleted, ascending."""
        if self.spec.deleted is None:
            return self.all()
        return (row for row in self.all() if self.is_live(row))

    def count(self) -> int:
        """Return the number of rows, deleted ones included."""
        base = 0 if self.base is None else self.base.count - len(self._gone)
        return base + sum(1 for s in self.rows if self.base is None or s > self.base.count or s in self._gone)

    def index(self, view: str, name: str) -> SortedList[Key]:
        """Return (value, seq) of every row of a view, sorted, nulls first; built at first use."""
        place = (view, name)
        if place not in self._indexes:
            self._indexes[place] = SortedList(self._keys(view, name))
        return self._indexes[place]

    def _keys(self, view: str, name: str) -> Iterator[Key]:
        inside = self._views[view]
        by_seq = name == self.spec.key and self.spec.key_kind == "integer"
        base = self.base
        if base is not None:
            values: Iterable[Any] = range(1, base.count + 1) if by_seq else base.column(name)
            null = _null(name)
            for seq, (value, passes) in enumerate(zip(values, base.passing(inside), strict=True), 1):
                if passes and seq not in self.rows and seq not in self._gone:
                    yield (null if value is None else value, seq)
        for seq, row in self.rows.items():
            if inside(row):
                yield _key(row, name, seq)

    def where(self, name: str, value: object) -> set[int]:
        """Return numbers of the rows whose field `name` equals `value`, deleted ones included."""
        if name not in self._by:
            groups: dict[Any, set[int]] = {}
            base = self.base
            if base is not None:
                for seq, found in enumerate(base.column(name), 1):
                    if seq not in self.rows and seq not in self._gone:
                        groups.setdefault(found, set()).add(seq)
            for seq, row in self.rows.items():
                groups.setdefault(_hashable(row.get(name)), set()).add(seq)
            self._by[name] = groups
        return self._by[name].get(value, set())

    def sort_key(self, name: str, seq: int) -> Key:
        """Return the key of a row in the index over `name`."""
        return _key(self.row(seq), name, seq)

    def in_view(self, view: str, row: Row) -> bool:
        """Return whether a row belongs to a view."""
        return self._views[view](row)

    # Writing

    def new_key(self) -> tuple[object, int]:
        """Return the id and number of the next row."""
        seq = self._next
        if self.spec.key_kind == "integer":
            return seq, seq
        if self.spec.key_kind == "uuid":
            return str(uuid.uuid5(NAMESPACE, f"{self.spec.name}:{seq}")), seq
        return str(seq), seq

    def insert(self, row: Row) -> Row:
        """Add a row; an id is given unless the row has one."""
        key, seq = self.new_key()
        if self.spec.key in row and row[self.spec.key] is not None:
            key = row[self.spec.key]
            if self.spec.key_kind == "integer":
                seq = int(row[self.spec.key])
        if self.holds(seq):
            raise ValueError(f"{self.spec.name} {seq} exists")
        self._next = max(self._next, seq + 1)
        full = (
            row
            if row.get(self.spec.key) == key and next(iter(row)) == self.spec.key
            else {self.spec.key: key, **row}
        )
        if self.spec.key_kind != "integer":
            self._seqs[str(key)] = seq
        self._put(seq, full)
        return full

    def replace(self, seq: int, row: Row) -> None:
        """Replace the row at `seq`; its id must not change."""
        self._drop(seq)
        self._put(seq, row)

    def remove(self, seq: int) -> None:
        """Remove a row permanently."""
        row = self.row(seq)
        self._drop(seq)
        self._seqs.pop(str(row[self.spec.key]), None)

    def with_earlier(self, earlier: Mapping[int, Row | None]) -> Table:
        """Return this table with previous versions of some rows, by number; None for one that did not exist.

        For reading, and only until the next write.
        """
        past = Table(self.spec)
        past.base, past._gone, past._seqs = self.base, self._gone, dict(self._seqs)
        past._encoded, past._lowered = self._encoded, self._lowered
        past.rows = {seq: row for seq, row in {**self.rows, **earlier}.items() if row is not None}
        if self.spec.key_kind != "integer":
            past._seqs.update(
                (str(row[self.spec.key]), seq) for seq, row in earlier.items() if row is not None
            )
        return past

    def copy(self) -> Table:
        """Return a table with the same rows. Rows are shared: they are replaced, never changed."""
        made = Table(self.spec)
        made.writes, made.base, made._next = self.writes, self.base, self._next
        made.rows, made._gone, made._seqs = dict(self.rows), set(self._gone), dict(self._seqs)
        made._encoded, made._lowered = self._encoded, self._lowered
        return made

    def attach(self, base: Base) -> None:
        """Use a base of rows that are generated when read; the table must be empty."""
        if self.rows:
            raise ValueError(f"{self.spec.name} already contains rows")
        self.base, self._next = base, base.count + 1
        if self.spec.key_kind != "integer":
            self._seqs = {str(key): seq for seq, key in enumerate(base.column(self.spec.key), 1)}

    def number(self, following: int) -> None:
        """Raise the next id to at least `following`."""
        self._next = max(self._next, following)

    def _put(self, seq: int, row: Row) -> None:
        self.writes += 1
        self.rows[seq] = row
        for (view, name), index in self._indexes.items():
            if self._views[view](row):
                index.add(_key(row, name, seq))
        for name, groups in self._by.items():
            groups.setdefault(_hashable(row.get(name)), set()).add(seq)

    def _drop(self, seq: int) -> None:
        self.writes += 1
        row = self.row(seq)
        for (view, name), index in self._indexes.items():
            if self._views[view](row):
                index.discard(_key(row, name, seq))
        for name, groups in self._by.items():
            groups.get(_hashable(row.get(name)), set()).discard(seq)
        self.rows.pop(seq, None)
        if self.base is not None and seq <= self.base.count:
            self._gone.add(seq)

    def stamp(self, seconds: int) -> str:
        """Return an instant in the form of this table."""
        return STAMPS[self.spec.times](seconds)


def _key(row: Row, name: str, seq: int) -> Key:
    value = row.get(name)
    return (_null(name) if value is None else value, seq)


def _null(name: str) -> object:
    """Return the sort key of a null: below every value of its type."""
    return -1 if name == "id" or name.endswith(("_id", "_nr")) else ""


def _hashable(value: object) -> object:
    return str(value) if isinstance(value, list | dict) else value
