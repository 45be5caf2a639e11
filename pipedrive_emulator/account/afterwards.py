"""Effects of writes that live accounts show a moment later, counted in requests instead of seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    Action = Callable[[], object]


class Afterwards:
    """Actions that wait for further requests; one of the same key takes the place of an earlier one."""

    def __init__(self) -> None:
        self._count = 0
        self._waiting: dict[Hashable, tuple[int, Action]] = {}

    def add(self, key: Hashable, requests: int, action: Action) -> None:
        """Let an action happen before the request that comes `requests` after this one."""
        self._waiting.pop(key, None)
        self._waiting[key] = (self._count + requests, action)

    def count(self) -> None:
        """Note that a request has come, and do what was due before it."""
        self._count += 1
        for key in [key for key, (due, _) in self._waiting.items() if due <= self._count]:
            self._waiting.pop(key)[1]()

    def catch_up(self) -> None:
        """Do everything that waits."""
        while self._waiting:
            self._waiting.pop(next(iter(self._waiting)))[1]()
