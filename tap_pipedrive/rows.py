"""From a row as Pipedrive sent it to a record as the schema promises it.

Everything is decided once per stream; the loops over rows only move values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from pipedrive_client import times
from pipedrive_client.fields import HASH_KEY
from tap_pipedrive.typed_rows import TypedRow

if TYPE_CHECKING:
    import logging

    from tap_pipedrive.spec import JSON, Read
    from tap_pipedrive.typed_rows import TypedRows

Row = dict[str, object]
Coerce = Callable[[object], object]

_PLAIN_TIME = len("2026-01-01 00:00:00")


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
        self._coerce = coercions(properties) if read.path.startswith("/v1/") else ()
        self._logger = logger
        self._named: set[str] = set()
        self._unread: set[str] = set()
        self._known: tuple[str, ...] = ()
        self.typed = typed

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
        """Say once that a column has a value that became null, unless the value means that."""
        if not str(value).startswith("0000") and value != "":
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


def coercions(properties: Mapping[str, JSON]) -> Sequence[tuple[str, Coerce]]:
    """Columns of v1 rows whose values may come in another form than published, with their repair."""
    found: list[tuple[str, Coerce]] = []
    for column, schema in properties.items():
        if not isinstance(schema, dict):
            continue
        words = schema.get("type")
        kinds = {word for word in words if word != "null"} if isinstance(words, list) else {words}
        if kinds == {"string"} and schema.get("format") == "date-time":
            found.append((column, time_text))
        elif len(kinds) == 1 and (repair := _REPAIRS.get(str(*kinds))):
            found.append((column, repair))
        elif kinds & {"object", "array"} and (nested := _nested_times(schema)):
            found.append((column, nested))
    return found


def _nested_times(schema: Mapping[str, JSON]) -> Coerce | None:
    """A repair for the times inside objects and lists, or None where there are none."""
    properties, items = schema.get("properties"), schema.get("items")
    if isinstance(items, dict):
        inside = _nested_times(items)
        return partial(_repair_list, inside) if inside else None
    inner: list[tuple[str, Coerce]] = []
    for name, column in (properties if isinstance(properties, dict) else {}).items():
        if isinstance(column, dict):
            repair = time_text if column.get("format") == "date-time" else _nested_times(column)
            if repair:
                inner.append((name, repair))
    return partial(_repair_object, inner) if inner else None


def _repair_list(repair: Coerce, value: object) -> object:
    return [repair(one) for one in value] if isinstance(value, list) else value


def _repair_object(repairs: Sequence[tuple[str, Coerce]], value: object) -> object:
    if isinstance(value, dict):
        for name, repair in repairs:
            if value.get(name) is not None:
                value[name] = repair(value[name])
    return value


def time_text(value: object) -> object:
    """RFC 3339 in UTC from any form Pipedrive writes a time in; other texts are no time."""
    if not isinstance(value, str):
        return value
    if len(value) == _PLAIN_TIME and value[10] == " ":
        return None if value.startswith("0000") else f"{value[:10]}T{value[11:]}Z"
    try:
        return times.normalise(value) if value else None
    except ValueError:
        return None


def _integer(value: object) -> object:
    if isinstance(value, str):
        return int(value) if value.lstrip("-").isdigit() else None
    if isinstance(value, dict):
        return _integer(value.get("value", value.get("id")))
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, bool) else value


def _number(value: object) -> object:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return value


def _boolean(value: object) -> object:
    if isinstance(value, int):
        return bool(value)
    if isinstance(value, str):
        return value.lower() in ("1", "true", "y", "yes")
    return value


def _string(value: object) -> object:
    return value if isinstance(value, str) else str(value) if isinstance(value, (int, float)) else value


_REPAIRS: dict[str, Coerce] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "string": _string,
}
