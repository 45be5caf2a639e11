"""Names of rows that a run has read or written, to show them beside their ids."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from pipedrive_client import PipedriveError
from target_pipedrive.catalog.entities import ENTITIES

if TYPE_CHECKING:
    from target_pipedrive.account.rows import Rows

_MOST = 100_000
_SHORT = frozenset({"users", "pipelines", "stages"})
"""Entities with few rows, all of which one request returns."""


class KnownNames:
    """Names of rows by entity and id; thread-safe.

    Args:
        rows: contains the lists that were read.
        complete: True if short lists, such as that of the users, are read when a name is missing.
    """

    def __init__(self, rows: Rows, *, complete: bool = False) -> None:
        self._rows = rows
        self._unread = set(_SHORT) if complete else set()
        self._lock = threading.Lock()
        self._names: dict[tuple[str, str], str] = {}

    def remember(self, entity: str, row_id: str | None, name: str) -> None:
        """Keep the name of a row; of very many rows, those after the first 100,000 are not kept."""
        place = entity, row_id or ""
        if name and row_id and (place in self._names or len(self._names) < _MOST):
            self._names[place] = name

    def of(self, entity: str, row_id: object) -> str:
        """Return the name of a row, or nothing if it is not known."""
        name = self._names.get((entity, str(row_id)))
        if name is None and entity in ENTITIES:
            if entity in self._unread:
                self._read(entity)
            row = self._rows.cached(ENTITIES[entity], str(row_id)) or {}
            return str(row.get("name") or row.get("title") or "")
        return name or ""

    def _read(self, entity: str) -> None:
        """Read a short list once. Names only make a page easier to read, so a failure leaves the ids."""
        with self._lock, suppress(PipedriveError):
            if entity in self._unread:
                try:
                    self._rows.listed(ENTITIES[entity], {}, entity)
                finally:
                    self._unread.discard(entity)
