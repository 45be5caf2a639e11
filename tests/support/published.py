"""Published description of each read."""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from pipedrive_client import DataKind
from tests.support import facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_pipedrive.catalog.spec import Read, StreamSpec


def plain(path: str) -> str:
    """Return a path without the names of its placeholders."""
    return re.sub(r"\{[^}]+\}", "{}", path.replace("/api/v1/", "/v1/"))


@cache
def published() -> dict[tuple[str, str], dict[str, Any]]:
    """Return published reads by operation and path."""
    reads = (one for one in facts.operations() if one["method"] == "GET")
    return {(one["operationId"], plain(one["path"])): one for one in reads}


def operation(read: Read) -> dict[str, Any]:
    """Return the published operation of a read."""
    found = published().get((read.operation, plain(read.path)))
    assert found, (
        f"{read.operation} {read.path} is not published; `python -m tests.support.facts OPERATION` "
        "prints what is"
    )
    return found


def answer(read: Read) -> dict[str, Any]:
    """Return the published schema of its successful response."""
    return operation(read)["responses"]["200"]


def example(read: Read) -> dict[str, Any] | None:
    """Return the published example of its response."""
    return answer(read).get("example")


def all_reads(spec: StreamSpec) -> list[Read]:
    """Return the reads of a stream, including that of a single row."""
    return [*spec.reads, *([spec.single] if spec.single and spec.single not in spec.reads else [])]


# ── the examples, served ─────────────────────────────────────────────────────────────────────────


def _routes() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """Return patterns of paths with their operations, the most literal ones first."""
    found = sorted(published().items(), key=lambda item: item[0][1].count("{}"))
    return [(re.compile(re.escape(path).replace(r"\{\}", "[^/]+") + "$"), one) for (_, path), one in found]


def _ended(body: Any) -> Any:
    """Return the example as the last page of its list."""
    more = body.get("additional_data") if isinstance(body, dict) else None
    if not isinstance(more, dict):
        return body
    ended = {**more, **({"next_cursor": None} if "next_cursor" in more else {})}
    if isinstance(more.get("pagination"), dict):
        ended["pagination"] = {**more["pagination"], "more_items_in_collection": False}
    if "more_items_in_collection" in more:
        ended["more_items_in_collection"] = False
    return {**body, "additional_data": ended}


class Rows:
    """Rows that a path serves in place of its example, in pages or one per request.

    Args:
        rows: the rows, as Pipedrive sends them.
        read: the read of the path.
        page: rows per page.
    """

    def __init__(self, rows: list[Any], read: Read, page: int) -> None:
        self._rows, self._read, self._page = rows, read, page
        self._requests = 0

    def body(self, query: dict[str, list[str]]) -> dict[str, Any]:
        """Return the body of a page."""
        paged = self._read.page_size is not None
        start = int((query.get("cursor") or query.get("start") or ["0"])[0])
        end = start + self._page if paged else len(self._rows)
        more = end < len(self._rows)
        data: Any = self._rows[start:end]
        if self._read.kind is DataKind.OBJECT:
            data = self._rows[min(self._requests, len(self._rows) - 1)]
            self._requests += 1
        for key in reversed(self._read.records.split(".")[1:]):
            data = {key: data}
        place = {"start": start, "limit": self._page, "more_items_in_collection": more, "next_start": end}
        further = {
            "next_cursor": str(end) if more else None,
            "pagination": place if more else {**place, "next_start": None},
        }
        return {"success": True, "data": data, "additional_data": further}


@contextmanager
def served(lists: Mapping[str, Rows] | None = None) -> Iterator[str]:
    """Yield a server with the published examples as responses; each list has one page.

    Args:
        lists: rows to serve instead of the examples, by plain path.
    """
    routes = _routes()
    given = lists or {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            path = parts.path.replace("/api/v1/", "/v1/")
            one = next((one for pattern, one in routes if pattern.match(path)), None)
            body = one and one["responses"]["200"].get("example")
            query = parse_qs(parts.query)
            later = query.get("start", ["0"]) != ["0"]
            answer = {"success": True, "data": []} if later else _ended(body)
            if one and (rows := given.get(plain(one["path"]))):
                answer = rows.body(query)
            content = json.dumps(answer).encode()
            self.send_response(200 if body is not None else 404)
            self.send_header("content-type", "application/json")
            # Without a limit in the headers, the client is limited to the rate of the smallest plan.
            self.send_header("x-ratelimit-limit", "10000")
            self.send_header("x-ratelimit-remaining", "9999")
            self.send_header("x-ratelimit-reset", "2")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Suppress the log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
