"""The burst window shared by all threads, and the daily token budget.

Both know nothing of HTTP but the names of the headers. The clock is injected.

Source: rate-limit guide, read 2026-11-23; see pipedrive-api.md 6.1 to 6.3.
"""

from __future__ import annotations

import threading
from bisect import bisect_right, insort
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipedrive_client.errors import BudgetSpent, Stopped
from pipedrive_client.times import next_midnight, to_rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from pipedrive_client.times import Clock

WINDOW_SECONDS = 2.0
SEARCH_LIMIT = 10
# The lowest published limits (plan Lite), assumed until an answer names the real one.
ASSUMED_TOKEN_LIMIT = 20
ASSUMED_OAUTH_LIMIT = 80
FIRST_IN_FLIGHT = 10
LONGEST_PAUSE_SECONDS = 30.0
# The server counts arrivals, we count departures: the slack keeps jitter from squeezing two windows into one.
_SLACK_SECONDS = 0.1
_MOST_SLACK_SECONDS = 0.5
# Answers of requests that left a little more than a window ago may still be counted by the server.
_MEMORY_SECONDS = 1.0
# Waiting threads are woken when something changes; this is for safety only.
_RECHECK_SECONDS = 1.0
_LATE_SECONDS = 0.01


@dataclass(slots=True, eq=False)
class Pass:
    """Leave to send one request, to be handed back with `settle` or `refuse`."""

    sent_at: float
    search: bool


class _Window:
    """Departure times of one rolling window, some of them still to come."""

    __slots__ = ("limit", "slack", "times")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.slack = _SLACK_SECONDS
        self.times: list[float] = []

    def reserve(self, earliest: float) -> float:
        """Take the next free departure time, not before `earliest`."""
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
        """Correct the time of a request that left later than reserved."""
        del self.times[bisect_right(self.times, reserved) - 1]
        insort(self.times, left_at)

    def forget_future(self, now: float) -> None:
        """Give up reservations that have not left."""
        del self.times[bisect_right(self.times, now) :]

    def others(self, used: int, now: float) -> int:
        """How many of the requests the server has counted cannot be ours."""
        ours = bisect_right(self.times, now) - bisect_right(
            self.times, now - WINDOW_SECONDS - self.slack - _MEMORY_SECONDS
        )
        return used - ours


class BurstLimiter:
    """Admits as many requests per rolling two seconds as the server said it takes.

    Each waiting thread reserves its departure time and sleeps once until then. After a 429 all threads
    pause; then one request goes first, and the others follow when it was not refused.
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
        self._in_flight = 0
        self._plan = 0
        # Set and replaced whenever what the waiting threads wait for may have changed.
        self._changed = threading.Event()
        self._resume_at = float("-inf")
        self._refusals = 0
        self._probing = False
        self._probe: Pass | None = None

    @property
    def limit(self) -> int:
        """Requests per two seconds, as learned or assumed."""
        return self._general.limit

    def acquire(self, *, search: bool = False) -> Pass:
        """Wait for a place in the window.

        Raises:
            Stopped: the run was stopped meanwhile.
        """
        window = self._window(search)
        while True:
            with self._lock:
                passed = Pass(window.reserve(max(self._clock.monotonic(), self._resume_at)), search)
                plan = self._plan
            if self._board(passed, plan):
                return passed

    def wake(self) -> None:
        """Make all waiting threads look again, as after a stop."""
        with self._lock:
            self._wake()

    def settle(self, passed: Pass, headers: Mapping[str, str] | None) -> None:
        """Take note of an answer other than 429; None after a broken connection."""
        with self._lock:
            self._land(passed)
            if headers is None:
                return
            self._learned = True
            if passed.sent_at >= self._resume_at:
                self._refusals = 0
                self._probing = False
            self._learn(passed, headers)

    def refuse(self, passed: Pass, headers: Mapping[str, str]) -> tuple[float, bool]:
        """Take note of a 429: hold all requests back.

        Returns:
            Seconds all threads wait, and whether this is at least the second refusal in a row: a request
            sent after a proper wait, with no other answer since the refusal before. Refusals of requests
            that were under way together count as one.
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
        """The window a request counts in."""
        return self._search if search else self._general

    def _board(self, passed: Pass, plan: int) -> bool:
        """Wait for the reserved time and let the request go; False when the plan has changed meanwhile."""
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
        """Whether the first answers, or the first one after a 429, must be awaited."""
        if self._probing:
            return self._probe is not None
        return not self._learned and self._in_flight >= FIRST_IN_FLIGHT

    def _land(self, passed: Pass) -> None:
        """The request is no longer in flight."""
        self._in_flight -= 1
        if self._probe is passed:
            self._probe = None
        if self._probing or not self._learned:
            self._wake()

    def _learn(self, passed: Pass, headers: Mapping[str, str]) -> None:
        """Take limit and remaining requests from an answer."""
        self._learn_limit(passed, headers)
        left = number_of(headers, "x-ratelimit-remaining")
        if left is None or passed.search:
            return
        now = self._clock.monotonic()
        others = self._general.others(self._general.limit - int(left), now)
        if others > 0:
            # Someone else uses the same token: their requests take up places of the window too.
            reset = number_of(headers, "x-ratelimit-reset")
            age = WINDOW_SECONDS - min(
                max(reset if reset is not None else WINDOW_SECONDS, 0.0), WINDOW_SECONDS
            )
            for _ in range(min(others, self._general.limit)):
                insort(self._general.times, now - age)
            self._replan(now)

    def _learn_limit(self, passed: Pass, headers: Mapping[str, str]) -> None:
        """Take the size of the window from an answer; search endpoints have a small one of their own."""
        limit = number_of(headers, "x-ratelimit-limit")
        if limit is None or limit < 1:
            return
        if passed.search:
            self._search.limit = min(int(limit), SEARCH_LIMIT)
        elif int(limit) != self._general.limit:
            self._general.limit = int(limit)
            self._replan(self._clock.monotonic())

    def _wake(self) -> None:
        """End all waits; the caller holds the lock."""
        self._changed.set()
        self._changed = threading.Event()

    def _replan(self, now: float) -> None:
        """Make the waiting threads reserve anew when they wake up."""
        self._plan += 1
        self._wake()
        self._general.forget_future(now)
        self._search.forget_future(now)


