"""Burst limit and daily tokens, with their headers, and the block of clients that ignore 429."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipedrive_emulator.api.http import ApiError, Response, Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipedrive_emulator.api.operations import Operation

Headers = list[tuple[bytes, bytes]]
LEFT = b"x-daily-ratelimit-token-remaining"
WINDOW_SECONDS = 2.0
SEARCH_BURST = 10
BASE_TOKENS = 30_000
BURST = {
    "lite": {"token": 20, "oauth": 80},
    "growth": {"token": 40, "oauth": 160},
    "premium": {"token": 100, "oauth": 400},
    "ultimate": {"token": 120, "oauth": 480},
}
PLAN_FACTOR = {"lite": 1, "growth": 2, "premium": 5, "ultimate": 7}
UNLIMITED = 1_000_000
DAILY_WRITES = 10_000
PATIENCE = 10
RETRY_AFTER_SECONDS = 2
# Requests sent in parallel with the first rejected one arrive within this time, also on a busy machine.
UNDER_WAY_SECONDS = 0.25
BLOCK_SECONDS = 10.0
BLOCK_PAGE = (
    b"<!DOCTYPE html><html><head><title>Access denied | Cloudflare</title></head>"
    b"<body><h1>Error 1015</h1><p>You are being rate limited.</p></body></html>"
)


@dataclass(slots=True)
class _Caller:
    recent: deque[float] = field(default_factory=deque)
    searches: deque[float] = field(default_factory=deque)
    refused: int = 0
    told_at: float = 0.0
    blocked_until: float = 0.0


class Limits:
    """Rate limit and token budget of one company.

    Args:
        plan: a key of `BURST`.
        seats: users that count for the daily budget.
        daily_tokens: overrides the plan's daily budget.
        burst: overrides the plan's window; 0 disables it, the search window and the block.
        balance_before_cost: whether the header of tokens left leaves out the cost of its own request.
        monotonic: the clock, for tests.
    """

    def __init__(
        self,
        plan: str,
        *,
        seats: int = 5,
        daily_tokens: int | None = None,
        burst: int | None = None,
        balance_before_cost: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.plan, self.burst = plan, burst
        self.balance_before_cost = balance_before_cost
        self.daily_tokens = BASE_TOKENS * PLAN_FACTOR[plan] * seats if daily_tokens is None else daily_tokens
        self._monotonic = monotonic
        self.reset()

    def reset(self) -> None:
        """Clear the window and refill the daily budget."""
        self.tokens_spent = 0
        self.writes = 0
        self._callers: dict[str, _Caller] = {}

    @property
    def tokens_left(self) -> int:
        """Tokens left today."""
        return max(0, self.daily_tokens - self.tokens_spent)

    def charge(self, operation: Operation | None, caller: str, kind: str) -> Headers:
        """Count one request (None if it is not an operation); returns the headers of its response.

        Raises:
            ApiError: 429 if the window or the daily budget is used up, with its headers; 403 with an HTML
                page after ten rejections in a row. Rejections at the same moment count once, since parallel
                requests cannot know of each other.
        """
        state = self._callers.setdefault(caller, _Caller())
        now = self._monotonic()
        if now < state.blocked_until:
            state.blocked_until = now + BLOCK_SECONDS
            raise Blocked
        limit = UNLIMITED if self.burst == 0 else self.burst or BURST[self.plan][kind]
        window = state.recent
        cost = 0 if operation is None else operation.cost
        if self.burst != 0 and operation is not None and operation.is_search:
            limit, window = SEARCH_BURST, state.searches
        while window and window[0] <= now - WINDOW_SECONDS:
            window.popleft()
        reset = math.ceil(window[0] + WINDOW_SECONDS - now) if window else math.ceil(WINDOW_SECONDS)
        spent = self.tokens_spent + cost > self.daily_tokens
        if len(window) >= limit or spent:
            self._refuse(state, now, self._headers(limit, limit - len(window), reset), spent=spent)
        state.refused = 0
        if self.burst != 0:
            window.append(now)
        left = self.tokens_left
        self.tokens_spent += cost
        headers = self._headers(limit, limit - len(window), reset)
        if self.balance_before_cost:
            headers = [*headers[:-1], (LEFT, b"%d" % left)]
        if operation is not None and operation.method in ("POST", "PUT") and kind == "token":
            self.writes += 1
            headers.append((b"x-daily-requests-left", b"%d" % max(0, DAILY_WRITES - self.writes)))
        return headers

    def refuse_as_scripted(self, kind: str, retry_after: float, headers: Headers, cost: int) -> Response:
        """Return the error of a fault: `rate_limit` looks like a full window, `blocked` like the firewall.

        Args:
            kind: of the fault.
            retry_after: seconds to wait, in the response.
            headers: headers that `charge` returned; empty if it was not called.
            cost: charged tokens, which are refunded.
        """
        self.tokens_spent -= cost
        if kind == "blocked":
            return Blocked().response()
        new = {
            b"x-ratelimit-remaining": b"0",
            b"x-ratelimit-reset": b"%d" % math.ceil(retry_after),
            LEFT: b"%d" % self.tokens_left,
        }
        seen = [(name, new.get(name, value)) for name, value in headers]
        return TooManyRequests([*seen, (b"retry-after", str(retry_after).encode())]).response()

    def _headers(self, limit: int, remaining: int, reset: int) -> Headers:
        return [
            (b"x-ratelimit-limit", b"%d" % limit),
            (b"x-ratelimit-remaining", b"%d" % max(0, remaining)),
            (b"x-ratelimit-reset", b"%d" % max(1, reset)),
            (b"x-daily-ratelimit-token-limit", b"%d" % self.daily_tokens),
            (LEFT, b"%d" % self.tokens_left),
        ]

    def _refuse(self, state: _Caller, now: float, headers: Headers, *, spent: bool) -> None:
        waited = now - state.told_at
        if state.refused == 0 or waited >= RETRY_AFTER_SECONDS:
            state.told_at = now
            state.refused += 1
        elif waited >= UNDER_WAY_SECONDS:
            state.refused += 1  # sends again before the time in `retry-after`
        if state.refused > PATIENCE and self.burst != 0:
            state.blocked_until, state.refused = now + BLOCK_SECONDS, 0
            raise Blocked
        if spent:
            headers = [h for h in headers if h[0] != LEFT]
            headers.append((LEFT, b"0"))
        raise TooManyRequests([*headers, (b"retry-after", b"%d" % RETRY_AFTER_SECONDS)])


class TooManyRequests(ApiError):  # noqa: N818 - named after the status
    """429, with the limit headers."""

    def __init__(self, headers: Headers) -> None:
        super().__init__(
            429, "Rate limit exceeded", "Please check developers.pipedrive.com/docs/rate-limiting", code=429
        )
        self.headers = headers

    def response(self, published: Row | None = None) -> Response:
        """Return the error as an HTTP response."""
        plain = super().response(published)
        plain.headers.extend(self.headers)
        return plain


class Blocked(ApiError):  # noqa: N818 - named after the page
    """The Cloudflare page: HTML, not JSON."""

    def __init__(self) -> None:
        super().__init__(403, "blocked")

    def response(self, published: Row | None = None) -> Response:  # noqa: ARG002 - HTML has no keys
        """Return the page as an HTTP response."""
        return Response(
            status=403,
            body=BLOCK_PAGE,
            content_type="text/html; charset=UTF-8",
            headers=[(b"server", b"cloudflare")],
        )
