"""Submission of records, with the rows that they change and reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from target_pipedrive.ids.id_map import Links
    from target_pipedrive.record.draft import LockKey, Reference
    from target_pipedrive.record.task import StreamPlan, Task
    from target_pipedrive.run.scheduler import Scheduler

DIGEST_BYTES = 16
"""Length of a record's identity; the number of a repeated content follows it."""


class Admission:
    """Submits records.

    Args:
        scheduler: knows which rows earlier records may add.
        links: rows by external id.
    """

    def __init__(self, scheduler: Scheduler, links: Links) -> None:
        self._scheduler = scheduler
        self._links = links
        self._latest: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._matched: set[str] = set()
        self._unsettled: set[str] = set()

    def submit(self, task: Task) -> None:
        """Submit a record to its handler, with the rows that it changes and references."""
        if task.plan is None or task.draft is None or task.handler is None:
            return
        self._await_other_streams(task.stream, task.plan)
        if task.draft.references:
            self._await_named_rows(task.plan.entity_name, task.draft.references)
        self._unsettled.add(task.plan.entity_name)
        task.owns, needs = task.plan.locks(task.draft)
        # Rows that were not received yet are not locked: they would wait for this record, and it for them.
        task.needs = tuple([key for key in needs if key[1].isdecimal() or self._exists(key)])
        if len(task.identity) > DIGEST_BYTES:
            task.owns += ((task.stream, task.identity[:DIGEST_BYTES].hex()),)
        task.handler.submit(task)

    def _await_other_streams(self, stream: str, plan: StreamPlan) -> None:
        """Wait for the records of another stream of the same entity, if one of both finds rows by value.

        Such records may add or rename the row that this one is to find, and no id shows it.
        """
        entity, origin = plan.entity_name, (stream, plan.match_on)
        latest = self._latest.get(entity)
        self._latest[entity] = origin
        if plan.match_on:
            self._matched.add(entity)
        if latest not in (None, origin) and entity in self._matched:
            self._drain()

    def _await_named_rows(self, entity: str, references: Iterable[Reference]) -> None:
        """Wait for earlier records of an entity before one of its rows is found by a natural key.

        Such records may add a second row with the same name, and no lock shows it.
        """
        named = {one.entity for one in references if one.key and one.entity != entity}
        if not named.isdisjoint(self._unsettled):
            self._drain()

    def _drain(self) -> None:
        self._scheduler.drain()
        self._unsettled.clear()

    def _exists(self, key: LockKey) -> bool:
        """Return whether a row is known, or an earlier record may add it; the same of rows of a parent."""
        entity, name = key
        if name.startswith("of:"):
            return self._scheduler.is_expected(key)
        if not name.startswith("ext:"):
            return True
        return self._links.get(entity, name[4:]) is not None or self._scheduler.is_expected(key)
