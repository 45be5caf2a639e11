"""Requests of the check, with the last response kept whole, also that of an error."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from pipedrive_client import (
    FeatureOff,
    MalformedResponse,
    PipedriveError,
    RunError,
    TransientError,
    Unauthorized,
    Unreachable,
)
from tests.live.shapes import kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipedrive_client import PipedriveClient, Response

ATTEMPTS = 3
UNAUTHORIZED = 401
MOST_FAILURES = 5
"""Consecutive reads without a response, or with a failure of the server, after which the check ends."""


class Watched:
    """Transport that passes requests on and keeps the last response of the API.

    Args:
        transport: transport of a client.
    """

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self.last: Response | None = None

    def exchange(self, method: str, url: str, **parts: Any) -> Response:
        self.last = None
        response: Response = self._transport.exchange(method, url, **parts)
        if not url.endswith("/oauth/token"):
            self.last = response
        return response

    def open(self, url: str, **parts: Any) -> Any:
        return self._transport.open(url, **parts)

    def close(self) -> None:
        self._transport.close()


@dataclass(slots=True)
class Answer:
    """Response to one request.

    Attributes:
        status: HTTP status, or 0 without a response.
        error: class of the error, else empty.
        code: Pipedrive's error code, if there is one.
        body: decoded body; None if it is not JSON.
        is_json: True if the body is JSON.
    """

    status: int = 0
    error: str = ""
    code: str = ""
    body: Any = None
    is_json: bool = False


@dataclass
class Wire:
    """Sends the requests of the check to one account.

    Attributes:
        client: signed-in client of the account.
        headers: names of headers of successful GET requests, and the kinds of their values.
        successes: number of these requests.
    """

    client: PipedriveClient
    headers: dict[str, set[str]] = field(default_factory=dict)
    successes: int = 0
    _failures: int = 0

    def __post_init__(self) -> None:
        sender = cast("Any", self.client._sender)  # the client keeps no bodies of errors
        self._watched = Watched(sender.transport)
        sender.transport = self._watched

    def send(self, method: str, path: str, *, cost: int = 0, end: bool = True, **parts: Any) -> Answer:
        """Return the response to one request, whatever it is.

        Args:
            method: HTTP method.
            path: path of the request.
            cost: published cost in tokens.
            end: raise errors that the check cannot continue after.
            parts: further parameters of `PipedriveClient.request`.

        Raises:
            PipedriveError: the check cannot continue: the token was rejected, the tokens of the day are used
                up, or the API did not respond to several requests in a row.
        """
        answer = Answer()
        try:
            response = self.client.request(method, path, cost=cost, max_attempts=ATTEMPTS, **parts)
            if method == "GET":
                self._note(response)
            answer.status, answer.body = response.status, response.json()
            answer.is_json = bool(response.body)
        except PipedriveError as error:
            if end:
                self._stop_if_hopeless(error)
            answer.status, answer.error, answer.code = (
                error.status or 0,
                type(error).__name__,
                error.code or "",
            )
            last = self._watched.last
            if last is not None and not isinstance(error, Unreachable):
                answer.body, answer.is_json = _decoded(last)
        else:
            self._failures = 0
        return answer

    def last_header(self, name: str) -> str:
        """Return a header of the last response; empty if it is missing."""
        last = self._watched.last
        return last.headers.get(name, "") if last is not None else ""

    def _stop_if_hopeless(self, error: PipedriveError) -> None:
        # After a first success, a rejected token or a missing add-on is about one list.
        is_denied = isinstance(error, Unauthorized) and self.successes > 0
        counts = isinstance(error, TransientError) or (is_denied and error.status == UNAUTHORIZED)
        self._failures = self._failures + 1 if counts else 0
        ends = isinstance(error, RunError) and not isinstance(error, FeatureOff) and not is_denied
        if ends or self._failures >= MOST_FAILURES:
            raise error

    def _note(self, response: Response) -> None:
        self.successes += 1
        headers: Mapping[str, str] = response.headers
        for name, value in {name.lower(): value for name, value in headers.items()}.items():
            self.headers.setdefault(name, set()).add(kind(value))


def _decoded(response: Response) -> tuple[Any, bool]:
    try:
        return response.json(), bool(response.body)
    except MalformedResponse:
        return None, False
