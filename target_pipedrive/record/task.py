"""Task of one record: its draft, its dependencies and its outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from target_pipedrive.record.outcome import Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from target_pipedrive.catalog.spec import ActionSpec
    from target_pipedrive.record.draft import Draft, LockKey


class Names(Protocol):
    """Names of a stream's columns in its input."""

    def named(self, fields: Iterable[str], /) -> tuple[str, ...]:
        """Return the names of Pipedrive's columns and of custom fields, each once."""

    def without_keys(self, text: str, /) -> str:
        """Return a text with names in place of the keys of custom fields."""


class StreamPlan(Protocol):
    """The parts of a stream's plan that a task needs.

    Attributes:
        entity_name: entity of the stream's rows; empty for an action without an entity.
        match_on: fields that rows are found by; empty if they are found by id.
    """

    entity_name: str
    match_on: tuple[str, ...]

    @property
    def names(self) -> Names:
        """Names of the stream's columns in its input."""

    def blamed(
        self, text: str, value_of: Callable[[str], object], /
    ) -> tuple[tuple[str, ...], object] | None:
        """Return the column that a response names, with its value where that may be shown.

        Args:
            text: message of the response.
            value_of: returns the value that the record has in a column of the input.
        """

    def draft(self, record: Mapping[str, object]) -> Draft:
        """Return the draft of a record."""

    def locks(self, draft: Draft) -> tuple[tuple[LockKey, ...], tuple[LockKey, ...]]:
        """Return the rows that the draft may change, and those that it references."""


class Handler(Protocol):
    """Performs the records of one stream, by the kind of its plan."""

    def submit(self, task: Task) -> None:
        """Submit a record, which is performed as soon as no earlier record blocks it."""

    def resume(self, task: Task) -> None:
        """Run a deferred record again."""

    def run(self, task: Task) -> None:
        """Perform a record and store its outcome; called on a worker thread."""

    def perform(self, task: Task) -> Result:
        """Perform a record.

        Raises:
            NotYet: it waits for another row.
            RecordFault: it cannot be written.
            SkipRecord: it is not to be written.
            PipedriveError: a request failed.
        """

    def addition(self, task: Task) -> tuple[ActionSpec, Draft] | None:
        """Return the add that a later record will certainly send; None for other records.

        Raises:
            NotYet, RecordFault, SkipRecord: the record will add no row.
        """


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
        handler: performs the record; None if it failed before.
        owns: rows it may change, which no other task uses at the same time.
        needs: rows it references, which no other task changes at the same time.
        lookup: id of its row, and the value by which that is read in bulk before it runs.
        row: row of the bulk read, or None if it does not exist.
        was_read: True if `row` is set.
        found: rows by id that were read to match records, including this one.
        stale: True if an earlier task may have changed the row since.
        after_write: True if an earlier task on its rows wrote something; passed on to later tasks.
        waiting: number of other tasks and lookups it waits for.
        followers: tasks that wait for it.
        given_up: entity and external id of rows that it no longer waits for.
        alone: True if it must be sent in its own request.
        same_key_as: line of an earlier record with the same key and another content; 0 if there is none.
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
    handler: Handler | None = None
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
    same_key_as: int = 0
    first: Result | None = None
    result: Result | None = None

    @property
    def wrote(self) -> bool:
        """True if it may have changed something."""
        return any(
            one is not None and one.outcome not in (Outcome.UNCHANGED, Outcome.SKIPPED)
            for one in (self.first, self.result)
        )
