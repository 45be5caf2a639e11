"""Signal handling: a thread without locks ends the run in the normal way."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from pipedrive_singer.command_line import Exit

if TYPE_CHECKING:
    from collections.abc import Callable

STOP_SECONDS = 10.0
"""Longest wait for responses after a signal; the intents of the requests are on disk."""


class Interrupted(SystemExit):
    """A signal ended the run before all was durable."""

    def __init__(self, signum: int) -> None:
        super().__init__(Exit.INTERRUPTED + signum)


class Interruption:
    """Ends a run when a signal comes.

    A signal handler runs in the main thread at any point, and must not wait for a lock that the main thread
    may have. So it only wakes a thread that does the rest.

    Args:
        end_run: ends the run; called once, on a thread of its own.
    """

    def __init__(self, end_run: Callable[[BaseException], None]) -> None:
        self._end_run = end_run
        self._error: Interrupted | None = None
        self._woken = threading.Event()
        self._closed = threading.Event()
        threading.Thread(target=self._watch, name="pipedrive-signals", daemon=True).start()

    @property
    def came(self) -> bool:
        """True if a signal has ended the run."""
        return self._error is not None

    def by(self, signum: int) -> None:
        """End the run; exit the process at once on a second signal."""
        if self._error is not None:
            os._exit(Exit.INTERRUPTED + signum)
        self._error = Interrupted(signum)
        self._woken.set()

    def check(self) -> None:
        """Raise `Interrupted` after a signal."""
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        self._woken.set()

    def _watch(self) -> None:
        self._woken.wait()
        if self._error is None:
            return
        self._end_run(self._error)
        if not self._closed.wait(STOP_SECONDS):
            os._exit(int(self._error.code or Exit.INTERRUPTED))
