"""Participants and attendees of activities: adding one person or address keeps the others."""

from __future__ import annotations

import pytest

from tests.target.helpers import rows
from tests.target.twice import settles

pytestmark = pytest.mark.dialects

PEOPLE = [
    {"person_id": 1, "primary": True},
    {"person_id": 2, "primary": False},
    {"person_id": 3, "primary": False},
]
ATTENDEES = [{"email": "a@x.example", "name": "A"}, {"email": "b@x.example", "name": "B"}]


@pytest.fixture
def activity(small):
    small.call("PATCH", "/api/v2/activities/1", {"participants": PEOPLE, "attendees": ATTENDEES})

    def shown():
        found = small.get("/api/v2/activities/1?include_fields=attendees")["data"]
        people = {one["person_id"]: one["primary"] for one in found["participants"]}
        return people, {one["email"]: one["name"] for one in found["attendees"]}

    return shown


@pytest.mark.parametrize(
    ("columns", "after"),
    [
        ({"person_id": 1}, {1: True, 2: False, 3: False}),
        ({"person_id": "1.0"}, {1: True, 2: False, 3: False}),
        ({"person_id": 2}, {1: False, 2: True, 3: False}),
        ({"person_id": 7}, {7: True, 2: False, 3: False}),
        ({"participants": {"person_id": 7}}, {1: True, 2: False, 3: False, 7: False}),
        ({"participants": {"person_id": 2, "primary": "yes"}}, {1: False, 2: True, 3: False}),
        ({"participants": [{"person_id": 7, "primary": True}]}, {7: True}),
        ({"participants": []}, {}),
    ],
)
def test_adding_one_participant_keeps_the_others(small, load, activity, columns, after):
    run = settles(small, load, rows("activities", {"id": 1, **columns}, keys=["id"]))
    assert run.errors == []
    people, attendees = activity()
    assert (people, len(attendees)) == (after, 2)


def test_adding_a_person_by_address_or_external_id_keeps_the_others(small, load, activity):
    address = next(one for one in small.rows("persons") if one["id"] == 9)["emails"][0]["value"]
    settles(small, load, rows("activities", {"id": 1, "person_email": address}, keys=["id"]))
    assert activity()[0] == {9: True, 2: False, 3: False}
    person = rows("persons", {"external_id": "p", "id": 8}, keys=["external_id"])
    settles(
        small, load, person, rows("activities", {"id": 1, "person_id": {"external_id": "p"}}, keys=["id"])
    )
    assert activity()[0] == {8: True, 2: False, 3: False}


@pytest.mark.parametrize(
    ("given", "after"),
    [
        ("c@x.example", {"a@x.example": "A", "b@x.example": "B", "c@x.example": ""}),
        ("A@X.example", {"A@X.example": "A", "b@x.example": "B"}),
        ({"email": "b@x.example", "name": "Bea"}, {"a@x.example": "A", "b@x.example": "Bea"}),
        (["c@x.example"], {"c@x.example": ""}),
    ],
)
def test_adding_one_attendee_keeps_the_others(small, load, activity, given, after):
    assert settles(small, load, rows("activities", {"id": 1, "attendees": given}, keys=["id"])).errors == []
    people, attendees = activity()
    assert (len(people), attendees) == (3, after)


@pytest.mark.parametrize("columns", [{"person_id": 7}, {"participants": {"person_id": 7, "primary": True}}])
def test_actions_keep_the_other_participants(load, activity, columns):
    assert load(rows("update_activity", {"id": 1, **columns})).errors == []
    people, attendees = activity()
    assert people.keys() >= {2, 3, 7}
    assert people[7] is True
    assert len(attendees) == 2


@pytest.mark.parametrize("columns", [{"person_id": 7}, {"participants": {"person_id": 7, "primary": True}}])
@pytest.mark.parametrize("stream", ["activities", "add_activity"])
def test_a_new_activity_has_the_person(small, load, stream, columns):
    record = {"subject": "Lone", "external_id": "n", **columns}
    if stream == "add_activity":
        record.pop("external_id")
    run = load(rows(stream, record, keys=["external_id"] if stream == "activities" else []))
    assert run.outcomes == ["created"]
    added = small.get(f"/api/v2/activities/{run.ids[0]}")["data"]
    assert added["participants"] == [{"person_id": 7, "primary": True}]
