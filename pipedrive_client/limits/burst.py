"""Burst limiter shared by all threads.

Of HTTP, it uses only the header names. The clock is injected.

Source: rate-limit guide, read 2026-11-23; see Pipedrive's API reference.
"""

from __future__ import annotations

import threading
from bisect import bisect_right, insort
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipedrive_client.errors import Stopped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipedrive_client.times import Clock

WINDOW_SECONDS = 2.0
SEARCH_LIMIT = 10
# The lowest published limits (plan Lite), assumed until a response contains the real one.
ASSUMED_TOKEN_LIMIT = 20
ASSUMED_OAUTH_LIMIT = 80
FIRST_IN_FLIGHT = 10
LONGEST_PAUSE_SECONDS = 30.0
# The server counts arrivals, we count departures: the slack keeps jitter from merging two windows.
_SLACK_SECONDS = 0.1
_MOST_SLACK_SECONDS = 0.5
# The server may still count requests that were sent slightly more than a window ago.
_MEMORY_SECONDS = 1.0
# Waiting threads are notified of changes; this is a safety net.
_RECHECK_SECONDS = 1.0
_LATE_SECONDS = 0.01


@dataclass(slots=True, eq=False)
class Pass:
    """Permission to send one request, returned with `settle` or `refuse`."""

    sent_at: float
    search: bool


class _Window:
    """Past and reserved departure times of one rolling window."""

    __slots__ = ("limit", "slack", "times")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.slack = _SLACK_SECONDS
        self.times: list[float] = []

    def reserve(self, earliest: float) -> float:
        """Reserve the next free departure time, not before `earliest`."""
        length = WINDOW_SECONDS + self.slack
        stale = bisect_right(self.times, earliest - length - _MEMORY_SECONDS)
        if stale > self.limit:
            del self.times[:stale]
        leave_at = earliest
        if len(self.times) >= self.limit:
            leave_at = max(leave_at, self.times[-self.limit] + length)
        insort(self.times, leave_at)
        return leave_at

    def move(self, reserved: float, left_at: float) -> None:
        """Update the time of a request that was sent later than reserved."""
        del self.times[bisect_right(self.times, reserved) - 1]
        insort(self.times, left_at)

    def forget_future(self, now: float) -> None:
        """Cancel reservations of requests that were not sent yet."""
        del self.times[bisect_right(self.times, now) :]

    def others(self, used: int, now: float) -> int:
        """Return how many of the requests counted by the server were sent by other clients."""
        ours = bisect_right(self.times, now) - bisect_right(
            self.times, now - WINDOW_SECONDS - self.slack - _MEMORY_SECONDS
        )
        return used - ours


