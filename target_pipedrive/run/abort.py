"""Early ends of a run: an error that affects all records, too many failures, a truncated input."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pipedrive_client import PipedriveError

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_pipedrive.record.outcome import Result
    from target_pipedrive.record.task import Task
    from target_pipedrive.settings import Options


class StoppedByFailures(PipedriveError):  # noqa: N818 - named after the event, like the other errors here
    """`on_error: stop` or `max_failures` ended the run."""


class InputBrokeOff(PipedriveError):  # noqa: N818 - the same
    """The tap's last word was that more is to come, or it was cut off in the middle of one."""


_SAMPLE = 100
"""Minimum number of finished records for a share of failures."""


class Ending:
    """Keeps the first thing that ended the run, and counts the failures that may.

    Args:
        options: the target's settings `on_error`, `max_failures` and `max_failure_percent`.
        halt: lets no further record begin; called on the thread that ends the run.
    """

    def __init__(self, options: Options, halt: Callable[[], None]) -> None:
        self._halt = halt
        self._options = options
        self._error: BaseException | None = None
        self._failures = 0
        self._ended = 0
        self._limited = bool(options.max_failures) or options.max_failure_percent is not None
        self._lock = threading.Lock()

    @property
    def came(self) -> bool:
        """True if the run was ended."""
        return self._error is not None

    def by(self, error: BaseException) -> None:
        """End the run; `check` raises the error in the main thread."""
        if self._error is None:
            self._error = error
        self._halt()

    def check(self) -> None:
        """Raise what ended the run, if anything did."""
        if self._error is not None:
            raise self._error

    def count(self, result: Result, *, as_error: BaseException | None = None) -> None:
        """Count a record that ended; end the run when records have failed as often as they may.

        Args:
            result: how it ended.
            as_error: error that `on_error: stop` raises for it; None uses `StoppedByFailures`.
        """
        failed = result.fault is not None
        with self._lock:
            self._ended += 1
            self._failures += failed
            ended, failures = self._ended, self._failures
        if result.fault is None:
            return
        last = result.fault.sentence(masked=True)
        if self._options.stop_on_error:
            self.by(as_error or StoppedByFailures(last))
        elif self._options.max_failures and failures >= self._options.max_failures:
            self.by(
                StoppedByFailures(f"Stopped after {failures} failed records (max_failures); the last: {last}")
            )
        elif ended >= _SAMPLE:
            self._judge(f"; the last: {last}")

    def judge(self) -> None:
        """End the run when, of all its records, more have failed than `max_failure_percent` allows."""
        self._judge("")

    def _judge(self, more: str) -> None:
        percent = self._options.max_failure_percent
        with self._lock:
            failures, ended = self._failures, self._ended
        if percent is not None and failures * 100 > percent * ended:
            self.by(
                StoppedByFailures(
                    f"{failures} of {ended} records failed, more than max_failure_percent ({percent:g}) "
                    f"allows; the STATE stays where it was before the first of them{more}"
                )
            )

    def lets_pass(self, task: Task) -> bool:
        """Return whether a STATE may pass this record.

        Not when it stopped the run; nor, where a setting limits failures, when it failed: the run may exceed
        the limit later, and then the next run must receive all its failed records again.
        """
        result = task.result
        return result is None or result.fault is None or not (self.came or self._limited)
