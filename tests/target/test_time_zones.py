"""Time zones of times, which Pipedrive returns by name and by number."""

from __future__ import annotations

import pytest

from tests.target.case_folders import writes_of
from tests.target.helpers import rows
from tests.target.twice import field_key, row, settles


@pytest.fixture
def slot(small):
    """Key of a custom field of the type time that has 07:15 in Tallinn at person 3."""
    key = field_key(small, "person", "Daily slot")
    value = {"value": "07:15:00", "timezone_name": "Europe/Tallinn"}
    small.call("PATCH", "/api/v2/persons/3", {"custom_fields": {key: value}})
    return key


def number_of(small, slot, name):
    """The number of a time zone, which is known only from rows that have it."""
    value = {"value": "07:15:00", "timezone_name": name}
    small.call("PATCH", "/api/v2/persons/4", {"custom_fields": {slot: value}})
    return row(small, "persons", 4)["custom_fields"][slot]["timezone_id"]


def test_another_time_zone_replaces_name_and_number(small, load, slot):
    tokyo = number_of(small, slot, "Asia/Tokyo")
    for column in ({"daily_slot_timezone": "Asia/Tokyo"}, {"daily_slot_timezone_id": tokyo}):
        small.call(
            "PATCH",
            "/api/v2/persons/3",
            {"custom_fields": {slot: {"value": "07:15:00", "timezone_name": "Europe/Tallinn"}}},
        )
        run = settles(small, load, rows("persons", {"id": 3, **column}, keys=["id"]))
        assert (run.outcomes, run.errors) == (["updated"], []), column
        assert row(small, "persons", 3)["custom_fields"][slot] == {
            "value": "07:15:00",
            "timezone_id": tokyo,
            "timezone_name": "Asia/Tokyo",
        }


def test_a_time_that_is_read_and_written_again_does_not_change(small, load, slot):
    held = row(small, "persons", 3)["custom_fields"][slot]
    for given in (
        {"Daily slot": held},
        {"Daily slot": "07:15", "daily_slot_timezone_id": held["timezone_id"]},
        {"Daily slot": "07:15", "daily_slot_timezone": "Europe/Tallinn"},
        {"Daily slot": "07:15"},
    ):
        small.post("/_emulator/log/clear")
        run = load(rows("persons", {"id": 3, **given}, keys=["id"]))
        assert (run.outcomes, writes_of(small)) == (["unchanged"], []), given


def test_a_new_row_without_a_time_zone_gets_the_one_of_the_user(load):
    given = rows("persons", {"name": "Anna Zonk", "Daily slot": "08:00"}, keys=["name"])
    assert load(given).outcomes == ["created"]
    assert load(given).outcomes == ["unchanged"]


def test_a_time_zone_of_a_lead_is_written_once(small, load):
    key = field_key(small, "deal", "Daily slot")
    lead = small.call("GET", "/v1/leads")["data"][0]["id"]
    given = {"id": lead, "Daily slot": "08:00", "daily_slot_timezone": "Asia/Tokyo"}
    settles(small, load, rows("leads", given, keys=["id"]))
    held = small.call("GET", f"/v1/leads/{lead}")["data"]
    assert held[f"{key}_timezone_id"] == number_of(
        small, field_key(small, "person", "Daily slot"), "Asia/Tokyo"
    )
