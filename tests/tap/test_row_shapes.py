"""Lists with an unusual structure: every key, row and value is kept as it was sent."""

from __future__ import annotations

import pytest

from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.rows.shapes import SHAPES
from tap_pipedrive.values.column_types import column_types
from tests.support.singer import run_tap

CASES = [
    pytest.param(
        "found",
        [{"item": {"id": 1, "code": True}, "result_score": 0.5, "brand_new": {"a": 1}}],
        [{"id": 1, "code": True, "result_score": 0.5, "brand_new": {"a": 1}}],
        id="a new key beside the item of a search",
    ),
    pytest.param("found", [{"item": 5, "result_score": 1}], [{"item": 5, "result_score": 1}], id="no item"),
    pytest.param(
        "found_of_any_kind",
        {"items": [{"item": {"id": {"id": 5}}}], "related_items": [{"item": {"id": 6}}]},
        [{"id": {"id": 5}, "is_related": False}, {"id": 6, "is_related": True}],
        id="an object in place of an id",
    ),
    pytest.param(
        "products_by_deal",
        [{"7": None, "8": {"product": 5}, "9": {"product": {"id": 1}, "deal": None}}],
        [
            {"deal_id": "7", "product_id": None},
            {"deal_id": "8", "product_id": None, "product": 5},
            {"deal_id": "9", "product_id": 1, "product": {"id": 1}, "deal": None},
        ],
        id="a deal without a product",
    ),
    pytest.param(
        "leaves",
        {"one": {"a": 5, "b": None, "c": {"d": ["x"]}}, "two": "text", "three": None},
        [
            {"section": "one", "kind": "all", "code": "a", "label": 5},
            {"section": "one", "kind": "all", "code": "b", "label": None},
            {"section": "one", "kind": "c", "code": "d", "label": ["x"]},
            {"section": "two", "kind": "all", "code": None, "label": "text"},
        ],
        id="labels of other kinds",
    ),
    pytest.param(
        "deal_choices",
        [{"id": {"id": 5}, "title": {"a": 1}, "status": "won"}],
        [{"key": {"id": 5}, "label": '{"a":1} - won', "is_deleted": None, "update_time": None}],
        id="objects in a menu",
    ),
    pytest.param(
        "named_choices",
        [{"id": 5, "name": ["a"]}],
        [{"key": 5, "label": ["a"], "update_time": None}],
        id="a list as name",
    ),
]


@pytest.mark.parametrize(("shape", "sent", "rows"), CASES)
def test_every_value_reaches_the_row_plan_as_it_came(shape, sent, rows):
    assert list(SHAPES[shape](sent, {})) == rows


@pytest.mark.parametrize(
    ("sent", "made", "lost"),
    [
        (5, None, 1),
        ("", None, 0),
        ({"value": "a"}, [{"value": "a"}], 0),
        ([5, {"value": "a"}, None], [None, {"value": "a"}, None], 1),
        ({}, [], 0),
    ],
)
def test_a_value_alone_that_no_entry_of_a_list_can_contain_is_null_and_counted_once(sent, made, lost):
    counted = []
    kinds = column_types(
        {"labels": STREAMS["lead_fields"].schema["options"]}, lambda *one: counted.append(one)
    )
    assert (kinds["labels"].convert(sent), len(counted)) == (made, lost)


@pytest.mark.parametrize(("sent", "are_read"), [("false", True), ("0", True), ("true", False), (1, False)])
def test_child_rows_are_read_unless_their_parent_is_deleted_in_any_form(small, sent, are_read):
    one = run_tap(small.config(), "organization_followers").records["organization_followers"][0]
    parent = one["organization_id"]
    small.post("/_emulator/rows", [{"table": "organizations", "id": parent, "set": {"is_deleted": sent}}])
    records = run_tap(small.config(), "organization_followers").records["organization_followers"]
    assert (parent in {row["organization_id"] for row in records}) is are_read
