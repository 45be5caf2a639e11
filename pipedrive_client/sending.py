"""Processing of one request: authentication, rate limit, token budget, retries and usage.

Each of these is implemented in its own module; this one combines them.
"""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING

from pipedrive_client.auth.credentials import ApiTokenAuth, OAuth
from pipedrive_client.auth.scopes import required_scopes
from pipedrive_client.call import Call
from pipedrive_client.errors import (
    Gone,
    ItemError,
    MalformedResponse,
    MissingScope,
    NotFound,
    PipedriveError,
    RateLimited,
    Rejected,
    ServerError,
    Stopped,
    Unauthorized,
    UnknownMethod,
    Unreachable,
)
from pipedrive_client.http.address import KNOWN_COST, KNOWN_PATH, AddressCheck
from pipedrive_client.http.connection_errors import check_redirect
from pipedrive_client.http.prefixes import Prefixes
from pipedrive_client.http.retry import repeating, seconds_before_repeat
from pipedrive_client.http.transport import Response, Transport
from pipedrive_client.limits.burst import ASSUMED_OAUTH_LIMIT, ASSUMED_TOKEN_LIMIT, BurstLimiter, number_of
from pipedrive_client.limits.token_budget import TokenBudget
from pipedrive_client.limits.usage import Usage
from pipedrive_client.response_errors import blocked, error_of

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from pipedrive_client.auth.credentials import Authenticator, TokenSet
    from pipedrive_client.http.transport import Download
    from pipedrive_client.limits.burst import Pass
    from pipedrive_client.settings import ClientSettings
    from pipedrive_client.times import Clock

logger = logging.getLogger("pipedrive_client")

_UNAUTHORIZED = 401
_NOT_FOUND = 404
_RANGE_NOT_SATISFIABLE = 416
_TOO_MANY = 429
_SERVER_ERRORS = 500
_MOST_REDIRECTS = 5