class BurstLimiter:
    """Rate limiter that admits as many requests per rolling two seconds as the server's headers allow.

    Each waiting thread reserves its departure time and sleeps once until then. After a 429 all threads
    pause; then one request is sent as a probe, and the others follow if it was not rejected.

    Attributes:
        known_limit: requests per two seconds by response headers; None before the first.
    """

    def __init__(
        self, clock: Clock, stop: threading.Event, *, assumed_limit: int = ASSUMED_TOKEN_LIMIT
    ) -> None:
        self._clock = clock
        self._stop = stop
        self._lock = threading.Lock()
        self._general = _Window(assumed_limit)
        self._search = _Window(SEARCH_LIMIT)
        self._learned = False
        self.known_limit: int | None = None
        self._in_flight = 0
        self._plan = 0
        # Set and replaced whenever the waiting threads must check again.
        self._changed = threading.Event()
        self._resume_at = float("-inf")
        self._refusals = 0
        self._probing = False
        self._probe: Pass | None = None

    @property
    def limit(self) -> int:
        """Requests per two seconds, from response headers or assumed."""
        return self._general.limit

    def acquire(self, *, search: bool = False) -> Pass:
        """Wait until the rate limit allows a request.

        Raises:
            Stopped: the run was stopped while waiting.
        """
        window = self._window(search)
        while True:
            with self._lock:
                passed = Pass(window.reserve(max(self._clock.monotonic(), self._resume_at)), search)
                plan = self._plan
            if self._board(passed, plan):
                return passed

    def wake(self) -> None:
        """Make all waiting threads check again, for example after a stop."""
        with self._lock:
            self._wake()

    def settle(self, passed: Pass, headers: Mapping[str, str] | None) -> None:
        """Record a response other than 429; None after a failed connection."""
        with self._lock:
            self._land(passed)
            if headers is None:
                return
            self._learned = True
            if passed.sent_at >= self._resume_at:
                self._refusals = 0
                self._probing = False
            self._learn(passed, headers)

    def reject(self, passed: Pass, headers: Mapping[str, str]) -> tuple[float, bool]:
        """Record a 429 and pause all requests.

        Returns:
            Seconds that all threads wait, and whether this is at least the second 429 in a row: for a request
            sent after the pause, without any other response since the previous 429. The 429 responses of
            concurrent requests count as one.
        """
        with self._lock:
            self._land(passed)
            now = self._clock.monotonic()
            if passed.sent_at < self._resume_at:
                return max(self._resume_at - now, 0.0), False
            self._learn_limit(passed, headers)
            asked = (number_of(headers, "retry-after"), number_of(headers, "x-ratelimit-reset"))
            pause = min(max(WINDOW_SECONDS, *(seconds or 0.0 for seconds in asked)), LONGEST_PAUSE_SECONDS)
            self._refusals += 1
            self._resume_at = now + pause
            self._probing = True
            window = self._window(passed.search)
            window.slack = min(window.slack + _SLACK_SECONDS, _MOST_SLACK_SECONDS)
            self._replan(now)
            return pause, self._refusals > 1

    def _window(self, search: bool) -> _Window:
        """Return the window that a request counts in."""
        return self._search if search else self._general

    def _board(self, passed: Pass, plan: int) -> bool:
        """Wait for the reserved time and admit the request; return False if reservations were cancelled."""
        while True:
            if self._stop.is_set():
                raise Stopped("Stopped while waiting for the rate limit.")
            with self._lock:
                if plan != self._plan:
                    return False
                now = self._clock.monotonic()
                early = passed.sent_at - now
                if early <= 0 and not self._held_back():
                    if -early > _LATE_SECONDS:
                        self._window(passed.search).move(passed.sent_at, now)
                    passed.sent_at = now
                    self._in_flight += 1
                    if self._probing:
                        self._probe = passed
                    return True
                changed = self._changed
            self._clock.wait(early if early > 0 else _RECHECK_SECONDS, changed)

    def _held_back(self) -> bool:
        """Return True if requests must wait for the first responses, or for the probe after a 429."""
        if self._probing:
            return self._probe is not None
        return not self._learned and self._in_flight >= FIRST_IN_FLIGHT

    def _land(self, passed: Pass) -> None:
        """Record that the request is no longer in flight."""
        self._in_flight -= 1
        if self._probe is passed:
            self._probe = None
        if self._probing or not self._learned:
            self._wake()

    def _learn(self, passed: Pass, headers: Mapping[str, str]) -> None:
        """Read limit and remaining requests from response headers."""
        self._learn_limit(passed, headers)
        left = number_of(headers, "x-ratelimit-remaining")
        if left is None or passed.search:
            return
        now = self._clock.monotonic()
        others = self._general.others(self._general.limit - int(left), now)
        if others > 0:
            # Other clients use the same token: their requests count in the window too.
            reset = number_of(headers, "x-ratelimit-reset")
            age = WINDOW_SECONDS - min(
                max(reset if reset is not None else WINDOW_SECONDS, 0.0), WINDOW_SECONDS
            )
            for _ in range(min(others, self._general.limit)):
                insort(self._general.times, now - age)
            self._replan(now)

    def _learn_limit(self, passed: Pass, headers: Mapping[str, str]) -> None:
        """Read the size of the window from response headers; search endpoints have a smaller one."""
        limit = number_of(headers, "x-ratelimit-limit")
        if limit is None or limit < 1:
            return
        if not passed.search:
            self.known_limit = int(limit)
        if passed.search:
            self._search.limit = min(int(limit), SEARCH_LIMIT)
        elif int(limit) != self._general.limit:
            self._general.limit = int(limit)
            self._replan(self._clock.monotonic())

    def _wake(self) -> None:
        """Wake all waiting threads; the caller holds the lock."""
        self._changed.set()
        self._changed = threading.Event()

    def _replan(self, now: float) -> None:
        """Make the waiting threads reserve again when they wake up."""
        self._plan += 1
        self._wake()
        self._general.forget_future(now)
        self._search.forget_future(now)


def number_of(headers: Mapping[str, str], name: str) -> float | None:
    """Return the number in a header, or None if it is missing or not a number (Retry-After may be a date)."""
    text = headers.get(name)
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if -1e12 < number < 1e12 else None  # noqa: PLR2004 - excludes nan and inf
