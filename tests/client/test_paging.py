from __future__ import annotations

import json

import pytest

from pipedrive_client import Page, Paging, PagingStuck, Response
from pipedrive_client.paging import Pager, rows_of


@pytest.mark.parametrize(
    ("body", "records", "rows"),
    [
        ({"data": [{"id": 1}, {"id": 2}]}, "data", [{"id": 1}, {"id": 2}]),
        ({"data": None}, "data", []),
        ({}, "data", []),
        (None, "data", []),
        ({"data": {"id": 1}}, "data", [{"id": 1}]),
        ({"data": {"items": [{"id": 1}]}}, "data.items", [{"id": 1}]),
        ({"data": []}, "data.items", []),
        ({"data": [7, {"id": 1}, None]}, "data", [{"value": 7}, {"id": 1}]),
        ({"data": 7}, "data", [{"value": 7}]),
        ([{"id": 1}], "", [{"id": 1}]),
    ],
)
def test_rows_are_objects_for_every_shape(body, records, rows):
    assert rows_of(body, records) == rows


def page(params, *, rows=0, **additional):
    body = {"data": [{"id": n} for n in range(rows)]} | additional
    content = json.dumps(body | {"start": params.get("start")}).encode()
    return Page(
        rows=body["data"], body=body, request_params=dict(params), response=Response(200, {}, content)
    )


def pager(paging, params=None, page_size=None):
    return Pager(paging, params, page_size)


def test_the_page_size_is_sent_as_limit_unless_there_are_no_pages():
    assert pager(Paging.CURSOR, {"a": 1}, 500).first == {"a": 1, "limit": 500}
    assert pager(Paging.OFFSET).first == {}
    assert pager(Paging.NONE, None, 500).first == {}


def test_a_cursor_is_followed_with_the_same_filters():
    reader = pager(Paging.CURSOR, {"status": "open"}, 2)
    second = reader.after(page(reader.first, rows=2, additional_data={"next_cursor": "c1"}))
    assert second == {"status": "open", "limit": 2, "cursor": "c1"}
    third = reader.after(page(second, rows=0, additional_data={"next_cursor": "c2"}))
    assert third["cursor"] == "c2"
    assert reader.after(page(third, rows=1, additional_data={"next_cursor": None})) is None


@pytest.mark.parametrize(
    "additional", [{}, {"additional_data": None}, {"additional_data": {"next_cursor": ""}}]
)
def test_no_cursor_is_the_end(additional):
    assert pager(Paging.CURSOR).after(page({}, rows=5, **additional)) is None


def test_a_cursor_may_appear_next_to_v1_pagination():
    additional = {"additional_data": {"pagination": {"next_cursor": "c1"}}}
    assert pager(Paging.CURSOR).after(page({}, **additional)) == {"cursor": "c1"}


def test_a_repeated_cursor_is_an_error():
    reader = pager(Paging.CURSOR)
    first = page({}, additional_data={"next_cursor": "a"})
    second = page(reader.after(first), additional_data={"next_cursor": "b"})
    third = page(reader.after(second), additional_data={"next_cursor": "a"})
    with pytest.raises(PagingStuck, match="same page cursor"):
        reader.after(third)


def test_the_cursor_the_caller_began_with_is_not_followed_again():
    with pytest.raises(PagingStuck):
        pager(Paging.CURSOR).after(page({"cursor": "a"}, additional_data={"next_cursor": "a"}))


@pytest.mark.parametrize(
    ("marks", "following"),
    [
        ({"more_items_in_collection": True, "next_start": 2}, 2),
        ({"start": 0, "limit": 50, "more_items_in_collection": True}, 50),
        ({"more_items_in_collection": True}, 3),
        ({"next_start": 3}, 3),
        ({"more_items_in_collection": False, "next_start": 3}, None),
    ],
)
@pytest.mark.parametrize("nested", [True, False])
def test_offset_pagination_is_followed_wherever_it_is_nested(marks, following, nested):
    reader = pager(Paging.OFFSET, None, 3)
    additional = {"pagination": marks} if nested else marks
    after = reader.after(page(reader.first, rows=3, additional_data=additional))
    assert (after and after["start"]) == following


def test_without_pagination_a_short_page_is_the_last():
    reader = pager(Paging.OFFSET, {"start": "10"}, 3)
    second = reader.after(page(reader.first, rows=3))
    assert second["start"] == 13
    assert reader.after(page(second, rows=2)) is None


def test_a_server_that_ignores_the_limit_has_sent_everything():
    assert pager(Paging.OFFSET, None, 3).after(page({"limit": 3}, rows=8, additional_data=None)) is None


def test_the_default_page_size_is_taken_when_none_was_requested():
    assert pager(Paging.OFFSET).after(page({}, rows=100)) == {"start": 100}
    assert pager(Paging.OFFSET).after(page({}, rows=99)) is None


def test_a_page_that_does_not_advance_is_an_error():
    marks = {"additional_data": {"pagination": {"more_items_in_collection": True, "next_start": 100}}}
    with pytest.raises(PagingStuck, match="starts at 100"):
        pager(Paging.OFFSET).after(page({"start": 100}, rows=3, **marks))


def test_the_same_page_twice_without_pagination_is_an_error():
    reader = pager(Paging.OFFSET, None, 2)
    first = page(reader.first, rows=2)
    second = reader.after(first)
    same = Page(rows=first.rows, body=first.body, request_params=second, response=first.response)
    with pytest.raises(PagingStuck, match="same page twice"):
        reader.after(same)


def test_a_boolean_is_not_an_offset():
    assert pager(Paging.OFFSET).after(page({}, rows=3, additional_data={"next_start": True})) is None


def test_one_response_has_no_next_page():
    assert pager(Paging.NONE).after(page({}, rows=500, additional_data={"next_cursor": "c"})) is None


@pytest.mark.parametrize("paging", [Paging.CURSOR, Paging.OFFSET])
def test_a_list_of_empty_pages_without_an_end_is_an_error(paging):
    pager = Pager(paging, None, 10)
    params = pager.first
    for number in range(50):
        params = pager.after(_empty_page(params, number))
    with pytest.raises(PagingStuck, match="without rows"):
        pager.after(_empty_page(params, 50))


def _empty_page(params, number):
    marks = {"next_cursor": f"c{number}", "more_items_in_collection": True}
    return Page(rows=[], body={"additional_data": marks}, request_params=params, response=None)
