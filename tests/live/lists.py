"""Every list of the published API, with what is needed to read one page of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.catalog.not_covered import NOT_COVERED
from tests.support import facts
from tests.support.published import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_pipedrive.catalog.spec import StreamSpec

_QUARTER = {"start_date": "2026-01-01", "end_date": "2026-03-31"}
_GIVEN: Mapping[str, Mapping[str, str | int]] = {
    "recents": {"since_timestamp": "2000-01-01 00:00:00"},
    "deals_timeline": {"start_date": "2026-01-01", "interval": "month", "amount": 3, "field_key": "add_time"},
    "pipeline_conversion_statistics": _QUARTER,
    "pipeline_movement_statistics": _QUARTER,
    "item_field_searches": {"entity_type": "deal", "match": "middle", "field": "title"},
}
"""Query parameters of the streams that the settings of a run feed."""
_TERMS: Mapping[str, tuple[str, str]] = {
    "deal_searches": ("deals", "title"),
    "lead_searches": ("leads", "title"),
    "person_searches": ("persons", "name"),
    "organization_searches": ("organizations", "name"),
    "product_searches": ("products", "name"),
    "project_searches": ("projects", "title"),
    "item_searches": ("deals", "title"),
    "item_field_searches": ("deals", "title"),
    "user_searches": ("users", "name"),
}
"""Stream and column with the text whose beginning a search looks for."""
_PARENTS: Mapping[str, str] = {
    "deals": "deals",
    "organizations": "organizations",
    "persons": "persons",
    "products": "products",
    "pipelines": "pipelines",
    "stages": "stages",
    "projects": "projects",
}
SMALL_PAGE = 100
"""Largest page of every list."""
SINGLE = "it returns one row, whose list is read"
CONVERSION = "it needs the id of a conversion in progress"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One read of a list.

    Attributes:
        name: name of the stream, or the operation for lists that the tap does not read.
        operation: published operation id.
        path: path with placeholders.
        cost: published cost in tokens.
        params: query parameters.
        most: largest `limit`; 0 without paging.
        records: dotted path of the rows.
        parent: stream whose rows the path or the query names, or empty.
        context: placeholder or column to the column of the parent.
        query: names of `context` that go into the query.
        when: only parents with a true value in this column.
        term: stream and column of the text to search for, or None.
        spec: the stream, if there is one.
    """

    name: str
    operation: str
    path: str
    cost: int
    params: Mapping[str, str | int | bool] = field(default_factory=dict)
    most: int = 0
    records: str = "data"
    parent: str = ""
    context: Mapping[str, str] = field(default_factory=dict)
    query: tuple[str, ...] = ()
    when: str | None = None
    term: tuple[str, str] | None = None
    spec: StreamSpec | None = None

    @property
    def label(self) -> str:
        """The request in words, the same for every account."""
        return f"GET {self.path}"


def lists() -> list[Listed]:
    """Return every list that is read, parents before the lists below them."""
    found: list[Listed] = []
    for spec in STREAMS.values():
        if not _stream_reason(spec):
            found += _of_stream(spec)
    found.sort(key=lambda one: _depth(one.spec))
    return [*found, *_of_no_stream()]


def never_read() -> dict[str, str]:
    """Return the published GET operations that are not read in any account, and the reason for each."""
    read = {plain(one.path) for one in lists()}
    found: dict[str, str] = {}
    for operation in facts.operations():
        if operation["method"] == "GET" and plain(operation["path"]) not in read:
            found[f"GET {operation['path']}"] = _reason(operation)
    return found


def _reason(operation: Mapping[str, str]) -> str:
    known = NOT_COVERED.get(f"{operation['version']} {operation['operationId']}", "")
    if "/legacyTeams" in operation["path"]:
        return "Pipedrive is removing it"
    if operation["path"].endswith("}") and "find" not in operation["path"]:
        return CONVERSION if "conversion_id" in operation["path"] else SINGLE
    if operation["path"].endswith("/download"):
        return "it downloads the content of a file"
    if operation["operationId"] == "authorize":
        return "it is a web page"
    assert known, f"{operation['path']} is not read, without a reason"
    return "a newer form with the same rows is read"


def _stream_reason(spec: StreamSpec) -> str:
    if spec.removed_on:
        return "removed from the API"
    return "downloads the content of files" if spec.name == "file_contents" else ""


def _depth(spec: StreamSpec | None) -> int:
    depth = 0
    while spec is not None and spec.parent is not None:
        spec, depth = STREAMS[spec.parent.stream], depth + 1
    return depth


def _of_stream(spec: StreamSpec) -> Iterator[Listed]:
    parent = spec.parent
    for read in spec.reads:
        yield Listed(
            name=spec.name,
            operation=read.operation,
            path=read.path,
            cost=read.cost,
            params={**read.params, **_GIVEN.get(spec.name, {})},
            most=read.page_size or 0,
            records=read.records,
            parent=parent.stream if parent else "",
            context=parent.context if parent else {},
            query=parent.query if parent else (),
            when=parent.when if parent else None,
            term=_TERMS.get(spec.name),
            spec=spec,
        )


def _of_no_stream() -> Iterator[Listed]:
    """Yield the lists that the tap does not read, because another list contains the same rows."""
    read = {plain(one.path) for spec in STREAMS.values() for one in spec.reads}
    for operation in facts.operations():
        path: str = operation["path"]
        segments = path.split("/")
        lists_children = path.count("{") == 1 and "{" in segments[-2] and segments[-3] in _PARENTS
        known = f"{operation['version']} {operation['operationId']}" in NOT_COVERED
        if operation["method"] != "GET" or not lists_children or known or plain(path) in read:
            continue
        names = {one["name"] for one in operation["parameters"] if one["in"] == "query"}
        yield Listed(
            name=operation["operationId"],
            operation=operation["operationId"],
            path=path.replace("/api/v1/", "/v1/"),
            cost=operation["token_cost"],
            most=SMALL_PAGE if "limit" in names else 0,
            parent=_PARENTS[segments[-3]],
            context={segments[-2].strip("{}"): "id"},
        )
