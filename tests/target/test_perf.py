"""Rates and counts that must not regress. The limits are loose; the benchmarks measure exactly."""

from __future__ import annotations

import io
import json
import time
from contextlib import redirect_stdout

import pytest

from target_pipedrive.target import TargetPipedrive
from tests.support.emulator import Emulator
from tests.target.helpers import lines_of, rows

COLUMNS = {
    "value": 1234.5,
    "currency": "EUR",
    "owner_id": 3,
    "person_id": 5,
    "org_id": 7,
    "pipeline_id": 1,
    "stage_id": 2,
    "status": "open",
    "probability": 50,
    "expected_close_date": "2026-01-31",
    "label_ids": [1, 2],
    "visible_to": 3,
    "lost_reason": None,
    "is_archived": False,
}


def cpu_seconds(work):
    begun = time.process_time()
    with redirect_stdout(io.StringIO()):
        work()
    return time.process_time() - begun


@pytest.mark.perf
def test_records_are_read_and_validated_at_a_rate_that_a_bare_loop_allows(small, tmp_path):
    """Compared with a loop that only decodes the same lines, because the speed of machines varies."""
    count = 10_000
    text = lines_of(rows("add_deal", *[{"title": f"Deal {number}", **COLUMNS} for number in range(count)]))
    ratios = []
    for turn in range(3):
        target = TargetPipedrive(
            config={
                **small.config(),  # stages and pipelines are compared with the account's, which are read once
                "dry_run": True,
                "ledger_path": str(tmp_path / f"ledger-{turn}.sqlite"),
            }
        )
        ours = cpu_seconds(lambda: target.listen(io.StringIO(text)))  # noqa: B023 - called at once
        bare = cpu_seconds(lambda: [json.loads(line) for line in text.splitlines()])
        assert target.engine_failures == 0
        ratios.append(bare / ours)
        if ratios[-1] > 0.05:  # 0.12 on a quiet machine
            return
    pytest.fail(f"records take more than twenty times the CPU of a bare loop: {ratios}")


def unchanged_then_changed(load, emulator, entity, count, changes):
    """Load this many unchanged rows, then with three new values each; rows are read 100 at a time."""
    load.config = emulator.config()
    known = []
    path = f"/api/v2/{entity}?limit=500"
    while path and len(known) < count:
        page = emulator.get(path)
        known += page["data"]
        cursor = page["additional_data"]["next_cursor"]
        path = f"/api/v2/{entity}?limit=500&cursor={cursor}" if cursor else None
    known = known[:count]
    reads = -(-count // 100)
    plain = [{name: one[name] for name in ("id", "owner_id", *changes)} for one in known]
    emulator.post("/_emulator/log/clear")
    same = load(rows(entity, *plain, keys=["id"]))
    assert set(same.outcomes) == {"unchanged"}
    assert emulator.requests() == {f"GET /api/v2/{entity}": reads}
    emulator.post("/_emulator/log/clear")
    other = load(rows(entity, *({**one, **changes} for one in plain), keys=["id"]))
    assert set(other.outcomes) == {"updated"}
    assert emulator.requests() == {
        f"GET /api/v2/{entity}": reads,
        f"PATCH /api/v2/{entity}/{{id}}": count,
    }
    bodies = [
        json.loads(one["body"]) for one in emulator.log(full=True)["ordered"] if one["method"] == "PATCH"
    ]
    assert bodies == [changes] * count


THREE = {"title": "Changed", "value": 987654.5, "expected_close_date": "2031-01-31"}


def test_changed_rows_cost_one_write_each_with_just_the_difference(load, medium):
    unchanged_then_changed(load, medium, "deals", 250, THREE)


@pytest.mark.soak
def test_ten_thousand_rows_without_and_with_three_changes(load):
    with Emulator("--burst", "0", seed="large") as large:
        unchanged_then_changed(load, large, "deals", 10_000, THREE)
