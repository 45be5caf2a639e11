"""Burst window, daily tokens, the Cloudflare page; the clock is injected."""

from __future__ import annotations

import pytest

from pipedrive_emulator.limits import Blocked, Limits, TooManyRequests
from pipedrive_emulator.operations import load_operations

LIST = load_operations()["v2:getDeals"]
SEARCH = load_operations()["v2:searchDeals"]
ADD = load_operations()["v1:addNote"]


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def _headers(pairs):
    return {name.decode(): value.decode() for name, value in pairs}


@pytest.mark.parametrize(
    ("plan", "kind", "burst"),
    [("lite", "token", 20), ("growth", "oauth", 160), ("premium", "token", 100), ("ultimate", "oauth", 480)],
)
def test_window_holds_as_many_requests_as_the_plan_says(clock, plan, kind, burst):
    limits = Limits(plan, monotonic=clock)
    for left in reversed(range(burst)):
        assert _headers(limits.charge(LIST, "me", kind))["x-ratelimit-remaining"] == str(left)
    with pytest.raises(TooManyRequests) as refusal:
        limits.charge(LIST, "me", kind)
    headers = _headers(refusal.value.answer().headers)
    assert headers["retry-after"] == "2"
    assert headers["x-ratelimit-limit"] == str(burst)
    clock.now += 2.0
    limits.charge(LIST, "me", kind)


def test_searches_have_a_window_of_ten(clock):
    limits = Limits("ultimate", monotonic=clock)
    for _ in range(10):
        limits.charge(SEARCH, "me", "oauth")
    with pytest.raises(TooManyRequests):
        limits.charge(SEARCH, "me", "oauth")
    limits.charge(LIST, "me", "oauth")


def test_every_request_costs_its_tokens_until_none_are_left(clock):
    limits = Limits("lite", daily_tokens=25, monotonic=clock)
    limits.charge(LIST, "me", "token")
    headers = _headers(limits.charge(LIST, "me", "token"))
    assert headers["x-daily-ratelimit-token-limit"] == "25"
    assert headers["x-daily-ratelimit-token-remaining"] == "5"
    with pytest.raises(TooManyRequests) as refusal:
        limits.charge(LIST, "me", "token")
    assert _headers(refusal.value.answer().headers)["x-daily-ratelimit-token-remaining"] == "0"
    limits.reset()
    limits.charge(LIST, "me", "token")


def _refusals(limits, count):
    for _ in range(count):
        with pytest.raises(TooManyRequests):
            limits.charge(LIST, "me", "token")


def test_who_ignores_429_meets_the_html_page_until_quiet(clock):
    limits = Limits("lite", monotonic=clock)
    for _ in range(20):
        limits.charge(LIST, "me", "token")
    _refusals(limits, 1)
    clock.now += 0.25
    _refusals(limits, 9)
    with pytest.raises(Blocked) as refusal:
        limits.charge(LIST, "me", "token")
    assert refusal.value.answer().content_type.startswith("text/html")
    clock.now += 5
    with pytest.raises(Blocked):
        limits.charge(LIST, "me", "token")
    clock.now += 11
    limits.charge(LIST, "me", "token")


def test_refusals_of_requests_under_way_together_count_once(clock):
    limits = Limits("lite", monotonic=clock)
    for _ in range(20):
        limits.charge(LIST, "me", "token")
    _refusals(limits, 30)
    clock.now += 0.24
    _refusals(limits, 30)
    clock.now += 2.0
    limits.charge(LIST, "me", "token")


def test_who_comes_back_after_each_wait_is_refused_ten_times_at_most(clock):
    limits = Limits("lite", daily_tokens=0, monotonic=clock)
    for _ in range(10):
        _refusals(limits, 16)
        clock.now += 2.0
    with pytest.raises(Blocked):
        limits.charge(LIST, "me", "token")


def test_daily_writes_are_counted_for_tokens_only(clock):
    limits = Limits("lite", monotonic=clock)
    assert "x-daily-requests-left" in _headers(limits.charge(ADD, "me", "token"))
    assert "x-daily-requests-left" not in _headers(limits.charge(LIST, "me", "token"))
    assert "x-daily-requests-left" not in _headers(limits.charge(ADD, "you", "oauth"))


def test_zero_burst_lifts_every_window(clock):
    limits = Limits("lite", burst=0, monotonic=clock)
    for _ in range(500):
        limits.charge(SEARCH, "me", "token")


def test_limits_show_over_http(start):
    ask = start("--plan", "lite", "--daily-tokens", "60")
    for left in (50, 40):
        answer = ask.ask("GET", "/api/v2/deals")
        assert answer.headers["x-ratelimit-limit"] == "20"
        assert answer.headers["x-daily-ratelimit-token-remaining"] == str(left)
    assert ask.ask("GET", "/v1/deals/1/flow").status_code in (200, 501)
    answer = ask.ask("GET", "/api/v2/deals")
    assert answer.status_code == 429
    assert answer.json()["success"] is False
    assert int(answer.headers["retry-after"]) >= 1
    assert ask.get("/_emulator/log")["tokens"] == 60
