"""HTTP transport on top of `requests`, with one session per thread and little work per call.

`Session.request` spends more than half of its time on proxies, cookies, hooks and URL parsing that an API
client does not need for each call. This module passes a prepared request to the adapter directly.
"""

from __future__ import annotations

import email.utils
import logging
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import msgspec
import requests
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError

from pipedrive_client.errors import ConfigError, MalformedResponse
from pipedrive_client.http.adapter import LeanAdapter, origin_of
from pipedrive_client.http.compression import Damaged, limited, unpacked, unpacked_chunks
from pipedrive_client.http.connection_errors import broken_off, host_of, provisional, unreachable
from pipedrive_client.http.json_keys import AmbiguousKeyError, decode_body
from pipedrive_client.http.json_repair import repaired
from pipedrive_client.settings import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from urllib3.response import BaseHTTPResponse


logger = logging.getLogger("pipedrive_client")

LONGEST_CONNECT_SECONDS = 10.0
CHUNK_BYTES = 1 << 18
_FINAL = 200
_PARTIAL = 206
_UNREAD: Any = object()


@dataclass(slots=True, eq=False)
class Response:
    """HTTP response.

    Attributes:
        status: HTTP status.
        headers: header fields; names are case-insensitive.
        body: decompressed bytes; empty for a download.
        damage: why the body could not be decompressed, as a noun phrase; empty for a complete body.
        decode: decodes the bytes for `json`.
        doubted: True if an earlier attempt, or a first request, had a response without valid content.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    damage: str = ""
    doubted: bool = False
    decode: Callable[[bytes], Any] = field(default=decode_body, repr=False)
    _decoded: Any = field(default=_UNREAD, repr=False, init=False)

    def json(self) -> Any:  # noqa: ANN401 - any JSON value
        """Return the decoded body, decoded once; None for an empty body.

        Raises:
            MalformedResponse: the body is truncated, not valid JSON, or ambiguous.
        """
        if self._decoded is _UNREAD:
            try:
                self._decoded = self._decode() if self.body else None
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                what = (
                    "a web page"
                    if self.looks_like_html
                    else "JSON that is nested too deeply"
                    if isinstance(error, RecursionError)
                    else f"JSON that contains different values of `{error}`"
                    if isinstance(error, AmbiguousKeyError)
                    else f"{len(self.body)} bytes that are not complete JSON"
                )
                raise MalformedResponse(
                    f"Pipedrive returned {self.status} with {what}.", status=self.status, may_have_acted=True
                ) from None
        return self._decoded

    def _decode(self) -> Any:  # noqa: ANN401 - any JSON value
        try:
            return self.decode(self.body)
        except msgspec.DecodeError:
            content = repaired(self.body)
            if content == self.body:
                raise
            return self.decode(content)

    @property
    def moment(self) -> datetime | None:
        """Time of the response by the server's clock; None if the headers do not contain it."""
        try:
            return email.utils.parsedate_to_datetime(self.headers.get("date") or "").astimezone(UTC)
        except (TypeError, ValueError):
            return None

    @property
    def looks_like_html(self) -> bool:
        """True if the body is an HTML page, for example of a firewall or a proxy."""
        return "html" in self.headers.get("content-type", "") or self.body[:64].lstrip().startswith(b"<")

    @property
    def is_json(self) -> bool:
        """True if the body should be JSON: declared as JSON, or as text, which the API never sends."""
        kind = self.headers.get("content-type", "")
        return not kind or "json" in kind or kind.startswith("text/")


@dataclass(frozen=True, slots=True)
class _Route:
    """Proxies and certificates of one host, looked up once."""

    proxies: dict[str, str]
    verify: bool | str
    cert: Any


