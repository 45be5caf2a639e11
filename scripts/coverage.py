"""What is read: streams, and which of them serves each action and each published read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipedrive_client import Paging
from scripts.settings import properties
from scripts.tables import code, sentence, table
from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.catalog.not_covered import NOT_COVERED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_pipedrive.spec import Read, StreamSpec

ACTION_NAMES = Path(__file__).with_name("action_names.txt")
READING = ("get", "search", "find", "download", "select", "raw")
_OF_THEIR_OWN = {
    "selectDeal": "deal_options",
    "selectOrganization": "organization_options",
    "selectPerson": "person_options",
    "downloadFile": "file_contents",
}
"""Actions that no published read of the same name stands behind → stream."""
_NOT_YET = "not yet"
_PAGING = {Paging.NONE: "one request", Paging.CURSOR: "cursor", Paging.OFFSET: "offset"}


def actions() -> list[str]:
    """Names of the actions that integration platforms offer for Pipedrive."""
    return ACTION_NAMES.read_text(encoding="utf-8").split()


def stream_names() -> set[str]:
    """Every stream there is."""
    return set(STREAMS)


# ── words for one stream ─────────────────────────────────────────────────────────────────────────


def default(spec: StreamSpec) -> str:
    """Whether it is selected by default."""
    return "yes" if spec.selected_by_default else ""


def cost(spec: StreamSpec) -> str:
    """Tokens, and what for."""
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
    """How further pages are asked for."""
    return " or ".join(dict.fromkeys(_paging(read) for read in spec.reads))


def _paging(read: Read) -> str:
    kind = _PAGING[read.paging]
    return f"{kind}, {read.page_size}" if read.page_size else kind


def kind(spec: StreamSpec) -> str:
    """What a later run reads."""
    if "recents" in spec.settings:
        return "the last 30 days"
    if "record_ids" in spec.settings:
        return "asked for by id"
    if spec.parent:
        return _kind_below(spec.parent.stream)
    if spec.settings:
        return f"asked for in `{spec.settings[0]}`"
    return _kind_of_list(spec)


def _kind_below(parent: str) -> str:
    """The same of a fan-out, which follows the list at the top."""
    while above := STREAMS[parent].parent:
        parent = above.stream
    return f"{parent} that changed" if STREAMS[parent].replication_key else f"all {parent}"


def _kind_of_list(spec: StreamSpec) -> str:
    """The same of a list."""
    if not spec.replication_key:
        return "whole list"
    bounded = [bool(read.changes and read.changes.since) for read in spec.reads]
    if all(bounded):
        return "changes"
    return "changes; archived ones from the list's end" if any(bounded) else "changes, from the list's end"


def remarks(spec: StreamSpec) -> str:
    """What a reader should know besides."""
    parts = []
    if spec.needs:
        parts.append(f"Needs {spec.needs}.")
    if spec.settings and spec.settings[0] != "recents":
        parts.append(f"Fed by `{spec.settings[0]}`.")
    if spec.removed_on:
        parts.append(f"Pipedrive took it away on {spec.removed_on:%Y-%m-%d}.")
    parts.append(spec.notes)
    return " ".join(filter(None, parts))


def stream_table(*, selected: bool) -> str:
    """Streams for the README, those selected by default or the others."""
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


# ── which stream serves an operation ─────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Service:
    """A stream that answers an operation, and how."""

    stream: str
    way: str = ""

    @property
    def spec(self) -> StreamSpec | None:
        """The stream's spec, if it is one of the catalogue."""
        return STREAMS.get(self.stream)


def version(read: Read) -> str:
    """`v1` or `v2`."""
    return "v2" if read.path.startswith("/api/v2/") else "v1"


def published() -> dict[tuple[str, str], tuple[Read, list[Service]]]:
    """Operations of the catalogue: (version, operation) → the read, and the streams that do it."""
    found: dict[tuple[str, str], tuple[Read, list[Service]]] = {}
    for spec in STREAMS.values():
        for read in spec.reads:
            _, services = found.setdefault((version(read), read.operation), (read, []))
            if spec.name not in {one.stream for one in services}:
                services.append(Service(spec.name))
        if spec.single:
            _, services = found.setdefault((version(spec.single), spec.single.operation), (spec.single, []))
            if spec.name not in {one.stream for one in services}:
                services.append(Service(spec.name, "`record_ids`"))
    return found


