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


class InputTruncated(PipedriveError):  # noqa: N818 - the same
    """The input ended in the middle of a line, or before the tap had written its last STATE."""


_SAMPLE = 100
"""Number of finished records from which `max_failure_percent` is checked during the run."""


class RunAbort:
    """First error that ends the run, and the count of failed records against the limits of the settings.

    Args:
        options: the target's settings `on_error`, `max_failures` and `max_failure_percent`.
        halt: starts no further record; called on the thread that ends the run.
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
    def triggered(self) -> bool:
        """True if the run was ended."""
        return self._error is not None

    def trigger(self, error: BaseException) -> None:
        """End the run with this error, which `check` raises in the main thread."""
        if self._error is None:
            self._error = error
        self._halt()

    def check(self) -> None:
        """Raise the error that ended the run, if there is one."""
        if self._error is not None:
            raise self._error

    def count(self, result: Result, *, as_error: BaseException | None = None) -> None:
        """Count a finished record; end the run when the permitted number of failures is reached.

        Args:
            result: result of the record.
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
            self.trigger(as_error or StoppedByFailures(last))
        elif self._options.max_failures and failures >= self._options.max_failures:
            self.trigger(
                StoppedByFailures(f"Stopped after {failures} failed records (max_failures); the last: {last}")
            )
        elif ended >= _SAMPLE:
            self._check_failure_share(f"; the last: {last}")

    def check_failure_share(self) -> None:
        """End the run if the share of failed records exceeds `max_failure_percent`."""
        self._check_failure_share("")

    def _check_failure_share(self, more: str) -> None:
        percent = self._options.max_failure_percent
        with self._lock:
            failures, ended = self._failures, self._ended
        if percent is not None and failures * 100 > percent * ended:
            self.trigger(
                StoppedByFailures(
                    f"{failures} of {ended} records failed, more than max_failure_percent ({percent:g}) "
                    f"allows; the STATE stays where it was before the first of them{more}"
                )
            )

    def permits_state(self, task: Task) -> bool:
        """Return whether a STATE after this record may be emitted.

        A failed record withholds it if the run was ended, or if a setting limits failures: the run may exceed
        the limit later, and then the next run must receive all failed records again.
        """
        result = task.result
        return result is None or result.fault is None or not (self.triggered or self._limited)
