"""Bulk creation: several rows with one request, where Pipedrive supports it.

The ledger knows each record by itself, before and after: what a crash leaves open is looked up record by
record. A bulk that Pipedrive refuses is sent again one by one, so that one bad row fails alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipedrive_client import PipedriveError, RecordError
from target_pipedrive.account.rows import BULK, fill
from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.record.draft import Draft
from target_pipedrive.write.response import Done
from target_pipedrive.write.writer import FOUND, Caller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from target_pipedrive.catalog.spec import ActionSpec, EntitySpec
    from target_pipedrive.record.row import Row
    from target_pipedrive.record.task import Task

    Ahead = Callable[[Task], Iterable[tuple[Task, ActionSpec, Draft]]]


@dataclass(frozen=True, slots=True)
class _Member:
    """One record of a bulk, with the body it would be sent with alone."""

    task: Task
    draft: Draft
    body: Mapping[str, object]


class BulkCaller(Caller):
    """Sends writes, and those that wait behind them along with them.

    Attributes:
        ahead: gives the records that wait for one alone, each with the addition it will ask for, in order.
    """

    ahead: Ahead

    def send(self, task: Task, action: ActionSpec, draft: Draft, entity: EntitySpec | None) -> Done:
        """Perform a write; those that wait behind it may be done with it, which they find in their turn."""
        if action.bulk is not None and entity is not None and not task.alone:
            planned = self._planned.pop(task.identity, None)
            if planned is not None:
                return planned
            members = self._members(task, action, draft)
            bulk = ACTIONS[action.bulk]
            if len(members) * action.cost >= bulk.cost:
                if self._dry_run:
                    return self._pretend_many(members, bulk)
                self._send_many(members, action, bulk, entity)
        return super().send(task, action, draft, entity)

    def _members(self, task: Task, action: ActionSpec, draft: Draft) -> list[_Member]:
        """The record and those behind it that the same request can add; none when it was begun before."""
        path, found = fill(action.path, draft.path), []
        named: set[str] = set()
        for one, asked, addition in ((task, action, draft), *self.ahead(task)):
            body = self._body(action, addition)
            known = one.identity in self._known
            if known or asked is not action or fill(action.path, addition.path) != path:
                break
            if not isinstance(body, dict) or addition.external_id in named:
                break  # the same row again: a change of what is only now added
            if addition.external_id is not None:
                named.add(addition.external_id)
            found.append(_Member(one, addition, body))
        return found[:BULK]

    def _pretend_many(self, members: list[_Member], bulk: ActionSpec) -> Done:
        """Count the call of a dry run."""
        stream = members[0].task.stream
        with self._lock:
            self.planned_tokens[stream] = self.planned_tokens.get(stream, 0) + bulk.cost
            for one in members:
                self._pretended += 1
                self._planned[one.task.identity] = Done(id=f"new:{self._pretended}")
        return self._planned.pop(members[0].task.identity)

    def _send_many(
        self, members: list[_Member], action: ActionSpec, bulk: ActionSpec, entity: EntitySpec
    ) -> None:
        """Add many rows, and remember of each what is known then.

        Raises:
            PipedriveError: the call certainly did not act and would not do so for one of them either.
        """
        first = members[0]
        since = self._intend([one.task for one in members], action.name)
        draft = Draft(path=first.draft.path, body={"data": [one.body for one in members]})
        try:
            answer = self._request(bulk, fill(bulk.path, draft.path), draft, draft.body, first.task.stream)
        except PipedriveError as error:
            refused = isinstance(error, RecordError)
            if not error.may_have_acted and not refused:
                for one in members:
                    self._withdraw(one.task)
                raise
            for one in members:
                one.task.alone = True
            # That nothing was added is not promised, and costs one read to know.
            rows = self._claims.recent(first.draft, entity, since, first.task.stream)
            self._remember_many(members, rows, action, entity, note=FOUND)
            for one in members:
                if not self._is_done(one.task):
                    self._withdraw(one.task)
            return
        body = answer.json()
        added = body.get("data") if isinstance(body, dict) else None
        self._remember_many(members, added or [], action, entity)

    def _remember_many(
        self,
        members: list[_Member],
        rows: Sequence[Row],
        action: ActionSpec,
        entity: EntitySpec,
        *,
        note: str = "",
    ) -> None:
        """Tell which row is whose; a record without one stays open, and is looked up when it is its turn."""
        for one in members:
            found = self._claims.claim(rows, action, one.draft, one.body, entity, one.task.identity)
            if found is not None:
                self._remembered(one.task, action, Done(id=found[0], data=found[1], note=note))
