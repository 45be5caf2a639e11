"""Detection of rows of another list: a proxy or cache may return the response to another request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from pipedrive_client.fields import HASH_KEY
from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.rows.struct_rows import TypedRow

if TYPE_CHECKING:
    from collections.abc import Collection

    from tap_pipedrive.values.row import Row

_FEWEST_COLUMNS = 10
"""Minimum number of columns of a stream whose rows are recognised."""
_FEWEST_KEYS = 3
"""Minimum number of keys that no column has."""
_FEWEST_MISSING = 2
"""Minimum number of columns that a row lacks if it is of a certain other stream."""


def foreign_keys(row: Row, stream: str, columns: Collection[str]) -> list[str]:
    """Return the keys that show that a row is of another list; empty if it may be of this one.

    A row is of another list if it lacks most of the columns, and at least half of its keys are none of them;
    or if several of its keys are none of them, and all its keys are columns of one other stream that does not
    have all columns of this one. New keys of Pipedrive do not count, since the known ones are present beside
    them.

    Args:
        row: the row as Pipedrive sent it.
        stream: name of the stream.
        columns: published columns of the stream.
    """
    if isinstance(row, TypedRow):
        sent = {name for name in row.slots if row.get(name, UNSET) is not UNSET}
    else:
        sent = {name for name in row if not HASH_KEY.match(name)}
    sent.discard("custom_fields")
    others = sent.difference(columns)
    if len(others) < _FEWEST_KEYS:
        return []
    known = len(sent) - len(others)
    lacks_most = len(columns) >= _FEWEST_COLUMNS and 2 * known < len(columns) and len(others) >= known
    return sorted(others) if lacks_most or _fits_another(sent, stream, columns) else []


def _fits_another(sent: set[str], stream: str, columns: Collection[str]) -> bool:
    """Return True if all keys of a row are columns of a stream that lacks some columns of its own."""
    own = STREAMS.get(stream)
    if own is None:  # a stream of `raw_requests` may have any columns
        return False
    return any(
        sent <= other.schema.keys() and len({*columns} - other.schema.keys()) >= _FEWEST_MISSING
        for other in STREAMS.values()
        if other is not own and not other.shape
    )
