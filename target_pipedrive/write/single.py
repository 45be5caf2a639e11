"""Writes with one request each: the intent before, the outcome after, and a lookup before a retry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipedrive_client import Gone, MalformedResponse, NotFound, PipedriveError
from target_pipedrive.account.rows import fill
from target_pipedrive.catalog.spec import Verb
from target_pipedrive.ledger.store import WriteState
from target_pipedrive.record.errors import RecordFault, SkipRecord
from target_pipedrive.write.intents import EARLIER, NOT_KNOWN
from target_pipedrive.write.recovery import FOUND, holds
from target_pipedrive.write.response import (
    NOT_IMPLEMENTED,
    Done,
    done_of,
    is_guarded,
    makes_row,
    path_id,
    without_data,
)

if TYPE_CHECKING:
    from target_pipedrive.account.rows import Rows
    from target_pipedrive.catalog.spec import ActionSpec, EntitySpec
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.task import Task
    from target_pipedrive.write.intents import Intents
    from target_pipedrive.write.recovery import Claims
    from target_pipedrive.write.request import ActionRequests

_MOST_TRIES = 3
_ADDED_AND_DELETED = "was added, and its row deleted or merged, by an earlier run that did not end"


class SingleWriter:
    """Writes one record at a time; shared by all workers.

    Args:
        requests: sends.
        intents: writes that were begun.
        claims: looks up rows that interrupted adds made.
        rows: reads rows.
    """

    def __init__(self, requests: ActionRequests, intents: Intents, claims: Claims, rows: Rows) -> None:
        self._requests = requests
        self._intents = intents
        self._claims = claims
        self._rows = rows

    def send(self, task: Task, action: ActionSpec, draft: Draft, entity: EntitySpec | None) -> Done:
        """Perform a write; see `Writer.send`."""
        path = fill(action.path, draft.path)
        self._requests.complete(task, action, draft, entity)
        body = self._requests.body(action, draft)
        if is_guarded(action):
            return self._send_guarded(task, action, draft, body, entity, path)
        # Guarded writes need no such wait: the ledger stores their intent behind the row's.
        self._intents.await_row(path_id(action, draft))
        done = self._send_repeatable(task, action, draft, body, entity, path)
        self._intents.updated(task)
        return done

    def _send_guarded(
        self,
        task: Task,
        action: ActionSpec,
        draft: Draft,
        body: object,
        entity: EntitySpec | None,
        path: str,
    ) -> Done:
        """Perform a write that must not be repeated blindly."""
        last: PipedriveError | None = None
        for _ in range(_MOST_TRIES):
            found = self._outcome_so_far(task, action, draft, body, entity)
            if found is not None:
                return found
            since = self._intents.begin([task], action.name)
            try:
                response = self._requests.send_for_data(action, path, draft, body, task.stream)
                done = done_of(action, draft, response, entity)
                if done.id is None and makes_row(action):
                    raise without_data(f"{action.method} {path}")
            except (NotFound, Gone) as error:
                known = self._intents.of(task)
                tried = last is not None or (known is not None and known.earlier)
                if action.verb in (Verb.DELETE, Verb.MERGE) and tried:
                    self._intents.row_gone(action, draft, entity)
                    done = Done(id=path_id(action, draft), note="was done already")
                    return self._intents.done(task, action, done)
                self._intents.withdraw(task)
                raise error from None
            except PipedriveError as error:
                if not error.may_have_acted or error.status == NOT_IMPLEMENTED:
                    self._intents.withdraw(task)
                    raise
                last = error
                self._intents.begun_since(task, since)
                continue
            self._intents.row_gone(action, draft, entity)
            return self._intents.done(task, action, done)
        raise last if last is not None else RecordFault("got no response")

    def _send_repeatable(
        self,
        task: Task,
        action: ActionSpec,
        draft: Draft,
        body: object,
        entity: EntitySpec | None,
        path: str,
    ) -> Done:
        """Perform a write that may be repeated; after a response without content the row is looked up first.

        Raises:
            PipedriveError: as in `PipedriveClient.request`.
        """
        last: PipedriveError | None = None
        for _ in range(_MOST_TRIES):
            try:
                response = self._requests.send_for_data(action, path, draft, body, task.stream)
            except MalformedResponse as error:
                if not error.may_have_acted:
                    raise
                last = error
            else:
                return done_of(action, draft, response, entity)
            row_id = path_id(action, draft)
            if entity is None or row_id is None or action.verb is not Verb.UPDATE:
                continue
            row = self._rows.one(entity, row_id, {**draft.path, **draft.body}, task.stream)
            if row is not None and isinstance(body, Mapping) and holds(row, body, action.body_columns):
                return Done(id=row_id, data=row, note=FOUND)
        raise last if last is not None else RecordFault("got no response")

    def _outcome_so_far(
        self, task: Task, action: ActionSpec, draft: Draft, body: object, entity: EntitySpec | None
    ) -> Done | None:
        """Return what is already known of the write; None when it is to be sent."""
        known = self._intents.of(task)
        if known is None:
            return None
        if known.state is WriteState.GONE:
            self._intents.skip(task)
            raise SkipRecord(_ADDED_AND_DELETED)
        if known.state is WriteState.DONE:
            # A repeated delete ends well after an earlier one; a repeated add makes a second row.
            if action.verb in (Verb.DELETE, Verb.MERGE):
                return None
            note = EARLIER if known.earlier else ""
            return Done(id=known.id, data=known.data, note=note, made_before=known.earlier)
        if action.verb in (Verb.DELETE, Verb.MERGE):
            return None
        found = self._look_up(task, action, draft, body, entity, known.since)
        return None if found is None else self._intents.done(task, action, found)

    def _look_up(
        self,
        task: Task,
        action: ActionSpec,
        draft: Draft,
        body: object,
        entity: EntitySpec | None,
        since: str,
    ) -> Done | None:
        """Return the row that an interrupted add made, or None when it made none.

        Raises:
            RecordFault: this cannot be determined.
        """
        evidence = bool(body) or bool(draft.files)
        if action.verb is not Verb.ADD or entity is None or entity.recent is None or not evidence:
            raise RecordFault(NOT_KNOWN.format(name=action.name))
        rows = self._claims.recent(draft, entity, since, task.stream)
        sent = body if isinstance(body, Mapping) else {}
        found = self._claims.claim(rows, action, draft, sent, entity, task.identity)
        return None if found is None else Done(id=found[0], data=found[1], note=FOUND, made_before=True)
