"""Custom fields: their definitions, and the form of their values in each API version.

The same value has two forms (pipedrive-api 7.1): v2 nests objects below `custom_fields`, v1 has hash keys at
the top level with suffixed keys for the parts. This module is independent of columns, streams and records.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from pipedrive_client.errors import FeatureOff, ItemError, PipedriveError
from pipedrive_client.paging import Paging
from pipedrive_client.responses import Expectation, Null

if TYPE_CHECKING:
    from pipedrive_client.client import PipedriveClient

logger = logging.getLogger("pipedrive_client")

Row: TypeAlias = "dict[str, object]"

FIELD_LISTS: Mapping[str, str] = MappingProxyType(
    {
        "deal": "/api/v2/dealFields",
        "person": "/api/v2/personFields",
        "organization": "/api/v2/organizationFields",
        "product": "/api/v2/productFields",
        "project": "/api/v2/projectFields",
    }
)
FIELD_LIST_COST = 10
HASH_KEY = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One value inside a composite custom field.

    Attributes:
        suffix: suffix of a column name and a v1 key; empty for the main value.
        key: the key inside the v2 object.
        kind: `str`, `num`, `int`, `date`, `clock`.
    """

    suffix: str
    key: str
    kind: str


_ADDRESS_PARTS = (
    "street_number",
    "route",
    "subpremise",
    "sublocality",
    "locality",
    "admin_area_level_1",
    "admin_area_level_2",
    "country",
    "postal_code",
    "formatted_address",
)
COMPOSITES: Mapping[str, tuple[Part, ...]] = MappingProxyType(
    {
        "monetary": (
            Part(suffix="", key="value", kind="num"),
            Part(suffix="currency", key="currency", kind="str"),
        ),
        "daterange": (
            Part(suffix="", key="value", kind="date"),
            Part(suffix="until", key="until", kind="date"),
        ),
        "time": (
            Part(suffix="", key="value", kind="clock"),
            Part(suffix="timezone", key="timezone_name", kind="str"),
        ),
        "timerange": (
            Part(suffix="", key="value", kind="clock"),
            Part(suffix="until", key="until", kind="clock"),
            Part(suffix="timezone", key="timezone_name", kind="str"),
        ),
        "address": (
            Part(suffix="", key="value", kind="str"),
            *(Part(suffix=name, key=name, kind="str") for name in _ADDRESS_PARTS),
        ),
    }
)
V1_SUFFIXES: Mapping[str, str] = MappingProxyType({"timezone": "timezone_id"})
"""Parts with different suffixes in v1 and v2."""

_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "double": "num",
        "int": "int",
        "boolean": "bool",
        "date": "date",
        "enum": "option",
        "set": "options",
        "visible_to": "int",
        "user": "int",
        "org": "int",
        "people": "int",
        "deal": "int",
        "activity": "int",
        "product": "int",
        "stage": "int",
        "pipeline": "int",
        "project": "int",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDefinition:
    """One field of an entity, as currently defined in Pipedrive.

    Attributes:
        key: field code, a 40-character hash for custom fields.
        name: label shown in Pipedrive; not unique.
        field_type: Pipedrive's name of the type.
        is_custom: True for fields the account added.
        options: label by option id, for `enum` and `set`.
    """

    key: str
    name: str
    field_type: str
    is_custom: bool = True
    options: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def parts(self) -> tuple[Part, ...]:
        """Values of a composite field, main value first; empty for a plain one."""
        return COMPOSITES.get(self.field_type, ())

    @property
    def kind(self) -> str:
        """Kind of a plain value: `num`, `int`, `bool`, `date`, `option`, `options` or `str`."""
        return _KINDS.get(self.field_type, "str")


def parse_definition(row: Mapping[str, object]) -> FieldDefinition:
    """Return the definition in a row of a v2 `*Fields` list; one without a code has an empty key."""
    options = row.get("options")
    labels: dict[int, str] = {}
    if isinstance(options, Sequence):
        for option in options:
            if isinstance(option, Mapping) and (one := _option_id(option.get("id"))) is not None:
                labels[one] = str(option.get("label", ""))
    return FieldDefinition(
        key=str(row.get("field_code") or ""),
        name=str(row.get("field_name") or ""),
        field_type=str(row.get("field_type") or "varchar"),
        is_custom=bool(row.get("is_custom_field")),
        options=MappingProxyType(labels),
    )


