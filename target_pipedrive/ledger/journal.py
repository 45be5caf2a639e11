"""Thread that writes to disk: ledger, results and rejects first, then STATE.

Workers pass it intents (and wait until they are on disk) and finished tasks (without waiting). It commits all
pending steps in one transaction, so a fast run needs one sync for many writes.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_pipedrive.ledger.line_files import output_failed
from target_pipedrive.ledger.storage.database import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipedrive_client.limits.token_budget import DayCost
    from target_pipedrive.ledger.report import Report
    from target_pipedrive.ledger.store import Ledger
    from target_pipedrive.record.task import Task


_MOST_STATES = 64
_MOST_BOOKINGS = 1000
_COST_SECONDS = 5.0


@dataclass(slots=True, kw_only=True)
class _Note:
    """A pending step to be made durable."""

    steps: list[Callable[[Ledger], object]] = field(default_factory=list)
    task: Task | None = None
    state: tuple[int, str] | None = None
    done: threading.Event | None = None
    release: bool = False
    last: bool = False


class Spans:
    """Integers received out of order, as spans: memory grows with the gaps, not with the numbers."""

    def __init__(self) -> None:
        self._ends: dict[int, int] = {}
        self._starts: dict[int, int] = {}

    def add(self, number: int) -> None:
        """Add a number that is not in the set yet."""
        start = self._starts.pop(number - 1, number)
        end = self._ends.pop(number + 1, number)
        self._ends.pop(start, None)
        self._starts.pop(end, None)
        self._ends[start], self._starts[end] = end, start

    def take_from(self, number: int) -> int:
        """Remove the span that begins with the number; returns its last number, or the number before it."""
        end = self._ends.pop(number, None)
        if end is None:
            return number - 1
        del self._starts[end]
        return end


class UnrecordedRows:
    """Created rows that may not be on disk yet; thread-safe.

    Recovery finds a row of an interrupted create by the values sent. If a row is updated before its creation
    is recorded, recovery no longer recognises it and creates a duplicate.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: dict[str, threading.Event] = {}

    def put(self, row_id: str, booked: threading.Event) -> None:
        """Add a row of any entity, and the event that is set after it is on disk."""
        with self._lock:
            if len(self._events) >= _MOST_BOOKINGS:
                self._events = {key: one for key, one in self._events.items() if not one.is_set()}
            # Of two rows with the same number, the later one is recorded later.
            self._events[row_id] = booked

    def await_row(self, row_id: str | None) -> bool:
        """Wait until the row is on disk, or the ledger has failed; False if this run did not add the row."""
        with self._lock:
            booked = self._events.get(row_id or "")
        return booked is not None and booked.wait()