class Sender:
    """Executor of calls, shared by all threads of a client."""

    def __init__(
        self,
        settings: ClientSettings,
        *,
        clock: Clock,
        stop: threading.Event,
        on_new_token: Callable[[TokenSet], None] | None = None,
    ) -> None:
        self._clock = clock
        self._stop = stop
        self.usage = Usage()
        self.budget = TokenBudget(clock, of_day=settings.daily_token_budget, of_run=settings.run_token_budget)
        self.transport = Transport(timeout_seconds=settings.request_timeout_seconds)
        self.auth: Authenticator
        if settings.api_token:
            self.auth = ApiTokenAuth(settings, settings.api_token)
            assumed = ASSUMED_TOKEN_LIMIT
        else:
            self.auth = OAuth(settings, clock=clock, post=self._exchange_form, on_new_token=on_new_token)
            assumed = ASSUMED_OAUTH_LIMIT
        self.limiter = BurstLimiter(clock, stop, assumed_limit=assumed)
        self._had_response = False
        self._prefixes = Prefixes()
        self._address = AddressCheck(lambda: self.auth.base_url)
        self._user_agent = settings.user_agent or "pipedrive-singer"
        self.carry_out = repeating(self._attempt, self._pause)

    def _pause(self, seconds: float) -> None:
        """Wait before a retry."""
        if self._stop.is_set() or (seconds > 0 and self._clock.wait(seconds, self._stop)):
            raise Stopped("Stopped while waiting to retry a request.")

    def _attempt(self, call: Call) -> Response:
        """Make one attempt; an error contains the decision of the retry policy."""
        call.attempt += 1
        try:
            return self._signed_in(call)
        except PipedriveError as error:
            error.label = call.label
            call.may_have_acted = call.may_have_acted or error.may_have_acted
            call.doubted = call.doubted or isinstance(error, MalformedResponse)
            error.repeat_in_seconds = seconds_before_repeat(
                error,
                idempotent=call.idempotent,
                attempt=call.attempt,
                max_attempts=call.max_attempts,
                had_response=self._had_response,
                jitter=0.5 + random.random() / 2,  # noqa: S311 - no secret depends on it
            )
            logger.debug(
                "%s failed (attempt %d, retry in %s s): %s",
                call.what,
                call.attempt,
                error.repeat_in_seconds,
                error,
            )
            raise

    def _signed_in(self, call: Call) -> Response:
        """Send with the current token, and retry once with a new one after a 401."""
        name, value = self.auth.header()
        try:
            return self._prefixed(call, name, value)
        except Unauthorized as error:
            if error.status != _UNAUTHORIZED or not self.auth.renew(value):
                raise
        return self._prefixed(call, *self.auth.header())

    def _prefixed(self, call: Call, name: str, value: str) -> Response:
        """Send under the API prefix of the host, and after "Unknown method" once under the other one."""
        if call.sink is not None:  # a long download must not delay others
            return self._found(call, name, value)
        with self._prefixes.first_alone(self.auth.base_url, call.method, call.path):
            return self._found(call, name, value)

    def _found(self, call: Call, name: str, value: str) -> Response:
        while True:
            base_url = self.auth.base_url
            call.path = self._prefixes.path(base_url, call.method, call.path)
            try:
                response = self._admitted(call, name, value)
            except (UnknownMethod, MissingScope) as error:
                if isinstance(error, MissingScope) and not self._is_granted(call):
                    raise
                self._prefixes.reject(error, base_url, call.method, call.path)
            except (ItemError, Rejected):
                self._prefixes.accept(base_url, call.method, call.path)
                raise
            else:
                self._prefixes.accept(base_url, call.method, call.path)
                return response

    def _is_granted(self, call: Call) -> bool:
        """Return True if the scope is granted; then "Scope and URL mismatch" is about the URL."""
        needed = required_scopes(call.method, call.path)
        return not (self.auth.scopes or frozenset()).isdisjoint(needed)

    def _admitted(self, call: Call, name: str, value: str) -> Response:
        """Send as soon as rate limit and budget allow it, and record usage and limits."""
        self.budget.check(call.cost)
        passed = self.limiter.acquire(search=call.is_search)
        settled = False
        try:
            self.budget.reserve(call.cost)
            response, download = self._sent(call, name, value)
            self._had_response = True
            self.budget.learn(response.headers)
            settled = True
            if response.status == _TOO_MANY:
                raise self._refused(call, passed, response)
            self.limiter.settle(passed, response.headers)
        finally:
            if not settled:
                self.limiter.settle(passed, None)
        self.usage.add(call.label, tokens=call.cost)
        if download is not None:
            return self._pour(call, download)
        response.doubted = call.doubted
        error = error_of(
            response,
            call.what,
            label=call.label,
            secrets=self._hidden,
            expected=call.expected,
            served=self._address.proven and call.sink is None,  # a storage of files has no JSON
        )
        if error is None or (
            call.method == "DELETE" and call.may_have_acted and isinstance(error, (NotFound, Gone))
        ):
            self._address.proven = True
            return response
        if not call.is_probe:
            self._address.check(response, lambda: self._known_status(name, value))
        raise error

    def _known_status(self, name: str, value: str) -> int | None:
        """Return the status of a path that every account has; None for a response that is not JSON."""
        call = Call(
            method="GET",
            path=KNOWN_PATH,
            headers={},
            cost=KNOWN_COST,
            idempotent=True,
            label=None,
            is_probe=True,
        )
        try:
            return self._admitted(call, name, value).status
        except MalformedResponse:
            return None
        except PipedriveError as error:
            if error.status is None:
                raise
            return error.status

    def _sent(self, call: Call, name: str, value: str) -> tuple[Response, Download | None]:
        """Send the request; a download is returned with its body unread."""
        separator = "&" if "?" in call.path else "?"
        url = f"{self.auth.base_url}{call.path}{separator if call.query else ''}{call.query}"
        headers = {
            "User-Agent": self._user_agent,
            "Accept": "application/json",
            # Without a network in between, compression costs more than it saves.
            "Accept-Encoding": "gzip" if url.startswith("https:") else "identity",
            **call.headers,
            name: value,
        }
        begun = self._clock.monotonic()
        download: Download | None = None
        try:
            if call.sink is None:
                response = self.transport.exchange(
                    call.method, url, headers=headers, body=call.body, timeout_seconds=call.timeout_seconds
                )
                response.decode = call.decode or response.decode
            else:
                download = self.transport.open(url, headers=headers | _range_headers(call.offset))
                response = Response(download.status, download.headers)
                if not download.is_content:
                    response, download = download.read(), None
        except Unreachable as error:
            if not error.may_have_acted:
                self.budget.refund(call.cost)
            else:
                self.usage.add(call.label, tokens=call.cost)
            raise
        if logger.isEnabledFor(logging.DEBUG):
            seconds = self._clock.monotonic() - begun
            logger.debug("%s %d in %.3f s, %d tokens", call.what, response.status, seconds, call.cost)
        return response, download

    def _refused(self, call: Call, passed: Pass, response: Response) -> PipedriveError:
        """Return the error of a 429: burst limit reached, or daily budget exhausted."""
        self.budget.refund(call.cost)
        self.usage.add(call.label)
        seconds, repeated = self.limiter.reject(passed, response.headers)
        left = number_of(response.headers, "x-daily-ratelimit-token-remaining")
        if repeated and response.looks_like_html:
            return blocked(call.what, response, label=call.label)
        if (left is None and repeated) or (left is not None and (left <= 0 or left < call.cost)):
            return self.budget.spend_all(int(left or 0), call.cost)
        logger.info("Pipedrive returned 429; pausing all requests for %.1f s", seconds)
        error = RateLimited(
            f"{call.what} returned 429: the rate limit is exhausted by this run or other users of the token.",
            status=_TOO_MANY,
        )
        error.retry_after_seconds = seconds
        return error

    def _pour(self, call: Call, download: Download) -> Response:
        """Follow the redirects of a download and pass its bytes to the sink."""
        for _ in range(_MOST_REDIRECTS):
            target = download.redirect
            if target is None:
                break
            download.close()
            check_redirect(target)
            headers = {"User-Agent": self._user_agent, **_range_headers(call.offset)}
            download = self.transport.open(target, headers=headers)
        if not download.is_content or download.redirect:
            status = download.status
            download.close()
            kind = NotFound if status == _NOT_FOUND else ServerError
            # A storage link is valid for a short time only: the retry requests a new one.
            raise kind(f"{call.what}: the file storage returned {status}.", status=status)
        if download.status != _RANGE_NOT_SATISFIABLE:
            if download.starts_at > call.offset:
                download.close()
                raise MalformedResponse(
                    f"{call.what}: the file storage sent a different part of the file than requested."
                )
            download.pour(call.pass_on, skip=call.offset - download.starts_at)
        return Response(download.status, download.headers)

    def _hidden(self) -> tuple[str, ...]:
        """Return the values to mask in messages, including new access tokens."""
        return self.auth.secrets

    def _exchange_form(self, url: str, body: bytes, headers: dict[str, str]) -> Response:
        """Send the token request once; the call that needs the token retries it if that may help."""
        try:
            response = self.transport.exchange(
                "POST", url, headers={"User-Agent": self._user_agent, **headers}, body=body
            )
        except Unreachable as error:
            # The token request may have acted, but not the call that waits for the token.
            error.may_have_acted = False
            raise
        if response.status >= _SERVER_ERRORS or response.status == _TOO_MANY:
            raise ServerError(f"The OAuth server returned {response.status}.", status=response.status)
        return response


def _range_headers(offset: int) -> dict[str, str]:
    """Return the headers of a download, uncompressed so that it can be resumed at any byte."""
    headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
    return {**headers, "Range": f"bytes={offset}-"} if offset else headers
