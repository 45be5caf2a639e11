"""Currencies by code, name or symbol, in a column of their own or behind an amount."""

from __future__ import annotations

import pytest

from tests.target.helpers import rows
from tests.target.twice import field_key, row, settles

ID = {"keys": ["id"]}
LIST = "GET /api/v1/currencies"


@pytest.mark.parametrize(
    ("columns", "amount", "code", "listed"),
    [
        ({"value": 50, "currency": "SEK"}, 50, "SEK", False),
        ({"value": 50, "currency": "sek"}, 50, "SEK", False),
        ({"value": "50", "currency": "Swedish krona"}, 50, "SEK", True),
        ({"value": "50.5", "currency": "£"}, 50.5, "GBP", True),
        ({"value": "50.5 GBP"}, 50.5, "GBP", False),
        ({"value": "£50.5"}, 50.5, "GBP", True),
        ({"value": "50 US Dollar", "currency": "usd"}, 50, "USD", True),
        ({"currency": "", "value": "50 USD"}, 50, "USD", False),
    ],
)
def test_the_value_of_a_deal_has_a_currency(small, load, columns, amount, code, listed):
    run = settles(small, load, rows("deals", {"id": 1, **columns}, **ID))
    assert run.outcomes == ["updated"], run.errors
    found = row(small, "deals", 1)
    assert (found["value"], found["currency"]) == (amount, code)
    small.post("/_emulator/log/clear")
    load(rows("update_deal", {"id": 2, **columns}))
    assert (row(small, "deals", 2)["value"], row(small, "deals", 2)["currency"]) == (amount, code)
    assert (LIST in small.requests()) == listed


@pytest.mark.parametrize(
    "value", ["75 Euro", {"amount": 75, "currency": "€"}, '{"amount": 75, "currency": "euro"}']
)
def test_the_value_of_a_lead_has_a_currency(small, load, value):
    lead = small.rows("leads")[0]["id"]
    settles(small, load, rows("leads", {"id": lead, "value": value}, **ID))
    assert row(small, "leads", lead)["value"] == {"amount": 75, "currency": "EUR"}


@pytest.mark.parametrize("prices", ["9 Japanese Yen", [{"price": 9, "currency": "¥"}], ["9 ¥"]])
def test_the_price_of_a_product_has_a_currency(small, load, prices):
    run = load(rows("products", {"id": 1, "prices": prices}, **ID))
    assert run.outcomes == ["updated"], run.errors
    held = {one["currency"]: one["price"] for one in row(small, "products", 1)["prices"]}
    assert held["JPY"] == 9


@pytest.mark.parametrize("columns", [{"Fee": "30 Euro"}, {"fee": 30, "fee_currency": "€"}])
def test_a_custom_amount_has_a_currency(small, load, columns):
    small.post("/api/v2/dealFields", {"field_name": "Fee", "field_type": "monetary"})
    settles(small, load, rows("deals", {"id": 1, **columns}, **ID))
    held = row(small, "deals", 1)["custom_fields"][field_key(small, "deal", "Fee")]
    assert (held["value"], held["currency"]) == (30, "EUR")


@pytest.mark.parametrize(
    ("columns", "column", "fact"),
    [
        ({"value": 5, "currency": "Taler"}, "currency", "a code such as EUR"),
        ({"value": "5 Taler"}, "value", "a code such as EUR"),
        ({"value": 5, "currency": "kr"}, "currency", "SEK or DKK"),
        ({"value": "5 EUR", "currency": "USD"}, "value", "USD"),
        ({"currency": "USD", "value": "5 EUR"}, "value", "USD"),
        ({"value": "5,000 EUR"}, "value", "a number such as"),
        ({"value": "EUR 5 EUR"}, "value", "a number such as"),
    ],
)
def test_an_ambiguous_currency_is_rejected(small, load, columns, column, fact):
    rename = {"table": "currencies", "id": 6, "set": {"code": "DKK", "symbol": "kr"}}
    small.post("/_emulator/rows", [rename])
    before = row(small, "deals", 1)
    run = settles(small, load, rows("deals", {"id": 1, **columns}, **ID))
    assert run.outcomes == ["failed"]
    assert run.results[0]["column"] == column
    assert fact in run.errors[0]
    assert row(small, "deals", 1) == before
