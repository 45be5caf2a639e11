"""Which Pipedrive row an external id stands for, as the workers see it; the ledger keeps the same on disk."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from target_pipedrive.ledger import Link

_NEVER = frozenset({"teams"})
"""Entities that taps do not read: Pipedrive takes them away."""
NOWHERE = ""
"""In place of a row's id: the row of the other account has none here, and is not to come."""


class Links:
    """External ids by entity; safe to share between threads.

    Attributes:
        on_link: called with entity and external id whenever a row is linked.
    """

    def __init__(self, known: Iterable[Link] = ()) -> None:
        self._lock = threading.Lock()
        self._ids: dict[tuple[str, str], str] = {}
        self._external: dict[tuple[str, str], set[str]] = {}
        self._streams: dict[str, set[tuple[str, str]]] = {}
        self.on_link: Callable[[str, str], None] | None = None
        for link in known:
            self.put(link.entity, link.external_id, link.id, link.stream)

    def get(self, entity: str, external_id: str) -> str | None:
        """Pipedrive id of an external id."""
        return self._ids.get((entity, external_id)) or None

    def is_nowhere(self, entity: str, external_id: str) -> bool:
        """Whether the row was deleted there, or is one that is not made here."""
        return entity in _NEVER or self._ids.get((entity, external_id)) == NOWHERE

    def is_taken(self, entity: str, row_id: str, external_id: str) -> bool:
        """Whether a row stands for another external id already."""
        return bool(self._external.get((entity, row_id), set()) - {external_id})

    def put(self, entity: str, external_id: str, row_id: str, stream: str) -> None:
        """Note which row an external id stands for."""
        with self._lock:
            self._ids[entity, external_id] = row_id
            if row_id != NOWHERE:
                self._external.setdefault((entity, row_id), set()).add(external_id)
            self._streams.setdefault(stream, set()).add((entity, external_id))
        if self.on_link is not None:
            self.on_link(entity, external_id)

    def of_stream(self, stream: str) -> list[tuple[str, str, str]]:
        """Entity, external id and Pipedrive id of everything a stream has linked."""
        with self._lock:
            found = self._streams.get(stream, set())
            linked = ((entity, one, self._ids[entity, one]) for entity, one in sorted(found))
            return [link for link in linked if link[2] != NOWHERE]

    def move(self, entity: str, old_id: str, new_id: str) -> None:
        """Point the external ids of a merged row at the survivor."""
        with self._lock:
            moved = self._external.pop((entity, old_id), set())
            for external_id in moved:
                self._ids[entity, external_id] = new_id
            self._external.setdefault((entity, new_id), set()).update(moved)

    def drop(self, entity: str, row_id: str) -> None:
        """Forget the external ids of a deleted row."""
        with self._lock:
            for external_id in self._external.pop((entity, row_id), set()):
                self._ids.pop((entity, external_id), None)
                for seen in self._streams.values():
                    seen.discard((entity, external_id))
