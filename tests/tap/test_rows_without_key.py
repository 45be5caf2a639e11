"""Rows without a key: the run ends with exit code 1, and they are read again until they have one."""

from __future__ import annotations

import random

import pytest

from tap_pipedrive.catalog import STREAMS
from tests.support.faulty import run
from tests.tap.test_invalid_responses import (
    REMOVED,
    SAMPLED,
    SWEPT,
    Strike,
    check,
    check_sweep,
    clean,
    own_operations,
    set_fault,
    strikes,
    swept,
    tombstones,
)

pytestmark = pytest.mark.dialects
KIND = "null_key"
OF_NO_ROW = {"deals_timeline"}
"""Streams in whose responses the fault affects a row inside a row, which has no key of its own."""


def of_kind(called, chance):
    """One strike of this kind for each call that the campaign strikes."""
    return [Strike(one.operation, one.nth, KIND) for one in strikes(called, chance) if one.kind == "torn"]


@pytest.mark.parametrize("stream", SAMPLED)
def test_a_row_without_a_key_is_read_by_the_next_run(small, stream):
    chance = random.Random(f"key {stream}")
    _, called = clean(small, stream)
    check(small, stream, chance.choice(of_kind(own_operations(stream, called), chance)))


@pytest.mark.soak
@pytest.mark.parametrize("stream", sorted(STREAMS.keys() - REMOVED - OF_NO_ROW))
def test_a_row_without_a_key_on_any_page_is_read_by_the_next_run(small, stream):
    _, called = clean(small, stream)
    for strike in of_kind(own_operations(stream, called), random.Random(stream)):
        check(small, stream, strike)


@pytest.mark.parametrize("stream", SWEPT)
def test_a_row_without_a_key_in_a_sweep_reports_no_existing_row_as_deleted(small, stream):
    chance = random.Random(f"key {stream}")
    check_sweep(small, stream, chance.choice(of_kind(swept(small, stream)[3], chance)))


@pytest.mark.soak
@pytest.mark.parametrize("stream", SWEPT)
def test_a_row_without_a_key_at_any_request_of_a_sweep_reports_no_row_as_deleted(small, stream):
    for strike in of_kind(swept(small, stream)[3], random.Random(stream)):
        check_sweep(small, stream, strike)


@pytest.mark.parametrize(
    ("stream", "operation"),
    [
        ("deals", "GET /api/v2/deals"),
        ("notes", "GET /api/v1/notes"),
        ("stages", "GET /api/v2/stages"),
        ("deal_products", "GET /api/v2/deals/products"),
    ],
)
def test_a_row_that_never_gets_a_key_is_an_error_in_every_run(small, stream, operation):
    set_fault(small, Strike(operation, 1, KIND), lasting=True)
    first = run(small.config(), "deals", stream)
    second = run(small.config(), "deals", stream, before=first)
    for struck in (first, second):
        assert struck.code == 1
        assert f"of {stream} without a usable value in the key column id (null" in struck.error
        assert "each run requests them again" in struck.error
        assert struck.output.faults() == []
    small.post("/_emulator/faults", [])
    healed = run(small.config(), "deals", stream, before=second)
    small.reset()
    assert (healed.code, healed.tables) == (0, run(small.config(), "deals", stream).tables)


def test_a_bookmark_stays_before_the_page_with_the_row(small):
    set_fault(small, Strike("GET /api/v2/deals", 2, KIND))
    struck = run(small.config(max_concurrency=1), "deals")
    since = struck.output.state["bookmarks"]["deals"]["reads"]["getDeals"]["since"]
    emitted = [row["update_time"] for row in struck.output.records["deals"] if not row["is_archived"]]
    assert since == emitted[8] < max(emitted)


def test_child_rows_of_a_parent_without_a_key_are_read_by_the_next_run(small):
    """Neither when the parent is selected nor when only its child streams are."""
    expected = run(small.config(), "deal_followers")
    for nth in (1, 2, 3):
        set_fault(small, Strike("GET /api/v2/deals", nth, KIND))
        struck = run(small.config(max_concurrency=1), "deal_followers")
        missing = expected.tables["deal_followers"].keys() - struck.tables["deal_followers"].keys()
        assert bool(missing) == (struck.code == 1)
        if missing:
            assert "the deal_followers of 1 parent without a usable deal_id (null 1)" in struck.error
        healed = run(small.config(), "deal_followers", before=struck)
        assert (healed.code, healed.tables) == (0, expected.tables)


def test_a_full_list_with_a_row_without_a_key_is_not_skipped_by_its_interval(small):
    config = small.config(full_list_interval_hours=24)
    set_fault(small, Strike("GET /api/v2/stages", 1, KIND))
    struck = run(config, "stages")
    assert struck.code == 1
    healed = run(config, "stages", before=struck)
    assert (healed.code, healed.tables) == (0, run(small.config(), "stages").tables)


def test_a_sweep_with_a_row_without_a_key_is_an_error(small):
    first, _, one, _ = swept(small, "persons")
    small.reset()
    small.call("DELETE", f"/api/v2/persons/{one}")
    set_fault(small, Strike("GET /api/v2/persons", 3, KIND))
    struck = run(small.config(detect_deletes=True, delete_sweep_interval_hours=0), "persons", before=first)
    assert (struck.code, tombstones(struck, "persons")) == (1, [])
    assert "a row without an id. No row was reported as deleted" in struck.error
