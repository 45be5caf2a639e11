"""Random inputs of deals, products and discounts: values are kept, and a second run writes nothing."""

from __future__ import annotations

import random

import pytest

from target_pipedrive.apply import recomputed_columns
from tests.target.case_folders import writes_of
from tests.target.helpers import RECOMPUTED, Loader, schema

STREAMS = {
    "deals": ("deals", "external_id title value"),
    "deal_products": ("deal_products", "external_id deal_id product_id item_price quantity"),
    "deal_discounts": ("deal_discounts", "external_id deal_id description amount type"),
    "known_deals": ("deals", "id title value"),
    "known_lines": ("deal_products", "id deal_id quantity is_deleted"),
}
OFTEN = (30, 33)
"""Seeds of the normal run: a shuffled and a sorted input that fail if early comparisons are not repeated."""
SETTINGS = {
    "streams": {name: {"entity": entity} for name, (entity, _) in STREAMS.items()},
    "allow_deletes": True,
}


@pytest.fixture
def account(observed, monkeypatch):
    monkeypatch.setattr(recomputed_columns, "RECOMPUTED_WITHIN", RECOMPUTED["observed"])
    return observed


def new_deals(dice):
    """Records of new deals with lines and discounts, and the value that each has by its title."""
    records, wanted = [], {}
    for number in range(6):
        deal = {"external_id": f"d{number}", "title": f"New {number}"}
        if dice.random() < 0.7:
            deal["value"] = wanted[deal["title"]] = dice.choice((0, 7, 1250))
        records.append(("deals", deal))
        above = {"deal_id": {"external_id": deal["external_id"]}}
        for line in range(dice.randint(0, 3)):
            sold = {"product_id": 1, "item_price": dice.randint(1, 50), "quantity": 1}
            records.append(("deal_products", {"external_id": f"l{number}-{line}", **above, **sold}))
        if dice.random() < 0.3:
            less = {"description": "Less", "amount": 5, "type": "percentage"}
            records.append(("deal_discounts", {"external_id": f"x{number}", **above, **less}))
    return records, wanted


def known_deals(account, dice):
    """Records of deals of the account and their lines, changed and deleted, and the value of each deal."""
    with_installments = {one["deal_id"] for one in account.rows("installments")}
    deals = [
        one
        for one in account.rows("deals")
        if not one["is_deleted"] and not one["is_archived"] and one["id"] not in with_installments
    ]
    records, wanted = [], {}
    for deal in dice.sample(deals, 8):
        value = dice.choice(("absent", deal["value"], 0, 999))
        record = {"id": deal["id"], "title": f"Known {deal['id']}"}
        if value != "absent":
            record["value"] = wanted[record["title"]] = value
        records.append(("known_deals", record))
    ids = {one["id"] for one in deals}
    lines = [one for one in account.rows("deal_products") if one["deal_id"] in ids]
    for line in dice.sample(lines, min(12, len(lines))):
        change = (
            {"is_deleted": True}
            if dice.random() < 0.3
            else {"quantity": line["quantity"] + dice.randint(0, 2)}
        )
        records.append(("known_lines", {"id": line["id"], "deal_id": line["deal_id"], **change}))
    return records, wanted


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=[] if seed in OFTEN else [pytest.mark.soak]) for seed in range(60)]
)
def test_values_are_kept_in_any_order(seed, account, tmp_path):
    dice = random.Random(seed)
    account.post("/_emulator/delays", {"deal_value_seconds": dice.choice((0.02, 0.1, 0.2))})
    (new, values), (known, more) = new_deals(dice), known_deals(account, dice)
    records = [*new, *known]
    dice.shuffle(records)
    if seed % 2:  # as a tap sends them, in one order of the streams or the other
        records.sort(key=lambda one: one[0], reverse=seed % 4 == 1)
    messages = [
        *(schema(name, columns, columns.split()[:1]) for name, (_, columns) in STREAMS.items()),
        *({"type": "RECORD", "stream": stream, "record": record} for stream, record in records),
    ]
    settings = {**SETTINGS, "max_concurrency": dice.choice((1, 8))}
    run = Loader(account.config(), tmp_path)
    assert run(*messages, **settings).errors == []
    held = {one["title"]: one["value"] for one in account.rows("deals")}
    wanted = {**values, **more}
    assert {title: held[title] for title in wanted} == wanted
    account.post("/_emulator/log/clear")
    assert run(*messages, **settings).errors == []
    assert writes_of(account) == []
