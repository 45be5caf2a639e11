"""Bulk adds: several rows with one request, where Pipedrive supports it.

The ledger stores each record on its own, before and after: writes that a crash leaves open are looked up
record by record. A bulk request that Pipedrive rejects is sent again row by row, so that only the invalid row
fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipedrive_client import PipedriveError, RecordError
from target_pipedrive.account.rows import BULK, fill
from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.record.draft import Draft
from target_pipedrive.write.recovery import FOUND
from target_pipedrive.write.response import Done

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from target_pipedrive.catalog.spec import ActionSpec, EntitySpec
    from target_pipedrive.record.row import Row
    from target_pipedrive.record.task import Task
    from target_pipedrive.write.intents import Intents
    from target_pipedrive.write.recovery import Claims
    from target_pipedrive.write.request import ActionRequests

    Ahead = Callable[[Task], Iterable[tuple[Task, ActionSpec, Draft]]]
    """Records that wait for one alone, each with the add it will send, in order."""


@dataclass(frozen=True, slots=True)
class Member:
    """One record of a bulk request, with the body that it would be sent with alone."""

    task: Task
    draft: Draft
    body: Mapping[str, object]


class Members:
    """Records that one bulk request can add.

    Args:
        requests: make the bodies.
        intents: writes that were begun before.
        ahead: see `Ahead`.
    """

    def __init__(self, requests: ActionRequests, intents: Intents, ahead: Ahead) -> None:
        self._requests = requests
        self._intents = intents
        self._ahead = ahead

    def of(self, task: Task, action: ActionSpec, draft: Draft) -> tuple[ActionSpec, list[Member]] | None:
        """Return the bulk action and its records; None where single requests cost less."""
        if action.bulk is None or task.alone:
            return None
        bulk = ACTIONS[action.bulk]
        members = self._together(task, action, draft)
        return (bulk, members) if len(members) * action.cost >= bulk.cost else None

    def _together(self, task: Task, action: ActionSpec, draft: Draft) -> list[Member]:
        """Return the record and those behind it; none when its write was begun before."""
        path, found = fill(action.path, draft.path), []
        named: set[str] = set()
        for one, planned, addition in ((task, action, draft), *self._ahead(task)):
            body = self._requests.body(action, addition)
            if self._intents.of(one) or planned is not action or fill(action.path, addition.path) != path:
                break
            if not isinstance(body, dict) or addition.external_id in named:
                break  # a second record of a row that is only added here
            if addition.external_id is not None:
                named.add(addition.external_id)
            found.append(Member(one, addition, body))
        return found[:BULK]


class BulkWriter:
    """Adds records together with those that wait behind them.

    Args:
        requests: sends.
        intents: writes that were begun.
        claims: assigns rows to records.
        members: which records go together.
    """

    def __init__(self, requests: ActionRequests, intents: Intents, claims: Claims, members: Members) -> None:
        self._requests = requests
        self._intents = intents
        self._claims = claims
        self._members = members

    def send_ahead(self, task: Task, action: ActionSpec, draft: Draft, entity: EntitySpec) -> None:
        """Add the record and those that wait behind it, if one request for all of them costs less.

        Their outcomes are stored as done, and each record finds its own when it is performed.

        Raises:
            PipedriveError: the request certainly did not take effect and would not do so for one row either.
        """
        found = self._members.of(task, action, draft)
        if found is not None:
            self._send(found[1], action, found[0], entity)

    def _send(self, members: list[Member], action: ActionSpec, bulk: ActionSpec, entity: EntitySpec) -> None:
        first = members[0]
        since = self._intents.begin([one.task for one in members], action.name)
        draft = Draft(path=first.draft.path, body={"data": [one.body for one in members]})
        try:
            path = fill(bulk.path, draft.path)
            response = self._requests.send(bulk, path, draft, draft.body, first.task.stream)
        except PipedriveError as error:
            refused = isinstance(error, RecordError)
            if not error.may_have_acted and not refused:
                for one in members:
                    self._intents.withdraw(one.task)
                raise
            for one in members:
                one.task.alone = True
            # After a rejection rows may still have been added; one read finds them.
            rows = self._claims.recent(first.draft, entity, since, first.task.stream)
            self._assign(members, rows, action, entity, note=FOUND)
            for one in members:
                if not self._intents.is_done(one.task):
                    self._intents.withdraw(one.task)
            return
        body = response.json()
        added = body.get("data") if isinstance(body, dict) else None
        self._assign(members, added or [], action, entity)

    def _assign(
        self,
        members: list[Member],
        rows: Sequence[Row],
        action: ActionSpec,
        entity: EntitySpec,
        *,
        note: str = "",
    ) -> None:
        """Assign rows to records; a record without one stays open and is looked up when it is performed."""
        for one in members:
            found = self._claims.claim(rows, action, one.draft, one.body, entity, one.task.identity)
            if found is not None:
                self._intents.done(one.task, action, Done(id=found[0], data=found[1], note=note))
