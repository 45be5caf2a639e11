"""Side effects of writes on activities, contacts, leads and followers."""

from __future__ import annotations

import pytest

from tests.emulator.checked import Checked


@pytest.fixture
def call(ask):
    return Checked(ask)


def _deal(call, **more):
    return call.data("v2:addDeal", body={"title": "Fresh", **more})["id"]


def _ids(rows):
    return {row["id"] for row in rows or ()}


def _shown(call, deal):
    return call.data("v2:getDeal", id=deal)


# Activities and counters


def test_counters_move_with_what_they_count(call):
    person = call.data("v2:addPerson", body={"name": "P"})["id"]
    org = call.data("v2:addOrganization", body={"name": "O"})["id"]
    deal = _deal(call, person_id=person, org_id=org)
    records = (("Deal", deal, "deal_id"), ("Person", person, "person_id"), ("Organization", org, "org_id"))
    names = (
        "next_activity_id",
        "last_activity_id",
        "activities_count",
        "done_activities_count",
        "undone_activities_count",
        "notes_count",
        "files_count",
        "followers_count",
    )

    def counts():
        query = {"include_fields": ",".join(names)}
        found = [call.data(f"v2:get{word}", id=number, query=query) for word, number, _ in records]
        rows = [[row[name] for name in names] for row in found]
        assert rows[0] == rows[1] == rows[2]
        return rows[0]

    assert counts() == [None, None, 0, 0, 0, 0, 0, 0]
    body = {"deal_id": deal, "org_id": org, "participants": [{"person_id": person, "primary": True}]}
    later, sooner = (
        call.data("v2:addActivity", body={"subject": "a", "due_date": date, **body})["id"]
        for date in ("2026-09-02", "2026-09-01")
    )
    note = call.data("v1:addNote", body={"content": "n", "deal_id": deal, "person_id": person, "org_id": org})
    files = [
        call.data("v1:addFile", files={"file": ("a", b"x")}, form={column: number})["id"]
        for _, number, column in records
    ]
    for word, number, _ in records:
        call(f"v2:add{word}Follower", id=number, body={"user_id": 3})
    assert counts() == [sooner, None, 2, 0, 2, 1, 1, 1]
    call("v2:updateActivity", id=sooner, body={"done": True})
    assert counts() == [later, sooner, 2, 1, 1, 1, 1, 1]
    call("v2:updateActivity", id=sooner, body={"done": False})
    assert counts()[:2] == [sooner, None]
    call("v2:deleteActivity", id=sooner)
    call("v1:deleteNote", id=note["id"])
    for number in files:
        call("v1:deleteFile", id=number)
    for word, number, _ in records:
        call(f"v2:delete{word}Follower", id=number, follower_id=3)
    assert counts() == [later, None, 1, 0, 1, 0, 0, 0]


def test_deal_counters_of_contacts_move_with_status_and_deletion(call):
    org = call.data("v2:addOrganization", body={"name": "O"})["id"]
    person = call.data("v2:addPerson", body={"name": "P", "org_id": org})["id"]
    deal = _deal(call, person_id=person, org_id=org)
    names = ("open_deals_count", "won_deals_count", "lost_deals_count", "closed_deals_count")

    def counts():
        rows = [
            call.data(f"v2:get{word}", id=number, query={"include_fields": ",".join(names)})
            for word, number in (("Person", person), ("Organization", org))
        ]
        found = [[row[name] for name in names] for row in rows]
        assert found[0] == found[1]
        return found[0]

    assert counts() == [1, 0, 0, 0]
    call("v2:updateDeal", id=deal, body={"status": "won"})
    assert counts() == [0, 1, 0, 1]
    call("v2:updateDeal", id=deal, body={"status": "lost"})
    assert counts() == [0, 0, 1, 1]
    call("v2:deleteDeal", id=deal)
    assert counts() == [0, 0, 0, 0]
    query = {"include_fields": "people_count"}
    assert call.data("v2:getOrganization", id=org, query=query)["people_count"] == 1
    call("v2:deletePerson", id=person)
    assert call.data("v2:getOrganization", id=org, query=query)["people_count"] == 0


