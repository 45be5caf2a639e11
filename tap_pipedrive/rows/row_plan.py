"""From a row as Pipedrive sent it to a record as the schema promises it.

Everything is decided once per stream; the loops over rows only move values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pipedrive_client.fields import HASH_KEY
from tap_pipedrive.rows.conversions import coercions
from tap_pipedrive.rows.struct_rows import TypedRow

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tap_pipedrive.catalog.spec import JSON, Read
    from tap_pipedrive.rows.struct_rows import TypedRows

Row = dict[str, object]


def is_time(schema: JSON) -> bool:
    """Whether a column holds a date or a time."""
    return isinstance(schema, dict) and schema.get("format") in ("date", "date-time")


def is_custom(schema: JSON) -> bool:
    """Whether a column holds a custom field."""
    return isinstance(schema, dict) and "x-pipedrive" in schema


class RowPlan:
    """Turns the rows of one read of one stream into records, in place.

    Records carry declared and selected columns only. A column Pipedrive sent that the schema does
    not know is left out, and named once in the log.

    Attributes:
        typed: decodes further pages into rows that cost less; None where dictionaries are needed.
    """

    def __init__(
        self,
        *,
        stream: str,
        read: Read,
        properties: Mapping[str, JSON],
        selected: Iterable[str],
        flatten: Callable[[list[Row]], None] | None,
        typed: TypedRows | None,
        logger: logging.Logger,
    ) -> None:
        self._stream = stream
        self._adds = dict(read.adds)
        self._flatten = flatten
        self._declared = frozenset(properties)
        self._wanted = frozenset(selected)
        self._coerce = coercions(properties)
        self._coerce_of = dict(self._coerce)
        self._logger = logger
        self._named: set[str] = set()
        self._unread: set[str] = set()
        self._known: tuple[str, ...] = ()
        self.typed = typed
        if typed:
            typed.convert = self._converted

    def records(self, rows: list[Row], context: Mapping[str, object] | None = None) -> list[Row]:
        """The records of these rows; the rows themselves are used up."""
        if rows and isinstance(rows[0], TypedRow):
            typed = cast("Sequence[TypedRow]", rows)
            return cast("list[Row]", typed[0].owner.records(typed))
        extra = {**self._adds, **(context or {})}
        if extra:
            for row in rows:
                row.update(extra)
        if self._flatten:
            self._flatten(rows)
        for row in rows:
            for column, coerce in self._coerce:
                value = row.get(column)
                if value is not None:
                    made = row[column] = coerce(value)
                    if made is None and column not in self._unread:
                        self._tell_unread(column, value)
        self._keep_wanted(rows)
        return rows

    def _converted(self, column: str, value: object) -> object:
        """A value as its column's type, for the values of typed rows that need it."""
        coerce = self._coerce_of.get(column)
        made = coerce(value) if coerce else value
        if made is None and column not in self._unread:
            self._tell_unread(column, value)
        return made

    def _keep_wanted(self, rows: list[Row]) -> None:
        """Remove columns that nobody selected; rows with the columns of the row before need no look."""
        wanted, known = self._wanted, self._known
        for row in rows:
            columns = tuple(row)
            if columns != known:
                for key in row.keys() - wanted:
                    del row[key]
                    if key not in self._declared and key not in self._named:
                        self._name(key)
                if len(row) == len(columns):
                    known = columns
        self._known = known

    def _tell_unread(self, column: str, value: object) -> None:
        """Warn once that a column has a value that became null, unless the value is empty."""
        if value != "":
            self._unread.add(column)
            self._logger.warning(
                "A value of column %s of %s has another form than published; it and any like it become null",
                column,
                self._stream,
            )

    def _name(self, key: str) -> None:
        self._named.add(key)
        if not HASH_KEY.match(key):
            self._logger.warning(
                "Left out column %s of %s: Pipedrive sends it, this version of the tap does not know it",
                key,
                self._stream,
            )
