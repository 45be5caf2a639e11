"""Upsert of one row: find it, then add it or change it."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from pipedrive_client import Gone, NotFound, Rejected
from target_pipedrive.apply.add import put_link
from target_pipedrive.apply.update import parent_id
from target_pipedrive.ids.provisional import ProvisionalId
from target_pipedrive.record.outcome import Outcome, Result
from target_pipedrive.values.compare import same_value

if TYPE_CHECKING:
    from target_pipedrive.account.rows import Rows
    from target_pipedrive.apply.add import RowAdder
    from target_pipedrive.apply.changes.verification import Verifier
    from target_pipedrive.apply.missing_rows import MissingRows
    from target_pipedrive.apply.update import RowUpdater
    from target_pipedrive.ids.id_map import Links
    from target_pipedrive.lookup.matcher import Matcher
    from target_pipedrive.mapping.entity import EntityPlan
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.row import Row
    from target_pipedrive.record.task import Task
    from target_pipedrive.settings import Options


class RowWriter:
    """Finds, adds and changes rows.

    Args:
        rows: reads rows.
        links: rows by external id.
        matcher: rows by values.
        adder: adds.
        updater: changes.
        missing: decides about rows that do not exist.
        verifier: forgets deleted rows.
        options: the target's settings.
    """

    def __init__(
        self,
        rows: Rows,
        links: Links,
        *,
        matcher: Matcher,
        adder: RowAdder,
        updater: RowUpdater,
        missing: MissingRows,
        verifier: Verifier,
        options: Options,
    ) -> None:
        self._rows = rows
        self._links = links
        self._matcher = matcher
        self._adder = adder
        self._updater = updater
        self._missing = missing
        self._verifier = verifier
        self._options = options

    def bring(self, task: Task, plan: EntityPlan, draft: Draft, notes: str, *, again: bool = False) -> Result:
        """Add or change the row; a matched one that is deleted before its change is looked up again.

        Args:
            task: the record.
            plan: of its stream.
            draft: its values, with references filled in.
            notes: further notes for the result.
            again: whether it was looked up again already.

        Raises:
            RecordFault: the record cannot be written as it is.
            PipedriveError: a request failed.
        """
        by_match = self._is_matched(plan, draft)
        moment = self._matcher.clock
        row_id, row = self.find(task, plan, draft)
        if row_id is None or (row is None and plan.spec.chosen_key):
            try:
                return self._adder.add(task, plan, draft, notes)
            except Rejected:
                row_id, row = self._added_meanwhile(task, plan, draft)
                if row_id is None or row is None:
                    raise
        if row is None and plan.spec.read is None and plan.spec.single is None:
            row = {}
        if row is None:
            return self._missing.gone(task, plan, draft, row_id)
        words = put_link(self._links, task, plan, draft, row_id, row)
        if plan.write == "add":
            return Result(outcome=Outcome.SKIPPED, id=row_id, note="is there already")
        try:
            with self._matcher.alone(plan.spec.name, row_id) if by_match else nullcontext():
                if by_match and self._matcher.was_written_since(plan.spec.name, row_id, moment):
                    row = self._rows.one(plan.spec, row_id, draft.body, task.stream) or {}
                result = self._updater.update(task, plan, draft, row_id, row, notes)
                return replace(result, links=words) if words else result
        except (NotFound, Gone):
            if again or not by_match:
                raise
        self.forget(plan, draft, row_id)
        task.found, task.was_read = None, False
        return self.bring(task, plan, draft, notes, again=True)

    def _added_meanwhile(self, task: Task, plan: EntityPlan, draft: Draft) -> tuple[str | None, Row | None]:
        """Return a child row that another client, or Pipedrive itself, added to the same parent.

        The owner of a new deal becomes its follower a moment later, and its contact person a participant.
        """
        spec = plan.spec
        if spec.chosen_key:
            self._rows.forget(spec)
            task.was_read = False
            return self.find(task, plan, draft)
        columns = spec.natural_key.split()
        if spec.parent is None or not columns or any(draft.body.get(one) is None for one in columns):
            return None, None
        self._rows.forget(spec)
        for row_id, row in self._rows.listed(spec, draft.body, task.stream).items():
            if all(same_value(draft.body[one], row.get(one)) for one in columns):
                return row_id, row
        return None, None

    def _is_matched(self, plan: EntityPlan, draft: Draft) -> bool:
        """Return whether the row is found by values of the record, and not by an id."""
        linked = draft.external_id is not None and self._links.get(plan.spec.name, draft.external_id)
        return draft.id is None and not linked and bool(draft.matches)

    def find(self, task: Task, plan: EntityPlan, draft: Draft) -> tuple[str | None, Row | None]:
        """Return id and row of the record; no id when it is to be added, no row when that was deleted."""
        row_id = draft.id
        if row_id is None and draft.external_id is not None:
            row_id = self._links.get(plan.spec.name, draft.external_id)
        if row_id is None and draft.matches:
            row_id = self._matcher.find(task, plan, draft)
            if row_id is None:
                return None, None
        if row_id is None:
            return None, None
        if isinstance(row_id, ProvisionalId):
            return row_id, self._rows.one(plan.spec, row_id, draft.body, task.stream)
        if task.was_read and not task.stale:
            return row_id, task.row
        return row_id, self._rows.one(plan.spec, row_id, draft.body, task.stream)

    def may_exist(self, plan: EntityPlan, draft: Draft) -> bool:
        """Return False if a record names its row only by an external id that is linked to none."""
        if draft.id is not None or draft.external_id is None or plan.match_bindings:
            return True
        return self._links.get(plan.spec.name, draft.external_id) is not None

    def fill_parent(self, plan: EntityPlan, draft: Draft) -> None:
        """Add the row that a linked row is below, if the record does not name it."""
        spec = plan.spec
        if spec.parent is None or draft.external_id is None or draft.body.get(spec.parent) is not None:
            return
        parent = self._links.parent(spec.name, draft.external_id)
        if parent:
            draft.body[spec.parent] = int(parent) if parent.isdecimal() else parent

    def release(self, plan: EntityPlan, draft: Draft, external_id: str, row_id: str) -> set[str]:
        """Remove the link of an external id if its row has others, and return these."""
        return self._links.release(plan.spec.name, external_id, row_id, parent_id(plan.spec, draft))

    def forget(self, plan: EntityPlan, draft: Draft, row_id: str) -> None:
        """Drop what is kept of a deleted row."""
        self._links.drop(plan.spec.name, row_id, parent_id(plan.spec, draft))
        self._verifier.forget(plan, row_id)
        self._rows.forget(plan.spec)
