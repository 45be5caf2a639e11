"""References to organizations, persons, products and deals by name, e-mail address, code or title."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from tests.support.emulator import Emulator
from tests.target.helpers import Loader, adding, rows
from tests.target.twice import field_key, row, settles

ID = {"keys": ["id"]}


@pytest.fixture
def acme(small):
    """Ids of an organization, a person and a product with unique names."""
    organization = small.post("/api/v2/organizations", {"name": "Acme GmbH"})["data"]["id"]
    person = small.post(
        "/api/v2/persons", {"name": "Ann Smith", "emails": [{"value": "ann@acme.example", "primary": True}]}
    )["data"]["id"]
    product = small.post("/api/v2/products", {"name": "Pump 3000", "code": "P-3000"})["data"]["id"]
    small.post("/_emulator/log/clear")
    return organization, person, product


@pytest.mark.parametrize(
    "columns",
    [
        {"org_name": "Acme GmbH", "person_email": "ann@acme.example"},
        {"org_name": " acme gmbh", "person_email": "ANN@acme.example"},
        {"org_name": "Acme GmbH", "person_name": "Ann Smith"},
        {"org_id": {"name": "Acme GmbH"}, "person_id": {"email": "ann@acme.example"}},
        {"org_id": '{"name": "Acme GmbH"}', "person_id": '{"name": "Ann Smith"}'},
    ],
)
def test_a_deal_names_its_organization_and_person(small, load, acme, columns):
    run = settles(small, load, rows("deals", {"id": 1, **columns}, **ID))
    assert run.outcomes == ["updated"]
    found = row(small, "deals", 1)
    assert (found["org_id"], found["person_id"]) == acme[:2]


def test_a_name_that_is_a_number_is_a_name(small, load):
    number = small.post("/api/v2/organizations", {"name": "7"})["data"]["id"]
    settles(small, load, rows("deals", {"id": 1, "org_name": 7}, **ID))
    assert row(small, "deals", 1)["org_id"] == number


def test_a_lead_and_an_action_name_rows_too(small, load, acme):
    load(
        rows("leads", {"title": "By name", "organization_name": "Acme GmbH"}),
        rows("add_deal", {"title": "By name", "org_name": "Acme GmbH"}),
        **adding("leads"),
    )
    assert [one["organization_id"] for one in small.rows("leads") if one["title"] == "By name"] == [acme[0]]
    assert [one["org_id"] for one in small.rows("deals") if one["title"] == "By name"] == [acme[0]]


def test_a_line_of_a_deal_names_its_product_by_code(small, load, acme):
    run = load(
        rows("add_deal_product", {"id": 1, "product_code": "P-3000", "item_price": 5, "quantity": 2}),
    )
    assert run.outcomes == ["created"], run.errors
    assert [one["product_id"] for one in small.rows("deal_products") if one["product_id"] == acme[2]]


def test_rows_that_the_same_input_adds_are_found_in_any_order(small, load):
    deal = rows(
        "deals", {"external_id": "d", "title": "New", "org_name": "Newcomer AG"}, keys=["external_id"]
    )
    organization = rows("organizations", {"external_id": "o", "name": "Newcomer AG"}, keys=["external_id"])
    assert settles(small, load, deal, organization).outcomes.count("created") == 2
    made = next(one for one in small.rows("organizations") if one["name"] == "Newcomer AG")
    assert next(one for one in small.rows("deals") if one["title"] == "New")["org_id"] == made["id"]


@pytest.mark.parametrize("column", ["org_name", "person_email", "person_name"])
def test_a_key_that_no_row_has_fails_the_record_without_its_value(small, load, column):
    before = small.rows("deals")
    run = settles(small, load, rows("deals", {"id": 1, "title": "New", column: "Nobody Inc"}, **ID))
    assert run.outcomes == ["failed"]
    assert run.results[0]["column"] == column
    assert "use the id" in run.errors[0]
    assert "Nobody" not in run.errors[0]
    assert small.rows("deals") == before


def test_a_missing_row_can_be_left_out(small, load):
    run = load(
        rows("deals", {"id": 1, "title": "New", "org_name": "Nobody Inc"}, **ID),
        missing_references="leave_out",
    )
    assert run.outcomes == ["updated"]
    assert row(small, "deals", 1)["title"] == "New"
    assert "org_name" in json.dumps(run.results[0])
    assert "Nobody" not in json.dumps(run.results[0])


@pytest.mark.parametrize(
    ("setting", "outcome", "which"),
    [("fail", "failed", None), ("skip", "skipped", None), ("oldest", "updated", 0), ("newest", "updated", 1)],
)
def test_several_rows_with_one_name_follow_on_ambiguous(small, load, setting, outcome, which):
    twins = [small.post("/api/v2/organizations", {"name": "Twin AG"})["data"]["id"] for _ in range(2)]
    before = row(small, "deals", 1)["org_id"]
    run = settles(small, load, rows("deals", {"id": 1, "org_name": "Twin AG"}, **ID), on_ambiguous=setting)
    assert run.outcomes == [outcome]
    assert row(small, "deals", 1)["org_id"] == (before if which is None else twins[which])


def test_a_deleted_row_is_not_found(small, load, acme):
    small.call("DELETE", f"/api/v2/organizations/{acme[0]}")
    run = settles(small, load, rows("deals", {"id": 1, "org_name": "Acme GmbH"}, **ID))
    assert run.outcomes == ["failed"]


@pytest.mark.usefixtures("acme")
def test_one_key_is_looked_up_once_for_many_records(small, load):
    records = [{"id": number, "org_name": "Acme GmbH"} for number in range(1, 20)]
    load(rows("deals", *records, **ID), dry_run=True)
    asked = small.requests()
    assert asked["GET /api/v2/organizations"] == 1  # one page contains all of them
    assert "GET /api/v2/organizations/search" not in asked


def test_a_row_is_not_found_under_a_name_that_only_the_search_still_has(tmp_path):
    with Emulator("--burst", "0", "--search-lag", "1000") as account:
        old = row(account, "organizations", 1)["name"]
        account.call("PATCH", "/api/v2/organizations/1", {"name": "Renamed AG"})
        found = account.get(f"/api/v2/organizations/search?{urlencode({'term': old, 'exact_match': 'true'})}")
        assert [one["item"]["id"] for one in found["data"]["items"]] == [1]
        run = Loader(account.config(), tmp_path)(rows("deals", {"id": 1, "org_name": old}, **ID))
        assert run.outcomes == ["failed"]


def test_many_keys_are_found_in_the_list(small, load):
    names = [one["name"] for one in small.rows("organizations") if not one["is_deleted"]][:10]
    records = [{"id": number, "org_name": name} for number, name in enumerate(names, 1)]
    load(rows("deals", *records, **ID), dry_run=True, on_ambiguous="oldest")
    asked = small.requests()
    assert asked["GET /api/v2/organizations"] == 1
    assert "GET /api/v2/organizations/search" not in asked


def test_settings_give_a_column_of_another_name(small, load, acme):
    streams = {"sheet": {"entity": "deals", "fields": {"Company": "org_name", "Seller": "owner_email"}}}
    record = {"id": 1, "Company": "Acme GmbH", "Seller": "aiko@nordwind.example"}
    load(rows("sheet", record, **ID), streams=streams)
    found = row(small, "deals", 1)
    assert (found["org_id"], found["owner_id"]) == (acme[0], 3)


@pytest.mark.parametrize(
    ("stream", "count"),
    [("add_deal", 700), ("deals", 300), pytest.param("add_deal", 10_000, marks=pytest.mark.soak)],
)
def test_lookups_cost_no_more_requests_than_the_pages_of_the_lists(medium, tmp_path, stream, count):
    """Records name owner, stage, organization and person: no search, and each list is read once."""
    medium.post("/_emulator/log/clear")
    users = [one["email"] for one in medium.rows("users") if one["active_flag"]]
    stages = [one["name"] for one in medium.rows("stages") if one["pipeline_id"] == 1]
    live = [one["id"] for one in medium.rows("organizations") if not one["is_deleted"]]
    unique = [{"table": "organizations", "id": one, "set": {"name": f"Client {one}"}} for one in live]
    names = [f"Client {one}" for one in live]
    people = [one["id"] for one in medium.rows("persons") if not one["is_deleted"]]
    unique += [{"table": "persons", "id": one, "set": {"name": f"Contact {one}"}} for one in people]
    medium.post("/_emulator/rows", unique)
    records = [
        {
            "title": f"Deal {number}",
            "owner_email": users[number % len(users)],
            "stage_name": stages[number % len(stages)],
            "pipeline_id": 1,
            "org_name": names[number % len(names)],
            "person_name": f"Contact {people[number % len(people)]}",
        }
        for number in range(count)
    ]
    run = Loader(medium.config(), tmp_path)(rows(stream, *records), **adding("deals"), dry_run=True)
    assert run.outcomes == ["created"] * count, run.errors[:3]
    asked = {name: number for name, number in medium.requests().items() if name.startswith("GET ")}
    pages = len(names) // 500 + 1
    assert asked.pop("GET /api/v2/organizations") == pages
    assert asked.pop("GET /api/v2/persons") == len(people) // 500 + 1
    assert asked.pop("GET /api/v1/users") == 1
    assert asked.pop("GET /api/v2/stages") == 1
    assert not [name for name in asked if "search" in name]
    assert sum(asked.values()) <= 1, asked  # at most the user of the token


@pytest.mark.parametrize(
    ("columns", "field", "which"),
    [
        ({"Reseller": "acme gmbh"}, "Reseller", 0),
        ({"reseller": '{"name": "Acme GmbH"}'}, "Reseller", 0),
        ({"Champion": "ann@acme.example"}, "Champion", 1),
        ({"Champion": "Ann Smith"}, "Champion", 1),
    ],
)
def test_a_custom_field_names_its_row(small, load, acme, columns, field, which):
    run = settles(small, load, rows("deals", {"id": 1, **columns}, **ID))
    assert run.outcomes == ["updated"], run.errors
    assert row(small, "deals", 1)["custom_fields"][field_key(small, "deal", field)] == acme[which]


def test_a_title_means_the_deal_that_is_not_archived(small, load):
    old, new = 17, 1
    small.post(
        "/_emulator/rows", [{"table": "deals", "id": one, "set": {"title": "Twin"}} for one in (old, new)]
    )
    run = settles(small, load, rows("activities", {"id": 1, "deal_title": "Twin"}, **ID))
    assert run.outcomes in (["updated"], ["unchanged"]), run.errors
    assert row(small, "activities", 1)["deal_id"] == new
