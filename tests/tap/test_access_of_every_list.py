"""Every operation behind every stream is denied, for every reason: reported once, and read when granted."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

import pytest

from pipedrive_client.auth.scopes import required_scopes
from tap_pipedrive.catalog import STREAMS
from tests.support.faulty import rows_of, run
from tests.tap.test_access import REFUSALS, warnings
from tests.tap.test_invalid_responses import (
    REMOVED,
    SAMPLED,
    SWEPT,
    clean,
    settings,
    sweeping,
    swept,
    tombstones,
)

pytestmark = pytest.mark.dialects
KINDS = REFUSALS | {
    "limit": {"status": 403, "error": "Limit reached", "code": "feature_capping_deals_limit"},
    "payment": {"status": 402, "error": "Payment required"},
}
CAUSES = {
    "scope": "Scope and URL mismatch",
    "right": "You do not have permission",
    "plan": "not available in your plan",
    "add_on": "not enabled for this company",
    "suite": "Required suites missing",
    "unknown_method": "Unknown method",
    "limit": "Limit reached",
}
STREAM_NAMES = sorted(STREAMS.keys() - REMOVED)
BYSTANDER = {name: "lead_labels" if name == "currencies" else "currencies" for name in STREAM_NAMES}


def refuse(emulator, operations, kind, nth=None):
    which = {"nth": nth} if nth else {"every": 1}
    emulator.post(
        "/_emulator/faults",
        [{"operation": one, "kind": "status_before", **KINDS[kind], **which} for one in operations],
    )


def plain(path):
    return re.sub(r"\{[^}]+\}", "{}", path.replace("/api/v1/", "/v1/"))


def pattern(operation):
    """Pattern of the path of an operation, with ids and any prefix."""
    return "(/api)?" + re.sub(r"\\\{[^}]*\\\}", "[^ /]+", re.escape(operation.split("/api", 1)[1]))


@dataclass(frozen=True)
class Case:
    """An operation behind a stream that is denied, at all calls or at one of them."""

    stream: str
    operation: str
    kind: str
    nth: int | None


def operations(stream, called, above=False):
    """Return the operations of a stream and of its field definitions, and of its parents if `above`."""
    chain = [STREAMS[stream]]
    while above and (parent := chain[-1].parent):
        chain.append(STREAMS[parent.stream])
    own = {plain(read.path) for spec in chain for read in spec.reads}
    return [one for one in called if plain(one.partition(" ")[2]) in own or "Fields" in one]


def cases_of(emulator, stream):
    _, called = clean(emulator, stream)
    for operation in operations(stream, called):
        for kind in KINDS:
            yield Case(stream, operation, kind, None)
            if called[operation] > 1:
                yield Case(stream, operation, kind, 2)


def check(emulator, case, caplog):
    """Check that a denied run reports what is missing, and that the next one reads it."""
    stream, by = case.stream, BYSTANDER[case.stream]
    expected, _ = clean(emulator, stream)
    bystander, _ = clean(emulator, by)
    emulator.reset()
    caplog.clear()
    refuse(emulator, [case.operation], case.kind, case.nth)
    denied = run(settings(emulator), stream, by)
    assert denied.output.faults() == []
    if case.kind == "payment":
        assert (denied.code, "402" in denied.error) == (3, True), case
    else:
        assert denied.tables[by] == bystander.tables[by]
        check_report(denied, case, expected, caplog)
    emulator.post("/_emulator/faults", [])
    granted = run(settings(emulator), stream, by, before=denied)
    assert (granted.code, granted.tables[stream]) == (0, expected.tables[stream]), case
    assert granted.denied == {}


def check_report(denied, case, expected, caplog):
    assert denied.code == 0, (case, denied.error)
    if denied.tables.get(case.stream) == expected.tables[case.stream]:
        # The other prefix served it.
        assert case.nth or not expected.tables[case.stream], case
        return
    (warning,) = warnings(caplog, f"Access to stream {case.stream} ")
    assert re.search(pattern(case.operation), warning), (case, warning)
    assert CAUSES[case.kind] in warning
    needed = required_scopes(*case.operation.split())
    assert case.kind != "scope" or " or ".join(needed) in warning, (case, warning)
    of_parents = STREAMS[case.stream].parent is not None
    assert bool(re.search(r"for \d+ of \d+ parents", warning)) == of_parents
    assert "denied" in denied.denied[case.stream]


@pytest.mark.parametrize("stream", SAMPLED)
def test_a_denied_operation_of_each_kind_of_list_is_reported_and_read_when_granted(small, stream, caplog):
    chance = random.Random(f"access {stream}")
    cases = [*cases_of(small, stream)]
    some = [one for one in cases if one.nth]
    check(small, chance.choice(some or cases), caplog)


@pytest.mark.soak
@pytest.mark.parametrize("stream", STREAM_NAMES)
def test_every_denied_operation_is_reported_and_read_when_granted(small, stream, caplog):
    for case in cases_of(small, stream):
        check(small, case, caplog)


# ── between two healthy runs, with changes before and after ──────────────────────────────────────────

CHANGED = (
    *("deals", "persons", "organizations", "activities", "products", "leads", "notes", "files", "call_logs"),
    *("projects", "tasks", "users", "pipelines", "filters", "goals", "roles", "permission_sets"),
)


def change(emulator, step):
    """Change every n-th row of each table."""
    emulator.post("/_emulator/clock", {"advance_seconds": 600})
    tables = emulator.dump()["tables"]
    emulator.post(
        "/_emulator/rows",
        [{"table": table, "id": row["id"], "set": {}} for table in CHANGED for row in tables[table][::step]],
    )
    emulator.post("/_emulator/clock", {"advance_seconds": 600})


_changes: dict[tuple[str, str], tuple[set[str], set[str], dict[str, int]]] = {}


def changes(emulator, stream):
    """Keys that the second and the third run emit without denied access, and the operations of the second."""
    case = emulator.dialect, stream
    if case not in _changes:
        emulator.reset()
        first = run(settings(emulator), stream)
        change(emulator, 2)
        emulator.post("/_emulator/log/clear")
        second = run(settings(emulator), stream, before=first)
        called = emulator.requests()
        change(emulator, 3)
        third = run(settings(emulator), stream, before=second)
        _changes[case] = rows_of(second, stream), rows_of(third, stream), called
    return _changes[case]


def check_between(emulator, case, caplog, repeat):
    """Check that one or more denied runs between two others lose no change."""
    stream = case.stream
    second, third, _ = changes(emulator, stream)
    emulator.reset()
    last = run(settings(emulator), stream)
    change(emulator, 2)
    refuse(emulator, [case.operation], case.kind, case.nth)
    found: set[str] = set()
    for _ in range(repeat):
        caplog.clear()
        last = run(settings(emulator), stream, before=last)
        found |= rows_of(last, stream)
        assert last.code or second <= found or stream in " ".join(warnings(caplog, "Access to")), case
    emulator.post("/_emulator/faults", [])
    change(emulator, 3)
    last = run(settings(emulator), stream, before=last)
    assert (last.code, (second | third) - found - rows_of(last, stream)) == (0, set()), case
    assert "refused" not in str(last.output.state)


def between(emulator, stream):
    *_, called = changes(emulator, stream)
    for operation in operations(stream, called, above=True):
        for kind in KINDS:
            yield Case(stream, operation, kind, None)
            if called[operation] > 1:
                yield from (Case(stream, operation, kind, nth) for nth in (1, 2))


@pytest.mark.parametrize(
    "stream", ["deals", "leads", "notes", "deal_products", "mail_messages", "role_settings"]
)
def test_a_denied_run_between_others_loses_no_change(small, stream, caplog):
    chance = random.Random(f"between {stream}")
    cases = [*between(small, stream)]
    some = [one for one in cases if one.nth]
    check_between(small, chance.choice(some or cases), caplog, chance.choice([1, 2]))


@pytest.mark.soak
@pytest.mark.parametrize("stream", STREAM_NAMES)
def test_no_denied_run_between_others_loses_a_change(small, stream, caplog):
    chance = random.Random(f"between {stream}")
    for case in between(small, stream):
        check_between(small, case, caplog, chance.choice([1, 2]))


# ── with settings that change the order of requests, or which are made ───────────────────────────────

SETTINGS = {
    "interval": {"full_list_interval_hours": 24},
    "windows": {"time_windows": 4, "max_concurrency": 8},
    "deletes": {"detect_deletes": True, "delete_sweep_interval_hours": 0},
    "in_turn": {"max_concurrency": 1},
    "start": {"start_date": "2025-06-01"},
}


def check_with(emulator, stream, setting, chance, caplog):
    """Check that a run with a setting reports an operation that is denied, and that the next one reads it."""
    config = settings(emulator) | SETTINGS[setting]
    emulator.reset()
    expected = run(config, stream)
    called = emulator.requests()
    served = sorted(one for one in called if not re.search(r"/\d", one))  # not a path of the other prefix
    operation, kind = chance.choice(served), chance.choice(sorted(REFUSALS))
    case = setting, stream, operation, kind
    emulator.reset()
    caplog.clear()
    refuse(emulator, [operation], kind, chance.choice([None, 1, 2, 3]))
    denied = run(config, stream)
    assert denied.code == 0, (case, denied.error)
    if denied.tables.get(stream) != expected.tables[stream]:
        assert warnings(caplog, "Access to stream", stream), case
        assert stream in denied.denied, case
    emulator.post("/_emulator/faults", [])
    granted = run(config, stream, before=denied)
    assert (granted.code, granted.tables.get(stream)) == (0, expected.tables[stream]), (case, granted.error)


@pytest.mark.parametrize("setting", SETTINGS)
def test_settings_do_not_hide_denied_access(small, setting, caplog):
    chance = random.Random(f"settings {setting}")
    for stream in chance.sample(STREAM_NAMES, 2):
        check_with(small, stream, setting, chance, caplog)


@pytest.mark.soak
@pytest.mark.parametrize("stream", STREAM_NAMES)
def test_no_setting_hides_denied_access(small, stream, caplog):
    chance = random.Random(f"settings {stream}")
    for setting in SETTINGS:
        for _ in range(3):
            check_with(small, stream, setting, chance, caplog)


# ── detection of deleted rows ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("stream", SWEPT)
def test_a_denied_sweep_reports_no_row_as_deleted(small, stream, caplog):
    """Neither when the list is denied, nor when the requests by id are; other streams are read."""
    first, second, one, called = swept(small, stream)
    method, path, _ = SWEPT[stream]
    lists = [name for name in called if "Fields" not in name]
    chance = random.Random(f"sweep {stream}")
    for nth, denied_operations in ((None, lists), (2, lists), (None, [chance.choice(lists)])):
        kind = chance.choice(sorted(REFUSALS))
        small.reset()
        small.call(method, path.format(one))
        caplog.clear()
        refuse(small, denied_operations, kind, nth)
        denied = run(sweeping(small), stream, "currencies", before=first)
        assert denied.code == 0
        assert denied.output.records["currencies"]
        assert tombstones(denied, stream) in ([], [one])
        if not tombstones(denied, stream):
            assert warnings(caplog, stream), (kind, nth, denied_operations)
        small.post("/_emulator/faults", [])
        granted = run(sweeping(small), stream, "currencies", before=denied)
        assert granted.code == 0
        assert sorted(tombstones(denied, stream) + tombstones(granted, stream)) == [one]
        assert granted.tables[stream] == second.tables[stream]
