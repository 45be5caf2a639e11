"""Values and columns as a salesperson writes them: names of types, statuses, ranges, and what is missing."""

from __future__ import annotations

import pytest

from tests.target.helpers import adding, rows
from tests.target.twice import field_key, row, settles

ID = {"keys": ["id"]}


def test_the_type_of_an_activity_is_accepted_by_name_or_key(small, load):
    given = ["Call", " meeting", "Site visit 現場", "site VISIT 現場", "call", "Phone call"]
    records = [{"id": number, "type": one} for number, one in enumerate(given, 1)]
    run = settles(small, load, rows("activities", *records, **ID))
    assert set(run.outcomes[:5]) <= {"updated", "unchanged"}, run.errors
    found = [row(small, "activities", number)["type"] for number in range(1, 6)]
    assert found == ["call", "meeting", "site_visit", "site_visit", "call"]
    assert "type contains 'Phone call'" in run.errors[0]
    assert "known: Call, Meeting" in run.errors[0]
    assert small.requests().get("GET /api/v1/activityTypes", 0) <= 1


@pytest.mark.parametrize("stream", ["deals", "update_deal"])
def test_a_status_may_have_capitals(small, load, stream):
    run = load(rows(stream, {"id": 1, "status": "Lost"}, {"id": 2, "status": "Closed"}, **ID))
    assert row(small, "deals", 1)["status"] == "lost"
    assert run.outcomes[1] == "failed"
    assert "one of open, won, lost" in run.errors[0]
    assert "did you mean" not in run.errors[0]


@pytest.mark.parametrize(
    ("stream", "record", "facts"),
    [
        ("persons", {"email": "lee@client.example"}, ["needs name to create"]),
        ("add_person", {"email": "lee@client.example"}, ["needs name to create"]),
        ("notes", {"content": "x"}, ["needs one of", "deal_id", "org_id"]),
        ("add_note", {"content": "x", "deal_id": ""}, ["needs one of", "deal_id", "org_id"]),
        ("leads", {"title": "x"}, ["needs one of", "person_id", "organization_id"]),
        ("leads", {"title": "x", "person_email": None}, ["needs one of", "person_email", "organization_id"]),
    ],
)
@pytest.mark.parametrize("dry", [False, True])
def test_columns_required_by_a_create_are_checked_before_the_write(small, load, stream, record, facts, dry):
    small.post("/_emulator/log/clear")
    run = load(rows(stream, record), dry_run=dry, **adding("persons", "notes", "leads"))
    assert run.outcomes == ["failed"]
    assert all(one in run.errors[0] for one in facts), run.errors
    assert not [one for one in small.requests() if one.startswith("POST")]


@pytest.mark.parametrize("between", [" - ", "/", " to "])
def test_a_range_may_be_one_text(small, load, between):
    given = {"Delivery window": f"2026-05-01{between}2026-05-31", "Support hours": f"09:00{between}17:30"}
    settles(small, load, rows("deals", {"id": 1, **given}, **ID))
    found = row(small, "deals", 1)["custom_fields"]
    dates, hours = (found[field_key(small, "deal", one)] for one in ("Delivery window", "Support hours"))
    assert (dates["value"], dates["until"]) == ("2026-05-01", "2026-05-31")
    assert (hours["value"][:5], hours["until"][:5]) == ("09:00", "17:30")


@pytest.mark.parametrize(
    ("column", "better"),
    [
        ("Owner", "owner_email, owner_name"),
        ("Seller", "owner_email"),
        ("Stage", "stage_name"),
        ("Organization", "organization_name"),
        ("Company", "organization_name"),
        ("Contact", "person_email, person_name"),
        ("Titel", "title"),
    ],
)
def test_an_unknown_column_is_reported_with_the_column_for_names(load, column, better):
    run = load(rows("deals", {"id": 1, column: "x"}, **ID))
    assert f"nearest: {better}" in str(run.error)


def test_a_name_in_the_column_of_an_id_is_reported_with_the_column_for_names(load):
    run = load(rows("deals", {"id": 1, "org_id": "Acme"}, {"id": 2, "person_id": "ann@acme.example"}, **ID))
    assert "org_id must be" in run.errors[0]
    assert "org_name" in run.errors[0]
    assert "person_email or person_name" in run.errors[1]


def test_the_assignee_of_a_task_is_not_written_again(small, load):
    record = {"id": 1, "assignee_email": "olga@nordwind.example"}
    run = settles(small, load, rows("tasks", record, **ID))
    assert run.outcomes == ["updated"]
    assert row(small, "tasks", 1)["assignee_ids"] == [5]
    run = settles(small, load, rows("tasks", {"id": 1, "assignee_id": 3}, **ID))
    assert row(small, "tasks", 1)["assignee_ids"] == [3]
