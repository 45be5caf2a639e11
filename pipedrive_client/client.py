"""The client: every request to Pipedrive goes through here.

Signing in, limits, budget, retry and paging are put together here; each lives in a module of its own.
"""

from __future__ import annotations

import functools
import logging
import random
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pipedrive_client.answers import error_of
from pipedrive_client.auth import ApiTokenAuth, OAuth
from pipedrive_client.concurrency import WorkerPool, in_worker, ordered_map, read_ahead
from pipedrive_client.encoding import encode_body, encode_query
from pipedrive_client.errors import (
    Gone,
    NotFound,
    PipedriveError,
    RateLimited,
    Rejected,
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
from pipedrive_client.paging import Page, Pager, Paging, rows_of
from pipedrive_client.retry import IDEMPOTENT_METHODS, repeating, seconds_before_repeat
from pipedrive_client.times import SystemClock
from pipedrive_client.transport import Answer, Transport, check_redirect
from pipedrive_client.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping
    from types import TracebackType
    from typing import Self

    from pipedrive_client.auth import Authenticator, TokenSet
    from pipedrive_client.encoding import FileParts
    from pipedrive_client.limits import Pass
    from pipedrive_client.settings import ClientSettings
    from pipedrive_client.times import Clock
    from pipedrive_client.transport import Download

T = TypeVar("T")
R = TypeVar("R")

logger = logging.getLogger("pipedrive_client")

_UNAUTHORIZED = 401
_TOO_MANY = 429
_NOT_FOUND = 404
_SERVER_ERRORS = 500
_RANGE_NOT_SATISFIABLE = 416
_MOST_REDIRECTS = 5
_SEARCH_ENDINGS = ("/search", "/itemSearch", "/itemSearch/field")


@dataclass(slots=True, kw_only=True)
class _Call:
    """One request with all its attempts."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str]
    body: bytes | None = None
    cost: int
    idempotent: bool
    timeout_seconds: float | None = None
    label: str | None
    max_attempts: int | None = None
    sink: Callable[[bytes], None] | None = None
    offset: int = 0
    attempt: int = 0
    may_have_acted: bool = False

    @property
    def what(self) -> str:
        """Method and path, the way messages name a request."""
        return f"{self.method} {self.path.partition('?')[0]}"


class PipedriveClient:
    """A connection to one Pipedrive account, safe to share between threads.

    Args:
        settings: validated settings.
        clock: where time comes from; tests pass a fake.
        on_new_token: called after each OAuth refresh, under a lock: keep it short.
    """

    def __init__(
        self,
        settings: ClientSettings,
        *,
        clock: Clock | None = None,
        on_new_token: Callable[[TokenSet], None] | None = None,
    ) -> None:
        settings.check_credentials()
        self.settings = settings
        self.usage = Usage()
        self._clock: Clock = clock or SystemClock()
        self._stop = threading.Event()
        self._transport = Transport(timeout_seconds=settings.request_timeout_seconds)
        self._auth: Authenticator
        if settings.api_token:
            self._auth = ApiTokenAuth(settings, settings.api_token)
        else:
            self._auth = OAuth(
                settings, clock=self._clock, post=self._exchange_form, on_new_token=on_new_token
            )
        assumed = ASSUMED_TOKEN_LIMIT if settings.api_token else ASSUMED_OAUTH_LIMIT
        self._limiter = BurstLimiter(self._clock, self._stop, assumed_limit=assumed)
        self.budget = TokenBudget(self._clock, settings.daily_token_budget)
        self._pool = WorkerPool(settings.max_concurrency)
        self._answered = False
        self._headers = {
            "User-Agent": settings.user_agent or "pipedrive-singer",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        }
        self._run = repeating(self._attempt, self._pause)

    def __repr__(self) -> str:
        return f"PipedriveClient({self._auth.base_url})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def request(  # noqa: PLR0913 - an HTTP request has this many parts
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        json: object = None,
        form: Mapping[str, object] | None = None,
        files: FileParts | None = None,
        headers: Mapping[str, str] | None = None,
        cost: int = 0,
        idempotent: bool | None = None,
        timeout_seconds: float | None = None,
        label: str | None = None,
        max_attempts: int | None = None,
    ) -> Answer:
        """The answer of one request, a success; repeated as the retry policy allows.

        Args:
            method: GET, POST, PUT, PATCH, DELETE.
            path: `/v1/…` or `/api/v2/…`; its parts already quoted.
            params: query; lists are joined with commas, booleans written as words, nulls left out.
            json: body, encoded as JSON; Decimals become numbers, datetimes RFC 3339.
            form: body as a form, or the fields beside `files`.
            files: field name to file name, content and content type; sent as multipart.
            headers: further headers; they cannot replace the sign-in.
            cost: tokens the request costs.
            idempotent: whether it may be repeated after it possibly acted; None decides by the method
                (all but POST).
            timeout_seconds: longest silence of the server; None takes the setting.
            label: stream or action that usage and errors are booked on.
            max_attempts: most attempts in all; None takes the policy's.

        Returns:
            A 2xx answer; for a DELETE that had to be repeated also the 404 or 410 that proves it was done.

        Raises:
            PipedriveError: one of the tree in `errors`, after the repeats.
        """
        if not path.startswith("/"):
            # Appended to the base address, anything else could name another host.
            raise Rejected(
                f"The path of a request must begin with a slash: /v1/… or /api/v2/…, not {path[:20]!r}."
            )
        method = method.upper()
        body, content_type = encode_body(json, form, files)
        extra = dict(headers or {})
        if content_type is not None:
            extra["Content-Type"] = content_type
        call = _Call(
            method=method,
            path=path,
            query=encode_query(params),
            headers=extra,
            body=body,
            cost=cost,
            idempotent=method in IDEMPOTENT_METHODS if idempotent is None else idempotent,
            timeout_seconds=timeout_seconds,
            label=label,
            max_attempts=max_attempts,
        )
        return self._run(call)

    def stream_to(
        self,
        path: str,
        sink: Callable[[bytes], None],
        *,
        cost: int,
        label: str | None,
        offset: int = 0,
    ) -> Answer:
        """Download a file in chunks, following a redirect to the storage without the sign-in.

        A broken connection is taken up again where it broke, so `sink` gets each byte once.

        Args:
            path: `/v1/files/{id}/download` or another binary path.
            sink: takes the chunks in order.
            cost: tokens each request costs.
            label: stream or action.
            offset: bytes the caller already has; the download goes on behind them.

        Returns:
            Status and headers of the last answer, no body. 416 means that there was nothing behind `offset`.
        """
        call = _Call(
            method="GET",
            path=path,
            headers={},
            cost=cost,
            idempotent=True,
            label=label,
            sink=sink,
            offset=offset,
        )
        return self._run(call)

    def pages(  # noqa: PLR0913 - what there is to say about a list
        self,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        paging: Paging,
        page_size: int | None = None,
        cost: int = 0,
        label: str | None = None,
        records: str = "data",
        prefetch: int = 1,
    ) -> Generator[Page, None, None]:
        """The pages of a list; the next ones are requested while the caller handles one.

        Args:
            path: as in `request`.
            params: query of each page; a `start` here begins the list there.
            paging: how the list is read on.
            page_size: `limit` of each page; None sends none.
            cost: tokens a page costs.
            label: stream or action.
            records: dotted path of the rows in the body.
            prefetch: pages that may be ready or under way; 0 requests each page when it is asked for, and so
                does a call from within `ordered_map`.

        Raises:
            PagingStuck: the list does not advance.
            PipedriveError: as in `request`.
        """
        pager = Pager(paging, params, page_size)

        def fetch(page_params: dict[str, object]) -> tuple[Page, dict[str, object] | None]:
            answer = self.request("GET", path, params=page_params, cost=cost, label=label)
            body = answer.json()
            page = Page(
                rows=rows_of(body, records),
                body=body if isinstance(body, dict) else {},
                request_params=page_params,
                answer=answer,
            )
            try:
                return page, pager.after(page)
            except PipedriveError as error:
                error.label = label
                raise

        if prefetch > 0 and not in_worker():
            yield from read_ahead(self._pool, fetch, pager.first, ahead=prefetch)
            return
        following: dict[str, object] | None = pager.first
        while following is not None:
            page, following = fetch(following)
            yield page

    def ordered_map(
        self, function: Callable[[T], R], items: Iterable[T], *, ahead: int | None = None
    ) -> Generator[R, None, None]:
        """Results of the function in the order of the items, many of them under way at a time.

        Args:
            function: runs on up to `max_concurrency` threads; in it, `pages` and `ordered_map` run inline.
            items: pulled lazily, in the caller's thread.
            ahead: most items begun and not yet taken; None takes twice `max_concurrency`.

        Raises:
            Exception: the first failure, in its item's place; later items are not begun any more.
        """
        if in_worker():
            yield from map(function, items)
            return
        yield from ordered_map(self._pool, function, items, ahead=ahead or 2 * self._pool.size)

    def stop(self) -> None:
        """Make every waiting and every later request raise `Stopped`; answers under way are still read."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stop.is_set()

    def close(self) -> None:
        """Let the threads end and close idle connections."""
        self._pool.close()
        self._transport.close()

    def _pause(self, seconds: float) -> None:
        """Wait before a repeat."""
        if self._stop.is_set() or (seconds > 0 and self._clock.wait(seconds, self._stop)):
            raise Stopped("Stopped while waiting to repeat a request.")

    def _attempt(self, call: _Call) -> Answer:
        """One attempt; a failure carries the policy's decision."""
        call.attempt += 1
        try:
            return self._signed_in(call)
        except PipedriveError as error:
            error.label = call.label
            call.may_have_acted = call.may_have_acted or error.may_have_acted
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

    def _signed_in(self, call: _Call) -> Answer:
        """Send with the token in force, and once more with a new one after a 401."""
        name, value = self._auth.header()
        try:
            return self._admitted(call, name, value)
        except Unauthorized as error:
            if error.status != _UNAUTHORIZED or not self._auth.renew(value):
                raise
        return self._admitted(call, *self._auth.header())

    def _admitted(self, call: _Call, name: str, value: str) -> Answer:
        """Send when window and budget allow it, and book what came of it."""
        self.budget.check(call.cost)
        passed = self._limiter.acquire(search=call.path.endswith(_SEARCH_ENDINGS))
        settled = False
        try:
            self.budget.reserve(call.cost)
            answer, download = self._sent(call, name, value)
            self._answered = True
            self.budget.learn(answer.headers)
            settled = True
            if answer.status == _TOO_MANY:
                raise self._refused(call, passed, answer)
            self._limiter.settle(passed, answer.headers)
        finally:
            if not settled:
                self._limiter.settle(passed, None)
        self.usage.add(call.label, tokens=call.cost)
        if download is not None:
            return self._pour(call, download)
        error = error_of(answer, call.what, label=call.label, secrets=self._secrets)
        if error is None or (
            call.method == "DELETE" and call.may_have_acted and isinstance(error, (NotFound, Gone))
        ):
            return answer
        raise error

    def _sent(self, call: _Call, name: str, value: str) -> tuple[Answer, Download | None]:
        """Put the request on the wire; a download comes back with its body unread."""
        separator = "&" if "?" in call.path else "?"
        url = f"{self._auth.base_url}{call.path}{separator if call.query else ''}{call.query}"
        headers = {**self._headers, **call.headers, name: value}
        begun = self._clock.monotonic()
        download: Download | None = None
        try:
            if call.sink is None:
                answer = self._transport.exchange(
                    call.method, url, headers=headers, body=call.body, timeout_seconds=call.timeout_seconds
                )
            else:
                download = self._transport.open(url, headers=headers | _range_headers(call.offset))
                answer = Answer(download.status, download.headers)
                if not download.is_content:
                    answer, download = download.read(), None
        except Unreachable as error:
            if not error.may_have_acted:
                self.budget.refund(call.cost)
            self.usage.add(call.label, tokens=call.cost if error.may_have_acted else 0)
            raise
        if logger.isEnabledFor(logging.DEBUG):
            seconds = self._clock.monotonic() - begun
            logger.debug("%s %d in %.3f s, %d tokens", call.what, answer.status, seconds, call.cost)
        return answer, download

    def _refused(self, call: _Call, passed: Pass, answer: Answer) -> PipedriveError:
        """The error of a 429: a full window, or the end of the day's budget."""
        self.budget.refund(call.cost)
        self.usage.add(call.label)
        seconds, repeated = self._limiter.refuse(passed, answer.headers)
        left = number_of(answer.headers, "x-daily-ratelimit-token-remaining")
        if (left is None and repeated) or (left is not None and left <= 0):
            return self.budget.spend_all()
        error = error_of(answer, call.what, label=call.label, secrets=self._secrets)
        if isinstance(error, RateLimited):
            error.retry_after_seconds = seconds
            logger.info("Pipedrive refused a request (429); all requests wait %.1f s", seconds)
        return error or RateLimited(call.what)

    def _pour(self, call: _Call, download: Download) -> Answer:
        """Follow a download to where the bytes are, and hand them on."""
        for _ in range(_MOST_REDIRECTS):
            target = download.redirect
            if target is None:
                break
            download.close()
            check_redirect(target)
            headers = {"User-Agent": self._headers["User-Agent"], **_range_headers(call.offset)}
            download = self._transport.open(target, headers=headers)
        if not download.is_content or download.redirect:
            status = download.status
            download.close()
            kind = NotFound if status == _NOT_FOUND else ServerError
            # A storage link lives for a short while only: the repeat asks for a new one.
            raise kind(f"{call.what}: the file storage answered {status}.", status=status)
        if download.status != _RANGE_NOT_SATISFIABLE:
            download.pour(functools.partial(_pass_on, call), skip=call.offset - download.starts_at)
        return Answer(download.status, download.headers)

    def _exchange_form(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Send the token exchange once; the request that needs the token repeats it if that may help."""
        try:
            answer = self._transport.exchange("POST", url, headers={**self._headers, **headers}, body=body)
        except Unreachable as error:
            # What may have acted is the exchange, not the request that waits for it.
            error.may_have_acted = False
            raise
        if answer.status >= _SERVER_ERRORS or answer.status == _TOO_MANY:
            raise ServerError(f"The OAuth server answered {answer.status}.", status=answer.status)
        return answer

    def _secrets(self) -> tuple[str, ...]:
        """Values to mask in texts."""
        return self._auth.secrets


def _range_headers(offset: int) -> dict[str, str]:
    """Headers of a download; packed content could not be taken up again in its middle."""
    headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
    return {**headers, "Range": f"bytes={offset}-"} if offset else headers


def _pass_on(call: _Call, chunk: bytes) -> None:
    """Give a chunk to the caller and remember how far it got."""
    if call.sink is not None:
        call.sink(chunk)
    call.offset += len(chunk)
