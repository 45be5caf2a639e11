"""Deals in the shape of v1, and what is worked out from them."""

from __future__ import annotations

import pytest

from tests.emulator.checked import Checked

NOW = {"start_date": "2026-06-01", "end_date": "2026-07-31"}


@pytest.fixture
def call(ask):
    return Checked(ask)


def _ids(rows):
    return [row["id"] for row in rows or ()]


def test_archived_deals_with_their_filters(call):
    newest = call.data("v2:addDeal", body={"title": "Put away", "person_id": 1, "org_id": 1})["id"]
    call("v2:updateDeal", id=newest, body={"is_archived": True})
    answer = call("v1:getArchivedDeals", query={"limit": 500})
    row = next(row for row in answer["data"] if row["id"] == newest)
    assert (row["person_id"]["value"], row["org_id"]["value"], row["user_id"]["value"]) == (1, 1, 1)
    assert "1" in answer["related_objects"]["person"]
    assert all(row["is_archived"] for row in answer["data"])
    for query in (
        {"person_id": 1},
        {"user_id": 1},
        {"owned_by_you": 1},
        {"status": "open"},
        {"pipeline_id": 1},
    ):
        some = call.data("v1:getArchivedDeals", query={"limit": 500, **query})
        assert newest in _ids(some)
    assert newest not in _ids(call.data("v1:getArchivedDeals", query={"product_id": 1, "limit": 500}))
    by_id = call.data("v1:getArchivedDeals", query={"sort": "id DESC", "limit": 2})
    assert _ids(by_id) == sorted(_ids(answer["data"]), reverse=True)[:2]


def test_deals_of_a_pipeline_and_a_stage_are_the_callers_own_and_open(call):
    mine = call.data("v2:addDeal", body={"title": "Mine", "stage_id": 7, "value": 10})["id"]
    theirs = call.data("v2:addDeal", body={"title": "Theirs", "stage_id": 7, "owner_id": 2})["id"]
    won = call.data("v2:addDeal", body={"title": "Won", "stage_id": 7, "status": "won"})["id"]
    for key, number in (("v1:getPipelineDeals", 2), ("v1:getStageDeals", 7)):
        assert {mine} == set(_ids(call.data(key, id=number))) & {mine, theirs, won}
        assert {theirs} == set(_ids(call.data(key, id=number, query={"user_id": 2}))) & {mine, theirs, won}
        everyone = call.data(key, id=number, query={"everyone": 1, "limit": 500})
        assert {mine, theirs} == set(_ids(everyone)) & {mine, theirs, won}
    query = {"stage_id": 7, "get_summary": 1, "totals_convert_currency": "USD"}
    answer = call("v1:getPipelineDeals", id=2, query=query)
    summary = answer["additional_data"]["deals_summary"]
    assert summary["total_count"] == len(answer["data"])
    assert set(summary["per_stages"]) == set(summary["per_stages_converted"]) == {"7"}
    call.refused("v1:getPipelineDeals", 404, id=999)


def test_deals_of_a_product_and_products_of_a_person(call):
    person = call.data("v2:addPerson", body={"name": "Buyer"})["id"]
    product = call.data("v2:addProduct", body={"name": "Thing"})["id"]
    deal = call.data("v2:addDeal", body={"title": "Sale", "person_id": person})["id"]
    line = {"product_id": product, "item_price": 3, "quantity": 2, "tax_method": "none"}
    call("v2:addDealProduct", id=deal, body=line)
    assert _ids(call.data("v1:getProductDeals", id=product)) == [deal]
    assert call.data("v1:getProductDeals", id=product, query={"status": "won"}) is None
    row = call.data("v1:getPersonProducts", id=person)[0][str(deal)]
    assert (row["deal"]["value"], row["product"]["id"], row["product"]["deal_id"]) == (6, product, deal)
    call("v2:deleteDeal", id=deal)
    assert call.data("v1:getProductDeals", id=product) is None
    assert _ids(call.data("v1:getProductDeals", id=product, query={"status": "deleted"})) == [deal]


