"""The run: messages in, records planned and scheduled, outcomes booked."""

from __future__ import annotations

import hashlib
import threading
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from pipedrive_client import (
    BudgetSpent,
    ConfigError,
    FeatureOff,
    PipedriveError,
    RunError,
    TransientError,
    Unreachable,
)
from pipedrive_client.concurrency import WorkerPool
from pipedrive_client.fields import FieldRegistry
from target_pipedrive.action_plan import ActionPlan, RawPlan
from target_pipedrive.calls import Caller
from target_pipedrive.customs import FieldBook
from target_pipedrive.entity_plan import EntityPlan
from target_pipedrive.faults import RecordFault
from target_pipedrive.keeper import Keeper
from target_pipedrive.links import Links
from target_pipedrive.raw import RawRequest
from target_pipedrive.report import Report
from target_pipedrive.rows import BULK, Rows
from target_pipedrive.schedule import Scheduler
from target_pipedrive.spec import Verb
from target_pipedrive.tasks import Draft, Outcome, Result, Task
from target_pipedrive.upsert import DeleteGuard, SkipRecord, Upserter, fill_references

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping

    from pipedrive_client import PipedriveClient
    from target_pipedrive.ledger import Ledger
    from target_pipedrive.plan import Plan
    from target_pipedrive.settings import Options

CAPACITY = 2000
_MOST_TRANSIENT_IN_A_ROW = 20
_OUTCOMES = {Verb.ADD: Outcome.CREATED, Verb.DELETE: Outcome.DELETED, Verb.MERGE: Outcome.MERGED}


class StoppedByFailures(PipedriveError):
    """`on_error: stop` or `max_failures` ended the run."""


