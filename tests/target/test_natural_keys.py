"""References by natural key: the e-mail address of a user, the name of a stage."""

from __future__ import annotations

import pytest

from tests.target.helpers import adding, rows
from tests.target.twice import row, settles

ID = {"keys": ["id"]}
# User 1 is the token's, 3 is Aiko Tanaka, 6 is deactivated. Pipeline 2 has the stages 6 to 8.


@pytest.mark.parametrize(
    "columns",
    [
        {"owner_id": "aiko@nordwind.example"},
        {"owner_id": "AIKO@Nordwind.example "},
        {"owner_id": "Aiko Tanaka"},
        {"owner_id": {"email": "aiko@nordwind.example"}},
        {"owner_id": '{"name": "Aiko Tanaka"}'},
        {"owner_email": "aiko@nordwind.example"},
        {"ownerEmail": "aiko@nordwind.example"},
        {"owner_name": "aiko tanaka"},
        {"owner_id": 3},
        {"owner_id": "3"},
    ],
)
def test_an_owner_is_found_by_e_mail_or_name(small, load, columns):
    small.post("/_emulator/rows", [{"table": "deals", "id": 1, "set": {"owner_id": 1}}])
    run = settles(small, load, rows("deals", {"id": 1, **columns}, **ID))
    assert run.outcomes == ["updated"]
    assert row(small, "deals", 1)["owner_id"] == 3


@pytest.mark.parametrize(
    ("columns", "column", "remedy"),
    [
        ({"owner_email": "nobody@nordwind.example"}, "owner_email", "use the id"),
        ({"owner_email": "Aiko Tanaka"}, "owner_email", "use the id"),
        ({"owner_name": "aiko@nordwind.example"}, "owner_name", "use the id"),
        ({"owner_id": "former@nordwind.example"}, "owner_id", "deactivated"),
        ({"owner_id": {"mail": "aiko@nordwind.example"}}, "owner_id", "external_id"),
        ({"owner_id": {"email": "aiko@nordwind.example", "role": 1}}, "owner_id", "external_id"),
        ({"owner_email": True}, "owner_email", ""),
    ],
)
def test_an_unknown_owner_is_rejected_without_showing_the_value(small, load, columns, column, remedy):
    before = small.rows("deals")
    run = settles(small, load, rows("deals", {"id": 1, "title": "New", **columns}, **ID))
    assert run.outcomes == ["failed"]
    assert run.results[0]["column"] == column
    assert remedy in run.errors[0]
    assert "nordwind" not in run.errors[0]
    assert "Tanaka" not in run.errors[0]
    assert small.rows("deals") == before


def test_a_name_that_two_users_share_is_rejected(small, load):
    small.post("/_emulator/rows", [{"table": "users", "id": 4, "set": {"name": "Aiko Tanaka"}}])
    run = settles(small, load, rows("deals", {"id": 1, "owner_name": "Aiko Tanaka"}, **ID))
    assert run.outcomes == ["failed"]
    assert "email" in run.errors[0]


def test_a_name_that_a_deactivated_user_shares_means_the_active_one(small, load):
    small.post("/_emulator/rows", [{"table": "users", "id": 6, "set": {"name": "Aiko Tanaka"}}])
    settles(small, load, rows("deals", {"id": 1, "owner_name": "Aiko Tanaka"}, **ID))
    assert row(small, "deals", 1)["owner_id"] == 3


def test_an_empty_cell_keeps_the_owner(small, load):
    owner = row(small, "deals", 1)["owner_id"]
    run = settles(small, load, rows("deals", {"id": 1, "title": "New", "owner_email": ""}, **ID))
    assert run.outcomes == ["updated"]
    assert row(small, "deals", 1)["owner_id"] == owner


def test_users_are_read_once_for_many_records(small, load):
    names = ("aiko@nordwind.example", "Mari Admin", "jose@nordwind.example")
    records = [{"id": number, "owner_id": names[number % 3]} for number in range(1, 30)]
    load(rows("deals", *records, **ID), dry_run=True)
    assert small.requests()["GET /api/v1/users"] == 1


def test_owner_ids_do_not_cause_a_read_of_users(small, load):
    load(rows("deals", {"id": 1, "owner_id": 3}, **ID), dry_run=True)
    assert "GET /api/v1/users" not in small.requests()


def test_assignees_and_actions_accept_users_by_e_mail(small, load):
    load(
        rows("add_deal", {"title": "By action", "owner_email": "aiko@nordwind.example"}),
        rows("add_organization", {"name": "By action", "owner_id": "jose@nordwind.example"}),
    )
    assert [one["owner_id"] for one in small.rows("deals") if one["title"] == "By action"] == [3]
    assert [one["owner_id"] for one in small.rows("organizations") if one["name"] == "By action"] == [4]


@pytest.mark.parametrize(
    ("columns", "placed"),
    [
        ({"stage_name": "Talks", "pipeline_id": 2}, (2, 7)),
        ({"stage_name": " talks", "pipeline_name": "second"}, (2, 7)),
    ],
)
def test_a_stage_is_found_by_name_within_its_pipeline(small, load, columns, placed):
    if "pipeline_name" in columns:
        columns = {**columns, "pipeline_name": row(small, "pipelines", 2)["name"]}
    settles(small, load, rows("deals", {"id": 1, **columns}, **ID))
    found = row(small, "deals", 1)
    assert (found["pipeline_id"], found["stage_id"]) == placed


def test_digits_in_a_name_column_are_a_name(small, load):
    small.post("/_emulator/rows", [{"table": "stages", "id": 3, "set": {"name": "7"}}])
    settles(small, load, rows("deals", {"id": 1, "stage_name": "7", "pipeline_id": 1}, **ID))
    assert row(small, "deals", 1)["stage_id"] == 3


def test_a_custom_field_of_the_same_name_takes_precedence(small, load):
    small.post("/api/v2/dealFields", {"field_name": "owner_email", "field_type": "varchar"})
    owner = row(small, "deals", 1)["owner_id"]
    settles(small, load, rows("deals", {"id": 1, "owner_email": "aiko@nordwind.example"}, **ID))
    found = row(small, "deals", 1)
    assert found["owner_id"] == owner
    assert "aiko@nordwind.example" in found["custom_fields"].values()


def test_an_id_and_a_natural_key_of_one_row_are_rejected_together(load):
    run = load(rows("deals", {"id": 1, "owner_id": 3, "owner_email": "aiko@nordwind.example"}, **ID))
    assert all(name in str(run.error) for name in ("owner_id", "owner_email"))


@pytest.mark.parametrize("stream", ["activities", "add_activity"])
def test_a_name_is_looked_up_after_all_earlier_records_of_its_entity(small, load, stream):
    slow = {"operation": "POST /api/v2/persons", "kind": "slow", "seconds": 0.3, "nth": 2}
    small.post("/_emulator/faults", [slow])
    twins = rows("persons", *({"external_id": one, "name": "Ida Twin"} for one in "ab"), keys=["external_id"])
    run = load(
        [*twins, *rows(stream, {"external_id": "lunch", "subject": "Lunch", "participants": "Ida Twin"})],
        **adding("persons", "activities"),
    )
    assert run.outcomes == ["created", "created", "failed"]
    assert "2 persons" in run.errors[0]
    assert not any(one["subject"] == "Lunch" for one in small.rows("activities"))
