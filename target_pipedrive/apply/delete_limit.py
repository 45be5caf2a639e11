"""Limit on the number of rows that a run may delete."""

from __future__ import annotations

import threading

from target_pipedrive.record.errors import RecordFault


class DeleteGuard:
    """Counts deletes against `max_deletes`."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._most = most
        self._lock = threading.Lock()

    def take(self) -> None:
        """Allow one delete.

        Raises:
            RecordFault: the run has deleted as much as it may.
        """
        with self._lock:
            if self._left <= 0:
                raise RecordFault(
                    f"was not deleted, because max_deletes ({self._most}) is reached; raise it to delete more"
                )
            self._left -= 1

    @property
    def left(self) -> int:
        """Deletes still allowed."""
        return self._left
