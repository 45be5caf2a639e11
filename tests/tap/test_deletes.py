"""Detected deletes: confirmed by a second request, limited to a share of the list, corrected if wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.faulty import Run, run

pytestmark = pytest.mark.dialects

CASE = Path(__file__).parents[1] / "resources" / "cases" / "tap" / "24-sweep-null-data"
PERSONS = "GET /api/v2/persons"


def sweeping(emulator, **settings):
    return emulator.config(detect_deletes=True, delete_sweep_interval_hours=0, **settings)


def tombstones(found: Run, stream: str) -> list[object]:
    return [record["id"] for record in found.output.records[stream] if record.get("_sdc_deleted_at")]


def remembered(found: Run, stream: str) -> str:
    return found.output.state["bookmarks"][stream]["known_ids"]["ids"]


@pytest.mark.parametrize("nth", [[2], [3], [2, 3], [2, 3, 4, 5, 6]])
def test_a_null_in_a_sweep_is_not_the_end_of_the_list(medium, nth):
    (fault,) = json.loads((CASE / "faults.json").read_text())
    state = json.loads((CASE / "state.json").read_text())
    medium.post("/_emulator/faults", [{**fault, "nth": nth}])
    found = run(sweeping(medium), "persons", state=state, page=500)
    assert tombstones(found, "persons") == []
    assert found.code == (1 if len(nth) == 5 else 0)
    if found.code:
        assert "null" in found.error
    assert len(found.output.records["persons"]) == 0


def test_rows_wrongly_reported_as_deleted_are_emitted_again(medium):
    state = json.loads((CASE / "state.json").read_text())
    known = state["bookmarks"]["persons"]["known_ids"]
    whole = known["ids"]
    # Rows that remain after 500 false tombstones.
    known["ids"] = ",".join(whole.split(",")[:30])
    found = run(sweeping(medium), "persons", state=state, page=500)
    lost = len(_ids(whole)) - len(_ids(known["ids"]))
    assert (found.code, lost) == (0, len(found.tables["persons"]))
    assert tombstones(found, "persons") == []
    assert all(row["name"] for row in found.tables["persons"].values())
    assert found.output.faults() == []
    again = run(sweeping(medium), "persons", before=found, page=500)
    assert not again.output.records["persons"]
    assert remembered(again, "persons") == whole


def test_a_row_of_a_full_list_wrongly_reported_as_deleted_is_emitted_again(small):
    first = run(sweeping(small), "stages", page=500)
    every, state = _ids(remembered(first, "stages")), first.output.state
    state["bookmarks"]["stages"]["known_ids"]["ids"] = "1-3"
    found = run(sweeping(small), "stages", state=state, page=500)
    assert {row["id"] for row in found.output.records["stages"]} == every - {1, 2, 3}


def _ids(text: str) -> set[int]:
    found: set[int] = set()
    for first, last in re.findall(r"(\d+)(?:-(\d+))?", text):
        found |= set(range(int(first), int(last or first) + 1))
    return found


def test_more_than_a_share_of_a_list_missing_at_once_is_an_error_that_reports_none(small):
    first = run(sweeping(small), "persons", "stages", page=500)
    ids = sorted(row["id"] for row in first.output.records["persons"])[:4]
    for one in ids:
        small.call("DELETE", f"/api/v2/persons/{one}")
    stage = small.post("/api/v2/stages", {"name": "Late", "pipeline_id": 1})["data"]["id"]
    found = run(sweeping(small), "persons", "stages", before=first, page=500)
    assert found.code == 1
    for fact in ("persons", "4 of 29", "10 %", "max_tombstone_percent"):
        assert fact in found.error
    assert tombstones(found, "persons") == []
    assert stage in {row["id"] for row in found.output.records["stages"]}  # the other lists are read
    again = run(sweeping(small), "persons", before=found, page=500)
    assert (again.code, tombstones(again, "persons")) == (1, [])
    meant = run(sweeping(small, max_tombstone_percent=100), "persons", before=again, page=500)
    assert (meant.code, tombstones(meant, "persons")) == (0, ids)


@pytest.mark.parametrize(("percent", "code"), [(None, 0), (10, 0), (0, 1)])
def test_one_missing_row_of_a_short_list_is_reported_as_deleted(small, percent, code):
    first = run(sweeping(small), "lead_labels")
    one = first.output.records["lead_labels"][0]["id"]
    small.call("DELETE", f"/api/v1/leadLabels/{one}")
    found = run(sweeping(small, max_tombstone_percent=percent), "lead_labels", before=first)
    assert (found.code, tombstones(found, "lead_labels")) == (code, [] if code else [one])


def test_a_row_that_left_the_list_but_still_exists_is_not_deleted(small):
    """A filter removes rows from the list; Pipedrive still returns them by id."""
    first = run(sweeping(small), "persons", page=500)
    owner = first.output.records["persons"][0]["owner_id"]
    found = run(
        sweeping(small, stream_parameters={"persons": {"owner_id": owner}}), "persons", before=first, page=500
    )
    assert (found.code, tombstones(found, "persons")) == (0, [])
    assert remembered(found, "persons") == remembered(first, "persons")


@pytest.mark.parametrize(
    ("stream", "path", "count"), [("notes", "/api/v1/notes/{}", 3), ("notes", "/api/v1/notes/{}", 22)]
)
def test_rows_without_a_bulk_request_are_requested_one_by_one(small, stream, path, count):
    first = run(sweeping(small), stream, page=500)
    ids = sorted(row["id"] for row in first.output.records[stream])[:count]
    for one in ids:
        small.call("DELETE", path.format(one))
    small.post("/_emulator/log/clear")
    found = run(sweeping(small, max_tombstone_percent=100), stream, before=first, page=500)
    assert (found.code, tombstones(found, stream)) == (0, ids)
    asked = sum(n for name, n in small.requests().items() if name.startswith("GET /api/v1/notes/"))
    assert asked >= min(20, count)


def test_a_denied_list_emits_no_tombstones(small):
    first = run(sweeping(small), "webhooks", page=500)
    assert first.output.records["webhooks"]
    rule = {"operation": "GET /api/v1/webhooks", "kind": "status_before", "status": 403}
    small.post("/_emulator/faults", [rule])
    found = run(sweeping(small), "webhooks", before=first, page=500)
    assert tombstones(found, "webhooks") == []
    small.post("/_emulator/faults", [])
    again = run(sweeping(small), "webhooks", before=found, page=500)
    assert (again.code, again.tables) == (0, first.tables)
