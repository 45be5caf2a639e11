"""Batches of records that one request can serve, until they are full."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_pipedrive.record.task import Task


class Batch(NamedTuple):
    """Records that wait until one request can serve them.

    Attributes:
        tasks: the records.
        read: reads for all of them, and releases them; None where they are only to be sent together.
    """

    tasks: list[Task]
    read: Callable[[list[Task]], None] | None


class Batches:
    """Batches that are not full yet; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[tuple[int, object], Batch] = {}

    def add(
        self,
        kind: int,
        key: object,
        task: Task,
        read: Callable[[list[Task]], None] | None,
        is_full: Callable[[list[Task]], bool],
    ) -> Batch | None:
        """Add a record to the batch of a key, and return the batch when that makes it full.

        Args:
            kind: batches of a lower one are sent first.
            key: common to the records of a batch.
            task: the record, submitted as deferred.
            read: see `Batch`; the first of a batch counts.
            is_full: whether a batch is full.
        """
        with self._lock:
            batch = self._open.setdefault((kind, key), Batch([], read))
            batch.tasks.append(task)
            if not is_full(batch.tasks):
                return None
            return self._open.pop((kind, key))

    def take(self) -> list[Batch]:
        """Return all batches, full or not, and begin new ones."""
        with self._lock:
            taken, self._open = self._open, {}
        return [taken[key] for key in sorted(taken, key=lambda one: one[0])]
