"""HTTP on `requests`, one session a thread, with nothing done per call that can be done once.

A plain `Session.request` spends more than half of its time on proxies, cookies, hooks and URL parsing that
an API client does not need for each call; here requests' adapter is given a prepared request directly.
"""

from __future__ import annotations

import email.utils
import logging
import re
import ssl
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import msgspec
import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError

from pipedrive_client.compression import Damaged, unpacked, unpacked_chunks
from pipedrive_client.errors import ConfigError, MalformedAnswer, PipedriveError, Unreachable
from pipedrive_client.settings import is_loopback, is_safe_url

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from urllib3.connectionpool import ConnectionPool
    from urllib3.response import BaseHTTPResponse


logger = logging.getLogger("pipedrive_client")

LONGEST_CONNECT_SECONDS = 10.0
CHUNK_BYTES = 1 << 18
_PARTIAL = 206
_UNREAD: Any = object()
_UNUSABLE = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidSchema,
)


@dataclass(slots=True, eq=False)
class Answer:
    """What the server sent.

    Attributes:
        status: HTTP status.
        headers: names in any case.
        body: bytes, unpacked; empty for a download.
        damage: why the body could not be unpacked, as a noun phrase; empty for a body that came whole.
        decode: makes what `json` gives of the bytes.
        doubted: whether an earlier attempt, or a first request, gave a body that was no answer.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    damage: str = ""
    doubted: bool = False
    decode: Callable[[bytes], Any] = field(default=msgspec.json.decode, repr=False)
    _decoded: Any = field(default=_UNREAD, repr=False, init=False)

    def json(self) -> Any:  # noqa: ANN401 - any JSON value
        """The decoded body, decoded once; None for an empty one.

        Raises:
            MalformedAnswer: the body is torn, or is no JSON at all.
        """
        if self._decoded is _UNREAD:
            try:
                self._decoded = self.decode(self.body) if self.body else None
            except (msgspec.DecodeError, UnicodeDecodeError):
                what = (
                    "a web page"
                    if self.looks_like_html
                    else f"{len(self.body)} bytes that are not whole JSON"
                )
                raise MalformedAnswer(
                    f"Pipedrive answered {self.status} with {what}.", status=self.status, may_have_acted=True
                ) from None
        return self._decoded

    @property
    def looks_like_html(self) -> bool:
        """Whether the body is a web page: a firewall's, a proxy's, or a wrong address."""
        return "html" in self.headers.get("content-type", "") or self.body[:64].lstrip().startswith(b"<")

    @property
    def is_json(self) -> bool:
        """Whether the body should be JSON: said so, or text, which Pipedrive's API never means to send."""
        kind = self.headers.get("content-type", "")
        return not kind or "json" in kind or kind.startswith("text/")


@dataclass(frozen=True, slots=True)
class _Route:
    """Proxies and certificates for one host, looked up once."""

    proxies: dict[str, str]
    verify: bool | str
    cert: Any


class _LeanAdapter(HTTPAdapter):
    """An adapter that does once per host what requests does on each call, without cookies and charsets.

    Measured on loopback: half of the CPU time of `Session.get`.
    """

    def __init__(self) -> None:
        super().__init__(pool_connections=4, pool_maxsize=2)
        self._pools: dict[str, ConnectionPool] = {}

    @override
    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,
        proxies: Mapping[str, str] | None = None,
        cert: tuple[str, str] | str | None = None,
    ) -> ConnectionPool:
        """The pool of the host; verify, proxies and cert never change for one host here."""
        origin = _origin(request.url or "")
        pool = self._pools.get(origin)
        if pool is None:
            pool = super().get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
            self._pools[origin] = pool
        return pool

    @override
    def request_url(self, request: requests.PreparedRequest, proxies: Mapping[str, str] | None) -> str:
        """What stands in the request line."""
        if proxies:
            return super().request_url(request, proxies)
        url = request.url or ""
        return url[len(_origin(url)) :]

    @override
    def build_response(self, req: requests.PreparedRequest, resp: BaseHTTPResponse) -> requests.Response:
        """A response that holds status and the raw stream only."""
        response = requests.Response()
        response.status_code = resp.status
        response.raw = resp
        response.request = req
        return response


class Transport:
    """Sends single HTTP requests; knows no Pipedrive, no retry and no limits."""

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
    ) -> Answer:
        """Send one request and read the whole answer.

        Raises:
            Unreachable: no whole answer came.
            ConfigError: the address cannot be used.
        """
        return _whole(url, self._send(method, url, headers, body, timeout_seconds))

    def open(self, url: str, *, headers: Mapping[str, str]) -> Download:
        """Send a GET and leave the body to be read in chunks.

        Raises:
            Unreachable: no answer came.
            ConfigError: the address cannot be used.
        """
        return Download(url, self._send("GET", url, headers, None, None))

    def close(self) -> None:
        """Close the connections that wait for reuse."""
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
        """The answer with its body unread."""
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
            raise _unreachable(url, error) from None
        except HTTPError as error:
            raise _broken_off(url, error) from None
        except OSError:
            # The certificate file that the environment names is missing.
            raise ConfigError(
                f"The certificates for {_host(url)} cannot be read: check REQUESTS_CA_BUNDLE."
            ) from None
        return response.raw

    def _session(self) -> requests.Session:
        """This thread's session."""
        session: requests.Session | None = getattr(self._mine, "session", None)
        if session is None:
            session = requests.Session()
            adapter = _LeanAdapter()
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            self._mine.session = session
            self._mine.routes = {}
            with self._lock:
                self._sessions.append(session)
        return session

    def _route(self, session: requests.Session, url: str) -> _Route:
        """Proxies and certificates from the environment, looked up once per host and thread."""
        routes: dict[str, _Route] = self._mine.routes
        origin = _origin(url)
        route = routes.get(origin)
        if route is None:
            found = session.merge_environment_settings(url, {}, None, None, None)
            proxies = {scheme: proxy for scheme, proxy in found["proxies"].items() if proxy}
            if is_loopback(urlsplit(url).hostname or ""):
                proxies = {}  # no proxy can reach this machine's loopback
            route = routes[origin] = _Route(
                proxies, True if found["verify"] is None else found["verify"], found["cert"]
            )
        return route


