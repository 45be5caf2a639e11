"""Rows found by the exact value of a field, and merges."""

from __future__ import annotations

import pytest

from tests.target.helpers import rows

NEVER = 100_000

pytestmark = pytest.mark.dialects

PERSON = {
    "name": "Greta Garbo",
    "emails": [{"value": "greta@film.example", "primary": True, "label": "work"}],
}


@pytest.fixture
def greta(small):
    return small.post("/api/v2/persons", PERSON)["data"]["id"]


def test_a_person_is_found_by_email_in_any_case(load, small, greta):
    run = load(
        rows("persons", {"name": "Greta Lovisa", "emails": "GRETA@film.example"}),
        match_on={"persons": ["emails"]},
    )
    assert (run.errors, run.ids) == ([], [str(greta)])
    assert small.get(f"/api/v2/persons/{greta}")["data"]["name"] == "Greta Lovisa"


def test_a_record_without_a_match_is_added_once(load):
    new = {"name": "New One", "email": "new@one.example"}
    run = load(rows("persons", new, {**new, "name": "New 1"}), match_on={"persons": ["email"]})
    assert run.outcomes == ["created", "updated"]
    assert load(rows("persons", {**new, "name": "New 1"}), match_on={"persons": ["email"]}).outcomes == [
        "unchanged"
    ]


def test_several_hits_fail_unless_the_settings_choose(load, small, greta):
    twin = small.post("/api/v2/persons", PERSON)["data"]["id"]
    update = rows("persons", {"name": "Twin", "emails": "greta@film.example"})
    on = {"match_on": {"persons": ["emails"]}}
    failed = load(update, **on)
    assert "matches 2 persons" in failed.errors[0]
    assert load(update, **on, on_ambiguous="skip").outcomes == ["skipped"]
    assert load(update, **on, on_ambiguous="oldest").ids == [str(greta)]
    assert load(update, **on, on_ambiguous="newest").ids == [str(twin)]


def test_a_custom_field_can_be_matched(load, small, greta):
    fields = small.get("/api/v2/personFields?limit=500")["data"]
    field = next(
        one for one in fields if one["is_custom_field"] and one["field_type"] in ("varchar", "varchar_auto")
    )
    small.call("PATCH", f"/api/v2/persons/{greta}", {"custom_fields": {field["field_code"]: "crm-77"}})
    name = field["field_name"]
    run = load(rows("persons", {name: "crm-77", "name": "By key"}), match_on={"persons": [name]})
    assert (run.errors, run.ids) == ([], [str(greta)])


def test_a_failed_lookup_never_creates_a_row(load, small):
    small.post(
        "/_emulator/faults",
        [{"operation": "GET /api/v2/persons/search", "kind": "status_before", "status": 400}],
    )
    before = len(small.rows("persons"))
    run = load(rows("persons", {"name": "X", "emails": "x@x.example"}), match_on={"persons": ["emails"]})
    assert run.outcomes == ["failed"]
    assert len(small.rows("persons")) == before


def test_an_update_stream_fails_or_skips_records_without_a_match(load):
    settings = {"scores": {"entity": "persons", "write": "update", "match_on": ["email"]}}
    unknown = rows("scores", {"email": "nobody@here.example", "name": "N"})
    failed = load(unknown, streams=settings)
    assert failed.outcomes == ["failed"]
    assert "missing_rows" in failed.errors[0]
    assert load(unknown, streams=settings, missing_rows="skip").outcomes == ["skipped"]


def test_a_merge_moves_external_ids_to_the_survivor(load):
    first = load(rows("organizations", {"external_id": "a", "name": "A"}, {"external_id": "b", "name": "B"}))
    absorbed, survivor = first.ids
    merged = load(rows("merge_organizations", {"id": absorbed, "merge_with_id": survivor}))
    assert merged.outcomes == ["merged"]
    after = load(rows("organizations", {"external_id": "a", "name": "Both"}))
    assert (after.outcomes, after.ids) == (["updated"], [survivor])


@pytest.mark.parametrize("first", ["add_person", "persons_by_id"])
def test_a_row_that_another_stream_adds_is_found_by_value(small, load, first):
    small.post("/_emulator/search", {"lag": NEVER})
    before = len(small.rows("persons"))
    messages = []
    for number in range(4):
        email = f"new{number}@client.example"
        given = {"external_id": email, "name": f"New {number}", "emails": [email]}
        messages += rows(first, given)
        messages += rows("persons", {"email": email.upper(), "name": f"Now {number}"}, keys=["email"])
    run = load(messages, streams={"persons_by_id": {"entity": "persons"}})
    assert run.outcomes == ["created", "updated"] * 4, run.errors
    assert len(small.rows("persons")) == before + 4
