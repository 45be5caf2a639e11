"""Child rows of sales records: participants, permitted users, comments, billing, variations, pictures."""

from __future__ import annotations

import pytest
import requests

from tests.emulator.checked import Checked
from tests.emulator.sales_cases import png

PNG = png()


@pytest.fixture
def call(ask):
    return Checked(ask)


def _new_deal(call, **more):
    return call.data("v2:addDeal", body={"title": "Fresh", **more})["id"]


def test_participants_join_leave_and_are_remembered(call):
    deal = _new_deal(call, person_id=1)
    assert [p["person_id"]["value"] for p in call.data("v1:getDealParticipants", id=deal)] == [1]
    added = call("v1:addDealParticipant", id=deal, body={"person_id": 3})
    assert added["related_objects"]["person"]["3"]["id"] == 3
    call.refused("v1:addDealParticipant", 400, id=deal, body={"person_id": 3})
    call.refused("v1:addDealParticipant", 400, id=deal, body={"person_id": 9999})
    number = added["data"]["id"]
    call.refused("v1:deleteDealParticipant", 404, id=1, deal_participant_id=number)
    assert call.data("v1:deleteDealParticipant", id=deal, deal_participant_id=number) == {"id": number}
    changes = call.data("v1:getDealParticipantsChangelog", id=deal)
    assert [(c["action"], c["person_id"]) for c in changes] == [("removed", 3), ("added", 3), ("added", 1)]
    first = call("v1:getDealParticipantsChangelog", id=deal, query={"limit": 2})
    cursor = first["additional_data"]["next_cursor"]
    rest = call.data("v1:getDealParticipantsChangelog", id=deal, query={"limit": 2, "cursor": cursor})
    assert first["data"] + rest == changes


def test_a_new_contact_person_becomes_a_participant(call):
    deal = _new_deal(call)
    assert call.data("v1:getDealParticipants", id=deal) is None
    call("v2:updateDeal", id=deal, body={"person_id": 4})
    assert [p["person_id"]["value"] for p in call.data("v1:getDealParticipants", id=deal)] == [4]
    counted = call.data("v2:getDeal", id=deal, query={"include_fields": "participants_count"})
    assert counted["participants_count"] == 1
    call("v2:deletePerson", id=4)
    assert call.data("v1:getDealParticipants", id=deal) is None


def test_a_person_counts_the_deals_of_others_they_take_part_in(call):
    person, deal = call.data("v2:addPerson", body={"name": "Helper"})["id"], _new_deal(call, person_id=1)
    call("v1:addDealParticipant", id=deal, body={"person_id": person})
    query = {"include_fields": "participant_open_deals_count,participant_closed_deals_count"}
    assert call.data("v2:getPerson", id=person, query=query)["participant_open_deals_count"] == 1
    call("v2:updateDeal", id=deal, body={"status": "won"})
    shown = call.data("v2:getPerson", id=person, query=query)
    assert (shown["participant_open_deals_count"], shown["participant_closed_deals_count"]) == (0, 1)


def test_products_of_a_deleted_deal_are_hidden(call):
    deal = _new_deal(call)
    call("v2:addDealProduct", id=deal, body={"product_id": 1, "item_price": 1, "quantity": 1})
    assert len(call.data("v2:getDealsProducts", query={"deal_ids": deal})) == 1
    call("v2:deleteDeal", id=deal)
    assert call.data("v2:getDealsProducts", query={"deal_ids": deal}) == []


def test_participants_are_paginated(call):
    deal = _new_deal(call)
    for person in (1, 2, 3):
        call("v1:addDealParticipant", id=deal, body={"person_id": person})
    page = call("v1:getDealParticipants", id=deal, query={"start": 1, "limit": 1})
    assert [p["person_id"]["value"] for p in page["data"]] == [2]
    place = page["additional_data"]
    assert (place.get("pagination") or place)["more_items_in_collection"] is True


@pytest.mark.parametrize(
    ("key", "add", "body"),
    [
        ("v1:getDealUsers", "v2:addDeal", {"title": "x"}),
        ("v1:getPersonUsers", "v2:addPerson", {"name": "x"}),
        ("v1:getOrganizationUsers", "v2:addOrganization", {"name": "x"}),
        ("v1:getProductUsers", "v2:addProduct", {"name": "x"}),
        ("v1:getLeadUsers", "v1:addLead", {"title": "x", "person_id": 1, "visible_to": "3"}),
    ],
)
def test_permitted_users_follow_the_visibility(call, key, add, body):
    everyone = call.data(key, id=call.data(add, body=body)["id"])
    seen = "1" if add.startswith("v1") else 1
    owner = call.data(key, id=call.data(add, body={**body, "owner_id": 3, "visible_to": seen})["id"])
    assert everyone == [1, 2, 3, 4, 5]
    assert owner == [1, 3]


