"""Upsert for entity streams: settle, delete, or resolve references and write the row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from target_pipedrive.apply.changes.diff import both
from target_pipedrive.ids.resolve import AT_THE_END, NotYet
from target_pipedrive.mapping.row_key import fill_matches
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.record.outcome import Outcome

if TYPE_CHECKING:
    from target_pipedrive.apply.delete import RowDeleter
    from target_pipedrive.apply.recomputed_columns import RecomputedColumns
    from target_pipedrive.apply.row_writer import RowWriter
    from target_pipedrive.lookup.foreign_keys import ForeignKeys
    from target_pipedrive.mapping.entity import EntityPlan
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.outcome import Result
    from target_pipedrive.record.task import Task


class Origin(Protocol):
    """Performs records by the account that their ids belong to."""

    def perform(self, task: Task, plan: EntityPlan, draft: Draft) -> tuple[Result, NotYet | None]:
        """Write the row, without parts that reference rows not written yet.

        Returns:
            The outcome, and the reference that the record still waits for.

        Raises:
            NotYet: nothing can be written yet.
            RecordFault: the record cannot be written as it is.
            PipedriveError: a request failed; a failed lookup never turns into an add.
        """

    def left_out(self, task: Task, plan: EntityPlan, draft: Draft, result: Result) -> Result:
        """Note a record that was deleted or skipped, and return its result."""


class OwnRecords:
    """Records whose ids belong to this account.

    Args:
        row_writer: writes rows.
        foreign_keys: fills references.
    """

    def __init__(self, row_writer: RowWriter, foreign_keys: ForeignKeys) -> None:
        self._row_writer = row_writer
        self._foreign_keys = foreign_keys

    def perform(self, task: Task, plan: EntityPlan, draft: Draft) -> tuple[Result, NotYet | None]:
        """Write the row; see `Origin.perform`."""
        notes, later = self._foreign_keys.fill(task, plan, draft)
        if later is not None and draft.body.get("is_archived") is True:
            raise later  # nothing can be added to an archived row
        fill_matches(plan, draft)
        return self._row_writer.bring(task, plan, draft, notes), later

    def left_out(self, task: Task, plan: EntityPlan, draft: Draft, result: Result) -> Result:
        """Return the result: nothing waits for a row of this account that was skipped."""
        del task, plan, draft
        return result


class Upserter:
    """Performs the records of entity streams.

    Args:
        own: records whose ids belong to this account.
        foreign: records whose ids belong to another account.
        deleter: deletes.
        recomputed: compares columns again that child rows change.

    Attributes:
        recomputed: the same, for records that are actions.
    """

    def __init__(
        self, own: Origin, foreign: Origin, deleter: RowDeleter, recomputed: RecomputedColumns
    ) -> None:
        self._own = own
        self._foreign = foreign
        self._deleter = deleter
        self.recomputed = recomputed

    def perform(self, task: Task, plan: EntityPlan) -> Result:
        """Delete, settle or upsert the row of a record.

        Raises:
            NotYet: the record waits for a row, or for the end of the run.
            RecordFault: the record cannot be written as it is.
            PipedriveError: a request failed; a failed lookup never turns into an add.
        """
        draft = task.draft
        if draft is None:
            raise RecordFault("has no content")
        if self.recomputed.due(task) is not None:
            return self.recomputed.settle(task)
        if task.first is not None and self.recomputed.await_recomputation([task]):
            task.stale = True
        moment = self.recomputed.now
        origin = self._foreign if plan.foreign else self._own
        later: NotYet | None = None
        if draft.deleted:
            result = self._deleter.delete(task, plan, draft)
        else:
            result, later = origin.perform(task, plan, draft)
        first, task.first = task.first, None
        if first is not None and result.outcome in (Outcome.UPDATED, Outcome.UNCHANGED):
            result = both(first, result)
        if later is not None and result.outcome is not Outcome.SKIPPED:
            task.first = result
            raise later
        if draft.deleted or result.outcome is Outcome.SKIPPED:
            result = origin.left_out(task, plan, draft, result)
        if self.recomputed.waits(task, plan, draft, result, moment):
            task.first = result
            raise NotYet(*AT_THE_END)
        return result
