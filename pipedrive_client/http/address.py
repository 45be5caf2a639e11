"""Detection of a wrong base URL, where every request looks like a request for a missing row."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipedrive_client.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipedrive_client.http.transport import Response

KNOWN_PATH = "/v1/users/me"
"""Path that exists in every account. Source: Users#getCurrentUser."""
KNOWN_COST = 2
_ABSENT = frozenset({404, 405, 410})


class AddressCheck:
    """Check, after a first failure, that the API is at the base URL.

    Args:
        address: returns the current base URL.

    Attributes:
        proven: True after a successful response below the base URL.
    """

    def __init__(self, address: Callable[[], str]) -> None:
        self.proven = False
        self._address = address
        self._lock = threading.Lock()

    def check(self, response: Response, known_status: Callable[[], int | None]) -> None:
        """Check a failed response; request a known path once if a wrong base URL may be the cause.

        Args:
            response: response of the failed request.
            known_status: requests `KNOWN_PATH`; returns the status, or None for a response that is not JSON.

        Raises:
            ConfigError: the API is not at the base URL.
        """
        if not self._is_suspect(response):
            return
        status: int | None = response.status
        if not self._names_part_of_api():  # below /api the paths of v1 exist, and those of v2 do not
            with self._lock:
                if self.proven:
                    return
                status = known_status()
                if status is not None and status not in _ABSENT:
                    self.proven = True
                    return
        address = self._address()
        parts = urlsplit(address)
        said = "a web page" if status is None else str(status)
        raise ConfigError(
            f"Setting api_url ({address}) is not the base URL of Pipedrive's API: a request to it returned "
            f"{said}. Use the URL without a path, such as {parts.scheme}://{parts.netloc}."
        )

    def _names_part_of_api(self) -> bool:
        """Return True if the base URL ends with a path segment that requests append themselves."""
        return urlsplit(self._address()).path.rstrip("/").rpartition("/")[2] in {"api", "v1", "v2"}

    def _is_suspect(self, response: Response) -> bool:
        """Return True if a wrong base URL could be the cause of this response."""
        has_path = bool(urlsplit(self._address()).path.strip("/"))
        return has_path and (response.looks_like_html or response.status in _ABSENT)
