"""Successful responses with a body other than the expected one."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import zlib

import pytest

from pipedrive_client import (
    ClientSettings,
    DataKind,
    Expectation,
    MalformedResponse,
    Null,
    Paging,
    PipedriveClient,
    Rejected,
    Response,
    ServerError,
    Unreachable,
)
from pipedrive_client.response_errors import error_of
from pipedrive_client.responses import flaw_of

LIST = Expectation()
OBJECT = Expectation(kind=DataKind.OBJECT)
GOOD = {"success": True, "data": [{"id": 1}]}
PACKED = gzip.compress(json.dumps({"success": True, "data": [{"id": 7}]}).encode(), mtime=0)
GZIP = {"Content-Encoding": "gzip"}

NO_ANSWERS = [
    pytest.param(200, b"", {}, "empty body", id="empty"),
    pytest.param(204, b"", {}, "204", id="204"),
    pytest.param(200, b"null", {}, "null instead of an object", id="null"),
    pytest.param(200, b"[]", {}, "a list instead of an object", id="bare list"),
    pytest.param(200, b'"ok"', {}, "a string instead of an object", id="text"),
    pytest.param(200, b"7", {}, "a number instead of an object", id="number"),
    pytest.param(200, b"{}", {}, "no `data`", id="empty object"),
    pytest.param(200, b'{"success":true}', {}, "no `data`", id="no data"),
    pytest.param(200, b'{"success":true,"data":{"id":1}}', {}, "an object instead of a list", id="object"),
    pytest.param(200, b'{"success":true,"data":7}', {}, "a number instead of a list", id="scalar"),
    pytest.param(200, b'{"success":true,"data":null}', {}, "null", id="refused null"),
    pytest.param(200, b'{"success":true,"data":[', {}, "not complete JSON", id="torn"),
    pytest.param(200, b'{"data":[{"id":1}],"data":[]}', {}, "different values of `data`", id="two lists"),
    pytest.param(
        200,
        b'{"data":[],"additional_data":{"next_cursor":"c","next_cursor":null}}',
        {},
        "different values of `next_cursor`",
        id="two cursors",
    ),
    pytest.param(
        200,
        b'{"data":[],"additional_data":{"pagination":{"next_start":2,"next_start":9}}}',
        {},
        "different values of `next_start`",
        id="two positions",
    ),
    pytest.param(200, b"<html>", {"Content-Type": "text/html"}, "web page", id="html"),
    pytest.param(200, PACKED[:12], GZIP, "truncated gzip", id="gzip cut"),
    pytest.param(200, PACKED[:-1], GZIP, "truncated gzip", id="gzip without its trailer's end"),
    pytest.param(200, b"\x1f\x8b" + b"x" * 20, GZIP, "cannot be unpacked", id="no gzip"),
    pytest.param(200, zlib.compress(b"{}"), {"Content-Encoding": "br"}, "'br'", id="another encoding"),
    pytest.param(200, b'{"a":1}', {"Content-Type": "application/octet-stream"}, "no `data`", id="bytes"),
]


@pytest.mark.parametrize(("status", "body", "headers", "said"), NO_ANSWERS)
def test_a_read_without_a_response_is_retried_and_then_an_error_that_names_it(
    client, wire, reply, status, body, headers, said
):
    wire.answer(reply(status, body, headers), reply(200, GOOD))
    answer = client.read("/v1/a", expected=LIST)
    assert (answer.json(), answer.doubted, len(wire.seen)) == (GOOD, True, 2)
    wire.otherwise = lambda _: reply(status, body, headers)
    with pytest.raises(MalformedResponse, match="GET /v1/a") as raised:
        client.read("/v1/a", expected=LIST, label="things")
    assert said in str(raised.value)
    assert (raised.value.label, raised.value.status) == ("things", status)
    assert len(wire.seen) == 2 + 5


DOWN = {"success": False, "error": "Requested service is not available", "data": None}


def test_a_service_that_is_unavailable_is_retried_although_the_status_is_200(client, wire, reply):
    wire.answer(reply(200, DOWN), reply(200, GOOD))
    assert client.read("/v1/a", expected=LIST).json() == GOOD
    assert len(wire.seen) == 2
    wire.answer(reply(200, DOWN | {"error": "Filter not found"}))
    with pytest.raises(Rejected, match="Filter not found"):
        client.read("/v1/a", expected=LIST)
    assert len(wire.seen) == 3


def test_a_write_to_an_unavailable_service_may_have_acted_and_is_sent_once(client, wire, reply):
    wire.answer(reply(200, DOWN))
    with pytest.raises(ServerError, match="not available") as raised:
        client.request("POST", "/v1/a")
    assert (raised.value.may_have_acted, len(wire.seen)) == (True, 1)


@pytest.mark.parametrize(("status", "body", "headers", "said"), NO_ANSWERS)
def test_a_write_without_a_response_is_not_repeated_and_may_have_acted(
    client, wire, reply, status, body, headers, said
):
    wire.answer(reply(status, body, headers))
    with pytest.raises(MalformedResponse) as raised:
        client.request("POST", "/v1/notes", json={}, expected=LIST)
    assert said in str(raised.value)
    assert raised.value.may_have_acted is True
    assert len(wire.seen) == 1


def test_a_complete_gzip_body_is_read_in_all_its_members(client, wire, reply):
    halves = [gzip.compress(part) for part in (b'{"success":true,', b'"data":[]}')]
    wire.answer(reply(200, b"".join(halves) + b"\0\0", GZIP))
    assert client.read("/v1/a", expected=LIST).json() == {"success": True, "data": []}


def test_a_key_that_is_repeated_with_the_same_value_has_one_meaning(client, wire, reply):
    wire.answer(reply(200, b'{"success":true,"data":[{"id":1}],"success":true}'))
    assert client.read("/v1/a", expected=LIST).json() == GOOD
    assert len(wire.seen) == 1


@pytest.mark.parametrize("body", [{"data": None}, {"data": []}, {}], ids=["null", "a list", "missing"])
def test_an_object_is_never_null_nor_a_list(client, wire, reply, body):
    wire.otherwise = lambda _: reply(200, {"success": True, **body})
    with pytest.raises(MalformedResponse, match="data"):
        client.read("/v1/a", expected=OBJECT, max_attempts=1)


def test_the_path_of_the_records_is_followed(client, wire, reply):
    deep = Expectation(records="data.items")
    wire.otherwise = lambda _: reply(200, {"success": True, "data": {"items": []}})
    assert client.read("/v1/a", expected=deep).doubted is False
    for data, said in (([], "`data` as a list"), ({}, "no `data.items`"), ({"items": {}}, "`data.items`")):
        wire.otherwise = lambda _, data=data: reply(200, {"success": True, "data": data})
        with pytest.raises(MalformedResponse) as raised:
            client.read("/v1/a", expected=deep, max_attempts=1)
        assert said in str(raised.value)


NULL = {"success": True, "data": None}


def test_a_null_is_an_empty_list_only_when_a_second_request_agrees(client, wire, reply):
    confirmed = Expectation(null=Null.CONFIRMED)
    wire.answer(reply(200, NULL), reply(200, NULL))
    answer = client.read("/v1/a", expected=confirmed)
    assert (answer.json()["data"], answer.doubted, len(wire.seen)) == (None, False, 2)
    wire.answer(reply(200, NULL), reply(200, GOOD))
    answer = client.read("/v1/a", expected=confirmed)
    assert (answer.json(), answer.doubted, len(wire.seen)) == (GOOD, True, 4)
    wire.answer(reply(200, NULL))
    assert client.read("/v1/a", expected=Expectation(null=Null.EMPTY)).doubted is False
    assert len(wire.seen) == 5


@pytest.mark.parametrize(
    "place",
    [
        {"next_cursor": "abc"},
        {"more_items_in_collection": True},
        {"pagination": {"more_items_in_collection": True}},
        {"pagination": {"next_cursor": "abc"}},
    ],
)
def test_a_null_on_a_page_with_a_next_page_is_invalid(client, wire, reply, place):
    wire.answer(reply(200, NULL | {"additional_data": place}), reply(200, GOOD))
    assert client.read("/v1/a", expected=Expectation(null=Null.EMPTY)).json() == GOOD


@pytest.mark.parametrize(
    ("paging", "first"),
    [
        (Paging.CURSOR, {"next_cursor": "abc"}),
        (Paging.OFFSET, {"more_items_in_collection": True, "next_start": 1}),
        (Paging.OFFSET, {"pagination": {"more_items_in_collection": True, "next_start": 1}}),
    ],
)
@pytest.mark.parametrize("prefetch", [0, 1])
def test_a_null_in_place_of_an_announced_page_is_not_the_end(client, wire, reply, paging, first, prefetch):
    last = {"success": True, "data": [{"id": 2}]}
    wire.answer(reply(200, GOOD | {"additional_data": first}), reply(200, NULL), reply(200, last))
    found = list(client.pages("/v1/a", paging=paging, page_size=5, prefetch=prefetch))
    assert [page.rows for page in found] == [[{"id": 1}], [{"id": 2}]]
    assert [page.response.doubted for page in found] == [False, True]
    wire.answer(reply(200, GOOD | {"additional_data": first}))
    wire.otherwise = lambda _: reply(200, NULL)
    with pytest.raises(MalformedResponse, match="null"):
        list(client.pages("/v1/a", paging=paging, page_size=5, prefetch=prefetch))


def test_a_full_page_without_pagination_may_be_the_last(client, wire, reply):
    wire.answer(reply(200, GOOD), reply(200, NULL), reply(200, NULL))
    found = list(client.pages("/v1/a", paging=Paging.OFFSET, page_size=1))
    assert [page.rows for page in found] == [[{"id": 1}], []]


# ── what the wire can do that a server of the standard library does not ──────────────────────────────

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BODY = json.dumps(GOOD).encode()
CHUNK = b"%x\r\n%s\r\n" % (len(BODY), BODY)


class Raw:
    """A server that sends prepared bytes and closes."""

    def __init__(self, *contents: bytes) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._contents = contents
        self.answered = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                content = self._contents[min(self.answered, len(self._contents) - 1)]
                self.answered += 1  # before the client can continue
                connection.sendall(content)

    def close(self) -> None:
        self._socket.close()


@pytest.mark.parametrize(
    "cut",
    [
        pytest.param(HEAD + b"Content-Length: 900\r\n\r\n" + BODY, id="shorter than its length"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK, id="without the last chunk"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\nff\r\n" + BODY, id="within a chunk"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", id="no chunk"),
        pytest.param(HEAD + b"Connection: close\r\n\r\n" + BODY[:-1], id="until the connection closes"),
        pytest.param(HEAD + b"Connection: close\r\n\r\n", id="nothing until the connection closes"),
        pytest.param(
            HEAD + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"
            + PACKED[:5] + b"\r\n0\r\n\r\n",
            id="gzip cut within complete chunks",
        ),
    ],
)  # fmt: skip
def test_a_body_that_is_not_complete_is_requested_again(clock, cut):
    whole = HEAD + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(BODY) + BODY
    server = Raw(cut, whole, cut)
    given = {"api_token": "t" * 40, "api_url": server.url}
    with PipedriveClient(ClientSettings.from_config(given), clock=clock) as client:
        assert client.read("/v1/a", expected=LIST).json() == GOOD
        with pytest.raises((MalformedResponse, Unreachable)):
            client.read("/v1/a", expected=LIST)
    server.close()
    assert server.answered == 2 + 5


OF_ROWS = Expectation(of_objects=True, full_page=2, needs_cursor=True)


@pytest.mark.parametrize(
    ("sent", "flaw"),
    [
        ({"data": [{}, None]}, "null in the list `data`"),
        ({"data": [{}, "x", 5]}, "a number and a string in the list `data`"),
        ({"data": [[]]}, "a list in the list `data`"),
        ({"success": "false", "data": []}, "`success` as a string"),
        ({"success": None, "data": []}, "`success` as null"),
        ({"error": "Internal", "data": []}, "an error instead of data"),
        ({"data": [{}, {}]}, "a full page without `next_cursor`"),
        ({"data": [{}, {}], "additional_data": {}}, "a full page without `next_cursor`"),
        ({"data": [{}, {}], "additional_data": {"next_cursor": ""}}, "a full page without `next_cursor`"),
        ({"data": [{}, {}], "additional_data": {"next_cursor": 0}}, "a full page without `next_cursor`"),
        ({"data": [{}, {}], "additional_data": {"next_cursor": None}}, None),
        ({"data": [{}, {}], "additional_data": {"pagination": {"next_cursor": "c"}}}, None),
        ({"data": [{}], "success": True}, None),
    ],
)
def test_rows_and_their_end_must_be_as_published(sent, flaw):
    found = flaw_of(Response(200, {}, json.dumps(sent).encode()), OF_ROWS)
    assert found is None if flaw is None else str(found).startswith(flaw)


@pytest.mark.parametrize(
    ("additional", "flaw"),
    [({}, None), ({"next_cursor": 0}, "a full page without `next_cursor`, but a number")],
)
def test_a_full_page_may_lack_the_cursor_until_it_is_needed(additional, flaw):
    sent = {"data": [{}, {}], "additional_data": additional}
    found = flaw_of(Response(200, {}, json.dumps(sent).encode()), Expectation(full_page=2))
    assert found is None if flaw is None else str(found).startswith(flaw)


EMPTY_INFO = "Please check developers.pipedrive.com"
NO_RIGHT = "You do not have permission to do this"
OFF = "The feature is not enabled"


@pytest.mark.parametrize(
    ("status", "error", "info", "expected"),
    [
        (401, "unauthorized access", EMPTY_INFO, "the token was rejected; check that it is current"),
        (401, "The trial is over", "", "The trial is over; the token was rejected; check that it is current"),
        (403, NO_RIGHT, EMPTY_INFO, f"{NO_RIGHT}; an administrator can give the permission"),
        (
            404,
            "Unknown method .",
            EMPTY_INFO,
            "Unknown method; this host has no operation at this path; check",
        ),
        (415, OFF, "", f"{OFF}; an administrator of the account can enable it."),
        (400, "Bad request", "Bad request", "Bad request."),
        (400, "Bad request", "limit is too high.", "Bad request; limit is too high."),
    ],
)
def test_a_message_contains_each_fact_once(status, error, info, expected):
    content = {"success": False, "error": error, "error_info": info}
    response = Response(status, {"content-type": "application/json"}, json.dumps(content).encode())
    found = error_of(response, "GET /v1/users", label=None, secrets=tuple)
    assert str(found).startswith(f"GET /v1/users returned {status}: {expected}")