class TokenBudget:
    """Tokens this run may still use: what it was given, and what the server says is left today."""

    def __init__(self, clock: Clock, given: int | None) -> None:
        self._clock = clock
        self._given = given
        self._lock = threading.Lock()
        self._spent = 0
        self._left: int | None = None
        self._left_on: date | None = None
        self._limit: int | None = None

    @property
    def spent(self) -> int:
        """Tokens of the requests sent so far, by their published costs."""
        return self._spent

    @property
    def left_today(self) -> int | None:
        """Tokens the company has left today by the latest answer that said so."""
        with self._lock:
            return self._left_now()

    @property
    def limit_today(self) -> int | None:
        """Tokens the company has a day, by the latest answer that said so."""
        return self._limit

    @property
    def left(self) -> int | None:
        """Tokens that may still be used, of what was given and of today; None where both are unknown."""
        given = None if self._given is None else self._given - self._spent
        known = [number for number in (given, self.left_today) if number is not None]
        return min(known, default=None)

    def check(self, cost: int) -> None:
        """Refuse a request that would go over.

        Raises:
            BudgetSpent: it must not be sent.
        """
        with self._lock:
            self._check(cost)

    def reserve(self, cost: int) -> None:
        """Count a request's cost just before it is sent.

        Raises:
            BudgetSpent: the request would go over; it must not be sent.
        """
        with self._lock:
            self._check(cost)
            self._spent += cost

    def _check(self, cost: int) -> None:
        """The rule; the caller holds the lock."""
        left = self._left_now()
        if left is not None and (left <= 0 or left < cost):
            raise self._spent_today(left)
        if self._given is not None and self._spent + cost > self._given:
            resume_at: datetime = next_midnight(self._clock.now())
            error = BudgetSpent(
                f"The budget of this run is spent: {self._spent} of {self._given} tokens are used and the "
                f"next request costs {cost}. The next run goes on from here: start it after "
                f"{to_rfc3339(resume_at)}, or before with a higher daily_token_budget.",
            )
            error.resume_at = resume_at
            raise error

    def refund(self, cost: int) -> None:
        """Take back the cost of a request that was not executed."""
        with self._lock:
            self._spent -= cost

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take what is left today from an answer, if it says so."""
        left = number_of(headers, "x-daily-ratelimit-token-remaining")
        if left is None:
            return
        limit = number_of(headers, "x-daily-ratelimit-token-limit")
        with self._lock:
            self._limit = self._limit if limit is None else int(limit)
            self._left = int(left)
            self._left_on = self._clock.now().date()

    def spend_all(self) -> BudgetSpent:
        """Take note that the server refuses everything today; the error to raise."""
        with self._lock:
            self._left = 0
            self._left_on = self._clock.now().date()
            return self._spent_today(0)

    def _left_now(self) -> int | None:
        """What is left, forgotten when the day has changed."""
        if self._left_on is not None and self._clock.now().date() != self._left_on:
            self._left = self._left_on = None
        return self._left

    def _spent_today(self, left: int) -> BudgetSpent:
        """The error that says when to go on."""
        resume_at: datetime = next_midnight(self._clock.now())
        error = BudgetSpent(
            f"The company's API tokens of today are spent ({left} left). Run again after "
            f"{to_rfc3339(resume_at)}: the best guess, as Pipedrive resets the budget at midnight of a time "
            "zone it does not name.",
        )
        error.resume_at = resume_at
        return error


def number_of(headers: Mapping[str, str], name: str) -> float | None:
    """A header's number, or None when it is missing or something else (Retry-After may be a date)."""
    text = headers.get(name)
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if -1e12 < number < 1e12 else None  # noqa: PLR2004 - shuts out nan and inf
