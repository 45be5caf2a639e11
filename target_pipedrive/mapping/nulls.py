"""How null clears a column, derived from the specification of the update."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from target_pipedrive.values.compound import CONTACT_KINDS, PRICES

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from target_pipedrive.catalog.notation import Column, Columns
    from target_pipedrive.catalog.spec import ActionSpec


class _Kept(Enum):
    KEPT = "kept"


KEPT: Final = _Kept.KEPT
"""In place of a value that empties a column: there is none, so the column keeps what it holds."""
_LISTS = CONTACT_KINDS | {"list", PRICES}
_NAMES = frozenset({"name", "title", "subject"})
"""Texts that Pipedrive refuses to store empty, whatever its description says."""


def empty_value(column: Column, required: Container[str] = ()) -> object:
    """Return what an update sends to empty a column, or KEPT.

    Null where the description allows it; else the empty list for lists and the empty text for free text.
    Names, and columns that a new row needs, are never emptied.

    Args:
        column: of the update.
        required: columns that a new row needs.
    """
    kind = column.kind
    if kind.nullable:
        return None
    if column.required or column.name in required or column.name in _NAMES:
        return KEPT
    if kind.name in _LISTS:
        return []
    return "" if kind.name == "str" and not kind.choices else KEPT


def empty_values(columns: Columns, required: Container[str] = ()) -> Mapping[str, object]:
    """Return what empties each column of an update that can be emptied."""
    found = {name: empty_value(column, required) for name, column in columns.items()}
    return {name: value for name, value in found.items() if value is not KEPT}


def emptied_columns(add: ActionSpec | None, update: ActionSpec | None) -> Mapping[str, object]:
    """Return what empties each column of an entity: what its update says, which may differ from its add.

    A column that only the add has is named with None, as a new row leaves out what is empty.
    """
    added = add.body_columns if add else {}
    changed = update.body_columns if update else {}
    required = {name for name, column in added.items() if column.required}
    left_out = {name: None for name, column in added.items() if column.kind.nullable and name not in changed}
    return {**left_out, **empty_values(changed, required)}
