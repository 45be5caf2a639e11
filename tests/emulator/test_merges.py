"""Merging, copying and converting records, and call logs."""

from __future__ import annotations

import pytest

from tests.emulator.checked import Checked
from tests.emulator.sales_cases import PNG

CALL = {
    "outcome": "connected",
    "to_phone_number": "+49 30 1",
    "start_time": "2026-06-01 10:00:00",
    "end_time": "2026-06-01 10:01:00",
}


@pytest.fixture
def call(ask):
    return Checked(ask)


def _ids(rows):
    return {row["id"] for row in rows or ()}


def test_a_merged_deal_gives_everything_to_the_survivor(call):
    absorbed, survivor = (
        call.data("v2:addDeal", body={"title": title, **more})["id"]
        for title, more in (
            ("Old", {"org_id": 1, "label_ids": [1], "person_id": 2}),
            ("New", {"label_ids": [2]}),
        )
    )
    note = call.data("v1:addNote", body={"content": "n", "deal_id": absorbed})["id"]
    activity = call.data("v2:addActivity", body={"subject": "a", "deal_id": absorbed})["id"]
    file = call.data("v1:addFile", files={"file": ("a", b"x")}, form={"deal_id": absorbed})["id"]
    line = {"product_id": 1, "item_price": 7, "quantity": 1, "tax_method": "none"}
    call("v2:addDealProduct", id=absorbed, body=line)
    call("v2:addDealFollower", id=absorbed, body={"user_id": 4})
    merged = call.data("v1:mergeDeals", id=absorbed, body={"merge_with_id": survivor})
    assert (merged["id"], merged["merge_what_id"], merged["title"]) == (survivor, absorbed, "New")
    kept = call.data("v2:getDeal", id=survivor)
    assert (kept["org_id"], kept["person_id"], kept["label_ids"]) == (1, 2, [1, 2])
    assert [r["product_id"] for r in call.data("v2:getDealProducts", id=survivor)] == [1]
    assert [r["user_id"] for r in call.data("v2:getDealFollowers", id=survivor)] == [4]
    assert call.data("v1:getNote", id=note)["deal_id"] == survivor
    assert call.data("v2:getActivity", id=activity)["deal_id"] == survivor
    assert _ids(call.data("v1:getDealFiles", id=survivor)) == {file}
    assert [p["person_id"]["value"] for p in call.data("v1:getDealParticipants", id=survivor)] == [2]
    gone = call.data("v2:getDeal", id=absorbed)
    assert (gone["is_deleted"], gone["status"]) == (True, "deleted")
    assert absorbed not in _ids(call.data("v2:getDeals", query={"limit": 500}))
    call.refused("v1:mergeDeals", 404, id=absorbed, body={"merge_with_id": survivor})
    call.refused("v1:mergeDeals", 400, id=survivor, body={"merge_with_id": survivor})
    call.refused("v1:mergeDeals", 400, id=survivor, body={"merge_with_id": 9999})


def test_a_merged_person_is_deleted_and_the_survivor_wins(call):
    email = [{"value": "a@x.example", "primary": True}]
    absorbed = call.data("v2:addPerson", body={"name": "A", "emails": email, "org_id": 2})["id"]
    email = [{"value": "b@x.example", "primary": True}]
    survivor = call.data("v2:addPerson", body={"name": "B", "emails": email})["id"]
    deal = call.data("v2:addDeal", body={"title": "D", "person_id": absorbed})["id"]
    activity = {"subject": "a", "participants": [{"person_id": absorbed, "primary": True}]}
    activity_id = call.data("v2:addActivity", body=activity)["id"]
    lead = call.data("v1:addLead", body={"title": "L", "person_id": absorbed})["id"]
    merged = call.data("v1:mergePersons", id=absorbed, body={"merge_with_id": survivor})
    assert (merged["id"], merged["name"], merged["org_id"]) == (survivor, "B", 2)
    assert [(e["value"], e["primary"]) for e in merged["email"]] == [
        ("b@x.example", True),
        ("a@x.example", False),
    ]
    call.refused("v2:getPerson", 404, id=absorbed)
    assert call.data("v2:getDeal", id=deal)["person_id"] == survivor
    kept = call.data("v2:getActivity", id=activity_id)
    assert (kept["person_id"], kept["participants"]) == (survivor, [{"person_id": survivor, "primary": True}])
    assert call.data("v1:getLead", id=lead)["person_id"] == survivor
    assert [p["person_id"]["value"] for p in call.data("v1:getDealParticipants", id=deal)] == [survivor]


