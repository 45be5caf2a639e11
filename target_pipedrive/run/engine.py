"""Engine of a run: accepts records, emits STATE messages, and ends the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_pipedrive.apply.naming import fault_of
from target_pipedrive.mapping.factory import compile_stream
from target_pipedrive.mapping.scope_check import ScopeCheck
from target_pipedrive.record.errors import NO_STREAM, UNFORESEEN, RecordFault, SkipRecord, unforeseen
from target_pipedrive.record.outcome import Outcome, Result
from target_pipedrive.record.task import Task
from target_pipedrive.run.abort import InputTruncated
from target_pipedrive.run.held.input_keys import InputKeys
from target_pipedrive.run.held.last_records import LastRecords
from target_pipedrive.run.mirror import delete_task
from target_pipedrive.settings.address import folder_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

    from pipedrive_client import PipedriveClient
    from pipedrive_client.concurrency import WorkerPool
    from target_pipedrive.apply.delete import DeleteGuard
    from target_pipedrive.custom_fields.registry import FieldRegistry
    from target_pipedrive.ledger.journal import Journal
    from target_pipedrive.ledger.report import Report
    from target_pipedrive.ledger.store import Ledger
    from target_pipedrive.page.rows import PageRows
    from target_pipedrive.record.errors import Fault
    from target_pipedrive.run.abort import RunAbort
    from target_pipedrive.run.admission import Admission
    from target_pipedrive.run.deferred import DeferredRecords
    from target_pipedrive.run.mirror import Mirror
    from target_pipedrive.run.scheduler import Scheduler
    from target_pipedrive.run.streams import Handlers, StreamHandler
    from target_pipedrive.run.worker import Worker
    from target_pipedrive.settings import Options
    from target_pipedrive.write.writer import RecordWriter


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Parts of a run that the engine uses.

    Attributes:
        page: collects the rows of the HTML file; None without one.
        registry: custom fields.
        report: counts outcomes.
        journal: makes outcomes durable.
        pool: threads of the workers.
        scheduler: orders records.
        abort: early ends of the run.
        admission: submits records.
        deferred: keeps records that reference rows which were not received yet.
        worker: performs records.
        handlers: make the handlers of streams.
        writer: sends.
        mirror: determines the rows to delete at the end.
        guard: limits deletes.
    """

    page: PageRows | None
    registry: FieldRegistry
    report: Report
    journal: Journal
    pool: WorkerPool
    scheduler: Scheduler
    abort: RunAbort
    admission: Admission
    deferred: DeferredRecords
    worker: Worker
    handlers: Handlers
    writer: RecordWriter
    mirror: Mirror
    guard: DeleteGuard


