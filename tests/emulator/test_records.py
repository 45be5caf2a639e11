"""State behind the core entities: written values can be read, under the published rules."""

from __future__ import annotations

import pytest


def _custom(ask, entity, kind):
    rows = ask.get(f"/api/v2/{entity}Fields", limit=500)["data"]
    return next(r for r in rows if r["is_custom_field"] and r["field_type"] == kind)


def test_a_deal_is_added_read_changed_and_deleted(ask):
    added = ask.send("POST", "/api/v2/deals", {"title": "New", "value": 5.5, "person_id": 1}).json()["data"]
    assert (added["stage_id"], added["pipeline_id"], added["status"]) == (1, 1, "open")
    changed = ask.send(
        "PATCH", f"/api/v2/deals/{added['id']}", {"status": "lost", "lost_reason": "Price"}
    ).json()["data"]
    assert changed["lost_time"] == changed["close_time"] is not None
    assert ask.send("DELETE", f"/api/v2/deals/{added['id']}", None).json()["data"] == {"id": added["id"]}
    listed = {row["id"]: row for row in ask.get("/api/v2/deals", limit=500, status="deleted")["data"]}
    assert listed[added["id"]]["is_deleted"] is True
    assert added["id"] not in {row["id"] for row in ask.get("/api/v2/deals", limit=500)["data"]}
    assert ask.send("DELETE", f"/api/v2/deals/{added['id']}", None).status_code == 404


def test_a_deleted_deal_is_purged_after_thirty_days(ask):
    number = ask.send("POST", "/api/v2/deals", {"title": "Short-lived"}).json()["data"]["id"]
    ask.send("DELETE", f"/api/v2/deals/{number}", None)
    ask.hook("clock", {"advance_seconds": 29 * 86_400})
    assert ask.ask("GET", f"/api/v2/deals/{number}").status_code == 200
    ask.hook("clock", {"advance_seconds": 2 * 86_400})
    assert ask.ask("GET", f"/api/v2/deals/{number}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"lost_reason": "without lost"},
        {"won_time": "2026-01-01T00:00:00Z"},
        {"pipeline_id": 2},
        {"stage_id": 6, "pipeline_id": 1},
        {"status": "asleep"},
        {"person_id": 999},
        {"currency": "XXX"},
        {"label_ids": [77]},
        {"visible_to": 2},
        {"value": "5"},
        {"owner_id": True},
        {"title": ""},
        {"add_time": "2026-01-01T00:00:00Z"},
        {"archive_time": "2026-01-01T00:00:00.000Z", "is_archived": True},
    ],
    ids=str,
)
def test_rejects_a_deal_that_breaks_a_rule(ask, body):
    before = ask.dump()
    assert ask.send("PATCH", "/api/v2/deals/1", body).status_code in (400, 404)
    assert ask.dump() == before


def test_archived_deals_leave_the_list_and_refuse_edits(ask):
    ask.send("PATCH", "/api/v2/deals/1", {"is_archived": True})
    assert 1 not in {row["id"] for row in ask.get("/api/v2/deals", limit=500)["data"]}
    assert 1 in {row["id"] for row in ask.get("/api/v2/deals/archived", limit=500)["data"]}
    assert ask.send("PATCH", "/api/v2/deals/1", {"title": "x"}).status_code == 403
    assert ask.send("DELETE", "/api/v2/deals/1", None).status_code == 403
    assert ask.send("PATCH", "/api/v2/deals/1", {"is_archived": False}).json()["data"]["archive_time"] is None


def test_a_patch_that_changes_nothing_leaves_update_time(ask):
    before = ask.get("/api/v2/deals/2")["data"]
    assert ask.send("PATCH", "/api/v2/deals/2", {"title": before["title"]}).json()["data"] == {
        **before,
        "source_lead_id": None,  # reads return it on request
    }
    after = ask.send("PATCH", "/api/v2/deals/2", {"title": "other"}).json()["data"]
    assert after["update_time"] > before["update_time"]


