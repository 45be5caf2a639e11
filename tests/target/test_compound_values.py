"""Addresses, amounts, ranges, times and prices: missing parts do not change."""

from __future__ import annotations

import pytest

from tests.target.case_folders import Case
from tests.target.helpers import record, rows, schema
from tests.target.twice import field_key, row, settles

pytestmark = pytest.mark.dialects

FULL = {
    "value": "Old Road 1, Berlin, Germany",
    "country": "Germany",
    "admin_area_level_1": "Berlin",
    "admin_area_level_2": "Mitte",
    "locality": "Berlin",
    "sublocality": "Moabit",
    "route": "Old Road",
    "street_number": "1",
    "subpremise": "2B",
    "postal_code": "10115",
}
HELD = {
    "Site address": FULL,
    "Budget": {"value": 7000, "currency": "JPY"},
    "Delivery window": {"value": "2026-07-16", "until": "2026-10-22"},
    "Daily slot": {"value": "07:15:00", "timezone_name": "Europe/Tallinn"},
    "Support hours": {"value": "10:00:00", "until": "14:45:00", "timezone_name": "Europe/Berlin"},
}
"""A whole value of each compound type."""
OF_THE_USER = "Europe/Tallinn"
"""Time zone of a value without one: that of the token's user."""
PATHS = {
    "deals": "deal",
    "persons": "person",
    "organizations": "organization",
    "products": "product",
    "projects": "project",
}


def put(small, table, number, name, value):
    """Store a custom value; returns its key."""
    key = field_key(small, PATHS[table], name)
    small.call("PATCH", f"/api/v2/{table}/{number}", {"custom_fields": {key: value}})
    return key


def written(found, key):
    """A value of a row without the number of its time zone, which Pipedrive adds to the name."""
    return {name: part for name, part in found["custom_fields"][key].items() if name != "timezone_id"}


# --- custom fields --------------------------------------------------------------------------------------

TARTU = {"country": "Eesti", "locality": "Tartu"}
PARTS = [
    ("Site address", {"site_address_postal_code": "20095"}, {"postal_code": "20095"}),
    ("Site address", {"site_address_country": "Eesti", "site_address_locality": "Tartu"}, TARTU),
    ("Site address", {"Site address": {"route": "New Road"}}, {"route": "New Road"}),
    ("Site address", {"site_address_subpremise": None}, {"subpremise": None}),
    ("Budget", {"budget_currency": "usd"}, {"currency": "USD"}),
    ("Budget", {"Budget": "99.50"}, {"value": 99.5}),
    ("Budget", {"budget": 5, "budget_currency": ""}, {"value": 5}),
    ("Budget", {"Budget": {"currency": "EUR"}}, {"currency": "EUR"}),
    ("Delivery window", {"delivery_window_until": "2027-01-01"}, {"until": "2027-01-01"}),
    ("Delivery window", {"Delivery window": "2026-07-01"}, {"value": "2026-07-01"}),
    ("Delivery window", {"delivery_window_until": "0000-00-00"}, {"until": None}),
    ("Daily slot", {"Daily slot": "09:30"}, {"value": "09:30:00"}),
    ("Daily slot", {"daily_slot_timezone": "Europe/Paris"}, {"timezone_name": "Europe/Paris"}),
    ("Support hours", {"support_hours_until": "18:00"}, {"until": "18:00:00"}),
    ("Support hours", {"Support hours": {"value": "08:00"}}, {"value": "08:00:00"}),
    ("Support hours", {"support_hours_timezone": ""}, {"timezone_name": OF_THE_USER}),
]
"""Field, columns of the record, parts that change."""


@pytest.mark.parametrize("table", PATHS)
def test_a_part_alone_changes_that_part(small, load, table):
    number = row(small, table, 3)["id"]
    for name, given, changed in PARTS:
        key = put(small, table, number, name, HELD[name])
        run = settles(small, load, rows(table, {"id": number, **given}, keys=["id"]))
        assert (run.outcomes, run.errors) == (["updated"], []), (name, given)
        assert written(row(small, table, number), key) == {**HELD[name], **changed}, (name, given)


