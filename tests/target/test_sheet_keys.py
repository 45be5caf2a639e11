"""Keys damaged by spreadsheets: error values, shortened numbers, dashes, invalid addresses."""

from __future__ import annotations

import pytest

from target_pipedrive.values.identity import identifies, key_text
from tests.target.case_folders import writes_of
from tests.target.helpers import rows
from tests.target.twice import settles

NO_KEYS = [
    "#N/A",
    "#REF!",
    "#value!",
    "#DIV/0!",
    "#NAME?",
    " #N/A ",
    "n/a",
    "N/A",
    "-",
    "\u2013",
    "---",
    "?",
    ".",
    "4.91E+11",
    "4,9E+11",
]
KEYS = ["7", "A-1", "-1", "#12", "a/b", "NA", "1E5", "E+10", "x", "🚀", "4.91e+11", "ö", "1.5", "N/A-1"]
ENTITIES = {"persons": "name", "organizations": "name", "deals": "title", "products": "name"}


@pytest.mark.parametrize("key", NO_KEYS)
@pytest.mark.parametrize("stream", ENTITIES)
def test_rows_with_placeholder_text_as_key_are_not_matched_to_one_row(small, load, stream, key):
    given = [{"external_id": key, ENTITIES[stream]: name} for name in ("One", "Two")]
    run = load(rows(stream, *given, keys=["external_id"]))
    assert (run.outcomes, writes_of(small)) == (["failed", "failed"], [])
    assert all("external_id" in one for one in run.errors)
    added = load(rows(stream, *given, keys=["external_id"]), on_blank_match="add")
    assert (added.outcomes, len(set(added.ids))) == (["created", "created"], 2)


@pytest.mark.parametrize("key", KEYS)
def test_unusual_keys_are_valid(small, load, key):
    given = {"external_id": key, "name": "One"}
    assert settles(small, load, rows("organizations", given, keys=["external_id"])).outcomes == ["created"]
    assert identifies(key)
    assert key_text(key)


@pytest.mark.parametrize("address", ["none", "n/a", "#N/A", "-", "unknown", "keine", "x", "@", "no email"])
def test_people_without_an_address_are_not_matched_to_one_person(small, load, address):
    given = [{"email": address, "name": name} for name in ("One", "Two")]
    run = load(rows("persons", *given, keys=["email"]))
    if address == "@":
        assert run.outcomes[0] == "created"
        return
    assert (run.outcomes, writes_of(small)) == (["failed", "failed"], [])
    skipped = load(rows("persons", *given, keys=["email"]), on_blank_match="skip")
    assert (skipped.outcomes, writes_of(small)) == (["skipped", "skipped"], [])


@pytest.mark.parametrize("emails", [["none", "contact3@mail.example"], ["contact3@mail.example", "-"]])
def test_one_real_address_is_enough(load, emails):
    run = load(rows("persons", {"emails": emails, "job_title": "Buyer"}, keys=["emails"]))
    assert (run.outcomes, run.ids) == (["updated"], ["3"])


@pytest.mark.parametrize("name", ["#N/A", "-", "n/a", "1.2E+05"])
@pytest.mark.parametrize("stream", ["organizations", "products"])
def test_rows_are_not_matched_by_a_placeholder_name(small, load, stream, name):
    run = load(rows(stream, *({"name": name, "owner_id": one} for one in (1, 2)), keys=["name"]))
    assert (run.outcomes, writes_of(small)) == (["failed", "failed"], [])


@pytest.mark.parametrize("number", ["1E+01", "1e1", "1E1", "1.0E+01", "10E0"])
@pytest.mark.parametrize("column", ["id", "person_id", "org_id"])
def test_an_id_with_an_exponent_is_not_an_id(small, load, number, column):
    run = load(rows("deals", {"id": 3, "title": "Changed", column: number}, keys=["id"]))
    assert (run.outcomes, writes_of(small)) == (["failed"], [])
    assert "must be an integer" in run.errors[0]


@pytest.mark.parametrize("phone", ["4.91512E+12", ["+49 30 1234567", "4.9E+11"], {"value": "4,91512E+12"}])
def test_a_shortened_phone_number_is_rejected(small, load, phone):
    run = load(rows("persons", {"id": 3, "phones": phone}, keys=["id"]))
    assert (run.outcomes, writes_of(small)) == (["failed"], [])
    assert "a spreadsheet has shortened" in run.errors[0]


@pytest.mark.parametrize("given", ["101.0", " 101", "101\u00a0", 101])
def test_another_spelling_of_a_key_does_not_change_it(small, load, given):
    message = rows("products", {"code": given, "unit": "box"}, keys=["code"])
    run = settles(small, load, message)
    assert (run.outcomes, run.results[0]["changed"]) == (["updated"], ["unit"])
    assert next(one for one in small.rows("products") if one["id"] == 1)["code"] == "101"


def test_another_case_of_a_name_corrects_it(small, load):
    name = next(one for one in small.rows("organizations") if one["id"] == 1)["name"]
    run = settles(small, load, rows("organizations", {"name": name.upper()}, keys=["name"]))
    assert run.results[0]["changed"] == ["name"]


@pytest.mark.parametrize("number", [46023, " 46023", 46023.5, "46023.75 "])
@pytest.mark.parametrize("column", ["expected_close_date", "won_time", "Kick-off"])
def test_the_day_number_of_a_spreadsheet_is_named(load, number, column):
    run = load(rows("deals", {"id": 3, column: number}, keys=["id"]))
    assert run.outcomes == ["failed"]
    assert "the day number of a spreadsheet; format the column as text or date there" in run.errors[0]


@pytest.mark.parametrize("number", [7, 1772359200, "2026", 123456])
def test_other_numbers_are_not_day_numbers(load, number):
    run = load(rows("deals", {"id": 3, "expected_close_date": number}, keys=["id"]))
    assert run.outcomes == ["failed"]
    assert "day number" not in run.errors[0]
