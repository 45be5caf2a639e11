from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from pipedrive_client import BudgetSpent, DayCost
from pipedrive_client.limits.token_budget import TokenBudget

TODAY = date(2026, 11, 23)


def test_the_given_budget_stops_before_the_request_that_would_exceed_it(clock):
    budget = TokenBudget(clock, of_run=25)
    budget.reserve(10)
    budget.reserve(10)
    for reject in (budget.check, budget.reserve):
        with pytest.raises(
            BudgetSpent, match=r"20 of 25 tokens are used and the next request costs 10"
        ) as raised:
            reject(10)
        assert raised.value.resume_at == clock.now()
        assert "run_token_budget" in str(raised.value)
        assert raised.value.setting == "run_token_budget"
    budget.reserve(5)
    assert budget.spent == 25


def test_a_refund_can_be_used_again(clock):
    budget = TokenBudget(clock, of_run=10)
    budget.reserve(10)
    budget.refund(10)
    budget.reserve(10)
    assert budget.spent == 10


@pytest.mark.parametrize(("left", "cost"), [("0", 0), ("9", 10), ("-3", 0)])
def test_the_day_s_budget_is_followed_from_the_headers(clock, left, cost):
    budget = TokenBudget(clock)
    budget.learn({"x-daily-ratelimit-token-remaining": left})
    with pytest.raises(BudgetSpent, match=r"Run again after 2026-11-24T00:00:00Z \(an estimate") as raised:
        budget.reserve(cost)
    assert raised.value.resume_at == datetime(2026, 11, 24, tzinfo=UTC)


def test_what_the_headers_leave_can_be_used(clock):
    budget = TokenBudget(clock)
    budget.learn({"x-daily-ratelimit-token-remaining": "10"})
    budget.learn({})
    budget.learn({"x-daily-ratelimit-token-remaining": "soon"})
    budget.reserve(10)
    assert budget.left_today == 10


@pytest.mark.parametrize(
    ("given", "headers", "left"),
    [
        (None, {}, None),
        (25, {}, 15),
        (None, {"x-daily-ratelimit-token-remaining": "90"}, 90),
        (25, {"x-daily-ratelimit-token-remaining": "90"}, 15),
        (25, {"x-daily-ratelimit-token-remaining": "5"}, 5),
    ],
)
def test_remaining_tokens_are_the_minimum_of_the_run_and_day_budgets(clock, given, headers, left):
    budget = TokenBudget(clock, of_run=given)
    budget.reserve(10)
    budget.learn(headers)
    assert budget.left == left


def test_the_day_s_budget_is_learned_from_the_headers(clock):
    budget = TokenBudget(clock)
    assert budget.limit_today is None
    budget.learn({"x-daily-ratelimit-token-remaining": "90", "x-daily-ratelimit-token-limit": "100"})
    budget.learn({"x-daily-ratelimit-token-remaining": "80"})
    assert budget.limit_today == 100


def test_a_new_day_makes_the_old_headers_void(clock):
    budget = TokenBudget(clock)
    assert isinstance(budget.spend_all(), BudgetSpent)
    clock.at += 12 * 3600
    budget.reserve(10)
    assert budget.left_today is None


def test_the_day_s_budget_counts_earlier_runs_of_the_day(clock):
    budget = TokenBudget(clock, of_day=100)
    budget.add_earlier(DayCost(day=TODAY, tokens=85))
    budget.reserve(10)
    assert (budget.spent, budget.day, budget.left) == (10, DayCost(day=TODAY, tokens=95), 5)
    with pytest.raises(BudgetSpent, match=r"95 of 100 tokens are used .* costs 10") as raised:
        budget.reserve(10)
    assert raised.value.setting == "daily_token_budget"
    assert raised.value.resume_at == datetime(2026, 11, 24, tzinfo=UTC)
    assert "daily_token_budget" in str(raised.value)
    budget.refund(10)
    assert budget.day.tokens == 85


def test_the_cost_of_another_day_is_not_counted(clock):
    budget = TokenBudget(clock, of_day=100)
    budget.add_earlier(DayCost(day=date(2026, 11, 22), tokens=100))
    budget.reserve(100)
    assert (budget.day, budget.earlier) == (DayCost(day=TODAY, tokens=100), 0)


def test_midnight_resets_the_daily_budget_but_not_that_of_the_run(clock):
    budget = TokenBudget(clock, of_day=20, of_run=30)
    budget.add_earlier(DayCost(day=TODAY, tokens=5))
    budget.reserve(15)
    clock.at += 24 * 3600
    budget.refund(0)
    assert (budget.day.tokens, budget.earlier, budget.left) == (0, 0, 15)
    budget.reserve(15)
    with pytest.raises(BudgetSpent, match="run_token_budget"):
        budget.check(1)


def test_a_plan_s_requests_have_no_limit(clock):
    budget = TokenBudget(clock, of_day=1, of_run=1)
    budget.lift()
    budget.reserve(20)
    assert budget.left is None