class Journal:
    """Recorder of intents, outcomes and STATE, in order.

    Args:
        ledger: used only by this thread.
        report: used only by this thread.
        on_idle: called when nothing was received for `idle_seconds`.
        on_failure: called with the error that ended the thread; the run cannot continue then.
        on_finished: called after each finished task was recorded; False defers every STATE after it,
            until `release`.
        day_cost: returns the tokens used today so far. They are stored with every other step, and alone at
            most every few seconds and at the end.
        emit_state: False suppresses STATE, as in a dry run.
    """

    def __init__(
        self,
        ledger: Ledger,
        report: Report,
        *,
        on_idle: Callable[[], object],
        on_failure: Callable[[BaseException], None],
        on_finished: Callable[[Task], bool],
        day_cost: Callable[[], DayCost],
        emit_state: bool = True,
        idle_seconds: float = 1.0,
    ) -> None:
        self._ledger = ledger
        self._report = report
        self._on_idle = on_idle
        self._on_failure = on_failure
        self._on_finished = on_finished
        self._day_cost = day_cost
        self._stored_cost = day_cost()
        self._cost_stored_at = time.monotonic()
        self._emit_state = emit_state
        self._idle_seconds = idle_seconds
        self._notes: queue.SimpleQueue[_Note] = queue.SimpleQueue()
        self._states: deque[tuple[int, str]] = deque()
        self._done_through = 0
        self._done_ahead = Spans()
        self._withheld: list[int] = []
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="pipedrive-journal", daemon=True)
        self._thread.start()

    def make_durable(self, step: Callable[[Ledger], object]) -> None:
        """Run a step on the ledger and wait until it is on disk.

        Raises:
            OutputFailed: the ledger, or another file, cannot be written.
        """
        done = threading.Event()
        self._notes.put(_Note(steps=[step], done=done))
        done.wait()
        self.check()

    def note(self, step: Callable[[Ledger], object]) -> threading.Event:
        """Queue a step on the ledger, before all later steps.

        Returns:
            An event that is set when the step is on disk, or when the ledger cannot be written and the run
            ends.
        """
        done = threading.Event()
        self._notes.put(_Note(steps=[step], done=done))
        return done

    def finish(self, task: Task, steps: list[Callable[[Ledger], object]]) -> None:
        """Record a finished task with its entries for the ledger."""
        self._notes.put(_Note(steps=steps, task=task))

    def state(self, after: int, line: str) -> None:
        """Emit a STATE after all records up to number `after` are durable."""
        self._notes.put(_Note(state=(after, line)))

    def release(self) -> None:
        """Emit every STATE that was deferred because of a failed record."""
        self._notes.put(_Note(release=True))

    def check(self) -> None:
        """Check that the ledger can still be written.

        Raises:
            OutputFailed: it cannot, so nothing may be sent any more.
        """
        if self._failure is not None:
            raise self._failure

    def drained(self) -> None:
        """Wait until all steps so far are recorded."""
        done = threading.Event()
        self._notes.put(_Note(done=done))
        done.wait()

    def close(self) -> None:
        """Record the remaining steps and end the thread."""
        if self._thread.is_alive():
            self._notes.put(_Note(last=True))
            self._thread.join()

    def _work(self) -> None:
        last = False
        while not last:
            notes = self._gather()
            last = any(note.last for note in notes)
            try:
                self._record(notes)
            except BaseException as error:  # noqa: BLE001 - passed to the main thread, which ends the run
                self._failure = error
                self._on_failure(error)
            for note in notes:
                if note.done is not None:
                    note.done.set()

    def _gather(self) -> list[_Note]:
        """Return all pending steps, at least one."""
        while True:
            try:
                notes = [self._notes.get(timeout=self._idle_seconds)]
                break
            except queue.Empty:
                self._on_idle()
        while True:
            try:
                notes.append(self._notes.get_nowait())
            except queue.Empty:
                return notes

    def _record(self, notes: list[_Note]) -> None:
        if self._failure is not None:
            return
        steps = [step for note in notes for step in note.steps]
        steps += self._cost_steps(now=bool(steps) or notes[-1].last)
        if steps:
            try:
                self._ledger.begin()
                for step in steps:
                    step(self._ledger)
                self._ledger.commit()
            except StoreError as error:
                raise self._ledger.failed(error) from error
        for note in notes:
            if note.task is not None:
                self._report.take(note.task)
                if self._on_finished(note.task):
                    self._done_ahead.add(note.task.number)
                else:
                    self._withheld.append(note.task.number)
            if note.release:
                for number in self._withheld:
                    self._done_ahead.add(number)
                self._withheld = []
            if note.state is not None:
                self._keep_state(note.state)
        self._done_through = self._done_ahead.take_from(self._done_through + 1)
        self._pass_states_on()

    def _cost_steps(self, *, now: bool) -> list[Callable[[Ledger], object]]:
        """Return the step that stores the tokens used today, if it is due."""
        cost, moment = self._day_cost(), time.monotonic()
        if cost == self._stored_cost or not (now or moment - self._cost_stored_at > _COST_SECONDS):
            return []
        self._stored_cost, self._cost_stored_at = cost, moment
        return [lambda ledger: ledger.keep_day(cost)]

    def _keep_state(self, state: tuple[int, str]) -> None:
        """Queue a STATE; of very many, every second one is dropped, since only the last one counts."""
        self._states.append(state)
        if len(self._states) > _MOST_STATES:
            self._states = deque(list(self._states)[(len(self._states) - 1) % 2 :: 2])

    def _pass_states_on(self) -> None:
        if not self._states or self._states[0][0] > self._done_through:
            return
        self._report.sync()
        try:
            self._write_states()
        except (OSError, ValueError) as error:  # ValueError: it was closed
            raise output_failed("The output, which takes the STATE,", error) from error

    def _write_states(self) -> None:
        while self._states and self._states[0][0] <= self._done_through:
            _, line = self._states.popleft()
            if self._emit_state:
                sys.stdout.write(line + "\n")
        sys.stdout.flush()
