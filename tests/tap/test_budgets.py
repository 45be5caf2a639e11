"""Messages of a run ended by a token budget distinguish the company's budget from the settings."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipedrive_client import BudgetSpent, ConfigError
from tests.support.singer import run_tap, select


@pytest.fixture
def limited(small):
    """The account with fewer tokens, for this test."""
    yield lambda tokens: small.post("/_emulator/limits", {"daily_tokens": tokens, "new_day": True})
    small.post("/_emulator/limits", {"daily_tokens": 750_000, "new_day": True})


@pytest.mark.parametrize(
    ("tokens", "facts"),
    [(5, ("0 left",)), (30, ("10 left", "costs 20")), (20, ("0 left",))],
)
def test_an_exhausted_company_budget_is_not_reported_as_the_setting(tokens, facts, small, limited):
    catalog = select(small.config(), "goals")
    limited(tokens)
    with pytest.raises(BudgetSpent) as raised:
        run_tap(small.config(max_concurrency=1), catalog=catalog)
    assert "token_budget" not in str(raised.value)
    for fact in ("company", "goals", "in full", *facts):
        assert fact in str(raised.value)


def test_an_exhausted_budget_of_the_settings_is_reported_by_name(small):
    catalog = select(small.config(), "goals")
    with pytest.raises(BudgetSpent) as raised:
        run_tap(small.config(max_concurrency=1, run_token_budget=30), catalog=catalog)
    assert "run_token_budget" in str(raised.value)
    assert "company" not in str(raised.value)


def test_runs_of_a_day_share_the_day_s_budget_by_the_state(small):
    catalog = select(small.config(), "stages", "goals")
    first = run_tap(small.config(daily_token_budget=100), catalog=catalog)
    today = datetime.now(UTC).date().isoformat()
    spent = first.state["token_usage"]["tokens"]
    assert first.state["token_usage"]["date"] == today
    assert spent == small.log()["tokens"] > 40
    small.post("/_emulator/log/clear")
    with pytest.raises(BudgetSpent, match=r"of 100 tokens are used") as raised:
        run_tap(small.config(daily_token_budget=100), catalog=catalog, state=first.state)
    assert raised.value.setting == "daily_token_budget"
    assert small.log()["tokens"] <= 100 - spent
    yesterday = {**first.state, "token_usage": {"date": "2026-01-01", "tokens": 100}}
    again = run_tap(small.config(daily_token_budget=100), catalog=catalog, state=yesterday)
    assert again.state["token_usage"]["date"] == today


def test_a_state_contains_the_day_s_cost_only_with_its_setting(small):
    catalog = select(small.config(), "stages")
    state = {"bookmarks": {}, "token_usage": {"date": "2026-01-01", "tokens": 5}}
    assert "token_usage" not in run_tap(small.config(run_token_budget=50), catalog=catalog, state=state).state


@pytest.mark.parametrize(
    "entry", [3, {}, {"date": "today", "tokens": 1}, {"date": "2026-01-01", "tokens": -1}]
)
def test_an_invalid_cost_of_the_day_is_rejected(small, entry):
    state = {"bookmarks": {}, "token_usage": entry}
    with pytest.raises(ConfigError, match="token_usage"):
        run_tap(small.config(), catalog=select(small.config(), "stages"), state=state)
