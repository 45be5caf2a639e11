"""Table cells of one stream: selection, cost, paging, and the rows that a later run reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_client import Paging
from scripts.docs.tables import code, sentence, table
from tap_pipedrive.catalog import STREAMS

if TYPE_CHECKING:
    from tap_pipedrive.catalog.spec import Read, StreamSpec

_PAGING = {Paging.NONE: "one request", Paging.CURSOR: "cursor", Paging.OFFSET: "offset"}


def default(spec: StreamSpec) -> str:
    """Return the cell for the selection by default."""
    return "yes" if spec.selected_by_default else ""


def cost(spec: StreamSpec) -> str:
    """Return the tokens and the unit they are paid for."""
    costs = sorted({read.cost for read in spec.reads})
    tokens = " or ".join(str(one) for one in costs)
    if spec.parent and spec.parent.bulk > 1:
        return f"{tokens} per {spec.parent.bulk} {spec.parent.stream}"
    if spec.parent:
        return f"{tokens} per row of {spec.parent.stream}"
    if spec.settings and "recents" not in spec.settings:
        return f"{tokens} per entry"
    sizes = [read.page_size for read in spec.reads if read.page_size]
    return f"{tokens} per {max(sizes)} rows" if sizes else f"{tokens} per run"


def paging(spec: StreamSpec) -> str:
    """Return the kind of paging and the page size."""
    return " or ".join(dict.fromkeys(_paging(read) for read in spec.reads))


def _paging(read: Read) -> str:
    kind = _PAGING[read.paging]
    return f"{kind}, {read.page_size}" if read.page_size else kind


def kind(spec: StreamSpec) -> str:
    """Return the rows that a later run reads."""
    if "recents" in spec.settings:
        return "the last 30 days"
    if "record_ids" in spec.settings:
        return "the ids in `record_ids`"
    if spec.parent:
        return _kind_below(spec.parent.stream)
    if spec.settings:
        return f"the entries of `{spec.settings[0]}`"
    return _kind_of_list(spec)


def _kind_below(parent: str) -> str:
    """Return the rows that a later run of a child stream reads, which depend on the top-level list."""
    while above := STREAMS[parent].parent:
        parent = above.stream
    which = "changed rows" if STREAMS[parent].replication_key else "every row"
    return f"{which} of `{parent}`"


def _kind_of_list(spec: StreamSpec) -> str:
    """Return the rows of a list that a later run reads."""
    if not spec.replication_key:
        return "whole list"
    bounded = [bool(read.changes and read.changes.since) for read in spec.reads]
    if all(bounded):
        return "changed rows"
    return (
        f"changed rows, and the end of the list of archived {spec.name}"
        if any(bounded)
        else "the end of the list"
    )


def remarks(spec: StreamSpec) -> str:
    """Return remarks: requirements, settings, removal and notes."""
    parts = []
    if spec.needs:
        parts.append(f"Needs {spec.needs}.")
    if spec.settings and spec.settings[0] != "recents":
        parts.append(f"Configured by `{spec.settings[0]}`.")
    if spec.removed_on:
        parts.append(f"Removed by Pipedrive on {spec.removed_on:%Y-%m-%d}.")
    parts.append(spec.notes)
    return " ".join(filter(None, parts))


def stream_table(*, selected: bool) -> str:
    """Return the table of docs/reference/streams.md: streams selected by default, or the others."""
    rows = [
        (
            code(spec.name),
            kind(spec),
            cost(spec),
            " ".join(filter(None, [sentence(spec.summary), remarks(spec)])),
        )
        for spec in STREAMS.values()
        if spec.selected_by_default is selected
    ]
    return table(("Stream", "A later run reads", "Tokens", "What"), rows)
