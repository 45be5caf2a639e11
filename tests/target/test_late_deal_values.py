"""Values of deals that the account computes a moment after a product was written, as live accounts do."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from contextlib import closing

import pytest

from target_pipedrive.apply import recomputed_columns
from tests.target.case_folders import writes_of
from tests.target.helpers import RECOMPUTED, Loader, rows, state
from tests.target.test_deal_values import DEAL, KEYS, LINE, SUM, deals, in_order, lines, value_of

WITHIN = RECOMPUTED["observed"]
IN_BOTH_ORDERS = pytest.mark.parametrize("first", ["deals", "deal_products"])


@pytest.fixture
def late(observed, monkeypatch):
    monkeypatch.setattr(recomputed_columns, "RECOMPUTED_WITHIN", WITHIN)
    return observed


@pytest.fixture
def run(late, tmp_path):
    return Loader(late.config(), tmp_path)


def value(account, number):
    return next(row["value"] for row in account.rows("deals") if row["id"] == number)


def sent(account):
    """Writes since the log was cleared, by operation."""
    return Counter(one["operation"] for one in writes_of(account))


def assert_settled(account, run, *messages, **config):
    """Run again, and check that nothing is written."""
    account.post("/_emulator/log/clear")
    run(*messages, **config)
    assert writes_of(account) == []


def of_a_line(account, first, **deal):
    """Id of a deal of the account, and messages with its values and a line of another quantity."""
    one = account.rows("deal_products")[0]
    line = {"id": one["id"], "deal_id": one["deal_id"], "quantity": one["quantity"] + 3}
    above = rows("deals", {"id": one["deal_id"], **deal}, keys=["id"])
    return one["deal_id"], in_order(first, above, rows("deal_products", line, keys=["id"]))


@IN_BOTH_ORDERS
@pytest.mark.parametrize("n_lines", [1, 5])
def test_a_new_deal_keeps_its_value(n_lines, first, late, run):
    messages = in_order(
        first, deals(DEAL), lines(*({**LINE, "external_id": f"l{at}"} for at in range(n_lines)))
    )
    late.post("/_emulator/log/clear")
    ended = run(*messages)
    assert (ended.errors, value_of(late)) == ([], 500)
    assert sent(late)["PATCH /api/v2/deals/{id}"] == 1
    assert_settled(late, run, *messages)


@IN_BOTH_ORDERS
def test_a_deal_compared_before_its_value_was_computed_is_compared_again(first, late, run):
    number, messages = of_a_line(late, first, value=12_345)
    ended = run(*messages)
    assert (ended.errors, ended.outcomes) == ([], ["updated", "updated"])
    assert value(late, number) == 12_345
    assert_settled(late, run, *messages)


@IN_BOTH_ORDERS
def test_a_value_that_the_row_already_has_is_kept(first, late, run):
    before = value(late, late.rows("deal_products")[0]["deal_id"])
    number, messages = of_a_line(late, first, value=before)
    run(*messages)
    assert value(late, number) == before
    assert_settled(late, run, *messages)


@IN_BOTH_ORDERS
def test_a_deleted_line_keeps_the_value(first, late, run):
    one = late.rows("deal_products")[0]
    deal = rows("deals", {"id": one["deal_id"], "value": 777}, keys=["id"])
    gone = {"id": one["id"], "deal_id": one["deal_id"], "is_deleted": True}
    messages = in_order(first, deal, rows("deal_products", gone, keys=["id"]))
    run(*messages, allow_deletes=True)
    assert value(late, one["deal_id"]) == 777
    assert_settled(late, run, *messages, allow_deletes=True)


@IN_BOTH_ORDERS
def test_a_discount_keeps_the_value(first, late, run):
    discount = {"external_id": "x", "deal_id": {"external_id": "d1"}, "description": "Less", "amount": 10}
    below = [*lines(LINE), *rows("deal_discounts", {**discount, "type": "amount"}, keys=KEYS)]
    messages = in_order(first, deals(DEAL), below)
    assert (run(*messages).errors, value_of(late)) == ([], 500)
    assert_settled(late, run, *messages)


def test_lines_deleted_by_a_mirror_keep_the_value(late, run):
    def version(number, *external_ids):
        below = lines(*({**LINE, "external_id": one} for one in external_ids))
        marked = [one if one["type"] == "SCHEMA" else {**one, "version": number} for one in below]
        ended = {"type": "ACTIVATE_VERSION", "stream": "deal_products", "version": number}
        return [*deals(DEAL), *marked, ended]

    settings = {"allow_deletes": True, "mirror": True}
    run(*version(1, "l1", "l2", "l3", "l4"), **settings)
    ended = run(*version(2, "l1"), **settings)
    assert sorted(ended.outcomes) == ["deleted"] * 3 + ["unchanged"] * 2
    assert value_of(late) == 500
    assert_settled(late, run, *version(2, "l1"), **settings)


@pytest.mark.parametrize("given", [SUM, None])
def test_a_value_that_is_right_is_not_sent_a_second_time(given, late, run):
    messages = [*deals({**DEAL, "value": given}), *lines(LINE)]
    late.post("/_emulator/delays", {"deal_value_seconds": 0})
    late.post("/_emulator/log/clear")
    run(*messages)
    assert sent(late) == {"POST /api/v2/deals": 1, "POST /api/v2/deals/{id}/products": 1}
    assert value_of(late) == SUM
    assert_settled(late, run, *messages)


@IN_BOTH_ORDERS
def test_an_archived_deal_of_another_account_keeps_its_value(first, late, run):
    deal = {"id": 900, "title": "Own value", "value": 500, "is_archived": True}
    line = {"id": 901, "deal_id": 900, "product_id": 902, "item_price": 70, "quantity": 2}
    product = rows("products", {"id": 902, "name": "Of the other account"}, keys=["id"])
    messages = [
        *product,
        *in_order(first, rows("deals", deal, keys=["id"]), rows("deal_products", line, keys=["id"])),
    ]
    late.post("/_emulator/log/clear")
    ended = run(*messages, foreign_ids=True)
    assert ended.errors == []
    found = next(one for one in late.rows("deals") if one["title"] == "Own value")
    assert (found["value"], found["is_archived"]) == (500, True)
    assert sent(late)["PATCH /api/v2/deals/{id}"] == 1
    assert_settled(late, run, *messages, foreign_ids=True)


def test_many_deals_are_awaited_once_and_read_together(late, run):
    n_deals = 30
    many = [{**DEAL, "external_id": f"d{at}", "title": f"Own {at}"} for at in range(n_deals)]
    below = [
        {**LINE, "external_id": f"l{at}-{line}", "deal_id": {"external_id": f"d{at}"}}
        for at in range(n_deals)
        for line in range(3)
    ]
    messages = [*deals(*many), *lines(*below)]
    late.post("/_emulator/log/clear")
    ended = run(*messages)
    assert ended.errors == []
    asked = late.requests()
    assert (asked["PATCH /api/v2/deals/{id}"], asked["GET /api/v2/deals"]) == (n_deals, 1)
    assert "GET /api/v2/deals/{id}" not in asked
    assert {one["value"] for one in late.rows("deals") if one["title"].startswith("Own ")} == {500}
    assert_settled(late, run, *messages)


@pytest.mark.parametrize("interrupted", [True, False])
@pytest.mark.parametrize("n_deals", [1, 30])
def test_a_run_that_follows_another_one_at_once_keeps_the_value(n_deals, interrupted, late, run, monkeypatch):
    """The first run wrote the lines; the next one compares the values before they are computed."""
    monkeypatch.setattr(recomputed_columns, "RECOMPUTED_WITHIN", 0.8)
    late.post("/_emulator/delays", {"deal_value_seconds": 0.7})
    names = [f"d{at}" for at in range(n_deals)]
    above = deals(*({"external_id": one, "title": one, "value": 500} for one in names))
    unnamed = deals(*({"external_id": one, "title": one} for one in names))
    below = lines(*({**LINE, "external_id": one, "deal_id": {"external_id": one}} for one in names))
    if interrupted:
        first, second = [*above, *below, state({"n": 1})], [*above, *below]
        assert "ended unexpectedly" in str(run(*first, torn=5).error)
    else:
        first, second = [*unnamed, *below], above
        assert run(*first).error is None
    assert run(*second).errors == []
    assert {one["value"] for one in late.rows("deals") if one["title"] in names} == {500}
    assert_settled(late, run, *second)


def test_a_value_computed_later_than_awaited_is_sent_by_the_next_run(late, run):
    late.post("/_emulator/delays", {"deal_value_seconds": 4 * WITHIN})
    messages = [*deals(DEAL), *lines(LINE)]
    run(*messages)
    assert value_of(late) == SUM
    ended = run(*messages)
    assert (ended.outcomes, ended.results[0]["changed"]) == (["updated", "unchanged"], ["value"])
    assert value_of(late) == 500
    assert_settled(late, run, *messages)


@pytest.mark.usefixtures("late")
@pytest.mark.parametrize("given", [{}, {"value": 500}])
def test_a_run_long_after_the_last_line_waits_for_none(given, run, monkeypatch):
    messages = [*deals(DEAL), *lines(LINE)]
    run(*messages)
    with closing(sqlite3.connect(run.folder / "ledger.sqlite")) as ledger, ledger:
        changed = ledger.execute("update meta set value = value - 40 where name = 'child_written_at'")
        assert changed.rowcount == 1
    monkeypatch.setattr(recomputed_columns, "RECOMPUTED_WITHIN", 30.0)
    began = time.monotonic()
    run(*deals({"external_id": "d1", "title": "Renamed", **given}), *lines(LINE))
    assert time.monotonic() - began < 10


@IN_BOTH_ORDERS
@pytest.mark.parametrize("new", [True, False])
def test_a_value_that_the_account_rejects_is_not_sent_again(new, first, late, run):
    late.post("/_emulator/deal_values", {"locked": True})
    messages = in_order(first, deals(DEAL), lines(LINE)) if new else of_a_line(late, first, value=12_345)[1]
    ended = run(*messages)
    assert ended.errors == []
    told = [one for one in ended.results if one["stream"] == "deals" or "value" in (one["note"] or "")]
    assert any("did not take value" in (one["note"] or "") for one in told)
    assert_settled(late, run, *messages)


ACTIONS = {
    "add_deal_product": {"id": 1, "product_id": 1, "item_price": 70, "quantity": 2},
    "add_many_deal_products": {"id": 1, "data": [{"product_id": 1, "item_price": 70, "quantity": 2}]},
    "post_additional_discount": {"id": 1, "description": "Less", "amount": 5, "type": "percentage"},
    "update_deal_product": {"quantity": 9},
    "delete_deal_product": {},
}


@IN_BOTH_ORDERS
@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_lines_written_by_actions_keep_the_value(name, first, late, run):
    line = next(one for one in late.rows("deal_products") if one["billing_frequency"] == "one-time")
    number = line["deal_id"]
    action = {**ACTIONS[name], "id": number}
    if name in ("update_deal_product", "delete_deal_product"):
        action["product_attachment_id"] = line["id"]
    messages = in_order(
        first, rows("deals", {"id": number, "value": 12_345}, keys=["id"]), rows(name, action)
    )
    late.post("/_emulator/log/clear")
    ended = run(*messages)
    assert ended.errors == []
    assert value(late, number) == 12_345
    assert (
        sum(
            count
            for operation, count in sent(late).items()
            if "products" in operation or "discounts" in operation
        )
        == 1
    )
    before = late.snapshot()
    late.post("/_emulator/log/clear")
    run(*rows("deals", {"id": number, "value": 12_345}, keys=["id"]))
    assert (writes_of(late), late.snapshot()) == ([], before)
