"""Lists with an unusual structure: every key, row and value is kept as it was sent."""

from __future__ import annotations

import pytest

from tap_pipedrive.rows.shapes import SHAPES

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
