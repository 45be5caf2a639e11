"""Values in another form than published: they become null and are reported, and the run continues."""

from __future__ import annotations

import json
import logging
from functools import partial

import msgspec
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from pipedrive_client.fields import parse_definition
from tap_pipedrive.catalog.spec import RowForm
from tap_pipedrive.custom_fields.columns import assign_columns, column_properties
from tap_pipedrive.custom_fields.layouts import NestedPlan, flattener
from tap_pipedrive.rows.deviations import Deviations
from tap_pipedrive.rows.row_columns import RowColumns
from tap_pipedrive.rows.row_plan import RowPlan
from tap_pipedrive.rows.shapes import SHAPES
from tap_pipedrive.rows.struct_rows import TypedRows
from tap_pipedrive.settings import FieldMode, OptionMode, UnknownColumns
from tap_pipedrive.values.column_types import column_types
from tests.support.singer import run_tap

pytestmark = pytest.mark.dialects


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("notes", "add_time", "soon"),
        ("notes", "update_time", "9999-12-31T23:59:59-10:00"),
        ("users", "last_login", "12.3.2026"),
        ("notes", "add_time", "2024-13-45 99:99:99"),
        ("leads", "add_time", "0000-00-00 00:00:00"),
        ("deals", "close_time", "0000-00-00 00:00:00"),
        ("deals", "stage_change_time", "2025-02-29T10:00:00Z"),
        ("deals", "expected_close_date", "0000-00-00"),
        ("organizations", "add_time", "0000-00-00T00:00:00Z"),
        ("activities", "due_date", "2026-02-30"),
        ("persons", "add_time", "0000-01-01T00:00:00Z"),
    ],
)
def test_an_invalid_time_becomes_null_and_does_not_end_the_run(small, caplog, table, column, value):
    whole = run_tap(small.config(), table).latest(table)
    one = min(whole)
    small.post("/_emulator/rows", [{"table": table, "id": one, "set": {column: value}}])
    out = run_tap(small.config(), table)
    assert out.latest(table).keys() == whole.keys()
    assert out.latest(table)[one][column] is None
    assert out.faults() == []
    (warned,) = [
        record.getMessage() for record in caplog.records if "could not be converted" in record.message
    ]
    assert f"Column {column} of {table}: 1 value" in warned
    assert value not in warned


def test_a_row_without_a_valid_update_time_is_read(small):
    whole = run_tap(small.config(), "deals").latest("deals")
    one = min(whole)
    small.post("/_emulator/rows", [{"table": "deals", "id": one, "set": {"update_time": "soon"}}])
    out = run_tap(small.config(), "deals")
    assert out.latest("deals").keys() == whole.keys()
    assert out.latest("deals")[one]["update_time"] is None
    assert "T" in out.state["bookmarks"]["deals"]["replication_key_value"]


@pytest.mark.parametrize("settings", [{"custom_fields": "nested"}, {"stream_maps": {"deals": {"a": "id"}}}])
def test_invalid_times_of_rows_read_as_dictionaries_become_null_too(settings, small, caplog):
    small.post("/_emulator/rows", [{"table": "deals", "id": 1, "set": {"close_time": "0000-00-00 00:00:00"}}])
    assert run_tap({**small.config(), **settings}, "deals").latest("deals")[1]["close_time"] is None
    assert "Column close_time of deals" in caplog.text


def test_an_empty_time_is_null_without_a_warning(small, caplog):
    row = small.rows("leads")[0]["id"]
    small.post("/_emulator/rows", [{"table": "leads", "id": row, "set": {"add_time": ""}}])
    assert run_tap(small.config(), "leads").latest("leads")[row]["add_time"] is None
    assert "could not be converted" not in caplog.text


