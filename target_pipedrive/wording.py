"""Columns under the names people know, for messages: never a 40-character key of a custom field."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from pipedrive_client import PipedriveError
from target_pipedrive.binding import Place
from target_pipedrive.faults import Fault, RecordFault, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.binding import Binding
    from target_pipedrive.plan import Plan

_KEY = re.compile(r"(?:custom_fields\.)?\b([0-9a-f]{40})\b(?:_\w+)?")
_WORD = re.compile(r"\w+")
_TELLING_KINDS = frozenset({"num", "bool", "flag", "date", "time", "stamp", "minute", "clock"})
_TELLING_TYPES = frozenset(
    {"enum", "set", "date", "daterange", "time", "timerange", "double", "int", "monetary"}
)
_DIGITS = re.compile(r"[-+]?\d[\d.,eE+-]{0,40}")


def fault_of(
    error: RecordFault | PipedriveError,
    *,
    stream: str,
    key: Mapping[str, object],
    line: int,
    plan: Plan | None,
) -> Fault:
    """Return the fault of one record as data.

    Args:
        error: what was raised for it.
        stream: name of its stream.
        key: values of its key properties.
        line: line of the input.
        plan: what its stream's records become, for the names of its columns.
    """
    if isinstance(error, RecordFault):
        column = error.column
        names = _names(plan) if plan is not None and (_KEY.search(error.why) or _KEY.search(column)) else {}
        return Fault(
            stream=stream,
            key=key,
            line=line,
            why=_renamed(error.why, names),
            column=_renamed(column, names),
            value=shown(error.value),
        )
    text, said = str(error), error.error_info or ""
    names = _names(plan) if plan is not None and _KEY.search(f"{text} {said}") else {}
    return Fault(
        stream=stream,
        key=key,
        line=line,
        why=_renamed(text, names),
        column=_blamed(said, plan, names),
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


def _blamed(said: str, plan: Plan | None, names: Mapping[str, str]) -> str:
    """The column of the record that an answer of Pipedrive names; empty when it names none."""
    if plan is None or not said:
        return ""
    key = _KEY.search(said)
    if key is not None:
        return names.get(key[1], "")
    sources = {one.name: one.source for one in plan.bindings}
    return next((sources[word] for word in _WORD.findall(said) if word in sources), "")
