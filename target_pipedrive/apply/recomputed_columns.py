"""Columns that child rows recompute, such as the value of a deal from its products.

The values in the record have priority, as the next run would write them. If a child row is written in the
same run, one record of the parent waits for the end of the run; the columns are then compared and sent
again.

Pipedrive recomputes a moment after the child row was written. The comparison is therefore made
`RECOMPUTED_WITHIN` seconds after that write, and also for a row that was compared within these seconds. The
ledger contains the time of the last such write, since the next run may begin within these seconds.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pipedrive_client import Gone, NotFound
from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.ids.provisional import ProvisionalId
from target_pipedrive.ids.resolve import AT_THE_END
from target_pipedrive.ledger.schema import keep_child_time
from target_pipedrive.record.draft import Draft
from target_pipedrive.record.outcome import Outcome
from target_pipedrive.record.row import is_archived

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from target_pipedrive.account.rows import Rows
    from target_pipedrive.ledger.journal import Journal
    from target_pipedrive.mapping.entity import EntityPlan
    from target_pipedrive.record.outcome import Result
    from target_pipedrive.record.row import Row
    from target_pipedrive.record.task import Task

_ABOVE: Mapping[str, str] = {
    below: name
    for name, spec in ENTITIES.items()
    for entities in spec.settled_by.values()
    for below in entities.split()
}
"""Entity of the child rows → entity of the parent row whose columns they change."""
_CHANGES = frozenset({Outcome.CREATED, Outcome.UPDATED, Outcome.DELETED})
_HOLDS = frozenset({Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED})
RECOMPUTED_WITHIN = 2.0
"""Seconds after which Pipedrive has certainly recomputed the parent row."""


class Moment(NamedTuple):
    """A moment of the run.

    Attributes:
        writes: number of child rows written until then.
        seconds: of the monotonic clock.
    """

    writes: int
    seconds: float


class Due(NamedTuple):
    """A row whose columns are to be compared again.

    Attributes:
        plan: of the stream whose record contains its values.
        row_id: its id.
        body: the columns that child rows change, with the values of the record.
    """

    plan: EntityPlan
    row_id: str
    body: Mapping[str, object]


class Update(Protocol):
    """Sends the columns in which a row differs."""

    def __call__(
        self, task: Task, plan: EntityPlan, draft: Draft, row_id: str, row: Row, notes: str
    ) -> Result:
        """Update the row."""


class RecomputedColumns:
    """Restores such columns at the end of the run; thread-safe.

    Args:
        rows: reads the rows as they are then.
        update: sends the columns in which they differ.
        wait: waits for a number of seconds, or until the run is stopped.
        journal: stores the time of writes for the next run.
        before: time of the last such write of an earlier run, in seconds since 1970.
        dry_run: True if nothing is written, so Pipedrive recomputes nothing.
    """

    def __init__(
        self,
        rows: Rows,
        update: Update,
        wait: Callable[[float], None],
        journal: Journal,
        before: float,
        *,
        dry_run: bool,
    ) -> None:
        self._count = 0
        self._rows = rows
        self._update = update
        self._wait = wait
        self._journal = journal
        self._before = Moment(0, time.monotonic() - max(time.time() - before, 0))
        self._within = 0.0 if dry_run else RECOMPUTED_WITHIN
        self._lock = threading.Lock()
        self._said: dict[tuple[str, str], tuple[EntityPlan, Mapping[str, object]]] = {}
        self._written: dict[tuple[str, str], Moment] = {}
        self._places: dict[int, tuple[str, str]] = {}
        self._awaited: set[tuple[str, str]] = set()

    @property
    def now(self) -> Moment:
        """The current moment."""
        return Moment(self._count, time.monotonic())

    def waits(self, task: Task, plan: EntityPlan, draft: Draft, result: Result, since: Moment) -> bool:
        """Record a finished record; return True if it must restore a row at the end of the run.

        Args:
            task: the record.
            plan: of its stream.
            draft: its values, with references filled in.
            result: its result.
            since: the moment before its row was read.
        """
        above, row_id = _ABOVE.get(plan.spec.name), draft.body.get(plan.spec.parent or "")
        if above is not None and row_id is not None and result.outcome in _CHANGES:
            return self._changed_below((above, str(row_id)), task.number)
        if not plan.spec.settled_by or result.outcome not in _HOLDS:
            return False
        return self._said_of_itself(task.number, plan, draft, result.id, since)

    def waits_after_action(self, task: Task, entity: str, row_id: object, outcome: Outcome) -> bool:
        """Return True if a record must restore the parent row of the one that its action has written.

        Args:
            task: the record.
            entity: of the action.
            row_id: first id of its path.
            outcome: of the record.
        """
        above = _ABOVE.get(entity)
        if above is None or row_id is None or outcome not in _CHANGES:
            return False
        return self._changed_below((above, str(row_id)), task.number)

    def _changed_below(self, place: tuple[str, str], number: int) -> bool:
        moment = time.time()
        self._journal.note(lambda ledger: keep_child_time(ledger.database, moment))
        with self._lock:
            self._count += 1
            self._written[place] = self.now
            return place in self._said and self._is_first(number, place)

    def _said_of_itself(
        self, number: int, plan: EntityPlan, draft: Draft, row_id: str | None, since: Moment
    ) -> bool:
        """Record the values of a record for its row, which may be recomputed since it was read."""
        body = {name: draft.body[name] for name in plan.spec.settled_by if name in draft.body}
        if not body or row_id is None or isinstance(row_id, ProvisionalId):
            return False
        place = plan.spec.name, row_id
        with self._lock:
            self._said[place] = plan, body
            last = self._written.get(place, self._before)
            changed = last.writes > since.writes or last.seconds + self._within > since.seconds
            return changed and self._is_first(number, place)

    def _is_first(self, number: int, place: tuple[str, str]) -> bool:
        """Choose the record that restores the row, unless another one does."""
        if place in self._awaited:
            return False
        self._awaited.add(place)
        self._places[number] = place
        return True

    def due(self, task: Task) -> Due | None:
        """Return the row that a record restores, if any."""
        if task.first is None:
            return None
        with self._lock:
            place = self._places.get(task.number)
            if place is None:
                return None
            plan, body = self._said[place]
        return Due(plan, place[1], body)

    def await_recomputation(self, tasks: Iterable[Task]) -> bool:
        """Wait until Pipedrive has recomputed rows that are read next; return whether that took time.

        Args:
            tasks: the records whose rows are read; only those count that settle a row or are archived, for
                an archived row takes no change any more.
        """
        with self._lock:
            places = filter(None, map(self._place_of, tasks))
            moments = [self._written.get(one, self._before).seconds for one in places]
        left = max(moments) + self._within - time.monotonic() if moments else 0.0
        if left > 0:
            self._wait(left)
        return left > 0

    def _place_of(self, task: Task) -> tuple[str, str] | None:
        """Return the row that a record settles, or writes for the last time in the run."""
        if task.first is None or task.number in self._places:
            return self._places.get(task.number)
        if AT_THE_END not in task.given_up or task.first.id is None or task.plan is None:
            return None
        return task.plan.entity_name, task.first.id

    def settle(self, task: Task) -> Result:
        """Compare the row again with the values of its record, and send the columns that differ.

        Returns:
            The original result of the record, with a note of what was sent.

        Raises:
            PipedriveError: a request failed.
        """
        due = self.due(task)
        if due is None:
            raise LookupError(task.number)
        with self._lock:  # child rows written later need another record
            self._awaited.discard(self._places.pop(task.number))
        return self._compare(task, due)

    def _compare(self, task: Task, due: Due) -> Result:
        first = task.first
        if first is None:
            raise LookupError(task.number)
        plan, row_id, body = due
        is_read = task.was_read and not task.stale
        row = task.row if is_read else self._rows.one(plan.spec, row_id, body, task.stream)
        if row is None or is_archived(row):
            return first  # it takes no change any more
        try:
            done = self._update(task, plan, Draft(id=row_id, body=dict(body)), row_id, row, "")
        except (NotFound, Gone):
            return first
        changed, not_taken = (plan.names.named(names) for names in (done.changed, done.not_taken))
        name = f"{plan.spec.name} {row_id}"
        notes = (
            first.note,
            f"{', '.join(changed)} of {name} sent again after it" if changed else "",
            f"Pipedrive did not take {', '.join(not_taken)} of {name}" if not_taken else "",
        )
        return replace(first, note="; ".join(filter(None, notes)))
