"""Rows as they would be after the writes that a dry run only plans.

A later record of the same row is compared with them, as it is compared with the written row in a real run.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.ids.provisional import ProvisionalId, as_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.catalog.spec import EntitySpec
    from target_pipedrive.record.row import Row

_MOST = 200_000
_encode = msgspec.json.Encoder(decimal_format="number", enc_hook=as_text).encode
_CUSTOM = "custom_fields"


class PlannedRows:
    """Planned values by row, at some hundred bytes each; safe to share between threads.

    Of very many rows, those after the first 200,000 are not kept: a second record of such a row is counted as
    an update.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[tuple[str, str], bytes] = {}
        self._deleted: set[tuple[str, str]] = set()

    def write(
        self, entity: EntitySpec, row_id: str, body: Mapping[str, object], custom: Mapping[str, object]
    ) -> None:
        """Note the values of an add or update."""
        place = entity.name, str(row_id)
        first = None if place in self._values else _together({}, entity, body, custom)
        with self._lock:
            held = self._values.get(place)
            if held is None:
                if first is not None and len(self._values) < _MOST:
                    self._values[place] = first
                return
            whole = _together(msgspec.json.decode(held), entity, body, custom)
            if whole is None:
                del self._values[place]
            else:
                self._values[place] = whole

    def delete(self, entity: EntitySpec, row_id: str) -> None:
        """Note a delete."""
        with self._lock:
            self._deleted.add((entity.name, str(row_id)))

    def added(self, entity: EntitySpec, row_id: ProvisionalId) -> Row | None:
        """Return a row that only a dry run added; None if it is deleted again, or not kept."""
        place = entity.name, str(row_id)
        if place in self._deleted or place not in self._values:
            return None
        return {
            **_blank(entity.add, entity.update),
            entity.key: row_id,
            **msgspec.json.decode(self._values[place]),
        }

    def applied(self, entity: EntitySpec, row: Row) -> Row | None:
        """Return a row of Pipedrive with the planned values; None if it is to be deleted."""
        place = entity.name, str(row.get(entity.key))
        if place in self._deleted:
            return None
        held = self._values.get(place)
        if held is None:
            return row
        values = msgspec.json.decode(held)
        nested = row.get(_CUSTOM)
        if _CUSTOM in values and isinstance(nested, dict):
            values[_CUSTOM] = {**nested, **values[_CUSTOM]}
        return {**row, **values}

    def all_applied(self, entity: EntitySpec, rows: Mapping[str, Row]) -> dict[str, Row]:
        """Return rows by id with their planned values, without those to be deleted."""
        found = ((row_id, self.applied(entity, row)) for row_id, row in rows.items())
        return {row_id: row for row_id, row in found if row is not None}


def _together(
    known: dict[str, Any], entity: EntitySpec, body: Mapping[str, object], custom: Mapping[str, object]
) -> bytes | None:
    """Return the values of a row with those of a write; None if JSON cannot express a number."""
    whole = {**known, **body}
    if entity.flat_custom_fields:
        whole |= custom
    elif custom:
        whole[_CUSTOM] = {**known.get(_CUSTOM, {}), **custom}
    try:
        return _encode(whole)
    except (OverflowError, TypeError, ValueError):
        return None


@cache
def _blank(*actions: str | None) -> Mapping[str, None]:
    """Return the columns of these actions without values."""
    return {name: None for one in actions if one for name in ACTIONS[one].body_columns}
