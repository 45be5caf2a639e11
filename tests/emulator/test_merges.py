"""Merging, copying and converting records, and call logs."""

from __future__ import annotations

import pytest

from tests.emulator.asking import SPEC_FILE, WHY_SKIPPED
from tests.emulator.checked import Checked

pytestmark = pytest.mark.skipif(not SPEC_FILE.exists(), reason=WHY_SKIPPED)
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


def test_a_merged_person_is_gone_and_the_survivor_wins(call):
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
    call("v1:addCallLogAudioFile", id=row["id"], files={"file": ("a.mp3", b"ID3", "audio/mpeg")})
    assert call.data("v1:getCallLog", id=row["id"])["has_recording"] is True
    call.refused("v1:addCallLogAudioFile", 400, id=row["id"], files={"file": ("a.txt", b"x", "text/plain")})
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
def test_refuses_a_malformed_call(call, ask, wrong):
    before = ask.dump()
    call.refused("v1:addCallLog", 400, body={**CALL, **wrong})
    assert ask.dump() == before
