"""Products of a deal are added in bulk if that costs less, and each is recorded separately."""

from __future__ import annotations

import pytest

from tests.support.gate import Gate
from tests.target.helpers import Loader, adding, rows

pytestmark = pytest.mark.dialects

BULK = "POST /api/v2/deals/{id}/products/bulk"
ONE = "POST /api/v2/deals/{id}/products"
NEW = adding("deal_products")


def lines(count, deal=7, **more):
    return [
        {"deal_id": deal, "product_id": 1, "item_price": number, "quantity": 1, **more}
        for number in range(1, count + 1)
    ]


def asked(count, deal=7):
    return [{**{k: v for k, v in one.items() if k != "deal_id"}, "id": deal} for one in lines(count, deal)]


def prices(small, deal=7):
    return sorted(one["item_price"] for one in small.rows("deal_products") if one["deal_id"] == deal)


def sent(small):
    requests = small.requests()
    return requests.get(BULK, 0), requests.get(ONE, 0)


@pytest.fixture
def before(small):
    """Prices of the products that deal 7 has to begin with."""
    held = prices(small)
    small.post("/_emulator/log/clear")
    return held


@pytest.mark.parametrize("stream", ["add_deal_product", "deal_products"])
@pytest.mark.parametrize(("count", "bulks", "singles"), [(4, 0, 4), (5, 1, 0), (100, 1, 0), (103, 1, 3)])
def test_products_are_added_in_bulk_if_that_is_cheaper(load, small, before, stream, count, bulks, singles):
    run = load(rows(stream, *(asked(count) if stream.startswith("add") else lines(count))), **NEW)
    assert run.outcomes == ["created"] * count, run.errors
    assert sent(small) == (bulks, singles)
    assert prices(small) == sorted([*before, *range(1, count + 1)])
    held = {str(one["id"]): one["item_price"] for one in small.rows("deal_products")}
    assert [held[one] for one in run.ids] == list(range(1, count + 1))


@pytest.mark.usefixtures("before")
def test_each_external_id_is_linked_to_its_row(load, small):
    records = [{"external_id": f"l{n}", **one} for n, one in enumerate(lines(20))]
    first = load(rows("deal_products", *records, keys=["external_id"]))
    records[3]["quantity"] = 9
    second = load(rows("deal_products", *records, keys=["external_id"]))
    assert len(set(first.ids)) == 20
    assert second.ids == first.ids
    assert second.outcomes == ["unchanged"] * 3 + ["updated"] + ["unchanged"] * 16
    assert sent(small) == (1, 0)


@pytest.mark.parametrize("again", [{}, {"quantity": 5}], ids=["alike", "changed"])
def test_the_same_row_twice_is_added_once(load, small, before, again):
    records = [{"external_id": f"l{n}", **one} for n, one in enumerate(lines(8))]
    twice = [*records, {**records[2], **again}, {**records[3], **again}]
    run = load(rows("deal_products", *twice, keys=["external_id"]))
    assert run.outcomes == ["created"] * 8 + ["updated" if again else "unchanged"] * 2, run.errors
    assert run.ids[8:] == run.ids[2:4]
    assert prices(small) == sorted([*before, *range(1, 9)])


def test_products_of_a_deal_created_in_the_same_run(load, small):
    records = [{**one, "deal_id": {"external_id": "d1"}} for one in lines(12)]
    run = load(
        rows("deal_products", *records),
        rows("deals", {"external_id": "d1", "title": "Later"}, keys=["external_id"]),
        **NEW,
    )
    assert run.outcomes == ["created"] * 13, run.errors
    assert prices(small, int(run.ids[12])) == list(range(1, 13))


def test_one_invalid_row_fails_alone(load, small, before):
    records = lines(20)
    records[7]["product_id"] = 99999
    run = load(rows("deal_products", *records), **NEW)
    assert run.outcomes == ["created"] * 7 + ["failed"] + ["created"] * 12
    assert "product" in run.errors[0].lower()
    assert prices(small) == sorted([*before, *(n for n in range(1, 21) if n != 8)])
    assert sent(small) == (1, 20)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset_after"},
        {"kind": "reset_before"},
        {"kind": "status_after", "status": 500},
        {"kind": "status_before", "status": 503},
        {"kind": "torn"},
        {"kind": "rate_limit", "retry_after": 0},
    ],
    ids=lambda fault: fault["kind"],
)
def test_each_row_is_added_once_after_any_failure_of_the_bulk_request(load, small, before, fault):
    small.post("/_emulator/faults", [{"operation": BULK, "nth": 1, **fault}])
    twice = [*lines(10), *lines(10)]
    run = load(rows("deal_products", *twice), **NEW)
    assert run.outcomes == ["created"] * 20, run.errors
    assert len(set(run.ids)) == 20
    assert prices(small) == sorted([*before, *range(1, 11), *range(1, 11)])


def test_an_interrupted_bulk_is_not_repeated_by_the_next_run(load, small, before):
    small.post("/_emulator/faults", [
        {"operation": BULK, "nth": 1, "kind": "reset_after"},
        {"operation": "GET /api/v2/deals/{id}/products", "kind": "status_before", "status": 400},
    ])  # fmt: skip
    first = load(rows("deal_products", *lines(10)), **NEW)
    assert set(first.outcomes) == {"failed"}
    small.post("/_emulator/faults", [])
    second = load(rows("deal_products", *lines(10)), **NEW)
    assert second.outcomes == ["created"] * 10
    assert prices(small) == sorted([*before, *range(1, 11)])


@pytest.mark.usefixtures("before")
def test_a_dry_run_counts_the_bulk(load, small):
    run = load(rows("deal_products", *lines(100)), dry_run=True, **NEW)
    assert run.outcomes == ["created"] * 100
    assert run.target.engine.table()[-1][-1] == "25"
    assert sent(small) == (0, 0)


def test_the_bulk_is_as_published(small, tmp_path):
    gate = Gate(small.url)
    load = Loader({**small.config(), "api_url": gate.url}, tmp_path)
    more = {"tax": 20, "comments": "c", "discount": 1, "discount_type": "amount", "is_enabled": True}
    run = load(rows("deal_products", *lines(30, **more)), **NEW)
    operations, problems = gate.close()
    assert run.outcomes == ["created"] * 30
    assert [one for one in problems if one[0] == "request"] == []
    assert any("bulk" in name for name in operations)
