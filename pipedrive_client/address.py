"""Wrong base addresses, told as a setting: below one every request looks like a row that is not there."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipedrive_client.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipedrive_client.transport import Answer

KNOWN_PATH = "/v1/users/me"
"""Path that answers for every account. Source: Users#getCurrentUser."""
KNOWN_COST = 2
_ABSENT = frozenset({404, 405, 410})


class AddressCheck:
    """Finds out, after a first failure, whether the API is at the address at all.

    Args:
        address: gives the base address in use.

    Attributes:
        proven: whether something below the address was answered well.
    """

    def __init__(self, address: Callable[[], str]) -> None:
        self.proven = False
        self._address = address
        self._lock = threading.Lock()

    def check(self, answer: Answer, known_status: Callable[[], int | None]) -> None:
        """Look into a failed answer; asks for a known path, once, where the address may be the cause.

        Args:
            answer: of the failed request.
            known_status: asks for `KNOWN_PATH`; returns the status, or None for an answer that is not JSON.

        Raises:
            ConfigError: the API is not below the address.
        """
        if not self._is_suspect(answer):
            return
        status: int | None = answer.status
        if not self._names_part_of_api():  # below /api the paths of v1 answer, and those of v2 do not
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
            f"Setting api_url ({address}) is not the address of Pipedrive's API: a request below it was "
            f"answered with {said}. Give the address without a path, such as {parts.scheme}://{parts.netloc}."
        )

    def _names_part_of_api(self) -> bool:
        """Whether the address ends with what requests put behind it themselves."""
        return urlsplit(self._address()).path.rstrip("/").rpartition("/")[2] in {"api", "v1", "v2"}

    def _is_suspect(self, answer: Answer) -> bool:
        """Whether a wrong address would be answered like this."""
        has_path = bool(urlsplit(self._address()).path.strip("/"))
        return has_path and (answer.looks_like_html or answer.status in _ABSENT)
