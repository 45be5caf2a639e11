"""The current user: company and default currency, requested once per run."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from target_pipedrive.record.errors import RecordFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipedrive_client import PipedriveClient, Response

_PATH = "/v1/users/me"
_COST = 2


class CurrentUser:
    """The current user; thread-safe.

    Args:
        client: the client.
    """

    def __init__(self, client: PipedriveClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._user: Mapping[str, object] | None = None

    def request(self, stream: str) -> Response:
        """Request `GET /v1/users/me` again and return the response; its headers contain the server's time.

        Source: Users#getCurrentUser.
        """
        return self._client.request("GET", _PATH, cost=_COST, label=stream)

    def company_id(self, stream: str) -> str:
        """Return the id of the account's company; empty if Pipedrive does not send one.

        Args:
            stream: name the request is counted under.
        """
        return str(self._read(stream).get("company_id") or "")

    def default_currency(self, stream: str, column: str) -> str:
        """Return the ISO 4217 code that Pipedrive uses for amounts without a currency.

        Args:
            stream: name the request is counted under.
            column: column that needs it: name in Pipedrive, or key of a custom field.

        Raises:
            RecordFault: Pipedrive does not send one.
        """
        code = self._read(stream).get("default_currency")
        if not isinstance(code, str) or not code:
            raise RecordFault(
                "needs a currency, because the account has no default currency", fields=(column,)
            )
        return code

    def _read(self, stream: str) -> Mapping[str, object]:
        """Return the user's fields, requested once."""
        with self._lock:
            if self._user is None:
                body = self.request(stream).json()
                user = body.get("data") if isinstance(body, dict) else None
                self._user = user if isinstance(user, dict) else {}
            return self._user
