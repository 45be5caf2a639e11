"""References by natural key in actions, child rows and entries of lists."""

from __future__ import annotations

import pytest

from tests.target.helpers import rows
from tests.target.twice import row, settles

ANN = "ann@client.example"
CREATE = {"missing_references": "create"}


@pytest.fixture
def named(small):
    """The account with a deal, an organization and a person of unique names, each with the id 4."""
    small.call("PATCH", "/api/v2/organizations/4", {"name": "Client"})
    small.call("PATCH", "/api/v2/persons/4", {"name": "Ann", "emails": [{"value": ANN, "primary": True}]})
    small.call("PATCH", "/api/v2/deals/4", {"title": "The deal"})
    return small


def live(small, table):
    return [one["id"] for one in small.rows(table) if not one.get("is_deleted")]


@pytest.mark.parametrize(
    "columns",
    [
        {"id": {"title": "the deal"}, "user_id": "olga@nordwind.example"},
        {"deal_title": "The deal", "user_email": "olga@nordwind.example"},
    ],
)
@pytest.mark.parametrize("stream", ["add_deal_follower", "deal_followers"])
def test_a_follower_can_be_named_by_e_mail(named, load, stream, columns):
    if stream == "deal_followers":
        columns = {
            name.replace("id", "deal_id") if name == "id" else name: one for name, one in columns.items()
        }
    run = load(rows(stream, columns))
    assert run.outcomes == ["created"], run.errors
    assert 5 in [one["user_id"] for one in named.get("/api/v2/deals/4/followers")["data"]]


@pytest.mark.parametrize("handling", ["leave_out", "create"])
def test_the_row_of_an_action_is_never_created(named, load, handling):
    before = live(named, "organizations")
    run = load(
        rows("update_organization", {"org_name": "Nobody AG", "name": "New"}),
        rows("delete_organization", {"org_name": "Nobody AG"}),
        rows("add_organization_follower", {"org_name": "Nobody AG", "user_id": 5}),
        missing_references=handling,
        allow_deletes=True,
    )
    assert run.outcomes == ["failed"] * 3
    assert all("org_name" in one for one in run.errors)
    assert live(named, "organizations") == before


def test_two_rows_of_an_action_with_one_name_are_reported(named, load):
    named.call("PATCH", "/api/v2/organizations/5", {"name": "CLIENT"})
    run = load(rows("delete_organization", {"org_name": "Client"}), allow_deletes=True)
    assert run.outcomes == ["failed"]
    assert "4, 5" in run.errors[0]
    assert {4, 5} <= set(live(named, "organizations"))


def test_participants_are_named_by_e_mail_or_name(named, load):
    forms = [
        ANN,
        [ANN],
        [{"email": ANN}],
        [{"person_email": ANN}],
        [{"person_id": {"name": "Ann"}}],
        [{"person_id": None, "person_email": ANN, "primary": True}],
        [{"person_id": 4, "person_email": " "}],
        [{"person_name": "Somebody", "person_email": ANN}],
        f'["{ANN}"]',
    ]
    records = [{"id": number, "participants": one} for number, one in enumerate(forms, 1)]
    run = settles(named, load, rows("activities", *records, keys=["id"]))
    assert set(run.outcomes) <= {"updated", "unchanged"}, run.errors
    for record in records:
        found = row(named, "activities", record["id"])["participants"]
        assert [one["person_id"] for one in found] == [4]


def test_a_participant_with_two_ids_is_rejected(load):
    participants = [{"person_id": 3, "person_email": ANN}]
    run = load(rows("activities", {"id": 1, "participants": participants}, keys=["id"]))
    assert run.outcomes == ["failed"]
    assert "element 1 has several values for person_id" in run.errors[0]


def test_participants_that_do_not_exist_are_reported_or_created_once(named, load):
    participants = ["new@client.example", {"name": "Zoe"}, ANN]
    records = [{"id": number, "participants": participants} for number in (1, 2)]
    run = load(rows("activities", *records, keys=["id"]))
    assert run.outcomes == ["failed", "failed"]
    assert all("participants" in one and "element 1" in one for one in run.errors)
    before = live(named, "persons")
    run = settles(named, load, rows("activities", *records, keys=["id"]), **CREATE)
    assert run.outcomes == ["updated", "updated"]
    made = [one for one in live(named, "persons") if one not in before]
    for number in (1, 2):
        entries = row(named, "activities", number)["participants"]
        assert [one["person_id"] for one in entries] == [*made, 4]


def test_attendees_name_their_person_and_user(named, load):
    attendees = [
        "guest@client.example",
        {"email": ANN, "person_email": ANN},
        {"email": "o@nordwind.example", "user_email": "olga@nordwind.example"},
    ]
    run = load(rows("activities", {"id": 1, "attendees": attendees}, keys=["id"]))
    assert run.outcomes == ["updated"], run.errors
    found = row(named, "activities", 1)["attendees"]
    assert [(one.get("person_id"), one.get("user_id")) for one in found] == [
        (None, None),
        (4, None),
        (None, 5),
    ]
    run = load(
        rows("activities", {"id": 1, "attendees": [{"email": ANN, "user_email": "x@y.example"}]}, keys=["id"])
    )
    assert "element 1 user_id" in run.errors[0]


def test_a_product_that_can_be_linked_is_preferred(named, load):
    for number, linkable in ((1, False), (2, True)):
        named.call("PATCH", f"/api/v2/products/{number}", {"name": "Pump", "is_linkable": linkable})
    columns = {"deal_title": "The deal", "product_name": "pump", "item_price": 3, "quantity": 1}
    run = load(rows("add_deal_product", columns))
    assert run.outcomes == ["created"], run.errors
    assert [one["product_id"] for one in named.rows("deal_products") if one["deal_id"] == 4][-1] == 2


def test_a_phase_of_a_plan_is_one_of_the_board_of_its_project(small, load):
    board = row(small, "projects", 1)["board_id"]
    phase = next(one for one in small.rows("project_phases") if one["board_id"] == board)
    task = next(one["id"] for one in small.rows("tasks") if one["project_id"] == 1)
    run = load(rows("put_project_plan_task", {"id": 1, "task_id": task, "phase_name": phase["name"]}))
    assert run.outcomes == ["updated"], run.errors
    run = load(rows("put_project_plan_task", {"id": 1, "task_id": task, "phase_name": "Nowhere"}))
    assert "phase_name is not the name of a phase" in run.errors[0]
