"""Projects, boards, phases, tasks and plans: written values can be read, under the published rules."""

from __future__ import annotations

import pytest


def _project(ask, **more):
    answer = ask.send("POST", "/api/v2/projects", {"title": "Roll-out", **more})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def _task(ask, **more):
    answer = ask.send("POST", "/api/v2/tasks", {"title": "Call", "project_id": 1, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def _ids(rows):
    return [row["id"] for row in rows]


def test_a_project_is_added_read_changed_and_deleted(ask):
    added = _project(ask, deal_ids=[3, 1], description="Über alles 計画")
    assert (added["board_id"], added["phase_id"], added["status"]) == (1, 1, "open")
    assert added["deal_ids"] == [1, 3]
    path = f"/api/v2/projects/{added['id']}"
    changed = ask.send("PATCH", path, {"status": "completed"}).json()["data"]
    assert changed["update_time"] > added["update_time"]
    assert ask.send("PATCH", path, {"status": "completed"}).json()["data"] == changed
    assert added["id"] in _ids(ask.get("/api/v2/projects", deal_id=3, limit=500)["data"])
    assert added["id"] not in _ids(ask.get("/api/v2/projects", deal_id=2, limit=500)["data"])
    assert ask.ask("DELETE", path).json()["data"] == {"id": added["id"]}
    assert ask.ask("GET", path).status_code == 404
    assert added["id"] not in _ids(ask.get("/api/v2/projects", limit=500)["data"])
    assert added["id"] in _ids(ask.get("/api/v2/projects", limit=500, status="deleted")["data"])


def test_lists_hold_what_their_parameters_select(ask):
    open_ones = ask.get("/api/v2/projects", limit=500, status="open")["data"]
    assert {row["status"] for row in open_ones} == {"open"}
    assert all(row["archive_time"] for row in ask.get("/api/v2/projects/archived", limit=500)["data"])
    every = ask.get("/api/v2/projects", limit=500)["data"]
    assert not any(row["archive_time"] or row["status"] == "deleted" for row in every)
    assert [row for page in ask.pages("/api/v2/projects", limit=3) for row in page] == every
    assert ask.ask("GET", "/api/v2/projects", params={"status": "asleep"}).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"status": "deleted"},
        {"status": "asleep"},
        {"board_id": 1},
        {"phase_id": 1, "board_id": 2},
        {"phase_id": 99},
        {"deal_ids": [9_999]},
        {"label_ids": [1]},
        {"owner_id": 99},
        {"title": " "},
        {"title": None},
        {"start_date": "2026-05-02", "end_date": "2026-05-01"},
        {"template_id": 99},
        {"custom_fields": {"0" * 40: 1}},
    ],
    ids=str,
)
def test_rejects_a_project_that_breaks_a_rule(ask, body):
    before = ask.dump()
    assert ask.send("PATCH", "/api/v2/projects/1", body).status_code == 400
    assert ask.dump() == before


def test_an_archived_project_leaves_the_list_and_rejects_edits(ask):
    number = _project(ask)["id"]
    assert ask.send("POST", f"/api/v2/projects/{number}/archive", {}).json()["data"]["archive_time"]
    assert number not in _ids(ask.get("/api/v2/projects", limit=500)["data"])
    assert number in _ids(ask.get("/api/v2/projects/archived", limit=500)["data"])
    assert ask.send("PATCH", f"/api/v2/projects/{number}", {"title": "x"}).status_code == 403
    assert ask.send("POST", "/api/v2/tasks", {"title": "x", "project_id": number}).status_code == 403
    assert number not in _ids(ask.get("/v1/projects", limit=500)["data"])
    assert number in _ids(ask.get("/v1/projects", limit=500, include_archived="true")["data"])


def test_both_versions_see_the_same_project(ask):
    field = next(f for f in ask.get("/api/v2/projectFields")["data"] if f["field_type"] == "monetary")
    key = field["field_code"]
    body = {"title": "Old", "board_id": 1, "phase_id": 2, "labels": [11], "person_id": 3, "org_id": 2}
    money = {key: 7.5, f"{key}_currency": "EUR"}
    old = ask.send("POST", "/v1/projects", {**body, **money}).json()["data"]
    assert (old["person_id"], old["labels"], old[f"{key}_currency"]) == (3, [11], "EUR")
    new = ask.get(f"/api/v2/projects/{old['id']}")["data"]
    assert (new["person_ids"], new["org_ids"], new["label_ids"]) == ([3], [2], [11])
    assert new["custom_fields"][key] == {"value": 7.5, "currency": "EUR"}
    assert old["add_time"] == new["add_time"].replace("T", " ").rstrip("Z")
    assert ask.send("PUT", f"/v1/projects/{old['id']}", {"title": "Newer"}).json()["data"]["title"] == "Newer"


