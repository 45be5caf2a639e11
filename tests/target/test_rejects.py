"""Whatever is wrong with a record: a sentence with stream, key and remedy, and a line in the reject file."""

from __future__ import annotations

import json

import pytest

from tests.support.emulator import Emulator
from tests.target.helpers import Loader, record, rows, schema

WRONG = {
    "a wrong type": ("deals", {"id": 3, "value": "lots"}, "value must be a number, not a text"),
    "a wrong date": (
        "deals",
        {"id": 3, "expected_close_date": "soon"},
        "expected_close_date must be a date such as",
    ),
    "a wrong id": ("deals", {"id": 3, "person_id": "Anna"}, "person_id must be a whole number"),
    "a wrong word": ("persons", {"id": 3, "marketing_status": "subscribe"}, "did you mean subscribed?"),
    "a list that is none": (
        "deals",
        {"id": 3, "label_ids": {"a": 1}},
        "must be a list, not an object",
    ),
    "an unknown column": ("deals", {"id": 3, "tilte": "x"}, "property tilte is not known; nearest: title"),
    "a dead row": ("deals", {"id": 99999, "title": "x"}, "which does not exist in this account"),
    "a dead reference": ("deals", {"id": 3, "org_id": {"external_id": "no"}}, "does not know: load it too"),
    "what Pipedrive refuses": ("deals", {"id": 3, "stage_id": 99999}, "PATCH /api/v2/deals/3 answered 4"),
    "an address without text": ("organizations", {"id": 3, "address": {"country": "EE"}}, "needs `value`"),
}


@pytest.mark.parametrize("case", WRONG)
def test_each_fault_is_told_and_the_run_goes_on(load, case):
    stream, values, sentence = WRONG[case]
    other = "products" if stream != "products" else "deals"
    run = load(
        rows(stream, values, keys=["id"]), rows(other, {"id": 1, "name": "Still written"}, keys=["id"])
    )
    assert run.error is None
    assert run.outcomes == ["failed", "updated"]
    assert sentence in run.errors[0]
    assert run.errors[0].lower().lstrip("stream ").startswith(stream)
    rejected = [json.loads(line) for line in run.rejects.read_text().splitlines()]
    assert [one["type"] for one in rejected] == ["SCHEMA", "RECORD"]
    assert rejected[1]["record"] == values
    assert rejected[1]["error"]


def test_what_the_plan_lacks_fails_the_record_only(tmp_path):
    with Emulator("--burst", "0", "--plan", "lite", seed="small") as lite:
        load = Loader(lite.config(), tmp_path)
        run = load(
            rows("update_person", {"id": 3, "birthday": "1990-01-01"}), rows("add_deal", {"title": "A"})
        )
    assert run.error is None
    assert run.outcomes == ["failed", "created"]
    assert "Contact Sync is off" in run.errors[0]


def test_no_personal_data_in_sentences(load):
    run = load(rows("persons", {"id": 3, "org_id": "jane.doe@example.com"}, keys=["id"]))
    assert "jane" not in run.errors[0]


def test_max_failures_stops_the_run(load):
    bad = [{"title": str(number), "value": "x"} for number in range(50)]
    run = load(rows("add_deal", *bad), max_failures=5)
    assert "Stopped after" in str(run.error)
    assert len(run.results) < 50


def test_an_unknown_stream_fails_by_default_and_can_be_ignored(load):
    strange = [schema("dealz", "id"), record("dealz", id=1)]
    run = load(strange)
    assert "neither an action nor an entity; nearest: deals" in run.errors[0]
    assert load(strange, unknown_streams="ignore").results == []


def test_reject_files_are_kept(load, tmp_path):
    path = tmp_path / "kept.singer"
    for _ in range(2):
        load(rows("add_deal", {"value": 1}), rejects_path=str(path))
    assert sorted(one.name for one in tmp_path.glob("kept*")) == ["kept-2.singer", "kept.singer"]
