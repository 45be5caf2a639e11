"""Rates and counts that must not slip; floors are loose, the benchmarks measure."""

from __future__ import annotations

import io
import time
from contextlib import redirect_stdout

import pytest

from target_pipedrive.target import TargetPipedrive
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


@pytest.mark.perf
def test_reads_and_validates_thousands_of_records_a_cpu_second(tmp_path):
    count = 10_000
    text = lines_of(rows("add_deal", *[{"title": f"Deal {number}", **COLUMNS} for number in range(count)]))
    target = TargetPipedrive(
        config={
            "api_token": "emulator-token",
            "api_url": "http://127.0.0.1:1",
            "dry_run": True,
            "ledger_path": str(tmp_path / "ledger.sqlite"),
        }
    )
    begun = time.process_time()
    with redirect_stdout(io.StringIO()):
        target.listen(io.StringIO(text))
    assert target.engine_failures == 0
    assert count / (time.process_time() - begun) > 4_000  # 14,000 when nothing else runs


def test_changed_rows_cost_one_write_each_with_just_the_difference(load, medium):
    load.config = medium.config()
    known = medium.get("/api/v2/persons?limit=500")["data"]
    medium.post("/_emulator/log/clear")
    changed = [{"id": one["id"], "name": f"{one['name']} II", "owner_id": one["owner_id"]} for one in known]
    run = load(rows("persons", *changed, keys=["id"]))
    assert set(run.outcomes) == {"updated"}
    assert {tuple(one["changed"]) for one in run.results} == {("name",)}
    reads = -(-len(known) // 100)
    assert medium.requests() == {"GET /api/v2/persons": reads, "PATCH /api/v2/persons/{id}": len(known)}
