"""Offset lists with several pages requested ahead: the rows of one read, although rows move meanwhile."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import pytest

from pipedrive_client import ClientSettings, PipedriveClient
from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.read.reader import Reader
from tap_pipedrive.read.window_slots import WindowSlots
from tap_pipedrive.values.conversions import time_text

pytestmark = pytest.mark.dialects

NOTES = "GET /api/v1/notes"
PAGE = 20


@pytest.fixture
def client(medium):
    with PipedriveClient(ClientSettings.from_config(medium.config())) as one:
        medium.post("/_emulator/log/clear")
        yield one


def moment(row: dict) -> str:
    return str(time_text(row["update_time"]))


def pages(client, *, windows: int):
    """All notes, in pages so small that the medium account has many."""
    small = replace(STREAMS["notes"].reads[0], page_size=PAGE)
    slots = WindowSlots(windows) if windows > 1 else None
    return Reader(client, small, label="notes").changes(None, moment, slots=slots)


def read(client, *, windows: int) -> list[tuple[int, str]]:
    """Their ids and times."""
    return [(row["id"], moment(row)) for page in pages(client, windows=windows) for row in page]


def notes(medium) -> dict[int, str]:
    return {row["id"]: moment(row) for row in medium.rows("notes") if row["active_flag"]}


def test_rows_and_order_equal_those_of_reading_page_by_page(medium, client):
    one_by_one = read(client, windows=1)
    alone = sum(medium.requests().values())
    assert alone == ceil(len(one_by_one) / (PAGE - 1))
    assert read(client, windows=4) == one_by_one
    # At most three pages after the end, and the end again.
    assert sum(medium.requests().values()) - alone <= alone + 4


@pytest.mark.parametrize(
    ("kind", "nth", "place"),
    [
        ("write", 2, 0),
        ("write", 8, 170),
        ("delete", 12, 30),
        ("write", 41, 0),
        ("write", 41, 400),
        ("delete", 41, 0),
    ],
)
def test_rows_that_move_while_pages_are_requested_are_read_at_the_end(medium, client, kind, nth, place):
    ids = [one for one, _ in read(client, windows=1)]
    extra = {"set": {"content": "changed"}} if kind == "write" else {}
    fault = {"operation": NOTES, "nth": nth, "kind": kind, "table": "notes", "id": ids[place], **extra}
    medium.post("/_emulator/faults", [fault])
    have = dict(read(client, windows=4))
    wanted = notes(medium)
    assert {one: have.get(one) for one in wanted} == wanted


def test_a_row_that_moves_to_a_page_already_read_is_read_at_the_end(medium, client):
    ids = [one for one, _ in read(client, windows=1)]
    last = ceil(len(ids) / (PAGE - 1))
    moved = ids[(last - 1) * (PAGE - 1) - PAGE // 2]  # on the last page but one
    medium.post("/_emulator/log/clear")
    medium.post("/_emulator/faults", [{"operation": NOTES, "nth": last - 1, "kind": "slow", "seconds": 2}])
    end = str((last - 1) * (PAGE - 1))

    def the_end_is_there() -> bool:
        return any(
            entry["query"].get("start") == end and entry["status"] == 200
            for entry in medium.log(full=True)["ordered"]
        )

    have = {}
    for page in pages(client, windows=3):
        have |= {row["id"]: moment(row) for row in page}
        if (
            len(have) == (last - 2) * (PAGE - 1) + 1
        ):  # the next page is slow, and the end was requested after it
            while not the_end_is_there():
                pass
            medium.post("/_emulator/rows", {"table": "notes", "id": moved, "set": {"content": "moved"}})
    assert have[moved] == notes(medium)[moved]
