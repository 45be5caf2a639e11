"""Searches of one entity, of everything, and of one field."""

from __future__ import annotations

import pytest

from tests.emulator.checked import Checked

ENTITIES = {
    "v2:searchDeals": ("v2:addDeal", "title", "deal"),
    "v2:searchPersons": ("v2:addPerson", "name", "person"),
    "v2:searchOrganization": ("v2:addOrganization", "name", "organization"),
    "v2:searchProducts": ("v2:addProduct", "name", "product"),
    "v2:searchLeads": ("v1:addLead", "title", "lead"),
}


@pytest.fixture
def call(ask):
    return Checked(ask)


def _add(call, key, name):
    add, column, _ = ENTITIES[key]
    more = {"person_id": 1} if key == "v2:searchLeads" else {}
    return call.data(add, body={column: name, **more})["id"]


def _found(call, key, **query):
    return [entry["item"]["id"] for entry in call.data(key, query=query)["items"]]


@pytest.mark.parametrize("key", ENTITIES)
def test_finds_by_name_exactly_and_in_part(call, key):
    whole, part = _add(call, key, "Zyxwv Übermut"), _add(call, key, "A zyxwv übermut b")
    assert _found(call, key, term="zyxwv ü") == [whole, part]
    assert _found(call, key, term="ZYXWV übermut") == [whole, part]
    assert _found(call, key, term="ZYXWV übermut", exact_match="true") == [whole]
    assert _found(call, key, term="Zyxwv", exact_match="true") == []
    scores = [entry["result_score"] for entry in call.data(key, query={"term": "zyxwv übermut"})["items"]]
    assert scores == sorted(scores, reverse=True)
    assert {entry["item"]["type"] for entry in call.data(key, query={"term": "zyxwv"})["items"]} == {
        ENTITIES[key][2]
    }


@pytest.mark.parametrize("key", ENTITIES)
def test_pages_of_results_join_without_gap(call, key):
    wanted = [_add(call, key, f"Qwertz {place}") for place in range(5)]
    ids, query = [], {"term": "qwertz", "limit": 2}
    while True:
        page = call(key, query=query)
        ids += [entry["item"]["id"] for entry in page["data"]["items"]]
        query["cursor"] = page["additional_data"]["next_cursor"]
        if query["cursor"] is None:
            break
    assert sorted(map(str, ids)) == sorted(map(str, wanted))


@pytest.mark.parametrize("key", ENTITIES)
def test_rejects_short_terms_and_large_pages(call, key):
    call.refused(key, 400, query={"term": "z"})
    assert call(key, query={"term": "z", "exact_match": "true"})["success"]
    call.refused(key, 400, query={"term": "zz", "limit": 101})
    call.refused(key, 400)
    call.refused(key, 400, query={"term": "zz", "fields": "colour"})


def test_deals_by_notes_custom_fields_and_filters(call):
    rows = call.data("v2:getDealFields", query={"limit": 500})
    key = next(f["field_code"] for f in rows if f["is_custom_field"] and f["field_type"] == "varchar")
    body = {"title": "Plain", "person_id": 2, "custom_fields": {key: 'Qq "7" contract'}, "value": 10.5}
    deal = call.data("v2:addDeal", body=body)["id"]
    call("v1:addNote", body={"content": "<p>qqnote here</p>", "deal_id": deal})
    item = call.data("v2:searchDeals", query={"term": 'qq "7"', "include_fields": "deal.cc_email"})["items"][
        0
    ]
    assert (item["item"]["id"], item["item"]["custom_fields"]) == (deal, ['Qq "7" contract'])
    assert "cc_email" in item["item"]
    assert _found(call, "v2:searchDeals", term="qqnote") == [deal]
    assert _found(call, "v2:searchDeals", term="qqnote", fields="title") == []
    assert _found(call, "v2:searchDeals", term="qqnote", person_id=2, status="open") == [deal]
    assert _found(call, "v2:searchDeals", term="qqnote", person_id=3) == []
    assert _found(call, "v2:searchDeals", term="qqnote", status="won") == []
    call("v2:deleteDeal", id=deal)
    assert _found(call, "v2:searchDeals", term="qqnote") == []


