"""Rows of Pipedrive as the target reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping


Row: TypeAlias = "Mapping[str, object]"


def is_gone(row: Row) -> bool:
    """Return whether the row represents a deleted one."""
    return row.get("is_deleted") is True


def is_archived(row: Row) -> bool:
    """Return whether a row cannot be changed because it is archived."""
    return row.get("is_archived") is True or bool(row.get("archive_time"))


def is_retired(row: Row) -> bool:
    """Return whether another row is meant if one has the same name: an archived row, an inactive product."""
    return is_archived(row) or row.get("is_linkable") is False
