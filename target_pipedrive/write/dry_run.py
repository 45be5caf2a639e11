"""Writer of a dry run: writes are planned and counted, and never sent."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from target_pipedrive.account.rows import fill
from target_pipedrive.catalog.spec import Verb
from target_pipedrive.ids.provisional import ProvisionalId
from target_pipedrive.record.outcome import Outcome, Result
from target_pipedrive.write.response import Done, path_id

if TYPE_CHECKING:
    from target_pipedrive.account.current_user import CurrentUser
    from target_pipedrive.account.planned_rows import PlannedRows
    from target_pipedrive.catalog.spec import ActionSpec, EntitySpec
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.task import Task
    from target_pipedrive.write.bulk import Members
    from target_pipedrive.write.intents import Intents
    from target_pipedrive.write.raw_request import RawRequest
    from target_pipedrive.write.request import ActionRequests


class DryRunWriter:
    """Plans writes; see `RecordWriter`.

    Args:
        requests: complete records and make bodies, and read what they need for it.
        intents: writes of an earlier run that did not end.
        members: which records one bulk request would add.
        user: the company of the account.
        planned: gets the values that would be written.

    Attributes:
        planned_tokens: tokens that the writes would cost, by stream.
    """

    def __init__(
        self,
        requests: ActionRequests,
        intents: Intents,
        members: Members,
        user: CurrentUser,
        planned: PlannedRows,
    ) -> None:
        self._requests = requests
        self._intents = intents
        self._members = members
        self._user = user
        self._planned = planned
        self._lock = threading.Lock()
        self._writes = 0
        self._added: dict[bytes, Done] = {}
        self.planned_tokens: dict[str, int] = {}

    def send(self, task: Task, action: ActionSpec, draft: Draft, entity: EntitySpec | None) -> Done:
        """Plan a write; an added row gets a provisional id."""
        if action.bulk is not None and entity is not None:
            added = self._added.pop(task.identity, None) or self._plan_bulk(task, action, draft)
            if added is not None:
                self._note(action, draft, entity, added.id)
                return added
        if action.placeholders:
            fill(action.path, draft.path)  # reports a missing value, as a run does
        self._requests.complete(task, action, draft, entity)
        if draft.custom:
            self._requests.body(action, draft)  # requests the definitions of custom fields, as a run does
        with self._lock:
            self._count(task.stream, action.cost)
            new = self._new_id()
        if action.becomes:
            return Done()  # the id would be that of a row that does not exist yet
        done = Done(id=path_id(action, draft) or (new if action.verb is Verb.ADD else None))
        self._note(action, draft, entity, done.id)
        return done

    def _note(self, action: ActionSpec, draft: Draft, entity: EntitySpec | None, row_id: str | None) -> None:
        """Record what the write would change, for later records of the same row."""
        if entity is None or row_id is None:
            return
        above = {entity.path.get(name, name): value for name, value in draft.path.items()}
        if action.verb in (Verb.DELETE, Verb.MERGE):
            self._planned.delete(entity, row_id, above.get(entity.parent or ""))
        elif action.name == entity.add:
            body = {**above, **draft.body} if above else draft.body
            self._planned.write(entity, row_id, body, draft.custom)
        elif action.name == entity.update:
            self._planned.write(entity, row_id, draft.body, draft.custom)

    def _plan_bulk(self, task: Task, action: ActionSpec, draft: Draft) -> Done | None:
        """Plan a bulk request; None where single requests cost less."""
        found = self._members.of(task, action, draft)
        if found is None:
            return None
        bulk, members = found
        with self._lock:
            self._count(task.stream, bulk.cost)
            for one in members:
                self._added[one.task.identity] = Done(id=self._new_id())
        return self._added.pop(task.identity)

    def send_raw(self, task: Task, request: RawRequest) -> Result:
        """Plan a request that a record describes."""
        with self._lock:
            self._count(task.stream, request.cost)
        return Result(outcome=Outcome.UPDATED, note=f"would send {request.method} {request.path}")

    def _count(self, stream: str, tokens: int) -> None:
        self.planned_tokens[stream] = self.planned_tokens.get(stream, 0) + tokens

    def _new_id(self) -> ProvisionalId:
        """Return an id for a row that a write would add; each write counts."""
        self._writes += 1
        return ProvisionalId(self._writes)

    def done_before(self, task: Task) -> Done | None:
        """Return the write of an interrupted run for the same record, if there is one."""
        return self._intents.done_before(task)

    def finished(self, task: Task) -> None:
        """Return at once: a dry run stores no data of records."""

    def company_id(self, task: Task) -> str:
        """Return the id of the account's company."""
        return self._user.company_id(task.stream)

    def stop_waiting(self) -> None:
        """Return at once: a dry run does not wait for conversions."""