NOTHING_NEW = [
    ("Site address", {"Site address": FULL["value"]}),
    ("Site address", {"site_address_country": "Germany"}),
    ("Budget", {"Budget": 7000}),
    ("Budget", {"budget_currency": "jpy"}),
    ("Delivery window", {"Delivery window": "2026-07-16T00:00:00Z"}),
    ("Daily slot", {"Daily slot": "07:15"}),
    ("Support hours", {"support_hours_until": "14:45"}),
]


def test_parts_that_are_stored_already_are_not_written(small, load):
    for name, given in NOTHING_NEW:
        put(small, "persons", 3, name, HELD[name])
        assert load(rows("persons", {"id": 3, **given}, keys=["id"])).outcomes == ["unchanged"], given


EMPTIED = [
    ("Site address", {"Site address": ""}),
    ("Site address", {"Site address": "  ", "site_address_country": "Germany"}),
    ("Budget", {"Budget": None, "budget_currency": "EUR"}),
    ("Delivery window", {"Delivery window": "0000-00-00", "delivery_window_until": "0000-00-00"}),
    ("Daily slot", {"Daily slot": {"value": None, "timezone_name": "Europe/Paris"}}),
    ("Support hours", {"Support hours": None}),
]


@pytest.mark.parametrize("table", ["deals", "organizations", "products"])
def test_an_empty_main_part_empties_the_field(small, load, table):
    for name, given in EMPTIED:
        key = put(small, table, 3, name, HELD[name])
        run = settles(small, load, rows(table, {"id": 3, **given}, keys=["id"]))
        assert run.outcomes == ["updated"], given
        assert row(small, table, 3)["custom_fields"][key] is None, given


PARTS_OF_NOTHING = [
    ("site_address_country", "Germany", "Site address"),
    ("budget_currency", "EUR", "Budget"),
    ("delivery_window_until", "2027-01-01", "Delivery window"),
    ("support_hours_timezone", "Europe/Paris", "Support hours"),
]


@pytest.mark.parametrize("write", ["update", "add"])
@pytest.mark.parametrize(("column", "value", "label"), PARTS_OF_NOTHING)
def test_a_part_of_a_missing_value_rejects_the_record(small, load, column, value, label, write):
    key = put(small, "persons", 3, label, None)
    given = {"id": 3} if write == "update" else {"external_id": "new", "name": "New"}
    before = small.rows("persons")
    run = settles(small, load, rows("persons", {**given, column: value}, keys=[next(iter(given))]))
    assert run.outcomes == ["failed"]
    assert column in run.errors[0]
    assert key not in run.errors[0]
    assert small.rows("persons") == before


def test_a_new_line_of_an_address_replaces_the_parts_that_described_the_old_one(small, load):
    key = put(small, "deals", 3, "Site address", FULL)
    run = settles(
        small,
        load,
        rows(
            "deals", {"id": 3, "site_address": "Rue 1, Paris", "site_address_country": "France"}, keys=["id"]
        ),
    )
    assert run.outcomes == ["updated"]
    held = {name: part for name, part in row(small, "deals", 3)["custom_fields"][key].items() if part}
    assert held == {"value": "Rue 1, Paris", "country": "France"}


def test_an_amount_without_a_currency_gets_that_of_the_account(small, load):
    key = put(small, "organizations", 3, "Budget", None)
    run = settles(
        small,
        load,
        rows("organizations", {"id": 3, "Budget": "499"}, keys=["id"]),
        rows("products", {"external_id": "b", "name": "B", "Budget": 12}, keys=["external_id"]),
        rows("leads", {"id": small.rows("leads")[2]["id"], "Budget": 7}, keys=["id"]),
    )
    assert run.errors == []
    default = small.get("/v1/users/me")["data"]["default_currency"]
    assert row(small, "organizations", 3)["custom_fields"][key] == {"value": 499, "currency": default}
    held = small.rows("leads")[2]["custom_fields"][field_key(small, "deal", "Budget")]
    assert held == {"value": 7, "currency": default}