def test_done_activities_report_when_and_belong_to_one_row(call):
    lead = call.data("v1:addLead", body={"title": "L", "person_id": 1})["id"]
    activity = call.data("v2:addActivity", body={"type": "meeting", "done": True})
    kinds = {row["key_string"]: row["name"] for row in call.data("v1:getActivityTypes")}
    assert (activity["subject"], activity["marked_as_done_time"] is None) == (kinds["meeting"], False)
    path = {"id": activity["id"]}
    assert call.data("v2:updateActivity", **path, body={"done": False})["marked_as_done_time"] is None
    assert call.data("v2:updateActivity", **path, body={"deal_id": 1})["deal_id"] == 1
    moved = call.data("v2:updateActivity", **path, body={"lead_id": lead})
    assert (moved["deal_id"], moved["lead_id"]) == (None, lead)
    assert call.data("v1:getLead", id=lead)["next_activity_id"] == activity["id"]
    call.refused("v2:updateActivity", 400, **path, body={"lead_id": lead, "deal_id": 1})
    twice = [{"person_id": 1, "primary": True}, {"person_id": 1, "primary": False}]
    call.refused("v2:updateActivity", 400, **path, body={"participants": twice})
    call.refused("v2:updateActivity", 400, **path, body={"attendees": [{"email": "x", "person_id": 9_999}]})
    call.refused("v2:updateActivity", 400, **path, body={"person_id": 1})
    both = [{"person_id": 1}, {"person_id": 2, "primary": True}]
    assert call.data("v2:updateActivity", **path, body={"participants": both})["person_id"] == 2
    assert call.data("v2:updateActivity", **path, body={"participants": []})["person_id"] is None


def test_a_deleted_activity_type_stays_on_activities_and_frees_its_name(call):
    body = {"name": "Picknick", "icon_key": "lunch"}
    kind = call.data("v1:addActivityType", body=body)
    activity = call.data("v2:addActivity", body={"type": kind["key_string"]})["id"]
    call.refused("v1:addActivityType", 400, body=body)
    goal = {
        "assignee": {"id": 1, "type": "person"},
        "type": {"name": "activities_added", "params": {"activity_type_id": [kind["id"]]}},
        "expected_outcome": {"target": "5", "tracking_metric": "quantity"},
        "duration": {"start": "2026-01-01", "end": None},
        "interval": "monthly",
    }
    number = call.data("v1:addGoal", body=goal)["goal"]["id"]
    assert call.data("v1:deleteActivityType", id=kind["id"])["active_flag"] is False
    call.refused("v1:deleteActivityType", 404, id=kind["id"])
    assert call.data("v2:getActivity", id=activity)["type"] == kind["key_string"]
    call.refused("v2:addActivity", 400, body={"type": kind["key_string"]})
    period = {"period.start": "2026-06-01", "period.end": "2026-06-30"}
    assert call.data("v1:getGoalResult", id=number, query=period)["progress"] == 1
    again = call.data("v1:addActivityType", body=body)
    assert again["key_string"] != kind["key_string"]
    assert call.data("v2:addActivity", body={"type": again["key_string"]})["type"] == again["key_string"]


def test_a_call_logged_on_an_activity_gets_its_references(call):
    body = {"subject": "Ring", "type": "call", "deal_id": 2, "org_id": 3}
    activity = call.data("v2:addActivity", body=body)["id"]
    log = {
        "outcome": "connected",
        "to_phone_number": "+49 30 1",
        "start_time": "2026-06-01 10:00:00",
        "end_time": "2026-06-01 10:01:00",
        "activity_id": activity,
        "person_id": 4,
        "org_id": 5,
        "note": "Told",
    }
    kept = call.data("v1:addCallLog", body=log)
    assert [kept[n] for n in ("deal_id", "org_id", "person_id", "subject")] == [2, 3, None, "Ring"]
    done = call.data("v2:getActivity", id=activity)
    assert (done["done"], done["marked_as_done_time"], done["note"]) == (True, "2026-06-01T10:01:00Z", "Told")
    meeting = call.data("v2:addActivity", body={"type": "meeting"})["id"]
    call.refused("v1:addCallLog", 400, body={**log, "activity_id": meeting})


# Contacts


def test_lists_of_a_person_replace_and_custom_fields_merge(call):
    fields = call.data("v2:getPersonFields", query={"limit": 500})
    keys = [f["field_code"] for f in fields if f["is_custom_field"] and f["field_type"] in ("text", "double")]
    values = dict(zip(keys, ("x", 1.5) if len(keys) == 2 else (), strict=True))
    emails = [{"value": "a@x.example", "primary": True}, {"value": "b@x.example"}]
    person = call.data(
        "v2:addPerson", body={"name": "P", "emails": emails, "label_ids": [5, 6], "custom_fields": values}
    )
    path = {"id": person["id"]}
    changed = call.data(
        "v2:updatePerson", **path, body={"emails": [{"value": "c@x.example"}], "label_ids": [7]}
    )
    assert [(e["value"], e["primary"]) for e in changed["emails"]] == [("c@x.example", True)]
    assert (changed["label_ids"], changed["custom_fields"]) == ([7], person["custom_fields"])
    one = call.data("v2:updatePerson", **path, body={"custom_fields": {keys[0]: None}})["custom_fields"]
    assert one == {**person["custom_fields"], keys[0]: None}
    assert call.data("v2:updatePerson", **path, body={"emails": [], "label_ids": []})["emails"] == []


