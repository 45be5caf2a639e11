"""Writer of records: each write stores its intent before, its outcome after, and is not repeated blindly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pipedrive_client import PipedriveError
from target_pipedrive.account.current_user import CurrentUser
from target_pipedrive.catalog.raw_request import RAW_REQUEST
from target_pipedrive.ledger.store import WriteState
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.record.outcome import Outcome, Result
from target_pipedrive.write.bulk import BulkWriter, Members
from target_pipedrive.write.conversions import ConversionWriter
from target_pipedrive.write.dry_run import DryRunWriter
from target_pipedrive.write.intents import EARLIER, NOT_KNOWN, Intents
from target_pipedrive.write.recovery import Claims
from target_pipedrive.write.request import ActionRequests, ServerClock
from target_pipedrive.write.response import NOT_IMPLEMENTED, Done
from target_pipedrive.write.single import SingleWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipedrive_client import PipedriveClient
    from target_pipedrive.account.planned_rows import PlannedRows
    from target_pipedrive.account.rows import Rows
    from target_pipedrive.catalog.spec import ActionSpec, EntitySpec
    from target_pipedrive.custom_fields.registry import FieldRegistry
    from target_pipedrive.ledger.journal import Journal
    from target_pipedrive.ledger.store import Entry
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.task import Task
    from target_pipedrive.write.bulk import Ahead
    from target_pipedrive.write.raw_request import RawRequest


class RecordWriter(Protocol):
    """Performs the writes of records; shared by all workers."""

    @property
    def planned_tokens(self) -> Mapping[str, int]:
        """Tokens that the writes of a dry run would cost, by stream."""

    def send(self, task: Task, action: ActionSpec, draft: Draft, entity: EntitySpec | None) -> Done:
        """Perform a write; see `Writer.send`."""

    def send_raw(self, task: Task, request: RawRequest) -> Result:
        """Send a request that a record describes; see `Writer.send_raw`."""

    def done_before(self, task: Task) -> Done | None:
        """Return the write of an interrupted run for the same record, if there is one."""

    def finished(self, task: Task) -> None:
        """Drop the data of a finished record."""

    def company_id(self, task: Task) -> str:
        """Return the id of the account's company."""

    def stop_waiting(self) -> None:
        """Stop waiting for conversions; the next run continues to wait."""


class Writer:
    """Sends writes; see `RecordWriter`.

    Args:
        client: sends raw requests.
        intents: writes that were begun.
        user: the company of the account.
        single: writes with one request each.
        bulk: adds several records with one request.
        conversions: writes that start a job.
    """

    def __init__(
        self,
        client: PipedriveClient,
        intents: Intents,
        user: CurrentUser,
        *,
        single: SingleWriter,
        bulk: BulkWriter,
        conversions: ConversionWriter,
    ) -> None:
        self._client = client
        self._intents = intents
        self._user = user
        self._single = single
        self._bulk = bulk
        self._conversions = conversions
        self.planned_tokens: Mapping[str, int] = {}

    def send(self, task: Task, action: ActionSpec, draft: Draft, entity: EntitySpec | None) -> Done:
        """Perform a write.

        Args:
            task: the record; the ledger knows it by its identity.
            action: action of the request.
            draft: path, query, body, custom fields and files; references are filled in.
            entity: how an interrupted add can be looked up; None when it cannot.

        Raises:
            RecordFault: the outcome of an interrupted write cannot be determined.
            SkipRecord: an earlier run added the row, and deleted it.
            PipedriveError: as in `PipedriveClient.request`.
        """
        if action.becomes:
            return self._conversions.send(task, action, draft)
        if entity is not None:
            self._bulk.send_ahead(task, action, draft, entity)
        return self._single.send(task, action, draft, entity)

    def send_raw(self, task: Task, request: RawRequest) -> Result:
        """Send a request that a record describes; one that must not be repeated is sent once.

        Raises:
            RecordFault: an earlier run began it and its outcome is unknown.
            PipedriveError: as in `PipedriveClient.request`.
        """
        if request.method != "POST" or request.idempotent:
            return request.send(self._client, task.stream)
        known = self._intents.of(task)
        if known is not None and known.state is WriteState.DONE:
            return Result(outcome=Outcome.SKIPPED, id=known.id, note=EARLIER)
        if known is not None:
            raise RecordFault(NOT_KNOWN.format(name=RAW_REQUEST))
        self._intents.begin([task], RAW_REQUEST)
        try:
            result = request.send(self._client, task.stream)
        except PipedriveError as error:
            if not error.may_have_acted or error.status == NOT_IMPLEMENTED:
                self._intents.withdraw(task)
            raise
        self._intents.done(task, None, Done(id=result.id))
        return result

    def done_before(self, task: Task) -> Done | None:
        """Return what a run that did not end wrote for the same record, if anything."""
        return self._intents.done_before(task)

    def finished(self, task: Task) -> None:
        """Drop the data of a finished record; the ledger contains its outcome."""
        self._intents.finished(task)

    def company_id(self, task: Task) -> str:
        """Return the id of the account's company."""
        return self._user.company_id(task.stream)

    def stop_waiting(self) -> None:
        """Leave conversions that have not ended to the next run."""
        self._conversions.stop_waiting()


def writer_of(
    client: PipedriveClient,
    journal: Journal,
    rows: Rows,
    registry: FieldRegistry,
    entries: Iterable[Entry],
    *,
    ahead: Ahead,
    planned: PlannedRows | None,
) -> RecordWriter:
    """Return the writer of a run.

    Args:
        client: the connection.
        journal: makes intents durable.
        rows: reads rows for lookups.
        registry: definitions of custom fields.
        entries: writes in the ledger from a run that did not end.
        ahead: records that one bulk request can write too.
        planned: gets the writes of a dry run; None sends them.
    """
    user = CurrentUser(client)
    clock = ServerClock(user)
    requests = ActionRequests(client, rows, registry, user, clock)
    claims = Claims(rows)
    intents = Intents(journal, clock, claims, entries)
    members = Members(requests, intents, ahead)
    if planned is not None:
        return DryRunWriter(requests, intents, members, user, planned)
    return Writer(
        client,
        intents,
        user,
        single=SingleWriter(requests, intents, claims, rows),
        bulk=BulkWriter(requests, intents, claims, members),
        conversions=ConversionWriter(client, requests, intents, rows, clock),
    )
