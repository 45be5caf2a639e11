"""Reads of Pipedrive rows, for comparison, matching and recovery of interrupted writes."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import quote

from pipedrive_client import DataKind, Expectation, Gone, NotFound, Null, Paging, times
from target_pipedrive.catalog.spec import PLACEHOLDER, placeholders
from target_pipedrive.ids.provisional import ProvisionalId
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.record.row import is_gone

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Mapping, Sequence

    from pipedrive_client import PipedriveClient, Response
    from target_pipedrive.account.planned_rows import PlannedRows
    from target_pipedrive.catalog.reads import RowsRead
    from target_pipedrive.catalog.spec import EntitySpec
    from target_pipedrive.record.row import Row

BULK = 100
_SEARCH_PAGE = 100


def fill(path: str, values: Mapping[str, object]) -> str:
    """Return the path with its placeholders filled and quoted.

    Raises:
        RecordFault: a placeholder has no value.
    """

    def value_of(match: re.Match[str]) -> str:
        value = values.get(match[1])
        if value is None or value == "":
            raise RecordFault("needs {columns}", fields=(match[1],))
        return quote(str(value), safe="")

    return PLACEHOLDER.sub(value_of, path)


class Rows:
    """Reader of rows; lists without a filter by id are cached until one of their rows is written.

    Args:
        client: sends the requests.
        planned: values that a dry run plans to write, which rows are returned with; None in a real run.

    Attributes:
        BULK: maximum number of ids per request.
    """

    BULK = BULK

    def __init__(self, client: PipedriveClient, planned: PlannedRows | None = None) -> None:
        self._client = client
        self._planned = planned
        self._lists: dict[str, dict[str, dict[str, Row]]] = {}
        self._lock = threading.Lock()
        self._response: Response | None = None

    def many(self, entity: EntitySpec, values: Sequence[str], stream: str) -> dict[str, Row]:
        """Return rows by id, for up to 100 values of the bulk read's column; missing rows are omitted."""
        read = entity.read
        if read is None or read.ids is None:
            return {}
        wanted = list(dict.fromkeys(values))
        found = self._by_ids(entity, read, wanted, stream)
        missing = [value for value in wanted if value not in found] if read.by == entity.key else []
        if missing and entity.more is not None:
            found |= self._by_ids(entity, entity.more, missing, stream)
        return found if self._planned is None else self._planned.all_applied(entity, found)

    def _by_ids(
        self, entity: EntitySpec, read: RowsRead, values: Sequence[str], stream: str
    ) -> dict[str, Row]:
        found: dict[str, Row] = {}
        for row in self._rows(read, read.path, {read.ids or "": list(values)}, stream):
            if not is_gone(row, entity):
                found[str(row.get(entity.key))] = row
        return found

    def listed(self, entity: EntitySpec, values: Mapping[str, object], stream: str) -> dict[str, Row]:
        """Return all rows of an entity, or all child rows of the parent in the values."""
        read = entity.read
        if read is None:
            return {}
        path, params, key = read.path, {}, ""
        named = placeholders(read.path, *read.params.values())
        if named:
            if any(isinstance(values.get(name), ProvisionalId) for name in named):
                return self.planned(entity, {name: values.get(name) for name in named})
            path = fill(read.path, values)
            params = {name: fill(value, values) for name, value in read.params.items() if "{" in value}
            key = f"{path} {sorted(params.items())}"
        known = self._lists.get(entity.name, {}).get(key)
        if known is not None:
            return known
        with self._lock:
            lists = self._lists.setdefault(entity.name, {})
            if key not in lists:
                rows = self._rows(read, path, params, stream)
                found: dict[str, Row] = {
                    str(row.get(entity.key)): row for row in rows if not is_gone(row, entity)
                }
                if self._planned is not None:
                    found = self._planned.all_applied(entity, found, values.get(entity.parent or ""))
                    found |= self.planned(entity, {name: values.get(name) for name in named})
                lists[key] = found
            return lists[key]

    def planned(self, entity: EntitySpec, values: Mapping[str, object]) -> dict[str, Row]:
        """Return the rows with these values that only a dry run added; none in a real run."""
        return self._planned.added_rows(entity, values) if self._planned is not None else {}

    def cached(self, entity: EntitySpec, row_id: str) -> Row | None:
        """Return a row of a list that was read and is still valid, without a request."""
        for listed in tuple(self._lists.get(entity.name, {}).values()):
            if row_id in listed:
                return listed[row_id]
        return None

    def one(self, entity: EntitySpec, row_id: str, values: Mapping[str, object], stream: str) -> Row | None:
        """Return the current state of one row, or None if it does not exist.

        Args:
            entity: entity of the row.
            row_id: id of the row.
            values: columns of the record, for reads by parent.
            stream: name the request is counted under.
        """
        if self._planned is not None and isinstance(row_id, ProvisionalId):
            return self._planned.added(entity, row_id)
        if entity.single is not None:
            row = self._single(
                entity, entity.single, fill(entity.single.path, {**values, entity.key: row_id}), stream
            )
            return row if self._planned is None or row is None else self._planned.applied(entity, row)
        read = entity.read
        if read is None:
            return None
        if read.ids is None:
            return self.listed(entity, values, stream).get(row_id)
        value = row_id if read.by == entity.key else str(values.get(read.by) or "")
        return self.many(entity, [value], stream).get(row_id) if value else None

    def _single(self, entity: EntitySpec, read: RowsRead, path: str, stream: str) -> Row | None:
        try:
            row = self._get(path, read, stream, DataKind.OBJECT)
        except (NotFound, Gone):
            return None
        return row if isinstance(row, dict) and not is_gone(row, entity) else None

    def _get(self, path: str, read: RowsRead, stream: str, kind: DataKind) -> object:
        """Return the `data` of a response with a single row; null counts as a failed read."""
        response = self._client.read(
            path, expected=Expectation(kind=kind), params=read.params, cost=read.cost, label=stream
        )
        return response.json()["data"]

    def forget(self, entity: EntitySpec) -> None:
        """Drop the cached lists of the entity."""
        if entity.name in self._lists:
            with self._lock:
                self._lists.pop(entity.name, None)

    def search(self, entity: EntitySpec, column: str, term: str, stream: str) -> list[str]:
        """Return the ids of the rows that the exact search finds.

        Raises:
            RecordFault: the entity cannot be searched by this column.
        """
        search = entity.search
        if search is None or column not in search.fields:
            raise RecordFault("cannot be looked up by {columns}", fields=(column,))
        pages = self._client.pages(
            search.path,
            params={"term": term, "fields": search.fields[column], "exact_match": True},
            paging=Paging.CURSOR,
            page_size=_SEARCH_PAGE,
            cost=search.cost,
            label=stream,
            expected=Expectation(records="data.items"),
            prefetch=0,
        )
        found = []
        for page in pages:
            self._response = page.response
            for entry in page.rows:
                item = entry.get("item")
                if isinstance(item, dict) and item.get("id") is not None:
                    found.append(str(item["id"]))
        return found

    def all(self, entity: EntitySpec, stream: str) -> Iterator[Row]:
        """Yield every row of an entity with a list that accepts ids."""
        for read in (entity.read, entity.more):
            if read is not None:
                yield from self._rows(read, read.path, {}, stream)

    def newest_first(self, entity: EntitySpec, stream: str) -> Iterator[Row]:
        """Yield every row of an entity like `all`, the row that was added last first."""
        order = {"sort_by": "id", "sort_direction": "desc"}
        for read, params in ((entity.read, order), (entity.more, {})):
            if read is not None:
                yield from self._rows(read, read.path, params, stream)

    def changed(
        self, entity: EntitySpec, since: str, stream: str, *, archived: bool = False
    ) -> Iterator[Row]:
        """Yield rows written at or after a time of the server; archived ones on request."""
        read = entity.recent
        if read is None:
            return
        params = {name: value.replace("{since}", since) for name, value in read.params.items()}
        yield from self._rows(read, read.path, params, stream)
        if archived and entity.more is not None:
            yield from self._rows(entity.more, entity.more.path, params, stream)

    def ago(self, seconds: float) -> str:
        """Return the server's time of the last search response minus the given duration."""
        moment = self._response.moment if self._response is not None else None
        return times.to_rfc3339((moment or datetime.now(UTC)) - timedelta(seconds=seconds))

    def highest_id(self, entity: EntitySpec, stream: str) -> int:
        """Return the id of the row that was added last; 0 if there is none."""
        read = entity.read
        if read is None:
            return 0
        params = {"sort_by": "id", "sort_direction": "desc", "limit": "1"}
        asked = replace(read, params=params)
        rows = self._get(read.path, asked, stream, DataKind.LIST)
        return max((int(row[entity.key]) for row in (rows if isinstance(rows, list) else ())), default=0)

    def recent(
        self, entity: EntitySpec, values: Mapping[str, object], since: str, stream: str
    ) -> Iterator[Row]:
        """Yield rows that may have been added at or after a time; rows with an earlier time are omitted."""
        read = entity.recent
        if read is None:
            return
        params = {name: value.replace("{since}", since) for name, value in read.params.items()}
        params = {name: fill(value, values) if "{" in value else value for name, value in params.items()}
        floor = since[:19].replace("T", " ")
        given_time = values.get("add_time") is not None  # the record itself may contain an old creation time
        lists = [self._rows(read, fill(read.path, values), params, stream)]
        if entity.more is not None and values.get("is_archived") is True:  # the list omits archived rows
            lists.append(self._rows(entity.more, entity.more.path, params, stream))
        for row in chain.from_iterable(lists):
            added = str(row.get("add_time") or row.get("created") or "")[:19].replace("T", " ")
            if not added or added >= floor or given_time:
                yield row
            elif read.newest_first:
                return

    def _rows(
        self, read: RowsRead, path: str, params: Mapping[str, object], stream: str
    ) -> Iterator[dict[str, object]]:
        fixed = {name: value for name, value in read.params.items() if "{" not in value}
        for part in read.slices:
            pages = self._client.pages(
                path,
                params={**fixed, **part, **params},
                paging=read.paging,
                page_size=read.page_size,
                cost=read.cost,
                label=stream,
                # v1 also returns null for an empty list; v2 never does.
                expected=Expectation(
                    records=read.records,
                    null=Null.CONFIRMED if path.startswith("/v1/") else Null.REJECTED,
                ),
                prefetch=0,
            )
            for page in pages:
                yield from page.rows
