"""Values that live accounts reject although the description has them: only their records fail."""

from __future__ import annotations

from tests.target.helpers import Loader, rows


def place(account, *, uses):
    """Return an open deal of a pipeline that uses probabilities or not, and a stage of it."""
    (pipeline, *_) = [one for one in account.rows("pipelines") if one["is_deal_probability_enabled"] == uses]
    stage = next(one["id"] for one in account.rows("stages") if one["pipeline_id"] == pipeline["id"])
    deal = next(
        one
        for one in account.rows("deals")
        if one["pipeline_id"] == pipeline["id"]
        and not (one["is_deleted"] or one["is_archived"])
        and one["probability"] != 33
    )
    return deal["id"], stage


def test_the_probability_of_a_pipeline_without_it_fails_its_record(observed, tmp_path):
    (used, _), (unused, stage) = place(observed, uses=True), place(observed, uses=False)
    load = Loader(observed.config(), tmp_path)
    messages = (
        rows("deals", {"id": used, "probability": 33}, {"id": unused, "probability": 33}, keys=["id"]),
        rows("deals", {"external_id": "new", "title": "New", "stage_id": stage, "probability": 5}),
        rows("organizations", {"external_id": "o", "name": "After it"}),
    )
    run = load(*messages)
    assert (run.error, run.outcomes) == (None, ["updated", "failed", "failed", "created"])
    assert all("probability is rejected by Pipedrive" in one for one in run.errors)
    assert not [one for one in observed.rows("deals") if one["title"] == "New"]
    assert load(*messages).outcomes == ["unchanged", "failed", "failed", "unchanged"]
    assert load(rows("deals", {"id": unused, "probability": None}, keys=["id"])).outcomes == ["unchanged"]


def test_the_priority_of_a_task_fails_its_record(observed, tmp_path):
    projects = {one["id"] for one in observed.rows("projects") if one["status"] == "open"}
    task = next(one for one in observed.rows("tasks") if one["project_id"] in projects)
    given = {"title": "New", "project_id": task["project_id"], "external_id": "new"}
    load = Loader(observed.config(), tmp_path)
    run = load(
        rows("tasks", {"id": task["id"], "priority": 1}, keys=["id"]),
        rows("tasks", {**given, "priority": 2}, {**given, "external_id": "plain", "priority": None}),
    )
    assert (run.error, run.outcomes) == (None, ["failed", "failed", "created"])
    assert all("priority is rejected by Pipedrive" in one for one in run.errors)


def test_records_of_projects_fail_without_the_add_on(without_projects, tmp_path):
    run = Loader(without_projects.config(), tmp_path)(
        rows("projects", {"external_id": "p", "title": "New", "board_id": 1, "phase_id": 1}),
        rows("add_task", {"title": "T", "project_id": 1}),
        rows("organizations", {"external_id": "o", "name": "After it"}),
    )
    assert (run.error, run.outcomes) == (None, ["failed", "failed", "created"])
    assert all("402: Required suites missing" in one for one in run.errors)
