"""Delayed effects of writes, as in live accounts, counted in requests instead of seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    Action = Callable[[], object]


class Afterwards:
    """Scheduled actions; one with the same key replaces an earlier one."""

    def __init__(self) -> None:
        self._count = 0
        self._waiting: dict[Hashable, tuple[int, Action]] = {}

    def add(self, key: Hashable, requests: int, action: Action) -> None:
        """Schedule an action for the time before the n-th next request."""
        self._waiting.pop(key, None)
        self._waiting[key] = (self._count + requests, action)

    def count(self) -> None:
        """Count a request, and run the actions that are due before it."""
        self._count += 1
        for key in [key for key, (due, _) in self._waiting.items() if due <= self._count]:
            self._waiting.pop(key)[1]()

    def catch_up(self) -> None:
        """Run all scheduled actions."""
        while self._waiting:
            self._waiting.pop(next(iter(self._waiting)))[1]()
