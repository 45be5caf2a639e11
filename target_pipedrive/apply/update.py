"""Updates of rows: only the columns that differ are sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pipedrive_client import Rejected
from target_pipedrive.apply.changes.change import updated
from target_pipedrive.apply.changes.diff import complete_required, custom_changes, kept_columns, without_keys
from target_pipedrive.apply.changes.verification import Sent, with_aliases
from target_pipedrive.mapping.columns.placement import placed, sent_together
from target_pipedrive.record.draft import Draft
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.record.outcome import Outcome, Result
from target_pipedrive.record.row import is_archived, is_gone
from target_pipedrive.values import compare
from target_pipedrive.write.completion import settled

if TYPE_CHECKING:
    from target_pipedrive.account.rows import Rows
    from target_pipedrive.apply.changes.verification import Verifier
    from target_pipedrive.apply.missing_rows import MissingRows
    from target_pipedrive.catalog.spec import ActionSpec, EntitySpec
    from target_pipedrive.lookup.matcher import Matcher
    from target_pipedrive.mapping.entity import EntityPlan
    from target_pipedrive.record.row import Row
    from target_pipedrive.record.task import Task
    from target_pipedrive.write.writer import RecordWriter


class RowUpdater:
    """Changes rows.

    Args:
        writer: sends.
        rows: drops lists of what was written.
        matcher: learns values that were written.
        verifier: compares responses with what was sent.
        missing: decides about rows that were deleted meanwhile.

    Attributes:
        shows: whether results contain values.
    """

    def __init__(
        self,
        writer: RecordWriter,
        rows: Rows,
        matcher: Matcher,
        verifier: Verifier,
        missing: MissingRows,
        *,
        shows: bool,
    ) -> None:
        self._writer = writer
        self._rows = rows
        self._matcher = matcher
        self._verifier = verifier
        self._missing = missing
        self.shows = shows

    def update(self, task: Task, plan: EntityPlan, draft: Draft, row_id: str, row: Row, notes: str) -> Result:
        """Send the columns in which the row differs from the record.

        Args:
            task: the record.
            plan: of its stream.
            draft: its values, with references filled in.
            row_id: id of the row.
            row: the current row in Pipedrive.
            notes: further notes for the result.

        Raises:
            RecordFault: the row cannot be changed, or not in this way.
            PipedriveError: a request failed.
        """
        action = plan.update
        if action is None:
            return Result(outcome=Outcome.UNCHANGED, id=row_id, note="rows of this kind cannot be changed")
        row = with_aliases(row, plan.spec)
        change = self._change(task, plan, action, draft, row_id, row)
        names, values = (*change.columns, *change.custom), dict(change.columns)
        kept = kept_columns(draft, row)
        note = "; ".join(filter(None, (plan.remark(draft, row), notes)))
        ignored = change.ignored
        archived = self._archive(task, plan, draft, row_id, row)
        if archived and not names:
            names, values = ("is_archived",), {"is_archived": True}
        elif not names:
            return _outcome(row_id, (), ignored, note, kept)
        else:
            plan.check_change(row, names)
            taken = self._send(task, plan, action, draft, row_id, row, change)
            if taken is None:
                return self._missing.gone(task, plan, draft, row_id)  # deleted since it was read
            ignored += taken
        result = _outcome(row_id, names, ignored, note, kept)
        return updated(result, plan, row, values, change.custom) if self.shows else result

    def _change(
        self, task: Task, plan: EntityPlan, action: ActionSpec, draft: Draft, row_id: str, row: Row
    ) -> _Change:
        """Return the change of a row, without values that Pipedrive is known to ignore."""
        spec, columns = plan.spec, action.body_columns
        whole, custom = settled(draft, row, plan.registry, plan.custom_fields, flat=spec.flat_custom_fields)
        body = {name: value for name, value in whole.items() if name in columns}
        if spec.within and not plan.foreign:
            body = placed(body, row, spec, self._rows, task.stream)
        changed = without_keys(compare.differing(body, row, columns), draft, row)
        custom = custom_changes(plan, custom, row)
        ignored = self._verifier.leave_out(plan, row_id, row, changed, custom)
        sent_together(changed, body, spec)
        return _Change(body, changed, custom, ignored)

    def _send(
        self,
        task: Task,
        plan: EntityPlan,
        action: ActionSpec,
        draft: Draft,
        row_id: str,
        row: Row,
        change: _Change,
    ) -> tuple[str, ...] | None:
        """Send a change, and return the columns that Pipedrive ignored; None if the row was deleted.

        An archived row is restored first, and archived again if the record is of an archived row.
        """
        spec, columns, custom = plan.spec, action.body_columns, change.custom
        path = path_values(action, plan, draft, row_id)
        changed = change.columns
        again: dict[str, object] = {}
        ignored: tuple[str, ...] = ()
        if row.get("is_archived") is True and "is_archived" in columns:
            changed, again = _without_archiving(change, plan, draft, row_id)
            self._writer.send(task, action, Draft(path=path, body={"is_archived": False}), spec)
        if changed or custom:
            complete_required(changed, change.body, row, action)
            shown = self._sent(task, spec, action, Draft(path=path, body=changed, custom=custom), row)
            if is_gone(shown, spec):
                return None
            sent = Sent(body=changed, custom=custom, columns=columns)
            after = self._verifier.shown(spec, row_id, sent, shown, task.stream)
            ignored = self._verifier.check(plan, row_id, sent, row, after)
        if again:
            self._writer.send(task, action, Draft(path=path, body=again), spec)
        self._rows.forget(spec)
        self._matcher.wrote(plan, {**changed, **custom}, row_id)
        return ignored

    def _sent(self, task: Task, spec: EntitySpec, action: ActionSpec, draft: Draft, row: Row) -> object:
        """Send an update and return the row that the response shows.

        If the account rejects columns because child rows determine them, the others are sent without them.
        """
        try:
            return self._writer.send(task, action, draft, spec).data
        except Rejected as error:
            if (
                not spec.locked
                or spec.locked not in error.message
                or draft.body.keys().isdisjoint(spec.settled_by)
            ):
                raise
        rest = {name: value for name, value in draft.body.items() if name not in spec.settled_by}
        if not rest and not draft.custom:
            return row
        return self._writer.send(task, action, replace(draft, body=rest), spec).data

    def _archive(self, task: Task, plan: EntityPlan, draft: Draft, row_id: str, row: Row) -> bool:
        """Archive a row where that is an action of its own, and return whether it was done."""
        action = plan.archive
        if action is None or draft.facts.get("is_archived") is not True or is_archived(row):
            return False
        self._writer.send(task, action, Draft(path=path_values(action, plan, draft, row_id)), plan.spec)
        self._rows.forget(plan.spec)
        return True


class _Change(NamedTuple):
    """Change of a row.

    Attributes:
        body: columns of the record that an update can send, changed or not.
        columns: those of them that differ from the row.
        custom: custom fields that differ from the row.
        ignored: columns that differ, but are not sent, because Pipedrive ignored them before.
    """

    body: dict[str, object]
    columns: dict[str, object]
    custom: dict[str, object]
    ignored: tuple[str, ...]


def _without_archiving(
    change: _Change, plan: EntityPlan, draft: Draft, row_id: str
) -> tuple[dict[str, object], dict[str, object]]:
    """Return the columns to send to an archived row once it is restored, and those that archive it again.

    Raises:
        RecordFault: the record does not restore the row.
    """
    again: dict[str, object] = {}
    if plan.foreign and draft.body.get("is_archived") is True:
        again = {name: change.body[name] for name in ("is_archived", "archive_time") if change.body.get(name)}
    elif change.columns.get("is_archived") is not False:
        raise RecordFault(
            f"{plan.spec.name} {row_id} is archived and cannot be changed; send "
            "is_archived: false to restore it first"
        )
    sent_apart = {"is_archived", *again}
    return {name: value for name, value in change.columns.items() if name not in sent_apart}, again


def path_values(action: ActionSpec, plan: EntityPlan, draft: Draft, row_id: str | None) -> dict[str, object]:
    """Return the values of an action's path, from the columns of the record.

    Raises:
        RecordFault: the record does not name the row that its row is below.
    """
    spec = plan.spec
    missing = missing_parents(action, plan, draft)
    if missing:
        raise RecordFault("needs {columns}", fields=sorted(missing))
    found: dict[str, object] = {}
    for name in action.placeholders:
        column = spec.path.get(name, name)
        found[name] = row_id if column == spec.key else draft.body.get(column)
    return found


def missing_parents(action: ActionSpec, plan: EntityPlan, draft: Draft) -> set[str]:
    """Return the columns of an action's path that have no value, apart from the key of the row itself."""
    spec = plan.spec
    if not action.placeholders:
        return set()
    columns = {spec.path.get(name, name) for name in action.placeholders} - {spec.key}
    return {column for column in columns if draft.body.get(column) in (None, "")}


def parent_id(spec: EntitySpec, draft: Draft) -> str:
    """Return the id of the row that the row of a record is below; empty for a row of its own."""
    value = draft.body.get(spec.parent) if spec.parent is not None else None
    return "" if value is None else str(value)


def _outcome(
    row_id: str, names: tuple[str, ...], ignored: tuple[str, ...], note: str, kept: tuple[str, ...]
) -> Result:
    """Return the result of an update; columns that Pipedrive did not take are not counted as changed."""
    taken = tuple(name for name in names if name not in ignored) if ignored else names
    return Result(
        outcome=Outcome.UPDATED if taken else Outcome.UNCHANGED,
        id=row_id,
        changed=taken,
        note=note,
        not_taken=ignored,
        kept=kept,
    )
