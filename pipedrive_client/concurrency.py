"""Bounded concurrency: a few daemon threads, results in the order of the input."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pipedrive_client.errors import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

T = TypeVar("T")
R = TypeVar("R")

_here = threading.local()


class WorkerPool:
    """Pool of at most `size` threads, started on demand.

    They are daemons, so Ctrl-C does not wait for a response that may take a minute.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._lock = threading.Lock()
        self._jobs: SimpleQueue[tuple[Future[Any] | None, Callable[[], Any]] | None] = SimpleQueue()
        self._threads = 0
        self._idle = 0
        self._closed = False

    def submit(self, function: Callable[[], R]) -> Future[R]:
        """Run the function on a thread of the pool.

        Raises:
            Stopped: the pool is closed.
        """
        future: Future[R] = Future()
        self._put(future, function)
        return future

    def start(self, function: Callable[[], object]) -> None:
        """Run a function without a result, which handles its own errors.

        Raises:
            Stopped: the pool is closed.
        """
        self._put(None, function)

    def _put(self, future: Future[Any] | None, function: Callable[[], Any]) -> None:
        with self._lock:
            if self._closed:
                raise Stopped("The client is closed.")
            self._jobs.put((future, function))
            if self._idle > 0:
                self._idle -= 1
            elif self._threads < self.size:
                self._threads += 1
                name = f"pipedrive-{self._threads}"
                threading.Thread(target=self._work, name=name, daemon=True).start()

    def close(self) -> None:
        """Stop the threads when their queue is empty; no new work is accepted."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for _ in range(self._threads):
                self._jobs.put(None)

    def _work(self) -> None:
        """Run jobs until the pool is closed."""
        _here.in_worker = True
        while True:
            job = self._jobs.get()
            if job is None:
                return
            future, function = job
            if future is None:
                function()
            elif future.set_running_or_notify_cancel():
                try:
                    result = function()
                except BaseException as error:  # noqa: BLE001 - passed to the thread that waits for the result
                    future.set_exception(error)
                else:
                    future.set_result(result)
            del job, future, function
            with self._lock:
                self._idle += 1


def in_worker() -> bool:
    """Return whether this code runs on a pool's thread, where waiting for the pool could deadlock."""
    return getattr(_here, "in_worker", False)


def ordered_map(
    pool: WorkerPool, function: Callable[[T], R], items: Iterable[T], *, ahead: int
) -> Generator[R, None, None]:
    """Yield results in the order of the items, at most `ahead` of them in progress or not yet yielded.

    After a failure no further item is started, and the items in progress are awaited, so nothing runs after
    the call. The same happens when the generator is closed.
    """
    batch = _Batch(pool, function, items, ahead)
    try:
        batch.fill()
        while batch.under_way:
            yield batch.under_way.popleft().result()
            batch.fill()
    finally:
        batch.abandon()


class _Batch(Generic[T, R]):
    """Items of one `ordered_map` that are in progress."""

    def __init__(self, pool: WorkerPool, function: Callable[[T], R], items: Iterable[T], ahead: int) -> None:
        self.under_way: deque[Future[R]] = deque()
        self._pool = pool
        self._function = function
        self._source = enumerate(items)
        self._ahead = ahead
        self._failures: list[int] = []

    def fill(self) -> None:
        """Start further items."""
        while len(self.under_way) < self._ahead and not self._failures:
            following = next(self._source, None)
            if following is None:
                return
            self.under_way.append(self._pool.submit(partial(self._run, *following)))

    def abandon(self) -> None:
        """Cancel items that have not started and wait for the others."""
        for future in self.under_way:
            future.cancel()
        for future in self.under_way:
            if not future.cancelled():
                future.exception()

    def _run(self, index: int, item: T) -> R:
        """Run one item unless an earlier one has failed; items before the failed one still return results."""
        if self._failures and index > min(self._failures):
            raise Stopped("An earlier item failed.")
        try:
            return self._function(item)
        except BaseException:
            self._failures.append(index)
            raise


def read_ahead(
    pool: WorkerPool, step: Callable[[T], tuple[R, T | None]], first: T, *, ahead: int
) -> Generator[R, None, None]:
    """Yield results of a chain of steps, where each step needs the token of the previous one.

    Args:
        pool: runs the steps, one at a time.
        step: gets a token; returns a result and the token of the next step, or None at the end.
        first: token of the first step.
        ahead: results that may be ready or in progress while the caller processes one.
    """
    chain = _Chain(pool, step, ahead)
    try:
        chain.begin(first)
        ended = False
        while not ended:
            result, ended = chain.take()
            yield result
    finally:
        chain.closed = True


class _Chain(Generic[T, R]):
    """The steps of one `read_ahead`."""

    def __init__(self, pool: WorkerPool, step: Callable[[T], tuple[R, T | None]], ahead: int) -> None:
        self.closed = False
        self._pool = pool
        self._step = step
        self._ready: SimpleQueue[tuple[R, bool] | BaseException] = SimpleQueue()
        self._lock = threading.Lock()
        self._slots = ahead
        self._parked: T | None = None

    def begin(self, token: T) -> None:
        """Start a step, or keep its token until the caller has received a result."""
        with self._lock:
            if self._slots == 0:
                self._parked = token
                return
            self._slots -= 1
        self._pool.submit(partial(self._run, token))

    def take(self) -> tuple[R, bool]:
        """Return the next result and whether it is the last."""
        outcome = self._ready.get()
        if isinstance(outcome, BaseException):
            raise outcome
        with self._lock:
            self._slots += 1
            token, self._parked = self._parked, None
        if token is not None:
            self.begin(token)
        return outcome

    def _run(self, token: T) -> None:
        """Run one step on a thread of the pool."""
        if self.closed:
            return
        try:
            result, following = self._step(token)
            self._ready.put((result, following is None))
            if following is not None and not self.closed:
                self.begin(following)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._ready.put(error)