def test_comments_of_a_note(call):
    note = call.data("v1:addNote", body={"content": "Look", "deal_id": 1})["id"]
    comment = call.data("v1:addNoteComment", id=note, body={"content": "<b>So</b><script>x()</script>"})
    assert comment["content"] == "<b>So</b>"
    path = {"id": note, "commentId": comment["uuid"]}
    changed = call.data("v1:updateCommentForNote", **path, body={"content": "ня"})
    assert call.data("v1:getComment", **path) == changed
    assert [c["content"] for c in call.data("v1:getNoteComments", id=note)] == ["ня"]
    call.refused("v1:getComment", 404, id=1, commentId=comment["uuid"])
    call.refused("v1:addNoteComment", 400, id=note, body={"content": ""})
    assert call.data("v1:deleteComment", **path) is True
    assert call.data("v1:getNoteComments", id=note) is None


def test_discounts_of_a_deal(call):
    deal = _new_deal(call)
    body = {"description": "Early", "amount": 5, "type": "percentage"}
    row = call.data("v2:postAdditionalDiscount", id=deal, body=body)
    path = {"id": deal, "discount_id": row["id"]}
    changed = call.data("v2:updateAdditionalDiscount", **path, body={"amount": 7.5})
    assert (changed["amount"], changed["updated_at"] >= row["updated_at"]) == (7.5, True)
    assert call.data("v2:getAdditionalDiscounts", id=deal) == [changed]
    for wrong in ({"amount": 0}, {"amount": 101}, {"amount": "5"}, {"type": "gift"}, {"description": " "}):
        call.refused("v2:updateAdditionalDiscount", 400, **path, body=wrong)
    call.refused("v2:updateAdditionalDiscount", 404, id=1, discount_id=row["id"], body={"amount": 1})
    call("v2:deleteAdditionalDiscount", **path)
    assert call.data("v2:getAdditionalDiscounts", id=deal) == []


def test_installments_of_several_deals(call):
    deals = [_new_deal(call), _new_deal(call)]
    body = {"description": "First", "amount": 10, "billing_date": "2026-09-01"}
    call.refused("v2:postInstallment", 400, id=deals[0], body=body)
    for deal in deals:
        call("v2:addDealProduct", id=deal, body={"product_id": 1, "item_price": 1, "quantity": 1})
    rows = [call.data("v2:postInstallment", id=deal, body=body) for deal in deals]
    query = {"deal_ids": ",".join(map(str, deals)), "sort_by": "deal_id", "sort_direction": "desc"}
    assert [r["id"] for r in call.data("v2:getInstallments", query=query)] == [rows[1]["id"], rows[0]["id"]]
    page = call("v2:getInstallments", query={**query, "limit": 1})
    query["cursor"] = page["additional_data"]["next_cursor"]
    assert [r["id"] for r in call.data("v2:getInstallments", query=query)] == [rows[0]["id"]]
    path = {"id": deals[0], "installment_id": rows[0]["id"]}
    assert call.data("v2:updateInstallment", **path, body={"amount": 11.5})["amount"] == 11.5
    for wrong in ({"amount": -1}, {"billing_date": "01.09.2026"}, {"description": ""}):
        call.refused("v2:updateInstallment", 400, **path, body=wrong)
    assert call.data("v2:deleteInstallment", **path) == {"id": rows[0]["id"]}
    call("v2:deleteDeal", id=deals[1])
    assert call.data("v2:getInstallments", query={"deal_ids": query["deal_ids"]}) == []


def test_recurring_products_and_installments_exclude_each_other(call):
    deal = _new_deal(call)
    line = {"product_id": 1, "item_price": 1, "quantity": 1, "billing_frequency": "monthly"}
    call("v2:addDealProduct", id=deal, body=line)
    body = {"description": "First", "amount": 10, "billing_date": "2026-09-01"}
    call.refused("v2:postInstallment", 400, id=deal, body=body)
    other = _new_deal(call)
    call("v2:addDealProduct", id=other, body={**line, "billing_frequency": "one-time"})
    call("v2:postInstallment", id=other, body=body)
    call.refused("v2:addDealProduct", 400, id=other, body=line)


