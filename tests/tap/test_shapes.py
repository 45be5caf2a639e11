"""Rows in a response of each shape."""

from __future__ import annotations

import pytest

from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.rows.shapes import SHAPES
from tests.support.singer import run_tap


@pytest.mark.parametrize("value", [None, [], {}], ids=str)
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_give_no_rows_for_empty_responses(shape, value):
    assert not list(SHAPES[shape](value, {}))


@pytest.mark.parametrize(
    ("shape", "value", "rows"),
    [
        ("user_ids", [1, 2], [{"user_id": 1}, {"user_id": 2}]),
        # Rows without a key are not dropped here, but reported.
        ("user_ids", [1, None], [{"user_id": 1}, {"user_id": None}]),
        ("data", [{"object": "o", "data": None}], [{"object": "o"}]),
        ("updates", [{"object": "o"}], [{"object": "o", "id": None}]),
        ("found", [{}], [{}]),
        (
            "found_of_any_kind",
            {"items": [{"item": {}}]},
            [{"is_related": False}],
        ),
        ("products_by_deal", [{"5": {"deal": {}}}], [{"deal_id": "5", "product_id": None, "deal": {}}]),
        ("named_choices", [{"name": "Ann"}], [{"key": None, "label": "Ann", "update_time": None}]),
        ("data", [{"object": "o", "data": {"id": 1}}], [{"id": 1, "object": "o"}]),
        ("updates", [{"object": "o", "data": {"id": 1}}], [{"id": 1, "object": "o", "data": {"id": 1}}]),
        ("found", [{"item": {"id": 1}, "result_score": 0.5}], [{"id": 1, "result_score": 0.5}]),
        ("found", [{"item": {"id": 1, "code": 7}, "seen": True}], [{"id": 1, "code": 7, "seen": True}]),
        (
            "found_of_any_kind",
            {"items": [{"item": {"id": 1}, "result_score": 0.5}], "related_items": [{"item": {"id": "u"}}]},
            [
                {"id": 1, "result_score": 0.5, "is_related": False},
                {"id": "u", "is_related": True},
            ],
        ),
        ("found_of_any_kind", [{"id": 1, "name": "n"}], [{"id": 1, "name": "n"}]),
        (
            "products_by_deal",
            [{"7": {"deal": {"id": 7}, "product": {"id": 9}}}],
            [{"deal_id": "7", "product_id": 9, "deal": {"id": 7}, "product": {"id": 9}}],
        ),
        (
            "leaves",
            {"operators": {"int": {"=": "is"}, "enum": [{"!=": "is not"}]}, "parts": {"route": "street"}},
            [
                {"section": "operators", "kind": "int", "code": "=", "label": "is"},
                {"section": "operators", "kind": "enum", "code": "!=", "label": "is not"},
                {"section": "parts", "kind": "all", "code": "route", "label": "street"},
            ],
        ),
        (
            "deal_choices",
            [{"id": 1, "title": "Big one", "status": "open", "value": 5, "is_deleted": False}],
            [{"key": 1, "label": "Big one - open", "is_deleted": False, "update_time": None}],
        ),
        (
            "named_choices",
            [{"id": 7, "name": "Ann", "update_time": "2026-01-01T00:00:00Z"}],
            [{"key": 7, "label": "Ann", "update_time": "2026-01-01T00:00:00Z"}],
        ),
    ],
)
def test_shapes_unwrap_rows(shape, value, rows):
    assert list(SHAPES[shape](value, {})) == rows


def test_shapes_are_used_and_known():
    assert {spec.shape for spec in STREAMS.values() if spec.shape} == set(SHAPES)


def test_ids_of_different_kinds_are_text_in_the_records(small):
    search = {"stream": "item_searches", "term": "deal"}
    records = run_tap(small.config(searches=[search]), "deal_options", "item_searches").records
    assert {type(row["key"]) for row in records["deal_options"]} == {str}
    assert {type(row["id"]) for row in records["item_searches"]} == {str}
