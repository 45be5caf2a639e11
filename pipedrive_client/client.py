"""Client for all requests to Pipedrive."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

from pipedrive_client.call import Call, check_path
from pipedrive_client.concurrency import WorkerPool, in_worker, ordered_map, read_ahead
from pipedrive_client.http.encoding import encode_body, encode_query, own_headers
from pipedrive_client.http.retry import IDEMPOTENT_METHODS
from pipedrive_client.paging import Pager, PageReader
from pipedrive_client.responses import LIST_OR_NULL, Null, is_null
from pipedrive_client.sending import Sender
from pipedrive_client.times import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping
    from concurrent.futures import Future
    from types import TracebackType
    from typing import Self, Unpack

    from pipedrive_client.auth.credentials import TokenSet
    from pipedrive_client.call import ReadParts
    from pipedrive_client.http.encoding import FileParts
    from pipedrive_client.http.transport import Response
    from pipedrive_client.limits.token_budget import TokenBudget
    from pipedrive_client.limits.usage import Usage
    from pipedrive_client.paging import Page, Paging
    from pipedrive_client.responses import Expectation
    from pipedrive_client.settings import ClientSettings
    from pipedrive_client.times import Clock


T = TypeVar("T")
R = TypeVar("R")


class PipedriveClient:
    """A connection to one Pipedrive account; thread-safe.

    Args:
        settings: validated settings.
        clock: source of time; tests pass a fake.
        on_new_token: called after each OAuth refresh, under a lock; it must return quickly.
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
        self._stop = threading.Event()
        self._clock = clock or SystemClock()
        self._sender = Sender(settings, clock=self._clock, stop=self._stop, on_new_token=on_new_token)
        self._pool = WorkerPool(settings.max_concurrency)

    def __repr__(self) -> str:
        return f"PipedriveClient({self.base_url})"

    @property
    def base_url(self) -> str:
        """Current base URL of paths; an OAuth response may change it."""
        return self._sender.auth.base_url

    def granted_scopes(self) -> frozenset[str] | None:
        """Return the OAuth scopes granted to the token; requests a token first if there is none.

        Returns:
            None for an API token, and if no token response of this run contained scopes.

        Raises:
            PipedriveError: the authentication failed.
        """
        self._sender.auth.header()
        return self._sender.auth.scopes

    @property
    def burst_limit(self) -> int | None:
        """Requests per two seconds by response headers; None if no response contained the limit."""
        return self._sender.limiter.known_limit

    @property
    def usage(self) -> Usage:
        """Requests and tokens so far."""
        return self._sender.usage

    @property
    def budget(self) -> TokenBudget:
        """Tokens used, and those left today as far as known."""
        return self._sender.budget

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
        decode: Callable[[bytes], object] | None = None,
        expected: Expectation | None = None,
    ) -> Response:
        """Return the successful response of one request, retried according to the retry policy.

        Args:
            method: GET, POST, PUT, PATCH, DELETE.
            path: `/v1/…` or `/api/v2/…`, with quoted segments.
            params: query; lists are joined with commas, booleans written as words, nulls omitted.
            json: body, encoded as JSON; Decimals become numbers, datetimes RFC 3339.
            form: body as a form, or the form fields in addition to `files`.
            files: field name to file name, content and content type; sent as multipart.
            headers: further headers; they cannot replace the authentication.
            cost: tokens the request costs.
            idempotent: True if it may be retried after it possibly acted; None decides by the method (all
                except POST).
            timeout_seconds: read timeout; None uses the setting.
            label: stream or action for usage and errors.
            max_attempts: maximum number of attempts; None uses the policy's.
            decode: decodes the bytes of the body, or raises msgspec's `DecodeError`; None decodes JSON.
            expected: required content of a successful response; other content raises `MalformedResponse`,
                which is retried if that is safe and otherwise reports that the request may have acted. None
                accepts any body.

        Returns:
            A 2xx response; for a retried DELETE also the 404 or 410 that proves its success.

        Raises:
            PipedriveError: one of the tree in `errors`, after all retries.
        """
        check_path(path)
        method = method.upper()
        body, content_type = encode_body(json, form, files)
        call = Call(
            method=method,
            path=path,
            query=encode_query(params),
            headers=own_headers(headers, content_type),
            body=body,
            cost=cost,
            idempotent=method in IDEMPOTENT_METHODS if idempotent is None else idempotent,
            timeout_seconds=timeout_seconds,
            label=label,
            max_attempts=max_attempts,
            decode=decode,
            expected=expected,
        )
        return self._sender.carry_out(call)

    def read(self, path: str, *, expected: Expectation, **parts: Unpack[ReadParts]) -> Response:
        """Return the response of a GET with the expected content.

        A null that could be an empty list, or a failure that looks like one, is requested again.

        Args:
            path: as in `request`.
            expected: required content of the body, and the meaning of a null.
            parts: further parameters of `request`.

        Raises:
            PipedriveError: as in `request`.
        """
        response = self.request("GET", path, expected=expected, **parts)
        if expected.null is Null.CONFIRMED and is_null(response, expected):
            response = self.request("GET", path, expected=expected, **parts)
            response.doubted = not is_null(response, expected)
        return response

    def stream_to(
        self,
        path: str,
        sink: Callable[[bytes], None],
        *,
        cost: int,
        label: str | None,
        offset: int = 0,
    ) -> Response:
        """Download a file in chunks, following a redirect to the storage without credentials.

        An interrupted download is resumed at the same byte, so `sink` gets each byte once.

        Args:
            path: `/v1/files/{id}/download` or another binary path.
            sink: receives the chunks in order.
            cost: tokens of each request.
            label: stream or action.
            offset: bytes the caller already has; the download continues after them.

        Returns:
            Status and headers of the last response, no body. 416 means that there is nothing after `offset`.
        """
        check_path(path)
        call = Call(
            method="GET",
            path=path,
            headers={},
            cost=cost,
            idempotent=True,
            label=label,
            sink=sink,
            offset=offset,
        )
        return self._sender.carry_out(call)

    def pages(
        self,
        path: str,
        *,
        paging: Paging,
        page_size: int | None = None,
        prefetch: int = 1,
        expected: Expectation | None = None,
        **parts: Unpack[ReadParts],
    ) -> Generator[Page, None, None]:
        """Yield the pages of a list; the next ones are requested while the caller handles one.

        Args:
            path: as in `request`.
            paging: the kind of paging.
            page_size: `limit` of each page; None sends none.
            prefetch: pages that may be ready or in progress; 0 requests each page on demand, which is also
                the case within `ordered_map`.
            expected: required content of each page; None expects a list at `data`. Its `null` applies to the
                first page and to pages that no other page has announced; elsewhere a null is rejected.
            parts: further parameters of `request`, for each page; the list begins at the `start` of `params`.

        Raises:
            PagingStuck: the list does not advance.
            PipedriveError: as in `request`.
        """
        pager = Pager(paging, parts.get("params"), page_size)
        reader = PageReader(self.read, path, pager, expected or LIST_OR_NULL, parts)
        if prefetch > 0 and not in_worker():
            yield from read_ahead(self._pool, reader.fetch, pager.first, ahead=prefetch)
            return
        following: dict[str, object] | None = pager.first
        while following is not None:
            page, following = reader.fetch(following)
            yield page

    def ordered_map(
        self, function: Callable[[T], R], items: Iterable[T], *, ahead: int | None = None
    ) -> Generator[R, None, None]:
        """Yield results of the function in the order of the items, with many calls in progress at a time.

        Args:
            function: runs on up to `max_concurrency` threads; in it, `pages` and `ordered_map` run inline.
            items: pulled lazily, in the caller's thread.
            ahead: maximum number of started items whose result was not yielded; by default, twice
                `max_concurrency`.

        Raises:
            Exception: the first failure, at its item's position; later items are not started.
        """
        if in_worker():
            yield from map(function, items)
            return
        yield from ordered_map(self._pool, function, items, ahead=ahead or 2 * self._pool.size)

    def begin(self, function: Callable[[], R]) -> Future[R]:
        """Run a function on a thread of the client; in it, `pages` and `ordered_map` run inline.

        Raises:
            Stopped: the client is closed.
        """
        return self._pool.submit(function)

    def wait(self, seconds: float) -> None:
        """Wait that long, or until `stop` is called."""
        self._clock.wait(seconds, self._stop)

    def stop(self) -> None:
        """Make all waiting and later requests raise `Stopped`; responses in progress are still read."""
        self._stop.set()
        self._sender.limiter.wake()

    @property
    def stopping(self) -> bool:
        """True if `stop` was called."""
        return self._stop.is_set()

    def close(self) -> None:
        """Stop the threads and close idle connections."""
        self._pool.close()
        self._sender.transport.close()
