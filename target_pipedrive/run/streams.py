"""Handlers of streams: they submit and perform records, by the kind of the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from target_pipedrive.account.rows import BULK
from target_pipedrive.ids.resolve import AT_THE_END, NotYet
from target_pipedrive.record.errors import RecordFault, SkipRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_pipedrive.apply.add import RowAdder
    from target_pipedrive.apply.executor import RecordExecutor
    from target_pipedrive.apply.upsert import Upserter
    from target_pipedrive.catalog.spec import ActionSpec
    from target_pipedrive.mapping.action import ActionPlan, RawPlan
    from target_pipedrive.mapping.entity import EntityPlan
    from target_pipedrive.mapping.stream import Plan
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.outcome import Result
    from target_pipedrive.record.task import Handler, Task
    from target_pipedrive.run.batching import Batcher
    from target_pipedrive.run.mirror import Mirror
    from target_pipedrive.run.scheduler import Scheduler
    from target_pipedrive.run.worker import Worker

    class StreamHandler(Handler, Protocol):
        """Handler of one stream, with its plan."""

        @property
        def plan(self) -> Plan:
            """Plan of the stream."""

        def activate(self, version: int | None) -> None:
            """Record an ACTIVATE_VERSION of the stream."""


P = TypeVar("P", bound="Plan")


class _StreamHandler(Generic[P]):
    """Submits records one by one; a stream without batches, planned adds and versions needs no more.

    Args:
        plan: of the stream.
        parts: performs records.
    """

    def __init__(self, plan: P, parts: Handlers) -> None:
        self.plan = plan
        self._parts = parts

    def submit(self, task: Task) -> None:
        """Submit a record."""
        self._parts.scheduler.submit(task)

    def resume(self, task: Task) -> None:
        """Run a deferred record again."""
        self._parts.scheduler.resume(task)

    def run(self, task: Task) -> None:
        """Perform a record and store its outcome."""
        self._parts.worker.run(task)

    def addition(self, task: Task) -> tuple[ActionSpec, Draft] | None:
        """Return the add that a later record will certainly send; None for other records."""
        del task
        return None

    def activate(self, version: int | None) -> None:
        """Ignore an ACTIVATE_VERSION; only entities have versions."""


class EntityHandler(_StreamHandler["EntityPlan"]):
    """Performs records of an entity: rows that are found, compared and written."""

    def submit(self, task: Task) -> None:
        """Submit a record, which waits for a bulk read if possible."""
        self._parts.batcher.enter(task, self.plan)

    def resume(self, task: Task) -> None:
        """Run a deferred record again, after its row was read again."""
        self._parts.batcher.resume(task, self.plan)

    def perform(self, task: Task) -> Result:
        """Upsert or delete the row of a record."""
        return self._parts.upserter.perform(task, self.plan)

    def addition(self, task: Task) -> tuple[ActionSpec, Draft] | None:
        """Return the add that a later record will certainly send; None for other records."""
        return self._parts.adder.addition(task, self.plan)

    def activate(self, version: int | None) -> None:
        """Record an ACTIVATE_VERSION; rows to delete are determined at the end of the input."""
        self._parts.mirror.activate(self.plan, self, version)


class ActionHandler(_StreamHandler["ActionPlan"]):
    """Performs records of an action."""

    def submit(self, task: Task) -> None:
        """Submit a record, which waits for others if one request can perform several."""
        if task.first is not None and self._parts.batcher.enter_settling(task):
            return
        if self.plan.action.bulk is not None:
            self._parts.batcher.enter_many(task)
        else:
            self._parts.batcher.enter_alone(task)

    def resume(self, task: Task) -> None:
        """Run a deferred record again, after the row that it settles was read."""
        if not self._parts.batcher.resume_settling(task):
            super().resume(task)

    def perform(self, task: Task) -> Result:
        """Perform the action, or settle the parent row of the one that it has written.

        Raises:
            NotYet: it settles that row at the end of the run.
        """
        recomputed, draft = self._parts.upserter.recomputed, task.draft
        if recomputed.due(task) is not None:
            return recomputed.settle(task)
        result = self._parts.executor.act(task, self.plan)
        above = draft.path.get("id") if draft is not None else None
        if recomputed.waits_after_action(task, self.plan.action.entity, above, result.outcome):
            task.first = result
            raise NotYet(*AT_THE_END)
        return result

    def addition(self, task: Task) -> tuple[ActionSpec, Draft] | None:
        """Return the add that a later record will certainly send; None for other records."""
        return self._parts.executor.addition(task, self.plan)


class RawHandler(_StreamHandler["RawPlan"]):
    """Performs records that describe requests; the rows that they add are unknown."""

    def perform(self, task: Task) -> Result:
        """Make the request."""
        return self._parts.executor.raw(task)


class Handlers:
    """Parts that perform records, and the handlers of streams that use them.

    Args:
        scheduler: runs records.
        batcher: batches records if one request can serve several.
        worker: performs a record and stores its outcome.
        executor: performs actions.
        upserter: performs records of entities.
        adder: plans adds.
        mirror: determines the rows to delete at the end.
    """

    def __init__(
        self,
        *,
        scheduler: Scheduler,
        batcher: Batcher,
        worker: Worker,
        executor: RecordExecutor,
        upserter: Upserter,
        adder: RowAdder,
        mirror: Mirror,
    ) -> None:
        self.scheduler = scheduler
        self.batcher = batcher
        self.worker = worker
        self.executor = executor
        self.upserter = upserter
        self.adder = adder
        self.mirror = mirror

    def entity(self, plan: EntityPlan, /) -> StreamHandler:
        """Return the handler of an entity stream."""
        return EntityHandler(plan, self)

    def action(self, plan: ActionPlan, /) -> StreamHandler:
        """Return the handler of an action stream."""
        return ActionHandler(plan, self)

    def raw(self, plan: RawPlan, /) -> StreamHandler:
        """Return the handler of a stream of requests."""
        return RawHandler(plan, self)


def additions_behind(scheduler: Scheduler, task: Task) -> Iterator[tuple[Task, ActionSpec, Draft]]:
    """Return the records that wait for this one alone, each with the add that it will send, in order."""
    for other in scheduler.behind(task, BULK - 1):
        try:
            planned = other.handler.addition(other) if other.handler is not None else None
        except (NotYet, RecordFault, SkipRecord):
            return
        if planned is None:
            return
        yield other, *planned
