"""Deferred records, which reference rows not yet received: the first few thousand in memory, others on disk.

A tap sends streams in the order of their names, so all activities of an account may be received before its
deals. Beyond `MOST` records the line is written to a temporary file, and the record is submitted again when
the input has ended: memory does not grow with the number of deferred records.
"""

from __future__ import annotations

import tempfile
import threading
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, fields
from struct import Struct
from typing import IO, TYPE_CHECKING, Any

import msgspec

from target_pipedrive.ids.provisional import as_text
from target_pipedrive.ids.resolve import AT_THE_END
from target_pipedrive.ledger.line_files import output_failed
from target_pipedrive.record.draft import NATURAL
from target_pipedrive.record.outcome import Outcome, Result
from target_pipedrive.record.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from target_pipedrive.ids.id_map import Links
    from target_pipedrive.ids.resolve import NotYet
    from target_pipedrive.record.draft import LockKey
    from target_pipedrive.run.admission import Admission
    from target_pipedrive.run.scheduler import Scheduler

MOST = 5000
"""Maximum number of records that wait in memory."""
_ANY = "any"
_BITS = 1 << 25
_PROBES = 4
_HALF = 0xFFFFFFFF
_encode = msgspec.msgpack.Encoder(enc_hook=as_text).encode
_LENGTH = Struct("<I")


class KeyFilter:
    """Bloom filter of rows: 4 MB for any number of them, and some others seem to be in it too."""

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
        return ((first + turn * step) % _BITS for turn in range(_PROBES))


class Deferred(msgspec.Struct, array_like=True):
    """A record in the file; `first` is the result of a first write, see `Task.first`."""

    number: int
    origin: int
    identity: bytes
    line: bytes
    input_line: int
    first: dict[str, Any] | None = None

    def result(self) -> Result | None:
        """Return the result of a first write, if there was one."""
        if self.first is None:
            return None
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in self.first.items()
        }
        values["outcome"] = Outcome(self.first["outcome"])
        return Result(**values)


def _plain(first: Result | None) -> dict[str, Any] | None:
    """Return a result that is not a failure as plain values."""
    if first is None:
        return None
    return {one.name: getattr(first, one.name) for one in fields(first) if one.name not in ("cause", "fault")}


@dataclass(slots=True, kw_only=True)
class _Aside:
    """Records written to the file since the last replay, and the rows they own.

    Attributes:
        count: of the records.
        for_rows: how many of them wait for rows, and not just for the end.
        unwritten: how many of them have no row yet.
    """

    file: IO[bytes]
    keys: KeyFilter = field(default_factory=KeyFilter)
    count: int = 0
    for_rows: int = 0
    unwritten: int = 0


