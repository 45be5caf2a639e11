"""Signals: the page in hand and the state are written, and the exit code says whether that was all."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipedrive_client import Stopped
from pipedrive_client.cli import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE_SECONDS = 1.0
"""For the last STATE, after a signal; a second signal that comes later ends the run in the middle of it."""


class Interruption:
    """A signal that asks a run to end.

    Attributes:
        ending: whether nothing but the last STATE is to be written.
        complete: whether the last STATE is written, so that a signal changes nothing any more.
    """

    def __init__(self) -> None:
        self._signal = 0
        self._came_at = 0.0
        self.ending = False
        self.complete = False

    def take(self, signum: int) -> bool:
        """Note a signal; return whether the run is to stop because of it. The second one ends the process."""
        if self.complete:
            return False
        moment = time.monotonic()
        if not self._signal:
            self._signal, self._came_at = signum, moment
            return True
        if not self.ending or moment - self._came_at > _PATIENCE_SECONDS:
            os._exit(Exit.INTERRUPTED + signum)
        return False

    def check(self) -> None:
        """Leave, if a signal asked to.

        Raises:
            SystemExit: with 128 plus the signal's number.
        """
        if self._signal:
            raise SystemExit(Exit.INTERRUPTED + self._signal)

    @contextmanager
    def ends_requests(self) -> Iterator[None]:
        """Let a request that a signal stopped end the process with the signal's exit code.

        Raises:
            SystemExit: as in `check`.
        """
        try:
            yield
        except Stopped:
            self.check()
            raise
