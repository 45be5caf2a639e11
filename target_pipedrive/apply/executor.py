"""Execution of records on worker threads: the request or upsert, its outcome, and its ledger entries."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from pipedrive_client import FeatureOff, OutputFailed, PipedriveError, RunError, TransientError, Unreachable
from target_pipedrive.apply.changes.change import added
from target_pipedrive.apply.changes.verification import Sent
from target_pipedrive.apply.naming import fault_of, worded
from target_pipedrive.apply.update import parent_id
from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.catalog.spec import Verb
from target_pipedrive.record.errors import UNFORESEEN, RecordFault, SkipRecord, unforeseen
from target_pipedrive.record.outcome import Outcome, Result
from target_pipedrive.record.row import is_gone
from target_pipedrive.write.raw_request import RawRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from target_pipedrive.account.rows import Rows
    from target_pipedrive.apply.changes.readable import ReadableChanges
    from target_pipedrive.apply.changes.verification import Verifier
    from target_pipedrive.catalog.spec import ActionSpec
    from target_pipedrive.ids.id_map import Links
    from target_pipedrive.ledger.store import Ledger
    from target_pipedrive.lookup.foreign_keys import ForeignKeys
    from target_pipedrive.mapping.action import ActionPlan
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.task import Task
    from target_pipedrive.settings import Options
    from target_pipedrive.write.response import Done
    from target_pipedrive.write.writer import RecordWriter

_MOST_TRANSIENT_IN_A_ROW = 20
_LINKED = (Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED)
_OUTCOMES = {Verb.DELETE: Outcome.DELETED, Verb.MERGE: Outcome.MERGED}


class RecordExecutor:
    """Performs one record at a time, on any thread.

    Args:
        writer: sends.
        rows: forgets the lists of what was written.
        links: rows by external id.
        foreign_keys: fills references.
        options: the target's settings.
        verifier: compares responses with the values that were sent.
        on_write: called with entity and ids of rows that an action wrote; with no entity after a request
            that may have written any.
        changes: makes the values of results readable.
    """

    def __init__(
        self,
        writer: RecordWriter,
        rows: Rows,
        links: Links,
        options: Options,
        *,
        foreign_keys: ForeignKeys,
        verifier: Verifier,
        on_write: Callable[[str | None, Iterable[str]], None],
        changes: ReadableChanges,
    ) -> None:
        self._writer = writer
        self._rows = rows
        self._links = links
        self._options = options
        self._shows_changes = options.shows_changes
        self._foreign_keys = foreign_keys
        self._verifier = verifier
        self._on_write = on_write
        self._changes = changes
        self._transient_in_a_row = 0

    def perform(self, task: Task) -> Result:
        """Perform one record.

        Returns: The result, failures included.

        Raises:
            PipedriveError: all other records would fail too; the run must end.
        """
        try:
            result = task.handler.perform(task) if task.handler else Result(outcome=Outcome.SKIPPED)
        except SkipRecord as skipped:
            result = Result(outcome=Outcome.SKIPPED, note=str(skipped))
        except RecordFault as fault:
            result = self._failed(task, fault)
        except PipedriveError as error:
            if self._ends_run(error):
                raise
            return self._failed(task, error)
        except UNFORESEEN as error:
            return self._failed(task, unforeseen(error))
        self._transient_in_a_row = 0
        return worded(self._changes.worded(task, result), task.plan)

    def _ends_run(self, error: PipedriveError) -> bool:
        """Return whether an error affects all records."""
        if isinstance(error, FeatureOff):
            return False  # concerns the columns of this record only, for example a plan or a missing add-on
        if isinstance(error, (RunError, OutputFailed)):
            return True
        if isinstance(error, TransientError) and error.status != HTTPStatus.NOT_IMPLEMENTED:
            self._transient_in_a_row += 1
            unreachable = isinstance(error, Unreachable) and not error.may_have_acted
            return unreachable or self._transient_in_a_row >= _MOST_TRANSIENT_IN_A_ROW
        return False

    def _failed(self, task: Task, error: RecordFault | PipedriveError) -> Result:
        fault = fault_of(
            error,
            stream=task.stream,
            key=task.key,
            line=task.input_line,
            plan=task.plan,
            message=task.line,
        )
        return Result(outcome=Outcome.FAILED, fault=fault)

    def act(self, task: Task, plan: ActionPlan) -> Result:
        """Perform a record of an action."""
        draft, action = task.draft, plan.action
        if draft is None:
            raise RecordFault("has no content")
        notes, later = self._foreign_keys.fill(task, plan, draft, complete=True)
        if later is not None:
            raise later
        if draft.external_id is not None and plan.makes:
            known = self._links.get(plan.entity_name, draft.external_id)
            if known is not None:
                return Result(outcome=Outcome.SKIPPED, id=known, note="was made before, by the ledger")
        try:
            done = self._writer.send(task, action, draft, plan.entity)
        except PipedriveError as error:
            before = self._writer.done_before(task)
            if before is not None and error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
                return Result(outcome=Outcome.SKIPPED, note=before.note)
            raise
        for changed in plan.touched:
            self._rows.forget(changed)
            written = (done.id, draft.path.get("id"), draft.body.get("merge_with_id"))
            self._on_write(changed.name, [str(one) for one in written if one is not None])
        row_id = done.id
        if row_id is not None:
            if action.verb is Verb.MERGE:
                row_id = str(draft.path["id"])
                done = replace(done, id=row_id)
            self._keep_links(task, plan, draft, row_id)
        return self._verified(task, plan, draft, done, notes)

    def _verified(self, task: Task, plan: ActionPlan, draft: Draft, done: Done, notes: str) -> Result:
        """Return the result of an action, by the row after it."""
        action, entity = plan.action, plan.entity
        outcome = Outcome.CREATED if plan.makes else _OUTCOMES.get(action.verb, Outcome.UPDATED)
        if action.verb is Verb.UPDATE and is_gone(done.data, entity) and not is_gone(draft.body, entity):
            raise RecordFault(
                f"references {action.entity} {done.id}, which is deleted in this account",
                fields=list(draft.path)[:1],
            )
        ignored: tuple[str, ...] = ()
        kept = draft.emptied if action.verb is Verb.UPDATE else ()
        if done.data is not None and entity is not None and plan.writes:
            sent = Sent(body=draft.body, custom={}, columns=action.body_columns)
            ignored = self._verifier.ignored_by_action(entity, done.id, sent, done.data, task.stream)
        taken = (*draft.body, *draft.custom)
        if ignored:
            taken = tuple(name for name in taken if name not in ignored)
        if ignored and not taken and outcome is Outcome.UPDATED:
            outcome = Outcome.UNCHANGED
        result = Result(
            outcome=outcome,
            id=done.id,
            changed=taken,
            note="; ".join(filter(None, (done.note, notes))) if notes else done.note,
            not_taken=ignored,
            kept=kept,
        )
        if not (self._shows_changes and plan.writes):
            return result
        return added(result, {**draft.body, **draft.custom})  # the row before an update was not read

    def _keep_links(self, task: Task, plan: ActionPlan, draft: Draft, row_id: str) -> None:
        """Update the links of external ids after an action."""
        action = plan.action
        if action.verb is Verb.DELETE:
            self._links.drop(action.entity, row_id)
        elif action.verb is Verb.MERGE:
            self._links.move(action.entity, row_id, str(draft.body["merge_with_id"]))
        elif draft.external_id is not None:
            self._links.put(plan.entity_name, draft.external_id, row_id, task.stream)

    def addition(self, task: Task, plan: ActionPlan) -> tuple[ActionSpec, Draft] | None:
        """Return the add that a later record will certainly send; None for other records.

        Raises:
            NotYet, RecordFault, SkipRecord: the record will add no row.
        """
        draft = task.draft
        if draft is None or plan.action.verb is not Verb.ADD:
            return None
        if draft.external_id is not None and self._links.get(plan.entity_name, draft.external_id) is not None:
            return None
        _, later = self._foreign_keys.fill(task, plan, draft, complete=True, ahead=True)
        return None if later is not None else (plan.action, draft)

    def raw(self, task: Task) -> Result:
        """Perform a record that describes a request."""
        draft = task.draft
        request = RawRequest(draft.body if draft else {}, self._options.files_dir)
        try:
            return self._writer.send_raw(task, request)
        finally:
            self._on_write(None, ())

    def ledger_steps(self, task: Task, result: Result) -> list[Callable[[Ledger], object]]:
        """Return the ledger entries of a finished record: links added, moved and dropped."""
        draft, plan, stream = task.draft, task.plan, task.stream
        if draft is None or plan is None or self._options.dry_run:
            return []
        steps: list[Callable[[Ledger], object]] = []
        entity, row_id, external = plan.entity_name, result.id, draft.external_id
        spec = ENTITIES.get(entity)
        parent = parent_id(spec, draft) if spec is not None else ""
        # A child row that was not found may be below another parent now, so its link stays.
        gone = draft.deleted and result.outcome is Outcome.UNCHANGED and spec is not None and not spec.parent
        if draft.released and external is not None:
            steps.append(lambda ledger: ledger.release(entity, external))
        elif row_id is not None and (gone or result.outcome is Outcome.DELETED):
            steps.append(lambda ledger: ledger.unlink(entity, row_id, parent))
        elif row_id is not None and result.outcome is Outcome.MERGED:
            survivor = str(draft.body.get("merge_with_id"))
            steps.append(lambda ledger: ledger.relink(entity, row_id, survivor))
        elif row_id is not None and external is not None and result.outcome in _LINKED:
            steps.append(lambda ledger: ledger.link(entity, external, row_id, stream, parent))
        if result.links:
            steps.append(partial(_link, links=result.links, stream=stream))
        return steps


def _link(ledger: Ledger, links: Iterable[tuple[str, str, str]], stream: str) -> None:
    for one in links:
        ledger.link(*one, stream)
