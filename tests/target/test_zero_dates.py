"""Empty dates and times of databases are null; invalid ones are rejected with their value."""

from __future__ import annotations

import pytest

from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values.scalars import date, is_zero_date, minute, moment, stamp
from tests.target.case_folders import Case
from tests.target.helpers import rows
from tests.target.twice import field_key, row, settles

ZEROS = [
    "0000-00-00",
    " 0000-00-00 ",
    "0000-00-00 00:00:00",
    "0000-00-00T00:00:00Z",
    "0000-00-00T00:00:00.000000+00:00",
    "00/00/0000",
    "0/0/0000",
    "00.00.0000 00:00",
    "00000000",
]
NO_DATES = [
    "2022-11-00 20:59:22",
    "infinity",
    "2026-02-30",
    "5/1/2026",
    "46027",
    "0000-01-01",
    "2026-13-01",
    "0",
]


def test_zero_dates_are_null_in_every_form():
    assert [one for one in ZEROS if not is_zero_date(one)] == []
    assert {encode(one) for encode in (date, moment, stamp, minute) for one in ZEROS} == {None}


@pytest.mark.parametrize("encode", [date, moment, stamp, minute])
@pytest.mark.parametrize("given", NO_DATES)
def test_impossible_dates_are_rejected_with_the_format(encode, given):
    with pytest.raises(RecordFault, match="2026-01-31"):
        encode(given)


CUSTOM = [
    ("deals", "deal"),
    ("persons", "person"),
    ("organizations", "organization"),
    ("products", "product"),
]


@pytest.mark.parametrize(("table", "one"), CUSTOM)
def test_zero_dates_clear_dates_and_ranges_of_custom_fields(small, load, table, one):
    day, window = field_key(small, one, "Kick-off"), field_key(small, one, "Delivery window")
    for zero in ZEROS[:5]:
        held = {day: "2026-01-05", window: {"value": "2026-01-01", "until": "2026-02-01"}}
        small.call("PATCH", f"/api/v2/{table}/1", {"custom_fields": held})
        run = settles(
            small, load, rows(table, {"id": 1, "Kick-off": zero, "Delivery window": zero}, keys=["id"])
        )
        assert (run.outcomes, run.errors) == (["updated"], []), zero
        assert [row(small, table, 1)["custom_fields"][key] for key in (day, window)] == [None, None]


# Table, value before, column that null clears.
OWN = [
    ("tasks", {"due_date": "2026-01-05"}, "due_date"),
    ("tasks", {"start_date": "2026-01-05"}, "start_date"),
    ("deals", {"status": "lost", "close_time": "2026-01-05T10:00:00Z"}, "close_time"),
]


@pytest.mark.parametrize(("table", "held", "column"), OWN)
def test_zero_dates_clear_standard_columns_that_accept_null(small, load, table, held, column):
    for zero in ZEROS[:5]:
        small.call("PATCH", f"/api/v2/{table}/1", held)
        run = settles(small, load, rows(table, {"id": 1, column: zero}, keys=["id"]))
        assert (run.outcomes, run.errors) == (["updated"], []), zero
        assert row(small, table, 1)[column] is None


@pytest.mark.parametrize(("table", "column"), [("persons", "birthday"), ("activities", "due_date")])
def test_zero_dates_are_reported_if_a_date_cannot_be_emptied(small, load, table, column):
    small.call("PATCH", f"/api/v2/{table}/1", {column: "1980-01-05"})
    run = settles(small, load, rows(table, {"id": 1, column: "0000-00-00"}, keys=["id"]))
    assert run.outcomes == ["unchanged"]
    assert column in run.results[0]["note"]
    assert row(small, table, 1)[column] == "1980-01-05"


def test_a_lead_and_an_action_accept_zero_dates_too(small, load):
    lead = next(one for one in small.rows("leads") if one["expected_close_date"])["id"]
    run = settles(small, load, rows("leads", {"id": lead, "expected_close_date": "0000-00-00"}, keys=["id"]))
    assert run.outcomes == ["updated"]
    assert row(small, "leads", lead)["expected_close_date"] is None
    key = field_key(small, "deal", "Kick-off")
    small.call("PATCH", "/api/v2/deals/1", {"custom_fields": {key: "2026-01-05"}})
    assert load(rows("update_deal", {"id": 1, "kick_off": "0000-00-00 00:00:00"})).outcomes == ["updated"]
    assert row(small, "deals", 1)["custom_fields"][key] is None


def test_a_zero_date_in_a_text_column_is_text(small, load):
    run = settles(small, load, rows("deals", {"id": 1, "Contract number": "0000-00-00"}, keys=["id"]))
    assert run.outcomes == ["updated"]
    assert (
        row(small, "deals", 1)["custom_fields"][field_key(small, "deal", "Contract number")] == "0000-00-00"
    )


@pytest.mark.parametrize("given", NO_DATES)
def test_an_impossible_date_rejects_the_record_with_its_column(small, load, given):
    before = small.rows("deals")
    run = settles(small, load, rows("deals", {"id": 1, "expected_close_date": given}, keys=["id"]))
    assert run.outcomes == ["failed"]
    assert all(fact in run.errors[0] for fact in ("expected_close_date", given, "2026-01-31"))
    assert small.rows("deals") == before


def test_sample_of_dates(small, tmp_path):
    case = Case(small, tmp_path, "28-zero-dates")
    before = {one["id"]: one["expected_close_date"] for one in small.rows("deals")}
    run = case()
    assert run.code == 1
    refused = {
        3: "2022-11-00",
        6: "infinity",
        8: "23:30:00-05",
        10: "2026-02-30",
        11: "20260105",
        12: "46027",
        13: "5/1/2026",
    }
    assert [one["record"]["id"] for one in run.rejects] == list(refused) or {
        one["record"]["id"] for one in run.rejects
    } == set(refused)
    for one in run.rejects:
        assert all(fact in one["error"] for fact in ("expected_close_date", refused[one["record"]["id"]]))
    for number in (1, 2, 14):  # the date of a deal cannot be cleared
        assert run.result(id=number)["outcome"] == "unchanged"
        assert run.row("deals", number)["expected_close_date"] == before[number]
        assert bool(before[number]) == bool(run.result(id=number)["note"])
    for number in (7, 9, 16):
        assert run.row("deals", number)["expected_close_date"] == "2026-01-05"
    assert run.row("deals", 15)["expected_close_date"] == "9999-12-31"
    again = case()
    assert again.writes == []
