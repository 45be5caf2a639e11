"""Cursor pages, offset pages, and what falls on their borders."""

from __future__ import annotations

from itertools import pairwise

import pytest

LISTS = [
    "/api/v2/deals",
    "/api/v2/persons",
    "/api/v2/organizations",
    "/api/v2/activities",
    "/api/v2/products",
]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("sort_by", ["id", "update_time", "add_time"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_pages_hold_every_row_once_and_in_order(ask, path, sort_by, direction):
    rows = [
        row for page in ask.pages(path, limit=3, sort_by=sort_by, sort_direction=direction) for row in page
    ]
    whole = ask.get(path, limit=500)["data"]
    assert sorted(row["id"] for row in rows) == [row["id"] for row in whole]
    keys = [(row[sort_by], row["id"]) for row in rows]
    assert keys == sorted(keys, reverse=direction == "desc")


def test_rows_of_one_second_cross_page_boundaries(ask_medium):
    pages = ask_medium.pages("/api/v2/deals", limit=500, sort_by="update_time")
    borders = [(before[-1]["update_time"], after[0]["update_time"]) for before, after in pairwise(pages)]
    assert any(last == first for last, first in borders)
    ids = [row["id"] for page in pages for row in page]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("path", ["/v1/notes", "/v1/leads"])
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
def test_offset_pages_of_what_changed_are_those_of_the_whole_list_from_there_on(ask_medium, path, direction):
    def read(**params):
        found, start, more = [], 0, True
        while more:
            answer = ask_medium.get(path, limit=37, start=start, sort=f"update_time {direction}", **params)
            found += answer["data"] or []
            place = answer["additional_data"]
            start, more = start + 37, place.get("pagination", place)["more_items_in_collection"]
        return found

    whole = read()
    moment = sorted(row["update_time"] for row in whole)[len(whole) // 3]
    since = f"{moment[:10]}T{moment[11:19]}Z"
    assert read(updated_since=since) == [row for row in whole if row["update_time"] >= moment]


def test_updated_since_includes_its_second_and_updated_until_does_not(ask):
    rows = ask.get("/api/v2/deals", limit=500)["data"]
    moment = sorted(row["update_time"] for row in rows)[len(rows) // 2]
    since = ask.get("/api/v2/deals", limit=500, sort_by="update_time", updated_since=moment)["data"]
    until = ask.get("/api/v2/deals", limit=500, sort_by="update_time", updated_until=moment)["data"]
    assert {r["id"] for r in since} == {r["id"] for r in rows if r["update_time"] >= moment}
    assert {r["id"] for r in until} == {r["id"] for r in rows if r["update_time"] < moment}
    by_id = ask.get("/api/v2/deals", limit=500, updated_since=moment)["data"]
    assert [r["id"] for r in by_id] == sorted(r["id"] for r in since)


@pytest.mark.parametrize(
    "text", ["2026-01-01T00:00:00.5Z", "2026-01-01", "2026-01-01 00:00:00", "yesterday", "1700000000"]
)
def test_rejects_times_that_are_not_whole_rfc3339_seconds(ask, text):
    answer = ask.ask("GET", "/api/v2/deals", params={"updated_since": text})
    assert answer.status_code == 400
    assert answer.json()["code"] == "ERR_SCHEMA_VALIDATION_FAILED"


@pytest.mark.parametrize(
    ("path", "largest"),
    [
        ("/api/v2/deals", 500),
        ("/v1/leads", 500),
        ("/v1/files", 100),
        ("/v1/deals/1/files", 100),
        ("/v1/notes", 500),
    ],
)
def test_rejects_a_page_above_its_maximum(ask, path, largest):
    assert ask.ask("GET", path, params={"limit": largest}).status_code == 200
    assert ask.ask("GET", path, params={"limit": largest + 1}).status_code == 400


def test_rejects_a_cursor_of_another_sorting_or_a_forged_one(ask):
    cursor = ask.get("/api/v2/deals", limit=2, sort_by="update_time")["additional_data"]["next_cursor"]
    assert ask.ask("GET", "/api/v2/deals", params={"cursor": cursor, "sort_by": "id"}).status_code == 400
    for text in ("nonsense", "eyJ9", "", "e30"):
        assert ask.ask("GET", "/api/v2/deals", params={"cursor": text}).status_code == 400


def test_a_row_changed_between_pages_moves_to_the_end_of_update_time_order(ask):
    first = ask.get("/api/v2/deals", limit=5, sort_by="update_time")
    changed = first["data"][0]["id"]
    ask.send("PATCH", f"/api/v2/deals/{changed}", {"title": "changed"})
    cursor = first["additional_data"]["next_cursor"]
    rest = [
        row
        for page in ask.pages("/api/v2/deals", limit=5, sort_by="update_time", cursor=cursor)
        for row in page
    ]
    assert rest[-1]["id"] == changed


def test_offset_pages_end_and_report_so(ask):
    rows, start = [], 0
    while True:
        content = ask.get("/v1/notes", start=start, limit=7)
        rows += content["data"]
        place = content["additional_data"]["pagination"]
        assert (place["start"], place["limit"]) == (start, 7)
        if not place["more_items_in_collection"]:
            assert "next_start" not in place
            break
        start = place["next_start"]
    assert [row["id"] for row in rows] == sorted(
        row["id"] for row in ask.tables()["notes"] if row["active_flag"]
    )


def test_an_empty_offset_page_has_null_data(ask):
    assert ask.get("/v1/files", start=1000)["data"] is None


def test_v1_sorts_by_several_fields(ask):
    rows = ask.get("/v1/leads", sort="owner_id DESC, title ASC", limit=500)["data"]
    assert [(-row["owner_id"], row["title"]) for row in rows] == sorted(
        (-row["owner_id"], row["title"]) for row in rows
    )
    assert ask.ask("GET", "/v1/files", params={"sort": "no_such"}).status_code == 400


def test_files_sort_by_update_time_descending(ask):
    times = [row["update_time"] for row in ask.get("/v1/files", sort="update_time DESC", limit=100)["data"]]
    assert times == sorted(times, reverse=True)
