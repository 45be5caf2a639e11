"""Rows in the forms that live accounts send, in addition to those of the published description.

The values are invented; docs/api-notes.md names the source of each form.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tap_pipedrive.rows.deviations import RowWithoutKeyError
from tests.support import evidence
from tests.support.evidence import Recording
from tests.support.singer import run_tap

FILE = Path(__file__).parents[1] / "resources" / "cases" / "tap" / "25-live-rows" / "responses.json"
RESPONSES = json.loads(FILE.read_text(encoding="utf-8"))
UNFORESEEN = {"deals": {"brand_new", "probability", "is_archived", "expected_close_date"}}
"""Keys that no column has, and values that their column cannot hold."""


def readings():
    return [
        evidence.reading(
            Recording(
                number=str(at),
                operation="",
                method="GET",
                path=one["path"],
                query={},
                status=200,
                body={"success": True, "data": one["data"], "additional_data": {"next_cursor": None}},
            )
        )
        for at, one in enumerate(RESPONSES)
    ]


@pytest.fixture(scope="module")
def outputs():
    """Output of the tap with each value of `unknown_columns`."""
    return {mode: evidence.read(readings(), unknown_columns=mode) for mode in ("warn", "keep")}


def test_every_row_is_a_valid_record_with_all_its_keys(outputs):
    out = outputs["warn"]
    assert out.faults() == []
    lost = [each for one in readings() for each in evidence.lost_keys(one, out)]
    assert {each.split(", ")[1].split(":")[0] for each in lost} == UNFORESEEN["deals"]


@pytest.mark.parametrize("at", range(len(RESPONSES)), ids=lambda at: RESPONSES[at]["path"])
def test_values_have_the_type_of_their_column(outputs, at):
    one = readings()[at]
    records = [evidence.record_of(one, row, outputs["warn"]) for row in one.rows()]
    expected = RESPONSES[at]["records"]
    assert len(records) == len(expected)
    assert [
        {name: record[name] for name in each} for record, each in zip(records, expected, strict=True)
    ] == expected


def test_unknown_keys_become_a_column_if_configured(outputs):
    plain, kept = outputs["warn"].records["deals"], outputs["keep"].records["deals"]
    assert outputs["keep"].faults() == []
    assert kept == [{**plain[0], "_unknown": {"brand_new": {"a": 1}}}]
    assert "_unknown" not in outputs["warn"].schemas["deals"]["schema"]["properties"]
    types = {
        schema["schema"]["properties"]["_unknown"]["type"][0] for schema in outputs["keep"].schemas.values()
    }
    assert types == {"object"}


def test_the_end_of_the_run_names_unknown_keys_and_lost_values_once(caplog):
    evidence.read([one for one in readings() if one.stream == "deals"])
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    (lost,) = [each for each in warned if "expected_close_date" in each]
    assert "deals" in lost
    assert "1 value of another type" in lost
    assert "soon" not in lost
    (unknown,) = [each for each in warned if "brand_new" in each]
    assert "Stream deals" in unknown
    assert "brand_new 1" in unknown
    assert "unknown_columns" in unknown


def test_a_row_without_a_usable_key_ends_the_run_with_an_error():
    one = Recording(
        number="0",
        operation="",
        method="GET",
        path="/v1/users",
        query={},
        status=200,
        body={"success": True, "data": [{"id": {"no": "id"}, "name": "Ann"}, {"id": 8, "name": "Bo"}]},
    )
    with pytest.raises(RowWithoutKeyError, match=r"1 row of users .* key column id \(object 1\)"):
        evidence.read([evidence.reading(one)])
    assert [row["id"] for row in run_tap.last.records["users"]] == [8]
    assert run_tap.last.state
