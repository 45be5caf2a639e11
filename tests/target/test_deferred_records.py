"""Any number of records received before the rows they reference."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from target_pipedrive.ledger import journal
from target_pipedrive.run import deferred as waiting
from tests.target.circle import Circle
from tests.target.helpers import record, rows, schema, state

pytestmark = pytest.mark.dialects

REPOSITORY = Path(__file__).parents[2]
PEOPLE = schema("persons", "external_id name org_id", ["external_id"])
ORGANIZATIONS = schema("organizations", "external_id name", ["external_id"])


def person(number, organization, name=""):
    return record(
        "persons",
        external_id=f"p{number}",
        name=name or f"Person {number}",
        org_id={"external_id": f"o{organization}"},
    )


def organization(number):
    return record("organizations", external_id=f"o{number}", name=f"Org {number}")


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Defer three records in memory, and the others in the file."""
    monkeypatch.setattr(waiting, "MOST", 3)


def test_children_received_first_are_written_after_their_parents(load, small):
    run = load(
        PEOPLE,
        [person(number, number % 4) for number in range(30)],
        state({"n": 1}),
        [person(number, number % 4, f"Renamed {number}") for number in range(30)],
        ORGANIZATIONS,
        [organization(number) for number in range(4)],
        state({"n": 2}),
    )
    assert run.error is None
    assert run.outcomes == ["created"] * 30 + ["updated"] * 30 + ["created"] * 4
    assert run.states == [{"n": 1}, {"n": 2}]
    names = {one["id"]: one["name"] for one in small.rows("organizations")}
    written = {
        one["name"]: names[one["org_id"]]
        for one in small.rows("persons")
        if one["name"].startswith("Renamed")
    }
    assert written == {f"Renamed {number}": f"Org {number % 4}" for number in range(30)}
    assert run.results[40]["key"] == {"external_id": "p10"}
    assert list(run.folder.glob("target-pipedrive-*")) == []


def test_records_with_missing_references_fail_and_all_others_are_written(load):
    run = load(
        PEOPLE,
        [person(number, "dead" if number % 2 else 1) for number in range(30)],
        rows("deals", *[
            {"external_id": f"d{number}", "title": "D", "person_id": {"external_id": f"p{number}"}}
            for number in range(30)
        ], keys=["external_id"]),
        ORGANIZATIONS,
        organization(1),
    )  # fmt: skip
    assert run.outcomes == ["created", "failed"] * 30 + ["created"]
    assert "references organizations odead, which is not in this ledger" in run.errors[0]
    rejected = [json.loads(line) for line in run.rejects.read_text().splitlines()]
    assert [one["type"] for one in rejected].count("RECORD") == 30
    assert len({one["record"]["external_id"] for one in rejected if one["type"] == "RECORD"}) == 30


def test_a_delete_is_made_after_the_deferred_records_before_it(load, small):
    run = load(
        PEOPLE,
        [person(number, 1) for number in range(10)],
        schema("persons", "external_id is_deleted", ["external_id"]),
        record("persons", external_id="p9", is_deleted=True),
        ORGANIZATIONS,
        organization(1),
        allow_deletes=True,
    )
    assert run.outcomes == ["created"] * 10 + ["deleted", "created"]
    gone = next(one for one in small.rows("persons") if str(one["id"]) == run.ids[9])
    assert gone["is_deleted"] is True


def test_circular_references_of_custom_fields_are_filled_in(load, small):
    circle = Circle(small, 12)
    run = load(rows("organizations", *circle.organizations, keys=["id"]), foreign_ids=True)
    assert run.outcomes == ["created"] * 12, run.errors
    assert circle.is_closed(run.ids)


def test_final_updates_are_written_once_with_few_reads(load, small):
    count = 40
    deals = [{"id": 1000 + n, "title": f"D{n}", "is_archived": True, "org_id": 500} for n in range(count)]
    run = load(
        rows("deals", *deals, keys=["id"]),
        rows("organizations", {"id": 500, "name": "Org"}, keys=["id"]),
        foreign_ids=True,
    )
    assert run.outcomes == ["created"] * (count + 1), run.errors
    archived = {str(one["id"]) for one in small.rows("deals") if one["is_archived"]}
    assert set(run.ids[:count]) <= archived
    sent = small.requests()
    assert sent["POST /api/v2/deals"] == sent["PATCH /api/v2/deals/{id}"] == count
    assert sent["GET /api/v2/deals"] + sent.get("GET /api/v2/deals/{id}", 0) <= 3 + waiting.MOST


def test_no_row_is_archived_while_its_child_rows_are_deferred(load, small):
    """Writing a row that remains deferred is progress, although the number of deferred rows is unchanged."""
    small.post("/api/v2/personFields", {"field_name": "Friend", "field_type": "people"})
    most = waiting.MOST
    deals = [{"id": 1000 + n, "title": f"D{n}", "is_archived": True} for n in range(most)]
    pairs = [{"id": 800 + n, "deal_id": 1000 + n, "person_id": 900} for n in range(most)]
    run = load(
        rows("deals", *deals, keys=["id"]),
        {"type": "ACTIVATE_VERSION", "stream": "deals", "version": 1},  # by now they fill the memory
        rows("deal_participants", *pairs, keys=["id"]),
        rows("persons", {"id": 900, "name": "P", "org_id": 500, "Friend": 999}, keys=["id"]),
        rows("organizations", {"id": 500, "name": "Org"}, keys=["id"]),
        foreign_ids=True,
        missing_references="leave_out",
    )
    assert run.errors == []
    assert run.outcomes == ["created"] * (2 * most + 2)
    archived = {str(one["id"]) for one in small.rows("deals") if one["is_archived"]}
    assert set(run.ids[:most]) <= archived
    assert sum(str(one["person_id"]) == run.ids[2 * most] for one in small.rows("participants")) == most


def test_rows_received_twice_are_archived_with_the_last_values(load, small):
    count = 10
    deals = [{"id": 1000 + n, "title": f"D{n}", "is_archived": True} for n in range(count)]
    renamed = [{**one, "title": f"Renamed {one['id']}"} for one in deals]
    run = load(rows("deals", *deals, *renamed, keys=["id"]), foreign_ids=True)
    assert run.errors == []
    held = {str(one["id"]): one for one in small.rows("deals")}
    assert [held[one]["title"] for one in run.ids[:count]] == [one["title"] for one in renamed]
    assert all(held[one]["is_archived"] for one in run.ids)


def test_the_last_of_very_many_states_is_emitted(load, monkeypatch):
    monkeypatch.setattr(journal, "_MOST_STATES", 4)
    messages = [PEOPLE]
    for number in range(20):
        messages += [person(number, 1), state({"n": number})]
    run = load(messages, ORGANIZATIONS, organization(1))
    assert run.states[-1] == {"n": 19}
    assert len(run.states) <= 4


def peak(kind, count, folder):
    """Peak memory in MB of a run over this many records."""
    command = [sys.executable, "-m", "tests.target.peak_memory", kind, str(count), str(folder)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return float(done.stdout)


def test_memory_does_not_grow_with_deferred_records(tmp_path):
    assert peak("wait", 8_000, tmp_path) - peak("wait", 3_000, tmp_path) < 7  # 17 MB if all were kept


@pytest.mark.soak
def test_three_hundred_thousand_deferred_records(tmp_path):
    assert peak("wait", 300_000, tmp_path) < 150
