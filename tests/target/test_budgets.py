"""Messages of a run ended by a token budget distinguish the company's budget from the settings."""

from __future__ import annotations

import pytest

from pipedrive_client import BudgetSpent
from tests.target.helpers import rows


@pytest.fixture
def limited(small):
    """The account with fewer tokens, for this test."""
    yield lambda tokens: small.post("/_emulator/limits", {"daily_tokens": tokens, "new_day": True})
    small.post("/_emulator/limits", {"daily_tokens": 750_000, "new_day": True})


@pytest.mark.parametrize(
    ("tokens", "settings", "named", "other"),
    [
        (3, {}, "company", "daily_token_budget"),
        (500, {"daily_token_budget": 12}, "daily_token_budget", "company"),
    ],
)
def test_the_error_names_the_budget_that_ended_the_run(tokens, settings, named, other, load, limited):
    limited(tokens)
    run = load(
        rows("add_note", *({"content": f"Note {one}", "deal_id": one} for one in range(1, 9))), **settings
    )
    assert isinstance(run.error, BudgetSpent)
    assert named in str(run.error)
    assert other not in str(run.error)
