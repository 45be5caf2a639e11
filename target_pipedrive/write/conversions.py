"""Conversions between leads and deals: jobs that are started, polled, and never started twice.

The answer to the start names a job, and only the job's status names the new row. The ledger knows the job
until its end, so that a run after a crash waits for the same one. A start that was not answered is looked up:
the new row names the one it came from.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from typing_extensions import override

from pipedrive_client import Gone, NotFound, PipedriveError, Stopped, times
from target_pipedrive.account.rows import fill
from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.ledger.store import WriteState
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.record.row import is_gone
from target_pipedrive.write.bulk import BulkCaller
from target_pipedrive.write.missing_content import without_data
from target_pipedrive.write.response import Done
from target_pipedrive.write.writer import EARLIER, FOUND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_pipedrive.catalog.spec import ActionSpec, EntitySpec
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.row import Row
    from target_pipedrive.record.task import Task

PATIENCE_SECONDS = 120.0
"""How long a record waits for its conversion."""
FIRST_WAITS = (0.5, 1.0, 2.0)
WAIT_SECONDS = 5.0
_STATUS_COST = 1
_SURELY_OVER = timedelta(minutes=15)  # whatever was started by then has made its row, or never will


class ConvertingCaller(BulkCaller):
    """Sends writes, and waits for the end of those that start a conversion."""

    def stop_waiting(self) -> None:
        """Leave conversions that have not ended to the next run."""
        self._stopped.set()

    def _rest(self, seconds: float) -> None:
        """Let time pass between two looks.

        Raises:
            Stopped: the run ends.
        """
        if self._stopped.wait(seconds):
            raise Stopped("Stopped while a conversion was waited for; the next run waits on.")

    @override
    def send(self, task: Task, action: ActionSpec, draft: Draft, entity: EntitySpec | None) -> Done:
        """Perform a write; of a conversion the id is that of the new row.

        Raises:
            RecordFault: the conversion did not end well or in time, or its outcome cannot be found out.
            PipedriveError: as in `PipedriveClient.request`.
        """
        if not action.becomes:
            return super().send(task, action, draft, entity)
        if self._dry_run:
            super().send(task, action, draft, entity)
            return Done()  # the id would be that of a row that is not there yet
        known = self._known.get(task.identity)
        if known is not None and known.state is WriteState.DONE:
            return Done(id=known.id, note=EARLIER if known.earlier else "", made_before=known.earlier)
        if known is not None and known.id is None:
            found = self._made_meanwhile(task, action, draft)
            if found is not None:
                return found
            self._withdraw(task)
            known = None
        job = known.id if known is not None else None
        if job is None:
            started = self._start(task, action, draft)
            if isinstance(started, Done):
                return started
            job = started
        return self._ended(task, action, draft, job)

    def _start(self, task: Task, action: ActionSpec, draft: Draft) -> str | Done:
        """Start the job: its id, or what came of it where the answer was lost."""
        self._complete(task, action, draft, None)
        self._intend([task], action.name)
        path = fill(action.path, draft.path)
        try:
            answer = self._answered(action, path, draft, self._body(action, draft), task.stream)
            job = _told(answer.json(), "conversion_id")
            if job is None:
                raise without_data(f"{action.method} {path}")
        except PipedriveError as error:
            if not error.may_have_acted or error.status == HTTPStatus.NOT_IMPLEMENTED:
                self._withdraw(task)
                raise
            found = self._made_meanwhile(task, action, draft)
            if found is None:
                self._withdraw(task)
                raise
            return found
        identity = task.identity
        self._known[identity].id = job
        self._keeper.note(lambda ledger: ledger.begun(identity, job))
        return job

    def _ended(self, task: Task, action: ActionSpec, draft: Draft, job: str) -> Done:
        """The new row, once the job has ended."""
        path = fill(status_path(action.path), {**draft.path, "conversion_id": job})
        for seconds in _waits():
            try:
                answer = self._client.request("GET", path, cost=_STATUS_COST, label=task.stream)
            except (NotFound, Gone):  # Pipedrive keeps it for some days only
                found = self._made_meanwhile(task, action, draft)
                if found is not None:
                    return found
                self._withdraw(task)
                raise RecordFault(
                    f"was started as conversion {job}, which ended without a new row; check it in Pipedrive"
                ) from None
            body = answer.json()
            status = _told(body, "status")
            made = _told(body, f"{action.becomes.removesuffix('s')}_id")
            if status == "completed" and made is not None:
                return self._remembered(task, action, Done(id=made))
            if status in {"failed", "rejected"}:
                self._withdraw(task)
                raise RecordFault(f"was {status} by Pipedrive (conversion {job})")
            self._rest(seconds)
        raise RecordFault(
            f"is conversion {job}, which did not end within {PATIENCE_SECONDS:.0f} seconds; replay the "
            "rejects later to get its result, nothing is converted twice"
        )

    def _made_meanwhile(self, task: Task, action: ActionSpec, draft: Draft) -> Done | None:
        """The row that an unanswered start made; None when it certainly made none and never will.

        Raises:
            RecordFault: there is no way to know yet.
        """
        known = self._known[task.identity]
        source, source_id = ENTITIES[action.entity], str(draft.path["id"])
        for seconds in _waits():
            made = self._made_of(action, source_id, known.since, task.stream)
            if made is not None:
                return self._remembered(task, action, Done(id=made, note=FOUND, made_before=True))
            row = self._rows.one(source, source_id, {}, task.stream)
            if row is None or is_gone(row):
                raise RecordFault(
                    f"was sent before; {action.entity} {source_id} is deleted, and none of the "
                    f"{action.becomes} has it as its source. Check it in Pipedrive"
                )
            if self._age(known.since, task) > _SURELY_OVER:
                return None
            self._rest(seconds)
        raise RecordFault(
            "was sent, but it is unknown whether the conversion was started; replay the rejects after 15 "
            "minutes, when this can be determined"
        )

    def _made_of(self, action: ActionSpec, source_id: str, since: str, stream: str) -> str | None:
        """Id of the row that names this one as its source."""
        entity = _showing_source(ENTITIES[action.becomes])
        column = f"source_{action.entity.removesuffix('s')}_id"
        rows: Iterator[Row] = self._rows.changed(entity, since, stream)
        return next((str(row[entity.key]) for row in rows if str(row.get(column)) == source_id), None)

    def _age(self, since: str, task: Task) -> timedelta:
        """How long ago a time was, by the server's clock."""
        self._learn_time(self.user.request(task.stream))
        return times.parse(self._server_time) - times.parse(since)


def status_path(path: str) -> str:
    """Where the status of a conversion is asked for, of the path that begins one."""
    return f"{path.rpartition('/')[0]}/status/{{conversion_id}}"


def _showing_source(entity: EntitySpec) -> EntitySpec:
    """The entity, read so that rows name what they were made of: deals do when asked."""
    if entity.name != "deals" or entity.recent is None:
        return entity
    params = {**entity.recent.params, "include_fields": "source_lead_id"}
    return replace(entity, recent=replace(entity.recent, params=params))


def _waits() -> Iterator[float]:
    """Seconds between one look and the next, until patience ends."""
    passed = 0.0
    for seconds in itertools.chain(FIRST_WAITS, itertools.repeat(WAIT_SECONDS)):
        yield seconds
        passed += seconds
        if passed >= PATIENCE_SECONDS:
            return


def _told(body: object, name: str) -> str | None:
    """A value of the answer's data, as text."""
    data = body.get("data") if isinstance(body, Mapping) else None
    value = data.get(name) if isinstance(data, Mapping) else None
    return None if value is None else str(value)