def test_an_address_is_replaced_as_a_whole(call):
    place = {"value": "Wien", "country": "AT", "postal_code": "1010"}
    org = call.data("v2:addOrganization", body={"name": "O", "address": place})["id"]
    address = call.data("v2:updateOrganization", id=org, body={"address": {"value": "Graz"}})["address"]
    assert (address["value"], address["country"], address["postal_code"]) == ("Graz", None, None)


def test_a_marketing_status_changes_once_and_needs_an_address(call):
    query = {"include_fields": "marketing_status"}
    nobody = call.data("v2:addPerson", body={"name": "N", "marketing_status": "subscribed"})["id"]
    assert call.data("v2:getPerson", id=nobody, query=query)["marketing_status"] == "no_consent"
    emails = [{"value": "n@x.example", "primary": True}]
    for status, kept in (("subscribed", "subscribed"), ("unsubscribed", "subscribed")):
        call("v2:updatePerson", id=nobody, body={"emails": emails, "marketing_status": status})
        assert call.data("v2:getPerson", id=nobody, query=query)["marketing_status"] == kept


def test_visibility_is_that_of_the_role_where_none_is_sent(call):
    entities = (
        ("deal", "v2:addDeal", {"title": "x"}),
        ("lead", "v1:addLead", {"title": "x", "person_id": 1}),
        ("org", "v2:addOrganization", {"name": "x"}),
        ("person", "v2:addPerson", {"name": "x"}),
        ("product", "v2:addProduct", {"name": "x"}),
    )
    role = call.data("v1:getUser", id=1)["role_id"]
    for entity, add, body in entities:
        setting = {"setting_key": f"{entity}_default_visibility", "value": 5}
        call("v1:addOrUpdateRoleSetting", id=role, body=setting)
        assert str(call.data(add, body=body)["visible_to"]) == "5"
        assert (
            str(call.data(add, body={**body, "visible_to": "1" if entity == "lead" else 1})["visible_to"])
            == "1"
        )


def test_deleted_contacts_leave_search_and_lists_but_not_what_refers_to_them(call):
    org = call.data("v2:addOrganization", body={"name": "Quokka Werke"})["id"]
    person = call.data("v2:addPerson", body={"name": "Quokka Person", "org_id": org})["id"]
    deal = _deal(call, person_id=person, org_id=org)
    lead = call.data("v1:addLead", body={"title": "L", "person_id": person, "organization_id": org})["id"]
    for word, search, number in (("Person", "Persons", person), ("Organization", "Organization", org)):
        assert _found(call, f"v2:search{search}", "quokka") == {number}
        call(f"v2:delete{word}", id=number)
        assert _found(call, f"v2:search{search}", "quokka") == set()
        assert number not in _ids(call.data(f"v2:get{word}s", query={"limit": 500}))
        for key in (f"v2:get{word}", f"v2:delete{word}", f"v1:get{word}Changelog", f"v1:get{word}Updates"):
            call.refused(key, 404, id=number)
        call.refused(f"v2:update{word}", 404, id=number, body={"name": "x"})
    kept = _shown(call, deal)
    assert (kept["person_id"], kept["org_id"]) == (person, org)
    assert call.data("v1:getLead", id=lead)["person_id"] == person
    assert call.data("v2:updateDeal", id=deal, body={"title": "Still edited"})["person_id"] == person
    for body in ({"person_id": person}, {"org_id": org}):
        call.refused("v2:addDeal", 400, body={"title": "x", **body})
    assert call.data("v2:addPerson", body={"name": "Quokka Person"})["id"] > person


def _found(call, key, term):
    return {entry["item"]["id"] for entry in call.data(key, query={"term": term})["items"]}


