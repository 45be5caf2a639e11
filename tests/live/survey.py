"""Read one page of every list of an account and note what each response looks like."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipedrive_client import PipedriveError
from pipedrive_client.paging import rows_of
from tap_pipedrive.catalog import STREAMS
from tests.live.shapes import Shape, departures, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipedrive_client import PipedriveClient, Response
    from tap_pipedrive.catalog.spec import Read, StreamSpec

PAGE_SIZE = 25
PARENTS = 3
"""Rows of a parent stream that are tried until a child list has rows."""
_TERM = {"term": "an"}
_QUARTER = {"start_date": "2026-01-01", "end_date": "2026-03-31"}
PARAMETERS: Mapping[str, Mapping[str, str | int]] = {
    "recents": {"since_timestamp": "2000-01-01 00:00:00"},
    "deals_summary": {},
    "deals_timeline": {"start_date": "2026-01-01", "interval": "month", "amount": 3, "field_key": "add_time"},
    "pipeline_conversion_statistics": _QUARTER,
    "pipeline_movement_statistics": _QUARTER,
    "deal_searches": _TERM,
    "lead_searches": _TERM,
    "person_searches": _TERM,
    "organization_searches": _TERM,
    "product_searches": _TERM,
    "project_searches": _TERM,
    "item_searches": _TERM,
    "item_field_searches": {"term": "an", "entity_type": "deal", "match": "middle", "field": "title"},
    "user_searches": _TERM,
}
"""Query parameters of the streams that settings feed; the other such streams are not read."""
_TOKENS_LEFT = "x-daily-ratelimit-token-remaining"


@dataclass(slots=True)
class Seen:
    """Result of one read of an account, without any value of a row.

    Attributes:
        stream: name of the stream.
        operation: published operation id.
        path: path with placeholders, the same for every account.
        status: HTTP status, or 0 without a response.
        error: class of the error for a rejected read, else empty.
        code: Pipedrive's error code for a rejected read, if there is one.
        rows: rows of the page.
        tokens: cost of the read by the account's headers, or None if they do not contain it.
        shape: shape of the rows.
        envelope: shape of the body around them.
        departures: where the body differs from the published schema, without values.
    """

    stream: str
    operation: str
    path: str
    status: int = 0
    error: str = ""
    code: str = ""
    rows: int = 0
    tokens: int | None = None
    shape: Shape = field(default_factory=dict)
    envelope: Shape = field(default_factory=dict)
    departures: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Name of the read in the report."""
        return f"{self.stream}: GET {self.path}"


class Survey:
    """Reads of one account.

    Args:
        client: signed-in client. It is only used for GET requests.
    """

    def __init__(self, client: PipedriveClient) -> None:
        self._client = client
        self._parents: dict[str, list[dict[str, Any]]] = {}
        self._tokens_left: int | None = None
        self.without: dict[str, str] = {}
        """Stream to the reason why nothing was read of it."""

    def reads(self) -> Iterator[Seen]:
        """Read one page of every list, parents before their child streams.

        Yields:
            What each read looked like, as soon as it was made.
        """
        for spec in STREAMS.values():
            reason = self._reason_to_leave_out(spec)
            if reason:
                self.without[spec.name] = reason
                continue
            for read in spec.reads:
                seen = self._first_with_rows(spec, read)
                if seen is None:
                    self.without[spec.name] = f"no rows in {spec.parent.stream if spec.parent else spec.name}"
                    break
                yield seen

    def _reason_to_leave_out(self, spec: StreamSpec) -> str:
        if spec.settings and spec.name not in PARAMETERS:
            return f"needs the setting {spec.settings[0]}"
        if spec.removed_on:
            return "removed from the API"
        if spec.name == "file_contents":
            return "downloads files"
        return ""

    def _first_with_rows(self, spec: StreamSpec, read: Read) -> Seen | None:
        """Return the first read with rows among the first parents, else the last one without."""
        if spec.parent is None:
            return self._read(spec, read, {}, {})
        seen = None
        for parent in self._parents_of(spec)[:PARENTS]:
            values = {name: _value_at(parent, column) for name, column in spec.parent.context.items()}
            query = {name: values[name] for name in spec.parent.query}
            seen = self._read(spec, read, values, query)
            if seen.rows or seen.error:
                break
        return seen

    def _parents_of(self, spec: StreamSpec) -> list[dict[str, Any]]:
        assert spec.parent is not None
        rows = self._parents.get(spec.parent.stream, [])
        wanted = [row for row in rows if spec.parent.when is None or row.get(spec.parent.when)]
        return wanted or rows

    def _read(
        self, spec: StreamSpec, read: Read, values: Mapping[str, Any], query: Mapping[str, Any]
    ) -> Seen:
        seen = Seen(stream=spec.name, operation=read.operation, path=read.path)
        path = read.path
        for name in read.placeholders:
            path = path.replace(f"{{{name}}}", str(values[name]))
        params = {
            **read.params,
            **PARAMETERS.get(spec.name, {}),
            **query,
            **({"limit": PAGE_SIZE} if read.page_size else {}),
        }
        try:
            answer = self._client.request("GET", path, params=params, cost=read.cost, label=spec.name)
        except PipedriveError as error:
            seen.status, seen.error, seen.code = error.status or 0, type(error).__name__, error.code or ""
            return seen
        self._note(seen, read, answer)
        rows = [row for row in rows_of(answer.json(), read.records) if isinstance(row, dict)]
        self._parents.setdefault(spec.name, []).extend({**values, **row} for row in rows)
        return seen

    def _note(self, seen: Seen, read: Read, answer: Response) -> None:
        body = answer.json()
        rows = rows_of(body, read.records)
        seen.status, seen.rows = answer.status, len(rows)
        seen.shape = shape_of(rows)
        top = read.records.split(".")[0]
        seen.envelope = shape_of([{name: value for name, value in body.items() if name != top}])
        seen.departures = departures("GET", read.path, answer.status, body)
        left = answer.headers.get(_TOKENS_LEFT, "")
        if left.isdigit():
            if self._tokens_left is not None:
                seen.tokens = self._tokens_left - int(left)
            self._tokens_left = int(left)


def _value_at(row: Mapping[str, Any], column: str) -> Any:
    """Return the value of a column, or of a key of the object in it (`duration.start`)."""
    found: Any = row
    for key in column.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found