class Download:
    """An open answer whose body is read in chunks."""

    def __init__(self, url: str, raw: BaseHTTPResponse) -> None:
        self.url = url
        self.status = raw.status
        self.headers: Mapping[str, str] = raw.headers
        self._raw = raw

    @property
    def redirect(self) -> str | None:
        """Where the server sends us, or None."""
        location = self.headers.get("location")
        return urljoin(self.url, location) if location and self.status in {301, 302, 303, 307, 308} else None

    @property
    def is_content(self) -> bool:
        """Whether the answer leads to the bytes asked for: content, a redirect, or nothing left."""
        return self.status in {200, 206, 416} or self.redirect is not None

    @property
    def starts_at(self) -> int:
        """Offset of the first byte of the body in the whole file."""
        match = (
            re.match(r"bytes (\d+)-", self.headers.get("content-range", ""))
            if self.status == _PARTIAL
            else None
        )
        return int(match[1]) if match else 0

    def read(self) -> Answer:
        """The whole (short) body."""
        try:
            return _whole(self.url, self._raw)
        finally:
            self._raw.close()

    def pour(self, sink: Callable[[bytes], None], *, skip: int = 0) -> None:
        """Hand the body on in chunks, leaving out the first `skip` bytes.

        Raises:
            Unreachable: the connection broke before the end, or the body was truncated.
        """
        chunks = unpacked_chunks(self._raw.stream(CHUNK_BYTES, decode_content=False), self.headers)
        try:
            while True:
                try:
                    chunk = next(chunks, None)
                except (HTTPError, OSError, Damaged) as error:
                    raise _broken_off(self.url, error) from None
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
        """Give the connection up."""
        self._raw.close()


def _whole(url: str, raw: BaseHTTPResponse) -> Answer:
    """Read a body to its end.

    Raises:
        Unreachable: the connection broke before the end.
    """
    try:
        content = raw.read(decode_content=False)
    except (HTTPError, OSError) as error:
        raw.close()
        raise _broken_off(url, error) from None
    try:
        return Answer(raw.status, raw.headers, unpacked(content, raw.headers))
    except Damaged as damaged:
        return Answer(raw.status, raw.headers, damage=str(damaged))


def check_redirect(url: str) -> None:
    """Refuse to follow to an address that is neither https nor this machine.

    Raises:
        ConfigError: the address is not safe.
    """
    if not is_safe_url(url):
        raise ConfigError(f"Pipedrive redirects to {_host(url)} without https; it was not followed.")


def _origin(url: str) -> str:
    """Scheme, host and port as written."""
    slash = url.find("/", len("https://"))
    return url[:slash] if slash > 0 else url


def _host(url: str) -> str:
    """Host and port, the only part of an address that messages show."""
    return urlsplit(url).netloc.rsplit("@", 1)[-1]


def _unreachable(url: str, error: requests.exceptions.RequestException) -> PipedriveError:
    """The error of a request that got no answer; says whether it may have been executed."""
    host = _host(url)
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, _UNUSABLE):
        return ConfigError(
            f"Requests to {host} cannot be made: check company_domain, api_url and the proxy settings.",
        )
    if isinstance(reason, NameResolutionError):
        said = f"The host {host} is unknown: check company_domain, api_url and the network."
    elif isinstance(error, requests.exceptions.ConnectTimeout) or isinstance(reason, NewConnectionError):
        said = f"No connection to {host}: it is down, or a firewall or proxy is in the way."
    elif reason is not None and any(isinstance(cause, ssl.SSLCertVerificationError) for cause in reason.args):
        said = f"No trusted connection to {host}: its certificate was refused (see REQUESTS_CA_BUNDLE)."
    elif isinstance(error, requests.exceptions.ProxyError):
        said = f"The proxy on the way to {host} refused the connection: check HTTPS_PROXY."
    elif isinstance(error, requests.exceptions.Timeout):
        return Unreachable(f"{host} did not answer in time (request_timeout_seconds).", may_have_acted=True)
    else:
        return Unreachable(f"The connection to {host} broke before an answer came.", may_have_acted=True)
    return Unreachable(said)


def _broken_off(url: str, error: Exception) -> Unreachable:
    """The error of an answer that stopped half-way."""
    kind = type(error).__name__
    return Unreachable(f"The answer of {_host(url)} broke off half-way ({kind}).", may_have_acted=True)


def moment_of(answer: Answer) -> datetime | None:
    """When the server answered, by its own clock; None where it does not say."""
    try:
        return email.utils.parsedate_to_datetime(answer.headers.get("date") or "").astimezone(UTC)
    except (TypeError, ValueError):
        return None
