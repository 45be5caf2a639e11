"""Goals, roles, permission sets, users, webhooks, teams, related organizations, and the removed parts."""

from __future__ import annotations

import pytest

GOAL = {
    "assignee": {"id": 1, "type": "person"},
    "type": {"name": "deals_started", "params": {"pipeline_id": [1]}},
    "expected_outcome": {"target": "5", "tracking_metric": "quantity"},
    "duration": {"start": "2026-01-01", "end": None},
    "interval": "monthly",
}


def _goal(ask, **more):
    answer = ask.send("POST", "/v1/goals", {**GOAL, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["goal"]


def test_a_goal_is_added_found_changed_and_deleted(ask):
    goal = _goal(ask, title="Ours 目標")
    assert (goal["expected_outcome"]["target"], goal["is_active"], len(goal["report_ids"])) == (5, True, 1)
    found = ask.get("/v1/goals/find", title="Ours 目標")["data"]["goals"]
    assert [row["id"] for row in found] == [goal["id"]]
    changed = ask.send(
        "PUT", f"/v1/goals/{goal['id']}", {"duration": {"start": "2025-01-01", "end": "2025-02-01"}}
    )
    assert (changed.json()["data"]["goal"]["is_active"], changed.json()["data"]["goal"]["title"]) == (
        False,
        "Ours 目標",
    )
    period = {"period.start": "2025-01-15", "period.end": "2025-01-20", "is_active": "false"}
    assert goal["id"] in {row["id"] for row in ask.get("/v1/goals/find", **period)["data"]["goals"]}
    period = {"period.start": "2026-01-15", "period.end": "2026-01-20", "is_active": "false"}
    assert goal["id"] not in {row["id"] for row in ask.get("/v1/goals/find", **period)["data"]["goals"]}
    assert ask.ask("DELETE", f"/v1/goals/{goal['id']}").json()["statusCode"] == 20_000
    assert ask.ask("GET", f"/v1/goals/{goal['id']}/results", params=period).status_code == 404


def test_goals_count_what_is_in_the_account(ask):
    period = {"period.start": "2026-06-01", "period.end": "2026-06-30"}
    started, won = _goal(ask), _goal(ask, type={"name": "deals_won", "params": {"pipeline_id": None}})
    money = {"target": 9, "tracking_metric": "sum", "currency_id": 1}
    worth = _goal(ask, type={"name": "deals_won", "params": {"pipeline_id": None}}, expected_outcome=money)

    def progress(goal):
        return ask.get(f"/v1/goals/{goal['id']}/results", **period)["data"]["progress"]

    before = [progress(goal) for goal in (started, won, worth)]
    deal = ask.send("POST", "/api/v2/deals", {"title": "Counts", "value": 250}).json()["data"]["id"]
    ask.send("PATCH", f"/api/v2/deals/{deal}", {"status": "won"})
    assert [progress(goal) for goal in (started, won, worth)] == [
        before[0] + 1,
        before[1] + 1,
        before[2] + 250,
    ]


@pytest.mark.parametrize(
    "part",
    [
        {"assignee": {"id": 99, "type": "person"}},
        {"assignee": {"id": 1, "type": "planet"}},
        {"assignee": {"id": 1, "type": "person", "more": 1}},
        {"type": {"name": "naps_taken"}},
        {"type": {"name": "deals_won", "params": {"pipeline_id": 1}}},
        {"type": {"name": "deals_won", "params": {"pipeline_id": [99]}}},
        {"type": {"name": "deals_won", "params": {"activity_type_id": [1]}}},
        {"expected_outcome": {"target": "5"}},
        {"expected_outcome": {"target": "5", "tracking_metric": "sum"}},
        {"expected_outcome": {"target": 0, "tracking_metric": "quantity"}},
        {"duration": {"start": "01.01.2026", "end": None}},
        {"duration": {"start": "2026-02-01", "end": "2026-01-01"}},
        {"interval": "hourly"},
    ],
    ids=str,
)
def test_rejects_a_goal_that_breaks_a_rule(ask, part):
    before = ask.dump()
    assert ask.send("POST", "/v1/goals", {**GOAL, **part}).status_code == 400
    assert ask.dump() == before


def test_period_bounds_go_together(ask):
    assert ask.ask("GET", "/v1/goals/find", params={"period.start": "2026-01-01"}).status_code == 400


def test_the_progress_of_a_goal_is_requested_within_its_duration(ask):
    goal = _goal(ask, duration={"start": "2026-01-01", "end": "2026-03-31"})
    path = f"/v1/goals/{goal['id']}/results"
    for start, end, status in (
        ("2026-01-01", "2026-03-31", 200),
        ("2025-12-31", "2026-03-31", 400),
        ("2026-01-01", "2026-04-01", 400),
    ):
        assert ask.ask("GET", path, params={"period.start": start, "period.end": end}).status_code == status


def test_users_move_between_roles(ask):
    role = ask.send("POST", "/v1/roles", {"name": "Auditors", "parent_role_id": 2}).json()["data"]["id"]
    assignments = f"/v1/roles/{role}/assignments"
    assert ask.send("POST", assignments, {"user_id": 5}).json()["data"] == {"user_id": 5, "role_id": role}
    assert [row["user_id"] for row in ask.get(assignments)["data"]] == [5]
    assert ask.get("/v1/users/5/roleAssignments")["data"][0]["role_id"] == role
    assert ask.get(f"/v1/roles/{role}")["data"]["assignment_count"] == "1"
    listed = next(row for row in ask.get("/v1/roles")["data"] if row["id"] == role)
    assert (listed["level"], listed["parent_role_id"]) == (2, 2)
    assert ask.send("DELETE", assignments, {"user_id": 4}).status_code == 404
    assert ask.send("DELETE", assignments, {"user_id": 5}).json()["data"] == {"id": role}
    assert ask.get("/v1/users/5")["data"]["role_id"] == 1


def test_a_deleted_role_leaves_its_users_the_default_one(ask):
    role = ask.send("POST", "/v1/roles", {"name": "Short-lived"}).json()["data"]["id"]
    ask.send("POST", f"/v1/roles/{role}/assignments", {"user_id": 5})
    assert ask.ask("DELETE", f"/v1/roles/{role}").json()["data"] == {"id": role}
    assert ask.ask("GET", f"/v1/roles/{role}").status_code == 404
    assert ask.get("/v1/users/5")["data"]["role_id"] == 1
    assert ask.ask("DELETE", "/v1/roles/1").status_code == 400
    assert ask.ask("DELETE", "/v1/roles/2").status_code == 400
    assert ask.send("PUT", "/v1/roles/2", {"parent_role_id": 3}).status_code == 400


def test_settings_and_pipelines_of_a_role(ask):
    body = {"setting_key": "deal_default_visibility", "value": 1}
    assert ask.send("POST", "/v1/roles/2/settings", body).json()["data"] == {
        "id": 2,
        "deal_default_visibility": 1,
    }
    assert ask.get("/v1/roles/2/settings")["data"]["deal_default_visibility"] == 1
    assert ask.get("/v1/users/2/roleSettings")["data"]["deal_default_visibility"] == 1
    assert ask.send("POST", "/v1/roles/2/settings", {**body, "value": 2}).status_code == 400
    path = "/v1/roles/2/pipelines"
    hidden = ask.send("PUT", path, {"visible_pipeline_ids": {"add": "[]", "remove": "[2, 3]"}}).json()["data"]
    assert hidden == {"pipeline_ids": [1], "visible": True}
    assert ask.get(path, visible="false")["data"] == {"pipeline_ids": [2, 3], "visible": False}
    for wrong in ({}, {"add": "[99]"}, {"add": "1"}, {"add": "[2]", "remove": "[2]"}, {"other": "[1]"}):
        assert ask.send("PUT", path, {"visible_pipeline_ids": wrong}).status_code == 400, wrong


def test_permission_sets_report_what_users_may(ask):
    sets = ask.get("/v1/permissionSets", app="sales")["data"]
    assert {row["app"] for row in sets} == {"sales"}
    held = next(row for row in sets if row["type"] == "regular")
    rows = ask.get(f"/v1/permissionSets/{held['id']}/assignments", limit=2)["data"]
    assert (len(rows), held["assignment_count"]) == (2, 6)
    contents = ask.get(f"/v1/permissionSets/{held['id']}")["data"][0]["contents"]
    permissions = ask.get("/v1/users/2/permissions")["data"]
    assert all(permissions[name] for name in contents)
    assert not permissions["can_delete_deals"]
    assert ask.get("/v1/users/1/permissions")["data"]["can_delete_deals"]


def test_users_are_invited_found_and_switched_off(ask):
    user = ask.send("POST", "/v1/users", {"email": "Neu@nordwind.example"}).json()["data"]
    assert (user["activated"], user["active_flag"], user["access"][0]["app"]) == (False, True, "sales")
    for wrong in (
        {"email": "neu@NORDWIND.example"},
        {"email": "no address"},
        {"email": "b@c.example", "access": [{"app": "nova"}]},
        {"email": "b@c.example", "access": [{"app": "sales", "permission_set_id": "unknown"}]},
    ):
        assert ask.send("POST", "/v1/users", wrong).status_code == 400, wrong
    found = ask.get("/v1/users/find", term="NEU@", search_by_email=1)["data"]
    assert [row["id"] for row in found] == [user["id"]]
    assert [row["id"] for row in ask.get("/v1/users/find", term="иванова")["data"]] == [5]
    off = ask.send("PUT", f"/v1/users/{user['id']}", {"active_flag": False}).json()["data"]
    assert off["active_flag"] is False
    assert ask.send("PUT", "/v1/users/1", {"active_flag": False}).status_code == 400


def test_followers_of_a_user_in_both_versions(ask):
    assert ask.get("/v1/users/1/followers")["data"] == [2, 3]
    pages = ask.pages("/api/v2/users/1/followers", limit=1)
    assert [row["user_id"] for page in pages for row in page] == [2, 3]


def test_webhooks_are_kept_and_refuse_in_their_own_shape(ask):
    body = {
        "subscription_url": "https://hooks.example/x",
        "event_action": "create",
        "event_object": "deal",
        "name": "x",
    }
    row = ask.send("POST", "/v1/webhooks", body).json()
    assert (row["status"], row["data"]["version"], row["data"]["is_active"]) == ("ok", "2.0", 1)
    assert row["data"]["id"] in {hook["id"] for hook in ask.get("/v1/webhooks")["data"]}
    for name, value in (
        ("subscription_url", "ftp://x"),
        ("http_auth_password", "p"),
        ("user_id", 99),
        ("name", " "),
    ):
        refusal = ask.send("POST", "/v1/webhooks", {**body, name: value})
        assert (refusal.status_code, refusal.json()["status"]) == (400, "error"), name
        assert refusal.json()["errors"]
    assert ask.ask("DELETE", f"/v1/webhooks/{row['data']['id']}").json() == {"status": "ok", "success": True}
    assert ask.ask("DELETE", f"/v1/webhooks/{row['data']['id']}").status_code == 404


def test_related_organizations_from_both_ends(ask):
    ends = {"rel_owner_org_id": 5, "rel_linked_org_id": 6}
    kept = ask.send("POST", "/v1/organizationRelationships", {"type": "parent", **ends}).json()["data"]
    path = f"/v1/organizationRelationships/{kept['id']}"
    assert "calculated_type" not in kept
    assert ask.get(path, org_id=5)["data"]["calculated_type"] == "daughter"
    assert ask.get(path, org_id=6)["data"]["calculated_type"] == "parent"
    assert ask.get(path, org_id=6)["data"]["calculated_related_org_id"] == 5
    assert ask.ask("GET", path, params={"org_id": 1}).status_code == 400
    again = {"type": "related", "rel_owner_org_id": 6, "rel_linked_org_id": 5}
    assert ask.send("POST", "/v1/organizationRelationships", again).status_code == 400
    same = {"type": "related", "rel_owner_org_id": 6, "rel_linked_org_id": 6}
    assert ask.send("POST", "/v1/organizationRelationships", same).status_code == 400
    assert ask.send("PUT", path, {"type": "related"}).json()["data"]["type"] == "related"
    assert kept["id"] in {row["id"] for row in ask.get("/v1/organizationRelationships", org_id=6)["data"]}
    ask.ask("DELETE", "/api/v2/organizations/5")
    assert ask.ask("GET", path).status_code == 404
    assert kept["id"] not in {row["id"] for row in ask.get("/v1/organizationRelationships", org_id=6)["data"]}


def test_teams_respond_though_deprecated(ask):
    team = ask.send("POST", "/v1/legacyTeams", {"name": "Night", "manager_id": 2, "users": [3, 2]}).json()[
        "data"
    ]
    path = f"/v1/legacyTeams/{team['id']}"
    assert ask.send("POST", f"{path}/users", {"users": [4]}).json()["data"] == [2, 3, 4]
    assert ask.send("DELETE", f"{path}/users", {"users": [2]}).json()["data"] == [3, 4]
    assert ask.send("DELETE", f"{path}/users", {"users": [2]}).status_code == 400
    assert ask.get(f"{path}/users")["data"] == [3, 4]
    assert team["id"] in {row["id"] for row in ask.get("/v1/legacyTeams/user/4")["data"]}
    assert "users" not in ask.get(path, skip_users=1)["data"]
    names = [row["name"] for row in ask.get("/v1/legacyTeams", order_by="name")["data"]]
    assert names == sorted(names)
    ask.send("PUT", path, {"deleted_flag": 1})
    assert ask.ask("GET", path).status_code == 404


def test_links_to_a_video_provider(ask):
    number = "11111111-2222-4333-8444-555555555555"
    body = {"user_provider_id": number, "user_id": 2, "company_id": 1001, "marketplace_client_id": "x"}
    assert ask.send("POST", "/v1/meetings/userProviderLinks", body).status_code == 200
    assert ask.send("POST", "/v1/meetings/userProviderLinks", body).status_code == 400
    assert ask.ask("DELETE", f"/v1/meetings/userProviderLinks/{number}").status_code == 200
    assert ask.ask("DELETE", f"/v1/meetings/userProviderLinks/{number}").status_code == 404


def test_removed_parts_respond_only_on_demand(ask, start):
    assert ask.ask("GET", "/v1/subscriptions/1").status_code == 404
    old = start("--legacy")
    body = {"name": "Chat", "provider_channel_id": "p-1"}
    channel = old.send("POST", "/v1/channels", body).json()["data"]
    assert old.send("POST", "/v1/channels", body).status_code == 400
    message = {
        "id": "m",
        "channel_id": channel["id"],
        "sender_id": "s",
        "conversation_id": "c",
        "message": "Hi",
    }
    message.update({"status": "sent", "created_at": "2026-01-01 00:00"})
    assert old.send("POST", "/v1/channels/messages/receive", message).json()["data"]["message"] == "Hi"
    assert old.ask("DELETE", f"/v1/channels/{channel['id']}/conversations/c").status_code == 200
    assert old.ask("DELETE", f"/v1/channels/{channel['id']}/conversations/c").status_code == 404
    assert old.ask("DELETE", f"/v1/channels/{channel['id']}").status_code == 200
    number = old.get("/v1/subscriptions/find/1")["data"]["id"]
    assert len(old.get(f"/v1/subscriptions/{number}/payments")["data"]) == 3
    ended = old.send("PUT", f"/v1/subscriptions/recurring/{number}/cancel", {"end_date": "2026-07-01"})
    assert ended.json()["data"]["is_active"] is False
    assert old.send("PUT", f"/v1/subscriptions/recurring/{number}/cancel", {}).status_code == 400
    assert old.ask("DELETE", f"/v1/subscriptions/{number}").status_code == 200
    assert old.ask("GET", "/v1/subscriptions/find/1").status_code == 404
