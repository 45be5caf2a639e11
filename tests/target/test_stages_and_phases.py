"""Stages with their pipelines, phases with their boards: sent together, rejected if they are inconsistent."""

from __future__ import annotations

import json

import pytest

from tests.target.case_folders import Case, writes_of
from tests.target.helpers import rows
from tests.target.twice import row, settles

ID = {"keys": ["id"]}
# Deal 1 is in stage 1 of pipeline 1, which has the stages 1 to 5; pipeline 2 has 6 to 8.
# Project 2 is in phase 1 of board 1, which has the phases 1 to 3; board 2 has 4 and 5.
DEAL, PROJECT = ("deals", 1, "pipeline_id", "stage_id"), ("projects", 2, "board_id", "phase_id")


def place(small, table, number, parent, child):
    found = row(small, table, number)
    return found[parent], found[child]


CONTRADICTIONS = [
    (DEAL, 1, 6),
    (DEAL, 2, 1),
    (DEAL, "Sales", "Signed"),
    (DEAL, 1, 999),
    (PROJECT, 1, 4),
    (PROJECT, "Delivery", 5),
    (PROJECT, 2, "In progress"),
]


@pytest.mark.parametrize(("where", "above", "below"), CONTRADICTIONS)
def test_a_contradiction_is_rejected(small, load, where, above, below):
    table, number, parent, child = where
    before = small.rows(table)
    one = table.removesuffix("s")
    run = settles(
        small,
        load,
        rows(table, {"id": number, parent: above, child: below}, **ID),
        rows(table, {"external_id": "n", "title": "New", parent: above, child: below}, keys=["external_id"]),
        rows(f"update_{one}", {"id": number, parent: above, child: below}),
        rows(f"add_{one}", {"title": "New", parent: above, child: below}),
    )
    assert run.outcomes == ["failed"] * 4
    assert all(parent in error and child in error and str(below) in error for error in run.errors)
    assert small.rows(table) == before


TAKEN = [
    (DEAL, {"pipeline_id": 2, "stage_id": 7}, (2, 7)),
    (DEAL, {"pipeline_id": "2", "stage_id": "7.0"}, (2, 7)),
    (DEAL, {"pipeline_id": 1, "stage_id": 3}, (1, 3)),
    (DEAL, {"stage_id": 8}, (2, 8)),
    (DEAL, {"stage_id": "demo "}, (1, 3)),
    (DEAL, {"pipeline_id": 2, "stage_id": "Talks"}, (2, 7)),
    (DEAL, {"pipeline_id": "sales", "stage_id": "Proposal"}, (1, 4)),
    (PROJECT, {"board_id": 2, "phase_id": 5}, (2, 5)),
    (PROJECT, {"phase_id": "Done"}, (1, 3)),
    (PROJECT, {"board_id": "Umzüge 引っ越し", "phase_id": "moving"}, (2, 5)),
]


@pytest.mark.parametrize(("where", "given", "after"), TAKEN)
def test_stage_and_pipeline_are_sent_together(small, load, where, given, after):
    table, number, parent, child = where
    run = settles(small, load, rows(table, {"id": number, **given}, **ID))
    assert (run.outcomes, run.errors) == (["updated"], [])
    assert place(small, *where) == after
    if parent in given:
        small.reset()
        load(rows(table, {"id": number, **given}, **ID))
        (sent,) = writes_of(small)
        assert {parent, child} <= json.loads(sent["body"]).keys()


@pytest.mark.parametrize(("where", "above"), [(DEAL, 2), (DEAL, "Partners — Партнёры"), (PROJECT, 2)])
@pytest.mark.parametrize("blank", ["absent", None, ""])
def test_a_change_of_pipeline_needs_a_stage_of_it(small, load, where, above, blank):
    table, number, parent, child = where
    before = place(small, *where)
    given = {parent: above} if blank == "absent" else {parent: above, child: blank}
    run = settles(small, load, rows(table, {"id": number, **given}, **ID))
    assert run.outcomes == ["failed"]
    assert parent in run.errors[0]
    assert child in run.errors[0]
    assert place(small, *where) == before


