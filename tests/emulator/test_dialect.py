"""Differences of live accounts from the description, with `--dialect observed`."""

from __future__ import annotations

import time

import pytest

from tests.emulator.direct import Direct, data, each, row

# ── tasks ────────────────────────────────────────────────────────────────────────────────────────


def open_task(direct):
    tables = direct.tables()
    projects = {one["id"] for one in tables["projects"] if one["status"] == "open"}
    return next(one for one in tables["tasks"] if not one["is_done"] and one["project_id"] in projects)


@pytest.mark.parametrize(("name", "value", "done"), [("is_done", True, True), ("done", 1, False)])
def test_tasks_accept_the_names_of_their_rows(observed, name, value, done):
    path = f"/api/v2/tasks/{open_task(observed)['id']}"
    changed = data(observed.ask("PATCH", path, json_body={"title": "T", name: value}))
    assert (changed["title"], changed["is_done"]) == ("T", done)


@pytest.mark.parametrize(("body", "statuses"), [({"done": 1}, (200, 400)), ({"is_done": True}, (400, 200))])
def test_each_dialect_rejects_an_update_in_the_names_of_the_other(both, body, statuses):
    def act(direct):
        return direct.ask("PATCH", f"/api/v2/tasks/{open_task(direct)['id']}", json_body=body).status_code

    assert each(both, act) == statuses


def test_a_milestone_needs_a_due_date(observed):
    body = {"title": "T", "project_id": open_task(observed)["project_id"], "is_milestone": True}
    assert observed.ask("POST", "/api/v2/tasks", json_body=body).status_code == 400
    dated = {**body, "due_date": "2026-07-01"}
    assert data(observed.ask("POST", "/api/v2/tasks", json_body=dated))["is_milestone"] is True


# ── the account ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v2/deals", {"title": "T"}),
        ("/api/v2/persons", {"name": "N"}),
        ("/api/v2/organizations", {"name": "N"}),
    ],
)
def test_an_added_row_shows_its_update_time_later(both, path, body):
    def act(direct):
        added = data(direct.ask("POST", path, json_body=body))
        later = row(direct, f"{path}/{added['id']}")
        return added["update_time"] is None, later["update_time"] is None

    assert each(both, act) == ((False, False), (True, False))


def test_a_note_gets_person_and_organization_from_its_deal(both):
    def act(direct):
        deal = next(one for one in direct.tables()["deals"] if one["person_id"] and one["org_id"])
        note = data(direct.ask("POST", "/v1/notes", json_body={"content": "C", "deal_id": deal["id"]}))
        return [note["person_id"] == deal["person_id"], note["org_id"] == deal["org_id"], note["person_id"]]

    published, observed = each(both, act)
    assert published == [False, False, None]
    assert observed[:2] == [True, True]


def test_a_note_keeps_the_person_it_names(observed):
    deal = next(one for one in observed.tables()["deals"] if one["person_id"] not in (None, 2))
    body = {"content": "C", "deal_id": deal["id"], "person_id": 2}
    assert data(observed.ask("POST", "/v1/notes", json_body=body))["person_id"] == 2


@pytest.mark.parametrize("name", ["deal_id", "person_id", "org_id"])
def test_a_deleted_note_moves_what_it_was_attached_to(both, name):
    table = {"deal_id": "deals", "person_id": "persons", "org_id": "organizations"}[name]

    def act(direct):
        note = data(direct.ask("POST", "/v1/notes", json_body={"content": "C", name: 1}))
        before = row(direct, f"/api/v2/{table}/1")["update_time"]
        data(direct.ask("DELETE", f"/v1/notes/{note['id']}"))
        return row(direct, f"/api/v2/{table}/1")["update_time"] > before

    assert each(both, act) == (False, True)


@pytest.mark.parametrize(
    ("table", "label"), [("deals", "title"), ("persons", "name"), ("organizations", "name")]
)
def test_the_owner_follows_a_new_row_a_moment_later(both, table, label):
    def act(direct):
        body = {label: "T", "owner_id": 2}
        number = data(direct.ask("POST", f"/api/v2/{table}", json_body=body))["id"]
        return [one["user_id"] for one in row(direct, f"/api/v2/{table}/{number}/followers")]

    assert each(both, act) == ([], [2])


