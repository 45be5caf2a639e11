from __future__ import annotations

import heapq
import threading

import pytest

from pipedrive_client import Stopped
from pipedrive_client.limits.burst import FIRST_IN_FLIGHT, BurstLimiter, number_of

LIMIT_100 = {"x-ratelimit-limit": "100"}


@pytest.fixture
def stop():
    return threading.Event()


@pytest.fixture
def limiter(clock, stop):
    return BurstLimiter(clock, stop)


def departures(limiter, clock, n, *, latency=0.0, in_flight=16, headers=LIMIT_100, search=False):
    """Times at which n requests are sent, with a limit in flight, each with a response after the latency."""
    left_at, under_way = [], []
    for number in range(n):
        if len(under_way) >= in_flight:
            answered_at, _, done = heapq.heappop(under_way)
            clock.at = max(clock.at, answered_at)
            limiter.settle(done, headers)
        passed = limiter.acquire(search=search)
        left_at.append(passed.sent_at)
        heapq.heappush(under_way, (passed.sent_at + latency, number, passed))
    for _, _, done in under_way:
        limiter.settle(done, headers)
    return left_at


def most_in_two_seconds(times):
    return max(sum(start <= time < start + 2 for time in times) for start in times)


def learn(limiter, headers=LIMIT_100):
    limiter.settle(limiter.acquire(), headers)


@pytest.mark.parametrize(("limit", "latency"), [(20, 0.05), (100, 0.2), (120, 0.02), (100, 0.0)])
def test_uses_most_of_the_window_and_never_more(limiter, clock, limit, latency):
    headers = {"x-ratelimit-limit": str(limit)}
    learn(limiter, headers)
    n = 10 * limit
    times = departures(limiter, clock, n, latency=latency, headers=headers)
    assert most_in_two_seconds(times) <= limit
    assert (n - limit) / (times[-1] - times[0]) >= 0.8 * limit / 2


def test_the_lowest_plan_is_assumed_until_a_response_names_the_limit(limiter, clock):
    assert limiter.limit == 20
    learn(limiter, {})
    assert limiter.limit == 20
    learn(limiter)
    assert limiter.limit == 100
    learn(limiter, {"x-ratelimit-limit": "0"})
    assert limiter.limit == 100
    assert clock.waited == 0


def test_few_requests_are_in_flight_before_the_first_response(limiter, clock, stop):
    passes = [limiter.acquire() for _ in range(FIRST_IN_FLIGHT)]
    clock.when_waiting = stop.set
    with pytest.raises(Stopped):
        limiter.acquire()
    stop.clear()
    clock.when_waiting = lambda: limiter.settle(passes.pop(), LIMIT_100)
    limiter.acquire()
    assert len(passes) == FIRST_IN_FLIGHT - 1


def test_a_broken_connection_frees_its_slot_and_updates_no_limits(limiter, clock):
    passes = [limiter.acquire() for _ in range(FIRST_IN_FLIGHT)]
    clock.when_waiting = lambda: limiter.settle(passes.pop(), None)
    passes.append(limiter.acquire())
    assert len(clock.waits) == 1


def test_searches_have_a_small_window_of_their_own(limiter, clock):
    learn(limiter)
    headers = {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "0"}
    times = departures(limiter, clock, 60, search=True, headers=headers)
    assert most_in_two_seconds(times) == 10
    assert limiter.limit == 100
    clock.waits.clear()
    learn(limiter)
    assert clock.waited == 0


def test_requests_of_others_with_the_same_token_count(limiter, clock):
    learn(limiter)
    learn(limiter, LIMIT_100 | {"x-ratelimit-remaining": "1", "x-ratelimit-reset": "0.5"})
    learn(limiter)
    assert clock.waited == 0
    limiter.acquire()
    assert 0.5 <= clock.waited <= 0.7


def test_all_places_taken_without_a_reset_wait_for_a_whole_window(limiter, clock):
    learn(limiter, LIMIT_100 | {"x-ratelimit-remaining": "0"})
    limiter.acquire()
    assert 2 <= clock.waited <= 2.2


def test_own_requests_are_not_mistaken_for_those_of_others(limiter, clock):
    learn(limiter)
    for used in range(2, 50):
        learn(limiter, LIMIT_100 | {"x-ratelimit-remaining": str(100 - used)})
    assert clock.waited == 0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 2.0),
        ({"retry-after": "5"}, 5.0),
        ({"x-ratelimit-reset": "4", "retry-after": "3"}, 4.0),
        ({"retry-after": "86400"}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 2.0),
    ],
)
def test_a_429_pauses_all(limiter, clock, headers, seconds):
    learn(limiter)
    under_way = limiter.acquire()
    assert limiter.reject(limiter.acquire(), headers) == (seconds, False)
    clock.at += 0.5
    assert limiter.reject(under_way, headers) == (seconds - 0.5, False)
    limiter.acquire()
    assert clock.waited == pytest.approx(seconds - 0.5)


