"""Specification of one stream, as data.

A stream is an entry of the catalogue: its published reads, the form of its rows, its keys, paging and
bookmarks. Behaviour is implemented in `streams/` and the other packages; a spec contains no code. Every spec
validates itself on construction, so a mistake in the data fails at import.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from pipedrive_client import DataKind, Paging

if TYPE_CHECKING:
    from datetime import date

JSON: TypeAlias = "str | int | float | bool | list[JSON] | dict[str, JSON] | None"
Schema: TypeAlias = Mapping[str, JSON]
Params: TypeAlias = Mapping[str, "str | int | bool"]

OCCURRENCE = "occurrence"
"""Key of rows that are `numbered`."""
_NOTHING: Mapping[str, str] = MappingProxyType({})
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class RowForm(StrEnum):
    """Position of custom fields in Pipedrive's rows."""

    V1 = "v1"
    """Hash keys at the top level, parts as suffixed keys (`<key>_currency`)."""
    V2 = "v2"
    """Inside `custom_fields`, parts as objects (`{"value": 5, "currency": "EUR"}`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Parameters to read only changed rows, oldest first.

    Attributes:
        since: name of the inclusive lower-bound parameter, None if the API lacks it: the list is then read
            from near its end.
        until: name of the exclusive upper-bound parameter, None if the API lacks it.
        ascending: parameters that sort rows by the replication key, oldest first.
    """

    since: str | None = None
    until: str | None = None
    ascending: Params = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Read:
    """One published GET operation that feeds a stream.

    Attributes:
        operation: published operationId; with `path` it names the operation uniquely.
        path: `/v1/…` or `/api/v2/…`; `{placeholders}` are filled from the parent row.
        cost: tokens of one request.
        paging: kind of paging.
        page_size: `limit` to send: the maximum in Pipedrive, 500 unless documented otherwise; None without
            paging.
        params: fixed query parameters.
        records: dotted path of the rows inside the body; an object there is one row.
        gives: kind of value at `records`; without it an object for the path of a single row, else a list.
        by_ids: maximum number of rows that the parameter `ids` can request; 0 without such a parameter.
        changes: parameters to read only changed rows; None reads all.
        adds: columns with a fixed value for every row of this read.
        accepts: published query parameters that settings may give, in the API's spelling and separated by
            spaces; `!` marks required ones. They override `params`.
        part: name of the part of the list that the read selects, if other reads of the stream have the same
            operation and the same `adds`.
    """

    operation: str
    path: str
    cost: int
    paging: Paging = Paging.NONE
    _: KW_ONLY
    page_size: int | None = None
    params: Params = field(default_factory=lambda: MappingProxyType({}))
    records: str = "data"
    gives: DataKind | None = None
    by_ids: int = 0
    changes: Changes | None = None
    adds: Mapping[str, JSON] = field(default_factory=lambda: MappingProxyType({}))
    accepts: str = ""
    part: str = ""

    def __post_init__(self) -> None:
        if not self.path.startswith(("/v1/", "/api/v2/")):
            msg = f"{self.operation}: {self.path} starts with neither /v1/ nor /api/v2/"
            raise ValueError(msg)
        if self.page_size is None and self.paging is not Paging.NONE:
            object.__setattr__(self, "page_size", 500)

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Names in braces in the path, in order."""
        return tuple(_PLACEHOLDER.findall(self.path))

    @property
    def kind(self) -> DataKind:
        """Kind of value at `records`."""
        single = self.paging is Paging.NONE and self.path.endswith("}")
        return self.gives or (DataKind.OBJECT if single else DataKind.LIST)

    @property
    def key(self) -> str:
        """Name of the read within its stream: the operation, and what sets it apart from its twins."""
        constants = ",".join([*(f"{name}={value}" for name, value in self.adds.items()), *self.part.split()])
        return f"{self.operation}[{constants}]" if constants else self.operation

    @property
    def accepted(self) -> frozenset[str]:
        """Names of `accepts`."""
        return frozenset(self.accepts.replace("!", "").split())

    @property
    def required(self) -> frozenset[str]:
        """Names of `accepts` that must be given."""
        return frozenset(name[:-1] for name in self.accepts.split() if name.endswith("!"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """Parent of a child stream, with the values for its requests.

    Attributes:
        stream: name of the parent stream.
        context: path placeholder or column of the child → column of the parent row, or a key of the
            object in it (`duration.start`). These columns are added to every row of the child, except by a
            bulk request, whose rows contain their parent.
        query: names of `context` that go into the query instead of the path.
        bulk: maximum number of parents per request, with their ids comma-joined in the one `query` name; 1
            sends a request per parent.
        when: only parents with a true value in this column are requested, e.g. `files_count`.
        within: names of the two parameters, first and last day of a period, that Pipedrive rejects outside
            the parent's own period, which `context` contains under the columns of their names (`.` becomes
            `_`). The period in settings is limited to it; parents outside of it are not requested.
        optional: True if Pipedrive returns 404 for a parent without child rows.
    """

    stream: str
    context: Mapping[str, str]
    query: tuple[str, ...] = ()
    bulk: int = 1
    when: str | None = None
    within: tuple[str, str] | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSpec:
    """One stream of the tap.

    Attributes:
        name: plural snake_case of the entity.
        summary: one line for `--about` readers and the coverage table.
        reads: published operations with the rows of the stream, in the order of reading.
        schema: properties by column, from `schema.columns`.
        primary_keys: columns that identify a row.
        replication_key: column that orders changes; None for streams that are read whole.
        parent: set for child streams, which cost a request per parent (or per group of parents).
        custom_fields: entity whose custom field definitions apply (`deal`, `person`, …).
        row_form: position of custom fields in rows.
        single: the published read of one row by its id, for the setting `record_ids`.
        shape: name of the row function in `shapes.py` for rows that are wrapped or keyed oddly.
        numbered: rows have no id and may have equal keys; the key `occurrence` distinguishes those of one
            parent, see `sync/children.py`.
        shows_deleted: the list itself contains deleted rows, so no sweep is needed.
        serves: platform actions and published reads that this stream replaces in addition to `reads` and
            `single`.
        selected_by_default: False for streams that cost a request per parent or need settings.
        settings: names of the settings that configure the stream (`searches`, `statistics`, `recents`, and
            `record_ids` if the reads' own paths contain the id). Each entry there is a request of its own;
            its rows have the entry's name in the column `search` or `report`, and each given parameter in the
            column of its name, if there is one (`.` becomes `_`).
        needs: required plan, add-on or permission, for the documentation.
        removed_on: day on which Pipedrive removed the operation; read on demand with a warning.
        notes: remarks for the coverage table.
        observed: columns that live accounts send and the published description lacks; those inside an
            object by dotted path.
    """

    name: str
    summary: str
    reads: tuple[Read, ...]
    schema: Schema
    primary_keys: tuple[str, ...] = ("id",)
    replication_key: str | None = None
    parent: Parent | None = None
    custom_fields: str | None = None
    row_form: RowForm = RowForm.V2
    single: Read | None = None
    shape: str | None = None
    numbered: bool = False
    shows_deleted: bool = False
    serves: tuple[str, ...] = ()
    selected_by_default: bool = True
    settings: tuple[str, ...] = ()
    needs: str = ""
    removed_on: date | None = None
    notes: str = ""
    observed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            msg = f"stream {self.name}: " + "; ".join(problems)
            raise ValueError(msg)

    def _problems(self) -> list[str]:
        found = []
        if not _NAME.fullmatch(self.name):
            found.append("the name is not snake_case")
        if not self.reads:
            found.append("no read feeds it")
        columns = set(self.schema)
        found += [f"primary key {key} is not a column" for key in self.primary_keys if key not in columns]
        observed = {path.partition(".")[0] for path in self.observed}
        found += [f"observed {name} is not a column" for name in sorted(observed - columns)]
        if self.replication_key and self.replication_key not in columns:
            found.append(f"replication key {self.replication_key} is not a column")
        context = set(self.parent.context) if self.parent else set()
        added = context if self.parent and self.parent.bulk == 1 else set()
        found += [f"parent key {key} is not a column" for key in sorted(added - columns)]
        for read in self.reads:
            missing = set(read.placeholders) - context
            if missing and "record_ids" not in self.settings:
                found.append(f"{read.path} needs {sorted(missing)}")
            found += [f"constant {name} is not a column" for name in read.adds if name not in columns]
        keys = Counter(read.key for read in self.reads)
        found += [f"{count} reads have the key {key}" for key, count in keys.items() if count > 1]
        if self.numbered and not (OCCURRENCE in self.primary_keys and self.parent):
            found.append("numbered rows require a parent and the key occurrence")
        if self.parent and self.parent.within:
            within = {name.replace(".", "_") for name in self.parent.within}
            found += [f"the parent does not bound {name}" for name in sorted(within - context)]
        if self.parent and self.parent.bulk > 1 and len(self.parent.query) != 1:
            found.append("a bulk fan-out puts exactly one name into the query")
        if self.single and len(self.single.placeholders) != 1:
            found.append(f"{self.single.path} does not take exactly one id")
        return found

    @property
    def can_sweep(self) -> bool:
        """True if deleted rows can be detected by comparing the ids of the whole list with earlier ones."""
        keyed_by_id = self.parent is None and self.primary_keys == ("id",)
        return keyed_by_id and not self.shows_deleted and not self.settings

    @property
    def class_name(self) -> str:
        """Name of the stream class, e.g. `DealProductsStream`."""
        return "".join(part.title() for part in self.name.split("_")) + "Stream"

    @property
    def cost(self) -> int:
        """Tokens of one request: the maximum over the reads of the stream."""
        return max(read.cost for read in self.reads)
