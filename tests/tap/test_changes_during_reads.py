"""Rows that change, are deleted or share a second while their list is read: no row is lost."""

from __future__ import annotations

import random

import pytest

from pipedrive_client import PagingStuck
from tests.support.faulty import run
from tests.support.singer import run_tap

pytestmark = pytest.mark.dialects


def expected_rows(emulator, table: str) -> dict:
    """id → update_time of every row that a list may contain, from the account itself."""
    return {
        row["id"]: row["update_time"]
        for row in emulator.rows(table)
        if not row.get("is_deleted") and row.get("active_flag", True)
    }


def as_time(text: str) -> str:
    return text[:10] + "T" + text[11:19] + "Z"


def merged(*outputs, stream: str) -> dict:
    """id → update_time of the final table of a loader."""
    table = {}
    for out in outputs:
        table |= {record["id"]: as_time(record["update_time"]) for record in out.records[stream]}
    return table


FIRST_PAGES: dict[str, list] = {}
"""Read once: the account is seeded the same each time."""
CASES = [
    ("persons", "persons", "GET /api/v2/persons"),
    ("activities", "activities", "GET /api/v2/activities"),
    ("notes", "notes", "GET /api/v1/notes"),
    ("files", "files", "GET /api/v1/files"),
]


PLACES = [(0,), (-1,), (0, 3, 5), (-1, -2, -3), (0, 4, -1)]


def between_pages():
    """Every list with every kind, and every kind at every place; all of their combinations as a soak."""
    for at, kind in enumerate(("write", "delete")):
        for number, places in enumerate(PLACES):
            for list_number, case in enumerate(CASES):
                sampled = (number + at) % len(CASES) == list_number
                yield pytest.param(*case, places, kind, marks=[] if sampled else [pytest.mark.soak])


@pytest.mark.parametrize(("stream", "table", "operation", "places", "kind"), tuple(between_pages()))
def test_no_row_is_lost_when_rows_change_or_are_deleted_between_pages(
    medium, stream, table, operation, places, kind
):
    """A changed row moves to the end of the list, a deleted one leaves it; all behind it move up."""
    ids = first_page(medium, stream)
    extra = {"set": {}} if kind == "write" else {}
    medium.post(
        "/_emulator/faults",
        [
            {"operation": operation, "nth": 2, "kind": kind, "table": table, "id": ids[place], **extra}
            for place in places
        ],
    )
    out = run_tap(medium.config(), stream)
    later = run_tap(medium.config(), stream, state=out.state)
    have = merged(out, later, stream=stream)
    wanted = {one: as_time(moment) for one, moment in expected_rows(medium, table).items()}
    assert {one: have.get(one) for one in wanted} == wanted


def first_page(emulator, stream: str) -> list:
    """Ids of the first page of the account as it was seeded, in its order."""
    if stream in FIRST_PAGES:
        return FIRST_PAGES[stream]
    ids = FIRST_PAGES[stream] = []
    for message in run_tap(emulator.config(max_concurrency=1), stream).messages:
        if message["type"] == "STATE" and ids:
            break
        if message["type"] == "RECORD":
            ids.append(message["record"]["id"])
    return ids


@pytest.mark.parametrize(
    "stream",
    ["persons", "notes", *(pytest.param(name, marks=pytest.mark.soak) for name in ("deals", "leads"))],
)
def test_hundreds_of_rows_in_the_second_of_the_bookmark_are_emitted_once(medium, stream):
    """A bulk import: more rows than a page share one update_time."""
    rows = [
        row
        for row in medium.rows(stream)
        if not row.get("is_deleted") and not row.get("is_archived") and row.get("active_flag", True)
    ]
    moment = rows[0]["update_time"]
    moment = moment.replace(moment[:19], "2026-06-15" + moment[10] + "08:59:59")
    chosen = rows[: max(2, len(rows) - 100)]
    medium.post(
        "/_emulator/rows",
        [{"table": stream, "id": row["id"], "set": {"update_time": moment}} for row in chosen],
    )
    out = run_tap(medium.config(), stream)
    ids = [record["id"] for record in out.records[stream]]
    assert len(ids) == len(set(ids))
    assert {row["id"] for row in rows} <= set(ids)
    again = run_tap(medium.config(), stream, state=out.state)
    assert dict(again.records) == {}


