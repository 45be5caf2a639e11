"""Lag of the search index: writes that it does not contain yet.

Lists and single reads show a write at once. With a lag, searches show each row as it was before it, until so
many further requests have been made: what was added is not found, what was renamed is found by its old name,
what was deleted or merged is found still.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipedrive_emulator.api.http import Row


class Lag:
    """The writes that searches do not see yet.

    Attributes:
        requests: how many requests after a write do not see it; 0 for an index that never lags.
        version: grows whenever a search may find something else than before.
    """

    def __init__(self, requests: int = 0) -> None:
        self.requests = requests
        self.version = 0
        self._count = 0
        self._unseen: dict[str, dict[int, list[tuple[int, Row | None]]]] = {}

    def count(self) -> None:
        """Note that a request has come."""
        self._count += 1
        self.version += 1

    def note(self, table: str, seq: int, before: Row | None) -> None:
        """Note a write to a row; `before` is None when the row was not there."""
        if self.requests:
            writes = self._unseen.setdefault(table, {}).setdefault(seq, [])
            writes.append((self._count + self.requests, before))
            self.version += 1

    def catch_up(self) -> None:
        """Let the index take up everything."""
        self._unseen.clear()
        self.version += 1

    def earlier(self, table: str) -> dict[int, Row | None]:
        """Rows as the index holds them, by number, where it lags; None for a row that it does not know."""
        rows = self._unseen.get(table, {})
        for seq, writes in list(rows.items()):
            kept = [write for write in writes if write[0] >= self._count]
            if kept:
                rows[seq] = kept
            else:
                del rows[seq]
        return {seq: writes[0][1] for seq, writes in rows.items()}
