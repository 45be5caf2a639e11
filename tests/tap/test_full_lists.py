"""`full_list_interval_hours`: lists without a parameter for changes are read once in the interval."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from pipedrive_client import ConfigError
from tap_pipedrive.commands.plan import plan
from tap_pipedrive.tap import TapPipedrive
from tests.support.singer import run_tap, select

pytestmark = pytest.mark.dialects

ASKED_EACH_RUN = {
    "GET /api/v1/leads",
    "GET /api/v1/notes",
    "GET /api/v2/activities",
    "GET /api/v2/deals",
    "GET /api/v2/deals/archived",
    "GET /api/v2/organizations",
    "GET /api/v2/persons",
    "GET /api/v2/products",
}
DAY = 24


def cost(emulator, config, *streams, state=None, catalog=None):
    """Output, tokens and requests of a run."""
    catalog = select(config, *streams) if streams else catalog
    emulator.post("/_emulator/log/clear")
    output = run_tap(config, state=state, catalog=catalog)
    return output, emulator.log()["tokens"], emulator.requests()


def aged(state, **by):
    """A state whose lists were all read that long before."""
    moved = json.loads(json.dumps(state))
    for memo in moved["bookmarks"].values():
        for read in memo.get("reads", {}).values():
            if "read_at" in read:
                read["read_at"] = (datetime.now(UTC) - timedelta(**by)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return moved


def test_an_hourly_schedule_with_nothing_new_costs_less_than_150_tokens(medium):
    config = medium.config(full_list_interval_hours=DAY)
    output, first, requests = cost(medium, config)
    assert first > 800
    assert [requests[f"GET /api/v2/{kind}Fields"] for kind in ("deal", "person", "organization")] == [1, 1, 1]
    for _ in range(3):
        output, tokens, requests = cost(medium, config, state=output.state)
        assert (tokens, set(requests), dict(output.records)) == (110, ASKED_EACH_RUN, {})
    again, tokens, _ = cost(medium, config, state=aged(output.state, hours=DAY))
    assert tokens > 500
    _, tokens, _ = cost(medium, config, state=again.state)
    assert tokens == 110


def test_by_default_lists_are_read_in_each_run_and_the_state_has_no_times(small):
    config = small.config()
    first, _, requests = cost(small, config, "users", "stages")
    assert not any("read_at" in read for read in first.state["bookmarks"]["users"]["reads"].values())
    assert cost(small, config, "users", "stages", state=first.state)[2] == requests


def test_a_change_is_emitted_by_the_first_read_after_the_interval(small):
    config = small.config(full_list_interval_hours=2)
    first, *_ = cost(small, config, "stages")
    stage = small.rows("stages")[0]["id"]
    small.call("PATCH", f"/api/v2/stages/{stage}", {"name": "Renamed"})
    before, *_ = cost(small, config, "stages", state=aged(first.state, minutes=100))
    assert not before.records
    after, *_ = cost(small, config, "stages", state=aged(before.state, minutes=121))
    assert "Renamed" in {row["name"] for row in after.records["stages"]}


@pytest.mark.parametrize(("minutes", "read"), [(52, False), (58, True)])
def test_a_run_started_minutes_early_does_not_skip_a_read(small, minutes, read):
    config = small.config(full_list_interval_hours=1)
    first, *_ = cost(small, config, "users")
    _, _, requests = cost(small, config, "users", state=aged(first.state, minutes=minutes))
    assert bool(requests) is read


def test_an_interval_per_stream_leaves_the_others_as_they_are(small):
    config = small.config(full_list_interval_hours={"users": 168})
    first, *_ = cost(small, config, "users", "stages")
    _, _, requests = cost(small, config, "users", "stages", state=first.state)
    assert set(requests) == {"GET /api/v2/stages"}


def test_lists_of_one_stream_are_read_together(small):
    config = small.config(full_list_interval_hours=DAY)
    first, *_ = cost(small, config, "projects")
    state = first.state
    reads = state["bookmarks"]["projects"]["reads"]
    assert [bool(read.pop("read_at")) for name, read in reads.items() if "Archived" in name] == [True]
    _, _, requests = cost(small, config, "projects", state=state)
    assert {"GET /api/v2/projects", "GET /api/v2/projects/archived"} <= set(requests)


def test_the_parent_list_of_a_newly_selected_fan_out_is_read_immediately(small):
    config = small.config(full_list_interval_hours=DAY)
    first, *_ = cost(small, config, "boards")
    second, *_ = cost(small, config, "boards", "phases", state=first.state)
    assert len(second.records["phases"]) == len(small.rows("project_phases"))
    third, tokens, _ = cost(small, config, "boards", "phases", state=second.state)
    assert (tokens, dict(third.records)) == (0, {})


def test_a_list_that_failed_is_read_again_before_the_interval(small):
    config = small.config(full_list_interval_hours=DAY)
    first, *_ = cost(small, config, "users")
    state = aged(first.state, hours=DAY)
    fault = {"operation": "GET /api/v1/users", "every": 1, "kind": "status_before", "status": 403}
    small.post("/_emulator/faults", [fault])
    refused, *_ = cost(small, config, "users", state=state)
    small.post("/_emulator/faults", [])
    _, _, requests = cost(small, config, "users", state=refused.state)
    assert requests == {"GET /api/v1/users": 1}


def test_deletes_are_compared_only_in_runs_that_read_the_list(small):
    config = small.config(full_list_interval_hours=DAY, detect_deletes=True, max_tombstone_percent=100)
    first, *_ = cost(small, config, "stages", "pipelines")
    stage = small.call("POST", "/api/v2/stages", {"name": "Extra", "pipeline_id": 1})["data"]["id"]
    second, *_ = cost(small, config, "stages", "pipelines", state=aged(first.state, hours=DAY))
    small.call("DELETE", f"/api/v2/stages/{stage}")
    third, tokens, _ = cost(small, config, "stages", "pipelines", state=second.state)
    assert (tokens, dict(third.records)) == (0, {})
    fourth, *_ = cost(small, config, "stages", "pipelines", state=aged(third.state, hours=DAY))
    assert [row["id"] for row in fourth.records["stages"] if row.get("_sdc_deleted_at")] == [stage]


def test_a_time_in_the_future_does_not_postpone_the_read(small):
    config = small.config(full_list_interval_hours=DAY)
    first, *_ = cost(small, config, "users")
    _, _, requests = cost(small, config, "users", state=aged(first.state, hours=-400))
    assert requests == {"GET /api/v1/users": 1}


def test_the_plan_counts_lists_that_are_not_due_as_free(small):
    config = small.config(full_list_interval_hours=DAY)
    names = ("users", "stages", "leads", "boards", "phases")
    catalog = select(config, *names)
    first = run_tap(config, catalog=catalog)
    for state in (first.state, aged(first.state, hours=DAY)):
        tap = TapPipedrive(config=dict(config), catalog=catalog, state=json.loads(json.dumps(state)))
        lines = [line for line in plan(tap.lists()) if not line.stream.endswith("_fields")]
        tap.tap_context.client.close()
        _, tokens, _ = cost(small, config, catalog=catalog, state=state)
        assert sum(line.tokens for line in lines) == tokens
    assert tokens > 100


@pytest.mark.parametrize(
    ("given", "facts"),
    [
        ({"user": 5}, ["'user'", "users"]),
        ({"deals": 5}, ["deals", "changes"]),
        ({"phases": 5}, ["phases", "boards"]),
        ({"users": -1}, ["full_list_interval_hours.users", "0"]),
        ("daily", ["full_list_interval_hours", "a number"]),
        (-1, ["full_list_interval_hours", "0"]),
    ],
    ids=str,
)
def test_an_invalid_interval_is_rejected(small, given, facts):
    with pytest.raises(ConfigError) as refused:
        TapPipedrive(config=small.config(full_list_interval_hours=given))
    assert all(fact in str(refused.value) for fact in ("full_list_interval_hours", *facts))
