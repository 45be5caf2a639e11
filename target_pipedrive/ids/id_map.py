"""Map of external ids to Pipedrive ids in memory; the ledger stores the same map on disk."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_pipedrive.catalog.entities import BELOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An external id and its Pipedrive id.

    Attributes:
        entity: entity of the row.
        external_id: external id.
        id: Pipedrive id.
        stream: stream that linked them.
        written_at: RFC 3339 time of the link, in the ledger.
        parent: id of the row that it is below; empty for a row of its own, or if it is not known.
    """

    entity: str
    external_id: str
    id: str
    stream: str
    written_at: str = ""
    parent: str = ""


_NEVER = frozenset({"teams"})
"""Entities that the tap does not read, because Pipedrive removed them."""
NOWHERE = ""
"""Value instead of a row's id: the row of the other account is not copied."""


class Links:
    """External ids by entity, at about 200 bytes each; thread-safe.

    Args:
        known: links of earlier runs.
    """

    def __init__(self, known: Iterable[Link] = ()) -> None:
        self._lock = threading.Lock()
        self._ids: defaultdict[str, dict[str, str]] = defaultdict(dict)
        # Nearly every row has one external id: a set for each would use more memory than everything else.
        self._external: defaultdict[str, dict[str, str | set[str]]] = defaultdict(dict)
        self._parents: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._streams: dict[str, defaultdict[str, set[str]]] = {}
        self._on_link: Callable[[str, str], None] | None = None
        for link in known:
            self.put(link.entity, link.external_id, link.id, link.stream, link.parent)

    def subscribe(self, on_link: Callable[[str, str], None]) -> None:
        """Call a function with entity and external id whenever a row is linked from now on."""
        self._on_link = on_link

    def get(self, entity: str, external_id: str) -> str | None:
        """Return the Pipedrive id of an external id."""
        known = self._ids.get(entity)
        return (known.get(external_id) or None) if known is not None else None

    def is_nowhere(self, entity: str, external_id: str) -> bool:
        """Return whether the row was deleted in the other account, or is not copied."""
        return entity in _NEVER or self._ids.get(entity, {}).get(external_id) == NOWHERE

    def is_taken(self, entity: str, row_id: str, external_id: str) -> bool:
        """Return whether a row is already linked to another external id."""
        return bool(_all(self._external.get(entity, {}).get(row_id)) - {external_id})

    def external_ids(self, entity: str, row_id: str, parent: str = "") -> set[str]:
        """Return every external id of a row, of any stream.

        Args:
            entity: entity of the row.
            row_id: id of the row.
            parent: its parent row; child rows of other parents may have the same id, such as followers.
        """
        with self._lock:
            return self._below(entity, row_id, parent)

    def _below(self, entity: str, row_id: str, parent: str) -> set[str]:
        parents = self._parents.get(entity, {}) if parent else {}
        found = _all(self._external.get(entity, {}).get(row_id))
        return {one for one in found if parents.get(one, parent) == parent}

    def parent(self, entity: str, external_id: str) -> str:
        """Return the id of the row that a linked row is below; empty if it is not known."""
        return self._parents.get(entity, {}).get(external_id, "")

    def is_of_other_stream(self, stream: str, entity: str, external_id: str) -> bool:
        """Return whether another stream has linked the same external id."""
        with self._lock:
            return any(
                external_id in linked.get(entity, ())
                for name, linked in self._streams.items()
                if name != stream
            )

    def put(self, entity: str, external_id: str, row_id: str, stream: str, parent: str = "") -> None:
        """Link an external id to a row, and to the row that it is below."""
        with self._lock:
            if parent:
                self._parents[entity][external_id] = parent
            self._ids[entity][external_id] = row_id
            if row_id != NOWHERE:
                self._put_external(entity, row_id, external_id)
            self._streams.setdefault(stream, defaultdict(set))[entity].add(external_id)
        if self._on_link is not None:
            self._on_link(entity, external_id)

    def _put_external(self, entity: str, row_id: str, external_id: str) -> None:
        held = self._external[entity]
        known = held.get(row_id)
        if known is None:
            held[row_id] = external_id
        elif known != external_id:
            held[row_id] = {*_all(known), external_id}

    def of_stream(self, stream: str) -> list[tuple[str, str, str]]:
        """Return entity, external id and Pipedrive id of all links of a stream."""
        with self._lock:
            found = [(entity, one) for entity, ids in self._streams.get(stream, {}).items() for one in ids]
            linked = ((entity, one, self._ids[entity][one]) for entity, one in sorted(found))
            return [link for link in linked if link[2] != NOWHERE]

    def move(self, entity: str, old_id: str, new_id: str) -> None:
        """Move the external ids of a merged row to the survivor, and its child rows too."""
        with self._lock:
            for external_id in _all(self._external[entity].pop(old_id, None)):
                self._ids[entity][external_id] = new_id
                self._put_external(entity, new_id, external_id)
            for parents in (self._parents[below] for below in BELOW.get(entity, ())):
                parents.update({one: new_id for one, parent in parents.items() if parent == old_id})

    def release(self, entity: str, external_id: str, row_id: str, parent: str = "") -> set[str]:
        """Remove the link of an external id whose row others link to as well, and return the others.

        The last link of a row stays, and the result is empty.
        """
        with self._lock:
            others = self._below(entity, row_id, parent) - {external_id}
            if others and self._ids[entity].get(external_id) == row_id:
                left = _all(self._external[entity].pop(row_id, None)) - {external_id}
                for one in left:
                    self._put_external(entity, row_id, one)
                self._remove(entity, external_id)
            return others

    def drop(self, entity: str, row_id: str, parent: str = "") -> None:
        """Remove the external ids of a deleted row; see `external_ids`."""
        with self._lock:
            gone = self._below(entity, row_id, parent)
            left = _all(self._external[entity].pop(row_id, None)) - gone
            for external_id in left:
                self._put_external(entity, row_id, external_id)
            for external_id in gone:
                self._remove(entity, external_id)

    def _remove(self, entity: str, external_id: str) -> None:
        self._ids[entity].pop(external_id, None)
        self._parents[entity].pop(external_id, None)
        for seen in self._streams.values():
            seen[entity].discard(external_id)


def _all(held: str | set[str] | None) -> set[str]:
    """Return the external ids of a row."""
    if held is None:
        return set()
    return {held} if isinstance(held, str) else held
