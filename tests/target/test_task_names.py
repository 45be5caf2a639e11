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


def test_a_milestone_without_a_date_is_rejected_by_a_live_account(account, run):
    """It is not sent a second time under the published name, which the account ignores."""
    project = open_task(account)["project_id"]
    record = {"external_id": "t", "title": "T", "project_id": project, "is_milestone": True}
    account.post("/_emulator/log/clear")
    ended = run(rows("tasks", record, keys=["external_id"]))
    if account.dialect == "published":
        assert (ended.outcomes, task(account, ended.ids[0])["is_milestone"]) == (["created"], True)
        return
    assert ended.outcomes == ["failed"]
    assert "a milestone needs a due_date" in ended.errors[0]
    assert account.requests()["POST /api/v2/tasks"] == 1
    assert not [one for one in account.rows("tasks") if one["title"] == "T"]


def test_an_account_that_has_accepted_a_name_is_not_sent_the_other_one(account, run):
    number, project = open_task(account)["id"], open_task(account)["project_id"]
    rule = {
        "operation": "POST /api/v2/tasks",
        "kind": "status_before",
        "status": 400,
        "error": "is_done is odd",
    }
    account.post("/_emulator/faults", [rule])
    account.post("/_emulator/log/clear")
    record = {"external_id": "t", "title": "T", "project_id": project, "is_done": True}
    ended = run(
        rows("tasks", {"id": number, "is_done": True}),
        rows("tasks", record, keys=["external_id"]),
        max_concurrency=1,
    )
    assert ended.outcomes == ["updated", "failed"]
    assert account.requests()["POST /api/v2/tasks"] == 1


@pytest.mark.parametrize("column", ["is_done", "is_milestone"])
def test_an_ignored_flag_is_reported_in_every_run(column, account, run):
    project = open_task(account)["project_id"]
    due = "2026-05-05"
    record = {"external_id": "t", "title": "T", "project_id": project, "due_date": due, column: True}
    ignored = ["done", "is_done", "milestone", "is_milestone"]
    rules = [
        {"operation": f"{method} /api/v2/tasks{path}", "kind": "ignores", "fields": ignored}
        for method, path in (("POST", ""), ("PATCH", "/{id}"))
    ]
    account.post("/_emulator/faults", rules)
    ended = run(rows("tasks", record, keys=["external_id"]))
    assert (ended.outcomes, ended.results[0]["not_taken"]) == (["created"], [column])
    again = run(rows("tasks", {**record, "description": "D"}, keys=["external_id"]))
    assert (again.results[0]["changed"], again.results[0]["not_taken"]) == (["description"], [column])
    alone = run(rows("tasks", {"id": open_task(account)["id"], column: True}))
    assert alone.outcomes == ["unchanged" if account.dialect == "published" else "failed"]


@pytest.mark.parametrize("at", ["reset_before", "reset_after"])
def test_a_task_whose_request_was_interrupted_is_added_once(at, account, run):
    project = open_task(account)["project_id"]
    record = {"external_id": "t", "title": "Once", "project_id": project, "is_done": True}
    account.post("/_emulator/faults", [{"operation": "POST /api/v2/tasks", "kind": at, "every": 1}])
    run(rows("tasks", record, keys=["external_id"]))
    account.post("/_emulator/faults", [])
    run(rows("tasks", record, keys=["external_id"]))
    added = [one for one in account.rows("tasks") if one["title"] == "Once"]
    assert [one["is_done"] for one in added] == [True]
    assert run(rows("tasks", record, keys=["external_id"])).outcomes == ["unchanged"]


@pytest.fixture(params=["published", "observed"])
def empty(request, _accounts):
    account = _accounts("empty", request.param)
    account.reset()
    return account


def test_the_first_task_of_an_account_without_rows(empty, tmp_path):
    account, load = empty, Loader(empty.config(), tmp_path)
    users = [one["id"] for one in account.rows("users")]
    messages = [
        *rows("boards", {"external_id": "b", "name": "B"}, keys=["external_id"]),
        *rows(
            "phases",
            {"external_id": "p", "name": "P", "board_id": {"external_id": "b"}},
            keys=["external_id"],
        ),
        *rows(
            "projects",
            {
                "external_id": "j",
                "title": "J",
                "board_id": {"external_id": "b"},
                "phase_id": {"external_id": "p"},
            },
            keys=["external_id"],
        ),
        *rows(
            "tasks",
            {
                "external_id": "t",
                "title": "T",
                "project_id": {"external_id": "j"},
                "is_milestone": True,
                "due_date": "2026-05-05",
                "assignee_ids": users[:1],
            },
            {"external_id": "u", "title": "U", "project_id": {"external_id": "j"}, "done": 1},
            keys=["external_id"],
        ),
    ]
    ended = load(*messages)
    assert (ended.errors, ended.outcomes) == ([], ["created"] * 5)
    made = {one["title"]: one for one in account.rows("tasks")}
    assert (made["T"]["is_milestone"], made["T"]["assignee_ids"], made["U"]["is_done"]) == (
        True,
        users[:1],
        True,
    )
    account.post("/_emulator/log/clear")
    assert set(load(*messages).outcomes) == {"unchanged"}
