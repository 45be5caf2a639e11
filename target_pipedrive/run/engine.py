"""The run: plans and schedules records, and records their outcomes."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from pipedrive_client.concurrency import WorkerPool
from pipedrive_client.fields import FieldRegistry
from target_pipedrive.account.row_names import RowNames
from target_pipedrive.account.rows import BULK, Rows
from target_pipedrive.apply.add import RowAdder
from target_pipedrive.apply.delete import DeleteGuard, RowDeleter
from target_pipedrive.apply.executor import Performer
from target_pipedrive.apply.missing_rows import MissingRows
from target_pipedrive.apply.naming import fault_of
from target_pipedrive.apply.row_writer import RowWriter
from target_pipedrive.apply.settlement import Settlement
from target_pipedrive.apply.update import RowUpdater
from target_pipedrive.apply.upsert import OwnRecords, Upserter
from target_pipedrive.apply.verification import Verifier
from target_pipedrive.custom_fields.registry import FieldBook
from target_pipedrive.ids.id_map import Links
from target_pipedrive.ids.resolve import NotYet
from target_pipedrive.ledger.journal import Keeper
from target_pipedrive.ledger.report import Report
from target_pipedrive.ledger.stored_forms import StoredForms
from target_pipedrive.lookup.matcher import Matcher
from target_pipedrive.mapping.action import ActionPlan, RawPlan
from target_pipedrive.mapping.entity import EntityPlan
from target_pipedrive.migrate.copier import Copier
from target_pipedrive.migrate.field_definitions import FieldWriter
from target_pipedrive.record.draft import Draft
from target_pipedrive.record.errors import NO_STREAM, UNFORESEEN, RecordFault, SkipRecord, unforeseen
from target_pipedrive.record.outcome import Outcome, Result
from target_pipedrive.record.task import Task
from target_pipedrive.run.abort import Ending, InputBrokeOff
from target_pipedrive.run.batching import Gathering
from target_pipedrive.run.deferred import Waiting
from target_pipedrive.run.mirror import Mirror, delete_task
from target_pipedrive.run.scheduler import Scheduler
from target_pipedrive.write.writer import writer_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Mapping
    from typing import NoReturn

    from pipedrive_client import PipedriveClient
    from target_pipedrive.catalog.spec import ActionSpec
    from target_pipedrive.ledger.store import Ledger
    from target_pipedrive.mapping.stream import Plan
    from target_pipedrive.record.draft import LockKey
    from target_pipedrive.record.errors import Fault
    from target_pipedrive.record.task import StreamPlan
    from target_pipedrive.run.deferred import Laid
    from target_pipedrive.settings import Options

CAPACITY = 2000
_DIGEST = 16


class Engine:
    """Performs records; the target feeds it from one thread.

    Args:
        client: the connection.
        ledger: opened for this run.
        options: the target's settings.
        logger: gets failures and progress.

    Attributes:
        input_line: number of the line that is being read.
        under_way: whether the tap's last STATE said that more is to come.
        settled: whether all records are durable, and the last STATE is passed on.
        cut: in which line the input ended in its middle; empty when it did not.
    """

    def __init__(
        self, client: PipedriveClient, ledger: Ledger, options: Options, logger: logging.Logger
    ) -> None:
        self.options = options
        self._client = client
        self._ledger = ledger
        self._logger = logger
        self._records = 0
        self._half_done: list[bytes] = []
        self._seen_content: dict[bytes, int] = {}
        self.streams: set[str] = set()
        self.input_line = 0
        self.under_way = False
        self.settled = False
        self.cut = ""
        for notice in ledger.notices:
            logger.warning("%s", notice)
        self._ending = Ending(options)
        self.links = Links(ledger.links())
        self._mirror = Mirror(self.links, options, logger)
        self.rows = Rows(client)
        self.book = FieldBook(
            client,
            FieldRegistry(client),
            create_options=options.create_options,
            dry_run=options.dry_run,
            links=self.links,
            row_names=RowNames(self.rows),
        )
        self.report = Report(
            results=options.results_path,
            rejects=None if options.dry_run else options.rejects_path,
            logger=logger,
        )
        self._keeper = Keeper(
            ledger,
            self.report,
            on_idle=self.send_lookups,
            on_failure=self._ending.by,
            on_finished=self._ending.lets_pass,
            emit_state=not options.dry_run,
        )
        self.writer = writer_of(
            client,
            self._keeper,
            self.rows,
            self.book,
            ledger.writes(),
            ahead=self._ahead,
            dry_run=options.dry_run,
        )
        self.guard = DeleteGuard(options.max_deletes)
        verifier = Verifier(StoredForms(ledger.forms()), self._keeper, self.rows)
        matcher = Matcher(self.rows, options.on_ambiguous, self.links)
        missing = MissingRows(self.writer, options)
        updater = RowUpdater(self.writer, self.rows, matcher, verifier, missing)
        self._adder = RowAdder(
            self.writer,
            self.rows,
            self.links,
            matcher=matcher,
            verifier=verifier,
            updater=updater,
            missing=missing,
            options=options,
        )
        row_writer = RowWriter(
            self.rows,
            self.links,
            matcher=matcher,
            adder=self._adder,
            updater=updater,
            missing=missing,
            verifier=verifier,
            options=options,
        )
        settlement = Settlement(self.rows, updater.update)
        leave_out = options.leave_out_missing
        copier = Copier(
            row_writer,
            FieldWriter(self.writer, self.rows, self.links, self.book),
            self.writer,
            self.links,
            self.book,
            leave_out=leave_out,
        )
        self._upserter = Upserter(
            OwnRecords(row_writer, self.links, leave_out=leave_out),
            copier,
            RowDeleter(self.writer, row_writer, self.links, options, self.guard),
            settlement,
        )
        self._performer = Performer(
            self.writer,
            self.rows,
            self.links,
            options,
            verifier=verifier,
            on_write=matcher.wrote_elsewhere,
        )
        self._pool = WorkerPool(client.settings.max_concurrency)
        self._scheduler = Scheduler(self._pool, self._run, capacity=CAPACITY, before_wait=self.send_lookups)
        self._ending.halt = self._scheduler.halt
        self._gathering = Gathering(
            self._scheduler, self.rows, self.links, matcher, settlement, options, on_end=self._ending.by
        )
        self._waiting = Waiting(
            self._scheduler,
            self.links,
            folder=options.ledger_path.parent,
            begin=self._begin_again,
            resume=self._gathering.resume,
        )
        self.links.on_link = self._waiting.linked

    # --- intake -----------------------------------------------------------------------------------

    def reject(
        self, fault: Fault, line: bytes, schema: bytes, *, as_error: BaseException | None = None
    ) -> None:
        """Book a record that cannot even be tried.

        Args:
            fault: why.
            line: the message as it came.
            schema: the SCHEMA message in force; empty when there is none.
            as_error: what `on_error: stop` raises for it.
        """
        self._records += 1
        task = Task(
            number=self._records,
            stream=fault.stream,
            key=fault.key,
            line=line,
            schema=schema,
            input_line=fault.line,
        )
        task.result = Result(outcome=Outcome.FAILED, fault=fault)
        self._mirror.rejected(None if fault.stream in {"", NO_STREAM} else fault.stream)
        self._ending.count(task.result, as_error=as_error)
        self._keeper.finish(task, [])
        self._ending.check()

    def skip(self, stream: str, line: bytes, schema: bytes, key: Mapping[str, object], note: str) -> None:
        """Book a record that is not to be written."""
        self._records += 1
        task = Task(
            number=self._records,
            stream=stream,
            key=key,
            line=line,
            schema=schema,
            input_line=self.input_line,
        )
        task.result = Result(outcome=Outcome.SKIPPED, note=note)
        self._mirror.ended(stream, Outcome.SKIPPED)
        self._keeper.finish(task, [])

    def take(
        self,
        plan: Plan,
        record: Mapping[str, object],
        content: bytes,
        line: bytes,
        schema: bytes,
        key: Mapping[str, object],
    ) -> None:
        """Accept a record; it is written as soon as nothing earlier is in its way."""
        stream = plan.stream
        self.streams.add(stream)
        try:
            draft = plan.draft(record)
        except (RecordFault, *UNFORESEEN) as error:
            found = error if isinstance(error, RecordFault) else unforeseen(error)
            fault = fault_of(found, stream=stream, key=key, line=self.input_line, plan=plan)
            self.reject(fault, line, schema)
            return
        except SkipRecord as skipped:
            self.skip(stream, line, schema, key, plan.names.without_keys(str(skipped)))
            return
        if plan.notices:
            self._logger.info("Stream %s: %s", stream, "; ".join(plan.notices))
            plan.notices.clear()
        self._records += 1
        self._mirror.arrived(stream, draft)
        task = Task(
            number=self._records,
            stream=stream,
            key=key,
            line=line,
            schema=schema,
            input_line=self.input_line,
            plan=plan,
            draft=draft,
        )
        digest = hashlib.blake2b(content, digest_size=_DIGEST, key=stream.encode()[:64]).digest()
        if not draft.id and not draft.external_id:
            # The same content twice is two rows; the number among them tells the two apart.
            count = self._seen_content[digest] = self._seen_content.get(digest, 0) + 1
            digest += count.to_bytes(4, "big")
        task.identity = digest
        self._submit(task, plan, draft)
        self._ending.check()

    def _begin_again(self, laid: Laid, like: Task, given_up: set[tuple[str, str]]) -> None:
        """Take up a record that was laid aside because it waits for another row."""
        plan = like.plan
        if plan is None:
            return
        record = msgspec.json.decode(laid.line)["record"]
        task = Task(
            number=laid.number,
            stream=like.stream,
            key={name: record.get(name) for name in like.key},
            line=laid.line,
            schema=like.schema,
            input_line=laid.input_line,
            identity=laid.identity,
            plan=plan,
            draft=plan.draft(record),
            first=laid.result(),
            given_up=set(given_up),
        )
        self._submit(task, plan, task.draft or Draft())

    def _submit(self, task: Task, plan: StreamPlan, draft: Draft) -> None:
        """Let a record be written as soon as nothing earlier is in its way."""
        task.owns, needs = plan.locks(draft)
        # A row that is still to come must not wait for those that wait for it.
        task.needs = tuple(key for key in needs if self._is_there(key))
        if len(task.identity) > _DIGEST:
            task.owns += ((task.stream, task.identity[:_DIGEST].hex()),)
        if isinstance(plan, EntityPlan):
            task.perform = partial(self._upserter.perform, plan=plan)
            self._gathering.enter(task, plan)
            return
        if isinstance(plan, RawPlan):
            task.perform = partial(self._performer.raw, plan=plan)
        elif isinstance(plan, ActionPlan):
            task.perform = partial(self._performer.act, plan=plan)
            if plan.action.bulk is not None:
                self._gathering.enter_many(task)
                return
        self._scheduler.submit(task)

    def _ahead(self, task: Task) -> Iterator[tuple[Task, ActionSpec, Draft]]:
        """Records that wait for this one alone, with the additions they will ask for."""
        for other in self._scheduler.behind(task, BULK - 1):
            plan = other.plan
            try:
                if isinstance(plan, EntityPlan):
                    asked = self._adder.addition(other, plan)
                else:
                    asked = self._performer.addition(other, plan) if isinstance(plan, ActionPlan) else None
            except (NotYet, RecordFault, SkipRecord):
                return
            if asked is None:
                return
            yield other, *asked

    def _is_there(self, key: LockKey) -> bool:
        """Whether a row is known, or an earlier record may make it; the same of rows below a parent."""
        entity, name = key
        if name.startswith("of:"):
            return self._scheduler.is_expected(key)
        if not name.startswith("ext:"):
            return True
        return self.links.get(entity, name[4:]) is not None or self._scheduler.is_expected(key)

    def send_lookups(self) -> bool:
        """Send off the bulk reads that are still being gathered; whether there were any."""
        return self._gathering.send()

    def state(self, line: str) -> None:
        """Pass a STATE on when everything before it is durable."""
        self._keeper.state(self._records, line)
        self._ending.check()

    def settle_all(self) -> None:
        """Wait until everything taken so far is finished."""
        self._scheduler.drain()
        self._ending.check()

    def end_by(self, error: BaseException) -> NoReturn:
        """End the run because of the input itself: nothing more begins."""
        self._ending.by(error)
        raise error

    def interrupt(self, error: BaseException) -> None:
        """End the run because of a signal: what is under way ends, what waits does not go on."""
        self._ending.by(error)
        self._client.stop()
        self.writer.stop_waiting()

    def prepare(self, plan: Plan) -> None:
        """Warn of what a stream cannot do before its first record."""
        if isinstance(plan, ActionPlan) and plan.action.removed_on is not None:
            self._logger.warning(
                "Stream %s: Pipedrive removed %s on %s; replacement: %s",
                plan.stream,
                plan.action.operation,
                plan.action.removed_on,
                plan.action.instead,
            )
        if plan.retired_ignored:
            self._logger.warning(
                "Stream %s: ignored, because the current API cannot express them: %s",
                plan.stream,
                ", ".join(plan.retired_ignored),
            )
        if plan.not_written:
            self._logger.info("Stream %s: not written: %s", plan.stream, ", ".join(plan.not_written))

    def activate(self, plan: Plan, version: int | None) -> None:
        """Note an ACTIVATE_VERSION; what it deletes is decided at the end of the input."""
        if isinstance(plan, EntityPlan):
            self._mirror.activate(plan, version)

    def numbered(self, stream: str, version: int) -> None:
        """Note the version that a record names."""
        self._mirror.numbered(stream, version)

    def _delete_missing(self) -> None:
        """Delete the rows that complete versions of streams do not contain any more."""
        for plan, external_id, row_id in self._mirror.deletes(self.guard):
            self._records += 1
            task = delete_task(self._records, plan, external_id, row_id)
            task.perform = partial(self._upserter.perform, plan=plan)
            self._scheduler.submit(task)
        self._scheduler.drain()

    @property
    def unfinished(self) -> int:
        """Records taken that have no outcome; 0 after a run that was not ended early."""
        return self._records - self.report.total

    def table(self) -> list[list[str]]:
        """The table of the end; a dry run shows the tokens that the writes would cost too."""
        return self.report.table(self._client.usage, self.writer.planned_tokens)

    # --- performing, on the workers ---------------------------------------------------------------

    def _attempt(self, task: Task) -> Result | None:
        """Perform one record; None when it waits for another one now."""
        try:
            return self._performer.perform(task)
        except NotYet as missing:
            self._waiting.park(task, missing)
            return None

    def _run(self, task: Task) -> None:
        """Perform one record and book it; what ends the run leaves it unfinished."""
        try:
            if self._waiting.follows(task):
                return
            result = self._attempt(task)
            if result is None:
                return
            task.result = result
        except BaseException as error:  # noqa: BLE001 - told to the main thread, which ends the run
            self._ending.by(error)
            return
        if task.result.outcome is Outcome.FAILED and self.writer.done_before(task) is not None:
            self._half_done.append(task.identity)
        self.writer.finished(task)
        self._mirror.ended(task.stream, task.result.outcome)
        self._ending.count(task.result)
        self._keeper.finish(task, self._performer.ledger_steps(task, task.result))

    # --- the end ----------------------------------------------------------------------------------

    def finish(self) -> None:
        """Wait for everything, book it, and close; raises what ended the run.

        Raises:
            InputBrokeOff: the tap did not end its run. What waits for rows is not written then, nothing is
                archived, and nothing forgotten: the next run goes on.
        """
        self._scheduler.drain()
        if (self.under_way or self.cut) and not self._ending.came:
            self._keeper.drained()
            where = f" {self.cut}" if self.cut else ": the tap that sent it has not ended its run"
            left = self._scheduler.open + self._waiting.left
            waits = f", except {left} records that reference rows not received" if left else ""
            self._ending.by(
                InputBrokeOff(
                    f"The input ended unexpectedly{where}. The records received are written{waits}; "
                    "run the same again"
                )
            )
        while not self._ending.came and self._waiting.go_on():
            self._scheduler.drain()
        if not self._ending.came:
            self._delete_missing()
        self._keeper.drained()
        self._ending.judge()
        if not self._ending.came:
            self._keeper.release()
            self._keeper.drained()
        if not self._ending.came and not self.options.dry_run:
            streams = sorted(self.streams)
            # Rejects first: once the ledger has forgotten, nothing else tells what is left to do.
            self._keeper.make_durable(lambda _: self.report.sync())
            # Before the ledger forgets: a signal that comes meanwhile must not ask for the same input again.
            self.settled = True
            self._keeper.make_durable(lambda ledger: ledger.settle(streams, self._half_done))
            return
        self._ending.check()
        self.settled = True

    def close(self) -> None:
        """Let files and threads go, whatever happened."""
        self._scheduler.halt()
        self._scheduler.drain()
        self._keeper.close()
        self._pool.close()
        self._waiting.close()
        self.report.close()
        self._ledger.close()
