"""docs/coverage.md: the stream or action that performs each platform action and each published operation."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from scripts.claims import (
    RAW,
    Way,
    actions,
    claims,
    excused,
    of_action,
    published,
    reads,
    removed,
)
from scripts.docs import streams, writes
from scripts.docs.tables import code, table
from scripts.inputs import ANOTHER_WAY
from tap_pipedrive.catalog import STREAMS
from target_pipedrive.catalog.actions import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scripts.claims import Service
    from tap_pipedrive.catalog.spec import StreamSpec

NOT_YET = "not yet"
_READ_HEAD = ("Stream", "Default", "Tokens", "Paging", "A later run reads")


def _service(service: Service) -> str:
    match service.way:
        case Way.BY_ID:
            return f"{code(service.name)} by `record_ids`"
        case Way.ROWS if service.column:
            return f"{code(service.name)}, column {code(service.column)}"
        case Way.SIGN_IN:
            return service.way.value
        case Way.LIST if _also_by_id(STREAMS[service.name]):
            return f"{code(service.name)}, also by `record_ids`"
    return code(service.name)


def _also_by_id(spec: StreamSpec) -> bool:
    return spec.single is not None and spec.single in spec.reads


def _read_facts(services: Sequence[Service]) -> tuple[str, str, str, str, str]:
    """Return streams, default, tokens, paging and kind of the services that perform a read."""
    if not services:
        return (NOT_YET, "", "", "", "")
    first = services[0]
    names = ", ".join(map(_service, services))
    if first.way is Way.ACTION:
        return f"{names}, of the target", "", "1", "one request", "until the started job has ended"
    spec = STREAMS[first.name]
    if first.way is Way.BY_ID and spec.single:
        return names, "by setting", f"{spec.single.cost} per id", "one request", "requested by id"
    return names, streams.default(spec), streams.cost(spec), streams.paging(spec), streams.kind(spec)


def reading_rows() -> Iterator[tuple[str, ...]]:
    """Yield reading actions of integration platforms with the streams that perform them."""
    for name in actions():
        if reads(name):
            yield (code(name), *_read_facts(of_action(name)))
    yield (code(RAW), "any name, by `raw_requests`", "by setting", "as given", "as given", "as given")


def writing_rows() -> Iterator[tuple[str, ...]]:
    """Yield writing actions of integration platforms and the stream that performs each."""
    for name in actions():
        if reads(name) or name == RAW:
            continue
        services = of_action(name)
        if not services:
            yield (code(name), NOT_YET, "", "", "", "")
            continue
        spec = ACTIONS[services[0].name]
        request = code(f"{spec.method} {spec.path}")
        yield (
            code(name),
            code(spec.name),
            writes.entity(spec),
            request,
            str(spec.cost),
            writes.repetition(spec),
        )
    yield (code(RAW), "`raw_request`", "", "any", "as given", "according to `idempotent`")


def read_rows() -> Iterator[tuple[str, ...]]:
    """Yield published reads with the services that perform them."""
    for key, operation in _by_name():
        if operation.method == "GET" and key in claims():
            major, _, name = key.partition(":")
            yield (code(name), major, *_read_facts(claims()[key]), code(_path(operation.path)))


def write_rows() -> Iterator[tuple[str, ...]]:
    """Yield published writes with the services that perform them."""
    for key, operation in _by_name():
        if operation.method == "GET" or key not in claims():
            continue
        major, _, name = key.partition(":")
        services = claims()[key]
        specs = [ACTIONS[one.name] for one in services if one.way is Way.ACTION]
        entity = writes.entity(specs[0]) if specs else ""
        repetition = writes.repetition(specs[0]) if specs else ""
        request = code(f"{operation.method} {_path(operation.path)}")
        names = ", ".join(map(_service, services))
        yield (code(name), major, names, entity, str(operation.cost), repetition, request)


def _path(path: str) -> str:
    return path.replace("/api/v1/", "/v1/")


def _by_name() -> list:
    known = {**published(), **removed()}
    return sorted(known.items(), key=lambda item: (item[0].partition(":")[2].lower(), item[0]))


def excused_rows() -> Iterator[tuple[str, str, str, str]]:
    """Yield published operations that are not performed, with the reason."""
    known = published()
    for key, why in sorted(excused().items(), key=lambda item: (known[item[0]].method != "GET", item[1])):
        major, _, name = key.partition(":")
        yield code(name), major, known[key].method, why


def counts() -> list[tuple[str, int, int, int]]:
    """Count published, performed and excused operations, for reads and for writes."""
    found = []
    for label, is_read in (("Reads (GET)", True), ("Writes (POST, PUT, PATCH, DELETE)", False)):
        keys = [key for key, one in published().items() if (one.method == "GET") is is_read]
        found.append((label, len(keys), *(len(set(keys) & set(of)) for of in (claims(), excused()))))
    return found


def platform_kinds() -> Mapping[str, int]:
    """Return the number of actions of integration platforms, by verb."""
    words = ("get", "search", "find", "download", "select", "add", "update", "delete", "merge")
    found = Counter(next((one for one in words if name.startswith(one)), "other") for name in actions())
    return dict(found.most_common())


def parameter_rows() -> Iterator[tuple[str, str]]:
    """Yield streams with the query parameters that settings may set."""
    for spec in STREAMS.values():
        every = [*spec.reads, *filter(None, [spec.single])]
        accepted = {name for read in every for name in read.accepted}
        required = {name for read in spec.reads for name in read.required}
        if accepted:
            marked = (f"**`{name}`**" if name in required else code(name) for name in sorted(accepted))
            yield code(spec.name), ", ".join(marked)


def _remarked() -> Iterator[StreamSpec]:
    return (spec for spec in STREAMS.values() if streams.remarks(spec))


_INTRODUCTION = """\
# What is covered

