"""The journal behind changelogs and flows."""

from __future__ import annotations

import pytest

from tests.emulator.checked import Checked

ENTITIES = (("Deal", "title"), ("Person", "name"), ("Organization", "name"))


@pytest.fixture
def call(ask):
    return Checked(ask)


def _hash(call, entity, kind):
    rows = call.data(f"v2:get{entity}Fields", query={"limit": 500})
    return next(row["field_code"] for row in rows if row["is_custom_field"] and row["field_type"] == kind)


@pytest.mark.parametrize(("entity", "name"), ENTITIES)
def test_every_changed_field_is_recorded_with_its_user(call, entity, name):
    number = call.data(f"v2:add{entity}", body={name: "Before"})["id"]
    key = _hash(call, entity, "monetary")
    body = {name: "After", "owner_id": 2, "custom_fields": {key: {"value": 5, "currency": "EUR"}}}
    call(f"v2:update{entity}", id=number, body=body)
    changes = call.data(f"v1:get{entity}Changelog", id=number)
    noted = {row["field_key"]: (row["old_value"], row["new_value"]) for row in changes}
    assert noted[name] == ("Before", "After")
    assert noted["user_id" if entity == "Deal" else "owner_id"] == ("1", "2")
    assert (noted[key], noted[f"{key}_currency"]) == ((None, "5"), (None, "EUR"))
    assert "add_time" in noted
    assert "update_time" not in noted
    assert {row["actor_user_id"] for row in changes} == {1}


def test_an_update_that_changes_nothing_is_not_noted(call):
    before = call.data("v1:getDealChangelog", id=1)
    title = call.data("v2:getDeal", id=1)["title"]
    call("v2:updateDeal", id=1, body={"title": title})
    assert call.data("v1:getDealChangelog", id=1) == before


def test_changelog_pages_by_cursor(call):
    number = call.data("v2:addDeal", body={"title": "0"})["id"]
    for place in range(1, 6):
        call("v2:updateDeal", id=number, body={"title": str(place)})
    rows, query = [], {"limit": 2}
    while True:
        page = call("v1:getDealChangelog", id=number, query=query)
        rows += [row["new_value"] for row in page["data"] if row["field_key"] == "title"]
        query["cursor"] = page["additional_data"]["next_cursor"]
        if query["cursor"] is None:
            break
    assert rows == ["5", "4", "3", "2", "1"]


def test_flow_reports_all_that_happened(call):
    number = call.data("v2:addDeal", body={"title": "Flowing", "person_id": 1, "org_id": 1})["id"]
    call("v1:addNote", body={"content": "n", "deal_id": number})
    activity = {"subject": "a", "type": "call", "deal_id": number}
    call("v2:addActivity", body=activity)
    call("v2:addActivity", body={**activity, "type": "meeting", "done": True})
    call("v1:addFile", files={"file": ("a.txt", b"x")}, form={"deal_id": number})
    key = _hash(call, "Deal", "varchar")
    call("v2:updateDeal", id=number, body={"custom_fields": {key: "v"}, "title": "Flowed"})
    answer = call("v1:getDealUpdates", id=number)
    kinds = [row["object"] for row in answer["data"]]
    assert sorted(kinds) == ["activity", "activity", "dealChange", "dealChange", "file", "note"]
    times = [row["timestamp"] for row in answer["data"]]
    assert times == sorted(times, reverse=True)
    assert str(number) in answer["related_objects"]["deal"]
    every = call.data("v1:getDealUpdates", id=number, query={"all_changes": "1"})
    assert key in {row["data"].get("field_key") for row in every}
    for items, count in (("note", 1), ("activity", 2), ("plannedActivity", 1), ("call", 1), ("note,file", 2)):
        assert len(call.data("v1:getDealUpdates", id=number, query={"items": items})) == count
    assert call.data("v1:getDealUpdates", id=number, query={"items": "invoice"}) is None
    call.refused("v1:getDealUpdates", 400, id=number, query={"items": "nothing"})
    page = call.data("v1:getDealUpdates", id=number, query={"start": 1, "limit": 2})
    assert page == answer["data"][1:3]


def test_flow_of_a_contact_shows_the_changes_of_its_deals(call):
    person = call.data("v2:addPerson", body={"name": "P"})["id"]
    org = call.data("v2:addOrganization", body={"name": "O"})["id"]
    call("v2:addDeal", body={"title": "D", "person_id": person, "org_id": org})
    for key, number in (("v1:getPersonUpdates", person), ("v1:getOrganizationUpdates", org)):
        kinds = {row["object"] for row in call.data(key, id=number)}
        assert kinds == {"dealChange", "personChange" if number == person else "organizationChange"}


def test_seeded_records_have_a_past(call):
    for entity, _ in ENTITIES:
        assert call.data(f"v1:get{entity}Changelog", id=6)
        assert call.data(f"v1:get{entity}Updates", id=6)
