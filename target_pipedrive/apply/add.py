"""Creation of rows: the columns of the add, and those that only an update accepts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from target_pipedrive.apply.changes.change import added
from target_pipedrive.apply.changes.verification import Sent
from target_pipedrive.apply.update import missing_parents, parent_id, path_values
from target_pipedrive.mapping.columns.placement import placed
from target_pipedrive.record.draft import Draft
from target_pipedrive.record.errors import RecordFault, one_of
from target_pipedrive.record.outcome import Outcome, Result
from target_pipedrive.values.compare import EMPTY_VALUES
from target_pipedrive.values.encoders import encoder
from target_pipedrive.write.completion import settled

if TYPE_CHECKING:
    from target_pipedrive.account.rows import Rows
    from target_pipedrive.apply.changes.verification import Verifier
    from target_pipedrive.apply.missing_rows import MissingRows
    from target_pipedrive.apply.update import RowUpdater
    from target_pipedrive.catalog.spec import ActionSpec
    from target_pipedrive.ids.id_map import Links
    from target_pipedrive.lookup.foreign_keys import ForeignKeys
    from target_pipedrive.lookup.matcher import Matcher
    from target_pipedrive.mapping.entity import EntityPlan
    from target_pipedrive.record.task import Task
    from target_pipedrive.write.response import Done
    from target_pipedrive.write.writer import RecordWriter


class RowAdder:
    """Adds rows.

    Args:
        writer: sends.
        rows: reads rows, and drops lists of what was written.
        links: rows by external id.
        foreign_keys: fills references.
        matcher: learns the rows that were added.
        verifier: compares responses with what was sent.
        updater: sends what an add does not accept.
        missing: decides about records that add no row.
    """

    def __init__(
        self,
        writer: RecordWriter,
        rows: Rows,
        links: Links,
        *,
        foreign_keys: ForeignKeys,
        matcher: Matcher,
        verifier: Verifier,
        updater: RowUpdater,
        missing: MissingRows,
    ) -> None:
        self._writer = writer
        self._rows = rows
        self._links = links
        self._foreign_keys = foreign_keys
        self._matcher = matcher
        self._verifier = verifier
        self._updater = updater
        self._missing = missing
        self._shows = updater.shows

    def add(self, task: Task, plan: EntityPlan, draft: Draft, notes: str) -> Result:
        """Add the row of a record.

        Raises:
            RecordFault: a required column has no value, or no row may be added.
            PipedriveError: a request failed.
        """
        spec, action = plan.spec, plan.add
        if plan.write == "update" or (action is None and not plan.foreign):
            return self._missing.not_found(plan, draft, "no row matches")
        if action is None:
            return Result(outcome=Outcome.SKIPPED, note=f"no row matches, and upserts add no {spec.name}")
        if plan.foreign and plan.needs_file and not draft.files:
            return Result(outcome=Outcome.SKIPPED, note="its content follows in the stream file_contents")
        new = self._new(action, plan, draft, task.stream)
        done = self._writer.send(task, action, new, spec)
        self._rows.forget(spec)
        words: tuple[tuple[str, str, str], ...] = ()
        if done.id is not None:
            words = put_link(self._links, task, plan, draft, done.id, done.data)
            self._matcher.remember(plan, draft, done.id, done.data)
        rest: Mapping[str, object] = {}
        ignored: tuple[str, ...] = ()
        if done.made_before and done.id is not None and any(one.soft for one in draft.references):
            self._fill_in(task, plan, draft, done.id)
        else:
            rest, ignored = self._add_rest(task, plan, draft, new.body, done)
        ignored += self._verified(task, plan, action, new, done, done.id)
        note = "; ".join(filter(None, (done.note, notes)))
        result = Result(outcome=Outcome.CREATED, id=done.id, note=note, links=words, not_taken=ignored)
        return added(result, {**new.body, **rest, **new.custom}) if self._shows else result

    def _verified(
        self, task: Task, plan: EntityPlan, action: ActionSpec, draft: Draft, done: Done, row_id: str | None
    ) -> tuple[str, ...]:
        """Return the columns of an added row that do not have the values that were sent."""
        if row_id is None:
            return ()
        sent = Sent(body=draft.body, custom=draft.custom, columns=action.body_columns)
        row = self._verifier.shown(plan.spec, row_id, sent, done.data, task.stream)
        return self._verifier.check(plan, row_id, sent, None, row)

    def _fill_in(self, task: Task, plan: EntityPlan, draft: Draft, row_id: str) -> None:
        """Update a row that may have been added before the rows that it references were known."""
        row = self._rows.one(plan.spec, row_id, draft.body, task.stream)
        if row is not None:
            self._updater.update(task, plan, draft, row_id, row, "")

    def _new(self, action: ActionSpec, plan: EntityPlan, draft: Draft, stream: str) -> Draft:
        """Return what is sent to add the row.

        Raises:
            RecordFault: a required column has no value.
        """
        spec, columns = plan.spec, action.body_columns
        if spec.chosen_key and draft.id is not None:
            column = columns[spec.key]
            draft.body[spec.key] = encoder(column.kind)(draft.id)
        whole, custom = settled(draft, {}, plan.registry, plan.custom_fields, flat=spec.flat_custom_fields)
        body = {name: value for name, value in whole.items() if name in columns}
        if spec.within and not plan.foreign:
            body = placed(body, None, spec, self._rows, stream)
        said = spec.said_empty.split()
        body = {
            name: value
            for name, value in body.items()
            if value or value not in EMPTY_VALUES or (value == [] and name in said)
        }
        missing = action.required_body_columns - body.keys() - draft.files.keys()
        missing |= missing_parents(action, plan, draft)
        if missing:
            raise RecordFault("needs {columns} to create the row", fields=sorted(missing))
        choice = action.one_of.split()
        if choice and body.keys().isdisjoint(choice):
            raise one_of(choice)
        if custom:
            custom = {key: value for key, value in custom.items() if value or value not in EMPTY_VALUES}
        return draft.to_add(path=path_values(action, plan, draft, None), body=body, custom=custom)

    def addition(self, task: Task, plan: EntityPlan) -> tuple[ActionSpec, Draft] | None:
        """Return the add that a later record will certainly send; None for other records.

        Raises:
            NotYet, RecordFault, SkipRecord: the record will add no row.
        """
        draft, action = task.draft, plan.add
        if draft is None or draft.deleted or draft.late is not None or draft.id is not None:
            return None
        if action is None or plan.match_on or plan.write == "update":
            return None
        if draft.external_id is not None and self._links.get(plan.spec.name, draft.external_id) is not None:
            return None
        _, later = self._foreign_keys.fill(task, plan, draft, ahead=True)
        return None if later is not None else (action, self._new(action, plan, draft, task.stream))

    def _add_rest(
        self, task: Task, plan: EntityPlan, draft: Draft, sent: Mapping[str, object], done: Done
    ) -> tuple[Mapping[str, object], tuple[str, ...]]:
        """Send in a second request what only an update accepts.

        Returns:
            The columns with their values, and those that Pipedrive ignored.
        """
        action = plan.update
        if action is None or done.id is None or plan.add is None:
            return {}, ()
        added, updated = plan.add.body_columns, action.body_columns
        rest = {
            name: value
            for name, value in draft.body.items()
            if name not in sent
            and name in updated
            and name not in added
            and value not in (*EMPTY_VALUES, False)
        }
        if not rest:
            return rest, ()
        change = Draft(path=path_values(action, plan, draft, done.id), body=rest)
        changed = self._writer.send(task, action, change, plan.spec)
        return rest, self._verified(task, plan, action, change, changed, done.id)


def put_link(
    links: Links, task: Task, plan: EntityPlan, draft: Draft, row_id: str, row: object
) -> tuple[tuple[str, str, str], ...]:
    """Link the record to its row, and return further links for the ledger, such as that of its name."""
    if draft.external_id is None:
        return ()
    word = plan.spec.word or ""
    there, here = draft.facts.get(word), row.get(word) if isinstance(row, Mapping) else None
    words: tuple[tuple[str, str, str], ...] = ()
    if plan.foreign and there and here:
        words = ((f"{plan.spec.name}.word", str(there), str(here)),)
        links.put(*words[0], task.stream)
    links.put(plan.spec.name, draft.external_id, row_id, task.stream, parent_id(plan.spec, draft))
    return words
