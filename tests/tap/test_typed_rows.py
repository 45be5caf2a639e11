"""Typed rows give the same records as dictionaries, which are used for rows that do not fit."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from functools import partial

import msgspec
import pytest

from pipedrive_client.fields import parse_definition
from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.catalog.spec import RowForm
from tap_pipedrive.custom_fields.columns import assign_columns, column_properties
from tap_pipedrive.custom_fields.layouts import NestedPlan, flattener
from tap_pipedrive.rows.deviations import UNKNOWN_COLUMN, Deviations
from tap_pipedrive.rows.row_columns import RowColumns
from tap_pipedrive.rows.row_plan import RowPlan
from tap_pipedrive.rows.struct_rows import TypedRow, TypedRows
from tap_pipedrive.settings import FieldMode, OptionMode, UnknownColumns
from tap_pipedrive.state.bookmarks import digest
from tap_pipedrive.values.column_types import column_types
from tests.support.singer import run_tap

pytestmark = pytest.mark.dialects

DEALS = replace(STREAMS["deals"].reads[0], adds={"origin": "as the read says", "is_archived": True})
encode = msgspec.json.Encoder().encode


@pytest.fixture
def body(medium) -> dict:
    """A page of deals, with every kind of custom field."""
    return medium.get("/api/v2/deals?limit=500&sort_by=update_time")


@pytest.fixture
def definitions(medium) -> list:
    rows = medium.get("/api/v2/dealFields?limit=500")["data"]
    return [one for one in map(parse_definition, rows) if one.is_custom]


def plan(
    definitions,
    *,
    options=OptionMode.LABEL,
    dropped=frozenset(),
    mode=FieldMode.NAMED,
    unknown=UnknownColumns.WARN,
) -> RowPlan:
    known = STREAMS["deals"].schema
    columns = assign_columns(definitions, remembered={}, reserved=known, mode=mode, options=options)
    custom = NestedPlan.of(columns, options)
    deviations = Deviations(logging.getLogger("test"), unknown)
    kept = UNKNOWN_COLUMN if deviations.keeps else {}
    properties = {**known, **column_properties(columns, mode=mode, options=options, form=RowForm.V2), **kept}
    row_columns = RowColumns(
        stream="deals",
        declared=properties,
        keys=("id",),
        dropped=dropped,
        adds=DEALS.adds,
        made={*properties} - {*known},
        custom=custom,
        types=column_types(properties, partial(deviations.lose, "deals")),
        deviations=deviations,
    )
    flatten = flattener(columns, mode=mode, options=options, form=RowForm.V2)
    return RowPlan(columns=row_columns, flatten=flatten, typed=TypedRows(row_columns))


def both_ways(one: RowPlan, body: dict) -> tuple[list, list]:
    """Rows of a page as dictionaries and as typed rows."""
    typed = one.typed.decode(encode(body))["data"]
    assert all(isinstance(row, TypedRow) for row in typed)
    return json.loads(encode(body))["data"], typed


def written(records: list) -> list[dict]:
    return [json.loads(encode(record)) for record in records]


@pytest.mark.parametrize("mode", [FieldMode.NAMED, FieldMode.KEYED])
@pytest.mark.parametrize("options", OptionMode)
def test_records_are_the_same_from_typed_rows_and_dictionaries(body, definitions, options, mode):
    one = plan(definitions, options=options, mode=mode)
    as_dicts, typed = both_ways(one, body)
    assert written(one.records(typed)) == written(one.records(as_dicts))


def test_deselected_columns_are_left_out_of_typed_rows_and_dictionaries(body, definitions):
    one = plan(definitions, dropped={"title", "tier", "budget_currency"})
    as_dicts, typed = both_ways(one, body)
    records = written(one.records(typed))
    assert records == written(one.records(as_dicts))
    assert not {"title", "tier", "budget_currency"} & records[0].keys()
    assert records[0].keys() >= {"id", "budget"}


def test_a_row_has_one_fingerprint_in_either_form(body, definitions):
    one = plan(definitions)
    as_dicts, typed = both_ways(one, body)
    marks = [digest(row) for row in typed]
    assert marks == [digest(row) for row in as_dicts]
    assert len(set(marks)) == len(marks)
    key = definitions[0].key
    as_dicts[0]["custom_fields"][key] = "something else"
    assert digest(as_dicts[0]) != marks[0]


def test_a_row_behaves_like_a_dictionary(body, definitions):
    as_dicts, typed = both_ways(plan(definitions), body)
    row, same = typed[0], as_dicts[0]
    assert (row.get("id"), row.get("update_time")) == (same["id"], same["update_time"])
    assert (row.get("lost_reason", "none"), row.get("nonsense", 7)) == (same["lost_reason"], 7)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda row: row.update(custom_fields=[]), id="custom fields of another kind"),
        pytest.param(lambda row: row.pop("id"), id="no key"),
        pytest.param(
            lambda row: row.update({f"brand_new_{at}": at for at in range(60)}), id="many unknown keys"
        ),
    ],
)
def test_a_page_that_does_not_fit_is_read_as_dictionaries_and_the_next_as_structs(body, definitions, change):
    one = plan(definitions)
    fitting = encode(body)
    change(body["data"][3])
    for _ in range(3):
        assert all(isinstance(row, dict) for row in one.typed.decode(encode(body))["data"])
        assert all(isinstance(row, TypedRow) for row in one.typed.decode(fitting)["data"])


def test_a_page_that_fits_is_found_after_many_that_do_not(body, definitions):
    one = plan(definitions)
    fitting = encode(body)
    body["data"][3]["custom_fields"] = []
    for _ in range(50):
        one.typed.decode(encode(body))
    tried = [one.typed.decode(fitting)["data"][0] for _ in range(20)]
    assert isinstance(tried[-1], TypedRow)


OTHER_TYPES = [
    pytest.param("title", 7, "7", id="a number as text"),
    pytest.param("title", {"a": [1]}, '{"a":[1]}', id="an object as text"),
    pytest.param("owner_id", "12", 12, id="a text as number"),
    pytest.param("owner_id", {"id": 12, "name": "Ann"}, 12, id="an object in place of its id"),
    pytest.param("value", "12.5", 12.5, id="a text as amount"),
    pytest.param("value", "much", None, id="a text that is no amount"),
    pytest.param("is_deleted", 1, True, id="one as true"),
    pytest.param("is_deleted", 2, None, id="two as boolean"),
    pytest.param("owner_id", 2**63, None, id="an integer of more than 64 bits"),
    pytest.param("owner_id", "9223372036854775808", None, id="a text with such an integer"),
    pytest.param("owner_id", 2**63 - 1, 2**63 - 1, id="the greatest integer of 64 bits"),
    pytest.param("owner_id", 1e300, None, id="a float with more digits than it is exact"),
    pytest.param("value", 2**70, 2**70, id="an amount of any size"),
    pytest.param("label_ids", [1, 2**63], None, id="one of several ids with more than 64 bits"),
    pytest.param("label_ids", "1,2", [1, 2], id="ids as text"),
    pytest.param("label_ids", 5, [5], id="one id alone"),
    pytest.param("add_time", "2026-01-31 10:00:00", "2026-01-31T10:00:00Z", id="a time of v1"),
    pytest.param("add_time", "2026-01-31 10:00:00Z", "2026-01-31T10:00:00Z", id="a time with a space"),
    pytest.param("add_time", "2026-01-31T10:00:00.500Z", "2026-01-31T10:00:00Z", id="a time with a fraction"),
    pytest.param("expected_close_date", "soon", None, id="a text that is no date"),
]


@pytest.mark.parametrize(("column", "sent", "expected"), OTHER_TYPES)
def test_a_native_value_of_another_type_is_converted_or_null_in_both_forms(
    body, definitions, caplog, column, sent, expected
):
    one = plan(definitions)
    for row in body["data"][3:5]:
        row[column] = sent
    as_dicts, typed = both_ways(one, body)
    records = written(one.records(typed))
    assert records == written(one.records(as_dicts))
    assert [row[column] for row in records[3:5]] == [expected, expected]
    one.columns.deviations.warn()
    assert [f"Column {column} of deals: 4 values" in each.getMessage() for each in caplog.records] == [
        True
    ] * (expected is None)


def test_a_column_with_a_fixed_value_is_never_reported(body, definitions, caplog):
    one = plan(definitions)
    body["data"][3]["is_archived"] = "perhaps"
    as_dicts, typed = both_ways(one, body)
    records = written(one.records(typed))
    assert records == written(one.records(as_dicts))
    assert records[3]["is_archived"] is True
    one.columns.deviations.warn()
    assert not caplog.records


def test_a_row_without_a_key_is_left_out_and_is_an_error(body, definitions):
    one = plan(definitions)
    body["data"][3]["id"] = {"no": "id"}
    del body["data"][4]["id"]
    rows = one.typed.decode(encode(body))["data"]
    records = written(one.records(rows))
    assert len(records) == len(body["data"]) - 2
    assert "2 rows of deals" in str(one.columns.deviations.error())
    assert "key column id" in str(one.columns.deviations.error())


@pytest.mark.parametrize("unknown", UnknownColumns)
def test_unknown_keys_are_counted_and_kept_if_configured(body, definitions, caplog, unknown):
    one = plan(definitions, unknown=unknown)
    body["data"][3] |= {"brand_new": {"a": 1}, "also_new": None}
    body["data"][5]["brand_new"] = 7
    as_dicts, typed = both_ways(one, body)
    assert [digest(row) for row in typed] == [digest(row) for row in as_dicts]
    records = written(one.records(typed))
    assert records == written(one.records(as_dicts))
    assert not any("brand_new" in row for row in records)
    kept = {"brand_new": {"a": 1}, "also_new": None}
    assert [row.get("_unknown", "no column") for row in records[3:6]] == (
        [kept, None, {"brand_new": 7}] if unknown is UnknownColumns.KEEP else ["no column"] * 3
    )
    one.columns.deviations.warn()
    (warned,) = [record.getMessage() for record in caplog.records]
    assert "Stream deals" in warned
    assert "brand_new 4, also_new 2" in warned
    assert ("unknown_columns" in warned) is (unknown is UnknownColumns.WARN)


@pytest.mark.parametrize("unknown", UnknownColumns)
def test_parts_of_custom_fields_without_a_column_are_unknown_keys(body, definitions, caplog, unknown):
    one = plan(definitions, unknown=unknown)
    keys = {one.field_type: one.key for one in definitions}
    zone = {"timezone_id": 318, "timezone_name": "Europe/London"}
    place = {"value": "Rue 1", "geo": [1, 2]}
    for at, values in enumerate(
        [
            {"time": {"value": "09:00:00", **zone}, "monetary": {"value": 5, "currency": "EUR"}},
            {"time": {"value": "09:00:00", "timezone_id": 318}, "address": place},
            {
                "timerange": {
                    "value": "09:00:00",
                    "until": "10:00:00",
                    "timezone_id": 1,
                    "timezone_name": None,
                }
            },
        ]
    ):
        body["data"][at]["custom_fields"] = {keys[kind]: value for kind, value in values.items()}
    body["data"][1]["brand_new"] = 7
    as_dicts, typed = both_ways(one, body)
    records = written(one.records(typed))
    assert records == written(one.records(as_dicts))
    assert all("custom_fields" not in row for row in records)
    column = one.columns.custom.composite[keys["time"]][1][0]
    assert [row[column] for row in records[:2]] == ["Europe/London", None]
    left = {keys["time"]: {"timezone_id": 318}, keys["address"]: {"geo": [1, 2]}}
    kept = [
        None,
        {"brand_new": 7, "custom_fields": left},
        {"custom_fields": {keys["timerange"]: {"timezone_id": 1}}},
        None,
    ]
    keeps = unknown is UnknownColumns.KEEP
    assert [row.get("_unknown", "no column") for row in records[:4]] == (kept if keeps else ["no column"] * 4)
    one.columns.deviations.warn()
    (warned,) = [record.getMessage() for record in caplog.records]
    assert "custom_fields 4, brand_new 2" in warned


def test_custom_fields_that_are_null_leave_null_columns(body, definitions):
    one = plan(definitions)
    body["data"][0]["custom_fields"] = None
    as_dicts, typed = both_ways(one, body)
    assert written(one.records(typed)) == written(one.records(as_dicts))


def test_truncated_json_is_rejected(definitions):
    with pytest.raises(msgspec.DecodeError):
        plan(definitions).typed.decode(b'{"data":[{"id":1},')


def test_a_run_writes_the_same_with_stream_maps_that_need_dictionaries(medium):
    streams = ("deals", "persons", "organizations", "activities", "products")
    plain = run_tap(medium.config(), *streams)
    mapped = run_tap(
        medium.config(stream_maps={name: {"mark": "'x'"} for name in streams}, stream_map_config={}), *streams
    )
    for name in streams:
        found = {one: {**record, "mark": "x"} for one, record in plain.latest(name).items()}
        assert found == mapped.latest(name)


def test_dates_that_are_remembered_hide_no_invalid_one(body, definitions):
    (key,) = [one.key for one in definitions if one.field_type == "daterange"]
    values = [
        {"value": "2026-06-05", "until": "2026-12-21"},
        *[{"value": "2026-06-05", "until": "2026-02-30"}] * 2,
        {"value": "2026-12-21", "until": 20261221},
        {"value": "2026-06-05 00:00:00", "until": ["2026-06-05"]},
        {"value": "2026-06-05", "until": None, "more": None},
    ]
    rows = [{**row, "custom_fields": {key: value}} for row, value in zip(body["data"], values, strict=False)]
    content = encode({**body, "data": rows})
    typed, plain = plan(definitions), plan(definitions)
    found = typed.typed.decode(content)["data"]
    assert isinstance(found[0], TypedRow)
    made = msgspec.json.decode(encode(typed.records(found, None)))
    expected = msgspec.json.decode(encode(plain.records(msgspec.json.decode(content)["data"], None)))
    assert made == [{name: row[name] for name in one} for one, row in zip(made, expected, strict=True)]
    until = next(name for name in made[0] if name.endswith("_until") and made[0][name] == "2026-12-21")
    assert [one[until] for one in made] == ["2026-12-21", None, None, None, None, None]