def _option_id(value: object) -> int | None:
    """Return the id of an option, which may be a text of digits."""
    if isinstance(value, str):
        return int(value) if value.isdecimal() else None
    return value if isinstance(value, int) else None


class FieldDefinitions:
    """Field definitions of the account, read at most once per entity and run.

    Reading costs 10 tokens per 500 fields of an entity, so definitions are read on demand, and callers that
    need the rows share them.

    Args:
        client: sends the requests.
        params: query parameters by entity, for callers that need optional parts of the definitions.
    """

    def __init__(
        self, client: PipedriveClient, params: Mapping[str, Mapping[str, object]] = MappingProxyType({})
    ) -> None:
        self._client = client
        self._params = params
        self._found: dict[str, Future[list[Row]]] = {}
        self._read_rows: dict[str, list[Row]] = {}
        self._unnamed: dict[str, list[Row]] = {}
        self._lock = threading.Lock()

    def known(self, entity: str) -> bool:
        """Return whether the entity's definitions were read in this run."""
        with self._lock:  # so that no caller gets the one that `rows` is about to replace
            found = self._found.get(entity)
        return bool(found and found.done() and not found.exception())

    def begin(self, entity: str) -> None:
        """Start reading the definitions on a thread of the client; `rows` then waits for them."""
        with self._lock:
            if entity not in self._found:
                self._found[entity] = self._client.begin(partial(self._read, entity))

    def rows(self, entity: str) -> list[Row]:
        """Return rows of the entity's v2 field list, as Pipedrive sent them.

        Raises:
            PipedriveError: the request failed; definitions that are permanently unavailable are not requested
                twice.
        """
        rows = self._read_rows.get(entity)
        if rows is not None:
            return rows
        with self._lock:
            found, mine = self._found.get(entity), None
            # A read that has not started may be waiting for this thread.
            if found is None or found.cancel():
                found = mine = self._found[entity] = Future()
                mine.set_running_or_notify_cancel()
        if mine:
            try:
                mine.set_result(self._read(entity))
            except BaseException as error:  # noqa: BLE001 - raised below, for all waiting callers
                mine.set_exception(error)
        try:
            rows = found.result()
        except PipedriveError as error:
            if not isinstance(error, (ItemError, FeatureOff)):
                self.forget(entity)
            raise
        with self._lock:
            if self._found.get(entity) is found:  # not dropped meanwhile
                self._read_rows[entity] = rows
        return rows

    def _read(self, entity: str) -> list[Row]:
        """Read the definitions, one per code; rows of a list that changes meanwhile may be on two pages.

        Every entity has fields of Pipedrive's own, and each has a code, so a list without them is requested
        again before it counts.
        """
        rows = self._listed(entity)
        if not rows or any(not row.get("field_code") for row in rows):
            rows = self._listed(entity)
        if not rows:
            logger.warning(
                "GET %s returned an empty list twice: custom fields of %s have their keys as column names",
                FIELD_LISTS[entity],
                entity,
            )
        named = {str(row["field_code"]): row for row in rows if row.get("field_code")}
        self._unnamed[entity] = [row for row in rows if not row.get("field_code")]
        if unnamed := len(self._unnamed[entity]):
            logger.warning("Left out %d field definitions of %s: they have no field_code", unnamed, entity)
        return [*named.values()]

    def unnamed(self, entity: str) -> list[Row]:
        """Return the rows without a code of the list that `rows` has read."""
        return self._unnamed.get(entity, [])

    def _listed(self, entity: str) -> list[Row]:
        pages = self._client.pages(
            FIELD_LISTS[entity],
            params=self._params.get(entity),
            paging=Paging.CURSOR,
            page_size=500,
            cost=FIELD_LIST_COST,
            label=f"{entity}_fields",
            expected=Expectation(null=Null.REJECTED, of_objects=True),  # every entity has fields
        )
        return [row for page in pages for row in page.rows]

    def custom(self, entity: str) -> list[FieldDefinition]:
        """Return the definitions of the entity's custom fields, in Pipedrive's order."""
        return [found for found in map(parse_definition, self.rows(entity)) if found.is_custom and found.key]

    def forget(self, entity: str) -> None:
        """Drop the definitions after one of them was changed."""
        with self._lock:
            self._found.pop(entity, None)
            self._read_rows.pop(entity, None)