The stream or action that performs each action that integration platforms offer for Pipedrive, and each
operation that Pipedrive publishes: streams of tap-pipedrive read, actions of target-pipedrive write. `make
docs` generates this page from the catalogues of both programs. `make coverage` runs every stream and every
action against the emulator and fails if its request log does not confirm this page.
"""
_HOW_TO_READ = """\
## How to read the tables

**Default**: *yes* is selected by default; an empty cell is not; *by setting* is read when the setting names
what to read. **Tokens**: cost of a request in tokens of the daily budget. **Paging**: how further pages are
requested, and the rows of a page. A stream with a "column `stage_id`" contains the rows that the operation
would return; the column identifies them, so nothing is read twice.

**A later run reads**

- *changed rows*: rows whose `update_time` is not before the bookmark, oldest first.
- *the end of the list*: the list can be sorted by time, but not filtered; reading starts shortly before its
  previous end, where rows are older than the bookmark.
- *whole list*: all rows are read; unchanged pages are not emitted again.
- *changed rows of* another stream: one request for each such row, or for a group of them.
- *every row of* another stream: one request for each row. All rows found are emitted in every run.
- *the ids in*, *the entries of* a setting: the requests that the setting names, in every run.

**When interrupted** (a write whose response was lost, for example in a crash)

- *repeated*: executing the write twice has the same effect as once.
- *looked up*: the next attempt looks for the row, and creates one only if it does not exist.
- *reported*: it is impossible to find out whether the write was executed. The record fails with a message,
  and is not sent again until you allow it.
"""
_WRITING = """\
The target accepts a stream under either name. [actions.md](actions.md) lists its columns. *Also by rows
of*: the entity stream that performs the action when a row requires it.
"""
_INPUTS = """\
## Inputs of reading actions

An input of an action above is a query parameter of its stream, in snake_case: `filterId` is
`{"deals": {"filter_id": 7}}` in `stream_parameters`. An input that references a row is an id in `record_ids`.
This table lists all other inputs. If they are set as parameters, they are rejected, and the message lists the
names that the current API accepts.
"""
_PARAMETERS = """\
## Names that each stream accepts in `stream_parameters`

Streams configured by `searches` or `statistics` have their parameters in those entries. Names in bold are
required by Pipedrive. Any other name is rejected before the first request, so a parameter of an older API is
never silently ignored.
"""
_REMOVED = """\
Five more operations were published in the past and are performed on demand, with a warning: three reads and
two writes of subscriptions, which Pipedrive removed on 2025-06-27.
"""


def page() -> str:
    """Return docs/coverage.md."""
    reading, writing = list(reading_rows()), list(writing_rows())
    read, written = list(read_rows()), list(write_rows())
    excused_operations = list(excused_rows())
    noted = ((code(spec.name), streams.remarks(spec)) for spec in _remarked())
    kinds = ", ".join(f"{count} {word}" for word, count in platform_kinds().items())
    write_head = ("Entity", "Tokens", "When interrupted")
    parts = (
        _INTRODUCTION,
        table(("Published operations", "Published", "Performed", "Not covered"), counts()),
        _REMOVED,
        f"The names of {len(actions())} actions below are those of integration platforms:\n{kinds}.\n",
        _HOW_TO_READ,
        f"## Reading actions ({len(reading)})\n\nThe names are those of integration platforms.\n",
        table(("Action", *_READ_HEAD), reading),
        f"## Writing actions ({len(writing)})\n",
        _WRITING,
        table(("Action", "Stream", "Also by rows of", "Request", "Tokens", "When interrupted"), writing),
        f"## Published reads ({len(read)})\n",
        table(("Operation", "API", *_READ_HEAD, "Path"), read),
        f"## Published writes ({len(written)})\n",
        table(("Operation", "API", "Stream", "Also by rows of", *write_head[1:], "Request"), written),
        f"## Not covered ({len(excused_operations)})\n",
        table(("Operation", "API", "Method", "Why"), excused_operations),
        _INPUTS,
        table(("Input", "Use instead"), ((code(name), text) for name, text in ANOTHER_WAY.items())),
        _PARAMETERS,
        table(("Stream", "Parameters"), parameter_rows()),
        "## Remarks on streams\n",
        table(("Stream", "What"), noted),
    )
    return "\n".join(parts)
