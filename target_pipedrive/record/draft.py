"""Drafts: the values that a record writes, with its locks and references."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from target_pipedrive.record.errors import RecordFault

if TYPE_CHECKING:
    from collections.abc import Mapping


LockKey: TypeAlias = "tuple[str, str]"
"""Entity and id (`7`), external id (`ext:acme-1`) or matched value (`match:…`)."""

NATURAL = "\0"
"""First character of the external id of a reference by natural key, which no external id begins with."""
_SPELLED = {"email": "e-mail address"}


@dataclass(slots=True, kw_only=True)
class Reference:
    """A column that names another row by external id or natural key.

    Attributes:
        column: name in the body, or key of the custom field.
        field: column of the body with the reference, if that is not `column`.
        entity: entity of the other row.
        external_id: its external id in the ledger; for a natural key, a text that begins with `NATURAL`.
        place: the mapping that receives the id.
        optional: True if the column is omitted when the other row is not in the ledger.
        soft: True if the record is written before the other row is known, and the column in a second call;
            references of custom fields may be circular.
        needed: True if the record cannot be written without the other row.
        word: True if the external id is used unchanged when the other row is not received.
        key: natural key that names the row, such as `name`; empty for an external id.
        value: value of the natural key.
        also: values of its other natural keys, for a row that is created.
        source: column of the input with the natural key.
        element: number of the element with the reference, if the column has a list of them.
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
    key: str = ""
    value: object = None
    also: tuple[tuple[str, object], ...] = ()
    source: str = ""
    element: int = 0

    def fault(self, why: str) -> RecordFault:
        """Return a fault of the column with the reference."""
        why = f"element {self.element} {why}" if self.element else why
        if self.source:
            return RecordFault(why, column=self.source)
        return RecordFault(why, fields=(self.field or self.column,))

    @property
    def one(self) -> str:
        """Word for one row of the entity, such as `organization`."""
        return self.entity.removesuffix("s").replace("_", " ")

    @property
    def key_of_one(self) -> str:
        """Description of the natural key, such as `the name of an organization`."""
        article = "an" if self.entity[0] in "aeio" else "a"
        return f"the {_SPELLED.get(self.key, self.key)} of {article} {self.one}"


@dataclass(slots=True, kw_only=True)
class Draft:
    """A record in Pipedrive's columns, before ids are looked up.

    Attributes:
        path: values of the path's placeholders.
        query: values of the query.
        body: values of the body, without custom fields.
        custom: custom field values by key.
        references: columns that are filled from the ledger later.
        lists: name, mapping and elements of columns that are lists of such ids.
        lists_of_rows: lists of objects with such ids, and all their elements; elements without an id are
            removed.
        late: entity and external id of a definition that must be received before the record can be
            translated.
        facts: values of columns that are not written, but identify the row.
        id: Pipedrive id of the row, as text.
        external_id: the caller's own id.
        matches: column → value to look up the row; empty unless all of them are known.
        match_only: lookup values that are not written.
        match_keys: keys of the row by its match values, if they were determined before the submission.
        deleted: True if the record marks the row as deleted.
        files: parts of a multipart body: name → (file name, bytes or path, content type).
        every_id: True if the row is deleted whatever other external ids it has.
        released: True if the row stays, because others link to it, and only the record's link is removed.
        emptied: columns that were null but cannot be emptied.
        foreign: True if its ids are those of another account.
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
    match_keys: list[str] | None = None
    deleted: bool = False
    files: dict[str, tuple[str, object, str]] = field(default_factory=dict)
    every_id: bool = False
    released: bool = False
    emptied: tuple[str, ...] = ()
    foreign: bool = False

    def to_add(self, *, path: dict[str, object], body: dict[str, object], custom: dict[str, object]) -> Draft:
        """Return a copy with the values that the add of the row sends."""
        return Draft(
            path=path,
            query=self.query,
            body=body,
            custom=custom,
            references=self.references,
            lists=self.lists,
            lists_of_rows=self.lists_of_rows,
            late=self.late,
            facts=self.facts,
            id=self.id,
            external_id=self.external_id,
            matches=self.matches,
            match_only=self.match_only,
            files=self.files,
            emptied=self.emptied,
            foreign=self.foreign,
        )
