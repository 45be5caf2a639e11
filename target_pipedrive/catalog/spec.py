"""Specification of one write and of one entity, as data.

An action is one published operation that changes something; an entity is what an upsert finds, compares,
adds, updates and deletes. Specs hold no behaviour and validate themselves, so a mistake in the data fails at
import.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from pipedrive_client import Paging
from target_pipedrive.catalog.notation import Columns, columns

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

JSON: TypeAlias = "str | int | float | bool | list[JSON] | dict[str, JSON] | None"

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def _none() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetiredInput:
    """Input that an older version of the API took and that no request can express today.

    Attributes:
        advice: what to do instead; completes "… is not supported by today's API: …".
        neutral: values, as lower-case text, that ask for what happens anyway; they are accepted.
    """

    advice: str
    neutral: frozenset[str] = frozenset()


def _no_retired() -> Mapping[str, RetiredInput]:
    return MappingProxyType({})


class Encoding(StrEnum):
    """How a body goes onto the wire."""

    JSON = "json"
    FORM = "form"
    MULTIPART = "multipart"


class Verb(StrEnum):
    """What an action does to its entity."""

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
        entity: name of the entity it changes; sub-entities have names of their own (`deal_products`).
        verb: what it does to the entity.
        body: columns of the body, in the notation.
        query: columns of the query, in the notation.
        keys: kinds of the path's placeholders, in the notation; whole numbers when left out.
        encoding: how the body is sent.
        body_is: name of the one column whose value is the whole body, for bodies that are lists.
        aliases: other names a record may use → column; camelCase spellings need no entry.
        shown_as: column → name that rows show and live accounts take instead of the published one.
        retired: inputs of older versions of the API → what to do instead.
        custom_fields: entity whose custom fields the body carries, if any.
        flat_custom_fields: whether they stand at the top level of the body (v1) instead of `custom_fields`.
        parent: entity that the path's first placeholder names, when it is not `entity` itself.
        becomes: entity of the row that a job makes of this one; whether it has is asked under
            `…/status/{conversion_id}`.
        repeatable: whether doing it twice is the same as once.
        silent: whether its answer is published without `data`; elsewhere such an answer says nothing.
        bulk: name of the action that does it for up to 100 rows of one parent, in a column `data`.
        extras: further names a record may use, which the shape turns into columns.
        shape: name of the function in `shapes.py` that does so.
        removed_on: day Pipedrive took the operation away; performed on demand, with a warning.
        instead: what serves instead of a removed operation.
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
            found.append("a removed action names its day and what serves instead")
        return found

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Names in braces in the path, in order."""
        return tuple(_PLACEHOLDER.findall(self.path))

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
    def money_columns(self) -> tuple[str, ...]:
        """Columns of the body that hold an amount with its currency."""
        return tuple(name for name, column in self.body_columns.items() if column.kind.name == "money")

    @property
    def price_columns(self) -> tuple[str, ...]:
        """Columns of the body that hold prices by currency."""
        return tuple(name for name, column in self.body_columns.items() if column.kind.name == "prices")

    @property
    def query_columns(self) -> Columns:
        """Columns of the query."""
        return columns(self.query)

    @property
    def columns(self) -> Columns:
        """Every column a record of this action may have."""
        return {**self.path_columns, **self.query_columns, **self.body_columns}

    @property
    def required(self) -> frozenset[str]:
        """Columns without which the write is refused."""
        listed = {**self.query_columns, **self.body_columns}
        return frozenset(self.placeholders) | {name for name, column in listed.items() if column.required}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsRead:
    """How rows of an entity are read for compare and look-up.

    Attributes:
        path: `/v1/…` or `/api/v2/…`; placeholders are columns of the record.
        cost: tokens of one request.
        paging: how further pages are asked for.
        ids: query parameter that takes up to 100 comma-joined ids; None when there is none.
        by: column whose values go into `ids`: the key itself, or the parent's for rows below another.
        page_size: `limit` to send; None sends none.
        params: further query parameters.
        slices: parameters of the requests that together bring all rows, where no single one does.
        records: dotted path of the rows in the body.
        newest_first: whether rows come by falling `add_time`, so that reading can stop.
    """

    path: str
    cost: int
    paging: Paging = Paging.NONE
    ids: str | None = None
    by: str = "id"
    page_size: int | None = None
    params: Mapping[str, str] = field(default_factory=_none)
    slices: tuple[Mapping[str, str], ...] = (_none(),)
    records: str = "data"
    newest_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How rows are found by the exact value of a field.

    Attributes:
        path: of the search operation.
        fields: column → word the operation's `fields` parameter takes for it.
        cost: tokens of one request.
    """

    path: str
    fields: Mapping[str, str]
    cost: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySpec:
    """One entity that can be written by upsert.

    Attributes:
        name: as the tap calls its stream.
        add: name of the action that adds one; None when Pipedrive offers none.
        update: name of the action that changes one.
        delete: name of the action that deletes one.
        merge: name of the action that merges two.
        key: column that identifies a row.
        chosen_key: whether the caller chooses the key, as the user of a follower; a missing row is added.
        path: placeholder of an action → column of the record, where the names differ.
        read: rows for compare: in bulk by `ids`, or all of them when there is no such parameter.
        more: a second read for rows the first leaves out (archived ones).
        single: one row by its id.
        recent: rows among which an interrupted run's addition is; `{since}` in a parameter is its time.
        search: how `match_on` finds rows.
        matchable: columns that rows can be matched by though they are not written.
        read_only: columns of the tap's rows that cannot be written; dropped silently.
        parent: column that names the parent's row, for entities that live below another.
        custom_fields: word of the field registry, for entities with custom fields.
        flat_custom_fields: whether rows carry them at the top level (v1).
        aliases: other names a record may use → column.
        streams: further names of streams that carry rows of it.
        ignored: columns an action takes and an upsert does not send.
        natural_key: columns that find rows of another account here, unless `match_on` names others.
        in_order: whether rows are shown in the order in which they were added: one after another then.
        hangs_on: columns of which one must name a row, or there is nothing to add it to.
        said_empty: columns that an empty list is sent for too, since Pipedrive fills what is left out.
        options: columns of Pipedrive's own that hold ids of options of the field of the same name.
        word: column by whose value rows of other entities name a row, instead of its key.
        words: columns that hold such a value → entity it names a row of.
        foreign_update: whether a row of another account changes the row it is matched with.
        after: entity whose rows below the same parent are added first.
        conditions: column that holds the conditions of a filter.
        settled_by: column that rows below change → their entities; what a record says of it is compared and
            sent again once those are written.
        within: column that names a row inside another → column that names the other, as a stage its pipeline.
        archive: name of the action that archives one, where that is no column.
        definitions: word of the field registry, for entities that are field definitions.
        inactive_is_deleted: whether a deleted row is still answered, with `active_flag: false`.
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
    word: str | None = None
    words: Mapping[str, str] = field(default_factory=_none)
    foreign_update: bool = True
    after: str | None = None
    conditions: str | None = None
    settled_by: Mapping[str, str] = field(default_factory=_none)
    within: Mapping[str, str] = field(default_factory=_none)
    archive: str | None = None
    definitions: str | None = None
    inactive_is_deleted: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"entity {self.name}: the name is not snake_case")
        if not (self.add or self.update or self.delete):
            raise ValueError(f"entity {self.name}: no action writes it")
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