def test_variations_of_a_product(call):
    body = {"name": "XL", "prices": [{"currency": "EUR", "price": 5}]}
    row = call.data("v2:addProductVariation", id=1, body=body)
    price = {"product_variation_id": row["id"], "currency": "EUR", "price": 5, "cost": 0}
    assert row["prices"] == [{**price, "direct_cost": None, "notes": ""}]
    path = {"id": 1, "product_variation_id": row["id"]}
    assert call.data("v2:updateProductVariation", **path, body={"name": "Ü"})["name"] == "Ü"
    for wrong in ([{"currency": "XXX", "price": 1}], [{"price": 1}], [{"currency": "EUR", "price": "1"}]):
        call.refused("v2:updateProductVariation", 400, **path, body={"prices": wrong})
    call.refused("v2:updateProductVariation", 404, id=2, product_variation_id=row["id"], body={"name": "x"})
    assert row["id"] in {r["id"] for r in call.data("v2:getProductVariations", id=1)}
    assert call.data("v2:deleteProductVariation", **path) == {"id": row["id"]}
    assert row["id"] not in {r["id"] for r in call.data("v2:getProductVariations", id=1)}


def test_a_copy_of_a_product_has_prices_and_variations_of_its_own(call):
    source = call.data("v2:getProduct", id=1)
    copy = call.data("v2:duplicateProduct", id=1)
    assert copy["custom_fields"] == source["custom_fields"]
    assert {price["product_id"] for price in copy["prices"]} <= {copy["id"]}
    names = [[v["name"] for v in call.data("v2:getProductVariations", id=n)] for n in (1, copy["id"])]
    assert names[0] == names[1] != []


def test_a_person_has_one_picture(call):
    person = call.data("v2:addPerson", body={"name": "Seen"})["id"]
    call.refused("v2:getPersonPicture", 404, id=person)
    call("v1:addPersonPicture", id=person, files={"file": ("a.png", PNG)})
    second = call.data("v1:addPersonPicture", id=person, files={"file": ("b.png", PNG + b"x")})
    shown = call.data("v2:getPersonPicture", id=person)
    assert (shown["id"], shown["file_size"]) == (second["id"], len(PNG) + 1)
    assert requests.get(shown["pictures"]["512"], timeout=10).content == PNG + b"x"
    assert call.data("v2:getPerson", id=person)["picture_id"] == second["id"]
    call.refused("v1:addPersonPicture", 400, id=person, files={"file": ("a.txt", b"text")})
    half = {"crop_x": "1", "crop_y": "1"}
    call.refused("v1:addPersonPicture", 400, id=person, files={"file": ("a.png", PNG)}, form=half)
    assert call.data("v1:deletePersonPicture", id=person) == {"id": person}
    assert requests.get(shown["pictures"]["512"], timeout=10).status_code == 404
    call.refused("v2:getPersonPicture", 404, id=person)


def test_a_product_has_one_image(call):
    product = call.data("v2:addProduct", body={"name": "Shown"})["id"]
    call.refused("v2:getProductImage", 404, id=product)
    call.refused("v2:updateProductImage", 404, id=product, files={"data": ("a.png", PNG)})
    call("v2:uploadProductImage", id=product, files={"data": ("写真.png", PNG)})
    call.refused("v2:uploadProductImage", 400, id=product, files={"data": ("a.png", PNG)})
    replaced = call.data("v2:updateProductImage", id=product, files={"data": ("b.jpg", b"\xff\xd8\xff1")})
    shown = call.data("v2:getProductImage", id=product)
    assert (shown["id"], shown["mime_type"], shown["name"]) == (replaced["id"], "image/jpeg", "b.jpg")
    stored = requests.get(shown["public_url"], timeout=10)
    assert (stored.content, stored.headers["content-type"]) == (b"\xff\xd8\xff1", "image/jpeg")
    assert call.data("v2:deleteProductImage", id=product) == {"id": replaced["id"]}
    call.refused("v2:getProductImage", 404, id=product)


def test_archived_deals_accept_no_attachments(call):
    deal = _new_deal(call, person_id=1)
    call("v2:updateDeal", id=deal, body={"is_archived": True})
    call.refused("v1:addDealParticipant", 403, id=deal, body={"person_id": 3})
    body = {"description": "Early", "amount": 5, "type": "percentage"}
    call.refused("v2:postAdditionalDiscount", 403, id=deal, body=body)
