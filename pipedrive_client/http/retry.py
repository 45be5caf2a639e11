"""Retry policy: whether a failed request may be repeated, and after how many seconds.

`backoff` runs the loop; the client's clock waits, so the wait can be stopped, and faked in tests.

Source: Pipedrive's API reference: there are no idempotency keys, so a request that may have acted is not
    repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec, TypeVar

import backoff

from pipedrive_client.errors import (
    MalformedResponse,
    PipedriveError,
    RateLimited,
    ServerError,
    Unreachable,
)

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")

IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"})
MAX_ATTEMPTS = 5
# A wrong host name should be reported within seconds; a server that has sent a response before gets more
# attempts.
MAX_ATTEMPTS_BEFORE_FIRST_RESPONSE = 3
# Waiting for the burst window is normal in a busy account.
MAX_ATTEMPTS_RATE_LIMITED = 8
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 30.0
_NOT_IMPLEMENTED = 501


def seconds_before_repeat(
    error: PipedriveError,
    *,
    idempotent: bool,
    attempt: int,
    max_attempts: int | None = None,
    had_response: bool = True,
    jitter: float = 1.0,
) -> float | None:
    """Return seconds to wait before repeating a request, or None when it must not be repeated.

    Args:
        error: exception of the failed attempt.
        idempotent: True if a repeated request has the same effect as one.
        attempt: attempts made so far, from 1.
        max_attempts: maximum number of attempts; None uses the policy's.
        had_response: True if the server has sent a response in this run.
        jitter: factor of 0.5 to 1 that prevents simultaneous retries of threads.

    Returns:
        Seconds from 0 to `LONGEST_WAIT_SECONDS`; never a number for a call that is not idempotent and may
        have been executed.
    """
    if attempt >= (
        max_attempts if max_attempts is not None else _most_attempts(error, had_response=had_response)
    ):
        return None
    if isinstance(error, RateLimited):
        return min(error.retry_after_seconds, LONGEST_WAIT_SECONDS)
    if (
        not isinstance(error, (ServerError, Unreachable, MalformedResponse))
        or error.status == _NOT_IMPLEMENTED
    ):
        return None
    if error.may_have_acted and not idempotent:
        return None
    growing = min(FIRST_WAIT_SECONDS * 2.0 ** (attempt - 1), LONGEST_WAIT_SECONDS) * jitter
    asked = error.retry_after_seconds if isinstance(error, ServerError) else None
    return min(max(growing, asked or 0.0), LONGEST_WAIT_SECONDS)


def _most_attempts(error: PipedriveError, *, had_response: bool) -> int:
    """Return the default maximum number of attempts."""
    if isinstance(error, RateLimited):
        return MAX_ATTEMPTS_RATE_LIMITED
    return MAX_ATTEMPTS if had_response else MAX_ATTEMPTS_BEFORE_FIRST_RESPONSE


def repeating(function: Callable[P, R], wait: Callable[[float], None]) -> Callable[P, R]:
    """Return the function with retries as long as its error's `repeat_in_seconds` is a number.

    Args:
        function: sets `repeat_in_seconds` on the `PipedriveError` it raises.
        wait: waits that many seconds, or raises to end the loop.
    """

    def before_repeat(details: object) -> None:
        error = details["exception"] if isinstance(details, dict) else None
        if isinstance(error, PipedriveError) and error.repeat_in_seconds is not None:
            wait(error.repeat_in_seconds)

    # The interval is 0 because backoff sleeps with time.sleep, which neither a stop nor a test can interrupt.
    loop = backoff.on_exception(
        backoff.constant,
        PipedriveError,
        giveup=lambda error: not isinstance(error, PipedriveError) or error.repeat_in_seconds is None,
        on_backoff=before_repeat,
        jitter=None,
        logger=None,
        interval=0,
    )
    return loop(function)
