"""Project tasks are written under the names that the account accepts: those of its rows, or published."""

from __future__ import annotations

import pytest

from tests.target.helpers import Loader, rows


@pytest.fixture(params=["published", "observed"])
def account(request, _accounts):
    account = _accounts("small", request.param)
    account.reset()
    return account


@pytest.fixture
def run(account, tmp_path):
    return Loader(account.config(), tmp_path)


def task(account, number):
    return next(one for one in account.rows("tasks") if str(one["id"]) == str(number))


def open_task(account):
    projects = {one["id"] for one in account.rows("projects") if one["status"] == "open"}
    return next(one for one in account.rows("tasks") if not one["is_done"] and one["project_id"] in projects)


@pytest.mark.parametrize("name", ["done", "is_done", "isDone"])
@pytest.mark.parametrize("value", [1, True, "yes"])
def test_a_task_is_done_by_either_name(name, value, account, run):
    number = open_task(account)["id"]
    ended = run(rows("tasks", {"id": number, name: value}))
    assert (ended.outcomes, ended.errors) == (["updated"], [])
    assert task(account, number)["is_done"] is True
    again = run(rows("tasks", {"id": number, name: value}))
    assert again.outcomes == ["unchanged"]


@pytest.mark.parametrize("names", [("done", "milestone"), ("is_done", "is_milestone")])
def test_a_task_is_added_with_its_flags(names, account, run):
    project = open_task(account)["project_id"]
    marks = dict.fromkeys(names, 1)
    message = rows(
        "tasks",
        {"external_id": "t", "title": "T", "project_id": project, "due_date": "2026-05-05", **marks},
        keys=["external_id"],
    )
    ended = run(message)
    added = task(account, ended.ids[0])
    assert (added["is_done"], added["is_milestone"], ended.results[0]["not_taken"]) == (True, True, [])
    assert run(message).outcomes == ["unchanged"]


def test_an_action_accepts_the_published_name_everywhere(account, run):
    number = open_task(account)["id"]
    ended = run(rows("update_task", {"id": number, "done": 1}, {"id": number, "done": 0}))
    assert (ended.outcomes, ended.results[0]["not_taken"]) == (["updated", "updated"], [])
    assert task(account, number)["is_done"] is False


def test_the_names_of_an_account_are_tried_once_a_run(account, run):
    """An account that rejects a name receives one such request, not one per record."""
    numbers = [
        one["id"] for one in account.rows("tasks") if one["project_id"] == open_task(account)["project_id"]
    ]
    account.post("/_emulator/log/clear")
    load = rows("update_task", *({"id": one, "done": 1} for one in numbers))
    assert set(run(load, max_concurrency=1).outcomes) == {"updated"}
    assert account.requests()["PATCH /api/v2/tasks/{id}"] <= len(numbers) + 1


def test_a_rejection_for_another_reason_is_reported_as_such(account, run):
    number = open_task(account)["id"]
    ended = run(rows("tasks", {"id": number, "done": 1, "project_id": 999_999}))
    assert ended.outcomes == ["failed"]
    assert task(account, number)["is_done"] is False


def test_an_ignored_flag_is_reported(account, run):
    """A live account rejects the milestone without a date, and ignores it under its published name."""
    project = open_task(account)["project_id"]
    record = {"external_id": "t", "title": "T", "project_id": project, "is_milestone": True}
    ended = run(rows("tasks", record, keys=["external_id"]))
    marked = task(account, ended.ids[0])["is_milestone"]
    assert ended.outcomes == ["created"]
    assert ended.results[0]["not_taken"] == ([] if marked else ["is_milestone"])
