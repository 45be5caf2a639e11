"""A deal's own `value` in addition to its products: correct after the first run, in any order."""

from __future__ import annotations

import pytest

from target_pipedrive.run import deferred
from tests.target.case_folders import writes_of
from tests.target.helpers import rows
from tests.target.twice import settles

UPDATE = "PATCH /api/v2/deals/{id}"
SUM = 152.6
"""Value of the one line, tax included."""
KEYS = ["external_id"]
DEAL = {"external_id": "d1", "title": "Own value", "value": 500}
LINE = {
    "external_id": "l1",
    "deal_id": {"external_id": "d1"},
    "product_id": 1,
    "item_price": 70,
    "quantity": 2,
}


def deals(*records):
    return rows("deals", *records, keys=KEYS)


def lines(*records):
    return rows("deal_products", *records, keys=KEYS)


def in_order(first, *streams):
    return [one for stream in (streams if first == "deals" else reversed(streams)) for one in stream]


def value_of(small, title="Own value"):
    return next(one["value"] for one in small.rows("deals") if one["title"] == title)


@pytest.fixture
def sent(small):
    small.post("/_emulator/log/clear")

    def count(method, path):
        return small.requests().get(f"{method} {path}", 0)

    return count


@pytest.mark.parametrize("first", ["deals", "deal_products"])
def test_the_value_of_the_record_is_kept_after_the_first_run(small, load, sent, first):
    messages = in_order(first, deals(DEAL), lines(LINE))
    run = load(*messages)
    assert (run.error, run.outcomes) == (None, ["created", "created"])
    assert value_of(small) == 500
    assert (sent("POST", "/api/v2/deals"), sent("PATCH", "/api/v2/deals/{id}")) == (1, 1)
    assert sent("GET", "/api/v2/deals/{id}") == 1
    again = settles(small, load, *messages)
    assert again.outcomes == ["unchanged", "unchanged"]


@pytest.mark.parametrize("first", ["deals", "deal_products"])
def test_values_of_deals_referenced_by_id_are_kept_too(small, load, first):
    one = next(one for one in small.rows("deal_products"))
    deal = {"id": one["deal_id"], "value": 12_345}
    line = {"id": one["id"], "deal_id": one["deal_id"], "quantity": one["quantity"] + 3}
    messages = in_order(first, rows("deals", deal, keys=["id"]), rows("deal_products", line, keys=["id"]))
    run = settles(small, load, *messages)
    assert (run.errors, run.outcomes) == ([], ["updated", "updated"])
    assert next(row["value"] for row in small.rows("deals") if row["id"] == one["deal_id"]) == 12_345


@pytest.mark.parametrize("first", ["deals", "deal_products"])
def test_deleting_a_product_keeps_the_value(small, load, first):
    one = next(one for one in small.rows("deal_products"))
    deal = {"id": one["deal_id"], "value": 777}
    line = {"id": one["id"], "deal_id": one["deal_id"], "is_deleted": True}
    messages = in_order(first, rows("deals", deal, keys=["id"]), rows("deal_products", line, keys=["id"]))
    run = load(*messages, allow_deletes=True)
    assert sorted(run.outcomes) == ["deleted", "updated"]
    assert next(row["value"] for row in small.rows("deals") if row["id"] == one["deal_id"]) == 777


@pytest.mark.parametrize("first", ["deals", "deal_products"])
def test_a_discount_keeps_the_value(small, load, first):
    discount = {
        "external_id": "x1",
        "deal_id": {"external_id": "d1"},
        "description": "Less",
        "amount": 10,
        "type": "amount",
    }
    messages = in_order(first, deals(DEAL), [*lines(LINE), *rows("deal_discounts", discount, keys=KEYS)])
    run = settles(small, load, *messages)
    assert (run.errors, run.outcomes) == ([], ["created"] * 3)
    assert value_of(small) == 500


def test_a_null_value_is_unchanged_in_the_next_run(small, load):
    run = settles(small, load, deals({**DEAL, "value": None}), lines(LINE))
    assert (run.errors, run.outcomes) == ([], ["created", "created"])


@pytest.mark.parametrize("deal", [{"external_id": "d1", "title": "Own value"}])
def test_without_a_value_the_products_determine_it_and_nothing_is_read_again(small, load, sent, deal):
    run = load(deals(deal), lines(LINE))
    assert run.outcomes == ["created", "created"]
    assert value_of(small) not in (0, 500, None)
    assert (sent("GET", "/api/v2/deals/{id}"), sent("PATCH", "/api/v2/deals/{id}")) == (0, 0)


def test_a_value_equal_to_the_sum_of_products_is_not_sent_again(small, load, sent):
    load(deals(DEAL), lines(LINE))
    load(deals({"external_id": "d1", "title": "Own value"}), lines({**LINE, "quantity": 3}))
    small.post("/_emulator/log/clear")
    total = value_of(small)
    run = load(deals({**DEAL, "value": total}), lines({**LINE, "quantity": 3, "comments": "touched"}))
    assert run.outcomes == ["unchanged", "updated"]
    assert sent("PATCH", "/api/v2/deals/{id}") == 0


def test_unchanged_products_send_no_value(small, load, sent):
    messages = [*deals(DEAL), *lines(LINE)]
    load(*messages)
    small.post("/_emulator/log/clear")
    load(*messages)
    assert writes_of(small) == []
    assert sent("GET", "/api/v2/deals/{id}") == 0