def test_summary_follows_every_deal(call):
    query = {"pipeline_id": 3, "status": "open", "user_id": 4}
    before = call.data("v1:getDealsSummary", query=query)
    body = {"title": "S", "stage_id": 9, "owner_id": 4, "value": 100, "currency": "USD", "probability": 50}
    deal = call.data("v2:addDeal", body=body)["id"]
    after = call.data("v1:getDealsSummary", query=query)
    assert after["total_count"] - before["total_count"] == 1
    assert after["total_currency_converted_value"] - before[
        "total_currency_converted_value"
    ] == pytest.approx(90)
    weighted = "total_weighted_currency_converted_value"
    assert after[weighted] - before[weighted] == pytest.approx(45)
    call("v2:updateDeal", id=deal, body={"is_archived": True})
    assert call.data("v1:getDealsSummary", query=query) == before
    assert call.data("v1:getArchivedDealsSummary", query=query)["total_count"] >= 1


@pytest.mark.parametrize("key", ["v1:getDealsTimeline", "v1:getArchivedDealsTimeline"])
def test_timeline_of_one_period(call, key):
    day = {"expected_close_date": "2031-03-05"}
    deal = call.data("v2:addDeal", body={"title": "T", "value": 7, "pipeline_id": 3, **day})["id"]
    if "Archived" in key:
        call("v2:updateDeal", id=deal, body={"is_archived": True})
    query = {"start_date": "2031-02-10", "interval": "month", "amount": 1, "field_key": "expected_close_date"}
    period = call.data(key, query={**query, "totals_convert_currency": "USD"})
    assert (period["period_start"], period["period_end"]) == ("2031-02-10 00:00:00", "2031-03-09 23:59:59")
    assert _ids(period["deals"]) == [deal]
    assert period["totals"]["open_values"] == {"EUR": 7}
    assert period["totals_converted"]["open_values"] == {"USD": 7.78}
    bare = call.data(key, query={**query, "exclude_deals": 1})
    assert "deals" not in bare
    for wrong in ({"field_key": "title"}, {"start_date": "10.02.2031"}, {"amount": 0}, {"interval": "year"}):
        call.refused(key, 400, query={**query, **wrong})


@pytest.mark.parametrize(
    ("interval", "amount", "last"),
    [
        ("day", 2, "2026-02-01"),
        ("week", 2, "2026-02-13"),
        ("month", 1, "2026-02-27"),
        ("quarter", 1, "2026-04-29"),
    ],
)
def test_timeline_covers_all_its_periods(call, interval, amount, last):
    query = {"start_date": "2026-01-31", "interval": interval, "amount": amount, "field_key": "add_time"}
    period = call.data("v1:getDealsTimeline", query=query)
    assert (period["period_start"][:10], period["period_end"][:10]) == ("2026-01-31", last)


def test_movements_and_conversion_of_a_pipeline(call):
    before = call.data("v1:getPipelineMovementStatistics", id=2, query=NOW)
    moved, lost = (call.data("v2:addDeal", body={"title": "M", "stage_id": 6})["id"] for _ in range(2))
    call("v2:updateDeal", id=moved, body={"stage_id": 7})
    call("v2:updateDeal", id=lost, body={"status": "lost"})
    after = call.data("v1:getPipelineMovementStatistics", id=2, query=NOW)
    assert after["movements_between_stages"]["count"] - before["movements_between_stages"]["count"] == 1
    assert set(after["new_deals"]["deals_ids"]) - set(before["new_deals"]["deals_ids"]) == {moved, lost}
    assert lost in after["lost_deals"]["deals_ids"]
    assert moved in after["deals_left_open"]["deals_ids"]
    rates = call.data("v1:getPipelineConversionStatistics", id=2, query=NOW)
    assert [(r["from_stage_id"], r["to_stage_id"]) for r in rates["stage_conversions"]] == [(6, 7), (7, 8)]
    assert 0 < rates["lost_conversion"] <= 100
    call.refused("v1:getPipelineConversionStatistics", 400, id=2, query={**NOW, "end_date": "2026-05-01"})
    call.refused("v1:getPipelineMovementStatistics", 400, id=2)
