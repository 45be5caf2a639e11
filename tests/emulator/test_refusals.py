"""Operations and keys of bodies that live accounts reject although the description has them."""

from __future__ import annotations

import pytest

from tests.emulator.direct import Direct, data, each

PROJECTS = (
    *("/api/v2/projects", "/api/v2/projects/1", "/api/v2/projects/archived", "/api/v1/projects/1/plan"),
    *("/api/v2/tasks", "/api/v2/boards", "/api/v2/phases", "/api/v2/projectTemplates"),
    *("/api/v2/projectFields", "/v1/projects/boards"),
)


def told(answer):
    content = answer.json()
    return answer.status_code, content.get("error")


@pytest.fixture
def lite():
    opened = []

    def account(dialect):
        opened.append(Direct(dialect=dialect, plan="lite"))
        return opened[-1]

    yield account
    for one in opened:
        one.close()


def test_an_account_without_the_add_on_rejects_projects(lite, observed):
    without, published = lite("observed"), lite("published")
    for path in PROJECTS:
        query = {"board_id": 1} if path.endswith("phases") else {}
        answer = without.ask("GET", path, query=query)
        assert told(answer) == (402, "Required suites missing"), path
        assert "x-ratelimit-limit" in answer.headers
        assert published.ask("GET", path, query=query).status_code == 200, path
        assert observed.ask("GET", path, query=query).status_code == 200, path
    assert told(without.ask("POST", "/api/v2/projects", json_body={"title": "T"}))[0] == 402
    assert without.ask("GET", "/api/v2/deals").status_code == 200


def test_archived_projects_are_closed_to_apps(both):
    def act(direct):
        form = b"grant_type=refresh_token&refresh_token=emulator-refresh-token"
        basic = {"authorization": "Basic ZW11bGF0b3ItY2xpZW50OmVtdWxhdG9yLXNlY3JldA=="}
        kind = "application/x-www-form-urlencoded"
        given = direct.ask("POST", "/oauth/token", body=form, content_type=kind, headers=basic).json()
        bearer = {"authorization": f"Bearer {given['access_token']}"}
        told_app = [
            told(direct.ask("GET", path, headers=bearer, token=None))
            for path in ("/api/v2/projects", "/api/v2/projects/archived")
        ]
        return [*told_app, told(direct.ask("GET", "/api/v2/projects/archived"))]

    published, observed = each(both, act)
    assert published == [(200, None)] * 3
    assert observed == [(200, None), (403, "Scope and URL mismatch"), (200, None)]


@pytest.mark.parametrize(
    ("uses", "body", "status"),
    [
        (True, {"probability": 55}, 200),
        (False, {"probability": 55}, 400),
        (False, {"probability": None}, 200),
        (False, {"title": "T"}, 200),
    ],
)
def test_a_pipeline_without_probabilities_rejects_them(both, uses, body, status):
    def act(direct):
        tables = direct.tables()
        pipeline = next(one for one in tables["pipelines"] if one["is_deal_probability_enabled"] == uses)
        deal = next(
            one
            for one in tables["deals"]
            if one["pipeline_id"] == pipeline["id"] and not (one["is_deleted"] or one["is_archived"])
        )
        place = {"title": "New", "pipeline_id": pipeline["id"]}
        stage = next(one["id"] for one in tables["stages"] if one["pipeline_id"] == pipeline["id"])
        staged = {"title": "New", "stage_id": stage}
        return [
            direct.ask("PATCH", f"/api/v2/deals/{deal['id']}", json_body=body).status_code,
            direct.ask("POST", "/api/v2/deals", json_body={**place, **body}).status_code,
            direct.ask("POST", "/api/v2/deals", json_body={**staged, **body}).status_code,
        ]

    published, observed = each(both, act)
    assert (set(observed), set(published) - {400}) == ({status}, {200})


def test_the_default_pipeline_and_v1_follow_the_same_rule(observed):
    first = min(observed.tables()["pipelines"], key=lambda one: one["order_nr"])
    assert first["is_deal_probability_enabled"]
    added = {"title": "New", "probability": 10}
    assert data(observed.ask("POST", "/api/v2/deals", json_body=added))["probability"] == 10
    observed.ask(
        "PATCH", f"/api/v2/pipelines/{first['id']}", json_body={"is_deal_probability_enabled": False}
    )
    for path in ("/api/v2/deals", "/v1/deals"):
        status, error = told(observed.ask("POST", path, json_body=added))
        assert (status, "probability" in error) == (400, True), path


def test_tasks_reject_a_priority(both):
    def act(direct):
        project = next(one["id"] for one in direct.tables()["projects"] if one["status"] == "open")
        body = {"title": "T", "project_id": project, "priority": 1}
        added = direct.ask("POST", "/api/v2/tasks", json_body=body)
        plain = data(direct.ask("POST", "/api/v2/tasks", json_body={**body, "priority": None}))
        changed = direct.ask("PATCH", f"/api/v2/tasks/{plain['id']}", json_body={"title": "U", "priority": 1})
        return added.status_code, changed.status_code, plain["priority"]

    assert each(both, act) == ((201, 200, None), (400, 400, None))


def test_seeded_rows_have_no_value_that_is_rejected(observed):
    tables = observed.tables()
    using = {one["id"] for one in tables["pipelines"] if one["is_deal_probability_enabled"]}
    assert all(one["priority"] is None for one in tables["tasks"])
    assert {one["pipeline_id"] for one in tables["deals"] if one["probability"] is not None} == using