def test_changes_are_in_the_changelog_newest_first(ask):
    number = _project(ask)["id"]
    ask.send("PATCH", f"/api/v2/projects/{number}", {"title": "Second"})
    ask.send("PATCH", f"/api/v2/projects/{number}", {"title": "Third", "health_status": 10})
    changes = ask.get(f"/api/v2/projects/{number}/changelog", limit=2)
    assert changes["data"][0]["old_values"] == {"title": "Second", "health_status": None}
    assert changes["data"][0]["new_values"] == {"title": "Third", "health_status": 10}
    assert (
        len([row for page in ask.pages(f"/api/v2/projects/{number}/changelog", limit=1) for row in page]) == 3
    )


def test_projects_are_found_by_every_field(ask):
    number = _project(ask, title="Zyxel depot", description="needs a forklift", person_ids=[4])["id"]
    ask.send("POST", "/v1/notes", {"content": "<p>Quokka café</p>", "project_id": number})
    for term in ("zyxel", "FORKLIFT", "quokka caf"):
        items = ask.get("/api/v2/projects/search", term=term)["data"]["items"]
        assert [entry["item"]["id"] for entry in items] == [number], term
    assert ask.get("/api/v2/projects/search", term="zyxel", exact_match="true")["data"]["items"] == []
    exact = ask.get("/api/v2/projects/search", term="zyxel DEPOT", exact_match="true", person_id=4)
    assert exact["data"]["items"][0]["result_score"] == 1
    assert ask.get("/api/v2/projects/search", term="zyxel", person_id=5)["data"]["items"] == []
    assert ask.get("/api/v2/projects/search", term="zyxel", fields="notes")["data"]["items"] == []
    assert ask.ask("GET", "/api/v2/projects/search", params={"term": "z"}).status_code == 400


def test_boards_keep_their_order(ask):
    board = ask.send("POST", "/api/v2/boards", {"name": "First", "order_nr": 1}).json()["data"]
    names = {row["name"]: row["order_nr"] for row in ask.get("/api/v2/boards")["data"]}
    assert sorted(names.values()) == list(range(1, len(names) + 1))
    assert names["First"] == 1
    assert ask.send("POST", "/api/v2/boards", {"name": "x", "order_nr": len(names) + 2}).status_code == 400
    ask.send("PATCH", f"/api/v2/boards/{board['id']}", {"order_nr": len(names)})
    assert ask.get(f"/v1/projects/boards/{board['id']}")["data"]["order_nr"] == len(names)
    assert ask.ask("DELETE", f"/api/v2/boards/{board['id']}").status_code == 200
    assert ask.ask("GET", f"/api/v2/boards/{board['id']}").status_code == 404


def test_deleting_a_board_deletes_its_phases_but_not_its_projects(ask):
    board = ask.send("POST", "/api/v2/boards", {"name": "Temporary"}).json()["data"]["id"]
    phase = ask.send("POST", "/api/v2/phases", {"name": "Only", "board_id": board}).json()["data"]["id"]
    project = _project(ask, board_id=board)
    assert project["phase_id"] == phase
    assert ask.ask("DELETE", f"/api/v2/boards/{board}").status_code == 400
    assert ask.ask("DELETE", f"/api/v2/phases/{phase}").status_code == 400
    ask.ask("DELETE", f"/api/v2/projects/{project['id']}")
    assert ask.ask("DELETE", f"/api/v2/boards/{board}").status_code == 200
    assert ask.ask("GET", f"/api/v2/phases/{phase}").status_code == 404
    assert ask.ask("GET", "/api/v2/phases", params={"board_id": board}).status_code == 404


