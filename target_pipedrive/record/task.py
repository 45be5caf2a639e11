"""Task of one record: its draft, its dependencies and its outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from target_pipedrive.record.outcome import Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_pipedrive.record.draft import Draft, LockKey


class StreamPlan(Protocol):
    """The parts of a stream's plan that a task needs.

    Attributes:
        entity_name: entity of the stream's rows; empty for an action without an entity.
        custom_fields: entity whose custom fields the records may have.
    """

    entity_name: str
    custom_fields: str | None

    def draft(self, record: Mapping[str, object]) -> Draft:
        """Return the draft of a record."""

    def locks(self, draft: Draft) -> tuple[tuple[LockKey, ...], tuple[LockKey, ...]]:
        """Return the rows that the draft may change, and those that it references."""


@dataclass(slots=True, kw_only=True, eq=False)
class Task:
    """One record from the reader to its outcome.

    Attributes:
        number: position among all records of the run, from 1.
        stream: name of the stream.
        key: values of the stream's key properties, for results and messages.
        line: the message as received, for the reject file.
        schema: the SCHEMA message that was in force.
        input_line: its line of the input, from 1; 0 for a record created by the target itself.
        identity: digest of stream, content and occurrence.
        plan: plan of its stream; None if it failed before.
        draft: draft of the record; None in the same case.
        perform: writes the record; raises `RecordFault` or `PipedriveError` for failures.
        owns: rows it may change, which no other task uses at the same time.
        needs: rows it references, which no other task changes at the same time.
        lookup: entity and id to read in bulk before it runs.
        row: row of the bulk read, or None if it does not exist.
        was_read: True if `row` is set.
        found: rows by id that were read to match records, including this one.
        stale: True if an earlier task may have changed the row since.
        after_write: True if an earlier task on its rows wrote something; passed on to later tasks.
        waiting: number of other tasks and lookups it waits for.
        followers: tasks that wait for it.
        given_up: entity and external id of rows that it no longer waits for.
        alone: True if it must be sent in its own request.
        first: result of a first call without unknown references.
        result: result of the record, set at the end.
    """

    number: int
    stream: str
    key: Mapping[str, object]
    line: bytes
    schema: bytes
    input_line: int = 0
    identity: bytes = b""
    plan: StreamPlan | None = None
    draft: Draft | None = None
    perform: Callable[[Task], Result] | None = None
    owns: tuple[LockKey, ...] = ()
    needs: tuple[LockKey, ...] = ()
    lookup: tuple[str, str] | None = None
    row: Mapping[str, object] | None = None
    was_read: bool = False
    found: Mapping[str, Mapping[str, object]] | None = None
    stale: bool = False
    after_write: bool = False
    waiting: int = 0
    followers: list[Task] = field(default_factory=list)
    given_up: set[tuple[str, str]] = field(default_factory=set)
    alone: bool = False
    first: Result | None = None
    result: Result | None = None

    @property
    def wrote(self) -> bool:
        """True if it may have changed something."""
        return any(
            one is not None and one.outcome not in (Outcome.UNCHANGED, Outcome.SKIPPED)
            for one in (self.first, self.result)
        )
