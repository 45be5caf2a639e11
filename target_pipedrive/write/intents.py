"""Intents of writes: stored in the ledger before a request, and resolved by its outcome.

After a crash the next run reads them and looks a row up before it sends anything again.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_pipedrive.catalog.raw_request import RAW_REQUEST
from target_pipedrive.catalog.spec import Verb
from target_pipedrive.ledger.journal import UnrecordedRows
from target_pipedrive.ledger.store import Ledger, WriteState
from target_pipedrive.write.response import Done, linked_by, path_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_pipedrive.catalog.spec import ActionSpec, EntitySpec
    from target_pipedrive.ledger.journal import Journal
    from target_pipedrive.ledger.store import Entry
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.task import Task
    from target_pipedrive.write.recovery import Claims
    from target_pipedrive.write.request import ServerClock

EARLIER = "written by an earlier run that did not end"
NOT_KNOWN = (
    "was sent by an earlier run and its outcome is unknown ({name} cannot be looked up). Check it in "
    "Pipedrive; to send it again, run `target-pipedrive ledger forget` first"
)


@dataclass(slots=True)
class Intent:
    """One write and what is known of its outcome.

    Attributes:
        state: begun, done, or undone by a later delete.
        id: id of the row, or of the job of a conversion that has not ended.
        since: the server's time before the request.
        earlier: whether an earlier run began it.
        data: `data` of the response.
    """

    state: WriteState
    id: str | None
    since: str
    earlier: bool
    data: object = None


class Intents:
    """Writes that were started, by the identity of their record; thread-safe.

    Args:
        journal: makes intents durable.
        clock: the server's time.
        claims: rows by the record that added them.
        entries: writes in the ledger from a run that did not end.
    """

    def __init__(
        self, journal: Journal, clock: ServerClock, claims: Claims, entries: Iterable[Entry]
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._claims = claims
        self._clock_lock = threading.Lock()
        self._known: dict[bytes, Intent] = {}
        self._bookings = UnrecordedRows()
        for entry in entries:
            self._known[entry.identity] = Intent(entry.state, entry.id, entry.begun_at, earlier=True)
            if entry.id is not None and entry.state is not WriteState.GONE:
                claims.put(entry.action, entry.id, entry.identity)

    def of(self, task: Task) -> Intent | None:
        """Return what is known of the record's write; None if it was never started."""
        return self._known.get(task.identity)

    def skip(self, task: Task) -> None:
        """Forget a write whose row was deleted: a second record with the same content adds another row."""
        self._known.pop(task.identity, None)

    def is_done(self, task: Task) -> bool:
        """Return whether the record's write is done."""
        known = self._known.get(task.identity)
        return known is not None and known.state is WriteState.DONE

    def done_before(self, task: Task) -> Done | None:
        """Return the write of an interrupted run for the same record, if there is one."""
        known = self._known.get(task.identity)
        if known is None or known.state is not WriteState.DONE:
            return None
        return Done(id=known.id, note=EARLIER)

    def begin(self, tasks: Sequence[Task], name: str) -> str:
        """Put intents on disk.

        Args:
            tasks: records that the request writes.
            name: of the action.

        Returns:
            The server's time before the request.
        """
        with self._clock_lock:
            since = self._clock.time
            if not since:
                self._clock.refresh(tasks[0].stream)
                since = self._clock.time
        for task in tasks:
            if task.identity not in self._known:
                self._known[task.identity] = Intent(WriteState.BEGUN, None, since, earlier=False)
        begun = [(task.identity, task.stream) for task in tasks]

        def step(ledger: Ledger) -> None:
            for identity, stream in begun:
                ledger.intend(identity, stream, name, since)

        self._journal.make_durable(step)
        return since

    def begun_since(self, task: Task, since: str) -> None:
        """Record the server's time before the last attempt of a write."""
        self._known[task.identity].since = since

    def begun_as(self, task: Task, job: str) -> None:
        """Record the job that a write has started."""
        identity = task.identity
        self._known[identity].id = job
        self._journal.note(lambda ledger: ledger.begun(identity, job))

    def withdraw(self, task: Task) -> None:
        """Remove the intent of a write that certainly did not take effect, in this run or an earlier one."""
        identity = task.identity
        self._known.pop(identity, None)
        self._journal.note(lambda ledger: ledger.withdraw(identity))

    def done(self, task: Task, action: ActionSpec | None, done: Done) -> Done:
        """Note a write that was made, and in the same step the external id of its row.

        The record may be deferred, or fail, after its row was added: the row must be known by then.
        """
        known = self._known[task.identity]
        known.state, known.id, known.data = WriteState.DONE, done.id, done.data
        name = action.name if action is not None else RAW_REQUEST
        if done.id is not None:
            self._claims.put(name, done.id, task.identity)
        identity, stream, row_id = task.identity, task.stream, done.id
        link = linked_by(task, action)

        def step(ledger: Ledger) -> None:
            ledger.done(identity, stream, name, row_id)
            if link is not None and row_id is not None:
                ledger.link(*link, row_id, stream)

        booked = self._journal.note(step)
        if row_id is not None:
            self._bookings.put(row_id, booked)
        return done

    def updated(self, task: Task) -> None:
        """Note an update: if the row is deleted later in the run, a repeated run finds the reason."""
        identity, stream = task.identity, task.stream
        self._journal.note(lambda ledger: ledger.done(identity, stream, "", None))

    def row_gone(self, action: ActionSpec, draft: Draft, entity: EntitySpec | None) -> None:
        """Note that a row was deleted or merged: a later record of the same content adds another one."""
        row_id = path_id(action, draft)
        if action.verb not in (Verb.DELETE, Verb.MERGE) or entity is None or row_id is None:
            return
        identity = self._claims.drop(entity.add or "", row_id)
        if identity:
            self._known.pop(identity, None)
            self._journal.note(lambda ledger: ledger.gone(identity))

    def await_row(self, row_id: str | None) -> None:
        """Return when a row that this run added is on disk.

        Raises:
            OutputFailed: the ledger cannot be written.
        """
        if self._bookings.await_row(row_id):
            self._journal.check()

    def finished(self, task: Task) -> None:
        """Drop a write that this run started and finished: the ledger contains it."""
        known = self._known.get(task.identity)
        if known is not None and known.state is WriteState.DONE and not known.earlier:
            del self._known[task.identity]