GOOD = {
    "varchar": "text",
    "varchar_auto": "text",
    "text": "long",
    "double": 1.5,
    "phone": "+49 1",
    "date": "2026-01-02",
    "daterange": {"value": "2026-01-02", "until": "2026-01-03"},
    "time": {"value": "10:00:00", "timezone_name": "Europe/Tallinn"},
    "timerange": {"value": "10:00:00", "until": "11:00:00", "timezone_name": "Asia/Tokyo"},
    "monetary": {"value": 5, "currency": "EUR"},
    "org": 1,
    "people": 1,
    "user": 1,
}
WRONG = {
    "varchar": 5,
    "varchar_auto": "",
    "text": "",
    "double": "1.5",
    "phone": 49,
    "date": "02.01.2026",
    "daterange": "2026-01-02",
    "time": "10:00",
    "timerange": {"until": "11:00:00"},
    "monetary": {"value": "5", "currency": "EUR"},
    "set": [],
    "enum": "101",
    "org": 999,
    "people": {"id": 1},
    "user": "1",
    "address": "Main St",
}


@pytest.mark.parametrize("kind", sorted(GOOD))
@pytest.mark.parametrize(
    ("entity", "path"), [("deal", "deals"), ("person", "persons"), ("organization", "organizations")]
)
def test_a_custom_value_is_kept_and_cleared(ask, entity, path, kind):
    key = _custom(ask, entity, kind)["field_code"]
    kept = ask.send("PATCH", f"/api/v2/{path}/2", {"custom_fields": {key: GOOD[kind]}}).json()["data"]
    if kind in ("time", "timerange"):
        assert kept["custom_fields"][key].pop("timezone_id") > 0
    assert kept["custom_fields"][key] == GOOD[kind]
    cleared = ask.send("PATCH", f"/api/v2/{path}/2", {"custom_fields": {key: None}}).json()["data"]
    assert cleared["custom_fields"][key] is None


def test_the_time_zone_of_a_time_has_a_name_and_a_number(ask):
    key = _custom(ask, "deal", "time")["field_code"]

    def write(**zone):
        value = {"value": "10:00:00", **zone}
        return ask.send("PATCH", "/api/v2/deals/2", {"custom_fields": {key: value}})

    named = write(timezone_name="Asia/Tokyo").json()["data"]["custom_fields"][key]
    number = named["timezone_id"]
    assert named == {"value": "10:00:00", "timezone_id": number, "timezone_name": "Asia/Tokyo"}
    assert write(timezone_id=number).json()["data"]["custom_fields"][key] == named
    assert write(timezone_id=number, timezone_name="Asia/Tokyo").status_code == 200
    of_the_user = ask.get("/v1/users/me")["data"]["timezone_name"]
    assert write().json()["data"]["custom_fields"][key]["timezone_name"] == of_the_user
    for wrong in ({"timezone_name": "Asia/Nowhere"}, {"timezone_id": 1}, {"timezone_id": str(number)}):
        assert write(**wrong).json()["field_code"] == key
    assert write(timezone_id=number, timezone_name="Asia/Seoul").status_code == 400


def test_a_lead_has_the_number_of_a_time_zone(ask):
    key = _custom(ask, "deal", "time")["field_code"]
    lead = ask.get("/v1/leads")["data"][0]["id"]
    numbers = []
    for zone in ("Asia/Tokyo", None):
        body = {key: "10:00:00", f"{key}_timezone_id": zone or numbers[0]}
        shown = ask.send("PATCH", f"/v1/leads/{lead}", body).json()["data"]
        assert f"{key}_timezone_name" not in shown
        numbers.append(shown[f"{key}_timezone_id"])
    assert numbers[0] == numbers[1] > 0


@pytest.mark.parametrize(
    ("entity", "path"),
    [("deal", "deals"), ("person", "persons"), ("organization", "organizations"), ("product", "products")],
)
def test_a_new_row_stores_its_custom_values_like_a_changed_one(ask, entity, path):
    key, other = (_custom(ask, entity, kind)["field_code"] for kind in ("time", "varchar"))
    values = {"custom_fields": {key: {"value": "10:00:00", "timezone_name": "Asia/Tokyo"}}}
    named = {"title": "N"} if path == "deals" else {"name": "N"}
    added = ask.send("POST", f"/api/v2/{path}", {**named, **values}).json()["data"]
    changed = ask.send("PATCH", f"/api/v2/{path}/{added['id']}", values).json()["data"]
    assert added["custom_fields"] == changed["custom_fields"]
    assert (added["custom_fields"][key]["timezone_id"] > 0, added["custom_fields"][other]) == (True, None)


