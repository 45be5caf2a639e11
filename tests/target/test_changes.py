"""Results contain the values of each record's columns before and after, under names that users know."""

from __future__ import annotations

import pytest

from tests.target.helpers import record, rows, schema
from tests.target.twice import field_key

pytestmark = pytest.mark.dialects

ADD = [
    schema(
        "organizations",
        {"external_id": {}, "name": {}, "label_ids": {}, "New field": {"type": "number"}, "Competitors": {}},
    ),
    record(
        "organizations",
        external_id="o-1",
        name="Planned Ltd",
        label_ids=["Prospect"],
        Competitors="Globex; Brandnew",
        **{"New field": 5},
    ),
]
UPDATE = rows(
    "persons",
    {
        "id": 3,
        "name": "New Name",
        "org_id": {"external_id": "o-1"},
        "Tier": "Gold",
        "job_title": "Инженер",
        "owner_id": {"email": "amal.castro@company.example"},
    },
    {"id": 4, "name": "Same"},
    keys=["id"],
)
DELETE = rows("deals", {"id": 2, "_sdc_deleted_at": "2026-01-01"}, keys=["id"])
SETTINGS = {"create_fields": True, "create_options": True, "allow_deletes": True}


@pytest.fixture
def owner(small):
    """Name and address of the first active user."""
    return next(one for one in small.dump()["tables"]["users"] if one["active_flag"])


def plain(results):
    """Return outcome, before and after of each result, with one id for all added rows."""

    def same_id(value):
        if isinstance(value, dict):
            return {
                key: "new" if key == "id" and value.get("name") == "Planned Ltd" else same_id(one)
                for key, one in value.items()
            }
        return value

    return [(one["outcome"], same_id(one["before"]), same_id(one["after"])) for one in results]


def test_adds_updates_and_deletes_show_their_values(load, small, owner):
    UPDATE[1]["record"]["owner_id"] = {"email": owner["email"]}
    small.call("PATCH", "/api/v2/persons/4", {"name": "Same"})
    run = load(ADD, UPDATE, DELETE, **SETTINGS)
    assert run.errors == []
    new, changed, same, gone = run.results
    assert new["before"] is None
    assert new["after"] == {
        "name": "Planned Ltd",
        "label_ids": ["Prospect"],
        "New field": 5,
        "Competitors": ["Globex", "Brandnew"],
    }
    assert changed["before"] == {
        "name": "Ursula Haddad",
        "org_id": None,
        "owner_id": {"id": 4, "name": name_of(small, 4)},
        "Tier": None,
    }
    assert changed["after"] == {
        "name": "New Name",
        "org_id": {"id": int(new["id"]), "name": "Planned Ltd"},
        "owner_id": {"id": owner["id"], "name": owner["name"]},
        "Tier": "Gold",
    }
    assert (same["outcome"], same["before"], same["after"]) == ("unchanged", None, None)
    assert gone["after"] is None
    assert gone["before"]["value"] == 645862
    assert gone["before"]["currency"] == "GBP"


def name_of(small, number):
    return next(one["name"] for one in small.dump()["tables"]["users"] if one["id"] == number)


def test_a_dry_run_shows_what_the_real_run_shows(load, owner):
    UPDATE[1]["record"]["owner_id"] = {"email": owner["email"]}
    planned = load(ADD, UPDATE, DELETE, dry_run=True, **SETTINGS)
    written = load(ADD, UPDATE, DELETE, **SETTINGS)
    assert plain(planned.results) == plain(written.results)


def test_results_cost_no_request(load, small, tmp_path):
    key = field_key(small, "person", "Tier")
    given = rows("persons", {"id": 3, "name": "One", key: "Gold", "owner_id": 1}, keys=["id"])
    small.post("/_emulator/log/clear", {})
    load(given, results_path=None)
    without = small.requests()
    small.reset()
    small.post("/_emulator/log/clear", {})
    run = load(given, ledger_path=str(tmp_path / "other.sqlite"))
    assert run.results[0]["after"] == {"name": "One", "Tier": "Gold", "owner_id": {"id": 1}}
    assert small.requests() == without


@pytest.mark.parametrize("page", ["preview_path", "report_path"])
def test_a_preview_reads_the_users_once_for_their_names(load, small, tmp_path, page):
    users = {one["id"]: one["name"] for one in small.dump()["tables"]["users"]}
    others = [{"id": number, "owner_id": 1 + number % 2} for number in range(1, 21)]
    given = rows("deals", *others, keys=["id"])
    dry = page == "preview_path"
    small.post("/_emulator/log/clear", {})
    run = load(given, dry_run=dry, **{page: str(tmp_path / "page.html")})
    changed = [one["after"]["owner_id"] for one in run.results if one["outcome"] == "updated"]
    assert changed
    assert all(one["name"] == users[one["id"]] for one in changed)
    assert small.requests()["GET /api/v1/users"] == 1


def test_a_preview_without_permission_to_read_users_shows_their_ids(load, small, tmp_path):
    fault = {"operation": "GET /api/v1/users", "kind": "status_before", "status": 403}
    small.post("/_emulator/faults", [fault])
    run = load(
        rows("deals", {"id": 2, "owner_id": 1}, {"id": 3, "owner_id": 2}, keys=["id"]),
        report_path=str(tmp_path / "page.html"),
    )
    assert run.outcomes == ["updated", "updated"]
    assert [one["after"]["owner_id"] for one in run.results] == [{"id": 1}, {"id": 2}]


def test_the_values_of_an_action_are_those_that_it_sends(load):
    run = load(rows("update_deal", {"id": 1, "title": "Renamed", "Competitors": "Acme"}))
    assert run.results[0]["before"] is None  # an action does not read the row
    assert run.results[0]["after"] == {"title": "Renamed", "Competitors": ["Acme"]}


@pytest.mark.parametrize("dry", [True, False])
def test_created_fields_and_options_are_named(load, caplog, dry):
    caplog.set_level("INFO")
    run = load(ADD, dry_run=dry, **SETTINGS)
    made = [
        "field New field (double) of organization",
        "option Brandnew of field Competitors of organization",
    ]
    assert [str(one) for one in run.target.engine.report.creations.all()] == made
    assert run.target.facts()["created"] == [
        {"kind": "field", "entity": "organization", "field": "New field", "type": "double"},
        {"kind": "option", "entity": "organization", "field": "Competitors", "label": "Brandnew"},
    ]
    verb = "Would create" if dry else "Created"
    table = next(one for one in caplog.messages if one.startswith(("Written", "Would have")))
    for one in made:
        assert f"{verb} {one}" in caplog.messages
        assert f"{verb} {one}" in table
