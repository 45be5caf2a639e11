"""Invalid responses at every page of every kind of list: no row is lost or reported as deleted.

One request fails. The run then equals one without the fault, or ends with exit code 1 and the next run emits
the missing rows.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

import pytest

from tap_pipedrive.catalog import STREAMS
from tests.support.faulty import Run, run
from tests.support.settings import ALL_STREAMS

KINDS = (
    "null_data",
    "empty_page",
    "torn",
    "html",
    "cut",
    "gzip_cut",
    "no_content",
    "empty_body",
    "null_body",
    "bare_data",
    "no_data",
)
SAMPLED = {
    "persons": "changes, v2",
    "notes": "changes, v1",
    "files": "changes without a bound, v1",
    "leads": "two lists, v1",
    "stages": "whole, v2",
    "users": "whole, v1",
    "deal_fields": "definitions",
    "deal_products": "fan-out in bulk, v2",
    "deal_followers": "fan-out, v2",
    "note_comments": "fan-out, v1",
    "deal_changes": "fan-out, v1 with a cursor",
    "user_settings": "one object",
    "person_searches": "search",
    "deals_summary": "statistics",
}
"""A stream of each kind of reading; the others are read in the same ways."""
RUNS_A_STREAM = 2
MOST_CALLS = 6
"""Calls of one operation that the whole campaign strikes: the first, the last, and some between."""
REMOVED = {name for name, spec in STREAMS.items() if spec.removed_on} | {"file_contents", "recents"}

_clean: dict[tuple[str, str], tuple[Run, dict[str, int]]] = {}


@dataclass(frozen=True)
class Strike:
    """One fault at one call of an operation."""

    operation: str
    nth: int
    kind: str


def settings(emulator):
    return emulator.config(**ALL_STREAMS)


def clean(emulator, stream: str) -> tuple[Run, dict[str, int]]:
    """The run without a fault, and how often it called each operation."""
    case = emulator.dialect, stream
    if case not in _clean:
        run(settings(emulator), stream)  # discovery is not part of it
        emulator.post("/_emulator/log/clear")
        found = run(settings(emulator), stream)
        assert (found.code, found.output.faults()) == (0, [])
        _clean[case] = found, emulator.requests()
    return _clean[case]


def own_operations(stream: str, called: dict[str, int]) -> dict[str, int]:
    """Calls of the stream's own reads and of definitions; those of parents are struck where they belong."""
    plain = {_plain(read.path) for read in STREAMS[stream].reads}
    return {
        name: n for name, n in called.items() if _plain(name.partition(" ")[2]) in plain or "Fields" in name
    }


def _plain(path: str) -> str:
    return re.sub(r"\{[^}]+\}", "{}", path.replace("/api/v1/", "/v1/"))


def strikes(called: dict[str, int], chance: random.Random) -> list[Strike]:
    """Each kind of fault at each call, of an operation that is called often at some of them."""
    found = []
    for operation, count in sorted(called.items()):
        calls = list(range(1, count + 1))
        if count > MOST_CALLS:
            calls = sorted({1, count, *chance.sample(calls, MOST_CALLS - 2)})
        found += [Strike(operation, nth, kind) for nth in calls for kind in KINDS]
    return found


def set_fault(emulator, strike: Strike, *, lasting: bool = False) -> bool:
    """Script the fault; returns False if the kind does not apply to the operation."""
    nth = list(range(strike.nth, strike.nth + 20)) if lasting else strike.nth
    rule = {"operation": strike.operation, "nth": nth, "kind": strike.kind}
    try:
        emulator.post("/_emulator/faults", [rule])
    except OSError:  # 400: an empty page of a list that has no pages
        assert strike.kind == "empty_page"
        return False
    return True


def check(emulator, stream: str, strike: Strike) -> None:
    """One run with the fault and, if it ended with an error, the next one without it."""
    expected, _ = clean(emulator, stream)
    emulator.reset()
    if not set_fault(emulator, strike):
        return
    struck = run(settings(emulator), stream)
    assert struck.output.faults() == [], strike
    if struck.code:
        assert struck.code == 1, (strike, struck.error)
        emulator.post("/_emulator/faults", [])
        struck = run(settings(emulator), stream, before=struck)
        assert struck.code == 0, (strike, struck.error)
    assert struck.tables == expected.tables, strike


@pytest.mark.parametrize(
    "stream",
    [pytest.param(name, marks=[pytest.mark.soak] if at % 2 else []) for at, name in enumerate(SAMPLED)],
)
def test_a_fault_at_a_page_loses_no_row(small, stream):
    chance = random.Random(f"11 {stream}")
    _, called = clean(small, stream)
    found = strikes(own_operations(stream, called), chance)
    chosen = chance.sample(found, RUNS_A_STREAM)
    nulls = [one for one in found if one.kind == "null_data" and one not in chosen]
    for strike in [*chosen, *nulls[-1:]]:
        check(small, stream, strike)