def test_a_merged_organization_hands_over_people_and_relationships(call):
    absorbed, survivor = (call.data("v2:addOrganization", body={"name": name})["id"] for name in "AB")
    person = call.data("v2:addPerson", body={"name": "P", "org_id": absorbed})["id"]
    for other in (survivor, 1):
        body = {"type": "related", "rel_owner_org_id": absorbed, "rel_linked_org_id": other}
        call("v1:addOrganizationRelationship", body=body)
    assert call.data("v1:mergeOrganizations", id=absorbed, body={"merge_with_id": survivor}) == {
        "id": survivor
    }
    assert call.data("v2:getPerson", id=person)["org_id"] == survivor
    related = call.data("v1:getOrganizationRelationships", query={"org_id": survivor})
    assert [row["rel_linked_org_id"]["value"] for row in related] == [1]
    call.refused("v2:getOrganization", 404, id=absorbed)


def _reference(call, entity, kind):
    """A new custom field of an entity that points to persons or organizations."""
    body = {"field_name": f"{entity} {kind}", "field_type": kind}
    return call.data(f"v2:add{entity}Field", body=body)["field_code"]


def test_custom_fields_that_point_to_an_absorbed_record_point_to_the_survivor(call):
    people, orgs = (
        [call.data(f"v2:add{word}", body={"name": name})["id"] for name in "AB"]
        for word in ("Person", "Organization")
    )
    rows = (("Deal", {"title": "x"}), ("Product", {"name": "x"}), ("Person", {"name": "x"}))
    kept = []
    for word, body in rows:
        codes = _reference(call, word, "people"), _reference(call, word, "org")
        values = dict(zip(codes, (people[0], orgs[0]), strict=True))
        number = call.data(f"v2:add{word}", body={**body, "custom_fields": values})["id"]
        kept.append((word, number, codes))
    lead_body = {"title": "x", "person_id": 1, kept[0][2][0]: people[0]}
    lead = call.data("v1:addLead", body=lead_body)["id"]
    times = {row[:2]: call.data(f"v2:get{row[0]}", id=row[1])["update_time"] for row in kept}
    call("v1:mergePersons", id=people[0], body={"merge_with_id": people[1]})
    call("v1:mergeOrganizations", id=orgs[0], body={"merge_with_id": orgs[1]})
    for word, number, codes in kept:
        row = call.data(f"v2:get{word}", id=number)
        assert [row["custom_fields"][code] for code in codes] == [people[1], orgs[1]]
        assert row["update_time"] == times[word, number]
    shown = call.data("v1:getLead", id=lead)[kept[0][2][0]]
    assert (shown.get("value") if isinstance(shown, dict) else shown) == people[1]


def test_everything_else_of_an_absorbed_deal_moves(call):
    absorbed, survivor = (call.data("v2:addDeal", body={"title": t, "org_id": 1})["id"] for t in "AB")
    line = {"product_id": 1, "item_price": 7, "quantity": 1, "tax_method": "none"}
    for deal in (absorbed, survivor):
        call("v2:addDealProduct", id=deal, body=line)
    body = {"description": "d", "amount": 1, "type": "amount"}
    discount = call.data("v2:postAdditionalDiscount", id=absorbed, body=body)["id"]
    body = {"description": "i", "amount": 1, "billing_date": "2026-09-01"}
    installment = call.data("v2:postInstallment", id=absorbed, body=body)["id"]
    log = call.data("v1:addCallLog", body={**CALL, "deal_id": absorbed})["id"]
    project = call.data("v2:addProject", body={"title": "p", "deal_ids": [absorbed]})["id"]
    call("v1:updateMailThreadDetails", id=1, form={"deal_id": absorbed})
    participant = call.data("v1:addDealParticipant", id=absorbed, body={"person_id": 3})["id"]
    call("v2:addDealFollower", id=absorbed, body={"user_id": 4})
    call("v1:mergeDeals", id=absorbed, body={"merge_with_id": survivor})
    lines = call.data("v2:getDealProducts", id=survivor)
    assert sorted(row["order_nr"] for row in lines) == [1, 2]
    assert call.data("v2:getDeal", id=survivor)["value"] == 13
    assert _ids(call.data("v2:getAdditionalDiscounts", id=survivor)) == {discount}
    assert _ids(call.data("v2:getInstallments", query={"deal_ids": survivor})) == {installment}
    assert call.data("v1:getCallLog", id=log)["deal_id"] == survivor
    assert call.data("v2:getProject", id=project)["deal_ids"] == [survivor]
    assert call.data("v1:getMailThread", id=1)["deal_id"] == survivor
    assert _ids(call.data("v1:getDealParticipants", id=survivor)) == {participant}
    for key in ("v1:getDealParticipantsChangelog", "v2:getDealFollowersChangelog"):
        assert [row["action"] for row in call.data(key, id=survivor)] == ["added"]
    query = {"include_fields": "email_messages_count"}
    assert call.data("v2:getDeal", id=survivor, query=query)["email_messages_count"] == 2
    found = call.data("v2:searchDeals", query={"term": "A", "exact_match": "true"})["items"]
    assert absorbed not in {entry["item"]["id"] for entry in found}


