"""Side effects of writes on deals: their times, stages, archive, lines, discounts and installments."""

from __future__ import annotations

import pytest

from tests.emulator.checked import Checked

LINE = {"product_id": 1, "item_price": 100, "quantity": 2, "tax_method": "none"}
MONTHLY = {**LINE, "billing_frequency": "monthly", "billing_frequency_cycles": 3}
INSTALLMENT = {"description": "First", "amount": 10, "billing_date": "2026-09-01"}
YEAR = ("arr", "mrr", "acv")


@pytest.fixture
def call(ask):
    return Checked(ask)


def _deal(call, **more):
    return call.data("v2:addDeal", body={"title": "Fresh", **more})["id"]


def _ids(rows):
    return {row["id"] for row in rows or ()}


def _shown(call, deal):
    return call.data("v2:getDeal", id=deal)


# Deals: status, stages, archive


def test_closing_and_reopening_sets_and_clears_the_times(call):
    deal = _deal(call)
    won = call.data("v2:updateDeal", id=deal, body={"status": "won", "won_time": "2026-05-01T10:00:00+02:00"})
    assert (won["won_time"], won["close_time"], won["lost_time"]) == (
        "2026-05-01T08:00:00Z",
        "2026-05-01T08:00:00Z",
        None,
    )
    assert won["local_won_date"] == won["local_close_date"] == "2026-05-01"
    lost = call.data("v2:updateDeal", id=deal, body={"status": "lost", "lost_reason": "Price"})
    assert (lost["won_time"], lost["lost_reason"]) == (None, "Price")
    assert lost["lost_time"] == lost["close_time"] > "2026-06"
    call.refused("v2:updateDeal", 400, id=deal, body={"won_time": "2026-05-01T10:00:00Z"})
    again = call.data("v2:updateDeal", id=deal, body={"status": "open"})
    cleared = ("won_time", "lost_time", "close_time", "lost_reason", "local_lost_date", "local_close_date")
    assert [again[name] for name in cleared] == [None] * len(cleared)
    first = call.data("v2:getDeal", id=deal, query={"include_fields": "first_won_time"})["first_won_time"]
    assert first == "2026-05-01T08:00:00Z"


def test_a_close_time_in_addition_to_a_won_time_is_kept(call):
    times = {"close_time": "2026-05-02T00:00:00Z", "won_time": "2026-05-01T00:00:00Z"}
    deal = call.data("v2:updateDeal", id=_deal(call), body={"status": "won", **times})
    assert {name: deal[name] for name in times} == times


def test_stage_moves_report_their_time_and_pipeline(call):
    deal = _deal(call)
    moved = call.data("v2:updateDeal", id=deal, body={"stage_id": 2})
    assert moved["stage_change_time"] is not None
    other = call.data("v2:updateDeal", id=deal, body={"stage_id": 6})
    assert other["pipeline_id"] == 2
    assert other["stage_change_time"] >= moved["stage_change_time"]
    same = call.data("v2:updateDeal", id=deal, body={"stage_id": 6, "title": "Same stage"})
    assert same["stage_change_time"] == other["stage_change_time"]
    call.refused("v2:updateDeal", 400, id=deal, body={"stage_id": 6, "pipeline_id": 1})
    call.refused("v2:updateDeal", 400, id=deal, body={"pipeline_id": 1})


def test_archive_times_go_with_the_archive_in_the_published_form(call):
    deal = _deal(call)
    call.refused("v2:updateDeal", 400, id=deal, body={"archive_time": "2026-05-01 10:00:00"})
    body = {"is_archived": True, "archive_time": "2026-05-01 10:00:00"}
    assert call.data("v2:updateDeal", id=deal, body=body)["archive_time"] == "2026-05-01T10:00:00Z"
    for key, more in (
        ("v2:addDealFollower", {"body": {"user_id": 3}}),
        ("v1:addDealFollower", {"body": {"user_id": 3}}),
        ("v2:addDealProduct", {"body": LINE}),
        ("v1:addDealParticipant", {"body": {"person_id": 3}}),
        ("v1:duplicateDeal", {}),
        ("v2:convertDealToLead", {}),
        ("v1:mergeDeals", {"body": {"merge_with_id": 1}}),
        ("v2:deleteDeal", {}),
    ):
        call.refused(key, 403, id=deal, **more)
    call.refused("v1:mergeDeals", 403, id=1, body={"merge_with_id": deal})


def test_moving_a_stage_to_another_pipeline_moves_its_deals(call):
    stage = call.data("v2:addStage", body={"name": "Moves", "pipeline_id": 1})["id"]
    deal = _deal(call, stage_id=stage)
    last = max(row["order_nr"] for row in call.data("v2:getStages", query={"pipeline_id": 2}))
    moved = call.data("v2:updateStage", id=stage, body={"pipeline_id": 2})
    assert (moved["pipeline_id"], moved["order_nr"]) == (2, last + 1)
    assert _shown(call, deal)["pipeline_id"] == 2
    assert deal in _ids(call.data("v2:getDeals", query={"pipeline_id": 2, "limit": 500}))