class Transport:
    """Sender of single HTTP requests, without retries, rate limits or anything specific to Pipedrive."""

    def __init__(self, *, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._mine = threading.local()
        self._lock = threading.Lock()
        self._sessions: list[requests.Session] = []

    def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_seconds: float | None = None,
    ) -> Response:
        """Send one request and read the complete response.

        Raises:
            Unreachable: no complete response was received.
            ConfigError: the URL is invalid.
        """
        return _whole(url, self._send(method, url, headers, body, timeout_seconds))

    def open(self, url: str, *, headers: Mapping[str, str]) -> Download:
        """Send a GET request whose body is then read in chunks.

        Raises:
            Unreachable: no response was received.
            ConfigError: the URL is invalid.
        """
        return Download(url, self._send("GET", url, headers, None, None))

    def close(self) -> None:
        """Close idle connections."""
        with self._lock:
            sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.close()

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout_seconds: float | None,
    ) -> BaseHTTPResponse:
        """Send a request and return the response with its body unread."""
        session = self._session()
        prepared = requests.PreparedRequest()
        prepared.method = method
        prepared.url = url
        prepared.headers = CaseInsensitiveDict(headers)
        if body is not None:
            prepared.headers["Content-Length"] = str(len(body))
        elif method in {"POST", "PUT", "PATCH"}:
            prepared.headers["Content-Length"] = "0"
        prepared.body = body
        timeout = timeout_seconds or self._timeout_seconds
        route = self._route(session, url)
        try:
            response = session.get_adapter(url).send(
                prepared,
                stream=True,
                timeout=(min(timeout, LONGEST_CONNECT_SECONDS), timeout),
                verify=route.verify,
                cert=route.cert,
                proxies=route.proxies,
            )
        except requests.exceptions.RequestException as error:
            raise unreachable(url, error) from None
        except HTTPError as error:
            raise broken_off(url, error) from None
        except OSError:
            # The certificate file named in the environment is missing.
            raise ConfigError(
                f"The certificates for {host_of(url)} cannot be read. Check REQUESTS_CA_BUNDLE."
            ) from None
        return response.raw

    def _session(self) -> requests.Session:
        """Return the session of this thread."""
        session: requests.Session | None = getattr(self._mine, "session", None)
        if session is None:
            session = requests.Session()
            adapter = LeanAdapter()
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            self._mine.session = session
            self._mine.routes = {}
            with self._lock:
                self._sessions.append(session)
        return session

    def _route(self, session: requests.Session, url: str) -> _Route:
        """Return proxies and certificates from the environment, looked up once per host and thread."""
        routes: dict[str, _Route] = self._mine.routes
        origin = origin_of(url)
        route = routes.get(origin)
        if route is None:
            found = session.merge_environment_settings(url, {}, None, None, None)
            proxies = {scheme: proxy for scheme, proxy in found["proxies"].items() if proxy}
            if is_loopback(urlsplit(url).hostname or ""):
                proxies = {}  # a proxy cannot reach a loopback address of this machine
            route = routes[origin] = _Route(
                proxies, True if found["verify"] is None else found["verify"], found["cert"]
            )
        return route


class Download:
    """Open response whose body is read in chunks."""

    def __init__(self, url: str, raw: BaseHTTPResponse) -> None:
        self.url = url
        self.status = raw.status
        self.headers: Mapping[str, str] = raw.headers
        self._raw = raw

    @property
    def redirect(self) -> str | None:
        """Target URL of a redirect, or None."""
        location = self.headers.get("location")
        return urljoin(self.url, location) if location and self.status in {301, 302, 303, 307, 308} else None

    @property
    def is_content(self) -> bool:
        """True if the response leads to the requested bytes: content, a redirect, or nothing left to read."""
        return self.status in {200, 206, 416} or self.redirect is not None

    @property
    def starts_at(self) -> int:
        """Offset of the first byte of the body in the file."""
        match = (
            re.match(r"bytes (\d+)-", self.headers.get("content-range", ""))
            if self.status == _PARTIAL
            else None
        )
        return int(match[1]) if match else 0

    def read(self) -> Response:
        """Read the whole (short) body."""
        try:
            return _whole(self.url, self._raw)
        finally:
            self._raw.close()

    def pour(self, sink: Callable[[bytes], None], *, skip: int = 0) -> None:
        """Pass the body to `sink` in chunks, without the first `skip` bytes.

        Raises:
            Unreachable: the connection closed before the end, or the body is truncated.
        """
        chunks = unpacked_chunks(self._raw.stream(CHUNK_BYTES, decode_content=False), self.headers)
        try:
            while True:
                try:
                    chunk = next(chunks, None)
                except (HTTPError, OSError, OverflowError, Damaged) as error:
                    raise broken_off(self.url, error) from None
                if chunk is None:
                    return
                if skip >= len(chunk):
                    skip -= len(chunk)
                    continue
                sink(chunk[skip:] if skip else chunk)
                skip = 0
        finally:
            self._raw.close()

    def close(self) -> None:
        """Close the connection."""
        self._raw.close()


def _whole(url: str, raw: BaseHTTPResponse) -> Response:
    """Read a body to its end.

    Raises:
        Unreachable: the connection closed before the end, or the response is only a provisional one.
    """
    if raw.status < _FINAL:
        raw.close()  # the final response must not be taken for that of the next request
        raise provisional(url, raw.status)
    try:
        return Response(raw.status, raw.headers, unpacked(limited(raw), raw.headers))
    except Damaged as damaged:
        raw.close()
        return Response(raw.status, raw.headers, damage=str(damaged))
    except (HTTPError, OSError, OverflowError) as error:  # overflow: the size of a chunk is invalid
        raw.close()
        raise broken_off(url, error) from None
