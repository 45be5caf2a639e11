"""`validate_records` rejects a record that violates its own SCHEMA, and names it."""

from __future__ import annotations

import pytest

from tap_pipedrive.output.validation import InvalidRecordError, RecordValidator
from tests.support.cli import Files, tap
from tests.support.singer import select

pytestmark = pytest.mark.dialects

SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": ["string", "null"]},
        "price": {"type": ["number", "null"]},
        "done": {"type": ["boolean", "null"]},
        "at": {"type": ["string", "null"], "format": "date-time"},
        "day": {"type": ["string", "null"], "format": "date"},
        "tags": {"type": ["array", "null"], "items": {"type": ["string", "null"]}},
        "owner": {
            "type": ["object", "null"],
            "properties": {"at": {"type": "string", "format": "date-time"}},
        },
        "counts": {"type": ["object", "null"], "additionalProperties": {"type": ["integer", "null"]}},
        "rows": {"type": "array", "items": {"type": "object", "properties": {"day": {"format": "date"}}}},
        "level": {"type": "string", "enum": ["low", "high"]},
    },
}


@pytest.fixture
def validator() -> RecordValidator:
    made = RecordValidator()
    made.announce("things", SCHEMA, ["id"])
    return made


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("name", 7),
        ("name", ["a"]),
        ("price", "7"),
        ("price", True),
        ("done", 1),
        ("at", "soon"),
        ("at", "2026-01-01"),
        ("at", "2026-13-01T00:00:00Z"),
        ("at", "2026-01-01 00:00:00"),
        ("day", "0000-00-00"),
        ("day", "2026-01-01T00:00:00Z"),
        ("day", ""),
        ("tags", "a"),
        ("tags", [1]),
        ("owner", {"at": "soon"}),
        ("owner", {"at": None}),
        ("owner", []),
        ("counts", {"a": 1, "b": "2"}),
        ("counts", {"a": True}),
        ("rows", [{"day": "2026-01-01"}, {"day": "soon"}]),
        ("rows", None),
        ("level", "middle"),
        ("id", None),
        ("id", 1.5),
    ],
)
def test_a_value_that_does_not_fit_is_named(validator, column, value):
    good = {"id": 5, "name": "a"}
    with pytest.raises(InvalidRecordError) as raised:
        validator.check("things", [good, {**good, column: value}])
    said = str(raised.value)
    assert "things" in said
    assert column in said
    assert f"id {value if column == 'id' else 5}" in said


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("price", 7),
        ("price", 7.5),
        ("id", 2.0),
        ("at", "2026-01-31T10:00:00Z"),
        ("at", "2026-01-31T10:00:00.123+02:00"),
        ("day", "2024-02-29"),
        ("tags", ["a", None]),
        ("owner", {"at": "2026-01-31T10:00:00Z"}),
        ("owner", {"at": "2026-01-31T10:00:00Z", "unknown": []}),
        ("owner", None),
        ("counts", {"a": 1, "b": None, "c": 2.0}),
        ("rows", [{"day": "2026-01-01", "more": 1}]),
        ("rows", []),
        ("level", "high"),
        ("unknown", "anything"),
        ("name", None),
    ],
)
def test_a_value_that_fits_passes(validator, column, value):
    validator.check("things", [{"id": 1, column: value}])


@pytest.mark.parametrize("place", [0, 251, 499])
@pytest.mark.parametrize("column", ["day", "at"])
def test_one_invalid_record_of_a_page_is_found(validator, place, column):
    """Records have a day and every second one a price; the invalid value may be in a new column."""
    page = [{"id": n, "name": "a" if n % 3 else None, "day": "2026-01-01"} for n in range(500)]
    for record in page[::2]:
        record["price"] = 1.5
    validator.check("things", page)
    page[place][column] = "soon"
    with pytest.raises(InvalidRecordError, match=f"column {column}, row with id {place}:"):
        validator.check("things", page)


def test_a_record_before_its_schema_is_rejected(validator):
    with pytest.raises(InvalidRecordError, match="others"):
        validator.check("others", [{"id": 1}])


def test_a_run_with_the_setting_ends_in_one_sentence(small, tmp_path):
    one = small.get("/api/v2/deals?sort_by=update_time&limit=1")["data"][0]["id"]
    maps = {"stream_maps": {"deals": {"title": "id"}}}
    files = Files(tmp_path)
    catalog = select(small.config(), "deals")
    on = tap(*files.arguments({**small.config(), **maps}, catalog=catalog))
    assert on.code == 1
    assert "Stream deals, column title" in on.last_line
    assert f"id {one}" in on.last_line
    assert "Traceback" not in on.err
    off = tap(
        *files.arguments({**small.config(), **maps, "validate_records": False}, catalog=catalog),
    )
    assert off.code == 0
    assert off.output.latest("deals")[one]["title"] == one