def test_a_deal_shows_the_value_of_its_products_a_moment_later(both):
    def act(direct):
        number = data(direct.ask("POST", "/api/v2/deals", json_body={"title": "T"}))["id"]
        line = {"product_id": 1, "item_price": 10, "quantity": 2}
        data(direct.ask("POST", f"/api/v2/deals/{number}/products", json_body=line))
        values = [row(direct, f"/api/v2/deals/{number}")["value"]]
        time.sleep(0.2)
        return [one > 0 for one in (*values, row(direct, f"/api/v2/deals/{number}")["value"])]

    assert each(both, act) == ([True, True], [False, True])


def test_delayed_effects_are_part_of_a_dump_and_are_dropped_by_a_reset(observed):
    number = data(observed.ask("POST", "/api/v2/deals", json_body={"title": "T"}))["id"]
    parent = f"deals:{number}"
    assert any(one["parent"] == parent for one in observed.tables()["followers"])
    data(observed.ask("POST", "/api/v2/deals", json_body={"title": "T"}))
    observed.reset()
    seeded = observed.tables()["followers"]
    row(observed, "/api/v2/deals/1")
    assert observed.tables()["followers"] == seeded


def test_a_put_that_changes_nothing_moves_the_update_time(both):
    def act(direct):
        before = row(direct, "/v1/notes/1")
        data(direct.ask("PUT", "/v1/notes/1", json_body={"content": before["content"]}))
        return row(direct, "/v1/notes/1")["update_time"] > before["update_time"]

    assert each(both, act) == (False, True)


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/api/v2/deals/{}"), ("PUT", "/v1/deals/{}")])
def test_a_deleted_deal_has_an_error_of_its_own(method, path, both):
    def act(direct):
        number = data(direct.ask("POST", "/api/v2/deals", json_body={"title": "T"}))["id"]
        data(direct.ask("DELETE", f"/api/v2/deals/{number}"))
        answer = direct.ask(method, path.format(number), json_body={"title": "U"})
        return answer.status_code, answer.json().get("code")

    assert each(both, act)[1] == (400, "ERR_DEAL_DELETED")
    assert each(both, act)[0][0] in (404, 410)


def test_v1_takes_no_value_of_a_deal_with_products(both):
    def act(direct):
        number = data(direct.ask("POST", "/api/v2/deals", json_body={"title": "T"}))["id"]
        data(direct.ask("PUT", f"/v1/deals/{number}", json_body={"value": 5}))
        line = {"product_id": 1, "item_price": 10, "quantity": 2}
        data(direct.ask("POST", f"/api/v2/deals/{number}/products", json_body=line))
        answers = [
            direct.ask("PUT", f"/v1/deals/{number}", json_body=body)
            for body in ({"value": 7, "title": "U"}, {"title": "U"})
        ]
        assert "products attached" in answers[0].json()["error"]
        return [one.status_code for one in answers]

    assert act(both[1]) == [400, 200]


def test_a_patch_that_changes_nothing_moves_nothing(both):
    def act(direct):
        before = row(direct, "/api/v2/deals/1")
        data(direct.ask("PATCH", "/api/v2/deals/1", json_body={"title": before["title"]}))
        return row(direct, "/api/v2/deals/1") == before

    assert each(both, act) == (True, True)


def test_the_tokens_left_are_those_before_the_request(both):
    def act(direct):
        left = [
            int(direct.ask("GET", "/api/v2/deals").headers["x-daily-ratelimit-token-remaining"])
            for _ in range(2)
        ]
        return left[0] == direct.app.limits.daily_tokens, left[0] - left[1]

    assert each(both, act) == ((False, 10), (True, 10))


def test_a_token_in_the_address_signs_in(both):
    def act(direct):
        asked = [
            direct.ask("GET", "/api/v2/deals", token=None, query={"api_token": token})
            for token in ("emulator-token", "another")
        ]
        return [one.status_code for one in asked]

    assert each(both, act) == ([401, 401], [200, 401])


@pytest.mark.parametrize(
    ("table", "label"), [("deals", "title"), ("persons", "name"), ("organizations", "name")]
)
def test_rows_without_custom_fields_have_null(table, label):
    def act(dialect):
        direct = Direct(dialect=dialect, seed="empty")
        added = data(direct.ask("POST", f"/api/v2/{table}", json_body={label: "T"}))
        product = data(direct.ask("POST", "/api/v2/products", json_body={"name": "N"}))
        listed = row(direct, f"/api/v2/{table}")[0]
        direct.close()
        return added["custom_fields"], listed["custom_fields"], product["custom_fields"]

    assert [act("published"), act("observed")] == [({}, {}, {}), (None, None, {})]


