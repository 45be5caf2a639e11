"""Lag of the search index: writes that it does not contain yet.

Lists and single reads show a write immediately. With a lag, searches show each row as it was before the
write, until the given number of further requests: an added row is not found, a renamed row is found by its
old name, a deleted or merged row is still found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipedrive_emulator.api.http import Row


class Lag:
    """Writes that searches do not see yet.

    Attributes:
        requests: number of requests after a write that do not see it; 0 for an index without lag.
        version: grows whenever a search may find something else than before.
    """

    def __init__(self, requests: int = 0) -> None:
        self.requests = requests
        self.version = 0
        self._count = 0
        self._unseen: dict[str, dict[int, list[tuple[int, Row | None]]]] = {}

    def count(self) -> None:
        """Count a request."""
        self._count += 1
        self.version += 1

    def note(self, table: str, seq: int, before: Row | None) -> None:
        """Record a write to a row; `before` is None if the row did not exist."""
        if self.requests:
            writes = self._unseen.setdefault(table, {}).setdefault(seq, [])
            writes.append((self._count + self.requests, before))
            self.version += 1

    def catch_up(self) -> None:
        """Update the index completely."""
        self._unseen.clear()
        self.version += 1

    def earlier(self, table: str) -> dict[int, Row | None]:
        """Return the rows that differ in the index, by number; None for a row it does not contain."""
        rows = self._unseen.get(table, {})
        for seq, writes in list(rows.items()):
            kept = [write for write in writes if write[0] >= self._count]
            if kept:
                rows[seq] = kept
            else:
                del rows[seq]
        return {seq: writes[0][1] for seq, writes in rows.items()}
