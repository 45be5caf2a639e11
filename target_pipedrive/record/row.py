"""Rows of Pipedrive as the target reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from target_pipedrive.catalog.spec import EntitySpec

Row: TypeAlias = "Mapping[str, object]"


def is_gone(row: object, spec: EntitySpec | None) -> bool:
    """Return whether a row, or the response to a write, shows a deleted row.

    Args:
        row: as Pipedrive returns it; a response without a row shows none.
        spec: the entity of the row, which may mark deleted rows by another column than `is_deleted`.
    """
    if not isinstance(row, Mapping):
        return False
    if row.get("is_deleted") is True:
        return True
    if spec is not None:
        for name, value in spec.deleted_as.items():
            if name in row and row[name] == value:
                return True
    return False


def is_archived(row: Row) -> bool:
    """Return whether a row cannot be changed because it is archived."""
    return row.get("is_archived") is True or bool(row.get("archive_time"))


def is_retired(row: Row) -> bool:
    """Return whether another row is meant if one has the same name: an archived row, an inactive product."""
    return is_archived(row) or row.get("is_linkable") is False
