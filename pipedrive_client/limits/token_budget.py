"""Token budgets: of the company by its response headers, of a day and of a run by the settings.

A day is a UTC day. Its cost includes earlier runs, which a plugin remembers in its state or ledger.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from pipedrive_client.errors import BudgetSpent
from pipedrive_client.limits.burst import number_of
from pipedrive_client.times import next_midnight, to_rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from pipedrive_client.times import Clock

RUN_SETTING = "run_token_budget"
DAY_SETTING = "daily_token_budget"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCost:
    """Tokens used on one UTC day, over all runs that share the memory of it."""

    day: date
    tokens: int


class TokenBudget:
    """Token budget: the maxima of the settings, and the tokens left today by response headers.

    Args:
        clock: source of time.
        of_day: setting `daily_token_budget`; None sets no limit.
        of_run: setting `run_token_budget`; None sets no limit.
    """

    def __init__(self, clock: Clock, *, of_day: int | None = None, of_run: int | None = None) -> None:
        self._clock = clock
        self._of_day = of_day
        self._of_run = of_run
        self._lock = threading.Lock()
        self._spent = 0
        self._day = self._today()
        self._day_tokens = self._earlier = 0
        self._left: int | None = None
        self._left_on: date | None = None
        self._limit: int | None = None

    @property
    def spent(self) -> int:
        """Tokens of the requests sent so far, by published cost."""
        return self._spent

    @property
    def day(self) -> DayCost:
        """Current UTC day and the tokens used on it so far, including those of `add_earlier`."""
        with self._lock:
            self._turn_day()
            return DayCost(day=self._day, tokens=self._day_tokens)

    def add_earlier(self, cost: DayCost) -> None:
        """Add the tokens that earlier runs have used today; the cost of another day is ignored."""
        with self._lock:
            self._turn_day()
            if cost.day == self._day:
                self._earlier += cost.tokens
                self._day_tokens += cost.tokens

    @property
    def earlier(self) -> int:
        """Tokens that earlier runs have used today."""
        with self._lock:
            self._turn_day()
            return self._earlier

    def lift(self) -> None:
        """Remove all limits, because requests of a plan or a check do not count in the budgets of a run."""
        self._of_day = self._of_run = None

    @property
    def left_today(self) -> int | None:
        """Tokens that the company has left today, from the latest response that contains it."""
        with self._lock:
            return self._left_now()

    @property
    def limit_today(self) -> int | None:
        """Tokens that the company has per day, from the latest response that contains it."""
        return self._limit

    @property
    def left(self) -> int | None:
        """Tokens that may still be used by all limits; None if no limit is known."""
        with self._lock:
            self._turn_day()
            of_run = None if self._of_run is None else self._of_run - self._spent
            of_day = None if self._of_day is None else max(0, self._of_day - self._day_tokens)
            known = [number for number in (of_run, of_day, self._left_now()) if number is not None]
        return min(known, default=None)

    def check(self, cost: int) -> None:
        """Check that a request is within the budget.

        Raises:
            BudgetSpent: the request must not be sent.
        """
        with self._lock:
            self._check(cost)

    def reserve(self, cost: int) -> None:
        """Count a request's cost just before it is sent.

        Raises:
            BudgetSpent: the request would exceed the budget and must not be sent.
        """
        with self._lock:
            self._check(cost)
            self._spent += cost
            self._day_tokens += cost

    def _check(self, cost: int) -> None:
        """Check the budget; the caller holds the lock."""
        self._turn_day()
        left = self._left_now()
        if left is not None and (left <= 0 or left < cost):
            raise self._spent_today(left, cost)
        if self._of_day is not None and self._day_tokens + cost > self._of_day:
            resume_at = next_midnight(self._clock.now())
            raise _exhausted(
                f"The token budget of this day is exhausted: {self._day_tokens} of {self._of_day} tokens are "
                f"used and the next request costs {cost}. The next run continues from here. Start it after "
                f"{to_rfc3339(resume_at)}, or earlier with a higher {DAY_SETTING}.",
                DAY_SETTING,
                resume_at,
            )
        if self._of_run is not None and self._spent + cost > self._of_run:
            raise _exhausted(
                f"The token budget of this run is exhausted: {self._spent} of {self._of_run} tokens are used "
                f"and the next request costs {cost}. Run again to continue from here, or set a higher "
                f"{RUN_SETTING}.",
                RUN_SETTING,
                self._clock.now(),
            )

    def refund(self, cost: int) -> None:
        """Take back the cost of a request that was not executed."""
        with self._lock:
            self._turn_day()
            self._spent -= cost
            self._day_tokens = max(0, self._day_tokens - cost)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Read the tokens left today from response headers, if they contain it."""
        left = number_of(headers, "x-daily-ratelimit-token-remaining")
        if left is None:
            return
        limit = number_of(headers, "x-daily-ratelimit-token-limit")
        with self._lock:
            self._limit = self._limit if limit is None else int(limit)
            self._left = int(left)
            self._left_on = self._today()

    def spend_all(self, left: int = 0, cost: int = 0) -> BudgetSpent:
        """Record that the server rejects further requests today, and return the error to raise.

        Args:
            left: tokens left according to the response.
            cost: tokens of the rejected request.
        """
        with self._lock:
            self._left = left
            self._left_on = self._today()
            return self._spent_today(left, cost)

    def _today(self) -> date:
        return self._clock.now().astimezone(UTC).date()

    def _turn_day(self) -> None:
        """Start a new day's cost at midnight; the caller holds the lock."""
        today = self._today()
        if today != self._day:
            self._day, self._day_tokens, self._earlier = today, 0, 0

    def _left_now(self) -> int | None:
        """Return the tokens left today, or None if the last known value is of an earlier day."""
        if self._left_on is not None and self._today() != self._left_on:
            self._left = self._left_on = None
        return self._left

    def _spent_today(self, left: int, cost: int) -> BudgetSpent:
        """Return the error that contains the time to continue."""
        resume_at = next_midnight(self._clock.now())
        more = f", and the next request costs {cost}" if left > 0 else ""
        return _exhausted(
            f"The company's daily API token budget is exhausted ({left} left{more}). Run again after "
            f"{to_rfc3339(resume_at)} (an estimate, because Pipedrive does not document the time zone of the "
            "reset).",
            None,
            resume_at,
        )


def _exhausted(sentence: str, setting: str | None, resume_at: datetime) -> BudgetSpent:
    error = BudgetSpent(sentence)
    error.setting, error.resume_at = setting, resume_at
    return error