class Waiting:
    """Records that cannot be written yet; safe to use from several threads.

    Args:
        scheduler: knows the order of records on the same row.
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
        self._parked: dict[tuple[str, str], list[Task]] = {}
        self._count = 0
        self._aside: _Aside | None = None
        self._replayed = KeyFilter()
        self._origins: list[Task] = []
        self._origin_of: dict[int, int] = {}
        self._no_more = False
        self._closing = False
        self._forcing = False
        self._before: tuple[int, int] | None = None
        links.subscribe(self.linked)

    # --- while records come -----------------------------------------------------------------------

    def park(self, task: Task, missing: NotYet) -> None:
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
                self._parked.setdefault(place, []).append(task)
                self._count += 1
                return
        _resume(task)

    def linked(self, entity: str, external_id: str) -> None:
        """Resume the records that waited for this row."""
        if not self._parked:
            return
        with self._lock:
            waiting = self._parked.pop((entity, external_id), [])
            self._count -= len(waiting)
        for task in waiting:
            _resume(task)

    def follows(self, task: Task) -> bool:
        """Return whether an earlier record of the same row is in the file; then this one is added to it."""
        if self._aside is None:
            return False
        with self._lock:
            if self._aside is None or not any(key in self._aside.keys for key in task.owns):
                return False
            self._store(task, for_row=True)
            return True

    def _store(self, task: Task, *, for_row: bool) -> None:
        if self._aside is None:
            with self._file_usable():
                file = tempfile.TemporaryFile(dir=self._folder, prefix="target-pipedrive-")  # noqa: SIM115 - closed by `_replay`
            self._aside = _Aside(file=file)
        for key in task.owns:
            self._aside.keys.add(key)
        self._aside.keys.add((task.plan.entity_name if task.plan is not None else "", _ANY))
        self._aside.count += 1
        self._aside.for_rows += for_row
        self._aside.unwritten += task.first is None
        entry = _encode(
            Deferred(
                task.number, self._origin(task), task.identity, task.line, task.input_line, _plain(task.first)
            )
        )
        with self._file_usable():
            self._aside.file.write(_LENGTH.pack(len(entry)) + entry)
        self._scheduler.withdraw(task)

    def _origin(self, task: Task) -> int:
        """Return the number of a record with the same plan, which is kept in memory for it."""
        number = self._origin_of.get(id(task.plan))
        if number is None:
            number = self._origin_of[id(task.plan)] = len(self._origins)
            self._origins.append(task)
        return number

    # --- when no more records come ----------------------------------------------------------------

    @property
    def left(self) -> int:
        """Number of records that wait."""
        return self._count + (self._aside.count if self._aside else 0)

    def go_on(self) -> bool:
        """Run deferred records again, or end their wait, after the input; return False if there are none.

        Called when no record runs, until it returns False.
        """
        self._no_more = True
        self._replayed = KeyFilter()
        in_memory = any(place != AT_THE_END for place in self._parked)
        in_file = self._aside is not None and self._aside.for_rows > 0
        # A row that is written and still waits is progress too: records that wait for it run before the end.
        now = (self.left, self._unwritten())
        stuck, self._before = now == self._before, now
        # Forced without success: the records left in the file follow records that wait for the end.
        self._closing = not in_memory and (not in_file or (stuck and self._forcing))
        self._forcing = stuck and not in_memory and not self._closing
        if stuck and in_memory and self._give_up_some():
            return True
        if self._aside is not None:
            self._replay(self._aside)
            return True
        return self._give_up_some()

    def _unwritten(self) -> int:
        """Return the number of waiting records that have no row yet."""
        parked = sum(task.first is None for tasks in self._parked.values() for task in tasks)
        return parked + (self._aside.unwritten if self._aside else 0)

    def _replay(self, aside: _Aside) -> None:
        """Submit the records of the file again, in their order."""
        given_up = {AT_THE_END} if self._closing else set()
        with self._lock:
            self._replayed, self._aside = aside.keys, None
        with closing(aside.file) as file:
            with self._file_usable():
                file.seek(0)
            while head := file.read(_LENGTH.size):
                stored = msgspec.msgpack.decode(file.read(_LENGTH.unpack(head)[0]), type=Deferred)
                self._submit_again(stored, self._origins[stored.origin], given_up)

    def _submit_again(self, stored: Deferred, like: Task, given_up: set[tuple[str, str]]) -> None:
        """Submit a record of the file again.

        Args:
            stored: the record.
            like: another record of its stream, for the plan.
            given_up: entity and external id of rows that it no longer waits for.
        """
        plan = like.plan
        if plan is None:
            return
        record = msgspec.json.decode(stored.line)["record"]
        task = Task(
            number=stored.number,
            stream=like.stream,
            key={name: record.get(name) for name in like.key},
            line=stored.line,
            schema=like.schema,
            input_line=stored.input_line,
            identity=stored.identity,
            plan=plan,
            handler=like.handler,
            draft=plan.draft(record),
            first=stored.result(),
            given_up=set(given_up),
        )
        self._admission.submit(task)

    def _give_up_some(self) -> bool:
        """End the wait of records in memory; return False if there are none.

        First those that wait for a row which no record is about to add, then those whose row is written and
        lacks a custom field, then, as they wait for each other, all; last those that are to be archived.
        """
        with self._lock:
            parked = [(place, task) for place, tasks in self._parked.items() for task in tasks]
            parked = [one for one in parked if one[0] != AT_THE_END] or parked
            chosen = [one for one in parked if one[1].first is None and not self._is_expected(one[0])]
            chosen = chosen or [one for one in parked if one[1].first is not None] or parked
            leaving = {task for _, task in chosen}
            for place in list(self._parked):
                self._parked[place] = [task for task in self._parked[place] if task not in leaving]
                if not self._parked[place]:
                    del self._parked[place]
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
        if (self._aside is not None and key in self._aside.keys) or key in self._replayed:
            return True
        return self._scheduler.has_unfinished(key[0]) if named else self._scheduler.is_expected(key)

    def close(self) -> None:
        """Close the file."""
        if self._aside is not None:
            with suppress(OSError):  # its content is no longer needed
                self._aside.file.close()

    @contextmanager
    def _file_usable(self) -> Iterator[None]:
        """Turn errors of the file into an error that ends the run."""
        try:
            yield
        except OSError as error:
            what = f"The temporary file of records that wait for others, in {self._folder},"
            raise output_failed(what, error) from error


def _resume(task: Task) -> None:
    """Run a record again that was kept in memory."""
    if task.handler is not None:
        task.handler.resume(task)
