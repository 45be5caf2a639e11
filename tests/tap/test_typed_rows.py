"""Typed rows give the same records as dictionaries, and step aside where rows do not fit."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import msgspec
import pytest

from pipedrive_client.fields import parse_definition
from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.catalog.spec import RowForm
from tap_pipedrive.rows.custom_fields import NestedPlan, assign_columns, flattener
from tap_pipedrive.rows.row_plan import RowPlan
from tap_pipedrive.rows.struct_rows import TypedRow, TypedRows
from tap_pipedrive.settings import FieldMode, OptionMode
from tap_pipedrive.state.bookmarks import digest
from tests.support.singer import run_tap

DEALS = replace(STREAMS["deals"].reads[0], adds={"origin": "as the read says"})
encode = msgspec.json.Encoder().encode


@pytest.fixture
def body(medium) -> dict:
    """A page of deals, with every kind of custom field."""
    return medium.get("/api/v2/deals?limit=500&sort_by=update_time")


@pytest.fixture
def definitions(medium) -> list:
    rows = medium.get("/api/v2/dealFields?limit=500")["data"]
    return [one for one in map(parse_definition, rows) if one.is_custom]


def plan(definitions, *, options=OptionMode.LABEL, dropped=frozenset(), mode=FieldMode.NAMED) -> RowPlan:
    known = STREAMS["deals"].schema
    columns = assign_columns(definitions, remembered={}, reserved=known, mode=mode, options=options)
    custom = NestedPlan.of(columns, options)
    names = [*known, *custom.nulls]
    return RowPlan(
        stream="deals",
        read=DEALS,
        properties={name: {} for name in names},
        selected=[name for name in names if name not in dropped],
        flatten=flattener(columns, mode=mode, options=options, form=RowForm.V2),
        typed=TypedRows(columns=names, dropped=dropped, adds=DEALS.adds, custom=custom, moments={}),
        logger=logging.getLogger("test"),
    )


def both_ways(one: RowPlan, body: dict) -> tuple[list, list]:
    """Rows of a page as dictionaries and as typed rows."""
    typed = one.typed.decode(encode(body))["data"]
    assert all(isinstance(row, TypedRow) for row in typed)
    return json.loads(encode(body))["data"], typed


def written(records: list) -> list[dict]:
    return [json.loads(encode(record)) for record in records]


@pytest.mark.parametrize("mode", [FieldMode.NAMED, FieldMode.KEYED])
@pytest.mark.parametrize("options", OptionMode)
def test_records_are_the_same_either_way(body, definitions, options, mode):
    one = plan(definitions, options=options, mode=mode)
    as_dicts, typed = both_ways(one, body)
    assert written(one.records(typed)) == written(one.records(as_dicts))


def test_deselected_columns_are_left_out_either_way(body, definitions):
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


def test_a_row_answers_like_a_dictionary(body, definitions):
    as_dicts, typed = both_ways(plan(definitions), body)
    row, same = typed[0], as_dicts[0]
    assert (row.get("id"), row.get("update_time")) == (same["id"], same["update_time"])
    assert (row.get("lost_reason", "none"), row.get("nonsense", 7)) == (same["lost_reason"], 7)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda row: row.update(brand_new=1), id="unknown column"),
        pytest.param(lambda row: row.update(custom_fields=[]), id="custom fields of another kind"),
    ],
)
def test_a_page_that_does_not_fit_comes_as_dictionaries_and_the_next_does_not(body, definitions, change):
    one = plan(definitions)
    fitting = encode(body)
    change(body["data"][3])
    for _ in range(3):
        assert all(isinstance(row, dict) for row in one.typed.decode(encode(body))["data"])
        assert all(isinstance(row, TypedRow) for row in one.typed.decode(fitting)["data"])


def test_a_page_that_fits_is_found_after_many_that_do_not(body, definitions):
    one = plan(definitions)
    fitting = encode(body)
    body["data"][3]["brand_new"] = 1
    for _ in range(50):
        one.typed.decode(encode(body))
    tried = [one.typed.decode(fitting)["data"][0] for _ in range(20)]
    assert isinstance(tried[-1], TypedRow)


def test_custom_fields_that_are_null_leave_null_columns(body, definitions):
    one = plan(definitions)
    body["data"][0]["custom_fields"] = None
    as_dicts, typed = both_ways(one, body)
    assert written(one.records(typed)) == written(one.records(as_dicts))


def test_torn_json_is_no_page(definitions):
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
