"""A proxy that kills a process at an exact moment: before or after its n-th request that writes."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from tests.support.starting import DEVNULL, PIPE, Started

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.emulator import Emulator

When = Literal["before", "after"]
"""Whether the write is not executed, or executed without a response."""
_HOPS = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})


class _Server(ThreadingHTTPServer):
    """Server that knows where requests go, and who decides about the kill."""

    def __init__(self, upstream: tuple[str, int | None], killer: Killer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.killer = killer

    def handle_error(self, *_: Any) -> None:
        """Ignore interrupted connections of the killed process."""


class _Handler(BaseHTTPRequestHandler):
    """Passes requests on, unless the process is killed at them."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self) -> None:
        super().setup()
        self.upstream = http.client.HTTPConnection(*self.server.upstream)

    def finish(self) -> None:
        super().finish()
        self.upstream.close()

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        fatal = self.command != "GET" and self.server.killer.is_fatal()
        if fatal and self.server.killer.kills("before"):
            self.close_connection = True
            return
        self.upstream.request(self.command, self.path, body, dict(self.headers.items()))
        answer = self.upstream.getresponse()
        content = answer.read()
        if fatal and self.server.killer.kills("after"):
            self.close_connection = True
            return
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _HOPS:
                self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on  # noqa: N815 - the library's names

    def log_message(self, *_: Any) -> None:
        """Suppress the log."""


class Killer:
    """Proxy between a process and an emulator; `with` starts and stops it.

    Attributes:
        url: base URL for the process.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._lock = threading.Lock()
        self._process: Started | None = None
        self._left = 0
        self._when: When = "before"
        upstream = urlsplit(emulator.url)
        self._server = _Server((upstream.hostname or "", upstream.port), self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Killer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def run(self, plugin: str, arguments: Sequence[str], content: bytes, *, nth: int, when: When) -> int:
        """Run a plugin, kill it at its n-th write, and return its exit code; -9 if it was killed."""
        with self._lock:
            self._left, self._when = nth, when
            self._process = process = Started(plugin, *arguments, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL)
        process.communicate(content)
        return process.wait()

    def is_fatal(self) -> bool:
        """Count a write; returns whether it is the n-th."""
        with self._lock:
            self._left -= 1
            return self._left == 0

    def kills(self, when: When) -> bool:
        """Kill the process at the n-th write."""
        if when != self._when or self._process is None:
            return False
        self._process.kill()
        return True
