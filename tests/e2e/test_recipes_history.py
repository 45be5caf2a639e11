"""The recipe that loads the history of deals, run exactly as written against the emulator."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.recipes import follow, project, read, rows, settings

pytestmark = pytest.mark.xdist_group("meltano")

STREAMS = ("deals", "stages", "pipelines")
HISTORY = "GET /api/v1/deals/{id}/changelog"
AGAIN = "```sh\n./history.sh\n```\n"
LOADED = "select * exclude (_sdc_batched_at, _sdc_extracted_at) from pipedrive.deal_changes order by all"


def live_through(emulator) -> int:
    """Create a deal that moves back and forth between stages, is lost, reopened and won; returns its id."""
    stages = [row["id"] for row in emulator.rows("stages") if row["pipeline_id"] == 1][:3]
    deal = emulator.post("/api/v2/deals", {"title": "To and fro", "stage_id": stages[0]})["data"]["id"]
    for days, change in (
        (2, {"stage_id": stages[1]}),
        (3, {"stage_id": stages[2]}),
        (1, {"stage_id": stages[1]}),
        (4, {"status": "lost"}),
        (10, {"status": "open"}),
        (5, {"status": "won"}),
    ):
        emulator.post("/_emulator/clock", {"advance_seconds": days * 86_400})
        emulator.call("PATCH", f"/api/v2/deals/{deal}", change)
    return deal


def stage_at(deal, changes, moment: str) -> int | None:
    """Stage in which a deal was open, by the changes that the account keeps; None if it was not."""
    if moment <= deal["add_time"][:19].replace("T", " "):
        return None
    found = {}
    for field in ("stage_id", "status"):
        mine = [one for one in changes if one["field_key"] == field]
        before = [one["new_value"] for one in mine if one["time"] < moment]
        found[field] = before[-1] if before else mine[0]["old_value"] if mine else deal[field]
    return found["stage_id"] if found["status"] == "open" else None


@pytest.mark.soak
def test_backfill_history(small, tmp_path):
    story = live_through(small)
    roots = [tmp_path / "a", tmp_path / "b"]
    for one in roots:
        one.mkdir()
    root, at_once = map(project, roots)
    load, ask = read("backfill-history").split("## Load the deals")
    found = settings(small, *STREAMS)
    deals = [row for row in small.rows("deals") if not row["is_deleted"]]

    # With a small budget, several runs read each deal once and have the result of a single run.
    small.post("/_emulator/log/clear")
    nights = follow(load, root, {**found, "TOKENS_A_NIGHT": "300"})[-1:]
    while "The history is complete." not in nights[-1]:
        assert "There is more; the next run goes on from there." in nights[-1]
        assert len(nights) < 8
        nights += follow(AGAIN, root, {**found, "TOKENS_A_NIGHT": "300"})
    assert len(nights) > 2
    assert small.requests()[HISTORY] == len(deals)
    assert "The history is complete." in follow(load, at_once, found)[-1]
    assert rows(root, LOADED) == rows(at_once, LOADED) != []

    # A later run reads the deals that changed since, and no other.
    changed = [row["id"] for row in deals if row["status"] == "open" and row["pipeline_id"] == 1][:2]
    for number in changed:
        small.call("PATCH", f"/api/v2/deals/{number}", {"title": "Something new"})
    small.post("/_emulator/log/clear")
    follow(ask, root, found)
    assert small.requests()[HISTORY] == len(changed)
    titles = "select deal_id from pipedrive.deal_changes where field_key = 'title' order by deal_id"
    assert rows(root, titles) == [(number,) for number in sorted(changed)]

    # The views match the account.
    spent = f"select days from history.days_in_stage where deal_id = {story} order by stage_id"
    assert [round(days) for (days,) in rows(root, spent)] == [
        2,
        3 + 4 + 5,
        1,
    ]  # not the ten days that it was lost
    tables = small.dump()["tables"]
    compared = 0
    for back in range(0, 400, 20):
        day = datetime(2026, 7, 20, tzinfo=UTC) - timedelta(days=back)
        midnight = f"{day + timedelta(days=1):%Y-%m-%d %H:%M:%S}"
        expected = {}
        for deal in deals:
            changes = [one for one in tables["changes"] if one["parent"] == f"deals:{deal['id']}"]
            changes.sort(key=lambda one: (one["time"], one["id"]))
            stage = stage_at(deal, changes, midnight)
            if stage is not None:
                expected[deal["id"]] = stage
        told = rows(root, f"select deal_id, stage_id from history.stage_on_day where day = '{day:%Y-%m-%d}'")
        assert dict(told) == expected
        assert len(told) == len(expected)
        compared += len(told)
    assert compared > 100