@pytest.mark.parametrize("kind", sorted(WRONG))
def test_rejects_a_custom_value_of_the_wrong_type_and_names_the_field(ask, kind):
    key = _custom(ask, "deal", kind)["field_code"]
    answer = ask.send("PATCH", "/api/v2/deals/1", {"custom_fields": {key: WRONG[kind]}})
    assert answer.status_code == 400
    assert answer.json()["field_code"] == key


def test_rejects_unknown_custom_keys(ask):
    for key in ("0" * 40, "title"):
        assert ask.send("POST", "/api/v2/deals", {"title": "x", "custom_fields": {key: 1}}).status_code == 400


def test_options_are_shown_as_labels_on_request(ask):
    field = _custom(ask, "deal", "set")
    ids = [option["id"] for option in field["options"][:2]]
    ask.send("PATCH", "/api/v2/deals/1", {"custom_fields": {field["field_code"]: ids}, "label_ids": [1]})
    row = ask.get("/api/v2/deals/1", include_option_labels="true", include_labels="true")["data"]
    assert row["custom_fields"][field["field_code"]] == [
        {"id": o["id"], "label": o["label"]} for o in field["options"][:2]
    ]
    assert row["labels"] == [{"id": 1, "label": "Hot"}]
    only = ask.get("/api/v2/deals/1", custom_fields=field["field_code"])["data"]
    assert list(only["custom_fields"]) == [field["field_code"]]


def test_list_filters_apply_their_conditions(ask):
    rows = ask.get("/api/v2/deals", limit=500)["data"]
    for name in ("owner_id", "person_id", "org_id", "pipeline_id", "stage_id"):
        value = next(row[name] for row in rows if row[name] is not None)
        found = ask.get("/api/v2/deals", limit=500, **{name: value})["data"]
        assert [row["id"] for row in found] == [row["id"] for row in rows if row[name] == value]
    assert [row["id"] for row in ask.get("/api/v2/deals", ids="3,1,999")["data"]] == [1, 3]
    won = ask.get("/api/v2/deals", status="won,lost", limit=500)["data"]
    assert {row["status"] for row in won} == {"won", "lost"}
    done = ask.get("/api/v2/activities", done="true", limit=500)["data"]
    assert done
    assert all(row["done"] for row in done)


def test_saved_filters_filter(ask):
    field = next(f for f in ask.get("/v1/dealFields", limit=500)["data"] if f["key"] == "value")
    condition = {
        "object": "deal",
        "field_id": field["id"],
        "operator": ">",
        "value": 1000,
        "extra_value": None,
    }
    groups = [{"glue": "and", "conditions": [condition]}, {"glue": "or", "conditions": []}]
    body = {"name": "Big", "type": "deals", "conditions": {"glue": "and", "conditions": groups}}
    number = ask.send("POST", "/v1/filters", body).json()["data"]["id"]
    rows = ask.get("/api/v2/deals", filter_id=number, limit=500)["data"]
    assert rows
    assert all(row["value"] > 1000 for row in rows)
    assert "conditions" not in next(f for f in ask.get("/v1/filters")["data"] if f["id"] == number)
    assert ask.ask("GET", "/api/v2/persons", params={"filter_id": number}).status_code == 400