def test_deleting_a_pipeline_deletes_its_stages(call):
    pipeline = call.data("v2:addPipeline", body={"name": "Short"})
    assert pipeline["is_deal_probability_enabled"] is False
    stage = call.data("v2:addStage", body={"name": "S", "pipeline_id": pipeline["id"]})["id"]
    deal = _deal(call, stage_id=stage)
    assert call.data("v2:deletePipeline", id=pipeline["id"]) == {"id": pipeline["id"]}
    call.refused("v2:getPipeline", 404, id=pipeline["id"])
    call.refused("v2:getStage", 404, id=stage)
    call.refused("v2:deletePipeline", 404, id=pipeline["id"])
    assert stage not in _ids(call.data("v2:getStages", query={"limit": 500}))
    assert _shown(call, deal)["stage_id"] == stage
    call.refused("v2:addDeal", 400, body={"title": "x", "stage_id": stage})
    call.refused("v2:addStage", 400, body={"name": "S", "pipeline_id": pipeline["id"]})
    assert call.data("v2:updateDeal", id=deal, body={"stage_id": 1})["pipeline_id"] == 1


def test_a_deleted_stage_accepts_no_deals(call):
    stage = call.data("v2:addStage", body={"name": "S", "pipeline_id": 1})["id"]
    deal = _deal(call, stage_id=stage)
    call("v2:deleteStage", id=stage)
    call.refused("v2:deleteStage", 404, id=stage)
    call.refused("v2:updateDeal", 400, id=1, body={"stage_id": stage})
    assert call.data("v2:updateDeal", id=deal, body={"title": "Still edited"})["stage_id"] == stage


# Deal products, discounts, installments


def test_the_value_of_a_deal_follows_its_lines_and_discounts(call):
    deal = _deal(call, value=5)
    assert [_shown(call, deal)[name] for name in YEAR] == [None] * 3
    line = call.data("v2:addDealProduct", id=deal, body=LINE)["id"]
    assert [_shown(call, deal)[name] for name in ("value", *YEAR)] == [200, 0, 0, 200]
    recurring = call.data("v2:addDealProduct", id=deal, body=MONTHLY)["id"]
    assert [_shown(call, deal)[name] for name in ("value", *YEAR)] == [400, 2400, 200, 800]
    body = {"description": "Early", "amount": 10, "type": "percentage"}
    discount = call.data("v2:postAdditionalDiscount", id=deal, body=body)["id"]
    assert _shown(call, deal)["value"] == 380
    path = {"id": deal, "discount_id": discount}
    call("v2:updateAdditionalDiscount", **path, body={"type": "amount"})
    assert _shown(call, deal)["value"] == 390
    call("v2:deleteAdditionalDiscount", **path)
    assert _shown(call, deal)["value"] == 400
    call("v2:updateDealProduct", id=deal, product_attachment_id=line, body={"is_enabled": False})
    assert _shown(call, deal)["value"] == 200
    call("v2:deleteManyDealProducts", id=deal, query={"ids": f"{line},{recurring}"})
    assert [_shown(call, deal)[name] for name in ("value", *YEAR)] == [0, None, None, None]


def test_a_discount_without_one_time_products_leaves_the_value(call):
    deal = _deal(call, value=5)
    body = {"description": "Early", "amount": 10, "type": "percentage"}
    call("v2:postAdditionalDiscount", id=deal, body=body)
    assert _shown(call, deal)["value"] == 5
    other = _deal(call)
    call("v2:addDealProduct", id=other, body=MONTHLY)
    call("v2:postAdditionalDiscount", id=other, body=body)
    assert _shown(call, other)["value"] == 200


def test_the_lines_of_a_deal_share_tax_method_currency_and_names(call):
    product = call.data("v2:addProduct", body={"name": "Named"})["id"]
    deal = _deal(call, currency="USD")
    lines = [{**LINE, "product_id": product, "tax_method": m} for m in ("inclusive", "exclusive")]
    call("v2:addManyDealProducts", id=deal, body={"data": [*lines, {**LINE, "product_id": product}]})
    plain = {name: value for name, value in LINE.items() if name != "tax_method"}
    last = call.data("v2:addDealProduct", id=deal, body=plain)
    rows = call.data("v2:getDealProducts", id=deal)
    assert {row["tax_method"] for row in rows} == {"none"}
    assert (last["tax_method"], last["currency"], [row["order_nr"] for row in rows]) == (
        "none",
        "USD",
        [1, 2, 3, 4],
    )
    call("v2:updateDeal", id=deal, body={"currency": "EUR"})
    call("v2:updateProduct", id=product, body={"name": "Renamed"})
    rows = call.data("v2:getDealProducts", id=deal)
    assert {row["currency"] for row in rows} == {"EUR"}
    assert [row["name"] for row in rows[:3]] == ["Renamed"] * 3
    call("v2:deleteDealProduct", id=deal, product_attachment_id=rows[0]["id"])
    assert call.data("v2:addDealProduct", id=deal, body=LINE)["order_nr"] == 5


