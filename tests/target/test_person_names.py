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


@pytest.mark.parametrize("stream", ["persons", "update_person"])
def test_a_stream_with_one_of_the_two_names_it_as_not_written(load, caplog, stream):
    caplog.set_level("INFO", "target-pipedrive")
    load(rows(stream, {"id": 3, "First name": "Ann", "phone": "1"}, keys=["id"]))
    assert f"Stream {stream}: not written: First name" in caplog.text
    caplog.clear()
    load(rows(stream, {"id": 3, "First name": "Ann", "last_name": "Zonk"}, keys=["id"]))
    assert "not written" not in caplog.text


@pytest.mark.parametrize("stream", ["persons", "update_person"])
def test_two_columns_of_one_part_are_rejected(load, stream):
    run = load(
        rows(stream, {"id": 3, "first_name": "Ann", "First name": "Bea", "last_name": "Zonk"}, keys=["id"])
    )
    assert "First name is the same column as first_name; omit one of them" in str(run.error)


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


BY_NAME = {"match_on": {"persons": ["name"]}}
ANN = {"first_name": "Ann", "last_name": "Zonk"}


@pytest.fixture
def ann(small):
    return small.call("POST", "/api/v2/persons", {"name": "Ann Zonk"})["data"]["id"]


@pytest.mark.parametrize(
    ("settings", "keys"),
    [
        (BY_NAME, []),
        ({"match_on": {"persons": ["First_Name", "last_name"]}}, []),
        ({"match_on": {"persons": ["last_name", "name", "first_name"]}}, []),
        ({}, ["last_name", "first_name"]),
    ],
)
def test_rows_are_found_by_first_and_last_name_as_by_the_name(small, load, ann, settings, keys):
    given = rows(
        "persons",
        {**ANN, "email": "ann@zonk.example"},
        {"first_name": " Ben\u00a0T.", "last_name": "Zonk", "email": "ben@zonk.example"},
        keys=keys,
    )
    planned = load(*given, **settings, dry_run=True)
    run = settles(small, load, *given, **settings)
    assert (run.outcomes, run.errors) == (["updated", "created"], [])
    assert planned.outcomes == run.outcomes
    held = row(small, "persons", ann)
    assert names(held) == ("Ann Zonk", "Ann", "Zonk")
    assert [one["value"] for one in held["emails"]] == ["ann@zonk.example"]
    assert [one["last_name"] for one in small.rows("persons") if one["first_name"] == "Ben T."] == ["Zonk"]


def test_records_with_one_of_the_two_are_not_matched(small, load):
    blank = [{"first_name": "Ann", "last_name": None}, {"first_name": " ", "last_name": "Zonk"}]
    run = settles(small, load, *rows("persons", *blank), **BY_NAME)
    assert run.outcomes == ["failed", "failed"]
    assert "first_name, last_name have no value" in run.errors[0]


@pytest.mark.parametrize(
    ("key", "said"), [("name", "names name, but no property"), ("first_name", "be looked up by first_name")]
)
def test_one_of_the_two_columns_cannot_match_rows(load, key, said):
    run = load(rows("persons", {"first_name": "Ann"}), match_on={"persons": [key]})
    assert said in str(run.error)


def test_the_name_of_a_record_is_matched_before_its_parts(small, load, ann):
    given = {"name": "Ann Zonk", "first_name": "Bea", "last_name": "Other", "email": "ann@zonk.example"}
    run = settles(small, load, *rows("persons", given), **BY_NAME)
    assert (run.outcomes, names(row(small, "persons", ann))) == (["updated"], ("Ann Zonk", "Ann", "Zonk"))


def test_a_custom_field_with_the_label_is_no_part_of_the_key(small, load):
    small.call("POST", "/api/v2/personFields", {"field_name": "First name", "field_type": "varchar"})
    run = load(rows("persons", {"First name": "Ann", "Last name": "Zonk"}), **BY_NAME)
    assert "names name, but no property" in str(run.error)


def test_the_parts_of_a_name_delete_a_row(load, ann):
    deleted = {**ANN, "_sdc_deleted_at": "2026-11-01T00:00:00Z"}
    run = load(rows("persons", deleted), **BY_NAME, allow_deletes=True)
    assert (run.outcomes, run.results[0]["id"]) == (["deleted"], str(ann))


def test_references_by_name_find_a_person_with_parts_of_a_name(small, load):
    run = load(
        rows("persons", {**ANN, "external_id": "a"}),
        rows("deals", {"external_id": "d", "title": "Of Ann", "person_name": "Ann Zonk"}),
    )
    assert (run.outcomes, run.errors) == (["created", "created"], [])
    (deal,) = [one for one in small.rows("deals") if one["title"] == "Of Ann"]
    assert row(small, "persons", deal["person_id"])["name"] == "Ann Zonk"
