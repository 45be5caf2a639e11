"""Nulls that clear a column, derived from the specification of the update."""

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
"""Marker for columns that cannot be emptied, which keep their value."""
_LISTS = CONTACT_KINDS | {"list", PRICES}
_NAMES = frozenset({"name", "title", "subject"})
"""Texts that Pipedrive does not store empty, in contrast to its description."""


def empty_value(column: Column, required: Container[str] = ()) -> object:
    """Return the value that empties a column in an update, or KEPT.

    Null if the description allows it; otherwise the empty list for lists and the empty text for free text.
    Names, and required columns of a new row, are never emptied.

    Args:
        column: column of the update.
        required: required columns of a new row.
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
    """Return the value that empties each column of an update."""
    found = {name: empty_value(column, required) for name, column in columns.items()}
    return {name: value for name, value in found.items() if value is not KEPT}


def emptied_columns(add: ActionSpec | None, update: ActionSpec | None) -> Mapping[str, object]:
    """Return the value that empties each column of an entity, according to its update.

    A column that only the add has is None, since a new row omits empty columns.
    """
    added = add.body_columns if add else {}
    changed = update.body_columns if update else {}
    required = {name for name, column in added.items() if column.required}
    left_out = {name: None for name, column in added.items() if column.kind.nullable and name not in changed}
    return {**left_out, **empty_values(changed, required)}
