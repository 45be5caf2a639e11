"""Specification of one write and of one entity, as data.

An action is one published operation that writes; an entity is a kind of row that an upsert looks up,
compares, creates, updates and deletes. Specifications contain no behaviour and validate themselves, so a
mistake in the data fails at import.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from target_pipedrive.catalog.notation import Columns, columns

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from target_pipedrive.catalog.reads import RowsRead, Search

JSON: TypeAlias = "str | int | float | bool | list[JSON] | dict[str, JSON] | None"

PLACEHOLDER = re.compile(r"\{(\w+)\}")
"""A name in braces in a path or parameter, which a value of the record replaces."""
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@cache
def placeholders(*texts: str) -> tuple[str, ...]:
    """Return the names in braces in a path and its parameters, in order."""
    return tuple(PLACEHOLDER.findall(" ".join(texts)))


@cache
def _of_kind(body: str, kind: str) -> tuple[str, ...]:
    return tuple(name for name, column in columns(body).items() if column.kind.name == kind)


@cache
def _required(body: str) -> frozenset[str]:
    return frozenset(name for name, column in columns(body).items() if column.required)


def _none() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetiredInput:
    """Input of an older version of the API that no current request supports.

    Attributes:
        advice: the alternative; completes "… is not supported by today's API: …".
        neutral: values, as lower-case text, that change nothing; they are accepted.
    """

    advice: str
    neutral: frozenset[str] = frozenset()


def _no_retired() -> Mapping[str, RetiredInput]:
    return MappingProxyType({})


class Encoding(StrEnum):
    """Encoding of a body."""

    JSON = "json"
    FORM = "form"
    MULTIPART = "multipart"


class Verb(StrEnum):
    """Effect of an action on its entity."""

    ADD = "add"
    UPDATE = "update"
    DELETE = "delete"
    MERGE = "merge"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSpec:
    """One write.

    Attributes:
        name: published operationId in snake_case.
        operation: published operationId.
        method: HTTP method.
        path: `/v1/…` or `/api/v2/…`; `{placeholders}` are columns of the record.
        cost: tokens of one request.
        entity: name of the entity it changes; child entities have their own names (`deal_products`).
        verb: effect on the entity.
        body: columns of the body, in the notation.
        query: columns of the query, in the notation.
        keys: kinds of the path's placeholders, in the notation; integers by default.
        encoding: encoding of the body.
        body_is: name of the single column with the complete body, for bodies that are lists.
        aliases: other names in records → column; camelCase spellings need no entry.
        shown_as: column → name in rows, which live accounts accept instead of the published one.
        retired: inputs of older versions of the API → the alternative.
        custom_fields: entity of the custom fields in the body, if any.
        flat_custom_fields: True if they are at the top level of the body (v1) instead of `custom_fields`.
        parent: entity of the path's first placeholder, if it is not `entity` itself.
        becomes: entity of the row that a job creates from this one; its status is requested at
            `…/status/{conversion_id}`.
        repeatable: True if a repeated request has the same effect as one.
        silent: True if its response is published without `data`; otherwise such a response proves nothing.
        bulk: name of the equivalent action for up to 100 rows of one parent, in a column `data`.
        one_of: columns of which one must have a value, although no single one is published as required.
        extras: further names in records, which the shape converts to columns.
        shape: name of the function in `shapes.py` for this conversion.
        removed_on: day on which Pipedrive removed the operation; performed on demand, with a warning.
        instead: alternative to a removed operation.
    """

    name: str
    operation: str
    method: str
    path: str
    cost: int
    entity: str
    verb: Verb
    body: str = ""
    query: str = ""
    keys: str = ""
    encoding: Encoding = Encoding.JSON
    body_is: str | None = None
    aliases: Mapping[str, str] = field(default_factory=_none)
    shown_as: Mapping[str, str] = field(default_factory=_none)
    retired: Mapping[str, RetiredInput] = field(default_factory=_no_retired)
    custom_fields: str | None = None
    flat_custom_fields: bool = False
    parent: str | None = None
    becomes: str = ""
    repeatable: bool = False
    silent: bool = False
    bulk: str | None = None
    one_of: str = ""
    extras: str = ""
    shape: str | None = None
    removed_on: date | None = None
    instead: str = ""

    def __post_init__(self) -> None:
        try:
            problems = list(self._problems())
        except ValueError as error:  # of the notation
            problems = [str(error)]
        if problems:
            raise ValueError(f"action {self.name}: " + "; ".join(problems))

    def _problems(self) -> list[str]:
        found = []
        if not _NAME.fullmatch(self.name):
            found.append("the name is not snake_case")
        if self.method not in _METHODS:
            found.append(f"{self.method} changes nothing")
        if not self.path.startswith(("/v1/", "/api/v2/")):
            found.append(f"{self.path} starts with neither /v1/ nor /api/v2/")
        known = set(self.columns)
        found += [
            f"key {name} is not in the path" for name in set(columns(self.keys)) - set(self.placeholders)
        ]
        found += [
            f"alias {name} leads to the unknown column {to}"
            for name, to in self.aliases.items()
            if to not in known
        ]
        found += [f"{name} is both known and retired" for name in self.retired if name in known]
        if self.body_is and self.body_is not in self.body_columns:
            found.append(f"{self.body_is} is not in the body")
        if bool(self.removed_on) != bool(self.instead):
            found.append("a removed action needs its day and its alternative")
        return found

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Names in braces in the path, in order."""
        return placeholders(self.path)

    @property
    def path_columns(self) -> Columns:
        """Columns that fill the path."""
        given = columns(self.keys)
        return {name: given.get(name) or columns(f"{name}:int")[name] for name in self.placeholders}

    @property
    def body_columns(self) -> Columns:
        """Columns of the body."""
        return columns(self.body)

    @property
    def own_rows(self) -> Mapping[str, str]:
        """Columns with the row that the path begins with, and a row it is merged with → their entity."""
        if self.placeholders[:1] != ("id",):
            return {}
        merged = {"merge_with_id": self.entity} if self.verb is Verb.MERGE else {}
        return {"id": self.parent or self.entity, **merged}

    @property
    def money_columns(self) -> tuple[str, ...]:
        """Columns of the body with an amount and its currency."""
        return _of_kind(self.body, "money")

    @property
    def price_columns(self) -> tuple[str, ...]:
        """Columns of the body with prices by currency."""
        return _of_kind(self.body, "prices")

    @property
    def query_columns(self) -> Columns:
        """Columns of the query."""
        return columns(self.query)

    @property
    def columns(self) -> Columns:
        """Every column a record of this action may have."""
        return {**self.path_columns, **self.query_columns, **self.body_columns}

    @property
    def required_body_columns(self) -> frozenset[str]:
        """Columns of the body that the write requires."""
        return _required(self.body)

    @property
    def required(self) -> frozenset[str]:
        """Columns that the write requires."""
        listed = {**self.query_columns, **self.body_columns}
        return frozenset(self.placeholders) | {name for name, column in listed.items() if column.required}


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySpec:
    """One entity that can be written by upsert.

    Attributes:
        name: name of the tap's stream.
        add: name of the action that creates a row; None if Pipedrive has no such action.
        update: name of the action that updates a row.
        delete: name of the action that deletes a row.
        merge: name of the action that merges two rows.
        key: column that identifies a row.
        chosen_key: True if the caller chooses the key, such as the user of a follower; a missing row is
            created.
        path: placeholder of an action → column of the record, if the names differ.
        read: rows for comparison: in bulk by `ids`, or all of them without such a parameter.
        more: a second read for rows that the first omits (archived ones).
        single: one row by its id.
        recent: recently added rows, for the recovery of interrupted creates; `{since}` in a parameter is the
            time.
        search: search for `match_on`.
        matchable: columns that rows can be matched by, although they are not written.
        read_only: columns of the tap's rows that cannot be written; dropped silently.
        parent: column of the parent's id, for child entities.
        custom_fields: name in the field registry, for entities with custom fields.
        flat_custom_fields: True if rows have them at the top level (v1).
        aliases: other names in records → column. streams: further names of streams with its rows.
        ignored: columns of an action that an upsert does not send.
        natural_key: columns that match rows of another account, unless `match_on` contains others.
        in_order: True if rows are displayed in the order of their creation, and so are created one after
            another.
        hangs_on: columns of which one must reference a row that this row is added to.
        said_empty: columns that are also sent with an empty list, since Pipedrive sets a default if they are
            missing.
        options: Pipedrive's own columns with ids of options of the field with the same name.
        levels: Pipedrive's own columns with numbers that mean the same in all accounts. The field of the
            same name lists their labels.
        word: column by which rows of other entities reference a row, instead of its key.
        words: columns with such a value → referenced entity.
        foreign_update: True if a row of another account updates the row it matches.
        after: entity with rows of the same parent that must be created first.
        conditions: column with the conditions of a filter.
        settled_by: column that Pipedrive recomputes from child rows → their entities; its value is compared
            and sent again after those are written.
        locked: part of the error of an update with such a column, if Pipedrive rejects it.
        within: column that references a row inside another → column that references the other, such as a
            stage and its pipeline.
        archive: name of the action that archives a row, if there is no column for it.
        definitions: name in the field registry, for entities that are field definitions.
        deleted_as: column → its value in a deleted row that is still returned, besides `is_deleted: true`.
    """

    name: str
    add: str | None = None
    update: str | None = None
    delete: str | None = None
    merge: str | None = None
    key: str = "id"
    chosen_key: bool = False
    path: Mapping[str, str] = field(default_factory=_none)
    read: RowsRead | None = None
    more: RowsRead | None = None
    single: RowsRead | None = None
    recent: RowsRead | None = None
    search: Search | None = None
    matchable: str = ""
    read_only: str = ""
    parent: str | None = None
    custom_fields: str | None = None
    flat_custom_fields: bool = False
    aliases: Mapping[str, str] = field(default_factory=_none)
    streams: str = ""
    ignored: str = ""
    natural_key: str = ""
    in_order: bool = False
    hangs_on: str = ""
    said_empty: str = ""
    options: str = ""
    levels: str = ""
    word: str | None = None
    words: Mapping[str, str] = field(default_factory=_none)
    foreign_update: bool = True
    after: str | None = None
    conditions: str | None = None
    settled_by: Mapping[str, str] = field(default_factory=_none)
    locked: str = ""
    within: Mapping[str, str] = field(default_factory=_none)
    archive: str | None = None
    definitions: str | None = None
    deleted_as: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"entity {self.name}: the name is not snake_case")
        if not (self.add or self.update or self.delete):
            raise ValueError(f"entity {self.name}: it has no action that writes it")
        if self.more and not self.read:
            raise ValueError(f"entity {self.name}: a second read without a first")

    @property
    def dropped(self) -> frozenset[str]:
        """Columns of the tap's rows that are not written."""
        return frozenset(self.read_only.split())

    @property
    def actions(self) -> tuple[str, ...]:
        """Names of the actions that write it."""
        return tuple(name for name in (self.add, self.update, self.delete, self.merge) if name)