def test_everything_else_of_an_absorbed_person_moves(call):
    absorbed, survivor = (call.data("v2:addPerson", body={"name": name})["id"] for name in "AB")
    note = call.data("v1:addNote", body={"content": "n", "person_id": absorbed, "pinned_to_person_flag": 1})
    file = call.data("v1:addFile", files={"file": ("a", b"x")}, form={"person_id": absorbed})["id"]
    attendee = {"email": "a@x.example", "person_id": absorbed}
    attended = call.data("v2:addActivity", body={"attendees": [attendee]})["id"]
    picture = call.data("v1:addPersonPicture", id=absorbed, files={"file": ("a.png", PNG)})["id"]
    project = call.data("v2:addProject", body={"title": "p", "person_ids": [absorbed, survivor]})["id"]
    call("v2:addPersonFollower", id=absorbed, body={"user_id": 4})
    call("v2:addPersonFollower", id=survivor, body={"user_id": 4})
    call("v1:mergePersons", id=absorbed, body={"merge_with_id": survivor})
    moved = call.data("v1:getNote", id=note["id"])
    assert (moved["person_id"], moved["pinned_to_person_flag"]) == (survivor, True)
    assert _ids(call.data("v1:getPersonFiles", id=survivor)) == {file}
    query = {"include_fields": "attendees"}
    shown = call.data("v2:getActivity", id=attended, query=query)["attendees"]
    assert [entry["person_id"] for entry in shown] == [survivor]
    shown = call.data("v2:getPersonPicture", id=survivor)
    assert (shown["id"], shown["item_id"]) == (picture, survivor)
    assert call.data("v2:getProject", id=project)["person_ids"] == [survivor]
    assert [row["user_id"] for row in call.data("v2:getPersonFollowers", id=survivor)] == [4]
    call.refused("v1:mergePersons", 404, id=absorbed, body={"merge_with_id": survivor})
    call.refused("v1:mergePersons", 400, id=survivor, body={"merge_with_id": absorbed})
    call.refused("v1:mergePersons", 400, id=survivor, body={"merge_with_id": survivor})
    assert absorbed not in _ids(call.data("v2:getPersons", query={"limit": 500}))


def test_mail_of_an_absorbed_person_names_the_survivor(call):
    before = call.data("v1:getPersonMailMessages", id=2)
    survivor = call.data("v2:addPerson", body={"name": "Survivor"})["id"]
    call("v1:mergePersons", id=2, body={"merge_with_id": survivor})
    after = call.data("v1:getPersonMailMessages", id=survivor)
    assert _ids(row["data"] for row in after) == _ids(row["data"] for row in before) != set()
    parties = [party for row in after for side in ("from", "to", "cc", "bcc") for party in row["data"][side]]
    linked = {party["linked_person_id"] for party in parties}
    assert survivor in linked
    assert 2 not in linked


def test_a_copy_of_a_deal_has_its_products_but_not_its_notes(call):
    source = call.data("v2:addDeal", body={"title": "Once", "person_id": 1})["id"]
    line = {"product_id": 1, "item_price": 7, "quantity": 2, "tax_method": "none"}
    call("v2:addDealProduct", id=source, body=line)
    call("v1:addNote", body={"content": "n", "deal_id": source})
    copy = call.data("v1:duplicateDeal", id=source)
    assert (copy["title"], copy["value"], copy["products_count"], copy["notes_count"]) == ("Once", 14, 1, 0)
    assert copy["participants_count"] == 1
    assert _ids(call.data("v2:getDealProducts", id=source)).isdisjoint(
        _ids(call.data("v2:getDealProducts", id=copy["id"]))
    )


