"""First and last names of persons: written as the name, from which Pipedrive derives them."""

from __future__ import annotations

import pytest

from tests.target.helpers import rows
from tests.target.twice import row, settles


def names(found):
    return found["name"], found["first_name"], found["last_name"]


@pytest.mark.parametrize("columns", [("first_name", "last_name"), ("First name", "Last Name")])
def test_a_person_is_created_with_first_and_last_name(small, load, columns):
    given = {columns[0]: "Ann Marie", columns[1]: "Zonk", "email": "ann@zonk.example"}
    run = settles(small, load, rows("persons", given, keys=["email"]))
    assert (run.outcomes, run.errors) == (["created"], [])
    (made,) = [one for one in small.rows("persons") if one["name"] == "Ann Marie Zonk"]
    assert names(made) == ("Ann Marie Zonk", "Ann Marie", "Zonk")


def test_first_and_last_name_change_the_name(small, load):
    given = {"id": 3, "first_name": "Ann", "last_name": "Zonk"}
    run = settles(small, load, rows("persons", given, keys=["id"]))
    assert run.outcomes == ["updated"]
    assert names(row(small, "persons", 3)) == ("Ann Zonk", "Ann", "Zonk")


@pytest.mark.parametrize(
    "given",
    [
        {"first_name": "Ann"},
        {"last_name": "Zonk"},
        {"first_name": "Ann", "last_name": None},
        {"first_name": " ", "last_name": "Zonk"},
    ],
)
def test_one_of_the_two_does_not_change_a_name(small, load, given):
    before = row(small, "persons", 3)
    assert load(rows("persons", {"id": 3, **given}, keys=["id"])).outcomes == ["unchanged"]
    assert row(small, "persons", 3) == before
    run = load(rows("persons", {"external_id": "z", **given}, keys=["external_id"]))
    assert run.outcomes == ["failed"]
    assert "needs name" in run.errors[0]


def test_the_name_takes_precedence(small, load):
    given = {"id": 3, "name": "Dr. Ann Zonk", "first_name": "Ann", "last_name": "Zonk"}
    assert settles(small, load, rows("persons", given, keys=["id"])).outcomes == ["updated"]
    assert row(small, "persons", 3)["name"] == "Dr. Ann Zonk"


def test_an_action_takes_both_names(small, load):
    run = load(rows("add_person", {"first_name": "Ann", "last_name": "Zonk"}))
    assert run.errors == []
    assert [one["first_name"] for one in small.rows("persons") if one["name"] == "Ann Zonk"] == ["Ann"]


def test_a_custom_field_with_the_label_takes_precedence(small, load):
    field = {"field_name": "First name", "field_type": "varchar"}
    key = small.call("POST", "/api/v2/personFields", field)["data"]["field_code"]
    given = {"id": 3, "First name": "Ann", "Last name": "Zonk"}
    before = row(small, "persons", 3)["name"]
    assert settles(small, load, rows("persons", given, keys=["id"])).outcomes == ["updated"]
    held = row(small, "persons", 3)
    assert (held["name"], held["custom_fields"][key]) == (before, "Ann")
