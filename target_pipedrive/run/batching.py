"""Batches of records: one read or bulk request for many records.

The rows that records are compared or matched with are read in bulk, and records that one request can add run
together.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pipedrive_client import PipedriveError, RunError
from target_pipedrive.account.rows import BULK
from target_pipedrive.ids.provisional import ProvisionalId
from target_pipedrive.mapping.match_columns import can_list

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_pipedrive.account.rows import Rows
    from target_pipedrive.apply.recomputed_columns import Due, RecomputedColumns
    from target_pipedrive.catalog.spec import EntitySpec
    from target_pipedrive.ids.id_map import Links
    from target_pipedrive.lookup.matcher import Matcher
    from target_pipedrive.lookup.reference_finder import ReferenceFinder
    from target_pipedrive.mapping.entity import EntityPlan
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.task import Task
    from target_pipedrive.run.scheduler import Scheduler
    from target_pipedrive.settings import Options

_MOST = 5 * BULK
_READ, _MATCH, _ADD, _NAMED = range(4)
"""Kinds of batches, in the order in which incomplete ones are sent."""


class Batcher:
    """Submits records, deferred if one request can serve several; thread-safe.

    Args:
        scheduler: runs the records, and the reads for them.
        rows: reads rows by id.
        links: rows by external id.
        matcher: reads ahead for matching.
        finder: looks up natural keys; many keys together cost less.
        recomputed: knows which records restore a parent row.
        options: whether deletes are allowed.
        on_end: called with an error that affects all records.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        rows: Rows,
        links: Links,
        matcher: Matcher,
        finder: ReferenceFinder,
        recomputed: RecomputedColumns,
        options: Options,
        *,
        on_end: Callable[[BaseException], None],
    ) -> None:
        self._scheduler = scheduler
        self._rows = rows
        self._links = links
        self._matcher = matcher
        self._finder = finder
        self._recomputed = recomputed
        self._options = options
        self._on_end = on_end

    def enter(self, task: Task, plan: EntityPlan) -> None:
        """Submit a record, held back for a bulk read if possible."""
        draft = task.draft
        if draft is None:
            return
        if task.first is not None and self.enter_settling(task):
            return
        self._finder.expect(draft.references)
        row_id = self._row_id(draft, plan.spec)
        is_kept = draft.deleted and not self._options.allow_deletes and plan.write != "delete"
        lookup = None if is_kept else self._lookup(row_id, draft, plan.spec)
        if lookup is not None:
            task.lookup = lookup
            self._scheduler.submit(task, held=True)
            self._gather(task, plan.spec)
        elif row_id is None and draft.matches and not is_kept and can_list(plan.spec):
            self._scheduler.submit(task, held=True)
            self._gather_match(task, plan)
        elif row_id is None and plan.add is not None and plan.add.bulk is not None:
            self.enter_many(task)
        else:
            self.enter_alone(task)

    def enter_settling(self, task: Task) -> bool:
        """Submit a record that settles a parent row, held back for a bulk read; False for other records."""
        return self._settle(task, partial(self._scheduler.submit, held=True))

    def resume_settling(self, task: Task) -> bool:
        """Run such a record again; False for other records."""
        return self._settle(task, partial(self._scheduler.resume, held=True))

    def _settle(self, task: Task, enter: Callable[[Task], None]) -> bool:
        due = self._recomputed.due(task)
        if due is not None:
            enter(task)
            self._gather_above(task, due)
        return due is not None

    def enter_alone(self, task: Task) -> None:
        """Submit a record, held back only if it references rows by natural keys that are still unknown.

        Many keys together may be looked up in the list of all rows, which costs less.
        """
        if task.draft is not None and self._finder.expect(task.draft.references):
            self._scheduler.submit(task, held=True)
            self._scheduler.hold(_NAMED, None, task, None, _is_long)
        else:
            self._scheduler.submit(task)

    def resume(self, task: Task, plan: EntityPlan) -> None:
        """Run a deferred record again; its row is read again, together with those of others."""
        if self.resume_settling(task):
            return
        draft, lookup = task.draft, None
        if draft is not None and draft.late is None and not draft.deleted:
            lookup = self._lookup(self._row_id(draft, plan.spec), draft, plan.spec)
        if lookup is None:
            self._scheduler.resume(task)
            return
        # No other task changes the row while it waits: reads from now on are up to date.
        task.lookup, task.was_read, task.stale = lookup, False, False
        self._scheduler.resume(task, held=True)
        self._gather(task, plan.spec, again=True)

    def _gather_above(self, task: Task, due: Due) -> None:
        """Submit a record for a bulk read of the parent row that it restores."""
        task.lookup, task.was_read, task.stale = (due.row_id, due.row_id), False, False
        self._gather(task, due.plan.spec, again=True)

    def _row_id(self, draft: Draft, spec: EntitySpec) -> str | None:
        """Return the id of the record's row, if that is known already."""
        if draft.id is None and draft.external_id is not None:
            return self._links.get(spec.name, draft.external_id)
        return draft.id

    def _lookup(self, row_id: str | None, draft: Draft, spec: EntitySpec) -> tuple[str, str] | None:
        """Return the id of a row and the value by which it is read in bulk; None when it cannot be."""
        read = spec.read
        if row_id is None or isinstance(row_id, ProvisionalId) or read is None or read.ids is None:
            return None
        if read.by == spec.key:
            return row_id, row_id
        value = draft.body.get(read.by)
        if value is None:  # a row of another account, whose references are not filled in yet
            named = next((one for one in draft.references if one.column == read.by), None)
            value = self._links.get(named.entity, named.external_id) if named is not None else None
        return None if value is None else (row_id, str(value))

    def enter_many(self, task: Task) -> None:
        """Submit a record that may be written together with others, held back until these are received."""
        if task.draft is not None:
            self._finder.expect(task.draft.references)
        self._scheduler.submit(task, held=True)
        self._scheduler.hold(_ADD, None, task, None, _is_long)

    def _gather(self, task: Task, spec: EntitySpec, *, again: bool = False) -> None:
        read = partial(self._read, spec, again=again)
        self._scheduler.hold(_READ, (spec.name, again), task, read, _is_full)

    def _gather_match(self, task: Task, plan: EntityPlan) -> None:
        self._scheduler.hold(_MATCH, id(plan), task, partial(self._match, plan), _is_long)

    def _read(self, spec: EntitySpec, tasks: list[Task], *, again: bool) -> None:
        """Read the rows of many records at once, and release the records."""
        self._recomputed.await_recomputation(tasks)
        values = [one.lookup[1] for one in tasks if one.lookup]
        single, read = spec.single, spec.read
        if again and single is not None and read is not None and len(set(values)) * single.cost < read.cost:
            self._scheduler.release(tasks)  # for so few rows, single reads cost less
            return
        try:
            found = self._rows.many(spec, values, tasks[0].stream)
        except PipedriveError as error:
            self._failed(error)
        else:
            for task in tasks:
                task.row = found.get(task.lookup[0]) if task.lookup else None
                task.was_read = True
        self._scheduler.release(tasks)

    def _match(self, plan: EntityPlan, tasks: list[Task]) -> None:
        """Read the rows that many records are matched with, and release the records."""
        try:
            self._matcher.read_ahead(tasks, plan)
        except PipedriveError as error:
            self._failed(error)
        self._scheduler.release(tasks)

    def _failed(self, error: PipedriveError) -> None:
        """End the run if the error affects all records; otherwise each record reads on its own."""
        if isinstance(error, RunError):
            self._on_end(error)


def _is_full(tasks: list[Task]) -> bool:
    """Return whether a bulk read for these records has all the rows that one request can return."""
    full = len(tasks) >= BULK and len({one.lookup[1] for one in tasks if one.lookup}) >= BULK
    return full or _is_long(tasks)


def _is_long(tasks: list[Task]) -> bool:
    """Return whether no more records are held back."""
    return len(tasks) >= _MOST
