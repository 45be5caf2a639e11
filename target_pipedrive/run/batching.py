"""Batches of records: one read or bulk request for many records.

What they are compared or matched with is read in bulk, and what can be added in bulk comes together.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from pipedrive_client import PipedriveError, RunError
from target_pipedrive.account.rows import BULK
from target_pipedrive.ids.provisional import ProvisionalId
from target_pipedrive.mapping.entity import EntityPlan
from target_pipedrive.mapping.match_columns import can_list

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_pipedrive.account.rows import Rows
    from target_pipedrive.apply.settlement import Due, Settlement
    from target_pipedrive.catalog.spec import EntitySpec
    from target_pipedrive.ids.id_map import Links
    from target_pipedrive.lookup.matcher import Matcher
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.task import Task
    from target_pipedrive.run.scheduler import Scheduler
    from target_pipedrive.settings import Options

_MOST = 5 * BULK


class Gathering:
    """Submits records of entities; safe to share between threads.

    Args:
        scheduler: runs the records, and the reads beside them.
        rows: reads rows by id.
        links: rows by external id.
        matcher: reads ahead for matching.
        settlement: knows which records settle a row above theirs.
        options: whether deletes are allowed.
        on_end: called with an error that no other record can do better than.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        rows: Rows,
        links: Links,
        matcher: Matcher,
        settlement: Settlement,
        options: Options,
        *,
        on_end: Callable[[BaseException], None],
    ) -> None:
        self._scheduler = scheduler
        self._rows = rows
        self._links = links
        self._matcher = matcher
        self._settlement = settlement
        self._options = options
        self._on_end = on_end
        self._lock = threading.Lock()
        self._to_read: dict[tuple[str, bool], tuple[EntitySpec, list[Task]]] = {}
        self._to_match: dict[int, tuple[EntityPlan, list[Task]]] = {}
        self._to_add: list[Task] = []

    def enter(self, task: Task, plan: EntityPlan) -> None:
        """Submit a record, held back for a bulk read where that is possible."""
        draft = task.draft
        if draft is None:
            return
        due = self._settlement.due(task)
        if due is not None:
            self._scheduler.submit(task, held=True)
            self._gather_above(task, due)
            return
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
            self._scheduler.submit(task)

    def resume(self, task: Task) -> None:
        """Let a record go on that waited; its row is read anew, together with those of others."""
        due = self._settlement.due(task)
        if due is not None:
            self._scheduler.resume(task, held=True)
            self._gather_above(task, due)
            return
        draft, plan = task.draft, task.plan
        lookup = None
        if draft is not None and isinstance(plan, EntityPlan) and draft.late is None and not draft.deleted:
            lookup = self._lookup(self._row_id(draft, plan.spec), draft, plan.spec)
        if lookup is None or not isinstance(plan, EntityPlan):
            self._scheduler.resume(task)
            return
        # Nothing else is let at the row while it waits: what is read from now on is how it is.
        task.lookup, task.was_read, task.stale = lookup, False, False
        self._scheduler.resume(task, held=True)
        self._gather(task, plan.spec, again=True)

    def _gather_above(self, task: Task, due: Due) -> None:
        """Hold a record back for a bulk read of the row above its own, which it settles."""
        task.lookup, task.was_read, task.stale = (due.row_id, due.row_id), False, False
        self._gather(task, due.plan.spec, again=True)

    def _row_id(self, draft: Draft, spec: EntitySpec) -> str | None:
        """Id of the record's row, if that is known already."""
        if draft.id is None and draft.external_id is not None:
            return self._links.get(spec.name, draft.external_id)
        return draft.id

    def _lookup(self, row_id: str | None, draft: Draft, spec: EntitySpec) -> tuple[str, str] | None:
        """Id of a row, and the value by which it is read in bulk; None when it cannot be."""
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
        """Submit a record that may be written together with others, held back until they are here."""
        self._scheduler.submit(task, held=True)
        with self._lock:
            self._to_add.append(task)
            ready = self._to_add if len(self._to_add) >= _MOST else []
            if ready:
                self._to_add = []
        self._scheduler.release(ready)

    def _gather(self, task: Task, spec: EntitySpec, *, again: bool = False) -> None:
        with self._lock:
            _, gathered = self._to_read.setdefault((spec.name, again), (spec, []))
            gathered.append(task)
            full = len(gathered) >= BULK and len({one.lookup[1] for one in gathered if one.lookup}) >= BULK
            if full or len(gathered) >= _MOST:
                del self._to_read[spec.name, again]
                self._scheduler.aside(partial(self._read, spec, gathered, again=again))

    def _gather_match(self, task: Task, plan: EntityPlan) -> None:
        with self._lock:
            _, gathered = self._to_match.setdefault(id(plan), (plan, []))
            gathered.append(task)
            if len(gathered) >= _MOST:
                del self._to_match[id(plan)]
                self._scheduler.aside(partial(self._match, plan, gathered))

    def send(self) -> bool:
        """Send off the reads that are still being gathered; whether there were any."""
        with self._lock:
            to_read, self._to_read = self._to_read, {}
            to_match, self._to_match = self._to_match, {}
            to_add, self._to_add = self._to_add, []
        for (_, again), (spec, tasks) in to_read.items():
            self._scheduler.aside(partial(self._read, spec, tasks, again=again))
        for plan, tasks in to_match.values():
            self._scheduler.aside(partial(self._match, plan, tasks))
        self._scheduler.release(to_add)
        return bool(to_read or to_match or to_add)

    def _read(self, spec: EntitySpec, tasks: list[Task], *, again: bool) -> None:
        """Read the rows of many records at once and let the records go on."""
        values = [one.lookup[1] for one in tasks if one.lookup]
        single, read = spec.single, spec.read
        if again and single is not None and read is not None and len(set(values)) * single.cost < read.cost:
            self._scheduler.release(tasks)  # so few that each for itself costs less
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
        """Read what many records are to be matched with and let them go on."""
        try:
            self._matcher.read_ahead(tasks, plan)
        except PipedriveError as error:
            self._failed(error)
        self._scheduler.release(tasks)

    def _failed(self, error: PipedriveError) -> None:
        """Each record reads for itself then, and fails for itself if that fails too."""
        if isinstance(error, RunError):
            self._on_end(error)
