"""Scheduler of writes: concurrent, and in the order of the input for each row.

Each task names the rows that it owns (it may change them) and needs (it references them). A task waits for
every earlier unfinished task that owns one of either, or needs one it owns; all others run concurrently.
"""

from __future__ import annotations

import threading
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from target_pipedrive.record.batches import Batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pipedrive_client.concurrency import WorkerPool
    from target_pipedrive.record.batches import Batch
    from target_pipedrive.record.draft import LockKey
    from target_pipedrive.record.task import Task


ROOM = 200
"""Number of tasks accepted in one go after the scheduler was full."""


class _Queue:
    """Unfinished tasks on one row: the last one that owns it, and those that have needed it since."""

    __slots__ = ("owner", "users")

    def __init__(self) -> None:
        self.owner: Task | None = None
        self.users: set[Task] = set()


class Scheduler:
    """Runs each task on a pool, by its handler, as soon as no earlier task blocks it.

    Args:
        pool: threads that run tasks.
        capacity: maximum number of tasks that are accepted and not finished; `submit` waits above it.
    """

    def __init__(self, pool: WorkerPool, *, capacity: int) -> None:
        self._pool = pool
        self._capacity = capacity
        self._batches = Batches()
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._rows: dict[LockKey, _Queue] = {}
        self._unfinished: Counter[str] = Counter()
        self._open = 0
        self._running = 0
        self._halted = False

    @property
    def open(self) -> int:
        """Tasks accepted and not finished."""
        return self._open

    def submit(self, task: Task, *, held: bool = False) -> None:
        """Accept a task; it runs as soon as no earlier task blocks it.

        Args:
            task: must not have been submitted before.
            held: whether it also waits for one `release`.
        """
        if self._open >= self._capacity:
            self._make_room()
        with self._lock:
            self._open += 1
            self._unfinished[_entity(task)] += 1
            earlier = self._queue_up(task)
            for other in earlier:
                other.followers.append(task)
            task.waiting = len(earlier) + (1 if held else 0)
            if task.waiting == 0:
                self._start(task)

    def _make_room(self) -> None:
        """Wait until a whole group of tasks can be accepted.

        Batches are sent incomplete only when nothing else is running: a bulk read costs as much for one row
        as for a hundred.
        """
        with self._lock:
            if self._wait_for_room(while_running=True):
                return
        self.send_batches()
        with self._lock:
            self._wait_for_room(while_running=False)

    def _wait_for_room(self, *, while_running: bool) -> bool:
        """Return whether tasks can be accepted; False when no running task can change that."""
        while self._open > self._capacity - ROOM and not self._halted:
            if self._running == 0:
                # The open tasks wait for rows that may still be received: read further.
                return not while_running
            self._changed.wait()
        return True

    def hold(
        self,
        kind: int,
        key: object,
        task: Task,
        read: Callable[[list[Task]], None] | None,
        is_full: Callable[[list[Task]], bool],
    ) -> None:
        """Add a task to a batch, which is sent when it is full; see `Batches.add`."""
        full = self._batches.add(kind, key, task, read, is_full)
        if full is not None:
            self._send(full)

    def send_batches(self) -> bool:
        """Send all batches that are not full yet, and return whether there were any."""
        batches = self._batches.take()
        for one in batches:
            self._send(one)
        return bool(batches)

    def _send(self, batch: Batch) -> None:
        if batch.read is None:
            self.release(batch.tasks)
        else:
            self._run_job(partial(batch.read, batch.tasks))

    def _run_job(self, job: Callable[[], None]) -> None:
        """Run a job that is not a task, such as a bulk read."""
        with self._lock:
            self._running += 1

        def work() -> None:
            try:
                job()
            finally:
                with self._lock:
                    self._running -= 1
                    self._changed.notify_all()

        self._pool.submit(work)

    def _queue_up(self, task: Task) -> set[Task]:
        """Enter the task into the queues of its rows, and return the tasks that it waits for."""
        earlier: set[Task] = set()
        rows = self._rows
        for key in task.needs:
            queue = rows.get(key)
            if queue is None:
                queue = rows[key] = _Queue()
            if queue.owner is not None:
                earlier.add(queue.owner)
            queue.users.add(task)
        for key in task.owns:
            queue = rows.get(key)
            if queue is None:
                queue = rows[key] = _Queue()
            if queue.owner is not None:
                earlier.add(queue.owner)
            if queue.users:
                earlier.update(queue.users)
                queue.users = set()
            queue.owner = task
        earlier.discard(task)
        return earlier

    def release(self, tasks: Iterable[Task]) -> None:
        """Release tasks that were submitted as deferred."""
        with self._lock:
            for task in tasks:
                self._count_down(task)

    def behind(self, task: Task, most: int) -> list[Task]:
        """Return the tasks that wait only for this one and for each other, in order."""
        with self._lock:
            chain = [task]
            while len(chain) <= most:
                waits = Counter(follower for one in chain for follower in one.followers)
                ready = [one for one in chain[-1].followers if one.waiting == waits[one]]
                if not ready:
                    break
                chain.append(min(ready, key=lambda one: one.number))
            return chain[1:]

    def _count_down(self, task: Task) -> None:
        task.waiting -= 1
        if task.waiting == 0:
            self._start(task)

    def _start(self, task: Task) -> None:
        if self._halted:
            return
        self._running += 1
        self._pool.start(partial(self._work, task))

    def _work(self, task: Task) -> None:
        try:
            if task.handler is not None and not self._halted:
                task.handler.run(task)
        finally:
            self._finished(task)

    def _finished(self, task: Task) -> None:
        """Start the followers, unless the task was dropped because the run ends."""
        with self._lock:
            self._running -= 1
            if task.result is not None:
                self._open -= 1
                self._unfinished[_entity(task)] -= 1
                self._leave(task)
                if task.followers:
                    wrote = task.after_write or task.wrote
                    for follower in task.followers:
                        if wrote:
                            follower.stale = follower.after_write = True
                        self._count_down(follower)
                    task.followers = []
            self._changed.notify_all()

    def _leave(self, task: Task) -> None:
        for key in (*task.owns, *task.needs):
            self._leave_queue(task, key)

    def _leave_queue(self, task: Task, key: LockKey) -> None:
        queue = self._rows.get(key)
        if queue is None:
            return
        if queue.owner is task:
            queue.owner = None
        else:
            queue.users.discard(task)
        if queue.owner is None and not queue.users:
            del self._rows[key]

    def withdraw(self, task: Task) -> None:
        """Remove a running task that is submitted again later, after those that wait for it now."""
        with self._lock:
            self._open -= 1
            self._unfinished[_entity(task)] -= 1
            self._leave(task)
            for follower in task.followers:
                self._count_down(follower)
            task.followers = []

    def let_pass(self, task: Task) -> None:
        """Allow later tasks to change the rows that this one needs, because it waits for one of them.

        When its own row is written already, later tasks may reference that too; only changes of it still
        wait. Until `resume` it does not count against the capacity.
        """
        with self._lock:
            self._open -= 1
            for key in task.needs:
                self._leave_queue(task, key)
            task.needs = ()
            if task.first is not None:
                for key in task.owns:
                    if key[1].startswith("of:"):  # its place among its siblings is taken
                        self._leave_queue(task, key)
                task.owns = tuple(key for key in task.owns if not key[1].startswith("of:"))
                for key in task.owns:
                    queue = self._rows.get(key)
                    if queue is not None and queue.owner is task:
                        queue.owner = None
                        queue.users.add(task)
            kept = set(task.owns)
            waiting, task.followers = task.followers, []
            for follower in waiting:
                blocked = not kept.isdisjoint(follower.owns)
                if task.first is None:
                    blocked = blocked or not kept.isdisjoint(follower.needs)
                if blocked:
                    task.followers.append(follower)
                else:
                    self._count_down(follower)

    def has_unfinished(self, entity: str) -> bool:
        """Return whether a task on rows of this entity is unfinished, deferred ones included."""
        return self._unfinished[entity] > 0

    def is_expected(self, key: LockKey) -> bool:
        """Return whether an unfinished task may still add this row."""
        with self._lock:
            queue = self._rows.get(key)
            return queue is not None and queue.owner is not None

    def resume(self, task: Task, *, held: bool = False) -> None:
        """Run a task again after `let_pass`; with `held`, only after one `release`."""
        with self._lock:
            self._open += 1
            if held:
                task.waiting += 1
            else:
                self._start(task)

    def drain(self) -> None:
        """Wait until no task runs and no batch is open; tasks that are open then wait for a `resume`."""
        self.send_batches()
        while True:
            with self._lock:
                while self._running:
                    self._changed.wait()
            if self._halted or not self.send_batches():
                return

    def halt(self) -> None:
        """Start no further task; running ones end normally."""
        with self._lock:
            self._halted = True
            self._changed.notify_all()


def _entity(task: Task) -> str:
    return task.plan.entity_name if task.plan is not None else ""
