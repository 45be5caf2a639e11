"""`validate_records` rejects a record that violates its own SCHEMA, and names it."""

from __future__ import annotations

import pytest

from tap_pipedrive.output.validation import InvalidRecordError, RecordValidator
from tests.support.cli import Files, tap
from tests.support.singer import run_tap, select

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


def batch_config(folder):
    storage = {"root": str(folder)}
    return {"batch_config": {"encoding": {"format": "jsonl", "compression": "gzip"}, "storage": storage}}


@pytest.mark.parametrize("maps", [{}, {"stream_maps": {"deals": {"a": "id"}}}], ids=["plain", "mapped"])
def test_records_of_batch_files_are_validated(small, tmp_path, maps):
    config = small.config(**batch_config(tmp_path), **maps)
    wrong = {"stream_maps": {"deals": {"title": "id"}}}
    run_tap(config, "deals")
    files = len([*tmp_path.iterdir()])
    assert files == 1
    with pytest.raises(InvalidRecordError, match="Stream deals, column title"):
        run_tap({**config, **wrong}, "deals")
    assert len([*tmp_path.iterdir()]) == files


@pytest.mark.parametrize(
    "settings",
    [
        {"stream_maps": {"deals": {"copy": "title", "__else__": None, "id": "id"}}},
        {"stream_maps": {"deals": {"__alias__": "bargains", "title": None}}},
        {"flattening_enabled": True, "flattening_max_depth": 2, "stream_map_config": {}},
    ],
    ids=["only some columns", "another name", "flattened"],
)
def test_records_are_validated_against_the_schema_as_it_is_emitted(small, settings):
    small.post("/_emulator/rows", [{"table": "organizations", "id": 1, "set": {"address": {"value": "A"}}}])
    out = run_tap(small.config(**settings), "deals", "organizations")
    for stream, message in out.schemas.items():
        records = out.records[stream]
        assert records
        # The SDK leaves the null in place of an object that it would have flattened.
        named = {name for record in records for name, value in record.items() if value is not None}
        assert named <= message["schema"]["properties"].keys()


def test_a_deselected_part_of_an_object_is_in_neither_the_schema_nor_the_records(small):
    catalog = select(small.config(), "organizations")
    for entry in catalog["streams"]:
        if entry["tap_stream_id"] == "organizations":
            for item in entry["metadata"]:
                if item["breadcrumb"] == ["properties", "address", "properties", "country"]:
                    item["metadata"]["selected"] = False
                if item["breadcrumb"] == ["properties", "name"]:
                    item["metadata"]["selected"] = False
    out = run_tap(small.config(), catalog=catalog)
    columns = out.schemas["organizations"]["schema"]["properties"]
    assert "name" not in columns
    assert "country" not in columns["address"]["properties"]
    assert out.records["organizations"]
    for record in out.records["organizations"]:
        assert "name" not in record
        assert "country" not in (record["address"] or {})
