"""Deferred records, which reference rows not yet received: the first few thousand in memory, others on disk.

A tap sends streams in the order of their names, so all activities of an account may be received before its
deals. Beyond `MOST` records the line is written to a temporary file, and the record is submitted again when
the input has ended: memory does not grow with the number of deferred records.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_pipedrive.ids.resolve import AT_THE_END
from target_pipedrive.record.draft import NATURAL
from target_pipedrive.run.held.record_file import RecordFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from target_pipedrive.ids.id_map import Links
    from target_pipedrive.ids.resolve import NotYet
    from target_pipedrive.record.draft import LockKey
    from target_pipedrive.record.task import Task
    from target_pipedrive.run.admission import Admission
    from target_pipedrive.run.scheduler import Scheduler

MOST = 5000
"""Maximum number of records that wait in memory."""
_ANY = "any"
_BITS = 1 << 25
_PROBES = 4
_HALF = 0xFFFFFFFF


class KeyFilter:
    """Bloom filter of rows, 4 MB for any number of them; it may contain further rows by chance."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, key: LockKey) -> None:
        """Add a row."""
        if not self._bits:
            self._bits = bytearray(_BITS // 8)
        for at in self._places(key):
            self._bits[at >> 3] |= 1 << (at & 7)

    def __contains__(self, key: LockKey) -> bool:
        return bool(self._bits) and all(self._bits[at >> 3] >> (at & 7) & 1 for at in self._places(key))

    @staticmethod
    def _places(key: LockKey) -> Iterator[int]:
        mixed = hash(key)
        first, step = mixed & _HALF, (mixed >> 32 & _HALF) | 1
        return ((first + probe * step) % _BITS for probe in range(_PROBES))


@dataclass(slots=True, kw_only=True)
class _SpillFile:
    """Temporary file with deferred records, and the rows they own, since the last replay.

    Attributes:
        count: number of records.
        for_rows: number of records that wait for another row, not only for the end of the input.
        unwritten: number of records whose row was not written yet.
    """

    file: RecordFile
    keys: KeyFilter = field(default_factory=KeyFilter)
    count: int = 0
    for_rows: int = 0
    unwritten: int = 0


class DeferredRecords:
    """Records that cannot be written yet; thread-safe.

    Args:
        scheduler: keeps the order of records on the same row.
        links: rows by external id.
        admission: submits records of the temporary file again.
        folder: folder of the temporary file, which has no name and ends with the process.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        links: Links,
        admission: Admission,
        *,
        folder: Path,
    ) -> None:
        self._scheduler = scheduler
        self._links = links
        self._folder = folder
        self._admission = admission
        self._lock = threading.Lock()
        self._in_memory: dict[tuple[str, str], list[Task]] = {}
        self._count = 0
        self._spill: _SpillFile | None = None
        self._replayed = KeyFilter()
        self._no_more = False
        self._closing = False
        self._forcing = False
        self._before: tuple[int, int] | None = None
        links.subscribe(self.linked)

    # --- during the input ---------------------------------------------------------------------------

    def defer(self, task: Task, missing: NotYet) -> None:
        """Defer a record until a row that it references exists; called on its worker."""
        place = (missing.entity, missing.external_id)
        with self._lock:
            if place == AT_THE_END:
                hopeless = self._closing
            else:
                unmade = self._no_more and task.first is None and not self._is_expected(place)
                hopeless = unmade or self._forcing
            if not hopeless and self._count >= MOST and self._links.get(*place) is None:
                self._store(task, for_row=place != AT_THE_END)
                return
        self._scheduler.let_pass(task)
        task.stale = True
        if hopeless:
            task.given_up.add(place)
        with self._lock:
            if not hopeless and self._links.get(*place) is None:
                self._in_memory.setdefault(place, []).append(task)
                self._count += 1
                return
        _resume(task)

    def linked(self, entity: str, external_id: str) -> None:
        """Resume the records that waited for this row."""
        if not self._in_memory:
            return
        with self._lock:
            waiting = self._in_memory.pop((entity, external_id), [])
            self._count -= len(waiting)
        for task in waiting:
            _resume(task)

    def defer_behind_earlier(self, task: Task) -> bool:
        """Add the record to the file if an earlier one of its row is there; return whether it was added."""
        if self._spill is None:
            return False
        with self._lock:
            if self._spill is None or not any(key in self._spill.keys for key in task.owns):
                return False
            self._store(task, for_row=True)
            return True

    def _store(self, task: Task, *, for_row: bool) -> None:
        if self._spill is None:
            file = RecordFile(self._folder, "records that wait for others")
            self._spill = _SpillFile(file=file)
        for key in task.owns:
            self._spill.keys.add(key)
        self._spill.keys.add((task.plan.entity_name if task.plan is not None else "", _ANY))
        self._spill.count += 1
        self._spill.for_rows += for_row
        self._spill.unwritten += task.first is None
        self._spill.file.add(task)
        self._scheduler.withdraw(task)

    # --- after the input --------------------------------------------------------------------------

    @property
    def left(self) -> int:
        """Number of deferred records."""
        return self._count + (self._spill.count if self._spill else 0)

    def resume_next(self) -> bool:
        """Run some deferred records again after the end of the input; return False if there are none.

        The engine calls it repeatedly while no record is running. If a round makes no progress, records stop
        waiting for rows that nothing can add any more.
        """
        self._no_more = True
        self._replayed = KeyFilter()
        in_memory = any(place != AT_THE_END for place in self._in_memory)
        in_file = self._spill is not None and self._spill.for_rows > 0
        # A row that was written and is still deferred counts as progress: records that reference it can run.
        now = (self.left, self._unwritten())
        stuck, self._before = now == self._before, now
        # Forcing made no progress: the remaining records depend on records that wait for the end.
        self._closing = not in_memory and (not in_file or (stuck and self._forcing))
        self._forcing = stuck and not in_memory and not self._closing
        if stuck and in_memory and self._give_up_some():
            return True
        if self._spill is not None:
            self._replay(self._spill)
            return True
        return self._give_up_some()

    def _unwritten(self) -> int:
        """Return the number of deferred records whose row was not written yet."""
        parked = sum(task.first is None for tasks in self._in_memory.values() for task in tasks)
        return parked + (self._spill.unwritten if self._spill else 0)

    def _replay(self, spilled: _SpillFile) -> None:
        """Submit the records of the file again, in their order."""
        given_up = {AT_THE_END} if self._closing else set()
        with self._lock:
            self._replayed, self._spill = spilled.keys, None
        for task in spilled.file.tasks():
            task.given_up = set(given_up)
            self._admission.submit(task)

    def _give_up_some(self) -> bool:
        """Stop waiting for the references of some records in memory; return False if there are none.

        The order is: records that reference a row which no pending record can add; records whose row was
        written without a custom field; all others, which reference each other; records to be archived.
        """
        with self._lock:
            parked = [(place, task) for place, tasks in self._in_memory.items() for task in tasks]
            parked = [one for one in parked if one[0] != AT_THE_END] or parked
            chosen = [one for one in parked if one[1].first is None and not self._is_expected(one[0])]
            chosen = chosen or [one for one in parked if one[1].first is not None] or parked
            leaving = {task for _, task in chosen}
            for place in list(self._in_memory):
                self._in_memory[place] = [task for task in self._in_memory[place] if task not in leaving]
                if not self._in_memory[place]:
                    del self._in_memory[place]
            self._count -= len(chosen)
            self._before = None
        for place, task in sorted(chosen, key=lambda one: one[1].number):
            task.given_up.add(place)
            _resume(task)
        return bool(chosen)

    def _is_expected(self, place: tuple[str, str]) -> bool:
        """Return whether an unfinished record may still add the row."""
        if not place[0]:
            return True
        named = place[1].startswith(NATURAL)  # any record of the entity may add a row of this name
        key = (place[0], _ANY if named else f"ext:{place[1]}")
        if (self._spill is not None and key in self._spill.keys) or key in self._replayed:
            return True
        return self._scheduler.has_unfinished(key[0]) if named else self._scheduler.is_expected(key)

    def close(self) -> None:
        """Close the file."""
        if self._spill is not None:
            self._spill.file.close()


def _resume(task: Task) -> None:
    """Run a record again that was deferred in memory."""
    if task.handler is not None:
        task.handler.resume(task)
