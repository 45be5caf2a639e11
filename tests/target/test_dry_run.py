"""Dry runs: rows that are only planned have ids that are shown, referenced and never requested."""

from __future__ import annotations

from target_pipedrive.run import deferred
from tests.target.helpers import rows

ORGANIZATIONS = rows("organizations", {"external_id": "o-1", "name": "Planned Ltd"})
PERSONS = rows("persons", {"external_id": "p-1", "name": "Planned Person", "org_id": {"external_id": "o-1"}})


def test_planned_rows_are_referenced_and_never_requested(load, small):
    run = load(ORGANIZATIONS, PERSONS, ORGANIZATIONS, dry_run=True)
    assert run.errors == []
    assert [one["id"] for one in run.results if one["stream"] == "organizations"] == ["new:1", "new:1"]
    assert run.outcomes == ["created", "created", "unchanged"]
    assert all("new" not in name and "{id}" not in name for name in small.requests())
    lines = (run.folder / "results-1.jsonl").read_bytes().splitlines()
    assert all(b'"id":"new:' in line for line in lines)  # one way to write JSON, whatever the id


def test_a_planned_row_that_waits_in_the_temporary_file_keeps_its_outcome(load, monkeypatch):
    monkeypatch.setattr(deferred, "MOST", 0)
    archived = rows("deals", {"id": 5, "title": "Planned and archived", "is_archived": True}, keys=["id"])
    run = load(archived, dry_run=True, foreign_ids=True)
    assert run.errors == []
    assert [(one["outcome"], one["id"]) for one in run.results] == [("created", "new:1")]


def test_an_id_of_the_input_is_not_taken_for_a_planned_row(load, small):
    run = load(rows("leads", {"id": "new:1", "title": "Renamed"}, keys=["id"]))
    assert run.outcomes == ["failed"]
    assert "new:1" in run.results[0]["error"]
    assert any("/leads/{id}" in name for name in small.requests())