def test_a_phase_moves_between_boards(ask):
    first = ask.send("POST", "/api/v2/phases", {"name": "Wanders", "board_id": 1, "order_nr": 1}).json()[
        "data"
    ]
    moved = ask.send("PATCH", f"/api/v2/phases/{first['id']}", {"board_id": 2}).json()["data"]
    assert moved["board_id"] == 2
    for board in (1, 2):
        rows = ask.get("/api/v2/phases", board_id=board)["data"]
        assert sorted(row["order_nr"] for row in rows) == list(range(1, len(rows) + 1))


def test_a_task_and_its_subtasks(ask):
    task = _task(ask, assignee_ids=[2, 3], milestone=1)
    assert (task["is_milestone"], task["is_done"], task["creator_id"]) == (True, False, 1)
    below = _task(ask, parent_task_id=task["id"])
    assert (
        ask.send(
            "POST", "/api/v2/tasks", {"title": "x", "project_id": 1, "parent_task_id": below["id"]}
        ).status_code
        == 400
    )
    assert _ids(ask.get("/api/v2/tasks", parent_task_id=task["id"])["data"]) == [below["id"]]
    assert below["id"] not in _ids(ask.get("/api/v2/tasks", parent_task_id="null", limit=500)["data"])
    done = ask.send("PATCH", f"/api/v2/tasks/{task['id']}", {"done": 1}).json()["data"]
    assert done["marked_as_done_time"] is not None
    assert ask.send("PATCH", f"/api/v2/tasks/{task['id']}", {"done": True}).status_code == 400
    assert task["id"] in _ids(ask.get("/api/v2/tasks", is_done="true", assignee_id=3)["data"])
    old = ask.get(f"/v1/tasks/{task['id']}")["data"]
    assert (old["done"], old["assignee_id"]) == (1, 2)
    assert ask.ask("DELETE", f"/api/v2/tasks/{task['id']}").json()["data"] == {"id": task["id"]}
    assert ask.ask("GET", f"/api/v2/tasks/{below['id']}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"project_id": 9_999},
        {"assignee_id": 99},
        {"assignee_id": 2, "assignee_ids": [2]},
        {"assignee_ids": [2, 2]},
        {"parent_task_id": 9_999},
        {"title": ""},
        {"due_date": "2026-01-01", "start_date": "2026-01-02"},
        {"done": 2},
    ],
    ids=str,
)
def test_rejects_a_task_that_breaks_a_rule(ask, body):
    before = ask.dump()
    assert ask.send("POST", "/api/v2/tasks", {"title": "Call", "project_id": 1, **body}).status_code == 400
    assert ask.dump() == before


def test_deleting_a_project_deletes_its_tasks(ask):
    number = _project(ask)["id"]
    task = _task(ask, project_id=number)["id"]
    assert _ids(ask.get(f"/v1/projects/{number}/tasks")["data"]) == [task]
    ask.ask("DELETE", f"/api/v2/projects/{number}")
    assert ask.ask("GET", f"/api/v2/tasks/{task}").status_code == 404


def test_the_plan_contains_tasks_and_activities(ask):
    number = _project(ask)["id"]
    task = _task(ask, project_id=number)["id"]
    activity = ask.send("POST", "/api/v2/activities", {"project_id": number}).json()["data"]["id"]
    assert ask.send("POST", "/api/v2/activities", {"project_id": 9_999}).status_code == 400
    plan = ask.get(f"/v1/projects/{number}/plan")["data"]
    assert [(item["item_type"], item["item_id"]) for item in plan] == [("task", task), ("activity", activity)]
    moved = ask.send("PUT", f"/v1/projects/{number}/plan/tasks/{task}", {"phase_id": 3}).json()["data"]
    assert moved == {"item_id": task, "item_type": "task", "phase_id": 3, "group_id": None}
    assert ask.get(f"/v1/projects/{number}/plan")["data"][0] == moved
    path = f"/v1/projects/{number}/plan/activities"
    assert ask.send("PUT", f"{path}/{activity}", {"phase_id": 4}).status_code == 400
    assert ask.send("PUT", f"{path}/{activity}", {}).status_code == 400
    assert ask.send("PUT", f"{path}/1", {"phase_id": 1}).status_code == 404
    listed = ask.get(f"/v1/projects/{number}/activities")["data"]
    assert [(row["id"], row["user_id"], row["active_flag"]) for row in listed] == [(activity, 1, True)]
