"""Conversions of leads and deals: the run waits for the new id, and nothing is converted twice."""

from __future__ import annotations

import io
import sqlite3
import threading

import pytest

from pipedrive_client import Stopped
from target_pipedrive.ledger.store import Ledger
from target_pipedrive.target import TargetPipedrive
from target_pipedrive.write import conversions
from tests.target.helpers import lines_of, rows

pytestmark = pytest.mark.dialects

START, STATUS = (
    "POST /api/v2/leads/{id}/convert/deal",
    "GET /api/v2/leads/{id}/convert/status/{conversion_id}",
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(conversions, "FIRST_WAITS", (0.0, 0.0, 0.0))
    monkeypatch.setattr(conversions, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(conversions, "WAIT_SECONDS", 0.01)


@pytest.fixture
def lead(small):
    return next(one for one in small.rows("leads") if not one["is_archived"])


def made_of(small, lead):
    return [str(one["id"]) for one in small.rows("deals") if one.get("source_lead_id") == lead["id"]]


def job_of(small, lead):
    return next(one["id"] for one in small.rows("conversions") if one["source_id"] == lead["id"])


def links(folder):
    ledger = Ledger(folder / "ledger.sqlite", account=None)
    found = {(one.entity, one.external_id): one.id for one in ledger.links()}
    begun = list(ledger.writes())
    ledger.close()
    return found, begun


def test_a_lead_becomes_a_deal_whose_id_is_known(small, load, lead, tmp_path):
    convert = rows("convert_lead_to_deal", {"id": lead["id"], "stage_id": 2, "external_id": "c1"})
    follow = rows("deals", {"external_id": "c1", "title": "Won over"}, keys=["external_id"])
    run = load(convert, follow)
    assert run.outcomes == ["created", "updated"]
    assert made_of(small, lead) == [run.ids[0]] == [run.ids[1]]
    deal = next(one for one in small.rows("deals") if str(one["id"]) == run.ids[0])
    assert (deal["stage_id"], deal["title"]) == (2, "Won over")
    assert links(tmp_path) == ({("deals", "c1"): run.ids[0]}, [])
    again = load(convert)
    assert (again.outcomes, again.ids) == (["skipped"], run.ids[:1])
    assert small.requests()[START] == 1


def test_a_deal_becomes_a_lead_whose_id_is_known(small, load):
    deal = next(
        one for one in small.rows("deals")
        if one["status"] == "open" and one["person_id"] and not one["is_archived"]
    )  # fmt: skip
    run = load(rows("convert_deal_to_lead", {"id": deal["id"]}))
    assert run.outcomes == ["created"]
    assert [one["id"] for one in small.rows("leads") if one.get("source_deal_id") == deal["id"]] == run.ids


def test_the_next_run_waits_for_an_unfinished_conversion(small, load, lead, tmp_path):
    small.post(
        "/_emulator/faults",
        [{"operation": STATUS, "nth": list(range(1, 30)), "kind": "status_before", "status": 501}],
    )
    convert = rows("convert_lead_to_deal", {"id": lead["id"]})
    assert load(convert).outcomes == ["failed"]
    assert len(links(tmp_path)[1]) == 1
    small.post("/_emulator/faults", [])
    run = load(convert)
    assert (run.outcomes, run.ids) == (["created"], made_of(small, lead))
    assert small.requests()[START] == 1
    assert links(tmp_path)[1] == []


def test_a_job_that_is_forgotten_is_found_by_its_row(small, load, lead):
    small.post("/_emulator/faults", [{"operation": STATUS, "kind": "status_before", "status": 501}])
    convert = rows("convert_lead_to_deal", {"id": lead["id"]})
    load(convert)
    job = job_of(small, lead)
    small.post(
        "/_emulator/faults",
        [{"operation": STATUS, "nth": 1, "kind": "delete", "table": "conversions", "id": job}],
    )
    run = load(convert)
    assert (run.outcomes, run.ids) == (["created"], made_of(small, lead))
    assert small.requests()[START] == 1


def test_a_failed_conversion_fails_the_record(small, load, lead, tmp_path):
    small.post("/_emulator/faults", [{"operation": STATUS, "kind": "status_before", "status": 501}])
    convert = rows("convert_lead_to_deal", {"id": lead["id"]})
    load(convert)
    job = job_of(small, lead)
    ends = {"operation": STATUS, "nth": 1, "kind": "write", "table": "conversions", "id": job}
    small.post("/_emulator/faults", [{**ends, "set": {"end": "rejected"}}])
    assert f"was rejected by Pipedrive (conversion {job})" in load(convert).errors[0]
    assert links(tmp_path)[1] == []


def test_an_interrupted_run_stops_waiting_and_the_next_run_continues(
    small, load, lead, tmp_path, monkeypatch
):
    monkeypatch.setattr(conversions, "FIRST_WAITS", (600.0,))
    convert = rows("convert_lead_to_deal", {"id": lead["id"]})
    target = TargetPipedrive(config=small.config(ledger_path=str(tmp_path / "ledger.sqlite")))

    def end():
        while STATUS not in small.requests():
            pass
        target.engine.writer.stop_waiting()

    ending = threading.Thread(target=end)
    ending.start()
    with pytest.raises(Stopped):
        target.listen(io.StringIO(lines_of(convert)))
    ending.join()
    monkeypatch.setattr(conversions, "FIRST_WAITS", (0.0, 0.0))
    assert load(convert).ids == made_of(small, lead)
    assert small.requests()[START] == 1


def test_a_conversion_that_times_out_is_completed_by_its_reject(small, load, lead, monkeypatch):
    monkeypatch.setattr(conversions, "FIRST_WAITS", (0.01,))  # one lookup only, while it runs
    run = load(rows("convert_lead_to_deal", {"id": lead["id"]}))
    assert "did not end within" in run.errors[0]
    again = load(run.rejects.read_text())
    assert (again.outcomes, again.ids) == (["created"], made_of(small, lead))
    assert small.requests()[START] == 1


def test_a_start_that_got_no_response_is_found_by_its_row(small, load, lead):
    small.post("/_emulator/faults", [{"operation": START, "nth": 1, "kind": "reset_after"}])
    run = load(rows("convert_lead_to_deal", {"id": lead["id"]}))
    assert (run.outcomes, run.ids) == (["created"], made_of(small, lead))
    assert run.results[0]["note"] == "found after an interrupted call"
    assert small.requests()[START] == 1


def test_a_start_with_unknown_outcome_is_repeated_only_after_it_has_certainly_ended(
    small, load, lead, tmp_path
):
    small.post("/_emulator/faults", [{"operation": START, "nth": 1, "kind": "reset_before"}])
    convert = rows("convert_lead_to_deal", {"id": lead["id"]})
    for _ in range(2):
        assert "it is unknown whether" in load(convert).errors[0]
    assert small.requests()[START] == 1
    with sqlite3.connect(tmp_path / "ledger.sqlite") as ledger:
        ledger.execute("update writes set begun_at = '2020-01-01T00:00:00Z'")
    ledger.close()
    run = load(convert)
    assert (run.outcomes, run.ids) == (["created"], made_of(small, lead))
    assert len(run.ids) == 1


def test_a_rejected_conversion_leaves_nothing_behind(load, lead, tmp_path):
    run = load(rows("convert_lead_to_deal", {"id": lead["id"], "stage_id": 999}))
    assert run.outcomes == ["failed"]
    assert links(tmp_path) == ({}, [])


def test_a_dry_run_converts_nothing(small, load, lead):
    run = load(rows("convert_lead_to_deal", {"id": lead["id"]}), dry_run=True)
    assert (run.outcomes, run.ids) == (["created"], [None])
    assert START not in small.requests()