def test_a_deleted_deal_is_shown_for_thirty_days_only_on_request(call):
    deal = _deal(call, title="Quokka deal", person_id=1)
    note = call.data("v1:addNote", body={"content": "n", "deal_id": deal})["id"]
    call("v2:deleteDeal", id=deal)
    assert _found(call, "v2:searchDeals", "quokka") == set()
    assert deal not in _ids(call.data("v2:getDeals", query={"limit": 500}))
    assert deal in _ids(call.data("v2:getDeals", query={"limit": 500, "status": "open,deleted"}))
    assert deal not in _ids(call.data("v2:getDeals", query={"limit": 500, "status": "open,won,lost"}))
    assert deal not in _ids(call.data("v1:getStageDeals", id=1, query={"everyone": 1, "limit": 500}))
    for key in ("v1:getDealFiles", "v2:getDealProducts", "v1:getDealParticipants", "v2:getDealFollowers"):
        call.refused(key, 404, id=deal)
    assert call.data("v1:getNote", id=note)["deal_id"] == deal
    call.refused("v1:addNote", 400, body={"content": "n", "deal_id": deal})
    call.refused("v2:updateDeal", 404, id=deal, body={"is_deleted": False})


# Leads and labels


def test_an_archived_lead_rejects_everything_except_unarchiving(call):
    lead = call.data("v1:addLead", body={"title": "L", "person_id": 1})["id"]
    call("v1:updateLead", id=lead, body={"is_archived": True})
    assert lead not in _ids(call.data("v1:getLeads", query={"limit": 500}))
    assert lead in _ids(call.data("v1:getArchivedLeads", query={"limit": 500}))
    call.refused("v1:updateLead", 403, id=lead, body={"title": "x"})
    call.refused("v1:deleteLead", 403, id=lead)
    call.refused("v2:convertLeadToDeal", 403, id=lead, body={})
    assert call.data("v1:updateLead", id=lead, body={"is_archived": False})["is_archived"] is False
    assert lead in _ids(call.data("v1:getLeads", query={"limit": 500}))


@pytest.mark.parametrize(
    "body",
    [{"channel": 9_999}, {"person_id": None}, {"value": {"amount": 5, "currency": "XXX"}}, {"title": None}],
)
def test_rejects_a_lead_that_breaks_a_rule(call, body):
    lead = call.data("v1:addLead", body={"title": "L", "person_id": 1})["id"]
    call.refused("v1:updateLead", 400, id=lead, body=body)


def test_a_conversion_ignores_a_pipeline_given_with_a_stage(call):
    lead = call.data("v1:addLead", body={"title": "L", "person_id": 1, "visible_to": "7", "channel": 51})[
        "id"
    ]
    body = {"stage_id": 6, "pipeline_id": 1}
    job = call.data("v2:convertLeadToDeal", id=lead, body=body)["conversion_id"]
    path = {"id": lead, "conversion_id": job}
    while (done := call.data("v2:getLeadConversionStatus", **path))["status"] == "running":
        pass
    deal = _shown(call, done["deal_id"])
    assert (deal["stage_id"], deal["pipeline_id"], deal["visible_to"], deal["channel"]) == (6, 2, 7, 51)
    assert [p["person_id"]["value"] for p in call.data("v1:getDealParticipants", id=deal["id"])] == [1]
    call.refused("v2:convertLeadToDeal", 404, id=lead, body={})
    assert lead not in _ids(call.data("v1:getLeads", query={"limit": 500}))


# Followers


@pytest.mark.parametrize("word", ["Deal", "Person", "Organization", "Product"])
def test_followers_show_in_both_versions_and_leave_an_entry_each(call, word):
    added = call.data(f"v1:add{word}Follower", id=2, body={"user_id": 5})
    assert 5 in {row["user_id"] for row in call.data(f"v2:get{word}Followers", id=2)}
    assert added["id"] in _ids(call.data(f"v1:get{word}Followers", id=2))
    call.refused(f"v2:add{word}Follower", 400, id=2, body={"user_id": 5})
    call(f"v2:delete{word}Follower", id=2, follower_id=5)
    call.refused(f"v2:delete{word}Follower", 404, id=2, follower_id=5)
    call.refused(f"v1:delete{word}Follower", 404, id=2, follower_id=added["id"])
    again = call.data(f"v2:add{word}Follower", id=2, body={"user_id": 5})
    assert again["user_id"] == 5
    entries = call.data(f"v2:get{word}FollowersChangelog", id=2)[:3]
    assert [(row["action"], row["follower_user_id"], row["actor_user_id"]) for row in entries] == [
        ("added", 5, 1),
        ("removed", 5, 1),
        ("added", 5, 1),
    ]
