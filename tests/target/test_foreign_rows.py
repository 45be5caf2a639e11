"""Unusual references of rows of another account, and the rows that must exist before them."""

from __future__ import annotations

import pytest

from tests.support.copying import SETTINGS
from tests.support.singer import run_tap
from tests.target.helpers import Loader, rows

pytestmark = pytest.mark.dialects

DETAILS = "include_fields=ui_visibility,important_fields,required_fields"


@pytest.fixture
def other(_accounts, dialect):
    """An account with other ids, because pipelines and stages were added to it before."""
    account = _accounts("empty", dialect)
    account.reset()
    added = account.post("/api/v2/pipelines", {"name": "Here before"})["data"]["id"]
    account.post("/api/v2/stages", {"name": "Here before", "pipeline_id": added})
    return account


@pytest.fixture
def load(other, tmp_path):
    return Loader({**other.config(**SETTINGS)}, tmp_path)


def field(emulator, name):
    rows_ = emulator.get(f"/api/v2/dealFields?limit=500&{DETAILS}")["data"]
    return next(one for one in rows_ if one["field_name"] == name)


def names(emulator, table, ids):
    held = {one["id"]: one["name"] for one in emulator.rows(table)}
    return [held[int(one)] for one in ids]


def test_a_field_is_shown_and_required_in_the_pipelines_and_stages_it_names(small, other, load):
    code = field(small, "Contract number")["field_code"]
    statuses = {"1": ["won"], "2": ["lost", "won"]}
    small.call("PATCH", f"/api/v2/dealFields/{code}", {"required_fields": {"statuses": statuses}})
    out = run_tap(small.config(), "pipelines", "stages", "deal_fields")
    messages = [one for one in out.messages if one["type"] != "STATE"]
    run = load(messages)
    assert run.errors == []
    there, here = field(small, "Contract number"), field(other, "Contract number")
    for emulator, one in ((small, there), (other, here)):
        one["shown"] = names(emulator, "pipelines", one["ui_visibility"]["show_in_pipelines"]["pipeline_ids"])
        one["important"] = names(emulator, "stages", one["important_fields"]["stage_ids"])
        held = one["required_fields"]["statuses"]
        one["statuses"] = dict(zip(names(emulator, "pipelines", held), held.values(), strict=True))
    told = ("shown", "important", "statuses")
    assert [here[name] for name in told] == [there[name] for name in told]
    assert here["required_fields"]["statuses"] != statuses  # the ids are others
    assert set(load(messages).outcomes) == {"unchanged"}


def test_installments_received_before_the_products_of_their_deal_are_deferred(other, load):
    products = rows("products", {"id": 1, "name": "Pump"}, keys=["id"])
    deals = rows("deals", {"id": 7, "title": "Big one"}, keys=["id"])
    dues = [
        {"id": n, "deal_id": 7, "amount": 10 * n, "billing_date": f"2026-0{n}-01", "description": f"{n}"}
        for n in (1, 2, 3)
    ]
    line = {"id": 5, "deal_id": 7, "product_id": 1, "item_price": 60, "quantity": 1}
    run = load(
        deals,
        rows("deal_installments", *dues, keys=["id"]),
        rows("deal_products", line, keys=["id"]),
        products,
    )
    assert (run.errors, run.outcomes) == ([], ["created"] * 6)
    assert sorted(one["amount"] for one in other.rows("installments")) == [10, 20, 30]


def test_goals_of_all_users_are_recognized_in_the_second_run(small, tmp_path):
    body = {
        "type": {"name": "deals_won", "params": {"pipeline_id": [1]}},
        "expected_outcome": {"target": 70, "tracking_metric": "quantity"},
        "interval": "monthly",
    }
    for user, end in ((1, None), (2, None), (3, "2024-12-31")):
        more = {"assignee": {"id": user, "type": "person"}, "duration": {"start": "2024-01-01", "end": end}}
        small.post("/v1/goals", {"title": f"Of {user}", **body, **more})
    out = run_tap(small.config(), "goals")
    load = Loader(small.config(), tmp_path)
    run = load([one for one in out.messages if one["type"] != "STATE"])
    assert len(run.outcomes) == len(small.rows("goals"))
    assert set(run.outcomes) == {"unchanged"}, run.errors


def test_a_product_without_prices_is_copied_without_prices(other, load):
    run = load(rows("products", {"id": 1, "name": "Free", "prices": []}, keys=["id"]))
    assert run.errors == []
    assert [one["prices"] for one in other.rows("products")] == [[]]