# --- custom fields as v1 shows them -----------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["name", "key"])
def test_leads_keep_missing_parts_of_a_custom_field(small, load, spelling):
    lead = small.rows("leads")[0]["id"]
    keys = {name: field_key(small, "deal", name) for name in HELD}
    whole = {
        keys["Site address"]: FULL["value"],
        f"{keys['Site address']}_country": "Germany",
        keys["Budget"]: 7000,
        f"{keys['Budget']}_currency": "JPY",
        keys["Support hours"]: "10:00:00",
        f"{keys['Support hours']}_until": "14:45:00",
    }
    small.call("PATCH", f"/v1/leads/{lead}", whole)
    named = {
        "name": ("site_address_postal_code", "budget_currency", "support_hours_until"),
        "key": tuple(
            f"{keys[name]}_{part}"
            for name, part in (
                ("Site address", "postal_code"),
                ("Budget", "currency"),
                ("Support hours", "until"),
            )
        ),
    }
    given = dict(zip(named[spelling], ("10115", "USD", "18:00"), strict=True))
    run = settles(small, load, rows("leads", {"id": lead, **given}, keys=["id"]))
    assert (run.outcomes, run.errors) == (["updated"], [])
    held = row(small, "leads", lead)["custom_fields"]
    address = {name: part for name, part in held[keys["Site address"]].items() if part}
    assert address == {"value": FULL["value"], "country": "Germany", "postal_code": "10115"}
    assert held[keys["Budget"]] == {"value": 7000, "currency": "USD"}
    assert held[keys["Support hours"]]["value"] == "10:00:00"
    assert held[keys["Support hours"]]["until"] == "18:00:00"


def test_a_part_of_a_lead_can_be_emptied(small, load):
    lead = small.rows("leads")[0]["id"]
    key = field_key(small, "deal", "Delivery window")
    small.call("PATCH", f"/v1/leads/{lead}", {key: "2026-07-16", f"{key}_until": "2026-10-22"})
    run = settles(small, load, rows("leads", {"id": lead, "delivery_window_until": ""}, keys=["id"]))
    assert run.outcomes == ["updated"]
    assert row(small, "leads", lead)["custom_fields"][key] == {"value": "2026-07-16", "until": None}


# --- Pipedrive's own addresses and amounts ----------------------------------------------------------------

OWN_ADDRESSES = [
    ("organizations", "address"),
    ("persons", "postal_address"),
    ("activities", "location"),
]


@pytest.mark.parametrize(("table", "column"), OWN_ADDRESSES)
def test_addresses_of_standard_fields_keep_missing_parts(small, load, table, column):
    small.call("PATCH", f"/api/v2/{table}/1", {column: FULL})
    for given, wanted in (
        ({"country": "Eesti"}, {**FULL, "country": "Eesti"}),
        ('{"postal_code": "51003"}', {**FULL, "country": "Eesti", "postal_code": "51003"}),
        (FULL["value"], {**FULL, "country": "Eesti", "postal_code": "51003"}),
        ({"subpremise": ""}, {**FULL, "country": "Eesti", "postal_code": "51003", "subpremise": None}),
    ):
        run = settles(small, load, rows(table, {"id": 1, column: given}, keys=["id"]))
        assert run.errors == []
        assert row(small, table, 1)[column] == wanted, given


@pytest.mark.parametrize(("table", "column"), OWN_ADDRESSES)
def test_an_action_keeps_missing_parts_too(small, load, table, column):
    action = f"update_{table.removesuffix('s')}" if table != "activities" else "update_activity"
    small.call("PATCH", f"/api/v2/{table}/1", {column: FULL})
    run = load(rows(action, {"id": 1, column: {"locality": "Potsdam"}}, keys=["id"]))
    assert run.outcomes == ["updated"]
    assert row(small, table, 1)[column] == {**FULL, "locality": "Potsdam"}


def test_the_value_of_a_lead_keeps_its_missing_part(small, load):
    lead = next(one for one in small.rows("leads") if one["value"] and not one["is_archived"])
    held = lead["value"]
    for given, wanted in (
        ({"amount": 5}, {"amount": 5, "currency": held["currency"]}),
        ({"currency": "usd"}, {"amount": 5, "currency": "USD"}),
        (7.5, {"amount": 7.5, "currency": "USD"}),
        ('{"currency": "EUR"}', {"amount": 7.5, "currency": "EUR"}),
    ):
        run = settles(small, load, rows("leads", {"id": lead["id"], "value": given}, keys=["id"]))
        assert (run.outcomes, run.errors) == (["updated"], []), given
        assert row(small, "leads", lead["id"])["value"] == wanted


# --- prices -----------------------------------------------------------------------------------------------


