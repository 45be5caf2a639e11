"""What ends a run before its time: an error that concerns all records, too many failed ones, a torn input."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pipedrive_client import PipedriveError
from target_pipedrive.tasks import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_pipedrive.settings import Options
    from target_pipedrive.tasks import Result, Task


class StoppedByFailures(PipedriveError):  # noqa: N818 - it says what happened, like its kin
    """`on_error: stop` or `max_failures` ended the run."""


class InputBrokeOff(PipedriveError):  # noqa: N818 - the same
    """The tap's last word was that more is to come, or it was cut off in the middle of one."""


class Ending:
    """Keeps the first thing that ended the run, and counts the failures that may.

    Args:
        options: the target's settings `on_error` and `max_failures`.

    Attributes:
        halt: lets nothing more begin; called on the thread that met the end.
    """

    def __init__(self, options: Options) -> None:
        self.halt: Callable[[], None] = lambda: None
        self._options = options
        self._error: BaseException | None = None
        self._failures = 0
        self._lock = threading.Lock()

    @property
    def came(self) -> bool:
        """Whether something ended the run."""
        return self._error is not None

    def by(self, error: BaseException) -> None:
        """End the run; `check` raises the error in the main thread."""
        if self._error is None:
            self._error = error
        self.halt()

    def check(self) -> None:
        """Raise what ended the run, if anything did."""
        if self._error is not None:
            raise self._error

    def count(self, result: Result) -> None:
        """End the run when records have failed as often as they may."""
        if result.outcome is not Outcome.FAILED:
            return
        with self._lock:
            self._failures += 1
            count = self._failures
        most = self._options.max_failures
        if self._options.stop_on_error:
            self.by(StoppedByFailures(result.error))
        elif most and count >= most:
            said = f"Stopped after {count} failed records (max_failures); the last: {result.error}"
            self.by(StoppedByFailures(said))

    def lets_pass(self, task: Task) -> bool:
        """Whether a STATE may pass this record; not when it is the one that stopped the run."""
        result = task.result
        return result is None or result.outcome is not Outcome.FAILED or not self.came
