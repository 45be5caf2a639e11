"""An invalid second or only page is never treated as the end of a list."""

from __future__ import annotations

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.faulty import run

CASES = Path(__file__).parents[1] / "resources" / "cases" / "tap"
ROWS = [
    {"id": one, "title": f"Deal {one}", "update_time": f"2025-02-01T00:00:0{one}Z", "custom_fields": {}}
    for one in (1, 2, 3, 4)
]


def body(rows, cursor=None) -> bytes:
    additional = {"next_cursor": cursor}
    return json.dumps({"success": True, "data": rows, "additional_data": additional}).encode()


class StandIn:
    """Returns empty lists, and for `/api/v2/deals` the status, body and headers of the test."""

    def __init__(self) -> None:
        self.deals = lambda _query, _nth: (200, body([]), {})
        self.asked = self.definitions_asked = 0
        self.definitions = lambda _nth: []  # or the status of an error
        self.entity = "deal"
        self.lists = {}  # further lists, by path
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                status, content, headers = 200, body([]), {}
                if parts.path == "/api/v2/deals":
                    stand_in.asked += 1
                    status, content, headers = stand_in.deals(parse_qs(parts.query), stand_in.asked)
                elif parts.path in stand_in.lists:
                    status, content, headers = stand_in.lists[parts.path](parse_qs(parts.query))
                elif parts.path.endswith("Fields"):
                    field = {"field_code": "title", "field_name": "Title", "field_type": "varchar"}
                    extra = []
                    if parts.path == f"/api/v2/{stand_in.entity}Fields":
                        stand_in.definitions_asked += 1
                        extra = stand_in.definitions(stand_in.definitions_asked)
                    if isinstance(extra, int):
                        status, content = extra, b'{"success":false,"error":"Not now"}'
                    else:
                        content = body([field, *extra])
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.config = {"api_token": "t" * 40, "api_url": f"http://127.0.0.1:{self._server.server_port}"}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def stand_in():
    server = StandIn()
    yield server
    server.close()


def catalog(case: str):
    return json.loads((CASES / case / "catalog.json").read_text())


@pytest.mark.parametrize(
    ("case", "status", "content", "said"),
    [
        ("09-body-empty", 200, b"", "empty body"),
        ("09-body-empty", 204, b"", "204"),
        ("09-body-null", 200, b"null", "null"),
        ("09-body-null", 200, b"[]", "a list instead of an object"),
        ("09-body-null", 200, b'{"success":true}', "no `data`"),
        ("09-body-null", 200, body(None), "null"),
    ],
)
def test_an_invalid_second_page_is_not_the_end_of_the_list(stand_in, case, status, content, said):
    stand_in.deals = lambda query, _: (
        (status, content, {}) if "cursor" in query else (200, body(ROWS[:2], "c2"), {})
    )
    struck = run(stand_in.config, catalog=catalog(case))
    assert struck.code == 1
    assert said in struck.error
    assert "/api/v2/deals" in struck.error
    stand_in.deals = lambda query, _: (200, body(ROWS[2:]) if "cursor" in query else body(ROWS[:2], "c2"), {})
    healed = run(stand_in.config, catalog=catalog(case), before=struck)
    assert healed.code == 0
    assert {row["id"] for row in healed.tables["deals"].values()} == {1, 2, 3, 4}


def test_an_empty_body_is_an_error_in_a_run_with_a_state(stand_in):
    state = json.loads((CASES / "09-body-empty" / "state.json").read_text())
    stand_in.deals = lambda _query, _nth: (200, b"", {})
    struck = run(stand_in.config, catalog=catalog("09-body-empty"), state=state)
    assert (struck.code, stand_in.asked) == (1, 5)
    assert struck.output.state["bookmarks"]["deals"]["replication_key_value"] == "2025-02-01T00:00:02Z"


@pytest.mark.parametrize("bytes_kept", [12, -8, -1])
def test_a_truncated_gzip_body_is_not_an_empty_list(stand_in, bytes_kept):
    packed = gzip.compress(body(ROWS))
    headers = {"Content-Encoding": "gzip"}
    stand_in.deals = lambda _query, _nth: (200, packed[:bytes_kept], headers)
    struck = run(stand_in.config, catalog=catalog("21-gzip-truncated"))
    assert struck.code == 1
    assert "truncated gzip" in struck.error
    assert struck.tables.get("deals", {}) == {}
    stand_in.deals = lambda _query, _nth: (200, packed, headers)
    healed = run(stand_in.config, catalog=catalog("21-gzip-truncated"), before=struck)
    assert {row["id"] for row in healed.tables["deals"].values()} == {1, 2, 3, 4}


def test_null_received_twice_on_the_only_page_of_a_list_without_state_is_an_empty_list(stand_in):
    stand_in.deals = lambda _query, _nth: (200, body(None), {})
    found = run(stand_in.config, catalog=catalog("21-gzip-truncated"))
    assert (found.code, stand_in.asked, found.tables.get("deals", {})) == (0, 2, {})
    # A list that was empty in the last run is accepted immediately.
    assert run(stand_in.config, catalog=catalog("21-gzip-truncated"), before=found).code == 0
    assert stand_in.asked == 3


@pytest.mark.parametrize(
    ("content", "code", "rows"),
    [
        (b'{"success":true,"data":{"list":[{"id":1}]}}', 0, 1),
        (b'{"success":true,"data":{"list":null}}', 0, 0),
        (b'{"success":true,"data":[1]}', 1, 0),
        (b"", 1, 0),
        (b"<html>", 1, 0),
    ],
)
def test_a_raw_request_reads_what_its_path_of_records_selects(stand_in, content, code, rows):
    stand_in.deals = lambda _query, _nth: (200, content, {})
    entry = {"name": "mine", "path": "/api/v2/deals", "records": "data.list", "keys": ["id"]}
    found = run(stand_in.config | {"raw_requests": [entry]}, "mine")
    assert (found.code, len(found.tables.get("mine", {}))) == (code, rows)
