"""Signals: the current page and the state are written, and the exit code shows if the run is complete."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipedrive_client import Stopped
from pipedrive_singer.command_line import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE_SECONDS = 1.0
"""Time for the last STATE after a signal; a second signal after that time interrupts it."""


class Interruption:
    """Signal that stops a run.

    Attributes:
        ending: True if only the last STATE remains to be written.
        complete: True if the last STATE is written, so that a signal no longer has an effect.
    """

    def __init__(self) -> None:
        self._signal = 0
        self._came_at = 0.0
        self.ending = False
        self.complete = False

    def take(self, signum: int) -> bool:
        """Record a signal; returns whether the run must stop because of it. A second one ends the process."""
        if self.complete:
            return False
        moment = time.monotonic()
        if not self._signal:
            self._signal, self._came_at = signum, moment
            return True
        if not self.ending or moment - self._came_at > _PATIENCE_SECONDS:
            os._exit(Exit.INTERRUPTED + signum)
        return False

    @property
    def came(self) -> bool:
        """True if a signal was received that stops the run."""
        return bool(self._signal)

    def check(self) -> None:
        """Exit if a signal was received.

        Raises:
            SystemExit: with 128 plus the signal's number.
        """
        if self._signal:
            raise SystemExit(Exit.INTERRUPTED + self._signal)

    @contextmanager
    def ends_requests(self) -> Iterator[None]:
        """Exit with the signal's exit code if a signal stopped a request.

        Raises:
            SystemExit: as in `check`.
        """
        try:
            yield
        except Stopped:
            self.check()
            raise
