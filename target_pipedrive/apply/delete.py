"""Deletes of rows, and the limit on their number."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pipedrive_client import Gone, NotFound
from target_pipedrive.apply.changes.change import deleted
from target_pipedrive.apply.update import missing_parents, parent_id, path_values
from target_pipedrive.mapping.row_key import fill_matches
from target_pipedrive.record.draft import Draft
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.record.outcome import Outcome, Result

if TYPE_CHECKING:
    from target_pipedrive.apply.row_writer import RowWriter
    from target_pipedrive.catalog.spec import ActionSpec, EntitySpec
    from target_pipedrive.lookup.foreign_keys import ForeignKeys
    from target_pipedrive.mapping.entity import EntityPlan
    from target_pipedrive.record.row import Row
    from target_pipedrive.record.task import Task
    from target_pipedrive.settings import Options
    from target_pipedrive.write.response import Done
    from target_pipedrive.write.writer import RecordWriter

_GONE = "was already deleted"
_SHARED = "not deleted, because other external ids link to this row too ({}); only this link was removed"
_SHOWN = 5
_NO_ROW = "no row has this key, so nothing was deleted"


class DeleteGuard:
    """Count of deletes against `max_deletes`."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._most = most
        self._lock = threading.Lock()

    def take(self) -> None:
        """Allow one delete.

        Raises:
            RecordFault: the limit is reached.
        """
        with self._lock:
            if self._left <= 0:
                raise RecordFault(
                    f"was not deleted, because max_deletes ({self._most}) is reached; raise it to delete more"
                )
            self._left -= 1

    @property
    def left(self) -> int:
        """Deletes still allowed."""
        return self._left


class RowDeleter:
    """Deletes the rows of records that are marked as deleted.

    Args:
        writer: sends.
        row_writer: finds rows, and forgets deleted ones.
        foreign_keys: fills references.
        options: `allow_deletes`.
        guard: limits the number.
    """

    def __init__(
        self,
        writer: RecordWriter,
        row_writer: RowWriter,
        foreign_keys: ForeignKeys,
        options: Options,
        guard: DeleteGuard,
    ) -> None:
        self._writer = writer
        self._row_writer = row_writer
        self._foreign_keys = foreign_keys
        self._options = options
        self._guard = guard

    def delete(self, task: Task, plan: EntityPlan, draft: Draft) -> Result:
        """Delete the row of a record.

        Raises:
            RecordFault: it cannot be deleted, or the limit is reached.
            PipedriveError: a request failed.
        """
        spec, action = plan.spec, plan.delete
        if not self._options.allow_deletes and plan.write != "delete":
            return Result(
                outcome=Outcome.SKIPPED, id=draft.id, note="is deleted in the input; set allow_deletes"
            )
        if action is None:
            raise RecordFault(
                f"cannot be deleted, because the API of Pipedrive has no delete for {spec.name}"
            )
        for reference in draft.references:
            reference.place[reference.column] = self._foreign_keys.row_id(reference, stream=task.stream)
        if not self._row_writer.may_exist(plan, draft):
            return Result(outcome=Outcome.UNCHANGED, note=_NO_ROW)
        self._row_writer.fill_parent(plan, draft)
        named = {spec.key, *(reference.column for reference in draft.references)}
        missing = sorted(missing_parents(action, plan, draft) - named)
        if missing:
            raise RecordFault(
                "is to be deleted, which needs {columns} too: send it in a record that is marked as deleted",
                fields=missing,
            )
        fill_matches(plan, draft)
        row_id, row = self._row_writer.find(task, plan, draft)
        note = self._why_absent(plan, draft, row_id, row)
        if row_id is None or note:
            return Result(outcome=Outcome.UNCHANGED, id=row_id, note=note)
        _check_parent(spec, draft, row or {})
        others = self._others(plan, draft, row_id)
        if others:
            return Result(outcome=Outcome.UNCHANGED, id=row_id, note=_SHARED.format(others))
        self._guard.take()
        done = self._send(task, plan, action, draft, row_id, shown=row is not None)
        self._row_writer.forget(plan, draft, row_id)
        if done is None:
            return Result(outcome=Outcome.UNCHANGED, id=row_id, note=_GONE)
        result = Result(outcome=Outcome.DELETED, id=row_id, note=done.note)
        return deleted(result, plan, row) if self._options.shows_changes else result

    def _send(
        self, task: Task, plan: EntityPlan, action: ActionSpec, draft: Draft, row_id: str, *, shown: bool
    ) -> Done | None:
        """Send the delete of a row; None if another client deleted it since it was read.

        Args:
            task: the record.
            plan: of its stream.
            action: the delete.
            draft: values of the record.
            row_id: id of the row.
            shown: True if Pipedrive showed the row before.
        """
        path = path_values(action, plan, draft, row_id)
        body = {
            name: draft.body.get(name, row_id) for name, one in action.body_columns.items() if one.required
        }
        try:
            return self._writer.send(task, action, Draft(path=path, body=body), plan.spec)
        except (NotFound, Gone):
            if shown:
                return None
            raise

    def _others(self, plan: EntityPlan, draft: Draft, row_id: str) -> str:
        """Return the other external ids of the row; if there are any, the link of this one is removed.

        A row has several after a merge, in Pipedrive or of two records that match it: the source deletes one
        of them, and the row is still that of the others.
        """
        external = draft.external_id
        if external is None or draft.id is not None or draft.every_id:
            return ""
        others = self._row_writer.release(plan, draft, external, row_id)
        draft.released = bool(others)
        return ", ".join(sorted(others)[:_SHOWN])

    def _why_absent(self, plan: EntityPlan, draft: Draft, row_id: str | None, row: Row | None) -> str:
        """Return the reason why no row can be deleted; empty if one can."""
        spec = plan.spec
        if row_id is None:
            return _NO_ROW
        if not (spec.read or spec.single) or row is not None:
            return ""
        if spec.parent is not None:
            return f"is not below this {spec.parent}"
        self._row_writer.forget(plan, draft, row_id)
        return _GONE


def _check_parent(spec: EntitySpec, draft: Draft, row: Row) -> None:
    """Check that a child row is below the row that the record names.

    Raises:
        RecordFault: it is below another one.
    """
    if spec.parent is None:
        return
    held = row.get(spec.parent)
    if held is not None and str(held) != parent_id(spec, draft):
        why = f"is not the parent of the row, which is below {held}; correct it"
        raise RecordFault(why, fields=(spec.parent,))
