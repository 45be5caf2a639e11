"""Comparison of the evidence with the claims of the documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.claims import RAW, Way, actions, claims, excused, of_action, place, published, removed
from scripts.proof.evidence import RAW_STREAM
from tap_pipedrive.catalog import STREAMS
from target_pipedrive.catalog.actions import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.claims import Service
    from scripts.proof.evidence import Evidence, Reading, Writing


def reading_problems(lists: Reading, by_id: Reading) -> Iterator[str]:
    """Yield claims about reads that these runs do not confirm, and reads without a claim."""
    for key, services in claims().items():
        for service in services:
            if service.way in (Way.LIST, Way.BY_ID, Way.ROWS):
                why = _unread(key, service, lists, by_id)
                if why:
                    yield f"{key.replace(':', ' ')}: {why}"
    if str(RAW_STREAM["name"]) not in lists.columns:
        yield f"{RAW}: claimed of the setting raw_requests, whose stream wrote no record"
    for run in (lists, by_id):
        yield from _unclaimed(run.seen.asked)


def _unread(key: str, service: Service, lists: Reading, by_id: Reading) -> str:
    """Return why a claim about a read is not confirmed; empty if it is."""
    spec = STREAMS[service.name]
    run = by_id if service.way is Way.BY_ID or "record_ids" in spec.settings else lists
    columns = run.columns.get(spec.name)
    if columns is None:
        return f"claimed of the stream {spec.name}, which wrote no record"
    if service.way is Way.ROWS:
        missing = service.column and service.column not in columns
        return f"claimed of {spec.name}, whose {service.column} is empty in every row" if missing else ""
    where = _place(key)
    if where in run.seen.answered:
        return ""
    status = run.seen.refused.get(where)
    outcome = f"answered {status}" if status else "never requested"
    return f"claimed of the stream {spec.name}, but {where} was {outcome}"


def sign_in_problems(sign_in: Reading) -> Iterator[str]:
    """Yield claims about the sign-in that these runs do not confirm."""
    for key, services in claims().items():
        if any(service.way is Way.SIGN_IN for service in services) and (
            _place(key) not in sign_in.seen.answered
        ):
            yield f"{key.replace(':', ' ')}: claimed of the sign-in, but {_place(key)} got no response"


def writing_problems(writings: list[Writing]) -> Iterator[str]:
    """Yield claims about writes that these runs do not confirm, and requests without a claim."""
    done = {one.action for one in writings}
    for name in ACTIONS:
        if name not in done:
            yield f"{name}: claimed, but was not tried"
    for one in writings:
        columns = "every column" if one.full else "required columns"
        spec = ACTIONS.get(one.action)
        where = place(spec.method, spec.path) if spec else ""
        if one.outcome in ("failed", "skipped"):
            yield f"{one.stream} with {columns}: {one.outcome}: {one.error}"
        elif where and where not in one.seen.answered:
            yield f"{one.stream} with {columns}: {where} got no response"
        elif one.full and not one.changed:
            yield f"{one.stream} with {columns}: the account is as it was before"
        yield from _unclaimed(one.seen.asked)


def accounting_problems() -> Iterator[str]:
    """Yield published operations and platform actions that the documentation does not mention."""
    for key in published():
        if key not in claims() and key not in excused():
            yield (
                f"{key.replace(':', ' ')} is published, but no stream or action performs it: add an entry in "
                "tap_pipedrive/catalog/ or target_pipedrive/catalog/actions/, or a reason in not_covered.py"
            )
        if key in claims() and key in excused():
            yield f"{key.replace(':', ' ')} is performed, but not_covered.py lists it"
    for name in actions():
        if not of_action(name) and name != RAW:
            yield f"{name}: offered by integration platforms, but not performed"


def problems(evidence: Evidence) -> list[str]:
    """Return all claims that were not confirmed, and everything seen without a claim."""
    found = [
        *accounting_problems(),
        *reading_problems(evidence.lists, evidence.by_id),
        *sign_in_problems(evidence.sign_in),
        *writing_problems(evidence.writings),
    ]
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Count:
    """Numbers of operations of a kind: published, claimed, confirmed and left out."""

    what: str
    published: int
    claimed: int
    requested: int
    by_rows: int
    excused: int


def counts(evidence: Evidence) -> list[Count]:
    """Return the numbers of reads, of writes, and of operations that are no longer published."""
    seen = _seen(evidence)
    rows = {key for key, services in claims().items() if all(one.way is Way.ROWS for one in services)}
    kinds = (
        ("Reads (GET)", {key for key, one in published().items() if one.method == "GET"}),
        (
            "Writes (POST, PUT, PATCH, DELETE)",
            {key for key, one in published().items() if one.method != "GET"},
        ),
        ("Removed by Pipedrive", set(removed())),
    )
    return [
        Count(what, len(keys), *(len(keys & set(some)) for some in (claims(), seen, rows, excused())))
        for what, keys in kinds
    ]


def _seen(evidence: Evidence) -> set[str]:
    """Return claimed operations that were requested successfully, without those replaced by other rows."""
    runs = [evidence.lists.seen, evidence.by_id.seen, evidence.sign_in.seen]
    read = set().union(*(run.answered for run in runs))
    written = set().union(*(one.seen.answered for one in evidence.writings))
    return {
        key
        for key, services in claims().items()
        if any(
            _place(key) in (written if one.way is Way.ACTION else read)
            for one in services
            if one.way is not Way.ROWS
        )
    }


def _unclaimed(asked: set[str]) -> Iterator[str]:
    known = {
        _place(key) for key, services in claims().items() if any(s.way is not Way.ROWS for s in services)
    }
    for where in sorted(asked - known):
        yield f"{where}: requested, but not in any table"


def _place(key: str) -> str:
    operation = published().get(key) or removed()[key]
    return place(operation.method, operation.path)
