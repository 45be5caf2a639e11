"""Fields and options defined, changed and deleted, and what records show of them."""

from __future__ import annotations

import pytest

# Entity → path of its records, a body that adds one.
ENTITIES = {
    "deal": ("/api/v2/deals", {"title": "With fields"}),
    "person": ("/api/v2/persons", {"name": "With fields"}),
    "organization": ("/api/v2/organizations", {"name": "With fields"}),
    "product": ("/api/v2/products", {"name": "With fields"}),
    "project": ("/api/v2/projects", {"title": "With fields"}),
}
CHOICE = {"field_name": "Größe 大", "field_type": "enum", "options": [{"label": "S"}, {"label": "L"}]}


def _add(ask, entity, body=None):
    answer = ask.send("POST", f"/api/v2/{entity}Fields", body or CHOICE)
    assert answer.status_code < 300, answer.text
    return answer.json()["data"]


@pytest.mark.parametrize("entity", sorted(ENTITIES))
def test_a_new_field_is_on_every_record_and_accepts_values(ask, entity):
    path, body = ENTITIES[entity]
    field = _add(ask, entity)
    code, option = field["field_code"], field["options"][1]["id"]
    assert len(code) == 40
    row = ask.get(f"{path}/1")["data"]
    assert row["custom_fields"][code] is None
    assert all(code in listed["custom_fields"] for listed in ask.get(path, limit=500)["data"])
    kept = ask.send("PATCH", f"{path}/1", {"custom_fields": {code: option}}).json()["data"]
    assert kept["custom_fields"][code] == option
    added = ask.send("POST", path, {**body, "custom_fields": {code: option}}).json()["data"]
    assert ask.get(f"{path}/{added['id']}")["data"]["custom_fields"][code] == option


@pytest.mark.parametrize("entity", sorted(ENTITIES))
def test_a_deleted_field_vanishes_from_records_and_is_rejected(ask, entity):
    path, _ = ENTITIES[entity]
    before = ask.get(f"{path}/1")["data"]
    code = next(key for key, value in before["custom_fields"].items() if value is not None)
    gone = ask.ask("DELETE", f"/api/v2/{entity}Fields/{code}").json()["data"]
    assert gone["field_code"] == code
    assert ask.ask("GET", f"/api/v2/{entity}Fields/{code}").status_code == 404
    after = ask.get(f"{path}/1")["data"]
    assert set(before["custom_fields"]) - set(after["custom_fields"]) == {code}
    assert after["update_time"] == before["update_time"]
    assert ask.send("PATCH", f"{path}/1", {"custom_fields": {code: None}}).status_code == 400


def test_a_deleted_option_leaves_the_records(ask):
    field = _add(ask, "deal", {**CHOICE, "field_type": "set"})
    code, ids = field["field_code"], [option["id"] for option in field["options"]]
    options = f"/api/v2/dealFields/{code}/options"
    ask.send("PATCH", "/api/v2/deals/1", {"custom_fields": {code: ids}})
    assert ask.send("DELETE", options, [{"id": ids[0]}]).json()["data"] == [{"id": ids[0], "label": "S"}]
    assert ask.get("/api/v2/deals/1")["data"]["custom_fields"][code] == ids[1:]
    ask.send("DELETE", options, [{"id": ids[1]}])
    assert ask.get("/api/v2/deals/1")["data"]["custom_fields"][code] is None
    assert ask.send("PATCH", "/api/v2/deals/1", {"custom_fields": {code: ids}}).status_code == 400


def test_options_change_all_or_nothing(ask):
    field = _add(ask, "person")
    options = f"/api/v2/personFields/{field['field_code']}/options"
    first = field["options"][0]["id"]
    before = ask.dump()
    for method, body in (
        ("POST", [{"label": "M"}, {"label": "S"}]),
        ("POST", [{"label": " "}]),
        ("POST", []),
        ("PATCH", [{"id": first, "label": "XS"}, {"id": 9_999, "label": "none"}]),
        ("PATCH", [{"id": first, "label": "L"}]),
        ("DELETE", [{"id": first}, {"id": 9_999}]),
        ("DELETE", [{"id": first}, {"id": first}]),
    ):
        assert ask.send(method, options, body).status_code == 400, (method, body)
    assert ask.dump() == before
    added = ask.send("POST", options, [{"label": "M"}, {"label": "XL"}]).json()["data"]
    assert [option["label"] for option in added] == ["M", "XL"]
    renamed = ask.send("PATCH", options, [{"id": first, "label": "XS"}]).json()["data"]
    assert renamed == [{"id": first, "label": "XS"}]
    shown = ask.get(f"/api/v2/personFields/{field['field_code']}")["data"]["options"]
    assert [option["label"] for option in shown] == ["XS", "L", "M", "XL"]


def test_option_ids_are_never_given_twice(ask):
    first = _add(ask, "deal")["options"]
    second = _add(ask, "organization")["options"]
    assert {option["id"] for option in first}.isdisjoint(option["id"] for option in second)


