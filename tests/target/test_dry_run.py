"""Dry runs: rows that are only planned have ids that are shown, referenced and never requested."""

from __future__ import annotations

import pytest

from target_pipedrive.run import deferred
from tests.target.helpers import rows

ORGANIZATIONS = rows("organizations", {"external_id": "o-1", "name": "Planned Ltd"})
PERSONS = rows("persons", {"external_id": "p-1", "name": "Planned Person", "org_id": {"external_id": "o-1"}})
ACTED = rows("persons", {"external_id": "p-2", "name": "Later", "org_id": {"external_id": "a-1"}})


def test_planned_rows_are_referenced_and_never_requested(load, small):
    run = load(ORGANIZATIONS, PERSONS, ORGANIZATIONS, dry_run=True)
    assert run.errors == []
    assert [one["id"] for one in run.results if one["stream"] == "organizations"] == ["new:1", "new:1"]
    assert run.outcomes == ["created", "created", "unchanged"]
    assert all("new" not in name and "{id}" not in name for name in small.requests())
    lines = (run.folder / "results-1.jsonl").read_bytes().splitlines()
    assert all(b'"id":"new:' in line for line in lines)  # one JSON form for any id


def test_a_planned_row_deferred_to_the_temporary_file_keeps_its_outcome(load, monkeypatch):
    monkeypatch.setattr(deferred, "MOST", 0)
    archived = rows("deals", {"id": 5, "title": "Planned and archived", "is_archived": True}, keys=["id"])
    run = load(archived, dry_run=True, foreign_ids=True)
    assert run.errors == []
    assert [(one["outcome"], one["id"]) for one in run.results] == [("created", "new:1")]


def test_an_id_of_the_input_is_not_mistaken_for_a_planned_row(load, small):
    run = load(rows("leads", {"id": "new:1", "title": "Renamed"}, keys=["id"]))
    assert run.outcomes == ["failed"]
    assert "new:1" in run.results[0]["error"]
    assert any("/leads/{id}" in name for name in small.requests())


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(
            [*rows("persons", {"id": 3, "name": "New Name"}, {"id": 3, "name": "New Name"}, keys=["id"])],
            id="the same update twice",
        ),
        pytest.param(
            [*rows("deals", {"id": 2, "_sdc_deleted_at": "2026-01-01"}, keys=["id"])] * 2,
            id="the same delete twice",
        ),
        pytest.param(
            [
                *ORGANIZATIONS,
                *rows("organizations", {"external_id": "o-1", "_sdc_deleted_at": "2026-01-01"}),
                *ORGANIZATIONS,
            ],
            id="an add, its delete, and the add again",
        ),
        pytest.param(
            [*rows("add_organization", {"external_id": "a-1", "name": "Acted"}), *ACTED],
            id="a reference to a row that an action adds",
        ),
        pytest.param(
            [
                *rows("add_organization", {"name": "Acted"}),
                *rows("organizations", {"name": "ACTED ", "address": "Rigaer Str. 1"}, keys=["name"]),
                *rows("persons", {"external_id": "p-3", "name": "Later", "org_name": "acted"}),
            ],
            id="a match and a name of a row that an action adds",
        ),
        pytest.param(
            [
                *rows("add_person", {"name": "Acted", "emails": ["acted@client.example"]}),
                *rows("persons", {"email": "ACTED@client.example", "name": "Now"}, keys=["email"]),
            ],
            id="a match by e-mail address of a person that an action adds",
        ),
        pytest.param(
            [
                *rows("update_organization", {"id": 4, "name": "Renamed"}),
                *rows("organizations", {"name": "Renamed", "address": "Rigaer Str. 1"}, keys=["name"]),
            ],
            id="a match of a row that an action renames",
        ),
        pytest.param(
            [
                *rows("organizations", {"external_id": "o-1", "name": "Planned Ltd"}),
                *rows("organizations", {"name": "Planned Ltd", "address": "Rigaer Str. 1"}, keys=["name"]),
            ],
            id="a match of a row that another stream adds",
        ),
        pytest.param(
            [
                *rows("add_deal_product", {"id": 1, "product_id": 5, "item_price": 1, "quantity": 1}),
                *rows(
                    "deal_products",
                    {"deal_id": 1, "product_id": 5, "item_price": 2},
                    keys=["deal_id", "product_id"],
                ),
                *rows("add_deal_follower", {"id": 1, "user_id": 5}),
                *rows("deal_followers", {"deal_id": 1, "user_id": 5}),
                *rows("delete_deal_follower", {"id": 1, "follower_id": 5}),
                *rows("deal_followers", {"deal_id": 1, "user_id": 5}, {"deal_id": 2, "user_id": 5}),
            ],
            id="child rows that actions add and delete",
        ),
    ],
)
def test_a_later_record_sees_the_changes_planned_by_earlier_ones(load, given):
    planned = load(given, dry_run=True, allow_deletes=True)
    written = load(given, allow_deletes=True)
    assert planned.outcomes == written.outcomes
    assert planned.errors == written.errors == []