def test_a_row_added_in_the_last_second_after_the_run_is_found(small):
    """The bookmark's own second is still open when the run ends."""
    config = small.config()
    first = run_tap(config, "organizations")
    newest = max(record["update_time"] for record in first.records["organizations"])
    late = min(first.latest("organizations"))
    small.post(
        "/_emulator/rows",
        {"table": "organizations", "id": late, "set": {"update_time": newest, "name": "Late"}},
    )
    second = run_tap(config, "organizations", state=first.state)
    assert [(record["id"], record["name"]) for record in second.records["organizations"]] == [(late, "Late")]


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(1, 20))])
def test_a_busy_account_is_read_completely(medium, seed):
    """Random edits and deletes at every page of every list, then a quiet second run."""
    source = random.Random(seed)
    faults = []
    for stream, table, operation in CASES:
        ids = [row["id"] for row in medium.rows(table)]
        for nth in range(1, 12):
            kind = source.choice(["write", "write", "delete"])
            fault = {
                "operation": operation,
                "nth": nth,
                "kind": kind,
                "table": table,
                "id": source.choice(ids),
            }
            faults.append(fault | ({"set": {}} if kind == "write" else {}))
        del stream
    medium.post("/_emulator/faults", faults)
    names = [stream for stream, _, _ in CASES]
    out = run_tap(medium.config(), *names)
    medium.post("/_emulator/faults", [])
    later = run_tap(medium.config(), *names, state=out.state)
    for stream, table, _ in CASES:
        have = merged(out, later, stream=stream)
        wanted = {one: as_time(moment) for one, moment in expected_rows(medium, table).items()}
        assert {one: have.get(one) for one in wanted} == wanted


@pytest.fixture(scope="module")
def quiet(_medium):
    """Persons of the medium account, read without faults."""
    _medium.reset()
    return run_tap(_medium.config(), "persons")


@pytest.mark.parametrize(
    "kind",
    [
        "torn",
        "rate_limit",
        "cut",
        *(pytest.param(kind, marks=pytest.mark.soak) for kind in ("status_before", "reset_before", "html")),
    ],
)
def test_a_temporary_fault_causes_only_a_retry(medium, quiet, kind):
    medium.post("/_emulator/faults", [{"operation": "GET /api/v2/persons", "nth": 2, "kind": kind}])
    out = run_tap(medium.config(), "persons")
    assert out.records["persons"] == quiet.records["persons"]


def test_an_empty_page_with_a_cursor_is_not_the_end(medium, quiet):
    medium.post("/_emulator/faults", [{"operation": "GET /api/v2/persons", "nth": 2, "kind": "empty_page"}])
    assert run_tap(medium.config(), "persons").records == quiet.records


def test_a_repeated_cursor_ends_the_run_instead_of_looping(medium):
    medium.post("/_emulator/faults", [{"operation": "GET /api/v2/activities", "kind": "repeat_cursor"}])
    with pytest.raises(PagingStuck, match="cursor twice"):
        run_tap(medium.config(), "activities")


def test_null_instead_of_rows_is_an_empty_list(small):
    small.post("/_emulator/faults", [{"operation": "GET /api/v1/notes", "kind": "null_data"}])
    assert dict(run_tap(small.config(), "notes").records) == {}


def test_a_failed_sweep_emits_no_tombstones(small):
    config = small.config(detect_deletes=True, delete_sweep_interval_hours=0)
    first = run(config, "persons")
    gone = max(first.output.latest("persons"))
    small.call("DELETE", f"/api/v2/persons/{gone}")
    # The incremental read is the first call, the sweep's second page is the third.
    fault = {
        "operation": "GET /api/v2/persons",
        "nth": [3, 4, 5, 6, 7, 8],
        "kind": "status_before",
        "status": 400,
    }
    small.post("/_emulator/faults", [fault])
    failed = run(config, "persons", before=first)
    assert failed.code == 1
    assert "400" in failed.error
    assert dict(failed.output.records) == {}
    small.post("/_emulator/faults", [])
    second = run(config, "persons", before=failed)
    assert [record["id"] for record in second.output.records["persons"]] == [gone]
