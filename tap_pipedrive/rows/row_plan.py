"""Conversion of rows from Pipedrive to records of the schema.

All decisions are made once per stream; the loops over rows only move values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pipedrive_client.fields import HASH_KEY
from tap_pipedrive.rows.deviations import UNKNOWN
from tap_pipedrive.rows.struct_rows import TypedRow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_pipedrive.rows.row_columns import RowColumns
    from tap_pipedrive.rows.struct_rows import TypedRows
    from tap_pipedrive.values.column_types import ColumnType
    from tap_pipedrive.values.row import Row


class RowPlan:
    """Converter of the rows of one read to records, in place.

    Records contain only declared and selected columns, with values of their type. Deviations are counted.

    Args:
        columns: columns of the read.
        flatten: replaces custom field values by columns.
        typed: decodes further pages into rows that cost less; None where dictionaries are needed.

    Attributes:
        columns: columns of the read.
        typed: as given.
    """

    def __init__(
        self,
        *,
        columns: RowColumns,
        flatten: Callable[[list[Row]], None] | None,
        typed: TypedRows | None,
    ) -> None:
        self.columns = columns
        self._stream = columns.stream
        self._adds = dict(columns.adds)
        self._flatten = flatten
        self._declared = frozenset(columns.declared)
        self._wanted = self._declared - {*columns.dropped}
        self._keys = frozenset(columns.keys)
        self._made = frozenset(columns.made)
        # Keys first: a row without one is left out, whatever its other values are.
        self._types = sorted(
            ((name, one) for name, one in columns.types.items() if name in self._wanted),
            key=lambda typed: typed[0] not in self._keys,
        )
        self._deviations = columns.deviations
        self._keeps = columns.deviations.keeps and UNKNOWN in self._wanted
        self._known: tuple[str, ...] = ()
        self.typed = typed

    def records(self, rows: list[Row], context: Mapping[str, object] | None = None) -> list[Row]:
        """Return the records of these rows, which must not be used afterwards."""
        if rows and isinstance(rows[0], TypedRow):
            typed = cast("Sequence[TypedRow]", rows)
            return cast("list[Row]", typed[0].owner.records(typed))
        aside = self._set_aside(rows) if self._made else {}
        extra = {**self._adds, **(context or {})}
        if extra:
            for row in rows:
                row.update(extra)
        if self._flatten:
            self._flatten(rows)
        rows = self._convert(rows)
        self._keep_wanted(rows, aside)
        return rows

    def _set_aside(self, rows: list[Row]) -> dict[int, Row]:
        """Remove keys that have the name of a column that the tap makes; return them by `id(row)`."""
        found: dict[int, Row] = {}
        for row in rows:
            if not self._made.isdisjoint(row):
                found[id(row)] = {key: row.pop(key) for key in self._made & row.keys()}
        return found

    def _convert(self, rows: list[Row]) -> list[Row]:
        """Convert the values of columns that have one of another type; return the rows with usable keys."""
        for column, kind in self._types:
            values = [row.get(column) for row in rows]
            is_key = column in self._keys
            if kind.holds(values) and not (is_key and "" in values):
                continue
            if is_key:
                rows = [row for row in rows if self._is_keyed(row, column, kind)]
                continue
            for row, value in zip(rows, values, strict=True):
                if value is not None:
                    row[column] = kind.convert(value)
        return rows

    def _is_keyed(self, row: Row, column: str, kind: ColumnType) -> bool:
        """Convert the value of a key column; return whether it is usable.

        True would become 1, the key of another row, and an object as text the key of no row; loaders treat
        an empty text as null.
        """
        value = row.get(column)
        made = None if value is None or value.__class__ is bool else kind.convert(value)
        if made in (None, "") or (isinstance(made, str) and not isinstance(value, (str, int, float))):
            self._deviations.leave_out(self._stream, column, value)
            return False
        row[column] = made
        return True

    def _keep_wanted(self, rows: list[Row], aside: Mapping[int, Row]) -> None:
        """Remove columns that are not selected; rows with the columns of the previous row need no check."""
        wanted, known = self._wanted, self._known
        for row in rows:
            columns = tuple(row)
            if columns != known or id(row) in aside:
                unknown: Row = {**aside.get(id(row), {})}
                for key in row.keys() - wanted:
                    value = row.pop(key)
                    if key not in self._declared and (value is not None or not HASH_KEY.match(key)):
                        unknown[key] = value
                if unknown:
                    self._deviations.count(self._stream, unknown)
                if self._keeps:
                    row[UNKNOWN] = unknown or None
                elif len(row) == len(columns):
                    known = columns
        self._known = known
