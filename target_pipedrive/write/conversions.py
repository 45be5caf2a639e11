"""Conversions between leads and deals: jobs that are started, polled, and never started twice.

The response to the start names a job, and only the job's status names the new row. The ledger stores the job
until its end, so that a run after a crash waits for the same one. A start without a response is looked up:
the new row names its source.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from pipedrive_client import Gone, NotFound, PipedriveError, Stopped, times
from target_pipedrive.account.rows import fill
from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.ledger.store import WriteState
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.write.intents import EARLIER
from target_pipedrive.write.recovery import FOUND
from target_pipedrive.write.response import NOT_IMPLEMENTED, Done, without_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_client import PipedriveClient
    from target_pipedrive.account.rows import Rows
    from target_pipedrive.catalog.spec import ActionSpec, EntitySpec
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.row import Row
    from target_pipedrive.record.task import Task
    from target_pipedrive.write.intents import Intents
    from target_pipedrive.write.request import ActionRequests, ServerClock

PATIENCE_SECONDS = 120.0
"""Maximum wait of a record for its conversion."""
FIRST_WAITS = (0.5, 1.0, 2.0)
WAIT_SECONDS = 5.0
_STATUS_COST = 1
_SURELY_OVER = timedelta(minutes=15)  # a started conversion has added its row by then, or never does


class ConversionWriter:
    """Starts conversions and waits for their end.

    Args:
        client: requests the status of jobs.
        requests: sends.
        intents: writes that were begun.
        rows: reads rows.
        clock: the server's time.
    """

    def __init__(
        self,
        client: PipedriveClient,
        requests: ActionRequests,
        intents: Intents,
        rows: Rows,
        clock: ServerClock,
    ) -> None:
        self._client = client
        self._requests = requests
        self._intents = intents
        self._rows = rows
        self._clock = clock
        self._stopped = threading.Event()

    def stop_waiting(self) -> None:
        """Stop waiting for conversions; the next run continues to wait."""
        self._stopped.set()

    def _rest(self, seconds: float) -> None:
        """Wait between two lookups.

        Raises:
            Stopped: the run ends.
        """
        if self._stopped.wait(seconds):
            raise Stopped("Stopped while a conversion was waited for; the next run waits on.")

    def send(self, task: Task, action: ActionSpec, draft: Draft) -> Done:
        """Perform a conversion; the id is that of the new row.

        Raises:
            RecordFault: the conversion failed, did not end in time, or its outcome cannot be determined.
            PipedriveError: as in `PipedriveClient.request`.
        """
        known = self._intents.of(task)
        if known is not None and known.state is WriteState.DONE:
            return Done(id=known.id, note=EARLIER if known.earlier else "", made_before=known.earlier)
        if known is not None and known.id is None:
            found = self._made_meanwhile(task, action, draft)
            if found is not None:
                return found
            self._intents.withdraw(task)
            known = None
        job = known.id if known is not None else None
        if job is None:
            started = self._start(task, action, draft)
            if isinstance(started, Done):
                return started
            job = started
        return self._ended(task, action, draft, job)

    def _start(self, task: Task, action: ActionSpec, draft: Draft) -> str | Done:
        """Start the job, and return its id, or its outcome where the response was lost."""
        self._requests.complete(task, action, draft, None)
        self._intents.begin([task], action.name)
        path = fill(action.path, draft.path)
        try:
            body = self._requests.body(action, draft)
            response = self._requests.send_for_data(action, path, draft, body, task.stream)
            job = _data_value(response.json(), "conversion_id")
            if job is None:
                raise without_data(f"{action.method} {path}")
        except PipedriveError as error:
            if not error.may_have_acted or error.status == NOT_IMPLEMENTED:
                self._intents.withdraw(task)
                raise
            found = self._made_meanwhile(task, action, draft)
            if found is None:
                self._intents.withdraw(task)
                raise
            return found
        self._intents.begun_as(task, job)
        return job

    def _ended(self, task: Task, action: ActionSpec, draft: Draft, job: str) -> Done:
        """Return the new row, once the job has ended."""
        path = fill(status_path(action.path), {**draft.path, "conversion_id": job})
        for seconds in _waits():
            try:
                response = self._client.request("GET", path, cost=_STATUS_COST, label=task.stream)
            except (NotFound, Gone):  # Pipedrive keeps jobs for some days only
                found = self._made_meanwhile(task, action, draft)
                if found is not None:
                    return found
                self._intents.withdraw(task)
                raise RecordFault(
                    f"was started as conversion {job}, which ended without a new row; check it in Pipedrive"
                ) from None
            body = response.json()
            status = _data_value(body, "status")
            made = _data_value(body, f"{action.becomes.removesuffix('s')}_id")
            if status == "completed" and made is not None:
                return self._intents.done(task, action, Done(id=made))
            if status in {"failed", "rejected"}:
                self._intents.withdraw(task)
                raise RecordFault(f"was {status} by Pipedrive (conversion {job})")
            self._rest(seconds)
        raise RecordFault(
            f"is conversion {job}, which did not end within {PATIENCE_SECONDS:.0f} seconds; replay the "
            "rejects later to get its result, nothing is converted twice"
        )

    def _made_meanwhile(self, task: Task, action: ActionSpec, draft: Draft) -> Done | None:
        """Return the row created by a start without a response; None if it certainly creates no row.

        Raises:
            RecordFault: this cannot be determined yet.
        """
        known = self._intents.of(task)
        since = known.since if known is not None else ""
        source, source_id = ENTITIES[action.entity], str(draft.path["id"])
        for seconds in _waits():
            made = self._made_of(action, source_id, since, task.stream)
            if made is not None:
                return self._intents.done(task, action, Done(id=made, note=FOUND, made_before=True))
            row = self._rows.one(source, source_id, {}, task.stream)
            if row is None:
                raise RecordFault(
                    f"was sent before; {action.entity} {source_id} is deleted, and none of the "
                    f"{action.becomes} has it as its source. Check it in Pipedrive"
                )
            if self._age(since, task) > _SURELY_OVER:
                return None
            self._rest(seconds)
        raise RecordFault(
            "was sent, but it is unknown whether the conversion was started; replay the rejects after 15 "
            "minutes, when this can be determined"
        )

    def _made_of(self, action: ActionSpec, source_id: str, since: str, stream: str) -> str | None:
        """Return the id of the row that names this one as its source."""
        entity = _showing_source(ENTITIES[action.becomes])
        column = f"source_{action.entity.removesuffix('s')}_id"
        rows: Iterator[Row] = self._rows.changed(entity, since, stream)
        return next((str(row[entity.key]) for row in rows if str(row.get(column)) == source_id), None)

    def _age(self, since: str, task: Task) -> timedelta:
        """Return the time since then, by the server's clock."""
        self._clock.refresh(task.stream)
        return times.parse(self._clock.time) - times.parse(since)


def status_path(path: str) -> str:
    """Return the path of a conversion's status, from the path that starts one."""
    return f"{path.rpartition('/')[0]}/status/{{conversion_id}}"


def _showing_source(entity: EntitySpec) -> EntitySpec:
    """Return the entity with a read whose rows name their source: deals do so on request."""
    if entity.name != "deals" or entity.recent is None:
        return entity
    params = {**entity.recent.params, "include_fields": "source_lead_id"}
    return replace(entity, recent=replace(entity.recent, params=params))


def _waits() -> Iterator[float]:
    """Return the seconds between lookups, until `PATIENCE_SECONDS` are over."""
    passed = 0.0
    for seconds in itertools.chain(FIRST_WAITS, itertools.repeat(WAIT_SECONDS)):
        yield seconds
        passed += seconds
        if passed >= PATIENCE_SECONDS:
            return


def _data_value(body: object, name: str) -> str | None:
    """Return a value of the response's data, as text."""
    data = body.get("data") if isinstance(body, Mapping) else None
    value = data.get(name) if isinstance(data, Mapping) else None
    return None if value is None else str(value)
