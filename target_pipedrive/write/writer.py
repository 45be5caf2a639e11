"""Writes that are never repeated blindly: intent before, outcome after, lookup before a retry."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipedrive_client import Gone, MalformedAnswer, NotFound, PipedriveError, times
from pipedrive_client.transport import moment_of
from target_pipedrive.account.current_user import CurrentUser
from target_pipedrive.account.rows import fill
from target_pipedrive.catalog.raw_request import RAW_REQUEST
from target_pipedrive.catalog.spec import Encoding, Verb
from target_pipedrive.custom_fields.values import flat_form
from target_pipedrive.ledger.journal import Bookings
from target_pipedrive.ledger.store import Ledger, WriteState
from target_pipedrive.record.errors import RecordFault, SkipRecord
from target_pipedrive.record.outcome import Outcome, Result
from target_pipedrive.write.completion import complete
from target_pipedrive.write.missing_content import has_data, without_data
from target_pipedrive.write.recovery import Claims, holds
from target_pipedrive.write.response import (
    Done,
    done_of,
    is_guarded,
    linked_by,
    makes_row,
    opened_files,
    path_id,
)
from target_pipedrive.write.spelling import Spellings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipedrive_client import Answer, PipedriveClient
    from target_pipedrive.account.rows import Rows
    from target_pipedrive.catalog.spec import ActionSpec, EntitySpec
    from target_pipedrive.custom_fields.registry import FieldBook
    from target_pipedrive.ledger.journal import Keeper
    from target_pipedrive.ledger.store import Entry
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.task import Task
    from target_pipedrive.write.raw_request import RawRequest

_MOST_TRIES = 3
_NOT_IMPLEMENTED = 501
FOUND = "found after an interrupted call"
EARLIER = "written by an earlier run that did not end"
_ADDED_AND_DELETED = "was added, and its row deleted or merged, by an earlier run that did not end"
_NOT_KNOWN = (
    "was sent by an earlier run and its outcome is unknown ({name} cannot be looked up). Check it in "
    "Pipedrive; to send it again, run `target-pipedrive ledger forget` first"
)


@dataclass(slots=True)
class _Begun:
    """A write whose outcome is not known."""

    state: WriteState
    id: str | None
    since: str
    earlier: bool
    data: object = None


class Caller:
    """Sends writes; shared by all workers.

    Args:
        client: the connection.
        keeper: makes intents durable.
        rows: reads for look-ups.
        book: definitions, for the v1 form of custom fields.
        entries: what the ledger remembers of a run that did not end.
        dry_run: whether calls are only counted.
    """

    def __init__(
        self,
        client: PipedriveClient,
        keeper: Keeper,
        rows: Rows,
        book: FieldBook,
        entries: Iterable[Entry],
        *,
        dry_run: bool,
    ) -> None:
        self._client = client
        self._keeper = keeper
        self._rows = rows
        self._book = book
        self._stopped = threading.Event()  # nothing is waited for any more
        self._dry_run = dry_run
        self._lock = threading.Lock()
        self._server_time = ""
        self._pretended = 0
        self.user = CurrentUser(client)
        self._asking = threading.Lock()
        self._known: dict[bytes, _Begun] = {}
        self._claims = Claims(rows)
        self._spellings = Spellings()
        self._planned: dict[bytes, Done] = {}
        self._bookings = Bookings()
        self.planned_tokens: dict[str, int] = {}
        for entry in entries:
            self._known[entry.identity] = _Begun(entry.state, entry.id, entry.begun_at, earlier=True)
            if entry.id is not None and entry.state is not WriteState.GONE:
                self._claims.put(entry.action, entry.id, entry.identity)

    def done_before(self, task: Task) -> Done | None:
        """What a run that did not end had made of the same record, if it got that far."""
        known = self._known.get(task.identity)
        if known is None or known.state is not WriteState.DONE:
            return None
        return Done(id=known.id, note=EARLIER)

    def send(self, task: Task, action: ActionSpec, draft: Draft, entity: EntitySpec | None) -> Done:
        """Perform a write.

        Args:
            task: the record, which the ledger knows by its identity.
            action: what to call.
            draft: path, query, body, custom fields and files; references are filled in.
            entity: how an interrupted add can be looked up; None when it cannot.

        Raises:
            RecordFault: the outcome of an interrupted call cannot be found out.
            SkipRecord: an earlier run added the row, and deleted it.
            PipedriveError: as in `PipedriveClient.request`.
        """
        path = fill(action.path, draft.path)
        self._complete(task, action, draft, entity)
        body = self._body(action, draft)
        if self._dry_run:
            with self._lock:
                self.planned_tokens[task.stream] = self.planned_tokens.get(task.stream, 0) + action.cost
                self._pretended += 1
                new = f"new:{self._pretended}" if action.verb is Verb.ADD else None
            return Done(id=path_id(action, draft) or new)
        if not is_guarded(action):
            # Guarded calls need no such wait: their own intent is booked behind it.
            self._bookings.await_row(path_id(action, draft))
            done = self._send_repeatable(task, action, draft, body, entity)
            self._remember(task)
            return done
        last: PipedriveError | None = None
        for _ in range(_MOST_TRIES):
            found = self._settled(task, action, draft, body, entity)
            if found is not None:
                return found
            since = self._intend([task], action.name)
            try:
                done = done_of(action, draft, self._answered(action, path, draft, body, task.stream), entity)
                if done.id is None and makes_row(action):
                    raise without_data(f"{action.method} {path}")
            except (NotFound, Gone) as error:
                known = self._known[task.identity]
                if action.verb in (Verb.DELETE, Verb.MERGE) and (known.earlier or last is not None):
                    self._forget(action, draft, entity)
                    done = Done(id=path_id(action, draft), note="was done already")
                    return self._remembered(task, action, done)
                self._withdraw(task)
                raise error from None
            except PipedriveError as error:
                if not error.may_have_acted or error.status == _NOT_IMPLEMENTED:
                    self._withdraw(task)
                    raise
                last = error
                self._known[task.identity].since = since
                continue
            self._forget(action, draft, entity)
            return self._remembered(task, action, done)
        raise last if last is not None else RecordFault("got no response")

    def _send_repeatable(
        self, task: Task, action: ActionSpec, draft: Draft, body: object, entity: EntitySpec | None
    ) -> Done:
        """Perform a write that may be repeated; one that is answered without content is looked up first.

        Raises:
            PipedriveError: as in `PipedriveClient.request`.
        """
        path = fill(action.path, draft.path)
        last: PipedriveError | None = None
        for _ in range(_MOST_TRIES):
            try:
                answer = self._answered(action, path, draft, body, task.stream)
            except MalformedAnswer as error:
                if not error.may_have_acted:
                    raise
                last = error
            else:
                return done_of(action, draft, answer, entity)
            row_id = path_id(action, draft)
            if entity is None or row_id is None or action.verb is not Verb.UPDATE:
                continue
            row = self._rows.one(entity, row_id, {**draft.path, **draft.body}, task.stream)
            if row is not None and isinstance(body, Mapping) and holds(row, body, action.body_columns):
                return Done(id=row_id, data=row, note=FOUND)
        raise last if last is not None else RecordFault("got no response")

    def _answered(self, action: ActionSpec, path: str, draft: Draft, body: object, stream: str) -> Answer:
        """The answer of a write.

        Raises:
            MalformedAnswer: it is a success without content, so that the outcome is not known.
            PipedriveError: as in `PipedriveClient.request`.
        """
        answer = self._request(action, path, draft, body, stream)
        if not action.silent and not has_data(answer):
            raise without_data(f"{action.method} {path}", status=answer.status)
        return answer

    def company_id(self, task: Task) -> str:
        """Id of the company whose account it is."""
        return self.user.company_id(task.stream)

    def send_raw(self, task: Task, request: RawRequest) -> Result:
        """Make a request that a record describes; one that may not be repeated is sent once.

        Raises:
            RecordFault: an earlier run began it and its outcome is not known.
            PipedriveError: as in `PipedriveClient.request`.
        """
        if self._dry_run:
            with self._lock:
                planned = self.planned_tokens.get(task.stream, 0)
                self.planned_tokens[task.stream] = planned + request.cost
            return Result(outcome=Outcome.UPDATED, note=f"would send {request.method} {request.path}")
        if request.method != "POST" or request.idempotent:
            return request.send(self._client, task.stream)
        known = self._known.get(task.identity)
        if known is not None and known.state is WriteState.DONE:
            return Result(outcome=Outcome.SKIPPED, id=known.id, note=EARLIER)
        if known is not None:
            raise RecordFault(_NOT_KNOWN.format(name=RAW_REQUEST))
        self._intend([task], RAW_REQUEST)
        try:
            result = request.send(self._client, task.stream)
        except PipedriveError as error:
            if not error.may_have_acted or error.status == _NOT_IMPLEMENTED:
                self._withdraw(task)
            raise
        self._remembered(task, None, Done(id=result.id))
        return result

    def _settled(
        self, task: Task, action: ActionSpec, draft: Draft, body: object, entity: EntitySpec | None
    ) -> Done | None:
        """What is known of the write already; None when it is to be sent."""
        known = self._known.get(task.identity)
        if known is None:
            return None
        if known.state is WriteState.GONE:
            raise SkipRecord(_ADDED_AND_DELETED)
        if known.state is WriteState.DONE:
            # Deleting again is how a delete after a delete ends well; adding again is a second row.
            if action.verb in (Verb.DELETE, Verb.MERGE):
                return None
            note = EARLIER if known.earlier else ""
            return Done(id=known.id, data=known.data, note=note, made_before=known.earlier)
        if action.verb in (Verb.DELETE, Verb.MERGE):
            return None
        found = self._look_up(task, action, draft, body, entity, known.since)
        return None if found is None else self._remembered(task, action, found)

    def _look_up(
        self,
        task: Task,
        action: ActionSpec,
        draft: Draft,
        body: object,
        entity: EntitySpec | None,
        since: str,
    ) -> Done | None:
        """The row that an interrupted add made, or None when it made none.

        Raises:
            RecordFault: there is no way to know.
        """
        evidence = bool(body) or bool(draft.files)
        if action.verb is not Verb.ADD or entity is None or entity.recent is None or not evidence:
            raise RecordFault(_NOT_KNOWN.format(name=action.name))
        rows = self._claims.recent(draft, entity, since, task.stream)
        sent = body if isinstance(body, Mapping) else {}
        found = self._claims.claim(rows, action, draft, sent, entity, task.identity)
        return None if found is None else Done(id=found[0], data=found[1], note=FOUND, made_before=True)

    def _intend(self, tasks: Sequence[Task], name: str) -> str:
        """Put intents on disk; returns the server's time before the call."""
        with self._asking:
            if not self._server_time:
                self._learn_time(self.user.request(tasks[0].stream))
        since = self._server_time
        for task in tasks:
            if task.identity not in self._known:
                self._known[task.identity] = _Begun(WriteState.BEGUN, None, since, earlier=False)
        begun = [(task.identity, task.stream) for task in tasks]

        def step(ledger: Ledger) -> None:
            for identity, stream in begun:
                ledger.intend(identity, stream, name, since)

        self._keeper.make_durable(step)
        return since

    def _is_done(self, task: Task) -> bool:
        known = self._known.get(task.identity)
        return known is not None and known.state is WriteState.DONE

    def finished(self, task: Task) -> None:
        """Keep no more of a record that this run began and ended than the ledger does."""
        known = self._known.get(task.identity)
        if known is not None and known.state is WriteState.DONE and not known.earlier:
            del self._known[task.identity]

    def _withdraw(self, task: Task) -> None:
        """The call certainly did not act, nor did one of an earlier run: that was looked up before."""
        identity = task.identity
        self._known.pop(identity, None)
        self._keeper.note(lambda ledger: ledger.withdraw(identity))

    def _remembered(self, task: Task, action: ActionSpec | None, done: Done) -> Done:
        """Note a write that was made, and in the same step which external id its row stands for.

        The record may wait long, or fail, after its row was added: that it is there must be known by then.
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

        booked = self._keeper.note(step)
        if row_id is not None:
            self._bookings.put(row_id, booked)
        return done

    def _forget(self, action: ActionSpec, draft: Draft, entity: EntitySpec | None) -> None:
        """Note that a row is gone: a later record of the same content adds another one."""
        row_id = path_id(action, draft)
        if action.verb not in (Verb.DELETE, Verb.MERGE) or entity is None or row_id is None:
            return
        identity = self._claims.drop(entity.add or "", row_id)
        if identity:
            self._known.pop(identity, None)
            self._keeper.note(lambda ledger: ledger.gone(identity))

    def _remember(self, task: Task) -> None:
        """Note an update: should the row be deleted later in the run, a repeated run knows why it is gone."""
        identity, stream = task.identity, task.stream
        self._keeper.note(lambda ledger: ledger.done(identity, stream, "", None))

    def _complete(self, task: Task, action: ActionSpec, draft: Draft, entity: EntitySpec | None) -> None:
        """Complete what the record says only in part; see `completion.complete`."""
        complete(draft, action, entity, self._rows, self._book, self.user, task.stream)

    def _body(self, action: ActionSpec, draft: Draft) -> object:
        """The body as it is encoded; None for none."""
        body: dict[str, object] = dict(draft.body)
        if draft.custom and action.custom_fields is not None:
            if action.flat_custom_fields:
                known = {one.key: one for one in self._book.definitions(action.custom_fields)}
                body |= flat_form(draft.custom, known)
            else:
                body["custom_fields"] = draft.custom
        if action.body_is is not None:
            return body.get(action.body_is)
        return body if body or action.body else None

    def _request(self, action: ActionSpec, path: str, draft: Draft, body: object, stream: str) -> Answer:
        files = opened_files(draft) if action.encoding is Encoding.MULTIPART else None
        as_form = action.encoding in (Encoding.FORM, Encoding.MULTIPART)

        def send(content: object) -> Answer:
            return self._client.request(
                action.method,
                path,
                params=draft.query or None,
                json=None if as_form else content,
                form=(content if isinstance(content, Mapping) else {}) if as_form else None,
                files=files,
                cost=action.cost,
                # A merge that acted answers its repeat with 404: only `send` can tell what that means.
                idempotent=(action.method != "POST" and action.verb is not Verb.MERGE) or action.repeatable,
                label=stream,
            )

        answer = self._spellings.send(action, body, send)
        self._learn_time(answer)
        return answer

    def _learn_time(self, answer: Answer) -> None:
        """Keep the server's clock: look-ups compare with times that the server writes."""
        moment = moment_of(answer)
        if moment is not None:
            self._server_time = times.to_rfc3339(moment)
