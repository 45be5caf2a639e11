"""References to rows that do not exist: rejected, left out, or created once."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from target_pipedrive.account import planned_rows
from tests.target.helpers import adding, rows, schema
from tests.target.twice import row, settles

pytestmark = pytest.mark.dialects

ID = {"keys": ["id"]}
CREATE = {"missing_references": "create"}
POST_ORG = "POST /api/v2/organizations"
NEVER = 100_000


def live(small, table, name):
    """Rows of a table that have a name."""
    return [one for one in small.rows(table) if one["name"] == name and not one["is_deleted"]]


def by_name(count, **columns):
    return [{"title": f"Deal {number}", **columns} for number in range(count)]


@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=pytest.mark.soak)])
@pytest.mark.parametrize("stream", ["deals", "add_deal"])
def test_many_records_with_the_same_new_organization_create_it_once(small, load, stream, count):
    small.post("/_emulator/search", {"lag": NEVER})
    run = load(rows(stream, *by_name(count, org_name=" Newcomer AG")), **CREATE, **adding("deals"))
    assert run.outcomes == ["created"] * count
    [made] = live(small, "organizations", "Newcomer AG")
    assert small.requests()[POST_ORG] == 1
    assert sum(one["org_id"] == made["id"] for one in small.rows("deals")) == count
    [note] = [one["note"] for one in run.results if one["note"]]
    assert "org_name" in note
    assert str(made["id"]) in note


def test_the_log_counts_and_names_what_was_created(small, load, caplog):
    records = [
        {"id": 1, "org_name": "Newcomer AG", "person_email": "new@newcomer.example"},
        {"id": 2, "org_name": "Other AG"},
    ]
    with caplog.at_level("INFO"):
        settles(small, load, rows("deals", *records, **ID), **CREATE)
    line = next(one for one in caplog.text.splitlines() if "2 organizations" in one)
    assert "Newcomer AG" in line
    assert "Other AG" in line
    assert "1 persons" in caplog.text
    assert "new@newcomer" not in caplog.text


@pytest.mark.parametrize(
    ("columns", "table", "values"),
    [
        ({"org_name": "Newcomer AG"}, "organizations", {"name": "Newcomer AG"}),
        ({"person_name": "Zoe New"}, "persons", {"name": "Zoe New"}),
        ({"person_email": "zoe@new.example"}, "persons", {"name": "zoe@new.example"}),
        ({"person_email": "zoe@new.example", "person_name": "Zoe New"}, "persons", {"name": "Zoe New"}),
        ({"person_name": "Zoe New", "person_email": "zoe@new.example"}, "persons", {"name": "Zoe New"}),
    ],
)
def test_the_created_row_has_the_keys_of_the_record(small, load, columns, table, values):
    known = {one["id"] for one in small.rows(table)}
    settles(small, load, rows("deals", {"id": 1, **columns}, **ID), **CREATE)
    [made] = [one for one in small.rows(table) if one["id"] not in known]
    assert {name: made[name] for name in values} == values
    if "person_email" in columns:
        assert [one["value"] for one in made["emails"]] == ["zoe@new.example"]
    assert row(small, "deals", 1)["org_id" if table == "organizations" else "person_id"] == made["id"]


@pytest.mark.parametrize(
    ("columns", "values"),
    [
        ({"product_code": "N-1"}, {"name": "N-1", "code": "N-1"}),
        ({"product_code": "N-1", "product_name": "New pump"}, {"name": "New pump", "code": "N-1"}),
        ({"product_name": "New pump"}, {"name": "New pump"}),
    ],
)
def test_a_product_is_created_by_code_and_name(small, load, columns, values):
    known = {one["id"] for one in small.rows("products")}
    run = load(rows("add_deal_product", {"id": 1, "item_price": 5, "quantity": 2, **columns}), **CREATE)
    assert run.outcomes == ["created"], run.errors
    [made] = [one for one in small.rows("products") if one["id"] not in known]
    assert {name: made[name] for name in values} == values


def test_a_person_is_found_by_e_mail_before_the_name(small, load):
    person = row(small, "persons", 1)
    columns = {"person_email": person["emails"][0]["value"], "person_name": "Somebody Else"}
    settles(small, load, rows("deals", {"id": 1, **columns}, **ID))
    assert row(small, "deals", 1)["person_id"] == 1
    settles(small, load, rows("deals", {"id": 1, "person_email": "", "person_name": person["name"]}, **ID))
    assert row(small, "deals", 1)["person_id"] == 1


def test_a_row_that_the_input_adds_is_not_created_twice(small, load):
    """Persons wait for their organization, and the deals that name these persons wait for them."""
    deals = rows("deals", {"external_id": "d", "title": "New", "person_name": "Zoe New", "org_name": "N AG"})
    people = rows("persons", {"external_id": "p", "name": "Zoe New", "org_name": "N AG"})
    run = settles(small, load, deals, people, **CREATE)
    assert run.outcomes == ["created", "created"]
    [person], [organization] = live(small, "persons", "Zoe New"), live(small, "organizations", "N AG")
    deal = next(one for one in small.rows("deals") if one["title"] == "New")
    assert (deal["person_id"], deal["org_id"]) == (person["id"], organization["id"])
    assert person["org_id"] == organization["id"]


def test_a_dry_run_shows_what_it_would_create(small, load):
    before = small.dump()["tables"]
    records = [{"id": number, "org_name": "Newcomer AG"} for number in (1, 2)]
    run = load(rows("deals", *records, **ID), dry_run=True, **CREATE)
    assert run.outcomes == ["updated", "updated"]
    assert ["organization" in (one["note"] or "") for one in run.results].count(True) == 1
    assert small.dump()["tables"] == before
    assert POST_ORG not in small.requests()


@pytest.mark.parametrize("kept", [planned_rows.MOST, 1, 0])
def test_a_dry_run_finds_rows_that_it_would_add(load, monkeypatch, kept):
    monkeypatch.setattr(planned_rows, "MOST", kept)
    organization = rows("organizations", {"external_id": "o", "name": "Newcomer AG"})
    deal = rows("deals", {"external_id": "d", "title": "New", "org_name": "Newcomer AG"})
    assert load(deal, organization, dry_run=True).outcomes == ["created", "created"]
    assert load(organization, deal, dry_run=True).outcomes == ["created", "created"]


@pytest.mark.parametrize(
    "faults",
    [
        [{"operation": "PATCH /api/v2/deals/{id}", "kind": "status_before", "status": 403}],
        [
            {"operation": POST_ORG, "kind": "reset_after"},
            {"operation": "GET /api/v2/organizations", "kind": "status_before", "nth": 3, "status": 403},
        ],
    ],
)
def test_a_run_interrupted_after_creating_a_reference_does_not_create_it_again(small, load, faults):
    """The first run ends at the deal that needs the organization; the second one finds it in the ledger."""
    small.post("/_emulator/search", {"lag": NEVER})
    small.post("/_emulator/faults", faults)
    message = rows("deals", {"id": 1, "org_name": "Newcomer AG"}, **ID)
    load(message, on_error="stop", **CREATE)
    with closing(sqlite3.connect(load.folder / "ledger.sqlite")) as ledger:
        assert ("add_organization",) in ledger.execute("select action from writes").fetchall()
    [made] = live(small, "organizations", "Newcomer AG")
    small.post("/_emulator/faults", [])
    if len(faults) == 1:  # renamed in the meantime: only the ledger still maps the name to this row
        renamed = {"table": "organizations", "id": made["id"], "set": {"name": "New name"}}
        small.post("/_emulator/rows", [renamed])
    run = load(message, **CREATE)
    assert run.outcomes == ["updated"], (run.results, run.error)
    assert small.requests()[POST_ORG] == 1
    assert row(small, "deals", 1)["org_id"] == made["id"]


def test_several_rows_with_one_name_still_follow_on_ambiguous(small, load):
    twins = [small.post("/api/v2/organizations", {"name": "Twin AG"})["data"]["id"] for _ in range(2)]
    message = rows("deals", {"id": 1, "org_name": "Twin AG"}, **ID)
    assert load(message, **CREATE).outcomes == ["failed"]
    assert load(message, on_ambiguous="newest", **CREATE).outcomes == ["updated"]
    assert row(small, "deals", 1)["org_id"] == twins[1]
    assert len(live(small, "organizations", "Twin AG")) == 2


@pytest.mark.parametrize(
    ("stream", "columns", "column"),
    [
        ("deals", {"owner_email": "nobody@nordwind.example"}, "owner_email"),
        ("deals", {"stage_name": "Nowhere"}, "stage_name"),
        ("deals", {"pipeline_name": "Nowhere"}, "pipeline_name"),
        ("activities", {"deal_title": "No such deal"}, "deal_title"),
        ("activities", {"project_title": "No such project"}, "project_title"),
    ],
)
def test_a_reference_that_cannot_be_created_fails_and_creates_nothing_else(
    small, load, stream, columns, column
):
    record = {"id": 1, "org_name": "Newcomer AG", **columns}
    run = load(rows(stream, record, **ID), **CREATE)
    assert run.outcomes == ["failed"]
    assert run.results[0]["column"] == column
    if column not in {"stage_name", "pipeline_name"}:
        assert live(small, "organizations", "Newcomer AG") == []


def test_a_row_that_pipedrive_rejects_is_sent_once(small, load):
    small.post("/_emulator/faults", [{"operation": POST_ORG, "kind": "status_before", "status": 400}])
    records = [{"id": number, "org_name": "Newcomer AG"} for number in (1, 2, 3)]
    run = load(rows("deals", *records, **ID), **CREATE)
    assert run.outcomes == ["failed"] * 3
    assert {one["column"] for one in run.results} == {"org_name"}
    assert small.requests()[POST_ORG] == 1


@pytest.mark.parametrize("missing", ["fail", "leave_out"])
def test_a_name_that_no_row_has_is_searched_once(medium, load, missing):
    load.config = medium.config()
    records = [{"id": number, "person_name": "Nobody"} for number in range(1, 30)]
    load(rows("deals", *records, **ID), missing_references=missing)
    asked = medium.requests()
    assert asked["GET /api/v2/persons/search"] == 1
    assert asked["GET /api/v2/persons"] == 2  # the newest page, and recent writes


def test_a_new_name_is_found_after_a_record_renames_the_row(small, load):
    deal = rows("deals", {"id": 1, "org_name": "New name"}, **ID)
    other = rows("organizations", {"id": 2, "name": "New name"}, **ID)
    assert load(deal, other).outcomes == ["updated", "updated"]
    assert row(small, "deals", 1)["org_id"] == 2


def test_a_name_is_not_found_after_a_record_renames_the_row(small, load):
    name = row(small, "organizations", 2)["name"]
    deals = [schema("deals", "id org_name", ["id"]), rows("deals", {"id": 1, "org_name": name}, **ID)[1]]
    other = rows("organizations", {"id": 2, "name": "New name"}, **ID)
    load(deals, other, deals, on_ambiguous="newest")
    run = load(rows("deals", {"id": 1, "org_name": name}, **ID))
    assert run.outcomes == ["failed"]


def test_a_row_that_an_action_adds_is_found(small, load):
    small.post("/_emulator/search", {"lag": NEVER})
    deal = rows("deals", {"id": 1, "org_name": "Newcomer AG"}, **ID)
    run = load(deal, rows("add_organization", {"name": "Newcomer AG"}), **CREATE)
    assert run.outcomes == ["updated", "created"]
    [made] = live(small, "organizations", "Newcomer AG")
    assert row(small, "deals", 1)["org_id"] == made["id"]
