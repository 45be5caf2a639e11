"""Worker of the run: performs one record and stores its outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_pipedrive.ids.resolve import NotYet
from target_pipedrive.record.outcome import Outcome

if TYPE_CHECKING:
    from target_pipedrive.apply.executor import RecordExecutor
    from target_pipedrive.ledger.journal import Journal
    from target_pipedrive.record.outcome import Result
    from target_pipedrive.record.task import Task
    from target_pipedrive.run.abort import RunAbort
    from target_pipedrive.run.deferred import DeferredRecords
    from target_pipedrive.run.mirror import Mirror
    from target_pipedrive.write.writer import RecordWriter


class Worker:
    """Performs records on the threads of the pool.

    Args:
        executor: performs records.
        deferred: keeps records that reference rows which were not received yet.
        abort: ends the run.
        journal: stores outcomes.
        mirror: receives outcomes.
        writer: drops its data of a finished record.

    Attributes:
        half_done: identities of records that failed after their row was written.
    """

    def __init__(
        self,
        executor: RecordExecutor,
        deferred: DeferredRecords,
        abort: RunAbort,
        journal: Journal,
        mirror: Mirror,
        writer: RecordWriter,
    ) -> None:
        self._executor = executor
        self._deferred = deferred
        self._abort = abort
        self._journal = journal
        self._mirror = mirror
        self._writer = writer
        self.half_done: list[bytes] = []

    def run(self, task: Task) -> None:
        """Perform a record and store its outcome; an error that ends the run leaves it unfinished."""
        try:
            if self._deferred.defer_behind_earlier(task):
                return
            result = self._attempt(task)
            if result is None:
                return
            task.result = result
        except BaseException as error:  # noqa: BLE001 - passed to the main thread, which ends the run
            self._abort.trigger(error)
            return
        if result.outcome is Outcome.FAILED and self._writer.done_before(task) is not None:
            self.half_done.append(task.identity)
        self._writer.finished(task)
        self._mirror.ended(task.stream, result.outcome)
        self._abort.count(result)
        self._journal.finish(task, self._executor.ledger_steps(task, result))

    def _attempt(self, task: Task) -> Result | None:
        """Perform a record; None when it now waits for another one."""
        try:
            return self._executor.perform(task)
        except NotYet as missing:
            self._deferred.defer(task, missing)
            return None