class Engine:
    """Performs records; the target feeds it from one thread.

    Args:
        client: the connection.
        ledger: opened for this run.
        options: the target's settings.
        logger: gets failures and progress.
    """

    def __init__(
        self, client: PipedriveClient, ledger: Ledger, options: Options, logger: logging.Logger
    ) -> None:
        self.options = options
        self._client = client
        self._ledger = ledger
        self._logger = logger
        self._records = 0
        self._transient_in_a_row = 0
        self._ended_by: BaseException | None = None
        self._gathering: dict[str, list[Task]] = {}
        self._gather_lock = threading.Lock()
        self._seen_content: dict[bytes, int] = {}
        self._seen_links: dict[str, set[str]] = {}
        self.streams: set[str] = set()
        self.links = Links(ledger.links())
        self.rows = Rows(client)
        self.book = FieldBook(
            client,
            FieldRegistry(client),
            create_options=options.create_options,
            dry_run=options.dry_run,
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
            on_failure=self._end,
            on_finished=self._count,
            emit_state=not options.dry_run,
        )
        self.caller = Caller(
            client, self._keeper, self.rows, self.book, ledger.writes(), dry_run=options.dry_run
        )
        self.guard = DeleteGuard(options.max_deletes)
        self._upserter = Upserter(self.caller, self.rows, self.links, self.book, options, self.guard)
        self._pool = WorkerPool(client.settings.max_concurrency)
        self._scheduler = Scheduler(
            self._pool, self._perform, capacity=CAPACITY, before_wait=self.send_lookups
        )

    # --- intake -----------------------------------------------------------------------------------

    def reject(
        self, stream: str, line: bytes, schema: bytes, key: Mapping[str, object], sentence: str
    ) -> None:
        """Book a record that cannot even be tried."""
        self._records += 1
        task = Task(number=self._records, stream=stream, key=key, line=line, schema=schema)
        task.result = Result(outcome=Outcome.FAILED, error=sentence)
        self._keeper.finish(task, [])
        self.check()

    def skip(self, stream: str, line: bytes, schema: bytes, key: Mapping[str, object], note: str) -> None:
        """Book a record that is not to be written."""
        self._records += 1
        task = Task(number=self._records, stream=stream, key=key, line=line, schema=schema)
        task.result = Result(outcome=Outcome.SKIPPED, note=note)
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
        except RecordFault as fault:
            self.reject(stream, line, schema, key, self.sentence(stream, key, str(fault)))
            return
        self._records += 1
        task = Task(number=self._records, stream=stream, key=key, line=line, schema=schema, draft=draft)
        task.owns, task.needs = plan.locks(draft)
        digest = hashlib.blake2b(content, digest_size=16, key=stream.encode()[:64]).digest()
        if not draft.id and not draft.external_id:
            # The same content twice is two rows; the number among them tells the two apart.
            count = self._seen_content[digest] = self._seen_content.get(digest, 0) + 1
            task.owns += ((stream, digest.hex()),)
            digest += count.to_bytes(4, "big")
        task.identity = digest
        if isinstance(plan, EntityPlan):
            task.perform = partial(self._upserter.perform, plan=plan)
            self._enter(task, plan)
        else:
            perform = self._raw if isinstance(plan, RawPlan) else self._act
            task.perform = partial(perform, plan=plan)
            self._scheduler.submit(task)
        self.check()

    def _enter(self, task: Task, plan: EntityPlan) -> None:
        """Submit a record of an entity, held back for a bulk read where that is possible."""
        draft, read = task.draft, plan.spec.read
        if draft is None:
            return
        if self.options.mirror and draft.external_id is not None and not draft.deleted:
            self._seen_links.setdefault(task.stream, set()).add(draft.external_id)
        row_id = draft.id
        if row_id is None and draft.external_id is not None:
            row_id = self.links.get(plan.spec.name, draft.external_id)
        wanted = None
        if row_id is not None and read is not None and read.ids is not None:
            wanted = row_id if read.by == plan.spec.key else draft.body.get(read.by)
        if wanted is None or (draft.deleted and not self.options.allow_deletes and plan.write != "delete"):
            self._scheduler.submit(task)
            return
        task.lookup = (row_id or "", str(wanted))
        self._scheduler.submit(task, held=True)
        with self._gather_lock:
            gathered = self._gathering.setdefault(plan.spec.name, [])
            gathered.append(task)
            full = len(gathered) >= BULK and len({one.lookup[1] for one in gathered if one.lookup}) >= BULK
            if full or len(gathered) >= 5 * BULK:
                self._gathering[plan.spec.name] = []
                self._scheduler.aside(partial(self._read, plan, gathered))

    def send_lookups(self) -> None:
        """Send off the bulk reads that are still being gathered."""
        from target_pipedrive.entities import ENTITIES  # noqa: PLC0415 - data, loaded with the plans

        with self._gather_lock:
            waiting, self._gathering = self._gathering, {}
        for name, tasks in waiting.items():
            if tasks:
                self._scheduler.aside(partial(self._read, ENTITIES[name], tasks))

    def _read(self, source: object, tasks: list[Task]) -> None:
        """Read the rows of many records at once and let the records go on."""
        spec = source.spec if isinstance(source, EntityPlan) else source
        try:
            values = [one.lookup[1] for one in tasks if one.lookup]
            found = self.rows.many(spec, values, tasks[0].stream)  # type: ignore[arg-type]  # an EntitySpec
        except PipedriveError as error:
            if isinstance(error, RunError):
                self._end(error)
            # Each record reads for itself then, and fails for itself if that fails too.
        else:
            for task in tasks:
                task.row = found.get(task.lookup[0]) if task.lookup else None
                task.was_read = True
        for task in tasks:
            self._scheduler.release(task)

    def state(self, line: str) -> None:
        """Pass a STATE on when everything before it is durable."""
        self._keeper.state(self._records, line)
        self.check()

    def settle_all(self) -> None:
        """Wait until everything taken so far is finished."""
        self._scheduler.drain()
        self.check()

    def tell(self, sentence: str) -> None:
        """A sentence for the log, once."""
        self._logger.error("%s", sentence)

    def prepare(self, plan: Plan) -> None:
        """Warn of what a stream cannot do before its first record."""
        if isinstance(plan, ActionPlan) and plan.action.removed_on is not None:
            self._logger.warning(
                "Stream %s: Pipedrive took %s away on %s; instead serves: %s",
                plan.stream,
                plan.action.operation,
                plan.action.removed_on,
                plan.action.instead,
            )
        if plan.not_written:
            self._logger.info("Stream %s: not written: %s", plan.stream, ", ".join(plan.not_written))

    def mirror(self, plan: Plan) -> None:
        """Delete what the stream wrote in earlier runs and did not send again, if the settings ask for it."""
        if not isinstance(plan, EntityPlan) or not self.options.mirror:
            return
        seen = self._seen_links.get(plan.stream, set())
        gone = [one for one in self.links.of_stream(plan.stream) if one[1] not in seen]
        if len(gone) > self.guard.left:
            raise ConfigError(
                f"Stream {plan.stream}: mirror would delete {len(gone)} {plan.spec.name}, more than max_deletes "
                f"allows ({self.guard.left} left); nothing was deleted"
            )
        for _, external_id, row_id in gone:
            self._records += 1
            key = {"external_id": external_id}
            task = Task(number=self._records, stream=plan.stream, key=key, line=b"", schema=b"")
            task.draft = Draft(external_id=external_id, deleted=True)
            task.owns = ((plan.spec.name, f"ext:{external_id}"), (plan.spec.name, row_id))
            task.identity = hashlib.blake2b(f"mirror {external_id}".encode(), digest_size=16).digest()
            task.perform = partial(self._upserter.perform, plan=plan)
            self._scheduler.submit(task)
        self.settle_all()

    def table(self) -> list[list[str]]:
        """The table of the end; a dry run shows the tokens that the writes would cost too."""
        return self.report.table(self._client.usage, self.caller.planned_tokens)

    # --- performing, on the workers ---------------------------------------------------------------

    def _perform(self, task: Task) -> None:
        """Perform one record and book it; what ends the run leaves it unfinished."""
        try:
            result = task.perform(task) if task.perform else Result(outcome=Outcome.SKIPPED)
        except SkipRecord as skipped:
            result = Result(outcome=Outcome.SKIPPED, note=str(skipped))
        except RecordFault as fault:
            result = self._failed(task, str(fault))
        except PipedriveError as error:
            if self._ends_run(error):
                self._end(error)
                return
            result = self._failed(task, str(error))
            result.cause = error
        except BaseException as error:  # noqa: BLE001 - a bug must end the run, not hang it
            self._end(error)
            return
        if result.cause is None or not isinstance(result.cause, TransientError):
            self._transient_in_a_row = 0
        task.result = result
        self._keeper.finish(task, self._ledger_steps(task, result))

    def _ends_run(self, error: PipedriveError) -> bool:
        """Whether no other record can do better."""
        if isinstance(error, FeatureOff):
            return False  # about the columns of this record, as a plan or a missing add-on decides
        if isinstance(error, RunError):
            return True
        if isinstance(error, TransientError) and error.status != HTTPStatus.NOT_IMPLEMENTED:
            self._transient_in_a_row += 1
            unreachable = isinstance(error, Unreachable) and not error.may_have_acted
            return unreachable or self._transient_in_a_row >= _MOST_TRANSIENT_IN_A_ROW
        return False

    def _failed(self, task: Task, why: str) -> Result:
        return Result(outcome=Outcome.FAILED, error=self.sentence(task.stream, task.key, why))

    def _ledger_steps(self, task: Task, result: Result) -> list[Callable[[Ledger], object]]:
        """What the ledger is to know of a finished record: links made, moved and dropped."""
        draft = task.draft
        if draft is None or self.options.dry_run or result.id is None:
            return []
        plan = task.perform.keywords["plan"] if isinstance(task.perform, partial) else None
        if plan is None:
            return []
        entity, row_id, stream = plan.entity_name, result.id, task.stream
        if result.outcome is Outcome.DELETED:
            return [lambda ledger: ledger.unlink(entity, row_id)]
        if result.outcome is Outcome.MERGED:
            survivor = str(draft.body.get("merge_with_id"))
            return [lambda ledger: ledger.relink(entity, row_id, survivor)]
        external = draft.external_id
        if external is not None and result.outcome in (Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED):
            return [lambda ledger: ledger.link(entity, external, row_id, stream)]
        return []

    def _act(self, task: Task, plan: ActionPlan) -> Result:
        """Perform a record that is a call."""
        draft, action = task.draft, plan.action
        if draft is None:
            raise RecordFault("has no content")
        fill_references(draft, self.links)
        if draft.external_id is not None and action.verb is Verb.ADD:
            known = self.links.get(plan.entity_name, draft.external_id)
            if known is not None:
                return Result(outcome=Outcome.SKIPPED, id=known, note="was added before, by the ledger")
        from target_pipedrive.entities import ENTITIES  # noqa: PLC0415 - data, loaded with the plans

        entity = ENTITIES.get(action.entity)
        try:
            done = self.caller.send(task, action, draft, entity)
        except PipedriveError as error:
            before = self.caller.done_before(task)
            if before is not None and error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
                return Result(outcome=Outcome.SKIPPED, note=before.note)
            raise
        if entity is not None:
            self.rows.forget(entity)
        row_id = done.id
        if not self.options.dry_run:
            if action.verb is Verb.DELETE and row_id is not None:
                self.links.drop(action.entity, row_id)
            elif action.verb is Verb.MERGE and row_id is not None:
                row_id = str(draft.path["id"])
                self.links.move(action.entity, row_id, str(draft.body["merge_with_id"]))
            elif draft.external_id is not None and row_id is not None:
                self.links.put(action.entity, draft.external_id, row_id, task.stream)
        return Result(
            outcome=_OUTCOMES.get(action.verb, Outcome.UPDATED),
            id=row_id,
            changed=(*draft.body, *draft.custom),
            note=done.note,
        )

    def _raw(self, task: Task, plan: RawPlan) -> Result:
        """Perform a record that describes a request."""
        del plan
        draft = task.draft
        request = RawRequest(draft.body if draft else {}, self.options.files_dir)
        return self.caller.send_raw(task, request)

    @staticmethod
    def sentence(stream: str, key: Mapping[str, object], why: str) -> str:
        """The sentence of a failure: stream, key, and what to do."""
        named = ", ".join(f"{name} {value}" for name, value in key.items() if value is not None)
        return f"{stream}{f' ({named})' if named else ''}: {why.rstrip('.')}."

    # --- the end ----------------------------------------------------------------------------------

    def _count(self, task: Task) -> bool:
        """Stop the run when it has failed as often as it may; False for the record that did it."""
        options = self.options
        result = task.result
        if result is None or result.outcome is not Outcome.FAILED:
            return True
        if options.stop_on_error:
            self._end(StoppedByFailures(result.error))
            return False
        if options.max_failures and self.report.failures >= options.max_failures:
            self._end(
                StoppedByFailures(
                    f"Stopped after {self.report.failures} failed records (max_failures); the last: {result.error}"
                )
            )
            return False
        return True

    def _end(self, error: BaseException) -> None:
        """Begin nothing more; `check` raises the error in the main thread."""
        if self._ended_by is None:
            self._ended_by = error
        self._scheduler.halt()

    def check(self) -> None:
        """Raise what ended the run, if anything did."""
        if self._ended_by is not None:
            raise self._ended_by

    def finish(self) -> None:
        """Wait for everything, book it, and close; raises what ended the run."""
        self._scheduler.drain()
        self._keeper.drained()
        if self._ended_by is None and not self.options.dry_run:
            streams = sorted(self.streams)
            self._keeper.make_durable(lambda ledger: ledger.settle(streams))
        self.check()

    def close(self) -> None:
        """Let files and threads go, whatever happened."""
        self._scheduler.halt()
        self._scheduler.drain()
        self._keeper.close()
        self._pool.close()
        self.report.close()
        self._ledger.close()

    @property
    def budget_spent(self) -> bool:
        """Whether the token budget ended the run."""
        return isinstance(self._ended_by, BudgetSpent)
