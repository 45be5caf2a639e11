"""Detection of rows of another list: a proxy or cache may return the response to another request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from pipedrive_client.fields import HASH_KEY
from tap_pipedrive.rows.struct_rows import TypedRow

if TYPE_CHECKING:
    from collections.abc import Collection

    from tap_pipedrive.values.row import Row

_FEWEST_COLUMNS = 10
"""Minimum number of columns of a stream whose rows are recognised."""
_FEWEST_KEYS = 3
"""Minimum number of keys that no column has."""


def foreign_keys(row: Row, columns: Collection[str]) -> list[str]:
    """Return the keys that show that a row is of another list; empty if it may be of this one.

    A row is of another list if it lacks most of the columns, and at least half of its keys are none of them.
    New keys of Pipedrive do not count, since the known ones are present beside them.

    Args:
        row: the row as Pipedrive sent it.
        columns: published columns of the stream.
    """
    if len(columns) < _FEWEST_COLUMNS:
        return []
    if isinstance(row, TypedRow):
        sent = [name for name in row.slots if row.get(name, UNSET) not in (UNSET, None)]
    else:
        sent = [name for name in row if not HASH_KEY.match(name)]
    sent = [name for name in sent if name != "custom_fields"]
    known = [name for name in sent if name in columns]
    others = sorted({*sent} - {*known})
    lacks_most = 2 * len(known) < len(columns)
    return others if lacks_most and len(others) >= max(len(known), _FEWEST_KEYS) else []
