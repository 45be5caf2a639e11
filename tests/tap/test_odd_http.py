"""Unusual bytes as a page: the run has all rows, or ends with exit code 1 and the next run recovers."""

from __future__ import annotations

import gzip
import socket
import threading
import zlib
from contextlib import suppress

import pytest
import requests

from pipedrive_client import Unreachable
from pipedrive_client.http import compression
from pipedrive_client.http.connection_errors import unreachable
from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.rows.foreign import foreign_keys
from tests.support.faulty import run
from tests.tap.test_invalid_last_pages import ROWS, body

REST = body(ROWS[2:])
DEFINITIONS = body([{"field_code": "title", "field_name": "Title", "field_type": "varchar"}])


def response(content=b"", *headers, status="200 OK", version="1.1", length=True, closes=True):
    """Return the bytes of a response."""
    lines = ["Content-Type: application/json", *headers]
    lines += ["Connection: close"] * closes + [f"Content-Length: {len(content)}"] * length
    return "\r\n".join([f"HTTP/{version} {status}", *lines, "", ""]).encode() + content


class RawServer:
    """Sends `second` for the second page of `/api/v2/deals`, whatever these bytes are."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.first = body(ROWS[:2], "c2")
        self.second = lambda _path: response(REST)
        self.config = {
            "api_token": "t" * 40,
            "api_url": f"http://127.0.0.1:{self._socket.getsockname()[1]}",
            "max_concurrency": 1,
        }
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:  # closed
                return
            with connection, connection.makefile("rb") as lines:
                path = lines.readline().decode().split()[1]
                while lines.readline().strip():
                    pass
                with suppress(OSError):  # the client does not read a body that is too large
                    connection.sendall(self._answer(path))
                    connection.shutdown(socket.SHUT_WR)

    def _answer(self, path):
        if "Fields" in path:
            return response(DEFINITIONS)
        if not path.startswith("/api/v2/deals?"):
            return response(body([]))
        return self.second(path) if "cursor=" in path else response(self.first)

    def close(self):
        self._socket.close()


@pytest.fixture
def server():
    made = RawServer()
    yield made
    made.close()


def packed(size):
    """Return a gzip body of so many bytes with valid JSON at its beginning."""
    return gzip.compress(REST[:-1] + b" " * size)


def chunked(content, size=None):
    head = response(b"", "Transfer-Encoding: chunked", length=False)
    return head + (size or b"%x" % len(content)) + b"\r\n" + content + b"\r\n"


DEEP = body([{**ROWS[2], "odd": 1}]).replace(b'"odd": 1', b'"odd": ' + b"[" * 100_000 + b"]" * 100_000)
LOGIN = response(b"<html>Sign in</html>").replace(b"application/json", b"text/html")

BROKEN = {
    "large": (response(REST + b" " * (1 << 20)), " a body of more than 1 MiB"),
    "large by its length": (
        response(REST, "Content-Length: 9999999999999", length=False, closes=False),
        " a body of more than 1 MiB",
    ),
    "large without length": (
        response(REST + b" " * (1 << 20), length=False),
        " a body of more than 1 MiB",
    ),
    "large in chunks": (chunked(REST + b" " * (1 << 21)), " a body of more than 1 MiB"),
    "two lists": (response(REST.replace(b"{", b'{"data": [{"id": 9}],', 1)), "different values of `data`"),
    "bomb": (response(packed(1 << 21), "Content-Encoding: gzip"), "a gzip body of more than 1 MiB"),
    "deep": (response(DEEP), "nested too deeply"),
    "NaN": (response(REST.replace(b'"id": 3', b'"id": 3, "value": NaN')), "not complete JSON"),
    "number": (response(REST.replace(b'"id": 3', b'"id": 3, "value": 1e999')), "not complete JSON"),
    "UTF-16": (response(REST.decode().encode("utf-16")), "not complete JSON"),
    "no UTF-8": (response(REST.replace(b"Deal 3", b"caf\xe9")), "not complete JSON"),
    "length too short": (
        response(REST, f"Content-Length: {len(REST) - 9}", length=False),
        "not complete JSON",
    ),
    "length too long": (
        response(REST, f"Content-Length: {len(REST) + 9}", length=False),
        "before the response",
    ),
    "chunks without end": (chunked(REST), "before the response"),
    "chunk too short": (chunked(REST, b"fff"), "before the response"),
    "chunk of no size": (chunked(REST, b"f" * 16) + b"0\r\n\r\n", "before the response"),
    "HTTP/1.0": (response(REST[:-9], version="1.0", length=False), "not complete JSON"),
    "early hints": (response(status="103 Early Hints", length=False, closes=False) + response(REST), "103"),
    "not modified": (response(status="304 Not Modified"), "redirected (304)"),
    "redirect": (response(b"", "Location: https://login.invalid/", status="302 Found"), "redirected (302)"),
    "page of a proxy": (LOGIN, "a web page"),
    "same cursor": (response(body(ROWS[2:], "c2")), "the same page cursor twice"),
    "unknown encoding": (response(zlib.compress(REST), "Content-Encoding: br"), "encoding 'br'"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_page_ends_the_run_and_the_next_one_has_its_rows(server, case, monkeypatch):
    monkeypatch.setattr(compression, "MOST_BYTES", 1 << 20)
    content, told = BROKEN[case]
    server.second = lambda _path: content
    struck = run(server.config, "deals", page=2)
    assert (struck.code, told in struck.error) == (1, True), struck.error
    assert {row["id"] for row in struck.tables["deals"].values()} >= {1, 2}
    server.second = lambda _path: response(REST)
    healed = run(server.config, "deals", before=struck, page=2)
    assert (healed.code, {row["id"] for row in healed.tables["deals"].values()}) == (0, {1, 2, 3, 4})


WHOLE = {
    "byte order mark": response(b"\xef\xbb\xbf" + REST),
    "long text": response(REST.replace(b"Deal 3", b"x" * 5_000_000)),
    "large gzip": response(
        gzip.compress(REST.replace(b"Deal 3", b"x" * 5_000_000)), "Content-Encoding: gzip"
    ),
    "chunks": chunked(REST) + b"0\r\n\r\n",
    "HTTP/1.0": response(REST, version="1.0", length=False),
    "continue": response(status="100 Continue", length=False, closes=False) + response(REST),
    "more than its length": response(REST) + b"garbage",
    "no length": response(REST, length=False),
}


@pytest.mark.parametrize("case", WHOLE)
def test_a_complete_page_in_an_unusual_form_is_read(server, case):
    server.second = lambda _path: WHOLE[case]
    found = run(server.config, "deals", page=2)
    assert (found.code, {row["id"] for row in found.tables["deals"].values()}) == (0, {1, 2, 3, 4})


SHARED = {
    "id": 77,
    "owner_id": 1,
    "org_id": 2,
    "add_time": "2025-01-01T00:00:00Z",
    "update_time": "2025-03-01T00:00:00Z",
    "is_deleted": False,
    "visible_to": 3,
    "label_ids": [],
    "custom_fields": {},
}
PERSON = SHARED | dict.fromkeys(
    (
        "name",
        "first_name",
        "last_name",
        "emails",
        "phones",
        "picture_id",
        "notes",
        "im",
        "birthday",
        "job_title",
    ),
    "x",
)
ACTIVITY = SHARED | dict.fromkeys(
    ("subject", "type", "due_date", "due_time", "duration", "done", "busy", "note", "location", "lead_id"),
    "x",
)


@pytest.mark.parametrize("row", [PERSON, ACTIVITY], ids=["persons", "activities"])
@pytest.mark.parametrize("cursor", ["c2", "c3"])
def test_rows_of_another_list_are_not_emitted(server, row, cursor):
    """Neither as dictionaries, like the first pages, nor as structs."""
    pages = {"c2": body(ROWS[:2], "c3"), "c3": body(ROWS[2:])}
    server.first = body([], "c2")
    server.second = lambda path: response(body([row]) if cursor in path else pages["c2"])
    struck = run(server.config, "deals", page=2)
    assert (struck.code, "rows of another list" in struck.error) == (1, True), struck.error
    server.second = lambda path: response(pages["c3" if "c3" in path else "c2"])
    found = run(server.config, "deals", before=struck, page=2)
    assert {row["id"] for row in found.tables["deals"].values()} == {1, 2, 3, 4}


def test_contradictory_headers_are_not_reported_as_invalid_settings():
    """Not with a server: urllib3 would leave the socket to the garbage collector."""
    error = unreachable("http://127.0.0.1", requests.exceptions.InvalidHeader("Content-Length: 3, 90"))
    assert isinstance(error, Unreachable)
    assert error.may_have_acted


def test_the_same_page_under_ever_new_cursors_does_not_loop(server):
    cursors = iter(range(1000))
    server.second = lambda _path: response(body(ROWS[:2], f"d{next(cursors)}"))
    struck = run(server.config, "deals", page=2)
    assert (struck.code, "the same page twice" in struck.error, next(cursors)) == (1, True, 1)


@pytest.mark.parametrize("size", [(1 << 20) - 1, 1 << 20, (1 << 20) + 1, (3 << 20) + 7])
def test_a_gzip_body_of_any_size_is_unpacked_completely(size):
    content = b"x" * size
    headers = {"content-encoding": "gzip"}
    assert compression.unpacked(gzip.compress(content), headers) == content
    pieces = compression.unpacked_chunks(iter([gzip.compress(content)]), headers)
    assert max(map(len, pieces)) <= 1 << 20


@pytest.fixture
def first_rows(small):
    """First rows of the lists of the API's second version, as Pipedrive sends them."""
    paths = {
        name: f"/api/v2/{name}" for name in ("persons", "organizations", "deals", "products", "activities")
    }
    return {name: small.get(f"{path}?limit=3")["data"] for name, path in paths.items()}


def test_rows_of_lists_with_many_columns_in_common_are_distinguished(first_rows):
    for stream, rows in first_rows.items():
        columns = STREAMS[stream].schema
        assert {other for other, ones in first_rows.items() if foreign_keys(ones[0], stream, columns)} == {
            *first_rows
        } - {stream}
        # New keys of Pipedrive, even if another list has columns of these names.
        for other in STREAMS.values():
            more = {**dict.fromkeys(other.schema), **dict.fromkeys(columns)}
            assert foreign_keys(more, stream, columns) == [], other.name
            assert foreign_keys({**more, **rows[0]}, stream, columns) == [], other.name


def test_rows_with_many_columns_in_common_are_not_emitted(server, first_rows):
    everything = dict.fromkeys(STREAMS["persons"].schema)
    persons = response(body([{**everything, **row} for row in first_rows["persons"]]))
    server._answer = lambda path: persons if path.startswith("/api/v2/organizations?") else response(body([]))
    struck = run(server.config, "organizations")
    assert (struck.code, "rows of another list" in struck.error) == (1, True), struck.error
    assert struck.tables["organizations"] == {}
