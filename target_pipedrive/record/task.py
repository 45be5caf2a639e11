"""Task of one record: its draft, its dependencies and its outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from target_pipedrive.record.outcome import Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_pipedrive.record.draft import Draft, LockKey


class StreamPlan(Protocol):
    """The plan of a record's stream, as far as a task needs to know it.

    Attributes:
        entity_name: entity of the stream's rows; empty for an action of no entity.
        custom_fields: entity whose custom fields the records may have.
    """

    entity_name: str
    custom_fields: str | None

    def draft(self, record: Mapping[str, object]) -> Draft:
        """Return what a record asks to be written."""

    def locks(self, draft: Draft) -> tuple[tuple[LockKey, ...], tuple[LockKey, ...]]:
        """Return the rows that the draft may change, and those that it references."""


@dataclass(slots=True, kw_only=True, eq=False)
class Task:
    """One record between the reader and its outcome.

    Attributes:
        number: position among all records of the run, from 1.
        stream: name of the stream.
        key: values of the stream's key properties, for results and messages.
        line: the message as it came, for the reject file.
        schema: the SCHEMA message that was in force.
        input_line: line of the input it came from, from 1; 0 for one that the target made itself.
        identity: digest of stream, content and occurrence.
        plan: what its stream's records become; None when it never got that far.
        draft: what the record asks for; None as well then.
        perform: does it; raises `RecordFault` or `PipedriveError` for failures.
        owns: rows it may change: no other task on them at the same time.
        needs: rows it points at: no change of them at the same time.
        lookup: entity and id to be read in bulk before it runs.
        row: what the bulk read found: the row, or None when there is none.
        was_read: whether `row` is filled.
        found: rows by id that were read for records to be matched, its own among them.
        stale: whether an earlier task may have changed the row since.
        after_write: whether an earlier task on its rows wrote something; passed on to those behind it.
        waiting: how many other tasks and look-ups it waits for.
        followers: tasks that wait for it.
        given_up: entity and external id of rows that it no longer waits for.
        alone: whether it must be sent in a request of its own.
        first: how a first call ended that left out what was not known yet.
        result: set at the end.
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
        """Whether it may have changed something, as far as it got."""
        return any(
            one is not None and one.outcome not in (Outcome.UNCHANGED, Outcome.SKIPPED)
            for one in (self.first, self.result)
        )
