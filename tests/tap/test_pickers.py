"""Pickers: key and label as a drop-down menu shows them."""

from __future__ import annotations

import pytest

from tap_pipedrive.catalog import STREAMS
from tests.support.singer import run_tap, select

PICKERS = ("deal_options", "organization_options", "person_options")


def test_a_deal_is_labelled_with_title_and_status(small):
    options = run_tap(small.config(), "deal_options").latest("deal_options", key="key")
    deals = {str(row["id"]): row for row in small.rows("deals") if not row["is_archived"]}
    assert options.keys() == deals.keys()
    assert {key: option["label"] for key, option in options.items()} == {
        key: f"{deal['title']} - {deal['status']}" for key, deal in deals.items()
    }
    assert {key for key, option in options.items() if option["is_deleted"]} == {
        key for key, deal in deals.items() if deal["is_deleted"]
    }


@pytest.mark.parametrize("stream", ["organization_options", "person_options"])
def test_others_are_labelled_with_their_name(small, stream):
    options = run_tap(small.config(), stream).latest(stream, key="key")
    table = stream.removesuffix("_options") + "s"
    rows = {str(row["id"]): row["name"] for row in small.rows(table) if not row["is_deleted"]}
    assert {key: option["label"] for key, option in options.items()} == rows


def test_pickers_are_read_if_selected_and_then_incrementally(small):
    assert not any(STREAMS[name].selected_by_default for name in PICKERS)
    catalog = select(small.config(), *PICKERS)
    first = run_tap(small.config(), catalog=catalog)
    key = next(iter(first.latest("person_options", key="key")))
    small.reset()
    small.call("PATCH", f"/api/v2/persons/{key}", {"name": "New Name"})
    second = run_tap(small.config(), catalog=catalog, state=first.state)
    assert {name: [row["label"] for row in rows] for name, rows in second.records.items()} == {
        "person_options": ["New Name"]
    }
    reads = {name: count for name, count in small.requests().items() if name.startswith("GET")}
    assert reads == {f"GET /api/v2/{name}": 1 for name in ("deals", "organizations", "persons")}
