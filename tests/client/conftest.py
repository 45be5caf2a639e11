from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipedrive_client import ClientSettings, PipedriveClient

TOKEN = "0123456789abcdef0123456789abcdef01234567"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class FakeClock:
    """Clock that advances only while waiting."""

    def __init__(self):
        self.at = 0.0
        self.waits = []
        self.when_waiting = lambda: None
        self._lock = threading.Lock()

    def monotonic(self):
        return self.at

    def now(self):
        return NOON + timedelta(seconds=self.at)

    def wait(self, seconds, event):
        with self._lock:
            self.waits.append(seconds)
            self.at += seconds
        self.when_waiting()
        return event.is_set()

    @property
    def waited(self):
        return sum(self.waits)


@dataclass
class Seen:
    method: str
    path: str
    headers: dict
    body: bytes
    from_port: int


@dataclass
class Reply:
    """Behaviour of the server: `tear` announces more bytes than it sends, `drop` sends no response."""

    status: int = 200
    body: object = None
    headers: dict = field(default_factory=dict)
    tear: bool = False
    drop: bool = False

    @property
    def content(self):
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps({"success": True, "data": []} if self.body is None else self.body).encode()


HTML = {"Content-Type": "text/html; charset=UTF-8"}


class Wire:
    """A loopback server that sends responses from a list, then those of the function `otherwise`.

    By default these are marked, so that a retry does not return what the first response should have.
    """

    def __init__(self):
        self.replies = []
        self.otherwise = lambda _: Reply(body={"success": True, "data": [], "unscripted": True})
        self.seen = []
        self._lock = threading.Lock()
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                seen = Seen(self.command, self.path, headers, self.rfile.read(length), self.client_address[1])
                reply = wire.next_reply(seen)
                if reply.drop:
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                content = reply.content
                given = {"Content-Type": "application/json", **reply.headers}
                for name, value in given.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content) + (10 if reply.tear else 0)))
                self.end_headers()
                self.wfile.write(content)
                self.close_connection = self.close_connection or reply.tear

        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            setattr(Handler, f"do_{method}", Handler.answer)

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def next_reply(self, seen):
        with self._lock:
            self.seen.append(seen)
            reply = self.replies.pop(0) if self.replies else None
        return reply or self.otherwise(seen)

    def answer(self, *replies):
        self.replies.extend(replies)

    @property
    def paths(self):
        return [seen.path for seen in self.seen]

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def wire():
    server = Wire()
    yield server
    server.close()


@pytest.fixture
def storage():
    """A second server, on another port: the file storage."""
    server = Wire()
    yield server
    server.close()


@pytest.fixture
def connect(wire, clock):
    """Builds clients of the loopback server; all are closed at the end."""
    clients = []

    def build(*, on_new_token=None, **settings):
        given = {"api_token": TOKEN, "api_url": wire.url} | settings
        config = {name: value for name, value in given.items() if value is not None}
        client = PipedriveClient(ClientSettings.from_config(config), clock=clock, on_new_token=on_new_token)
        clients.append(client)
        return client

    yield build
    for client in clients:
        client.close()


@pytest.fixture
def client(connect):
    return connect()


@pytest.fixture
def reply():
    return Reply


@pytest.fixture
def html():
    """Headers of a web page."""
    return HTML
