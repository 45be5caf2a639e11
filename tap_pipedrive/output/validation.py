"""Setting `validate_records`: validate every record against the SCHEMA message of its stream.

Each SCHEMA is compiled once; for most values, a check of their class is sufficient.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from jsonschema import Draft202012Validator, FormatChecker

from pipedrive_client import PipedriveError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


_CLASSES: Mapping[str, type] = {"string": str, "integer": int, "number": float, "boolean": bool}
_SIMPLE = frozenset({"type", "description", "title", "x-pipedrive", "examples", "default"})
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_formats = FormatChecker(formats=())


class InvalidRecordError(PipedriveError):
    """Record that is invalid by its SCHEMA message."""


@_formats.checks("date-time", raises=ValueError)
def _is_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    return bool(_TIME.fullmatch(value) and datetime.fromisoformat(value.upper()))


@_formats.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    if not isinstance(value, str):
        return True
    return bool(_DATE.fullmatch(value) and date.fromisoformat(value))


class RecordValidator:
    """Validator of records against the SCHEMA messages written before them."""

    def __init__(self) -> None:
        self._checks: dict[str, _Check] = {}

    def announce(self, stream: str, schema: Mapping[str, Any], keys: Sequence[str]) -> None:
        """Set the schema of a stream."""
        self._checks[stream] = _Check(stream, schema, keys)

    def check(self, stream: str, records: Iterable[object]) -> None:
        """Validate records before they are written.

        Raises:
            InvalidRecordError: a record is invalid, or there was no SCHEMA message before it.
        """
        check = self._checks.get(stream)
        for record in msgspec.json.decode(msgspec.json.encode([*records])):
            if check is None:
                raise InvalidRecordError(
                    f"A record of {stream} was emitted before the SCHEMA message of the stream."
                )
            check.look_at(record)


class _Check:
    """The compiled schema of one stream."""

    def __init__(self, stream: str, schema: Mapping[str, Any], keys: Sequence[str]) -> None:
        self._stream = stream
        self._keys = keys
        columns = schema.get("properties", {})
        self._columns = {name: (_classes(one), self._whole(one)) for name, one in columns.items()}
        around = {name: one for name, one in schema.items() if name != "properties"}
        self._around = self._whole({**around, "properties": dict.fromkeys(columns, True)})

    @staticmethod
    def _whole(schema: Mapping[str, Any] | bool) -> Draft202012Validator:
        return Draft202012Validator(schema, format_checker=_formats)

    def look_at(self, record: Mapping[str, object]) -> None:
        """Raise `InvalidRecordError` if the record is invalid."""
        for error in self._around.iter_errors(record):
            self._refuse(record, "", error.message)
        for name in self._keys:
            if record.get(name) is None:
                self._refuse(record, name, "a key column has no value")
        for name, value in record.items():
            classes, whole = self._columns.get(name, ((), None))
            if whole is not None and value.__class__ not in classes:
                for error in whole.iter_errors(value):
                    inside = "".join(f"[{step!r}]" for step in error.path)
                    self._refuse(record, name + inside, f"{error.validator} is {error.validator_value!r}")

    def _refuse(self, record: Mapping[str, object], column: str, what: str) -> None:
        key = ", ".join(f"{name} {record.get(name)}" for name in self._keys) or "no key"
        where = f"column {column}, " if column else ""
        raise InvalidRecordError(
            f"Stream {self._stream}, {where}row with {key}: the record is invalid by its SCHEMA ({what}). "
            "This is a defect of the tap or of stream_maps: please report it, deselect the column, or "
            "turn validate_records off."
        )


def _classes(schema: Mapping[str, Any] | bool) -> tuple[type, ...]:
    """Return the Python classes whose values are always valid in a column; others need full validation."""
    if not isinstance(schema, dict) or not schema.keys() <= _SIMPLE:
        return ()
    words = schema.get("type", [])
    kinds = words if isinstance(words, list) else [words]
    found = [_CLASSES[kind] for kind in kinds if kind in _CLASSES]
    return (*found, *([int] if "number" in kinds else []), *([type(None)] if "null" in kinds else []))