def prices(small, table, number):
    held = row(small, table, number)["prices"]
    return {one["currency"]: (one["price"], one["cost"], one["direct_cost"], one["notes"]) for one in held}


PRICES = [
    ([{"currency": "EUR", "price": 500}], {"EUR": (500, 1, 2, "ex works")}),
    ({"currency": "eur", "price": "501.50"}, {"EUR": (501.5, 1, 2, "ex works")}),
    ('[{"currency": "GBP", "cost": 7}]', {"GBP": (468, 7, 2, "ex works")}),
    ([{"currency": "SEK", "price": 9}], {"SEK": (9, 0, None, "")}),
    ([{"currency": "USD", "direct_cost": 3, "price": None}], {"USD": (366, 1, 3, "ex works")}),
]


@pytest.mark.parametrize(("given", "changed"), PRICES)
def test_a_price_changes_only_its_currency(small, load, given, changed):
    before = prices(small, "products", 1)
    assert before == {
        "USD": (366, 1, 2, "ex works"),
        "EUR": (219, 1, 2, "ex works"),
        "GBP": (468, 1, 2, "ex works"),
    }
    run = settles(small, load, rows("products", {"id": 1, "prices": given}, keys=["id"]))
    assert (run.outcomes, run.errors) == (["updated"], [])
    assert prices(small, "products", 1) == {**before, **changed}


def test_prices_of_variations_and_of_actions_are_kept_too(small, load):
    run = settles(
        small,
        load,
        rows(
            "product_variations",
            {"product_id": 1, "id": 1, "prices": [{"currency": "USD", "price": 3}]},
            keys=["id"],
        ),
    )
    assert run.outcomes == ["updated"]
    assert prices(small, "product_variations", 1) == {"EUR": (10.5, 0, None, ""), "USD": (3, 0, None, "")}
    before = prices(small, "products", 1)
    load(rows("update_product", {"id": 1, "prices": {"currency": "EUR", "price": 1}}, keys=["id"]))
    assert prices(small, "products", 1) == {**before, "EUR": (1, 1, 2, "ex works")}


def test_a_price_without_a_currency_means_the_only_one(small, load):
    small.call("PATCH", "/api/v2/products/2", {"prices": [{"currency": "GBP", "price": 4, "cost": 3}]})
    run = settles(
        small,
        load,
        rows("products", {"id": 2, "prices": 10}, {"id": 1, "prices": 10}, keys=["id"]),
        rows("products", {"external_id": "p", "name": "P", "prices": "12.5"}, keys=["external_id"]),
    )
    assert run.outcomes == ["updated", "failed", "created"]
    assert prices(small, "products", 2) == {"GBP": (10, 3, None, "")}
    assert all(word in run.errors[0] for word in ("prices", "currency", "USD", "EUR", "GBP"))
    default = small.get("/v1/users/me")["data"]["default_currency"]
    assert prices(small, "products", int(run.ids[2])) == {default: (12.5, 0, None, "")}


@pytest.mark.parametrize("empty", [[], None, "", "[]"])
def test_an_empty_list_of_prices_removes_them_all(small, load, empty):
    run = settles(small, load, rows("products", {"id": 1, "prices": empty}, keys=["id"]))
    assert run.outcomes == ["updated"]
    assert row(small, "products", 1)["prices"] == []


def test_a_new_product_with_an_empty_list_has_no_prices(small, load):
    run = settles(
        small,
        load,
        schema("products", "external_id name prices", ["external_id"]),
        record("products", external_id="a", name="A", prices=None),
        record("products", external_id="b", name="B", prices=[]),
        record("products", external_id="c", name="C"),
    )
    assert [len(row(small, "products", int(one))["prices"]) for one in run.ids] == [0, 0, 1]


# --- the samples ------------------------------------------------------------------------------------------