FORMS = [
    pytest.param("enum", [1, 2], None, id="several options where one belongs"),
    pytest.param("enum", [[1]], None, id="a list in a list"),
    pytest.param("enum", {"label": "A"}, None, id="an option without an id"),
    pytest.param("set", [{"a": 1}], None, id="objects in place of options"),
    pytest.param("set", {"a": [1]}, None, id="an object in place of options"),
    pytest.param("double", "NaN", None, id="no number"),
    pytest.param("double", "1_000", None, id="a number of Python"),
    pytest.param("double", "12.5", 12.5, id="a number as text"),
    pytest.param("int", "²", None, id="a digit that is no number"),
    pytest.param("int", "--5", None, id="two signs"),
    pytest.param("int", "-5", -5, id="a whole number as text"),
    pytest.param("int", 5.5, None, id="a fraction"),
    pytest.param("date", "soon", None, id="no date"),
    pytest.param("date", 20260101, None, id="a number as date"),
    pytest.param("date", "2026-01-31 00:00:00", "2026-01-31", id="a date with midnight"),
    pytest.param("boolean", 1, True, id="a boolean as number"),
    pytest.param("boolean", "perhaps", None, id="no boolean"),
    pytest.param("varchar", 7, "7", id="a number as text of a person"),
    pytest.param("varchar", ["a"], '["a"]', id="a list as text"),
    pytest.param("user", {"id": 5, "name": "Bob"}, 5, id="an object in place of its id"),
    pytest.param("user", {"id": {"id": {}}}, None, id="objects in objects"),
    pytest.param("monetary", {"value": "ten", "currency": "EUR"}, None, id="a part of another form"),
    pytest.param("monetary", {"value": "10", "currency": "EUR"}, 10, id="a part as text"),
    pytest.param("daterange", {"value": "soon", "until": "2026-01-01"}, None, id="a part that is no date"),
]


OPTIONS = [{"id": 1, "label": "A"}, {"id": 12, "label": "B"}]
KEY = "ab" * 20


def plan_of(
    kind: str, form: RowForm, options: OptionMode = OptionMode.LABEL
) -> tuple[RowPlan, dict, Deviations]:
    """The row plan of a stream with one custom field, its columns, and what it counts."""
    definition = parse_definition(
        {"field_code": KEY, "field_name": "Odd", "field_type": kind, "options": OPTIONS}
    )
    columns = assign_columns(
        [definition], remembered={}, reserved={"id"}, mode=FieldMode.NAMED, options=options
    )
    custom = column_properties(columns, mode=FieldMode.NAMED, options=options, form=form)
    properties = {"id": {"type": "integer"}, **custom}
    deviations = Deviations(logging.getLogger("test"), UnknownColumns.WARN)
    row_columns = RowColumns(
        stream="deals",
        declared=properties,
        keys=("id",),
        dropped=(),
        adds={},
        made=(),
        custom=NestedPlan.of(columns, options),
        types=column_types(properties, partial(deviations.lose, "deals")),
        deviations=deviations,
    )
    flatten = flattener(columns, mode=FieldMode.NAMED, options=options, form=form)
    return RowPlan(columns=row_columns, flatten=flatten, typed=TypedRows(row_columns)), properties, deviations


def records_of(plan: RowPlan, form: str, value: object) -> list[dict]:
    """Records of three rows, two with the value, in one of the forms of a row."""
    if form == "v1":
        parts = {f"{KEY}_{part}": inner for part, inner in value.items()} if isinstance(value, dict) else {}
        flat = {KEY: parts.pop(f"{KEY}_value", value), **parts}
        rows = [{"id": 1, **flat}, {"id": 2, **flat}, {"id": 3}]
        return plan.records(rows)
    rows = [{"id": at, "custom_fields": {KEY: value}} for at in (1, 2)] + [{"id": 3, "custom_fields": None}]
    content = msgspec.json.encode({"success": True, "data": rows})
    decoded = plan.typed.decode(content) if form == "typed" else json.loads(content)
    return json.loads(msgspec.json.encode(plan.records(decoded["data"])))


@pytest.mark.parametrize(("kind", "value", "expected"), FORMS)
@pytest.mark.parametrize("form", ["typed", "dictionaries", "v1"])
def test_a_custom_value_of_another_form_fits_its_column(caplog, kind, value, expected, form):
    plan, properties, deviations = plan_of(kind, RowForm.V1 if form == "v1" else RowForm.V2)
    first, second, third = records_of(plan, form, value)
    assert (first["odd"], second["odd"], third["odd"]) == (expected, expected, None)
    check = Draft202012Validator({"properties": properties}, format_checker=FormatChecker())
    assert [error.message for row in (first, second, third) for error in check.iter_errors(row)] == []
    deviations.warn()
    warned = [record.getMessage() for record in caplog.records if "could not be converted" in record.message]
    assert len(warned) == (expected is None)
    assert all("odd of deals: 2 values" in one for one in warned)


