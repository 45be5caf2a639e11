"""Burst window, daily tokens, the Cloudflare page; the clock is injected."""

from __future__ import annotations

import asyncio

import pytest

from pipedrive_emulator.api.operations import load_operations
from pipedrive_emulator.rules.limits import BURST, Blocked, Limits, TooManyRequests
from tests.emulator.direct import Direct

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
    [
        ("lite", "token", 20),
        ("lite", "oauth", 80),
        ("growth", "token", 40),
        ("growth", "oauth", 160),
        ("premium", "token", 100),
        ("premium", "oauth", 400),
        ("ultimate", "token", 120),
        ("ultimate", "oauth", 480),
    ],
)
def test_window_allows_as_many_requests_as_the_plan(clock, plan, kind, burst):
    limits = Limits(plan, monotonic=clock)
    for left in reversed(range(burst)):
        assert _headers(limits.charge(LIST, "me", kind))["x-ratelimit-remaining"] == str(left)
    with pytest.raises(TooManyRequests) as refusal:
        limits.charge(LIST, "me", kind)
    headers = _headers(refusal.value.response().headers)
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
    assert _headers(refusal.value.response().headers)["x-daily-ratelimit-token-remaining"] == "0"
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
    assert refusal.value.response().content_type.startswith("text/html")
    clock.now += 5
    with pytest.raises(Blocked):
        limits.charge(LIST, "me", "token")
    clock.now += 11
    limits.charge(LIST, "me", "token")


def test_rejections_of_parallel_requests_count_once(clock):
    limits = Limits("lite", monotonic=clock)
    for _ in range(20):
        limits.charge(LIST, "me", "token")
    _refusals(limits, 30)
    clock.now += 0.24
    _refusals(limits, 30)
    clock.now += 2.0
    limits.charge(LIST, "me", "token")


def test_a_client_that_waits_each_time_is_rejected_ten_times_at_most(clock):
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
    assert ask.ask("GET", "/v1/deals/1/flow").status_code == 200
    answer = ask.ask("GET", "/api/v2/deals")
    assert answer.status_code == 429
    assert answer.json()["success"] is False
    assert int(answer.headers["retry-after"]) >= 1
    assert ask.get("/_emulator/log")["tokens"] == 60


@pytest.mark.parametrize(
    ("plan", "tokens"), [("lite", 30_000), ("growth", 60_000), ("premium", 150_000), ("ultimate", 210_000)]
)
def test_a_day_has_as_many_tokens_as_plan_and_seats_give(plan, tokens):
    assert Limits(plan, seats=1).daily_tokens == tokens
    assert Limits(plan).daily_tokens == 5 * tokens


@pytest.mark.parametrize("kind", ["token", "oauth"])
@pytest.mark.parametrize("plan", sorted(BURST))
def test_searches_are_limited_to_ten_for_every_plan_and_sign_in(clock, plan, kind):
    limits = Limits(plan, monotonic=clock)
    for left in reversed(range(10)):
        headers = _headers(limits.charge(SEARCH, "me", kind))
        assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == ("10", str(left))
    with pytest.raises(TooManyRequests):
        limits.charge(SEARCH, "me", kind)


def test_the_window_rolls(clock):
    limits = Limits("lite", monotonic=clock)
    for _ in range(10):
        limits.charge(LIST, "me", "token")
    clock.now += 1.5
    for _ in range(10):
        limits.charge(LIST, "me", "token")
    _refusals(limits, 1)
    clock.now += 0.5  # the first ten are two seconds old, the others are not
    for left in reversed(range(10)):
        assert _headers(limits.charge(LIST, "me", "token"))["x-ratelimit-remaining"] == str(left)
    _refusals(limits, 1)


def test_each_token_has_a_window_of_its_own(clock):
    limits = Limits("lite", monotonic=clock)
    for _ in range(20):
        limits.charge(LIST, "me", "token")
    _refusals(limits, 1)
    assert _headers(limits.charge(LIST, "app", "oauth"))["x-ratelimit-remaining"] == "79"


