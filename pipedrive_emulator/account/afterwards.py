"""Delayed effects of writes, as in live accounts: after a number of requests or seconds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    Action = Callable[[], object]


class _Scheduled(NamedTuple):
    nth: int
    moment: float
    action: Action


class Afterwards:
    """Scheduled actions; one with the same key replaces an earlier one.

    Args:
        value_seconds: seconds until a deal shows the value of its changed products.

    Attributes:
        value_seconds: the same; a change applies to later writes.
        owner_requests: which of the next requests sees the owner of a new row as its follower.
    """

    def __init__(self, value_seconds: float = 0) -> None:
        self.value_seconds = value_seconds
        self.owner_requests = 1
        self._count = 0
        self._waiting: dict[Hashable, _Scheduled] = {}

    def add(self, key: Hashable, action: Action, *, requests: int = 0, seconds: float = 0) -> None:
        """Schedule an action, which runs before the first request after the delay.

        Args:
            key: an earlier action with this key does not run any more.
            action: the effect.
            requests: which of the next requests is the first that sees the effect.
            seconds: duration by the clock of the machine.
        """
        self._waiting.pop(key, None)
        self._waiting[key] = _Scheduled(self._count + requests, time.monotonic() + seconds, action)

    def count(self) -> None:
        """Count a request, and run the actions that are due before it."""
        self._count += 1
        if not self._waiting:
            return
        now = time.monotonic()
        due = [key for key, one in self._waiting.items() if one.nth <= self._count and one.moment <= now]
        for key in due:
            self._waiting.pop(key).action()

    def catch_up(self) -> None:
        """Run all scheduled actions."""
        while self._waiting:
            self._waiting.pop(next(iter(self._waiting))).action()
