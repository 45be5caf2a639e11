"""Proxy in front of an emulator that changes responses, so that it seems to be an account of another kind."""

from __future__ import annotations

import http.client
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_OWN_HEADERS = ("connection", "content-length", "date", "host", "server", "transfer-encoding")


@dataclass
class Reply:
    """A response that may be changed.

    Attributes:
        method: method of the request.
        path: path of the request, without its query.
        status: HTTP status.
        headers: header fields.
        body: decoded JSON, or None.
        content: bytes to send instead of the body.
    """

    method: str
    path: str
    status: int
    headers: dict[str, str]
    body: Any
    content: bytes | None = None


@contextmanager
def altered(upstream: str, alter: Callable[[Reply], None]) -> Iterator[str]:
    """Yield the URL of a proxy.

    Args:
        upstream: URL of the emulator.
        alter: changes each response in place.
    """
    beyond = urlsplit(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def exchange(self) -> None:
            sent = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {
                name: value for name, value in self.headers.items() if name.lower() not in _OWN_HEADERS
            }
            connection = http.client.HTTPConnection(beyond.hostname or "", beyond.port, timeout=60)
            connection.request(self.command, self.path, body=sent or None, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _OWN_HEADERS}
            body = json.loads(content) if content[:1] in (b"{", b"[") else None
            reply = Reply(self.command, urlsplit(self.path).path, answer.status, kept, body)
            alter(reply)
            content = json.dumps(reply.body).encode() if reply.content is None else reply.content
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()

        def log_message(self, *_: object) -> None:
            """Suppress the log."""

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.exchange)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
