"""Upsert for entity streams: look up the row, compare it, and create, update or delete what differs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from pipedrive_client import Gone, NotFound
from target_pipedrive.account.rows import is_trace
from target_pipedrive.apply.diff import both, complete_required, custom_changes, kept_columns
from target_pipedrive.apply.settlement import Settlement
from target_pipedrive.apply.verification import Sent, with_aliases
from target_pipedrive.ids.provisional import ProvisionalId
from target_pipedrive.ids.resolve import AT_THE_END, NotYet, fill_references
from target_pipedrive.lookup.matcher import Matcher
from target_pipedrive.mapping.placement import placed, sent_together
from target_pipedrive.mapping.row_key import fill_matches, key_columns
from target_pipedrive.migrate.copier import Copier
from target_pipedrive.record.draft import Draft
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.record.outcome import Outcome, Result
from target_pipedrive.record.row import is_archived, is_gone
from target_pipedrive.values import compare
from target_pipedrive.values.encoders import encoder
from target_pipedrive.write.completion import settled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_pipedrive.account.rows import Rows
    from target_pipedrive.apply.delete_limit import DeleteGuard
    from target_pipedrive.apply.verification import Verifier
    from target_pipedrive.catalog.spec import ActionSpec, EntitySpec
    from target_pipedrive.custom_fields.registry import FieldBook
    from target_pipedrive.ids.id_map import Links
    from target_pipedrive.mapping.entity import EntityPlan
    from target_pipedrive.record.row import Row
    from target_pipedrive.record.task import Task
    from target_pipedrive.settings import Options
    from target_pipedrive.write.response import Done
    from target_pipedrive.write.writer import RecordWriter

_GONE = "was already deleted"
_EMPTY: tuple[object, ...] = (None, "", [], {})


class Upserter:
    """Performs the records of entity streams."""

    def __init__(
        self,
        writer: RecordWriter,
        rows: Rows,
        links: Links,
        book: FieldBook,
        options: Options,
        guard: DeleteGuard,
        *,
        verifier: Verifier,
    ) -> None:
        self._writer = writer
        self._rows = rows
        self._links = links
        self._options = options
        self._guard = guard
        self._verifier = verifier
        self._matcher = Matcher(rows, options.on_ambiguous, links)
        self._settlement = Settlement(rows, self._update)
        self._copier = Copier(self, writer, rows, links, book, leave_out=options.leave_out_missing)

    def wrote_elsewhere(self, entity: str | None, ids: Iterable[str] = ()) -> None:
        """Note that rows were written by an action or a request; without an entity it may be any."""
        self._matcher.wrote_elsewhere(entity, ids)

    def read_ahead(self, tasks: Sequence[Task], plan: EntityPlan) -> None:
        """Read what many records are to be matched with at once, where that is cheaper than one by one.

        Raises:
            PipedriveError: as in `PipedriveClient.request`.
        """
        self._matcher.read_ahead(tasks, plan)

    def perform(self, task: Task, plan: EntityPlan) -> Result:
        """Bring Pipedrive to what the record says.

        Raises:
            RecordFault: the record cannot be written as it is.
            PipedriveError: a request failed; a failed look-up never turns into an add.
        """
        draft = task.draft
        if draft is None:
            raise RecordFault("has no content")
        if self._settlement.due(task) is not None:
            return self._settlement.settle(task)
        moment = self._settlement.clock
        if draft.deleted:
            result, later = self._delete(task, plan, draft), None
        elif plan.foreign:
            result, later = self._copier.perform(task, plan, draft)
        else:
            notes, later = fill_references(
                draft, self._links, task.given_up, plan.names.name, leave_out=self._options.leave_out_missing
            )
            if later is not None and draft.body.get("is_archived") is True:
                raise later  # once it is archived, nothing can be added to it
            fill_matches(plan, draft)
            result = self.bring(task, plan, draft, notes)
        first, task.first = task.first, None
        if first is not None and result.outcome in (Outcome.UPDATED, Outcome.UNCHANGED):
            result = both(first, result)
        if later is not None and result.outcome is not Outcome.SKIPPED:
            task.first = result
            raise later
        if plan.foreign and (draft.deleted or result.outcome is Outcome.SKIPPED):
            result = self._copier.left_out(task, plan, draft, result)
        if self._settlement.waits(task, plan, draft, result, moment):
            task.first = result
            raise NotYet(*AT_THE_END)
        return result

    def settles(self, task: Task) -> tuple[EntitySpec, str] | None:
        """Return entity and id of the row above its own that a record is about to settle."""
        due = self._settlement.due(task)
        return None if due is None else (due.plan.spec, due.row_id)

    def bring(self, task: Task, plan: EntityPlan, draft: Draft, notes: str, *, again: bool = False) -> Result:
        """Add or change the row; one that was matched and goes before its change is looked for once more."""
        by_match = self._is_matched(plan, draft)
        moment = self._matcher.clock
        row_id, row = self.find(task, plan, draft)
        if row_id is None or (row is None and plan.spec.chosen_key):
            return self._add(task, plan, draft, notes)
        if row is None and plan.spec.read is None and plan.spec.single is None:
            row = {}
        if row is None or is_gone(row):
            return self._gone(task, plan, draft, row_id)
        words = self._put_link(task, plan, draft, row_id, row)
        if plan.write == "add":
            return Result(outcome=Outcome.SKIPPED, id=row_id, note="is there already")
        try:
            with self._matcher.alone(plan.spec.name, row_id) if by_match else nullcontext():
                if by_match and self._matcher.was_written_since(plan.spec.name, row_id, moment):
                    row = self._rows.one(plan.spec, row_id, draft.body, task.stream) or {}
                return replace(self._update(task, plan, draft, row_id, row, notes), links=words)
        except (NotFound, Gone):
            if again or not by_match:
                raise
        self.forget_row(plan, row_id)
        task.found, task.was_read = None, False
        return self.bring(task, plan, draft, notes, again=True)

    def _is_matched(self, plan: EntityPlan, draft: Draft) -> bool:
        """Whether the row is found by what the record says, and not by an id."""
        linked = draft.external_id is not None and self._links.get(plan.spec.name, draft.external_id)
        return draft.id is None and not linked and bool(draft.matches)

    def _put_link(
        self, task: Task, plan: EntityPlan, draft: Draft, row_id: str, row: object
    ) -> tuple[tuple[str, str, str], ...]:
        """Note which row it is, under its word too; returns what the ledger is to remember besides its id."""
        if draft.external_id is None:
            return ()
        word = plan.spec.word or ""
        there, here = draft.facts.get(word), row.get(word) if isinstance(row, Mapping) else None
        words: tuple[tuple[str, str, str], ...] = ()
        if plan.foreign and there and here:
            words = ((f"{plan.spec.name}.word", str(there), str(here)),)
            self._links.put(*words[0], task.stream)
        self._links.put(plan.spec.name, draft.external_id, row_id, task.stream)
        return words

    # --- finding ----------------------------------------------------------------------------------

    def find(self, task: Task, plan: EntityPlan, draft: Draft) -> tuple[str | None, Row | None]:
        """Id and row of the record; no id when it is to be added, no row when the row is gone."""
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
            return row_id, None
        if task.was_read and not task.stale:
            return row_id, task.row
        return row_id, self._rows.one(plan.spec, row_id, draft.body, task.stream)

    # --- writing ----------------------------------------------------------------------------------

    def _add(self, task: Task, plan: EntityPlan, draft: Draft, notes: str) -> Result:
        spec, action = plan.spec, plan.add
        if plan.write == "update" or (action is None and not plan.foreign):
            return self._missing(plan, draft, "no row matches")
        if action is None:
            return Result(outcome=Outcome.SKIPPED, note=f"no row matches, and upserts add no {spec.name}")
        if plan.foreign and plan.needs_file and not draft.files:
            return Result(outcome=Outcome.SKIPPED, note="its bytes come with the stream file_contents")
        new = self._new(action, plan, draft, task.stream)
        done = self._writer.send(task, action, new, spec)
        self._rows.forget(spec)
        words: tuple[tuple[str, str, str], ...] = ()
        if done.id is not None:
            words = self._put_link(task, plan, draft, done.id, done.data)
            self._matcher.remember(plan, draft, done.id, done.data)
        if done.made_before and done.id is not None and any(one.soft for one in draft.references):
            self._fill_in(task, plan, draft, done.id)
        else:
            self._add_rest(task, plan, draft, new.body, done)
        ignored: tuple[str, ...] = ()
        if done.id is not None:
            ignored = self._verified(task, plan, new, done, action)
        note = "; ".join(filter(None, (done.note, notes)))
        return Result(outcome=Outcome.CREATED, id=done.id, note=note, links=words, not_taken=ignored)

    def _verified(
        self, task: Task, plan: EntityPlan, new: Draft, done: Done, action: ActionSpec
    ) -> tuple[str, ...]:
        """Columns that an added row does not hold as they were sent."""
        if done.id is None:
            return ()
        sent = Sent(body=new.body, custom=new.custom, columns=action.body_columns)
        row = self._verifier.shown(plan.spec, done.id, sent, done.data, task.stream)
        return self._verifier.check(plan, done.id, sent, None, row)

    def _missing(self, plan: EntityPlan, draft: Draft, why: str) -> Result:
        """The outcome of a record whose row does not exist and is not to be added.

        Raises:
            RecordFault: `missing_rows` is fail.
        """
        if self._options.skip_missing_rows:
            return Result(outcome=Outcome.SKIPPED, note=why)
        raise RecordFault(
            f"{why}, and this stream creates no {plan.spec.name}; set missing_rows to skip to skip such "
            "records",
            column=key_columns(plan, draft),
        )

    def _fill_in(self, task: Task, plan: EntityPlan, draft: Draft, row_id: str) -> None:
        """Bring a row up to date that may have been added before what it points at was known."""
        row = self._rows.one(plan.spec, row_id, draft.body, task.stream)
        if row is not None and not is_gone(row):
            self._update(task, plan, draft, row_id, row, "")

    def _new(self, action: ActionSpec, plan: EntityPlan, draft: Draft, stream: str) -> Draft:
        """What is sent to add the row.

        Raises:
            RecordFault: something required is missing.
        """
        spec = plan.spec
        if spec.chosen_key and draft.id is not None:
            column = action.body_columns[spec.key]
            draft.body[spec.key] = encoder(column.kind)(draft.id)
        whole, custom = settled(draft, {}, plan.book, plan.custom_fields, flat=spec.flat_custom_fields)
        body = {name: value for name, value in whole.items() if name in action.body_columns}
        if spec.within and not plan.foreign:
            body = placed(body, None, spec, self._rows, stream)
        said = {name for name in spec.said_empty.split() if body.get(name) == []}
        body = {name: value for name, value in body.items() if value not in _EMPTY or name in said}
        waiting = (
            {name for name, column in action.body_columns.items() if column.required}
            - set(body)
            - set(draft.files)
        )
        if waiting:
            raise RecordFault("needs {columns} to create the row", fields=sorted(waiting))
        custom = {key: value for key, value in custom.items() if value not in _EMPTY}
        return replace(draft, path=self._path(action, plan, draft, None), body=body, custom=custom)

    def addition(self, task: Task, plan: EntityPlan) -> tuple[ActionSpec, Draft] | None:
        """What a record whose turn has not come will ask for, if that is certainly to add a row.

        Raises:
            NotYet, RecordFault, SkipRecord: it will not come to that.
        """
        draft, action = task.draft, plan.add
        if draft is None or draft.deleted or draft.late is not None or draft.id is not None:
            return None
        if action is None or plan.match_on or plan.write == "update":
            return None
        if draft.external_id is not None and self._links.get(plan.spec.name, draft.external_id) is not None:
            return None
        _, later = fill_references(
            draft, self._links, task.given_up, plan.names.name, leave_out=self._options.leave_out_missing
        )
        return None if later is not None else (action, self._new(action, plan, draft, task.stream))

    def _add_rest(
        self, task: Task, plan: EntityPlan, draft: Draft, sent: Mapping[str, object], done: Done
    ) -> None:
        """Say in a second call what only an update takes."""
        action = plan.update
        if action is None or done.id is None:
            return
        rest = {
            name: value
            for name, value in draft.body.items()
            if name in action.body_columns
            and plan.add is not None
            and name not in plan.add.body_columns
            and name not in sent
            and value not in (*_EMPTY, False)
        }
        if rest:
            path = self._path(action, plan, draft, done.id)
            self._writer.send(task, action, Draft(path=path, body=rest), plan.spec)

    def _update(
        self, task: Task, plan: EntityPlan, draft: Draft, row_id: str, row: Row, notes: str
    ) -> Result:
        action = plan.update
        if action is None:
            return Result(outcome=Outcome.UNCHANGED, id=row_id, note="rows of this kind cannot be changed")
        columns = action.body_columns
        spec = plan.spec
        row = with_aliases(row, spec)
        flat = spec.flat_custom_fields
        whole, custom = settled(draft, row, plan.book, plan.custom_fields, flat=flat)
        body = {name: value for name, value in whole.items() if name in columns}
        if spec.within and not plan.foreign:
            body = placed(body, row, spec, self._rows, task.stream)
        changed = compare.differing(body, row, columns)
        custom = custom_changes(plan, custom, row)
        ignored = self._verifier.leave_out(plan, row_id, row, changed, custom)
        sent_together(changed, body, spec)
        kept = kept_columns(draft, row)
        note = "; ".join(filter(None, (plan.remark(draft, row), notes)))
        archived = self._archive(task, plan, draft, row_id, row)
        if archived and not changed and not custom:
            return replace(_outcome(row_id, ("is_archived",), ignored, note), kept=kept)
        if not changed and not custom:
            return replace(_outcome(row_id, (), ignored, note), kept=kept)
        names = (*changed, *custom)
        plan.check_change(row, names)
        path = self._path(action, plan, draft, row_id)
        again: dict[str, object] = {}
        if row.get("is_archived") is True and "is_archived" in columns:
            if plan.foreign and draft.body.get("is_archived") is True:
                again = {name: body[name] for name in ("is_archived", "archive_time") if body.get(name)}
                changed = {name: value for name, value in changed.items() if name not in again}
            elif changed.get("is_archived") is not False:
                raise RecordFault(
                    f"{plan.spec.name} {row_id} is archived and cannot be changed; send "
                    "is_archived: false to restore it first"
                )
            changed.pop("is_archived", None)
            self._writer.send(task, action, Draft(path=path, body={"is_archived": False}), plan.spec)
        if changed or custom:
            complete_required(changed, body, row, action)
            done = self._writer.send(task, action, Draft(path=path, body=changed, custom=custom), plan.spec)
            sent = Sent(body=changed, custom=custom, columns=columns)
            if is_trace(plan.spec, done.data):
                return self._gone(task, plan, draft, row_id)  # deleted since it was read
            after = self._verifier.shown(plan.spec, row_id, sent, done.data, task.stream)
            ignored += self._verifier.check(plan, row_id, sent, row, after)
        if again:
            self._writer.send(task, action, Draft(path=path, body=again), plan.spec)
        self._rows.forget(plan.spec)
        self._matcher.wrote(plan, {**changed, **custom}, row_id)
        return replace(_outcome(row_id, names, ignored, note), kept=kept)

    def _archive(self, task: Task, plan: EntityPlan, draft: Draft, row_id: str, row: Row) -> bool:
        """Archive a row where that is an action of its own; whether it was done."""
        action = plan.archive
        if action is None or draft.facts.get("is_archived") is not True or is_archived(row):
            return False
        self._writer.send(task, action, Draft(path=self._path(action, plan, draft, row_id)), plan.spec)
        self._rows.forget(plan.spec)
        return True

    def _delete(self, task: Task, plan: EntityPlan, draft: Draft) -> Result:
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
            reference.place[reference.column] = self._links.get(reference.entity, reference.external_id)
        named = {spec.key, *(reference.column for reference in draft.references)}
        above = {spec.path.get(name, name) for name in action.placeholders} - named
        missing = sorted(name for name in above if draft.body.get(name) is None)
        if missing:
            raise RecordFault(
                "is to be deleted, which needs {columns} too: send it in a record that is marked as deleted",
                fields=missing,
            )
        fill_matches(plan, draft)
        row_id, row = self.find(task, plan, draft)
        if row_id is None or ((spec.read or spec.single) and (row is None or is_gone(row))):
            return Result(outcome=Outcome.UNCHANGED, id=row_id, note=_GONE)
        self._guard.take()
        path = self._path(action, plan, draft, row_id)
        body = {
            name: draft.body.get(name, row_id) for name, one in action.body_columns.items() if one.required
        }
        try:
            done = self._writer.send(task, action, Draft(path=path, body=body), spec)
        except (NotFound, Gone):
            if row is None:
                raise
            done = None  # somebody else was faster
        self.forget_row(plan, row_id)
        if done is None:
            return Result(outcome=Outcome.UNCHANGED, id=row_id, note=_GONE)
        return Result(outcome=Outcome.DELETED, id=row_id, note=done.note)

    def forget_row(self, plan: EntityPlan, row_id: str) -> None:
        """Drop what is remembered of a deleted row."""
        if not self._options.dry_run:
            self._links.drop(plan.spec.name, row_id)
            self._verifier.forget(plan, row_id)
        self._rows.forget(plan.spec)

    def _gone(self, task: Task, plan: EntityPlan, draft: Draft, row_id: str) -> Result:
        """The record names a row that is not there."""
        before = self._writer.done_before(task)
        if before is not None:
            return Result(outcome=Outcome.SKIPPED, id=row_id, note=before.note)
        if isinstance(row_id, ProvisionalId):
            return Result(outcome=Outcome.UPDATED, id=row_id)
        name = plan.spec.name
        if plan.write == "update" and self._options.skip_missing_rows:
            return Result(outcome=Outcome.SKIPPED, id=row_id, note=f"{name} {row_id} does not exist")
        if draft.id is not None:
            raise RecordFault(
                f"has {{columns}} {row_id}, which does not exist in this account (any more)",
                column=key_columns(plan, draft) or plan.spec.key,
            )
        if draft.external_id is not None:
            raise RecordFault(
                f"is linked to {name} {row_id} in the ledger, which does not exist any more. If it was "
                "merged, "
                f"link it to the remaining row with `target-pipedrive ledger relink {name} {row_id} ID`; to "
                f"create it again, run `target-pipedrive ledger forget {name} {draft.external_id}`",
                column=key_columns(plan, draft),
            )
        raise RecordFault(
            f"matches {name} {row_id} by {{columns}}, which does not exist any more",
            column=key_columns(plan, draft),
        )

    def _path(
        self, action: ActionSpec, plan: EntityPlan, draft: Draft, row_id: str | None
    ) -> dict[str, object]:
        """Values of the path of an action, from the columns of the record."""
        spec = plan.spec
        found: dict[str, object] = {}
        for name in action.placeholders:
            column = spec.path.get(name, name)
            found[name] = row_id if column == spec.key else draft.body.get(column)
        return found


def _outcome(row_id: str, names: tuple[str, ...], ignored: tuple[str, ...], note: str) -> Result:
    """The result of an update; columns that Pipedrive did not take are not counted as changed."""
    taken = tuple(name for name in names if name not in ignored)
    return Result(
        outcome=Outcome.UPDATED if taken else Outcome.UNCHANGED,
        id=row_id,
        changed=taken,
        note=note,
        not_taken=ignored,
    )