@pytest.mark.soak
@pytest.mark.parametrize("stream", sorted(STREAMS.keys() - REMOVED))
def test_no_fault_at_any_page_loses_a_row(small, stream):
    _, called = clean(small, stream)
    for strike in strikes(own_operations(stream, called), random.Random(stream)):
        check(small, stream, strike)


LASTING = sorted({*KINDS} - {"null_data", "empty_page", "html", "cut"})


@pytest.mark.parametrize(
    ("stream", "kind"), [("persons" if at % 2 else "notes", kind) for at, kind in enumerate(LASTING)]
)
def test_a_permanent_fault_ends_the_run_and_describes_the_response(small, stream, kind):
    expected, called = clean(small, stream)
    ((operation, _),) = (one for one in own_operations(stream, called).items() if "Fields" not in one[0])
    small.reset()
    set_fault(small, Strike(operation, 2, kind), lasting=True)
    struck = run(settings(small), stream)
    assert struck.code == 1
    assert operation.partition(" ")[2].replace("/api/v1", "/v1") in struck.error
    said = {
        "torn": "not complete JSON",
        "gzip_cut": "truncated gzip",
        "no_content": "204",
        "empty_body": "empty body",
        "null_body": "null",
        "bare_data": "a list instead of an object",
        "no_data": "no `data`",
    }
    assert said[kind] in struck.error
    small.post("/_emulator/faults", [])
    healed = run(settings(small), stream, before=struck)
    assert (healed.code, healed.tables) == (0, expected.tables)


# ── sweeps of deletes ────────────────────────────────────────────────────────────────────────────────

SWEPT = {
    "persons": ("DELETE", "/api/v2/persons/{}", 7),
    "notes": ("DELETE", "/api/v1/notes/{}", 5),
    "leads": ("DELETE", "/api/v1/leads/{}", None),
    "stages": ("DELETE", "/api/v2/stages/{}", None),
    "lead_labels": ("DELETE", "/api/v1/leadLabels/{}", None),
}
"""How a row is deleted, and which; their streams ask for rows in bulk, one by one, or not at all by id."""

_swept: dict[tuple[str, str], tuple[Run, Run, object, dict[str, int]]] = {}


def sweeping(emulator):
    return emulator.config(detect_deletes=True, delete_sweep_interval_hours=0)


def _delete(emulator, stream: str, one: object) -> bool:
    """Delete a row; returns False if this user may not."""
    method, path, _ = SWEPT[stream]
    try:
        emulator.call(method, path.format(one))
    except OSError:
        return False
    return True


def swept(emulator, stream: str) -> tuple[Run, Run, object, dict[str, int]]:
    """A first run, the run after a row was deleted, that row, and the calls of the second run."""
    case = emulator.dialect, stream
    if case not in _swept:
        emulator.reset()
        first = run(sweeping(emulator), stream)
        one = next(
            record["id"]
            for record in first.output.records[stream]
            if SWEPT[stream][2] in (None, record["id"]) and _delete(emulator, stream, record["id"])
        )
        emulator.post("/_emulator/log/clear")
        second = run(sweeping(emulator), stream, before=first)
        called = emulator.requests()
        assert tombstones(second, stream) == [one]
        _swept[case] = first, second, one, called
    return _swept[case]


def tombstones(found: Run, stream: str) -> list[object]:
    return [record["id"] for record in found.output.records[stream] if record.get("_sdc_deleted_at")]


def check_sweep(emulator, stream: str, strike: Strike) -> None:
    """Check that no live row has a tombstone, and the deleted row has one in this run or the next."""
    first, second, one, _ = swept(emulator, stream)
    emulator.reset()
    _delete(emulator, stream, one)
    if not set_fault(emulator, strike):
        return
    struck = run(sweeping(emulator), stream, before=first)
    assert tombstones(struck, stream) in ([], [one]), strike
    if struck.code:
        assert struck.code == 1, (strike, struck.error)
        emulator.post("/_emulator/faults", [])
        struck = run(sweeping(emulator), stream, before=struck)
        assert struck.code == 0, (strike, struck.error)
    assert tombstones(struck, stream) in ([], [one]), strike
    assert struck.tables == second.tables, strike


@pytest.mark.parametrize("stream", SWEPT)
def test_a_fault_during_a_sweep_reports_no_existing_row_as_deleted(small, stream):
    chance = random.Random(f"12 {stream}")
    found = strikes(swept(small, stream)[3], chance)
    nulls = [one for one in found if one.kind == "null_data"]
    for strike in [*chance.sample(found, 1), *chance.sample(nulls, 2)]:
        check_sweep(small, stream, strike)


@pytest.mark.soak
@pytest.mark.parametrize("stream", SWEPT)
def test_no_fault_at_any_request_of_a_sweep_reports_an_existing_row_as_deleted(small, stream):
    for strike in strikes(swept(small, stream)[3], random.Random(stream)):
        check_sweep(small, stream, strike)