@pytest.mark.parametrize(
    "body",
    [
        {"field_name": "x", "field_type": "enum"},
        {"field_name": "x", "field_type": "text", "options": [{"label": "a"}]},
        {"field_name": " ", "field_type": "text"},
        {"field_name": "x", "field_type": "set", "options": [{"label": "a"}, {"label": "a"}]},
        {"field_name": "x", "field_type": "visible_to"},
        {"field_name": "x", "field_type": "text", "important_fields": {"enabled": True, "stage_ids": [99]}},
    ],
    ids=str,
)
def test_rejects_a_field_that_cannot_be(ask, body):
    before = ask.dump()
    assert ask.send("POST", "/api/v2/dealFields", body).status_code == 400
    assert ask.dump() == before


def test_built_in_fields_stay(ask):
    assert ask.send("PATCH", "/api/v2/dealFields/title", {"field_name": "Name"}).status_code == 400
    assert ask.ask("DELETE", "/api/v2/dealFields/title").status_code == 400
    number = next(row["id"] for row in ask.get("/v1/dealFields", limit=500)["data"] if row["key"] == "title")
    assert ask.ask("DELETE", f"/v1/dealFields/{number}").status_code == 400
    assert ask.send("PUT", f"/v1/dealFields/{number}", {"name": "Name"}).status_code == 400


def test_details_are_kept_and_shown_on_request(ask):
    details = {
        "ui_visibility": {
            "add_visible_flag": True,
            "show_in_pipelines": {"show_in_all": False, "pipeline_ids": [2]},
        },
        "required_fields": {"enabled": True, "stage_ids": [6], "statuses": {"2": ["won"]}},
    }
    code = _add(ask, "deal", {"field_name": "Detailed", "field_type": "text", **details})["field_code"]
    names = "ui_visibility,important_fields,required_fields"
    shown = ask.get(f"/api/v2/dealFields/{code}", include_fields=names)["data"]
    assert shown["ui_visibility"]["show_in_pipelines"]["pipeline_ids"] == [2]
    assert shown["required_fields"] == details["required_fields"]
    assert shown["important_fields"] == {"enabled": False, "stage_ids": []}
    assert "ui_visibility" not in ask.get(f"/api/v2/dealFields/{code}")["data"]
    changed = ask.send("PATCH", f"/api/v2/dealFields/{code}", {"important_fields": {"enabled": True}})
    assert changed.json()["data"]["important_fields"]["enabled"] is True
    assert ask.send("PATCH", f"/api/v2/dealFields/{code}", {}).status_code == 400


def test_both_versions_see_the_same_definition(ask):
    code = _add(ask, "product")["field_code"]
    old = next(row for row in ask.get("/v1/productFields", limit=500)["data"] if row["key"] == code)
    assert (old["name"], old["created_by_user_id"]) == ("Größe 大", 1)
    body = {"name": "Size", "options": [{"id": old["options"][0]["id"], "label": "Small"}, {"label": "Huge"}]}
    changed = ask.send("PUT", f"/v1/productFields/{old['id']}", body).json()["data"]
    assert [option["label"] for option in changed["options"]] == ["Small", "Huge"]
    assert "options_deleted" not in changed  # published for the fields of all others
    assert ask.get(f"/api/v2/productFields/{code}")["data"]["field_name"] == "Size"
    assert ask.ask("DELETE", f"/v1/productFields/{old['id']}").json()["data"] == {"id": old["id"]}
    assert ask.ask("GET", f"/api/v2/productFields/{code}").status_code == 404


def test_v1_deletes_several_fields_or_none(ask):
    ids = [row["id"] for row in ask.get("/v1/personFields", limit=500)["data"] if row["edit_flag"]]
    assert ask.ask("DELETE", "/v1/personFields", params={"ids": f"{ids[0]},999999"}).status_code == 404
    assert ids[0] in {row["id"] for row in ask.get("/v1/personFields", limit=500)["data"]}
    answer = ask.ask("DELETE", "/v1/personFields", params={"ids": f"{ids[0]},{ids[1]}"})
    assert answer.json()["data"] == {"id": ids[:2]}
    assert not {row["id"] for row in ask.get("/v1/personFields", limit=500)["data"]} & set(ids[:2])


def test_leads_follow_the_fields_of_deals(ask):
    lead = next(row for row in ask.get("/v1/leads", limit=100)["data"] if any(len(key) == 40 for key in row))
    key = next(key for key in lead if len(key) == 40)
    ask.ask("DELETE", f"/api/v2/dealFields/{key}")
    assert key not in ask.get(f"/v1/leads/{lead['id']}")["data"]
    code = _add(ask, "deal")["field_code"]
    option = str(ask.get(f"/api/v2/dealFields/{code}")["data"]["options"][0]["id"])
    assert ask.send("PATCH", f"/v1/leads/{lead['id']}", {code: option}).json()["data"][code] == option
