from __future__ import annotations

import pytest

from pipedrive_client import (
    Blocked,
    MalformedResponse,
    NotFound,
    PipedriveError,
    RateLimited,
    Rejected,
    ServerError,
    Stopped,
    Unreachable,
)
from pipedrive_client.http.retry import LONGEST_WAIT_SECONDS, MAX_ATTEMPTS, repeating, seconds_before_repeat


def decided(error, *, idempotent=True, attempt=1, **facts):
    return seconds_before_repeat(error, idempotent=idempotent, attempt=attempt, **facts)


ACTED = {"may_have_acted": True}


@pytest.mark.parametrize("idempotent", [True, False])
def test_a_429_may_always_be_repeated(idempotent):
    error = RateLimited("429", status=429)
    error.retry_after_seconds = 2.5
    assert decided(error, idempotent=idempotent, attempt=7) == 2.5
    assert decided(error, idempotent=idempotent, attempt=8) is None


@pytest.mark.parametrize(
    ("error", "once", "twice_is_harmless"),
    [
        (ServerError("500", status=500, **ACTED), None, 1.0),
        (ServerError("503 of the sign-in", status=503), 1.0, 1.0),
        (ServerError("501", status=501, **ACTED), None, None),
        (Unreachable("reset", **ACTED), None, 1.0),
        (Unreachable("refused"), 1.0, 1.0),
        (MalformedResponse("torn", **ACTED), None, 1.0),
        (NotFound("404", status=404), None, None),
        (Rejected("400", status=400), None, None),
        (Blocked("403", status=403), None, None),
    ],
)
def test_what_may_have_acted_is_repeated_only_when_harmless(error, once, twice_is_harmless):
    assert decided(error, idempotent=False) == once
    assert decided(error, idempotent=True) == twice_is_harmless


def test_waits_grow_up_to_a_limit():
    error = ServerError("500", status=500)
    assert [decided(error, attempt=n, max_attempts=9) for n in range(1, 9)] == [1, 2, 4, 8, 16, 30, 30, 30]
    assert decided(error, attempt=2, jitter=0.5) == 1.0


def test_the_server_may_ask_for_a_longer_wait():
    error = ServerError("503", status=503)
    error.retry_after_seconds = 12
    assert decided(error) == 12
    error.retry_after_seconds = 3600
    assert decided(error) == LONGEST_WAIT_SECONDS


def test_attempts_are_limited():
    error = Unreachable("down")
    assert decided(error, attempt=MAX_ATTEMPTS - 1) is not None
    assert decided(error, attempt=MAX_ATTEMPTS) is None
    assert decided(error, attempt=1, max_attempts=1) is None


def test_a_server_never_heard_of_is_given_up_sooner():
    assert decided(Unreachable("down"), attempt=2, had_response=False) is not None
    assert decided(Unreachable("down"), attempt=3, had_response=False) is None


def failing(*waits):
    left = list(waits)

    def once():
        if not left:
            return "done"
        error = PipedriveError("failed")
        error.repeat_in_seconds = left.pop(0)
        raise error

    return once


def test_the_loop_waits_as_long_as_the_policy_requires():
    waited = []
    assert repeating(failing(1.0, 0.0, 2.0), waited.append)() == "done"
    assert waited == [1.0, 0.0, 2.0]


def test_the_loop_ends_with_the_error_that_must_not_be_repeated():
    waited = []
    with pytest.raises(PipedriveError, match="failed"):
        repeating(failing(1.0, None), waited.append)()
    assert waited == [1.0]


def test_the_loop_ends_when_the_wait_is_stopped():
    def stopped(_):
        raise Stopped("stop")

    with pytest.raises(Stopped):
        repeating(failing(1.0), stopped)()


def test_other_exceptions_pass_through():
    def broken():
        raise KeyError("bug")

    with pytest.raises(KeyError):
        repeating(broken, lambda _: None)()