def test_the_current_pipeline_needs_no_stage(small, load):
    run = settles(
        small, load, rows("deals", {"id": 1, "pipeline_id": 1}, {"id": 1, "pipeline_id": "Sales"}, **ID)
    )
    assert run.outcomes == ["unchanged", "unchanged"]


def test_an_ambiguous_or_unknown_name_is_rejected_with_the_choices(small, load):
    small.post("/api/v2/stages", {"name": "Demo", "pipeline_id": 2})
    small.post("/api/v2/stages", {"name": "Twice", "pipeline_id": 1})
    small.post("/api/v2/stages", {"name": "twice", "pipeline_id": 1})
    run = settles(
        small,
        load,
        rows("deals", {"external_id": "a", "title": "A", "stage_id": "Demo"}, keys=["external_id"]),
        rows("deals", {"id": 1, "stage_id": "Twice"}, {"id": 1, "stage_id": "Nowhere"}, **ID),
        rows("deals", {"id": 1, "stage_id": "Demo"}, **ID),
    )
    assert run.outcomes == ["failed", "failed", "failed", "updated"]
    assert "3 in Sales, 12 in Partners" in run.errors[0]
    assert "give the pipeline" in run.errors[0]
    assert "Twice" in run.errors[1]
    assert all(word in run.errors[2] for word in ("Nowhere", "Qualified", "Demo"))
    assert place(small, *DEAL) == (1, 3)


def test_new_rows_and_actions_accept_names_too(small, load):
    lead = next(one for one in small.rows("leads") if not one["is_archived"])["id"]
    run = load(
        rows("deals", {"external_id": "a", "title": "A", "stage_id": "Talks"}, keys=["external_id"]),
        rows("deals", {"external_id": "b", "title": "B", "pipeline_id": "Sales"}, keys=["external_id"]),
        rows("add_deal", {"title": "C", "pipeline_id": "Sales", "stage_id": "Demo"}),
        rows("update_deal", {"id": 1, "stage_id": "Demo"}),
        rows("convert_lead_to_deal", {"id": lead, "stage_id": "Demo", "pipeline_id": 2}),
    )
    assert run.outcomes == ["created", "created", "created", "updated", "failed"]
    found = {one["title"]: (one["pipeline_id"], one["stage_id"]) for one in small.rows("deals")}
    assert (found["A"], found["B"], found["C"]) == ((2, 7), (1, 1), (1, 3))
    assert place(small, *DEAL) == (1, 3)
    assert "stage_id" in run.errors[0]


def test_stages_are_read_once_and_only_for_changes(small, load):
    many = [{"id": number, "pipeline_id": 1, "stage_id": 4} for number in (1, 3, 13)]
    small.post("/_emulator/log/clear")
    assert set(load(rows("deals", *many, **ID)).outcomes) == {"updated"}
    assert small.requests()["GET /api/v2/stages"] == 1
    small.post("/_emulator/log/clear")
    assert set(load(rows("deals", *many, **ID)).outcomes) == {"unchanged"}
    assert "GET /api/v2/stages" not in small.requests()


def test_sample_of_stages(small, tmp_path):
    case = Case(small, tmp_path, "13-stage-pipeline")
    before = {number: place(small, "deals", number, "pipeline_id", "stage_id") for number in (1, 2, 8)}
    run = case()
    assert run.code == 1
    assert run.outcomes == ["failed", "failed", "updated", "updated", "failed", "failed"]
    assert [one["record"].get("id", one["record"].get("external_id")) for one in run.rejects].count("m") == 1
    assert len(run.rejects) == 4
    assert all("stage_id" in one["error"] and "pipeline_id" in one["error"] for one in run.rejects)
    for number, held in before.items():
        assert (run.row("deals", number)["pipeline_id"], run.row("deals", number)["stage_id"]) == held
    assert (run.row("deals", 3)["pipeline_id"], run.row("deals", 3)["stage_id"]) == (2, 7)
    assert run.row("deals", 7)["stage_id"] == 3
    again = case()
    assert again.writes == []
