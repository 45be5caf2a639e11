"""Setting `validate_records`: validate every record against the SCHEMA message of its stream.

Each SCHEMA is compiled once, to a fast check of classes and formats. A value that does not pass it is
validated in full, which also names what is wrong.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from jsonschema import Draft202012Validator, FormatChecker

from pipedrive_client import PipedriveError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    _FastCheck: TypeAlias = Callable[[Any], bool]

_CLASSES: Mapping[str, type] = {"string": str, "integer": int, "number": float, "boolean": bool}
_ANNOTATIONS = frozenset({"description", "title", "x-pipedrive", "examples", "default"})
_CHECKED = frozenset({"type", "format", "properties", "items", "additionalProperties"})
"""Keywords that the fast check knows; a schema with others is validated in full."""
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
        written = msgspec.json.decode(msgspec.json.encode([*records]))
        if check is None:
            if written:
                raise InvalidRecordError(
                    f"A record of {stream} was emitted before the SCHEMA message of the stream."
                )
        elif not check.settles(written):
            for record in written:
                check.look_at(record)


class _Check:
    """The compiled schema of one stream."""

    def __init__(self, stream: str, schema: Mapping[str, Any], keys: Sequence[str]) -> None:
        self._stream = stream
        self._keys = keys
        columns = schema.get("properties", {})
        self._columns = {name: (_checks(one), self._whole(one)) for name, one in columns.items()}
        around = {name: one for name, one in schema.items() if name != "properties"}
        self._is_plain = around.keys() - _ANNOTATIONS == {"type"} and around["type"] == "object"
        self._around = self._whole({**around, "properties": dict.fromkeys(columns, True)})

    @staticmethod
    def _whole(schema: Mapping[str, Any] | bool) -> Draft202012Validator:
        return Draft202012Validator(schema, format_checker=_formats)

    def settles(self, records: Sequence[Any]) -> bool:
        """Return whether all records are valid; False if they have to be looked at one by one.

        A column is checked at once, by the classes of its values where they decide.
        """
        if not self._is_plain or not set(map(type, records)) <= {dict}:
            return False
        groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for record in records:
            groups.setdefault((*record,), []).append(record)
        return all(self._settles(names, group) for names, group in groups.items())

    def _settles(self, names: tuple[str, ...], records: list[dict[str, Any]]) -> bool:
        """Return whether records with the same columns are valid."""
        if not {*self._keys} <= {*names}:
            return False
        columns = zip(*(record.values() for record in records), strict=True)
        for name, values in zip(names, columns, strict=True):
            checks, _ = self._columns.get(name, (_ANYTHING, None))
            for kind in set(map(type, values)):
                check = checks.get(kind, _unsure)
                if check is not _pass and not all(map(check, [v for v in values if v.__class__ is kind])):
                    return False
            if name in self._keys and None in values:
                return False
        return True

    def look_at(self, record: Mapping[str, object]) -> None:
        """Raise `InvalidRecordError` if the record is invalid."""
        if not self._is_plain or record.__class__ is not dict:
            for error in self._around.iter_errors(record):
                self._refuse(record, "", error.message)
        for name in self._keys:
            if record.get(name) is None:
                self._refuse(record, name, "a key column has no value")
        for name, value in record.items():
            checks, whole = self._columns.get(name, (_NOTHING, None))
            if whole is not None and not checks.get(value.__class__, _unsure)(value):
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


def _checks(schema: Mapping[str, Any] | bool) -> Mapping[type, _FastCheck]:
    """Return a check for each class of values; a value that passes is valid, others need full validation."""
    if not isinstance(schema, dict) or not schema.keys() - _ANNOTATIONS <= _CHECKED:
        return _NOTHING
    words = schema.get("type", [])
    kinds = words if isinstance(words, list) else [words]
    found: dict[type, _FastCheck] = {_CLASSES[kind]: _pass for kind in kinds if kind in _CLASSES}
    if "number" in kinds:
        found[int] = _pass
    if "null" in kinds:
        found[type(None)] = _pass
    if str in found and "format" in schema:
        found[str] = _FORMATS.get(schema["format"], _unsure)
    if "array" in kinds:
        found[list] = _items_check(schema)
    if "object" in kinds:
        found[dict] = _members_check(schema)
    return found


def _items_check(schema: Mapping[str, Any]) -> _FastCheck:
    checks = _checks(schema["items"]) if "items" in schema else None

    def passes(values: Any) -> bool:  # noqa: ANN401  any JSON value
        return checks is None or all(checks.get(one.__class__, _unsure)(one) for one in values)

    return passes


def _members_check(schema: Mapping[str, Any]) -> _FastCheck:
    members = {name: _checks(one) for name, one in schema.get("properties", {}).items()}
    others = _checks(schema["additionalProperties"]) if "additionalProperties" in schema else None

    def passes(value: Any) -> bool:  # noqa: ANN401  any JSON value
        for name, one in value.items():
            checks = members.get(name, others)
            if checks is not None and not checks.get(one.__class__, _unsure)(one):
                return False
        return True

    return passes


def _pass(_: object) -> bool:
    return True


def _unsure(_: object) -> bool:
    return False


def _is_valid(check: _FastCheck) -> _FastCheck:
    """Return a check of a format that returns False instead of raising ValueError."""

    def passes(value: object) -> bool:
        try:
            return check(value)
        except ValueError:
            return False

    return passes


_NOTHING: Mapping[type, _FastCheck] = {}
_ANYTHING: Mapping[type, _FastCheck] = dict.fromkeys((str, int, float, bool, NoneType, list, dict), _pass)
_MOST_TEXTS = 16_384
"""Times whose result is kept: a row often has the same time in several columns."""
_FORMATS: Mapping[str, _FastCheck] = {
    "date-time": lru_cache(_MOST_TEXTS)(_is_valid(_is_time)),
    "date": lru_cache(_MOST_TEXTS)(_is_valid(_is_date)),
}