def _finished(call, key, **path):
    assert call.data(key, **path)["status"] == "running"
    done = call.data(key, **path)
    assert done["status"] == "completed"
    return done


def test_a_lead_becomes_a_deal(call):
    body = {"title": "L", "person_id": 1, "value": {"amount": 12, "currency": "USD"}}
    lead = call.data("v1:addLead", body=body)["id"]
    note = call.data("v1:addNote", body={"content": "n", "lead_id": lead, "pinned_to_lead_flag": 1})["id"]
    call.refused("v2:convertLeadToDeal", 400, id=lead, body={"stage_id": 999})
    job = call.data("v2:convertLeadToDeal", id=lead, body={"stage_id": 6})["conversion_id"]
    done = _finished(call, "v2:getLeadConversionStatus", id=lead, conversion_id=job)
    deal = call.data("v2:getDeal", id=done["deal_id"], query={"include_fields": "source_lead_id"})
    assert (deal["value"], deal["currency"], deal["stage_id"], deal["source_lead_id"]) == (12, "USD", 6, lead)
    kept = call.data("v1:getNote", id=note)
    assert (kept["deal_id"], kept["pinned_to_deal_flag"]) == (deal["id"], True)
    call.refused("v1:getLead", 404, id=lead)
    call.refused("v2:getDealConversionStatus", 404, id=1, conversion_id=job)


def test_a_deal_becomes_a_lead(call):
    deal = call.data("v2:addDeal", body={"title": "D", "org_id": 1, "value": 5})["id"]
    activity = call.data("v2:addActivity", body={"subject": "a", "deal_id": deal})["id"]
    job = call.data("v2:convertDealToLead", id=deal)["conversion_id"]
    done = _finished(call, "v2:getDealConversionStatus", id=deal, conversion_id=job)
    lead = call.data("v1:getLead", id=done["lead_id"])
    assert (lead["title"], lead["value"], lead["next_activity_id"]) == (
        "D",
        {"amount": 5, "currency": "EUR"},
        activity,
    )
    assert call.data("v2:getDeal", id=deal)["is_deleted"] is True
    nobody = call.data("v2:addDeal", body={"title": "D"})["id"]
    call.refused("v2:convertDealToLead", 400, id=nobody)


def test_a_deleted_label_leaves_its_leads(call):
    label = call.data("v1:addLeadLabel", body={"name": "Tmp", "color": "red"})["id"]
    lead = call.data("v1:addLead", body={"title": "L", "person_id": 1, "label_ids": [label]})["id"]
    call("v1:deleteLeadLabel", id=label)
    assert call.data("v1:getLead", id=lead)["label_ids"] == []


def test_a_call_is_logged_recorded_and_deleted(call):
    row = call.data("v1:addCallLog", body={**CALL, "deal_id": 2, "subject": "Ring"})
    assert row["has_recording"] is False
    activity = call.data("v2:getActivity", id=row["activity_id"])
    assert (activity["type"], activity["done"], activity["deal_id"], activity["subject"]) == (
        "call",
        True,
        2,
        "Ring",
    )
    call.refused("v1:addCallLogAudioFile", 400, id=row["id"], files={"file": ("a.txt", b"x", "text/plain")})
    sound = {"file": ("a.mp3", b"ID3", "audio/mpeg")}
    call("v1:addCallLogAudioFile", id=row["id"], files=sound)
    assert call.data("v1:getCallLog", id=row["id"])["has_recording"] is True
    call.refused("v1:addCallLogAudioFile", 409, id=row["id"], files=sound)
    listed = call.data("v1:getUserCallLogs", query={"limit": 50})
    assert row["id"] in _ids(listed)
    assert {entry["user_id"] for entry in listed} == {1}
    call.refused("v1:getUserCallLogs", 400, query={"limit": 51})
    call("v1:deleteCallLog", id=row["id"])
    call.refused("v1:getCallLog", 404, id=row["id"])
    assert call.data("v2:getActivity", id=row["activity_id"])["id"] == row["activity_id"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"start_time": "2026-06-01T10:00:00Z"},
        {"end_time": "2026-06-01 09:00:00"},
        {"outcome": "shouted"},
        {"deal_id": 1, "lead_id": "00000000-0000-4000-8000-000000000000"},
        {"person_id": 9999},
        {"duration": "a minute"},
    ],
    ids=str,
)
def test_rejects_a_malformed_call(call, ask, wrong):
    before = ask.dump()
    call.refused("v1:addCallLog", 400, body={**CALL, **wrong})
    assert ask.dump() == before