@pytest.mark.parametrize("first", ["deals", "deal_products"])
def test_many_deals_are_read_together_and_each_is_sent_once(small, load, sent, first):
    n_deals, n_lines = 40, 3
    many = [
        {**DEAL, "external_id": f"d{at}", "title": f"Own {at}", "value": 500 + at} for at in range(n_deals)
    ]
    below = [
        {**LINE, "external_id": f"l{at}-{line}", "deal_id": {"external_id": f"d{at}"}}
        for at in range(n_deals)
        for line in range(n_lines)
    ]
    messages = in_order(first, deals(*many), lines(*below))
    run = settles(small, load, *messages)
    assert (run.errors, set(run.outcomes)) == ([], {"created"})
    held = {one["title"]: one["value"] for one in small.rows("deals")}
    assert all(held[f"Own {at}"] == 500 + at for at in range(n_deals))
    small.reset()
    fresh = run.folder / "again.sqlite"
    small.post("/_emulator/log/clear")
    load(*messages, ledger_path=str(fresh))
    assert sent("PATCH", "/api/v2/deals/{id}") == n_deals
    assert sent("GET", "/api/v2/deals/{id}") == 0
    assert sent("GET", "/api/v2/deals") <= 3


@pytest.mark.parametrize("first", ["deals", "deal_products"])
def test_the_value_of_a_deal_found_by_title_is_kept_too(small, load, first):
    load(deals(DEAL))
    number = next(one["id"] for one in small.rows("deals") if one["title"] == "Own value")
    messages = in_order(
        first,
        rows("deals", {"title": "Own value", "value": 640}, keys=["title"]),
        lines({**LINE, "deal_id": number}),
    )
    run = settles(small, load, *messages)
    assert (run.errors, sorted(run.outcomes)) == ([], ["created", "updated"])
    assert value_of(small) == 640


def test_the_last_value_of_several_records_counts(small, load):
    run = load(deals(DEAL), lines(LINE), deals({**DEAL, "value": 900}))
    assert run.errors == []
    assert value_of(small) == 900


def test_a_value_rejected_at_the_end_fails_the_record_and_is_corrected_by_the_next_run(small, load):
    small.post("/_emulator/faults", [{"operation": UPDATE, "nth": 1, "kind": "status_before", "status": 400}])
    messages = [*deals(DEAL), *lines(LINE)]
    run = load(*messages)
    assert sorted(run.outcomes) == ["created", "failed"]
    small.post("/_emulator/faults", [])
    assert load(*messages).errors == []
    assert value_of(small) == 500
    assert len([one for one in small.rows("deal_products") if one["item_price"] == 70]) == 1
    settles(small, load, *messages)


@pytest.mark.parametrize("first", ["deals", "deal_products"])
def test_values_of_records_deferred_to_the_file_are_kept_too(small, load, monkeypatch, first):
    monkeypatch.setattr(deferred, "MOST", 1)
    many = [{**DEAL, "external_id": f"d{at}", "title": f"Own {at}"} for at in range(9)]
    below = [{**LINE, "external_id": f"l{at}", "deal_id": {"external_id": f"d{at}"}} for at in range(9)]
    run = settles(small, load, *in_order(first, deals(*many), lines(*below)))
    assert (run.errors, run.outcomes) == ([], ["created"] * 18)
    assert [one["value"] for one in small.rows("deals") if one["title"].startswith("Own ")] == [500] * 9


@pytest.fixture
def locked(small):
    """An account that rejects the value of a deal that has products."""
    small.post("/_emulator/deal_values", {"locked": True})
    yield small
    small.post("/_emulator/deal_values", {"locked": False})


@pytest.mark.parametrize("first", ["deals", "deal_products"])
def test_a_value_that_the_account_rejects_is_not_taken_and_fails_nothing(locked, load, first):
    run = settles(locked, load, *in_order(first, deals(DEAL), lines(LINE)))
    assert (run.errors, run.outcomes) == ([], ["created", "created"])
    assert value_of(locked) == SUM
    assert [one["note"] for one in run.results if "did not take value" in (one["note"] or "")]


def test_the_other_columns_of_an_update_with_such_a_value_are_written(locked, load):
    load(deals(DEAL), lines(LINE))
    run = settles(locked, load, deals({**DEAL, "value": 640, "probability": 7}))
    assert (run.errors, run.outcomes) == ([], ["updated"])
    assert (run.results[0]["changed"], run.results[0]["not_taken"]) == (["probability"], ["value"])
    row = next(one for one in locked.rows("deals") if one["title"] == DEAL["title"])
    assert (row["value"], row["probability"]) == (SUM, 7)


def test_such_a_value_alone_leaves_the_row_unchanged(locked, load):
    load(deals(DEAL), lines(LINE))
    run = settles(locked, load, deals({**DEAL, "value": 640}))
    assert (run.errors, run.outcomes, run.results[0]["not_taken"]) == ([], ["unchanged"], ["value"])


def test_a_dry_run_sends_no_value(small, load):
    small.post("/_emulator/log/clear")
    run = load(deals(DEAL), lines(LINE), dry_run=True)
    assert run.outcomes == ["created", "created"]
    assert writes_of(small) == []
