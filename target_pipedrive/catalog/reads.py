"""Reads of rows: lists, single rows and searches by which rows are looked up, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from pipedrive_client import Paging

if TYPE_CHECKING:
    from collections.abc import Mapping


def _none() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsRead:
    """Read of an entity's rows, for comparison and lookup.

    Attributes:
        path: `/v1/…` or `/api/v2/…`; placeholders are columns of the record.
        cost: tokens of one request.
        paging: kind of paging.
        ids: query parameter for up to 100 comma-joined ids; None if there is no such parameter.
        by: column of the values in `ids`: the key itself, or the parent's key for child rows.
        page_size: `limit` to send; None sends none.
        params: further query parameters.
        slices: parameters of the requests that together return all rows, if no single one does.
        records: dotted path of the rows in the body.
        newest_first: True if rows are sorted by descending `add_time`, so that reading can stop.
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
    """Search of rows by the exact value of a field.

    Attributes:
        path: path of the search operation.
        fields: column → its name in the operation's `fields` parameter.
        cost: tokens of one request.
    """

    path: str
    fields: Mapping[str, str]
    cost: int = 20
