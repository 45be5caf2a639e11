"""Bounded concurrency: a few daemon threads, results in the order of the input."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from pipedrive_client.errors import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

T = TypeVar("T")
R = TypeVar("R")

_here = threading.local()


class WorkerPool:
    """At most `size` threads, started as they are needed.

    They are daemons, so that Ctrl-C does not wait for an answer that may take a minute.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._lock = threading.Lock()
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._threads = 0
        self._idle = 0
        self._closed = False

    def submit(self, function: Callable[[], R]) -> Future[R]:
        """Run the function on a thread of the pool.

        Raises:
            Stopped: the pool is closed.
        """
        future: Future[R] = Future()
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
        return future

    def close(self) -> None:
        """Let the threads end when their queue is empty; no new work is taken."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for _ in range(self._threads):
                self._jobs.put(None)

    def _work(self) -> None:
        """Run jobs until told to end."""
        _here.in_worker = True
        while True:
            job = self._jobs.get()
            if job is None:
                return
            future, function = job
            if future.set_running_or_notify_cancel():
                try:
                    result = function()
                except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for the result
                    future.set_exception(error)
                else:
                    future.set_result(result)
            del job, future, function
            with self._lock:
                self._idle += 1


def in_worker() -> bool:
    """Whether this code runs on a pool's thread, where waiting for the pool could wait for itself."""
    return getattr(_here, "in_worker", False)


def ordered_map(
    pool: WorkerPool, function: Callable[[T], R], items: Iterable[T], *, ahead: int
) -> Generator[R, None, None]:
    """Results in the order of the items, at most `ahead` of them under way or waiting to be taken.

    After a failure no further item is begun; those under way are awaited, so that nothing goes on behind
    the caller's back. The same happens when the generator is closed.
    """
    under_way: deque[Future[R]] = deque()
    source = enumerate(items)
    failures: list[int] = []

    def run(index: int, item: T) -> R:
        # Items before the failed one must still be done: their results come first.
        if failures and index > min(failures):
            raise Stopped("An earlier item failed.")
        try:
            return function(item)
        except BaseException:
            failures.append(index)
            raise

    def fill() -> None:
        while len(under_way) < ahead and not failures:
            following = next(source, None)
            if following is None:
                return
            under_way.append(pool.submit(partial(run, *following)))

    try:
        fill()
        while under_way:
            result = under_way.popleft().result()
            yield result
            del result
            fill()
    finally:
        for future in under_way:
            future.cancel()
        for future in under_way:
            if not future.cancelled():
                future.exception()


def read_ahead(
    pool: WorkerPool, step: Callable[[T], tuple[R, T | None]], first: T, *, ahead: int
) -> Generator[R, None, None]:
    """Results of a chain of steps, each needing the token that the one before returned.

    Args:
        pool: runs the steps, one at a time.
        step: takes a token; returns a result and the token of the next step, or None at the end.
        first: token of the first step.
        ahead: results that may be ready or under way while the caller handles one.
    """
    ready: SimpleQueue[tuple[R, bool] | BaseException] = SimpleQueue()
    lock = threading.Lock()
    slots = ahead
    parked: list[T] = []
    closed = threading.Event()

    def begin(token: T) -> None:
        nonlocal slots
        with lock:
            if slots == 0:
                parked.append(token)
                return
            slots -= 1
        pool.submit(partial(run, token))

    def run(token: T) -> None:
        if closed.is_set():
            return
        try:
            result, following = step(token)
            if following is not None and not closed.is_set():
                begin(following)
        except BaseException as error:  # noqa: BLE001 - raised again by the caller's thread
            ready.put(error)
        else:
            ready.put((result, following is None))

    try:
        begin(first)
        ended = False
        while not ended:
            outcome = ready.get()
            if isinstance(outcome, BaseException):
                raise outcome
            result, ended = outcome
            with lock:
                slots += 1
                waiting = parked.pop() if parked else None
            if waiting is not None:
                begin(waiting)
            yield result
            del result, outcome
    finally:
        closed.set()
