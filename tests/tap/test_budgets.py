"""Messages of a run that the token budget ended: the company's tokens are not the setting's."""

from __future__ import annotations

import pytest

from pipedrive_client import BudgetSpent
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
def test_tokens_of_the_company_are_not_reported_as_the_setting(tokens, facts, small, limited):
    catalog = select(small.config(), "goals")
    limited(tokens)
    with pytest.raises(BudgetSpent) as raised:
        run_tap(small.config(max_concurrency=1), catalog=catalog)
    assert "daily_token_budget" not in str(raised.value)
    for fact in ("company", "goals", "in full", *facts):
        assert fact in str(raised.value)


def test_a_budget_of_the_settings_is_named(small):
    catalog = select(small.config(), "goals")
    with pytest.raises(BudgetSpent) as raised:
        run_tap(small.config(max_concurrency=1, daily_token_budget=30), catalog=catalog)
    assert "daily_token_budget" in str(raised.value)
    assert "company" not in str(raised.value)
