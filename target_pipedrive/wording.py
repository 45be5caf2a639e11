"""Columns under the names people know, for messages: never a 40-character key of a custom field."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from pipedrive_client import PipedriveError
from pipedrive_client.errors import ItemError, RecordError
from target_pipedrive.binding import Place
from target_pipedrive.faults import Fault, RecordFault, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.binding import Binding
    from target_pipedrive.plan import Plan

_KEY = re.compile(r"(?:custom_fields\.)?\b([0-9a-f]{40})\b(?:_\w+)?")
_WORD = re.compile(r"\w+")
_ANSWERED = re.compile(r"^[A-Z]+ \S+ ")  # method and path
_TELLING_KINDS = frozenset({"num", "bool", "flag", "date", "time", "stamp", "minute", "clock"})
_TELLING_TYPES = frozenset(
    {"enum", "set", "date", "daterange", "time", "timerange", "double", "int", "monetary"}
)
_DIGITS = re.compile(r"[-+]?\d[\d.,eE+-]{0,40}")


class _Record(msgspec.Struct):
    """A RECORD message, as far as it is needed."""

    record: dict[str, object] = msgspec.field(default_factory=dict)


def fault_of(
    error: RecordFault | PipedriveError,
    *,
    stream: str,
    key: Mapping[str, object],
    line: int,
    plan: Plan | None,
    message: bytes = b"",
) -> Fault:
    """Return the fault of one record as data.

    Args:
        error: what was raised for it.
        stream: name of its stream.
        key: values of its key properties.
        line: line of the input.
        plan: what its stream's records become, for the names of its columns.
        message: the RECORD message, for the value of a column that Pipedrive refuses.
    """
    text = error.why if isinstance(error, RecordFault) else str(error)
    column = error.column if isinstance(error, RecordFault) else ""
    names = _names(plan) if plan is not None and _KEY.search(f"{text} {column}") else {}
    value = error.value if isinstance(error, RecordFault) else None
    if isinstance(error, ItemError | RecordError) and plan is not None:
        binding = _blamed(_ANSWERED.sub("", text), plan)
        if binding is not None:
            column = binding.source
            given = _value_in(message, column)
            value = given if telling(plan, binding, given) else None
    return Fault(
        stream=stream,
        key=key,
        line=line,
        why=_renamed(text, names),
        column=_renamed(column, names),
        value=shown(value),
        column_in_reason=not isinstance(error, RecordFault),
    )


def telling(plan: Plan, binding: Binding, value: object) -> bool:
    """Return whether a fault may show the column's value: an option, a date, a number or a truth."""
    if isinstance(value, (bool, int, float)) or (isinstance(value, str) and _DIGITS.fullmatch(value.strip())):
        return True
    if binding.entity is not None:
        return False
    if binding.place in (Place.BODY, Place.PATH, Place.QUERY):
        column = plan.columns.get(binding.name)
        if column is None or binding.name in plan.labelled:
            return column is not None
        return column.kind.name in _TELLING_KINDS or bool(column.kind.choices)
    if binding.place in (Place.CUSTOM, Place.PART) and plan.custom_fields is not None:
        found = [one for one in plan.book.definitions(plan.custom_fields) if one.key == binding.name]
        return bool(found) and found[0].field_type in _TELLING_TYPES
    return binding.place is Place.DELETED


def _names(plan: Plan) -> dict[str, str]:
    """Key of each custom field → the name of its column, or of the field where the column is named by key."""
    names: dict[str, str] = {}
    if plan.custom_fields is not None:
        with suppress(PipedriveError):  # the fault at hand is the one to tell
            names = {one.key: one.name for one in plan.book.definitions(plan.custom_fields)}
    for binding in plan.bindings:
        if binding.place in (Place.CUSTOM, Place.PART) and not _KEY.fullmatch(binding.source):
            names[binding.name] = binding.source
    return names


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """The text with names in place of keys."""
    return _KEY.sub(lambda match: names.get(match[1], "a custom field"), text)


def _blamed(said: str, plan: Plan) -> Binding | None:
    """The column of the record that an answer of Pipedrive names; None when it names none."""
    by_name = {one.name: one for one in plan.bindings}
    words = [match[1] for match in _KEY.finditer(said)] + _WORD.findall(said)
    return next((by_name[word] for word in words if word in by_name), None)


def _value_in(message: bytes, column: str) -> object:
    """What the column holds in a RECORD message; None when that cannot be read."""
    with suppress(ValueError, RecursionError, msgspec.MsgspecError):
        return msgspec.json.decode(message, type=_Record).record.get(column)
    return None