@pytest.mark.parametrize("form", ["typed", "dictionaries", "v1"])
@pytest.mark.parametrize(
    ("options", "value", "expected"),
    [
        (OptionMode.LABEL, "1,12", {"odd": ["A", "B"]}),
        (OptionMode.LABEL, 12, {"odd": ["B"]}),
        (OptionMode.LABEL, [1, 99], {"odd": ["A", "99"]}),
        (OptionMode.BOTH, "1,12", {"odd": ["A", "B"], "odd_id": [1, 12]}),
        (OptionMode.BOTH, [{"id": 12, "label": "B"}], {"odd": ["B"], "odd_id": [12]}),
        (OptionMode.BOTH, [{"id": 12}, {}], {"odd": None, "odd_id": None}),
        (OptionMode.ID, "1,12", {"odd": [1, 12]}),
        (OptionMode.ID, ["1", "²"], {"odd": None}),
    ],
)
def test_options_of_a_set_are_read_in_every_form(form, options, value, expected):
    plan, _, _ = plan_of("set", RowForm.V1 if form == "v1" else RowForm.V2, options)
    assert records_of(plan, form, value)[0] == {"id": 1, **expected}


def test_custom_fields_sent_as_a_list_are_reported_and_become_null(caplog):
    plan, _, deviations = plan_of("int", RowForm.V2)
    assert plan.records([{"id": 1, "custom_fields": [{"a": 1}]}]) == [{"id": 1, "odd": None}]
    deviations.warn()
    assert "deals" in caplog.text
    assert "custom_fields 1" in caplog.text


@pytest.mark.parametrize("deal", ["12", "x", "²"])
def test_a_deal_id_that_is_not_a_number_does_not_end_the_run(deal):
    (row,) = SHAPES["products_by_deal"]([{deal: {"product": {"id": 1}}}], {})
    types = column_types({"deal_id": {"type": ["integer", "null"]}}, lambda _column, _value: None)
    assert types["deal_id"].convert(row["deal_id"]) == (12 if deal == "12" else None)


def test_a_change_in_the_future_never_becomes_a_bookmark(small, caplog):
    whole = run_tap(small.config(), "deals")
    one = min(whole.latest("deals"))
    small.post(
        "/_emulator/rows", [{"table": "deals", "id": one, "set": {"update_time": "2099-01-01T00:00:00Z"}}]
    )
    out = run_tap(small.config(), "deals")
    assert out.latest("deals").keys() == whole.latest("deals").keys()
    assert out.state["bookmarks"]["deals"] == {
        **out.state["bookmarks"]["deals"],
        "replication_key_value": whole.state["bookmarks"]["deals"]["replication_key_value"],
    }
    assert "2099" not in str(out.state["bookmarks"]["deals"]["reads"])
    assert "in the future" not in caplog.text


@pytest.mark.parametrize("form", ["own", "plain"])
def test_a_bookmark_in_the_future_is_reported_once_and_the_stream_is_read_in_full(small, caplog, form):
    whole = run_tap(small.config(), "deals")
    state = json.loads(json.dumps(whole.state))
    memo = state["bookmarks"]["deals"]
    memo["replication_key_value"] = memo["reads"]["getDeals"]["since"] = "2099-01-01T00:00:00Z"
    if form == "plain":
        del memo["reads"]
    # An old change that earlier runs missed.
    one = min(whole.latest("deals"))
    changed = {"title": "Missed", "update_time": "2020-01-01T00:00:00Z"}
    small.post("/_emulator/rows", [{"table": "deals", "id": one, "set": changed}])
    again = run_tap(small.config(), "deals", state=state)
    # The archived deals are another list, whose own bookmark is good in the first form.
    rows = whole.latest("deals").items()
    assert again.latest("deals").keys() == {
        one for one, row in rows if form == "plain" or not row["is_archived"]
    }
    assert again.latest("deals")[one]["title"] == "Missed"
    assert "2099" not in str(again.state["bookmarks"]["deals"])
    (told,) = [record.getMessage() for record in caplog.records if "in the future" in record.message]
    assert "deals" in told
    assert "2099-01-01T00:00:00Z" in told
    assert "read in full" in told
    caplog.clear()
    after = run_tap(small.config(), "deals", state=again.state)
    assert not after.records.get("deals")
    assert "in the future" not in caplog.text
