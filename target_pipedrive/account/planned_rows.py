"""Rows as they would be after the writes that a dry run only plans.

A later record of the same row is compared with them, as it is compared with the written row in a real run.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.ids.provisional import ProvisionalId, as_text
from target_pipedrive.values.match_terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_pipedrive.catalog.spec import EntitySpec
    from target_pipedrive.record.row import Row

MOST = 200_000
"""Maximum number of rows whose values are kept."""
_encode = msgspec.json.Encoder(decimal_format="number", enc_hook=as_text).encode
_CUSTOM = "custom_fields"


class PlannedRows:
    """Planned values by row, at some hundred bytes each; thread-safe.

    Of very many rows, those after the first 200,000 are not kept: a second record of such a row is counted as
    an update.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[tuple[str, str], bytes] = {}
        self._deleted: set[tuple[str, str]] = set()
        self._written: defaultdict[str, list[str]] = defaultdict(list)
        self._index = _Index(self)

    def write(
        self, entity: EntitySpec, row_id: str, body: Mapping[str, object], custom: Mapping[str, object]
    ) -> None:
        """Record the values of an add or update."""
        place = entity.name, str(row_id)
        first = None if place in self._values else _together({}, entity, body, custom)
        with self._lock:
            held = self._values.get(place)
            if held is None:
                if first is not None and len(self._values) < MOST:
                    self._values[place] = first
                    self._written[entity.name].append(row_id)
                return
            whole = _together(msgspec.json.decode(held), entity, body, custom)
            if whole is None:
                del self._values[place]
            else:
                self._values[place] = whole
                self._written[entity.name].append(row_id)

    def delete(self, entity: EntitySpec, row_id: str, above: object = None) -> None:
        """Note a delete; `above` is the id of the parent row."""
        with self._lock:
            self._deleted.add(_place(entity, row_id, above))

    def holds(self, entity: str, row_id: str) -> bool:
        """Return whether the values of a row are kept; then `ids` finds it."""
        return (entity, str(row_id)) in self._values

    def written(self, entity: str, first: int) -> list[tuple[str, Mapping[str, object]]]:
        """Return id and values of each write to an entity, from a number of writes on, in order."""
        ids = self._written.get(entity, [])[first:]
        return [(one, msgspec.json.decode(self._values.get((entity, str(one)), b"{}"))) for one in ids]

    def ids(self, entity: str, column: str, wanted: Iterable[str]) -> list[str]:
        """Return the ids of rows that may have one of these terms, which the caller must check."""
        return self._index.ids(entity, column, wanted)

    def added_rows(self, entity: EntitySpec, values: Mapping[str, object]) -> dict[str, Row]:
        """Return the rows that only a dry run added and that have these values, by id."""
        found: dict[str, Row] = {}
        for row_id in dict.fromkeys(self._written.get(entity.name, ())):
            row = self.added(entity, row_id) if isinstance(row_id, ProvisionalId) else None
            if row is not None and all(str(row.get(name)) == str(one) for name, one in values.items()):
                found[row_id if not entity.chosen_key else str(row.get(entity.key))] = row
        return {one: row for one, row in found.items() if not self._is_deleted(entity, one, values)}

    def _is_deleted(self, entity: EntitySpec, row_id: str, values: Mapping[str, object]) -> bool:
        return _place(entity, row_id, values.get(entity.parent or "")) in self._deleted

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

    def applied(self, entity: EntitySpec, row: Row, above: object = None) -> Row | None:
        """Return a row of Pipedrive with the planned values; None if it is to be deleted."""
        place = entity.name, str(row.get(entity.key))
        if _place(entity, place[1], above) in self._deleted:
            return None
        held = self._values.get(place)
        if held is None:
            return row
        values = msgspec.json.decode(held)
        nested = row.get(_CUSTOM)
        if _CUSTOM in values and isinstance(nested, dict):
            values[_CUSTOM] = {**nested, **values[_CUSTOM]}
        return {**row, **values}

    def all_applied(
        self, entity: EntitySpec, rows: Mapping[str, Row], above: object = None
    ) -> dict[str, Row]:
        """Return rows by id with their planned values, without those to be deleted."""
        found = ((row_id, self.applied(entity, row, above)) for row_id, row in rows.items())
        return {row_id: row for row_id, row in found if row is not None}


class _Index:
    """Index of the planned values, by which later records match the rows.

    Args:
        planned: planned values by row.
    """

    def __init__(self, planned: PlannedRows) -> None:
        self._planned = planned
        self._lock = threading.Lock()
        self._taken: Counter[tuple[str, str]] = Counter()
        self._ids: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)

    def ids(self, entity: str, column: str, wanted: Iterable[str]) -> list[str]:
        """Return the ids of rows that may have one of these terms, which the caller must check."""
        place = entity, column
        with self._lock:
            for row_id, values in self._planned.written(entity, self._taken[place]):
                self._taken[place] += 1
                nested = values.get(_CUSTOM)
                held = nested.get(column) if isinstance(nested, dict) and column in nested else None
                for term in terms(values.get(column, held), column):
                    self._ids[*place, term].append(row_id)
            return list(dict.fromkeys(one for term in wanted for one in self._ids.get((*place, term), ())))


def _place(entity: EntitySpec, row_id: object, above: object) -> tuple[str, str]:
    """Return the place of a row; the user of a follower is a row of each parent."""
    within = f"{above}/" if entity.chosen_key else ""
    return entity.name, f"{within}{row_id}"


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
