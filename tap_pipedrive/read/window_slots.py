"""Slots of time windows, a limited number that all lists share evenly."""

from __future__ import annotations

import threading


class SlotPool:
    """Slots that lists share evenly, so no list waits until another has ended."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.taken = 0
        self.members = 0
        self.lock = threading.Lock()


class SlotShare:
    """Share of one list in a pool: larger with fewer lists, empty after the end of its read."""

    def __init__(self, pool: SlotPool) -> None:
        self._pool = pool
        self._held = 0
        with pool.lock:
            pool.members += 1

    def take(self) -> bool:
        """Take a slot; returns False if this list cannot have one now."""
        pool = self._pool
        with pool.lock:
            if pool.taken >= pool.size or self._held >= -(-pool.size // pool.members):
                return False
            pool.taken += 1
            self._held += 1
            return True

    def give(self) -> None:
        """Give a slot back."""
        with self._pool.lock:
            self._pool.taken -= 1
            self._held -= 1

    def leave(self) -> None:
        """Release this list's share for other lists."""
        with self._pool.lock:
            self._pool.members -= 1


class WindowSlots:
    """Limit of the windows in progress or waiting, for all lists together, since they use the memory.

    Args:
        count: setting `time_windows`.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        # The next window of each list needs no slot, so no list waits for another.
        self.ahead = SlotPool(count - 1)
        self.inside = SlotPool(count - 1)
