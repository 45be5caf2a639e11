"""Persons matched by phone number: the spelling of a number does not matter."""

from __future__ import annotations

import pytest

from tests.target.helpers import rows

BY_PHONE = {"match_on": {"persons": ["phones"]}}
STORED = "+1 (555) 010-0100"
SPELLINGS = ["+15550100100", "+1 555 0100 100", "001-555-010-0100", "+1\u00a0555.010.0100"]


@pytest.fixture
def caller(small):
    """Id of a person with one phone number."""
    return small.post("/api/v2/persons", {"name": "Caller", "phones": [{"value": STORED}]})["data"]["id"]


def numbers(small, row_id):
    return [
        one["value"] for one in next(row for row in small.rows("persons") if row["id"] == row_id)["phones"]
    ]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("dry_run", [False, True])
def test_another_spelling_of_a_number_is_the_same_person(spelling, dry_run, caller, load, small):
    count = len(small.rows("persons"))
    run = load(rows("persons", {"phones": spelling, "name": "Renamed"}), dry_run=dry_run, **BY_PHONE)
    assert (run.outcomes, run.ids) == (["updated"], [str(caller)])
    assert (len(small.rows("persons")), numbers(small, caller)) == (count, [STORED])


def test_two_spellings_of_a_new_number_add_one_person(load, small):
    count = len(small.rows("persons"))
    both = [{"phones": one, "name": "Twice"} for one in ("+49 30 9999-0", "+493099990")]
    run = load(rows("persons", *both), **BY_PHONE)
    assert run.outcomes == ["created", "unchanged"]
    assert len(small.rows("persons")) == count + 1
    assert load(rows("persons", *both), **BY_PHONE).outcomes == ["unchanged", "unchanged"]


def test_another_number_is_another_person(caller, load):
    run = load(rows("persons", {"phones": "+1 555 010 0101", "name": "Other"}), **BY_PHONE)
    assert run.outcomes == ["created"]
    assert run.ids != [str(caller)]


@pytest.mark.usefixtures("caller")
def test_the_list_is_read_once_for_a_phone_number(load, small):
    small.post("/_emulator/log/clear")
    run = load(rows("persons", *({"phones": STORED, "name": f"N{n}"} for n in range(5))), **BY_PHONE)
    assert run.errors == []
    assert small.requests().get("GET /api/v2/persons/search") is None
    assert small.requests()["GET /api/v2/persons"] <= 3