def test_persons_by_email_and_phone(call):
    body = {
        "name": "P",
        "emails": [{"value": "qq@x.example", "primary": True}],
        "phones": [{"value": "+99 123", "primary": True}],
    }
    person = call.data("v2:addPerson", body=body)["id"]
    assert _found(call, "v2:searchPersons", term="QQ@x.example", fields="email", exact_match="true") == [
        person
    ]
    assert _found(call, "v2:searchPersons", term="+99 123", fields="phone") == [person]
    assert _found(call, "v2:searchPersons", term="qq@x.example", fields="name") == []


def test_products_by_code(call):
    body = {"name": "P", "code": "7788", "prices": [{"currency": "EUR", "price": 3}]}
    product = call.data("v2:addProduct", body=body)["id"]
    query = {"term": "7788", "fields": "code", "exact_match": "true", "include_fields": "product.price"}
    items = call.data("v2:searchProducts", query=query)["items"]
    assert [(entry["item"]["id"], entry["item"]["code"]) for entry in items] == [(product, 7788)]
    assert items[0]["item"]["price"] == {"amount": 3, "currency": "EUR"}


def test_archived_deals_and_leads_are_found_and_marked(call):
    deal = call.data("v2:addDeal", body={"title": "Qqold"})["id"]
    call("v2:updateDeal", id=deal, body={"is_archived": True})
    lead = call.data("v1:addLead", body={"title": "Qqold", "person_id": 1})["id"]
    call("v1:updateLead", id=lead, body={"is_archived": True})
    items = call.data("v2:searchItem", query={"term": "qqold", "item_types": "deal,lead"})["items"]
    assert {(e["item"]["id"], e["item"]["is_archived"]) for e in items} == {(deal, True), (lead, True)}


def test_leads_by_offset(call):
    for place in range(3):
        _add(call, "v2:searchLeads", f"Qwertz {place}")
    pages = [call("v1:searchLeads", query={"term": "qwertz", "start": n, "limit": 2}) for n in (0, 2)]
    assert [len(page["data"]["items"]) for page in pages] == [2, 1]
    more = [page["additional_data"]["pagination"]["more_items_in_collection"] for page in pages]
    assert more == [True, False]


def test_everything_at_once_with_what_is_related(call):
    person = call.data("v2:addPerson", body={"name": "Qqall one"})["id"]
    deal = call.data("v2:addDeal", body={"title": "Other", "person_id": person})["id"]
    call("v1:addFile", files={"file": ("qqall.txt", b"x")}, form={"deal_id": deal})
    query = {"term": "qqall", "search_for_related_items": "true"}
    content = call.data("v2:searchItem", query=query)
    assert {entry["item"]["type"] for entry in content["items"]} == {"person", "file"}
    assert [entry["item"]["id"] for entry in content["related_items"]] == [deal]
    only = call.data("v2:searchItem", query={"term": "qqall", "fields": "email"})
    assert only == {"items": [], "related_items": []}
    call.refused("v2:searchItem", 400, query={"term": "qqall", "item_types": "cat"})
    projects = call.data("v2:searchItem", query={"term": "1", "exact_match": "true", "item_types": "project"})
    assert projects["items"] == []


@pytest.mark.parametrize(
    ("match", "term", "count"),
    [
        ("exact", "Monkey Bars", 1),
        ("exact", "monkey bars", 0),
        ("beginning", "Monk", 1),
        ("beginning", "onk", 0),
        ("middle", "key B", 1),
    ],
)
def test_one_field_with_regard_to_case(call, match, term, count):
    person = call.data("v2:addPerson", body={"name": "Monkey Bars"})["id"]
    query = {"term": term, "entity_type": "person", "field": "name", "match": match}
    rows = call.data("v2:searchItemByField", query=query)
    assert [row["item"]["id"] for row in rows] == [person] * count


def test_one_field_must_exist_and_be_searchable(call):
    query = {"term": "x1", "entity_type": "deal", "match": "exact"}
    call.refused("v2:searchItemByField", 400, query={**query, "field": "no_such"})
    call.refused("v2:searchItemByField", 400, query={**query, "field": "stage_id"})
    call.refused("v2:searchItemByField", 400, query={**query, "field": "title", "entity_type": "file"})
    for kind, name in (
        ("deal", "title"),
        ("lead", "title"),
        ("product", "code"),
        ("organization", "address"),
    ):
        call("v2:searchItemByField", query={**query, "entity_type": kind, "field": name})