def test_lines_stay_when_their_product_is_deleted(call):
    product = call.data("v2:addProduct", body={"name": "Gone"})["id"]
    deal = _deal(call)
    line = call.data("v2:addDealProduct", id=deal, body={**LINE, "product_id": product})["id"]
    counted = {"include_fields": "products_count"}
    call("v2:deleteProduct", id=product)
    assert [row["name"] for row in call.data("v2:getDealProducts", id=deal)] == ["Gone"]
    assert call.data("v2:getDeal", id=deal, query=counted)["products_count"] == 1
    changed = call.data("v2:updateDealProduct", id=deal, product_attachment_id=line, body={"quantity": 3})
    assert changed["sum"] == 300
    call.refused("v2:addDealProduct", 400, id=deal, body={**LINE, "product_id": product})
    call.refused("v2:getProductVariations", 404, id=product)
    call.refused("v2:addProductFollower", 404, id=product, body={"user_id": 2})


@pytest.mark.parametrize(
    "body",
    [
        {"product_variation_id": 9_999},
        {"product_id": 1, "product_variation_id": "other"},
        {"billing_start_date": "2010-01-01"},
        {"billing_start_date": "2040-01-01"},
        {"billing_frequency": "weekly"},
        {"billing_frequency": "monthly", "billing_frequency_cycles": 209},
        {"billing_frequency_cycles": 2},
        {"quantity": 0},
        {"discount": 101},
        {"discount": -1},
        {"product_id": "unlinkable"},
    ],
    ids=str,
)
def test_rejects_a_line_that_breaks_a_published_rule(call, body):
    product = call.data("v2:addProduct", body={"name": "No", "is_linkable": False})["id"]
    variation = call.data("v2:addProductVariation", id=product, body={"name": "XL"})["id"]
    known = {"unlinkable": product, "other": variation}
    body = {name: known.get(value, value) for name, value in body.items()}
    deal = _deal(call)
    call.refused("v2:addDealProduct", 400, id=deal, body={**LINE, **body})
    line = call.data("v2:addDealProduct", id=deal, body=LINE)["id"]
    call.refused("v2:updateDealProduct", 400, id=deal, product_attachment_id=line, body=body)
    call.refused("v2:addManyDealProducts", 400, id=deal, body={"data": [LINE, {**LINE, **body}]})
    assert len(call.data("v2:getDealProducts", id=deal)) == 1


def test_installments_exclude_recurring_products_and_need_an_enabled_one(call):
    deal = _deal(call)
    call.refused("v2:postInstallment", 400, id=deal, body=INSTALLMENT)
    path = {"id": deal, "product_attachment_id": call.data("v2:addDealProduct", id=deal, body=LINE)["id"]}
    installment = call.data("v2:postInstallment", id=deal, body=INSTALLMENT)["id"]
    call.refused("v2:addDealProduct", 400, id=deal, body=MONTHLY)
    monthly = {"billing_frequency": "monthly", "billing_frequency_cycles": 2}
    call.refused("v2:updateDealProduct", 400, **path, body=monthly)
    call.refused("v2:updateDealProduct", 400, **path, body={"is_enabled": False})
    call("v2:deleteInstallment", id=deal, installment_id=installment)
    call("v2:updateDealProduct", **path, body={"is_enabled": False})
    call("v2:updateDealProduct", **path, body=monthly)
    call.refused("v2:postInstallment", 400, id=deal, body=INSTALLMENT)


def test_default_prices_depend_on_the_user(call):
    product = call.data("v2:addProduct", body={"name": "Free"})
    assert [(p["currency"], p["price"]) for p in product["prices"]] == [("EUR", 0)]
    assert call.data("v2:addProduct", body={"name": "None", "prices": []})["prices"] == []
    variation = call.data("v2:addProductVariation", id=product["id"], body={"name": "XL"})
    assert [(p["currency"], p["price"], p["cost"], p["direct_cost"]) for p in variation["prices"]] == [
        ("EUR", 0, 0, 0)
    ]
    path = {"id": product["id"], "product_variation_id": variation["id"]}
    assert call.data("v2:updateProductVariation", **path, body={"name": "L"})["prices"] == variation["prices"]
    usd = [{"currency": "USD", "price": 3}]
    changed = call.data("v2:updateProduct", id=product["id"], body={"prices": usd})
    assert [p["currency"] for p in changed["prices"]] == ["USD"]
