"""Columns of tombstones, the records of deleted rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_pipedrive.catalog.spec import JSON


DELETED_AT = "_sdc_deleted_at"

TOMBSTONE_COLUMNS: dict[str, JSON] = {
    "is_deleted": {"type": ["boolean", "null"], "description": "True once the row was deleted."},
    DELETED_AT: {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "Time when the delete was detected; null except in tombstones.",
    },
}
