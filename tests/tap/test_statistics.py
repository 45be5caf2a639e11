"""Streams of the setting `statistics`."""

from __future__ import annotations

import pytest

from pipedrive_client import ConfigError
from tests.support.singer import run_tap

pytestmark = pytest.mark.dialects

RESULTS = "GET /api/v1/goals/{id}/results"
ADD = "/v1/goals"


def asks(start, end, name="year"):
    return {"stream": "goal_results", "name": name, "period.start": start, "period.end": end}


def goal(emulator, start, end):
    body = {
        "title": "Win more",
        "assignee": {"id": 1, "type": "person"},
        "type": {"name": "deals_won", "params": {"pipeline_id": [1]}},
        "expected_outcome": {"target": 70, "tracking_metric": "quantity"},
        "duration": {"start": start, "end": end},
        "interval": "monthly",
    }
    return emulator.post(ADD, body)["data"]["goal"]["id"]


@pytest.mark.parametrize(
    ("lasts", "reported"),
    [
        (("2025-01-01", "2025-12-31"), ("2025-03-01", "2025-05-31")),
        (("2025-04-01", "2025-04-30"), ("2025-04-01", "2025-04-30")),
        (("2025-04-15", None), ("2025-04-15", "2025-05-31")),
        (("2024-01-01", "2025-03-01"), ("2025-03-01", "2025-03-01")),
        (("2024-01-01", "2025-02-28"), None),
        (("2025-06-01", None), None),
    ],
)
def test_a_goal_is_requested_for_its_part_of_the_period(small, lasts, reported):
    number = goal(small, *lasts)
    small.post("/_emulator/log/clear")
    out = run_tap(small.config(statistics=[asks("2025-03-01", "2025-05-31")]), "goal_results")
    found = [row for row in out.records["goal_results"] if row["goal_id"] == number]
    assert [(row["period_start"], row["period_end"]) for row in found] == [reported] * bool(reported)
    assert {row["report"] for row in found} <= {"year"}
    assert small.requests()[RESULTS] == len(out.records["goal_results"])


def test_two_periods_of_a_goal_are_two_rows(small):
    number = goal(small, "2024-01-01", "2025-12-31")
    periods = [asks("2024-01-01", "2024-12-31", "old"), asks("2025-01-01", "2025-12-31", "new")]
    out = run_tap(small.config(statistics=periods), "goal_results")
    found = {row["report"]: row for row in out.records["goal_results"] if row["goal_id"] == number}
    assert {name: row["period_end"] for name, row in found.items()} == {
        "old": "2024-12-31",
        "new": "2025-12-31",
    }
    assert out.faults() == []


def test_a_period_without_an_end_is_rejected_before_the_first_request(small):
    with pytest.raises(ConfigError, match=r"goal_results also requires period\.end"):
        run_tap(
            small.config(statistics=[{"stream": "goal_results", "period.start": "2025-03-01"}]),
            "goal_results",
        )
    assert not small.requests()