def test_leads_keep_custom_fields_at_the_top_level(ask):
    field = _custom(ask, "deal", "set")
    key, ids = field["field_code"], [option["id"] for option in field["options"][:2]]
    money = _custom(ask, "deal", "monetary")["field_code"]
    body = {"title": "L", "person_id": 1, key: ",".join(map(str, ids)), money: 12, f"{money}_currency": "EUR"}
    lead = ask.send("POST", "/v1/leads", body).json()["data"]
    assert (lead[key], lead[money], lead[f"{money}_currency"]) == (",".join(map(str, ids)), 12, "EUR")
    assert "custom_fields" not in lead
    cleared = ask.send("PATCH", f"/v1/leads/{lead['id']}", {key: None}).json()["data"]
    assert key not in cleared
    assert ask.send("POST", "/v1/leads", {"title": "nobody's"}).status_code == 400
    assert ask.send("DELETE", f"/v1/leads/{lead['id']}", None).json()["data"] == {"id": lead["id"]}
    assert ask.ask("GET", f"/v1/leads/{lead['id']}").status_code == 404


def test_a_file_is_returned_byte_for_byte(ask):
    content = bytes(range(256)) * 40 + b"\r\n--x\r\n\r\n"
    answer = ask.ask("POST", "/v1/files", files={"file": ("räport.bin", content)}, data={"deal_id": "1"})
    row = answer.json()["data"]
    assert (row["file_size"], row["deal_id"]) == (len(content), 1)
    assert ask.ask("GET", f"/v1/files/{row['id']}/download").content == content
    seeded = ask.get("/v1/files/1")["data"]
    assert len(ask.ask("GET", "/v1/files/1/download").content) == seeded["file_size"]
    assert (
        ask.ask(
            "POST", "/v1/files", files={"file": ("a", b"")}, data={"deal_id": "1", "org_id": "1"}
        ).status_code
        == 400
    )


def test_deal_products_are_all_or_nothing_and_set_the_value(ask):
    line = {"product_id": 1, "item_price": 10, "quantity": 2, "tax_method": "none"}
    number = ask.send("POST", "/api/v2/deals", {"title": "Lines"}).json()["data"]["id"]
    path = f"/api/v2/deals/{number}/products"
    assert ask.send("POST", f"{path}/bulk", {"data": [line, {**line, "product_id": 999}]}).status_code == 400
    assert ask.get(path)["data"] == []
    assert ask.send("POST", f"{path}/bulk", {"data": [line] * 3}).status_code == 201
    assert ask.get(f"/api/v2/deals/{number}")["data"]["value"] == 60
    both = ask.get("/api/v2/deals/products", deal_ids=f"{number},1", limit=500)["data"]
    assert {row["deal_id"] for row in both} >= {number}
    assert len(ask.ask("DELETE", path).json()["data"]["ids"]) == 3
    assert (
        ask.ask(
            "GET", "/api/v2/deals/products", params={"deal_ids": ",".join(map(str, range(1, 102)))}
        ).status_code
        == 400
    )


def test_followers_by_user_and_their_changelog(ask):
    path = "/api/v2/organizations/1/followers"
    assert ask.send("POST", path, {"user_id": 3}).json()["data"]["user_id"] == 3
    assert ask.send("POST", path, {"user_id": 3}).status_code == 400
    assert ask.ask("DELETE", f"{path}/3").json()["data"] == {"user_id": 3}
    actions = [row["action"] for row in ask.get(f"{path}/changelog")["data"]]
    assert actions == ["removed", "added"]


def test_deleted_contacts_are_not_listed(ask):
    assert ask.ask("DELETE", "/api/v2/persons/2").status_code == 200
    assert ask.ask("GET", "/api/v2/persons/2").status_code == 404
    assert 2 not in {row["id"] for row in ask.get("/api/v2/persons", limit=500)["data"]}


def test_optional_fields_only_on_request(ask):
    assert "attendees" not in ask.get("/api/v2/activities/5")["data"]
    assert ask.get("/api/v2/activities/5", include_fields="attendees")["data"]["attendees"]
    assert "notes_count" not in ask.get("/api/v2/deals/1")["data"]
    counted = ask.get("/api/v2/deals", include_fields="notes_count", limit=500)["data"]
    notes = [note["deal_id"] for note in ask.tables()["notes"] if note["active_flag"]]
    assert {one["id"]: one["notes_count"] for one in counted} == {
        one["id"]: notes.count(one["id"]) for one in counted
    }
    assert any(one["notes_count"] for one in counted)
