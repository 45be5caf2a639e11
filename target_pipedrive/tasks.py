"""One record on its way: what it asks for, what it waits for, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipedrive_client import PipedriveError
    from target_pipedrive.faults import Fault
    from target_pipedrive.plan import Plan
    from target_pipedrive.spec import ActionSpec, EntitySpec

LockKey: TypeAlias = "tuple[str, str]"
"""Entity and id (`7`), external id (`ext:acme-1`) or matched value (`match:…`)."""


class Outcome(StrEnum):
    """How a record ended."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    MERGED = "merged"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(slots=True, kw_only=True)
class Result:
    """The outcome of one record.

    Attributes:
        outcome: how it ended.
        id: Pipedrive id of the row, where there is one.
        changed: names of the fields that were sent because they differed.
        note: what the reader of the results should know.
        fault: why it failed; None when it did not.
        cause: what Pipedrive or the connection did, when that is why it failed.
        not_taken: columns that were sent and that Pipedrive left as they were.
        kept: columns that the record empties and Pipedrive cannot.
        links: entity, external id and id of what else the ledger is to remember.
    """

    outcome: Outcome
    id: str | None = None
    changed: tuple[str, ...] = ()
    note: str = ""
    fault: Fault | None = None
    cause: PipedriveError | None = None
    not_taken: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    links: tuple[tuple[str, str, str], ...] = ()

    @property
    def error(self) -> str:
        """The sentence of a failure; empty when there is none."""
        return self.fault.sentence() if self.fault is not None else ""


@dataclass(slots=True, kw_only=True)
class Reference:
    """A column whose value is an external id of another row.

    Attributes:
        column: name in the body, or key of the custom field.
        field: column of the body that the reference lies in, where that is not `column`.
        entity: entity of the other row.
        external_id: what the ledger knows it by.
        place: the mapping that takes the id.
        optional: whether the column is left out when the ledger does not know the other row.
        soft: whether the record is written before the other row is known, and the column in a second call;
            custom fields may point in circles.
        needed: whether there is nothing to write without the other row.
        word: whether the external id serves as it is when the other row never comes.
    """

    column: str
    entity: str
    external_id: str
    place: dict[str, object]
    field: str = ""
    optional: bool = False
    soft: bool = False
    needed: bool = False
    word: bool = False


@dataclass(slots=True, kw_only=True)
class Draft:
    """A record translated to Pipedrive's columns, before ids are looked up.

    Attributes:
        path: values of the path's placeholders.
        query: values of the query.
        body: values of the body, custom fields not among them.
        custom: custom field values by key.
        references: columns still to be filled from the ledger.
        lists: name, mapping and elements of columns that are lists of such ids.
        lists_of_rows: lists of objects with such ids, and all their elements; those left without any go.
        late: entity and external id of a definition that has to come before the record can be translated.
        facts: values of columns that are not written, but say what the row is.
        id: Pipedrive id of the row, as text.
        external_id: the caller's own id.
        matches: column → value the row is to be found by; empty unless all of them are known.
        match_only: values that the row is found by and that are not written.
        deleted: whether the record says that the row is gone.
        files: parts of a multipart body: name → (file name, bytes or path, content type).
        emptied: columns that were null but cannot be emptied.
        foreign: whether ids in it are those of another account.
    """

    path: dict[str, object] = field(default_factory=dict)
    query: dict[str, object] = field(default_factory=dict)
    body: dict[str, object] = field(default_factory=dict)
    custom: dict[str, object] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    lists: list[tuple[str, dict[str, object], list[object]]] = field(default_factory=list)
    lists_of_rows: list[tuple[list[object], list[object]]] = field(default_factory=list)
    late: tuple[str, str] | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
    id: str | None = None
    external_id: str | None = None
    matches: dict[str, object] = field(default_factory=dict)
    match_only: dict[str, object] = field(default_factory=dict)
    deleted: bool = False
    files: dict[str, tuple[str, object, str]] = field(default_factory=dict)
    emptied: tuple[str, ...] = ()
    foreign: bool = False


@dataclass(slots=True, kw_only=True)
class Write:
    """One call, ready to be sent."""

    action: ActionSpec
    draft: Draft
    stream: str
    entity: EntitySpec | None = None
    identity: bytes = b""


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
        given_up: entity and external id of rows it is no more to wait for.
        alone: whether it is no more to be sent together with others.
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
    plan: Plan | None = None
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