class Engine:
    """Performs records; the target feeds it from one thread. `build_engine` makes it.

    Args:
        client: the connection.
        ledger: opened for this run.
        options: the target's settings.
        logger: logs failures and progress.
        parts: the parts of the run.

    Attributes:
        input_line: number of the line that is being read.
        under_way: True if the tap's last STATE announces more records.
        settled: True if all records are durable and the last STATE was emitted.
        cut: description of the line in which the input was truncated; empty otherwise.
    """

    def __init__(
        self,
        client: PipedriveClient,
        ledger: Ledger,
        options: Options,
        logger: logging.Logger,
        parts: Parts,
    ) -> None:
        self.options = options
        self.report = parts.report
        self.page = parts.page
        self.writer = parts.writer
        self._client = client
        self._ledger = ledger
        self._logger = logger
        self._registry = parts.registry
        self._journal = parts.journal
        self._pool = parts.pool
        self._scheduler = parts.scheduler
        self._abort = parts.abort
        self._admission = parts.admission
        self._deferred = parts.deferred
        self._worker = parts.worker
        self._handlers = parts.handlers
        self._mirror = parts.mirror
        self._guard = parts.guard
        self._records = 0
        self._keys = InputKeys(fails=options.on_duplicate_key == "fail")
        self._last = LastRecords(
            self._keys, parts.admission, parts.journal, parts.abort, folder=folder_of(options.ledger)
        )
        self._streams: set[str] = set()
        self._scopes = ScopeCheck(client, logger, deletes=options.allow_deletes)
        self.input_line = 0
        self.under_way = False
        self.settled = False
        self.cut = ""

    # --- intake -----------------------------------------------------------------------------------

    def reject(
        self, fault: Fault, line: bytes, schema: bytes, *, as_error: BaseException | None = None
    ) -> None:
        """Reject a record that cannot be processed.

        Args:
            fault: why.
            line: the message as it was received.
            schema: the SCHEMA message in force; empty when there is none.
            as_error: error that `on_error: stop` raises for it.
        """
        task = self._task(fault.stream, line, schema, fault.key, fault.line)
        task.result = Result(outcome=Outcome.FAILED, fault=fault)
        self._mirror.rejected(None if fault.stream in {"", NO_STREAM} else fault.stream)
        self._abort.count(task.result, as_error=as_error)
        self._journal.finish(task, [])
        self._abort.check()

    def _skip(self, stream: str, line: bytes, schema: bytes, key: Mapping[str, object], note: str) -> None:
        """Skip a record."""
        task = self._task(stream, line, schema, key, self.input_line)
        task.result = Result(outcome=Outcome.SKIPPED, note=note)
        self._mirror.ended(stream, Outcome.SKIPPED)
        self._journal.finish(task, [])

    def _task(
        self, stream: str, line: bytes, schema: bytes, key: Mapping[str, object], input_line: int
    ) -> Task:
        """Return the task of the next record."""
        self._records += 1
        return Task(
            number=self._records, stream=stream, key=key, line=line, schema=schema, input_line=input_line
        )

    def stream(
        self, name: str, properties: Mapping[str, Mapping[str, object]], keys: Sequence[str]
    ) -> StreamHandler | None:
        """Return the handler of a stream; None for one that is ignored. Its warnings are logged.

        Args:
            name: of the stream.
            properties: of its SCHEMA.
            keys: its key properties.

        Raises:
            RecordFault: the stream or one of its properties is unknown.
        """
        options = self.options
        settings = options.streams.get(name)
        handler = compile_stream(name, properties, settings, options, self._registry, self._handlers, keys)
        if handler is not None:
            for warning in handler.plan.warnings():
                self._logger.warning("Stream %s: %s", name, warning)
            if handler.plan.not_written:
                self._logger.info("Stream %s: not written: %s", name, ", ".join(handler.plan.not_written))
        return handler

    def take(
        self,
        handler: StreamHandler,
        record: Mapping[str, object],
        content: bytes,
        line: bytes,
        schema: bytes,
        key: Mapping[str, object],
    ) -> None:
        """Accept a record; it is written as soon as no earlier record blocks it.

        Args:
            handler: of its stream.
            record: its values.
            content: its bytes, which identify it.
            line: the message as it was received.
            schema: the SCHEMA message in force.
            key: values of the key properties.
        """
        plan = handler.plan
        stream = plan.stream
        if stream not in self._streams:
            self._streams.add(stream)
            self._scopes.compare(plan)
        digest = self._keys.digest(stream, content)
        try:
            draft = plan.draft(record)
            same_key_as = self._keys.earlier(plan, draft, self.input_line, digest)
        except (RecordFault, *UNFORESEEN) as error:
            found = error if isinstance(error, RecordFault) else unforeseen(error)
            fault = fault_of(found, stream=stream, key=key, line=self.input_line, plan=plan)
            self.reject(fault, line, schema)
            return
        except SkipRecord as skipped:
            self._skip(stream, line, schema, key, plan.names.without_keys(str(skipped)))
            return
        if plan.notices:
            self._logger.info("Stream %s: %s", stream, "; ".join(plan.notices))
            plan.notices.clear()
        self._mirror.arrived(stream, draft)
        task = self._task(stream, line, schema, key, self.input_line)
        task.plan, task.handler, task.draft = plan, handler, draft
        task.identity, task.same_key_as = self._keys.identity(draft, digest), same_key_as
        if self.options.on_duplicate_key == "last":
            self._last.hold(task)
        else:
            self._admission.submit(task)
        self._abort.check()

    def state(self, line: str) -> None:
        """Emit a STATE as soon as all records before it are durable."""
        self._journal.state(self._records, line)
        self._abort.check()

    def settle_all(self) -> None:
        """Wait until all records that were accepted so far are finished."""
        self._scheduler.drain()
        self._abort.check()

    def end_by(self, error: BaseException) -> NoReturn:
        """End the run because of an error of the input; no further record is started."""
        self._abort.trigger(error)
        raise error

    def interrupt(self, error: BaseException) -> None:
        """End the run because of a signal: running records finish, waiting ones are not started."""
        self._abort.trigger(error)
        self._client.stop()
        self.writer.stop_waiting()

    def numbered(self, stream: str, version: int) -> None:
        """Note the version that a record names."""
        self._mirror.numbered(stream, version)

    def _delete_missing(self) -> None:
        """Delete the rows that complete versions of streams no longer contain."""
        for missing in self._mirror.deletes(self._guard):
            self._records += 1
            self._streams.add(missing.plan.stream)  # it may have sent no record
            self._scheduler.submit(delete_task(self._records, missing))
        self._scheduler.drain()

    @property
    def unfinished(self) -> int:
        """Number of accepted records without outcome; 0 after a run that was not ended early."""
        return self._records - self.report.total

    def table(self) -> list[list[str]]:
        """Return the final table; a dry run adds the tokens that the writes would cost."""
        return self.report.table(self._client.usage, self.writer.planned_tokens)

    # --- the end ----------------------------------------------------------------------------------

    def finish(self) -> None:
        """Wait for all records, store their outcomes, and raise the error that ended the run.

        Raises:
            InputTruncated: the tap did not end its run. Records that wait for rows are not written then,
                nothing is archived, and the ledger forgets nothing: the next run continues.
        """
        self._scheduler.drain()
        if (self.under_way or self.cut) and not self._abort.triggered:
            self._journal.drained()
            where = f" {self.cut}" if self.cut else ": the tap that sent it has not ended its run"
            left = self._scheduler.open + self._deferred.left
            records = f"{left} record{'' if left == 1 else 's'}"
            waits = f", except {records} with references to rows not received" if left else ""
            if self._last.count:
                waits = f", except {self._last.count}, because later ones may have the same keys"
            self._abort.trigger(
                InputTruncated(
                    f"The input ended unexpectedly{where}. The records received are written{waits}; "
                    "run the same again"
                )
            )
        if not self._abort.triggered:
            self._last.submit()
            self._scheduler.drain()
        while not self._abort.triggered and self._deferred.resume_next():
            self._scheduler.drain()
        if not self._abort.triggered:
            self._delete_missing()
        self._journal.drained()
        self._abort.check_failure_share()
        if not self._abort.triggered:
            self._journal.release()
            self._journal.drained()
        if not self._abort.triggered and not self.options.dry_run:
            streams = sorted(self._streams)
            # Rejects first: after the ledger has forgotten, only they list the records that are left.
            self._journal.make_durable(lambda _: self.report.sync())
            # Before the ledger forgets: a signal in between must not request the same input again.
            self.settled = True
            self._journal.make_durable(lambda ledger: ledger.settle(streams, self._worker.half_done))
            return
        self._abort.check()
        self.settled = True

    def close(self) -> None:
        """Close files and threads, whatever happened."""
        self._scheduler.halt()
        self._scheduler.drain()
        self._journal.close()
        self._pool.close()
        self._deferred.close()
        self._last.close()
        self.report.close()
        self._ledger.close()