def test_one_request_is_sent_first_after_a_pause(limiter, clock, stop):
    learn(limiter)
    limiter.reject(limiter.acquire(), {})
    probe = limiter.acquire()
    clock.when_waiting = stop.set
    with pytest.raises(Stopped):
        limiter.acquire()
    stop.clear()
    clock.when_waiting = lambda: limiter.settle(probe, LIMIT_100)
    limiter.acquire()
    clock.when_waiting = lambda: None
    clock.waits.clear()
    for _ in range(50):
        limiter.acquire()
    assert clock.waited == 0


def test_the_first_request_after_a_pause_may_break_off(limiter, clock):
    learn(limiter)
    limiter.reject(limiter.acquire(), {})
    limiter.settle(limiter.acquire(), None)
    clock.waits.clear()
    limiter.acquire()
    assert clock.waited == 0


def test_a_late_departure_counts_when_it_leaves(limiter, clock):
    learn(limiter, {"x-ratelimit-limit": "2"})
    clock.at = 10
    limiter.reject(limiter.acquire(), {})
    probe = limiter.acquire()

    def answered():
        clock.at += 1
        clock.when_waiting = lambda: None
        limiter.settle(probe, {})

    clock.when_waiting = answered
    second, third, fourth = limiter.acquire(), limiter.acquire(), limiter.acquire()
    assert fourth.sent_at - second.sent_at >= 2
    assert third.sent_at - probe.sent_at >= 2


def test_two_rejections_after_proper_waits_are_distinguished_from_one(limiter):
    learn(limiter)
    assert limiter.reject(limiter.acquire(), {})[1] is False
    assert limiter.reject(limiter.acquire(), {})[1] is True
    learn(limiter)
    assert limiter.reject(limiter.acquire(), {})[1] is False


def test_a_response_to_an_earlier_request_does_not_end_the_pause(limiter):
    learn(limiter)
    under_way = limiter.acquire()
    limiter.reject(limiter.acquire(), {})
    limiter.settle(under_way, LIMIT_100)
    assert limiter.reject(limiter.acquire(), {})[1] is True


def test_refusals_make_the_window_longer(limiter, clock):
    learn(limiter)
    for _ in range(9):
        limiter.reject(limiter.acquire(), {})
        learn(limiter)
    times = departures(limiter, clock, 300)
    assert times[-1] - times[-101] == pytest.approx(2.5)


def test_stop_ends_every_wait_and_every_later_request(limiter, stop):
    limiter.acquire()
    stop.set()
    limiter.wake()
    with pytest.raises(Stopped):
        limiter.acquire()


class TurnClock:
    """Time for several threads: it moves to the next deadline once all of them wait."""

    def __init__(self, threads):
        self.at = 0.0
        self._turn = threading.Condition()
        self._deadlines = []
        self._threads = threads

    def monotonic(self):
        return self.at

    def wait(self, seconds, event):
        with self._turn:
            deadline = self.at + seconds
            self._deadlines.append(deadline)
            self._move()
            while self.at < deadline and not event.is_set():
                self._turn.wait(0.01)
            self._deadlines.remove(deadline)
        return event.is_set()

    def leave(self):
        with self._turn:
            self._threads -= 1
            self._move()

    def _move(self):
        if self._deadlines and len(self._deadlines) >= self._threads:
            self.at = max(self.at, min(self._deadlines))
            self._turn.notify_all()


def test_threads_share_the_window(stop):
    clock = TurnClock(threads=16)
    limiter = BurstLimiter(clock, stop)
    learn(limiter, {"x-ratelimit-limit": "50"})
    times = []

    def work():
        for _ in range(20):
            passed = limiter.acquire()
            times.append(passed.sent_at)
            limiter.settle(passed, {})
        clock.leave()

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(times) == 320
    assert most_in_two_seconds(sorted(times)) <= 50
    assert clock.at == pytest.approx(6 * 2.1)


@pytest.mark.parametrize(
    ("text", "number"), [("2", 2.0), ("1.5", 1.5), ("x", None), ("nan", None), ("inf", None)]
)
def test_headers_are_numbers_or_nothing(text, number):
    assert number_of({"h": text}, "h") == number
    assert number_of({}, "h") is None