def test_sample_of_parts_of_custom_fields(small, tmp_path):
    case = Case(small, tmp_path, "09-address-parts")
    before = small.dump()["tables"]
    run = case()
    assert (run.code, run.outcomes, run.rejects) == (0, ["updated"] * 3, [])
    address, budget, window = (
        field_key(small, *one)
        for one in (("deal", "Site address"), ("person", "Budget"), ("person", "Delivery window"))
    )
    held = next(one for one in before["deals"] if one["id"] == 1)["custom_fields"][address]
    wanted = {**held, "postal_code": "10115", "country": "Germany"}
    assert run.row("deals", 1)["custom_fields"][address] == wanted
    assert run.row("persons", 1)["custom_fields"][budget] == {"value": 7000, "currency": "USD"}
    assert run.row("persons", 1)["custom_fields"][window] == {"value": "2026-07-16", "until": "2027-01-01"}
    again = case()
    assert (again.code, again.outcomes, again.writes) == (0, ["unchanged"] * 3, [])


def test_sample_of_prices(small, tmp_path):
    case = Case(small, tmp_path, "16-product-prices")
    before = {number: prices(small, "products", number) for number in range(1, 9)}
    run = case()
    assert run.code == 1
    assert run.outcomes == [*["updated"] * 4, "failed", "failed", "updated", "created"]
    assert sorted(one["record"]["id"] for one in run.rejects) == [5, 6]
    assert all("currency" in one["error"] for one in run.rejects)
    assert prices(small, "products", 1) == {**before[1], "EUR": (500, 1, 2, "ex works")}
    assert prices(small, "products", 2) == {**before[2], "EUR": (299, 0, None, "")}
    assert [prices(small, "products", number) for number in (3, 4)] == [{}, {}]
    assert prices(small, "products", 5) == before[5]
    assert prices(small, "products", 7) == {**before[7], "EUR": (9, 1, 2, "")}
    again = case()
    assert again.writes == []
    assert again.tables["products"] == run.tables["products"]


def test_sample_of_all_forms_of_custom_fields(small, tmp_path):
    case = Case(small, tmp_path, "39-custom-forms")
    run = case()
    assert run.code == 1
    assert [one["record"]["id"] for one in run.rejects] == [4]
    assert "Tier" in run.rejects[0]["error"]
    assert "Unobtanium" in run.rejects[0]["error"]
    first = run.row("organizations", 1)["custom_fields"]
    keys = {name: field_key(small, "organization", name) for name in (*HELD, "Competitors", "Tier")}
    assert first[keys["Budget"]] == {"value": 499, "currency": "EUR"}
    assert {name: part for name, part in first[keys["Site address"]].items() if part} == {
        "value": "Rue 1, Paris"
    }
    assert first[keys["Support hours"]]["timezone_name"] == "Europe/Paris"
    # The text of the time does not contain its time zone.
    assert written(run.row("organizations", 1), keys["Daily slot"]) == {
        "value": "09:30:00",
        "timezone_name": "Europe/Tallinn",
    }
    named = [
        *keys.values(),
        field_key(small, "organization", "Hotline"),
        field_key(small, "organization", "Champion"),
    ]
    for number in (2, 3):
        held = run.row("organizations", number)["custom_fields"]
        assert [held[key] for key in named] == [None] * len(named)
    assert run.row("organizations", 9)["custom_fields"][keys["Budget"]] == {"value": 499, "currency": "EUR"}
    assert run.row("organizations", 11)["custom_fields"][keys["Budget"]] == {"value": 0, "currency": "EUR"}
    again = case()
    assert again.writes == []
    assert [one["record"]["id"] for one in again.rejects] == [4]


@pytest.mark.parametrize(
    "value", ["Weg 1, Ort", {"value": "Weg 1, Ort"}, {"value": "Weg 1, Ort", "locality": "Ort"}]
)
@pytest.mark.parametrize("named", [{"id": 1}, {"id": 2, "name": "Renamed"}])
def test_an_address_that_rows_show_as_text_is_compared_by_its_value(value, named, small, load):
    shown = {"kind": "shows", "set": {"address": "Weg 1, Ort"}}
    reads = (
        "GET /api/v2/organizations",
        "GET /api/v2/organizations/{id}",
        "PATCH /api/v2/organizations/{id}",
    )
    small.post("/_emulator/faults", [{"operation": one, **shown} for one in reads])
    run = load(rows("organizations", {**named, "address": value}, keys=["id"]))
    assert run.results[0]["changed"] == (["name"] if "name" in named else [])
    assert run.results[0]["not_taken"] == []
    other = rows("organizations", {"id": 1, "address": {"value": "Elsewhere 2"}}, keys=["id"])
    assert load(other).results[0]["not_taken"] == ["address"]
