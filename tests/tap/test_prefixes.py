"""Prefixes of v1 in runs of the tap: the other one is tried once, and both rejected is a warning."""

from __future__ import annotations

import pytest

from tests.support.emulator import Emulator
from tests.support.faulty import run
from tests.support.gate import Gate
from tests.support.singer import run_tap

PLAN, GROUPS = "GET /api/v1/projects/{id}/plan", "GET /api/v1/projects/{id}/groups"
STREAMS = ("projects", "project_plan_items", "project_groups")


def unknown(emulator, *operations, prefixes=("/v1",)):
    """Make the host not know operations below these prefixes."""
    rules = [
        {"operation": operation, "kind": "unknown_method", "prefix": prefix}
        for operation in operations
        for prefix in prefixes
    ]
    emulator.post("/_emulator/faults", rules)
    emulator.post("/_emulator/log/clear")


def sent(emulator, operation):
    """Prefix and status of each request of an operation."""
    log = emulator.log(full=True)["ordered"]
    return [(one["prefix"], one["status"]) for one in log if one["operation"] == operation]


def test_a_fan_out_below_the_other_prefix_is_complete_and_pays_once(small):
    clean = run_tap(small.config(), *STREAMS)
    unknown(small, PLAN, GROUPS)
    gate = Gate(small.url)
    found = run_tap({**small.config(max_concurrency=8), "api_url": gate.url}, *STREAMS)
    gate.no_problems()
    assert found.records == clean.records
    parents = sum(one["status"] != "deleted" for one in clean.records["projects"])
    for operation in (PLAN, GROUPS):
        assert [prefix for prefix, _ in sent(small, operation)] == ["/v1", *["/api/v1"] * parents]
    assert "refused" not in str(found.state)


def test_an_app_reads_plans_that_a_company_host_serves_below_one_prefix(small, caplog):
    clean = run_tap(small.config(), *STREAMS)
    with Emulator("--burst", "0", "--dialect", "observed") as company:
        app = {
            "client_id": "emulator-client",
            "client_secret": "emulator-secret",
            "refresh_token": "emulator-refresh-token",
            "oauth_token_url": f"{company.url}/oauth/token",
        }
        found = run_tap(app | {"api_url": company.url, "max_concurrency": 1}, *STREAMS)
        log = company.log(full=True)["ordered"]
    short = [one["status"] for one in log if one["prefix"] == "/v1" and one["path"].endswith("/plan")]
    assert short == [403]
    archived = {one["id"] for one in clean.records["projects"] if one["is_archived"]}
    for name in STREAMS[1:]:
        expected = [one for one in clean.records[name] if one["project_id"] not in archived]
        assert found.records[name] == expected != []
    warned = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert len(warned) == 1
    assert "GET /api/v2/projects/archived returned 403" in warned[0]


@pytest.mark.parametrize("stream", ["leads", "activity_types"])
def test_a_list_below_the_other_prefix_is_read(stream, small):
    clean = run_tap(small.config(), stream)
    unknown(small, "*")
    found = run_tap(small.config(), stream)
    assert found.records[stream] == clean.records[stream] != []


def test_a_fan_out_rejected_below_both_is_reported_and_read_by_a_later_run(small, caplog):
    clean = run_tap(small.config(), *STREAMS)
    unknown(small, PLAN, prefixes=("/v1", "/api/v1"))
    first = run_tap(small.config(max_concurrency=1), *STREAMS)
    assert sent(small, PLAN) == [("/v1", 404), ("/api/v1", 404)]
    assert first.records["project_plan_items"] == []
    assert first.records["project_groups"] == clean.records["project_groups"]
    (warning,) = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    parents = sum(one["status"] != "deleted" for one in clean.records["projects"])
    for fact in (
        "/v1",
        "/api/v1",
        "Unknown method",
        f"{parents} of {parents} parents",
        "missing, not deleted",
    ):
        assert fact in warning
    small.post("/_emulator/faults", [])
    second = run_tap(small.config(), *STREAMS, state=first.state)
    assert second.records["project_plan_items"] == clean.records["project_plan_items"]


def test_a_row_that_cannot_be_requested_is_not_deleted(small):
    settings = small.config(detect_deletes=True, delete_sweep_interval_hours=0, max_tombstone_percent=100)
    first = run(settings, "notes", page=500)
    one = first.output.records["notes"][0]["id"]
    small.call("DELETE", f"/v1/notes/{one}")
    unknown(small, "GET /api/v1/notes/{id}", prefixes=("/v1", "/api/v1"))
    found = run(settings, "notes", before=first, page=500)
    assert not [row for row in found.output.records["notes"] if row.get("_sdc_deleted_at")]
    small.post("/_emulator/faults", [])
    again = run(settings, "notes", before=found, page=500)
    assert [row["id"] for row in again.output.records["notes"] if row.get("_sdc_deleted_at")] == [one]