def test_statuses_of_added_notes_and_leads(both):
    def act(direct):
        bodies = {"notes": {"content": "C", "deal_id": 1}, "leads": {"title": "T", "person_id": 1}}
        return [direct.ask("POST", f"/v1/{name}", json_body=bodies[name]).status_code for name in bodies]

    assert each(both, act) == ([200, 201], [201, 200])


def test_an_unknown_key_is_named_in_the_words_of_live_accounts(both):
    def act(direct):
        answer = direct.ask("PATCH", "/api/v2/deals/1", json_body={"no_such_key": 1})
        return (
            answer.status_code,
            answer.json()["code"],
            "Parameter 'no_such_key' is not" in answer.json()["error"],
        )

    code = "ERR_SCHEMA_VALIDATION_FAILED"
    assert each(both, act) == ((400, code, False), (400, code, True))


@pytest.mark.parametrize("path", ["/v1/dealFields", "/v1/leads"])
def test_the_place_of_a_page_is_under_pagination(both, path):
    def act(direct):
        more = direct.ask("GET", path, query={"limit": 2, "start": 2}).json()["additional_data"]
        return sorted(more), more.get("pagination", more)["next_start"]

    place = ["limit", "more_items_in_collection", "next_start", "start"]
    assert each(both, act) == ((place, 4), (["pagination"], 4))


def test_a_wrong_method_is_unknown_to_live_accounts(both):
    def act(direct):
        return direct.ask("POST", "/v1/users/1").status_code

    assert each(both, act) == (405, 404)


def test_lists_of_users_have_the_id_of_the_company(both):
    def act(direct):
        more = direct.ask("GET", "/v1/users").json().get("additional_data") or {}
        return type(more.get("company_id"))

    assert each(both, act) == (type(None), int)


def test_responses_have_the_headers_of_the_gateway(both):
    def act(direct):
        lead = direct.ask("GET", "/v1/leads").headers
        stranger = direct.ask("GET", "/v1/leads", token=None).headers
        return lead["content-type"], lead.get("cache-control"), stranger.get("x-401-by-gw")

    observed = ("application/json; charset=utf-8", "no-cache", "true")
    assert each(both, act) == (("application/json", None, None), observed)


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/v1/filters", "/v1/activityTypes"])
def test_rows_that_were_never_changed_have_no_update_time(both, path):
    def act(direct):
        return {one["update_time"] is None for one in row(direct, path)}

    assert each(both, act) == ({False}, {True})


def test_standard_fields_have_no_update_time(both):
    def act(direct):
        fields = data(direct.ask("GET", "/v1/dealFields", query={"limit": 500}))
        return [
            {one["update_time"] is None for one in fields if one["id"] and one["edit_flag"] is custom}
            for custom in (False, True)
        ]

    assert each(both, act) == ([{False}, {False}], [{True}, {False}])


def test_v1_fields_have_conditions_boolean_options_and_rows_without_an_id(both):
    def act(direct):
        rows = data(direct.ask("GET", "/v1/dealFields", query={"limit": 500}))
        fields = {one["key"]: one for one in rows}
        archived = fields["is_archived"].get("options") or []
        return (
            fields["won_time"]["mandatory_flag"],
            [one["id"] for one in archived],
            fields["currency"]["id"] is None,
            fields["currency"].get("parent_id") == fields["value"]["id"],
        )

    assert each(both, act) == ((False, [], False, False), ({"status": "=won"}, [False, True], True, True))


def test_a_field_that_is_listed_without_an_id_is_still_read_by_its_id(both):
    currency = next(one["id"] for one in both[0].tables()["deal_fields"] if one["key"] == "currency")
    assert each(both, lambda direct: row(direct, f"/v1/dealFields/{currency}")["id"]) == (currency, currency)


def test_a_flow_shows_values_as_texts_with_their_origin(both):
    def act(direct):
        data(direct.ask("PATCH", "/api/v2/deals/1", json_body={"value": 77}))
        flow = data(direct.ask("GET", "/v1/deals/1/flow", query={"items": "dealChange"}))
        changed = next(one["data"] for one in flow if one["data"]["field_key"] == "value")
        return changed["new_value"], changed.get("origin", "none"), changed.get("origin_id", "none")

    assert each(both, act) == ((77, "none", "none"), ("77", "api", None))


def test_a_deleted_note_is_still_returned_and_not_listed(both):
    def act(direct):
        data(direct.ask("DELETE", "/v1/notes/1"))
        listed = {one["id"] for one in data(direct.ask("GET", "/v1/notes", query={"limit": 500}))}
        return row(direct, "/v1/notes/1")["active_flag"], 1 in listed

    assert each(both, act) == ((False, False), (False, False))