def test_an_exhausted_day_shows_no_tokens_but_an_open_window_and_ends_with_the_day(clock):
    limits = Limits("lite", daily_tokens=15, monotonic=clock)
    limits.charge(LIST, "me", "token")
    for _ in range(3):
        with pytest.raises(TooManyRequests) as refusal:
            limits.charge(LIST, "me", "token")
        headers = _headers(refusal.value.response().headers)
        assert headers["x-ratelimit-remaining"] == "19"
        assert headers["x-daily-ratelimit-token-remaining"] == "0"
        clock.now += 0.3
    limits.charge(load_operations()["v2:getDeal"], "me", "token")  # the rest is sufficient for this
    limits.reset()
    limits.charge(LIST, "me", "token")


def _at_once(direct, count, path="/api/v2/deals"):
    """The statuses of requests that are all under way together."""
    scope = {
        "type": "http",
        "method": "GET",
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"x-api-token", b"emulator-token"), (b"host", b"emulator.test")],
        "client": ("127.0.0.1", 1),
    }

    async def all_of_them():
        return await asyncio.gather(*(direct._call(scope, b"") for _ in range(count)))

    return [reply.status_code for reply in direct._loop.run_until_complete(all_of_them())]


@pytest.fixture
def lite(clock):
    direct = Direct(plan="lite", burst=None, legacy=False)
    direct.app.limits._monotonic = clock
    yield direct
    direct.close()


def test_fifty_requests_at_once_are_counted_exactly(lite):
    statuses = _at_once(lite, 50)
    assert (statuses.count(200), statuses.count(429)) == (20, 30)
    log = lite.ask("GET", "/_emulator/log").json()
    assert (log["requests"], log["tokens"]) == (50, 200)
    assert lite.app.limits.tokens_spent == 200


def test_latency_is_waited_for_together(monkeypatch):
    direct, waiting, most = Direct(latency_seconds=0.2), set(), []
    sleep = asyncio.sleep

    async def wait(seconds):
        me = object()
        waiting.add(me)
        most.append((seconds, len(waiting)))
        await sleep(0)
        waiting.discard(me)

    monkeypatch.setattr(asyncio, "sleep", wait)
    assert _at_once(direct, 20) == [200] * 20
    assert max(most) == (0.2, 20)
    direct.close()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v2/deals", 200),
        ("GET", "/api/v2/deals?limit=0", 400),
        ("GET", "/api/v2/deals/999999", 404),
        ("GET", "/api/v2/nothing", 404),
        ("DELETE", "/api/v2/itemSearch", 405),
        ("GET", "/v1/deals", 410),
        ("GET", "/v1/channels", 404),
        ("GET", "/v1/files/1/download", 200),
    ],
)
def test_every_response_reports_the_limits(lite, method, path, status):
    where, _, query = path.partition("?")
    answers = [lite.ask(method, where, query=query) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [status] * 2
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["19", "18"]
    assert answers[0].headers["x-ratelimit-limit"] == "20"
    assert answers[0].headers["x-daily-ratelimit-token-remaining"].isdigit()


def test_unknown_paths_need_a_sign_in_count_in_the_window_and_cost_nothing(lite):
    assert lite.ask("GET", "/api/v2/nothing", token=None).status_code == 401
    assert _at_once(lite, 21, "/api/v2/nothing") == [404] * 20 + [429]
    assert lite.app.limits.tokens_spent == 0


def test_ignored_429_responses_lead_to_an_html_page_over_http_too(lite, clock):
    assert _at_once(lite, 21) == [200] * 20 + [429]
    for _ in range(9):
        clock.now += 0.01
        clock.now += 0.25 if clock.now < 100.25 else 0
        assert lite.ask("GET", "/api/v2/deals").status_code == 429
    page = lite.ask("GET", "/api/v2/deals")
    assert (page.status_code, page.content_type) == (403, "text/html; charset=UTF-8")
    assert page.headers["server"] == "cloudflare"
    clock.now += 11
    assert lite.ask("GET", "/api/v2/deals").status_code == 200
