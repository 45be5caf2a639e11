"""Records held back for a moment, so that one request serves many.

What they are compared or matched with is read in bulk, and what can be added in bulk comes together.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from pipedrive_client import PipedriveError, RunError
from target_pipedrive.listing import can_list
from target_pipedrive.rows import BULK

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_pipedrive.entity_plan import EntityPlan
    from target_pipedrive.links import Links
    from target_pipedrive.rows import Rows
    from target_pipedrive.schedule import Scheduler
    from target_pipedrive.settings import Options
    from target_pipedrive.spec import EntitySpec
    from target_pipedrive.tasks import Task
    from target_pipedrive.upsert import Upserter

_MOST = 5 * BULK


class Gathering:
    """Submits records of entities; safe to share between threads.

    Args:
        scheduler: runs the records, and the reads beside them.
        rows: reads rows by id.
        links: rows by external id.
        upserter: reads ahead for matching.
        options: whether deletes are allowed.
        on_end: called with an error that no other record can do better than.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        rows: Rows,
        links: Links,
        upserter: Upserter,
        options: Options,
        *,
        on_end: Callable[[BaseException], None],
    ) -> None:
        self._scheduler = scheduler
        self._rows = rows
        self._links = links
        self._upserter = upserter
        self._options = options
        self._on_end = on_end
        self._lock = threading.Lock()
        self._to_read: dict[str, tuple[EntitySpec, list[Task]]] = {}
        self._to_match: dict[int, tuple[EntityPlan, list[Task]]] = {}
        self._to_add: list[Task] = []

    def enter(self, task: Task, plan: EntityPlan) -> None:
        """Submit a record, held back for a bulk read where that is possible."""
        draft, read = task.draft, plan.spec.read
        if draft is None:
            return
        row_id = draft.id
        if row_id is None and draft.external_id is not None:
            row_id = self._links.get(plan.spec.name, draft.external_id)
        wanted = None
        if row_id is not None and not row_id.startswith("new:") and read is not None and read.ids is not None:
            wanted = row_id if read.by == plan.spec.key else draft.body.get(read.by)
        is_kept = draft.deleted and not self._options.allow_deletes and plan.write != "delete"
        if wanted is not None and not is_kept:
            task.lookup = (row_id or "", str(wanted))
            self._scheduler.submit(task, held=True)
            self._gather(task, plan.spec)
        elif row_id is None and draft.matches and not is_kept and can_list(plan.spec):
            self._scheduler.submit(task, held=True)
            self._gather_match(task, plan)
        elif row_id is None and plan.add is not None and plan.add.bulk is not None:
            self.enter_many(task)
        else:
            self._scheduler.submit(task)

    def enter_many(self, task: Task) -> None:
        """Submit a record that may be written together with others, held back until they are here."""
        self._scheduler.submit(task, held=True)
        with self._lock:
            self._to_add.append(task)
            ready = self._to_add if len(self._to_add) >= _MOST else []
            if ready:
                self._to_add = []
        self._scheduler.release(ready)

    def _gather(self, task: Task, spec: EntitySpec) -> None:
        with self._lock:
            _, gathered = self._to_read.setdefault(spec.name, (spec, []))
            gathered.append(task)
            full = len(gathered) >= BULK and len({one.lookup[1] for one in gathered if one.lookup}) >= BULK
            if full or len(gathered) >= _MOST:
                del self._to_read[spec.name]
                self._scheduler.aside(partial(self._read, spec, gathered))

    def _gather_match(self, task: Task, plan: EntityPlan) -> None:
        with self._lock:
            _, gathered = self._to_match.setdefault(id(plan), (plan, []))
            gathered.append(task)
            if len(gathered) >= _MOST:
                del self._to_match[id(plan)]
                self._scheduler.aside(partial(self._match, plan, gathered))

    def send(self) -> None:
        """Send off the reads that are still being gathered."""
        with self._lock:
            to_read, self._to_read = self._to_read, {}
            to_match, self._to_match = self._to_match, {}
            to_add, self._to_add = self._to_add, []
        for spec, tasks in to_read.values():
            self._scheduler.aside(partial(self._read, spec, tasks))
        for plan, tasks in to_match.values():
            self._scheduler.aside(partial(self._match, plan, tasks))
        self._scheduler.release(to_add)

    def _read(self, spec: EntitySpec, tasks: list[Task]) -> None:
        """Read the rows of many records at once and let the records go on."""
        try:
            values = [one.lookup[1] for one in tasks if one.lookup]
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
            self._upserter.read_ahead(tasks, plan)
        except PipedriveError as error:
            self._failed(error)
        self._scheduler.release(tasks)

    def _failed(self, error: PipedriveError) -> None:
        """Each record reads for itself then, and fails for itself if that fails too."""
        if isinstance(error, RunError):
            self._on_end(error)
