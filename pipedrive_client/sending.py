"""Sending: what happens to one request between the client's interface and the wire.

Sign-in, burst window, budget, retry and usage meet here; each lives in a module of its own.
"""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipedrive_client.address import KNOWN_COST, KNOWN_PATH, AddressCheck
from pipedrive_client.answers import blocked, error_of
from pipedrive_client.auth import ApiTokenAuth, OAuth
from pipedrive_client.errors import (
    Gone,
    MalformedAnswer,
    NotFound,
    PipedriveError,
    RateLimited,
    ServerError,
    Stopped,
    Unauthorized,
    Unreachable,
)
from pipedrive_client.limits import (
    ASSUMED_OAUTH_LIMIT,
    ASSUMED_TOKEN_LIMIT,
    BurstLimiter,
    TokenBudget,
    number_of,
)
from pipedrive_client.retry import repeating, seconds_before_repeat
from pipedrive_client.transport import Answer, Transport, check_redirect
from pipedrive_client.usage import Usage

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from pipedrive_client.auth import Authenticator, TokenSet
    from pipedrive_client.limits import Pass
    from pipedrive_client.responses import Expectation
    from pipedrive_client.settings import ClientSettings
    from pipedrive_client.times import Clock
    from pipedrive_client.transport import Download

logger = logging.getLogger("pipedrive_client")

_UNAUTHORIZED = 401
_NOT_FOUND = 404
_RANGE_NOT_SATISFIABLE = 416
_TOO_MANY = 429
_SERVER_ERRORS = 500
_MOST_REDIRECTS = 5
_SEARCH_ENDINGS = ("/search", "/itemSearch", "/itemSearch/field")