def services(operation: str) -> list[Service]:
    """Streams that answer an operation or an action of this name; the newer form's first."""
    if operation in _OF_THEIR_OWN:
        return [Service(_OF_THEIR_OWN[operation])]
    known = published()
    found = [one for major in ("v2", "v1") for one in known.get((major, operation), (None, []))[1]]
    served = [spec.name for spec in STREAMS.values() if operation in spec.serves]
    found += [Service(name, "columns of its rows") for name in served]
    own = [one for one in found if not (one.spec and one.spec.parent)]
    once: dict[str, Service] = {}
    for one in own or found:
        once.setdefault(one.stream, one)
    return list(once.values())


def _facts(found: list[Service]) -> tuple[str, str, str, str, str]:
    """Stream, default, cost, paging and kind of what answers an operation."""
    first = found[0]
    names = ", ".join(
        f"{code(one.stream)}{f' by {one.way}' if one.way.startswith('`') else ''}" for one in found
    )
    if first.way and not first.way.startswith("`"):
        names += f" ({first.way})"
    spec = first.spec
    if spec is None:
        return (names if first.stream in stream_names() else f"{names}, {_NOT_YET}", "", "", "", "")
    if first.way.startswith("`") and spec.single:
        return names, default(spec), f"{spec.single.cost} per id", "one request", "asked for by id"
    return names, default(spec), cost(spec), paging(spec), kind(spec)


def action_rows() -> Iterator[tuple[str, ...]]:
    """Reading actions and what serves each."""
    for name in actions():
        if not name.startswith(READING):
            continue
        if name == "rawRequest":
            yield (code(name), _raw_request(), "", "", "", "")
            continue
        found = services(name)
        yield (code(name), *(_facts(found) if found else (_NOT_YET, "", "", "", "")))


def _raw_request() -> str:
    target = "writing: `raw_request` of the target"
    known = "raw_requests" in properties("tap")
    return f"reading: setting `raw_requests`{'' if known else ', ' + _NOT_YET}; {target}"


def read_rows() -> Iterator[tuple[str, ...]]:
    """Published reads and the stream of each."""
    known = published()
    for (major, name), (read, found) in sorted(
        known.items(), key=lambda item: (item[0][1].lower(), item[0][0])
    ):
        yield (code(name), major, *_facts(found), code(read.path))
    for spec in STREAMS.values():
        for name in spec.serves:
            if not any((major, name) in known for major in ("v1", "v2")):
                yield (code(name), "", *_facts([Service(spec.name, "columns of its rows")]), "")


def parameter_rows() -> Iterator[tuple[str, str]]:
    """Streams and the query parameters settings may give."""
    for spec in STREAMS.values():
        reads = [*spec.reads, *filter(None, [spec.single])]
        accepted = {name for read in reads for name in read.accepted}
        required = {name for read in spec.reads for name in read.required}
        if accepted:
            marked = (f"**`{name}`**" if name in required else code(name) for name in sorted(accepted))
            yield code(spec.name), ", ".join(marked)


_INTRODUCTION = """\
# What tap-pipedrive reads

Written by `make docs` from `tap_pipedrive/catalog/`. Default: selected unless you say otherwise. Tokens: what
a request takes of the daily budget.

A later run reads:

- *changes*: rows whose `update_time` is not before the bookmark, oldest first.
- *from the list's end*: the same for a list that can be sorted but not bounded; it is taken up near its end,
  where rows are older than the bookmark.
- *whole list*: all rows are read; pages that are as they were are not written again.
- *deals that changed* (or another stream): one request for each such row, or for a group of them.
- *all users* (or another stream): one request for each row, in every run.
- *asked for*: what the settings name, in every run.
"""
_PARAMETERS = """\
## What each stream takes in `stream_parameters`

Streams fed by `searches` or `statistics` take theirs in those entries. Without the names in bold Pipedrive
refuses. Any other name is refused before the first request, so that a parameter of an older API is never
ignored in silence.
"""


def page() -> str:
    """docs/coverage.md."""
    head = ("Stream", "Default", "Tokens", "Paging", "A later run reads")
    rows = list(action_rows())
    reads = list(read_rows())
    missing = ((code(key.split(" ")[1]), key.split(" ")[0], why) for key, why in NOT_COVERED.items())
    noted = ((code(spec.name), remarks(spec)) for spec in STREAMS.values() if remarks(spec))
    parts = (
        _INTRODUCTION,
        f"## Reading actions ({len(rows)})\n\nNames under which integration platforms offer them.\n",
        table(("Action", *head), rows),
        f"## Published reads ({len(reads)})\n",
        table(("Operation", "API", *head, "Path"), reads),
        f"## Not covered ({len(NOT_COVERED)})\n",
        table(("Operation", "API", "Why"), missing),
        _PARAMETERS,
        table(("Stream", "Parameters"), parameter_rows()),
        "## Remarks on streams\n",
        table(("Stream", "What"), noted),
    )
    return "\n".join(parts)