@dataclass(slots=True, kw_only=True)
class Call:
    """One request with all its attempts.

    Attributes:
        method: in capitals.
        path: as the caller gave it, with or without a query of its own.
        query: further query, encoded.
        headers: the caller's, and the content type.
        body: bytes, or None.
        cost: tokens of one attempt.
        idempotent: whether it may be repeated after it possibly acted.
        timeout_seconds: longest silence, or None for the setting.
        label: stream or action.
        max_attempts: most attempts, or None for the policy's.
        sink: takes the body of a download in chunks; None reads the body whole.
        offset: bytes of the download that the sink's owner has.
        decode: makes the body of its bytes; None decodes JSON.
        expected: what the body of a success must hold; None takes any.
        is_probe: whether it only finds out if the API is at the address.
        attempt: attempts made so far.
        may_have_acted: whether an earlier attempt may have been executed.
        doubted: whether an earlier attempt gave a success whose body was no answer.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str]
    body: bytes | None = None
    cost: int
    idempotent: bool
    timeout_seconds: float | None = None
    label: str | None
    max_attempts: int | None = None
    sink: Callable[[bytes], None] | None = None
    offset: int = 0
    decode: Callable[[bytes], object] | None = None
    expected: Expectation | None = None
    is_probe: bool = False
    attempt: int = 0
    may_have_acted: bool = False
    doubted: bool = False

    @property
    def what(self) -> str:
        """Method and path, the way messages name a request; a query may hold personal data."""
        return f"{self.method} {self.path.partition('?')[0]}"

    @property
    def is_search(self) -> bool:
        """Whether it counts in the small window of the search endpoints."""
        return self.path.partition("?")[0].endswith(_SEARCH_ENDINGS)

    def pass_on(self, chunk: bytes) -> None:
        """Give a chunk to the sink and remember how far it got."""
        if self.sink is not None:
            self.sink(chunk)
        self.offset += len(chunk)


class Sender:
    """Carries out calls; shared by all threads of a client."""

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
        self.budget = TokenBudget(clock, settings.daily_token_budget)
        self.transport = Transport(timeout_seconds=settings.request_timeout_seconds)
        self.auth: Authenticator
        if settings.api_token:
            self.auth = ApiTokenAuth(settings, settings.api_token)
            assumed = ASSUMED_TOKEN_LIMIT
        else:
            self.auth = OAuth(settings, clock=clock, post=self._exchange_form, on_new_token=on_new_token)
            assumed = ASSUMED_OAUTH_LIMIT
        self.limiter = BurstLimiter(clock, stop, assumed_limit=assumed)
        self._answered = False
        self._address = AddressCheck(lambda: self.auth.base_url)
        self._user_agent = settings.user_agent or "pipedrive-singer"
        self.carry_out = repeating(self._attempt, self._pause)

    def _pause(self, seconds: float) -> None:
        """Wait before a repeat."""
        if self._stop.is_set() or (seconds > 0 and self._clock.wait(seconds, self._stop)):
            raise Stopped("Stopped while waiting to repeat a request.")

    def _attempt(self, call: Call) -> Answer:
        """One attempt; a failure carries the policy's decision."""
        call.attempt += 1
        try:
            return self._signed_in(call)
        except PipedriveError as error:
            error.label = call.label
            call.may_have_acted = call.may_have_acted or error.may_have_acted
            call.doubted = call.doubted or isinstance(error, MalformedAnswer)
            error.repeat_in_seconds = seconds_before_repeat(
                error,
                idempotent=call.idempotent,
                attempt=call.attempt,
                max_attempts=call.max_attempts,
                answered_before=self._answered,
                jitter=0.5 + random.random() / 2,  # noqa: S311 - no secret depends on it
            )
            logger.debug(
                "%s failed (attempt %d, repeat in %s s): %s",
                call.what,
                call.attempt,
                error.repeat_in_seconds,
                error,
            )
            raise

    def _signed_in(self, call: Call) -> Answer:
        """Send with the token in force, and once more with a new one after a 401."""
        name, value = self.auth.header()
        try:
            return self._admitted(call, name, value)
        except Unauthorized as error:
            if error.status != _UNAUTHORIZED or not self.auth.renew(value):
                raise
        return self._admitted(call, *self.auth.header())

    def _admitted(self, call: Call, name: str, value: str) -> Answer:
        """Send when window and budget allow it, and book what came of it."""
        self.budget.check(call.cost)
        passed = self.limiter.acquire(search=call.is_search)
        settled = False
        try:
            self.budget.reserve(call.cost)
            answer, download = self._sent(call, name, value)
            self._answered = True
            self.budget.learn(answer.headers)
            settled = True
            if answer.status == _TOO_MANY:
                raise self._refused(call, passed, answer)
            self.limiter.settle(passed, answer.headers)
        finally:
            if not settled:
                self.limiter.settle(passed, None)
        self.usage.add(call.label, tokens=call.cost)
        if download is not None:
            return self._pour(call, download)
        answer.doubted = call.doubted
        error = error_of(answer, call.what, label=call.label, secrets=self._hidden, expected=call.expected)
        if error is None or (
            call.method == "DELETE" and call.may_have_acted and isinstance(error, (NotFound, Gone))
        ):
            self._address.proven = True
            return answer
        if not call.is_probe:
            self._address.check(answer, lambda: self._known_status(name, value))
        raise error

    def _known_status(self, name: str, value: str) -> int | None:
        """Status of the answer at a path that every account has; None for an answer that is not JSON."""
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
        except MalformedAnswer:
            return None
        except PipedriveError as error:
            if error.status is None:
                raise
            return error.status

    def _sent(self, call: Call, name: str, value: str) -> tuple[Answer, Download | None]:
        """Put the request on the wire; a download comes back with its body unread."""
        separator = "&" if "?" in call.path else "?"
        url = f"{self.auth.base_url}{call.path}{separator if call.query else ''}{call.query}"
        headers = {
            "User-Agent": self._user_agent,
            "Accept": "application/json",
            # Packing costs more than it saves where no network is in between.
            "Accept-Encoding": "gzip" if url.startswith("https:") else "identity",
            **call.headers,
            name: value,
        }
        begun = self._clock.monotonic()
        download: Download | None = None
        try:
            if call.sink is None:
                answer = self.transport.exchange(
                    call.method, url, headers=headers, body=call.body, timeout_seconds=call.timeout_seconds
                )
                answer.decode = call.decode or answer.decode
            else:
                download = self.transport.open(url, headers=headers | _range_headers(call.offset))
                answer = Answer(download.status, download.headers)
                if not download.is_content:
                    answer, download = download.read(), None
        except Unreachable as error:
            if not error.may_have_acted:
                self.budget.refund(call.cost)
            else:
                self.usage.add(call.label, tokens=call.cost)
            raise
        if logger.isEnabledFor(logging.DEBUG):
            seconds = self._clock.monotonic() - begun
            logger.debug("%s %d in %.3f s, %d tokens", call.what, answer.status, seconds, call.cost)
        return answer, download

    def _refused(self, call: Call, passed: Pass, answer: Answer) -> PipedriveError:
        """The error of a 429: a full window, or the end of the day's budget."""
        self.budget.refund(call.cost)
        self.usage.add(call.label)
        seconds, repeated = self.limiter.refuse(passed, answer.headers)
        left = number_of(answer.headers, "x-daily-ratelimit-token-remaining")
        if repeated and answer.looks_like_html:
            return blocked(call.what, answer, label=call.label)
        if (left is None and repeated) or (left is not None and left <= 0):
            return self.budget.spend_all()
        logger.info("Pipedrive refused a request (429); all requests wait %.1f s", seconds)
        error = RateLimited(
            f"{call.what} answered 429: the rate limit is used up, by this run or by others with the token.",
            status=_TOO_MANY,
        )
        error.retry_after_seconds = seconds
        return error

    def _pour(self, call: Call, download: Download) -> Answer:
        """Follow a download to where the bytes are, and hand them on."""
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
            # A storage link lives for a short while only: the repeat asks for a new one.
            raise kind(f"{call.what}: the file storage answered {status}.", status=status)
        if download.status != _RANGE_NOT_SATISFIABLE:
            if download.starts_at > call.offset:
                download.close()
                raise MalformedAnswer(
                    f"{call.what}: the file storage sent another part of the file than asked for."
                )
            download.pour(call.pass_on, skip=call.offset - download.starts_at)
        return Answer(download.status, download.headers)

    def _hidden(self) -> tuple[str, ...]:
        """Values to mask in texts, fetched tokens included."""
        return self.auth.secrets

    def _exchange_form(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Send the token exchange once; the request that needs the token repeats it if that may help."""
        try:
            answer = self.transport.exchange(
                "POST", url, headers={"User-Agent": self._user_agent, **headers}, body=body
            )
        except Unreachable as error:
            # What may have acted is the exchange, not the request that waits for it.
            error.may_have_acted = False
            raise
        if answer.status >= _SERVER_ERRORS or answer.status == _TOO_MANY:
            raise ServerError(f"The OAuth server answered {answer.status}.", status=answer.status)
        return answer


def _range_headers(offset: int) -> dict[str, str]:
    """Headers of a download; packed content could not be taken up again in its middle."""
    headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
    return {**headers, "Range": f"bytes={offset}-"} if offset else headers
