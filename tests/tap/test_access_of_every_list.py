"""Every kind of list and of denied access: the run after access is granted reads what was missing."""

from __future__ import annotations

import random

import pytest

from tap_pipedrive.catalog import STREAMS
from tests.support.faulty import run
from tests.tap.test_access import REFUSALS, warnings
from tests.tap.test_invalid_responses import (
    REMOVED,
    SAMPLED,
    SWEPT,
    clean,
    own_operations,
    settings,
    sweeping,
    swept,
    tombstones,
)

pytestmark = pytest.mark.dialects
KINDS = REFUSALS | {"payment": {"status": 402, "error": "Payment required"}}
ENDS = {1, 2, 3}
"""Exit codes of runs that cannot go on, because all requests or the definitions of the columns are denied."""


def refuse(emulator, operations, kind, nth):
    which = {"nth": nth} if nth else {"every": 1}
    emulator.post(
        "/_emulator/faults",
        [{"operation": one, "kind": "status_before", **KINDS[kind], **which} for one in operations],
    )


def own(stream, called):
    """Return the operations of a stream, without those of the definitions of its columns."""
    found = own_operations(stream, called)
    return [one for one in found if "Fields" not in one or not STREAMS[stream].custom_fields]


def check(emulator, stream, kind, nth, caplog):
    """Check that a denied run reports what is missing, and that the next one reads it."""
    expected, called = clean(emulator, stream)
    emulator.reset()
    caplog.clear()
    refuse(emulator, own(stream, called), kind, nth)
    denied = run(settings(emulator), stream)
    assert denied.output.faults() == []
    if denied.tables.get(stream) != expected.tables.get(stream):
        assert denied.code in ENDS or warnings(caplog, stream), (stream, kind)
    emulator.post("/_emulator/faults", [])
    granted = run(settings(emulator), stream, before=denied)
    assert (granted.code, granted.tables) == (0, expected.tables), (stream, kind)


def cases():
    """Each kind of list and of denied access, for all requests or the second; one a list in `make test`."""
    chance = random.Random("access")
    for stream in SAMPLED:
        chosen = chance.choice([*KINDS])
        for kind in KINDS:
            for nth in (None, 2):
                soak = kind != chosen or nth is not None
                yield pytest.param(stream, kind, nth, marks=[pytest.mark.soak] if soak else [])


@pytest.mark.parametrize(("stream", "kind", "nth"), [*cases()])
def test_rows_of_a_denied_list_are_read_after_access_is_granted(small, stream, kind, nth, caplog):
    check(small, stream, kind, nth, caplog)


@pytest.mark.soak
@pytest.mark.parametrize("stream", sorted(STREAMS.keys() - REMOVED))
def test_rows_of_every_denied_stream_are_read_after_access_is_granted(small, stream, caplog):
    chance = random.Random(f"access {stream}")
    for kind in chance.sample([*KINDS], 2):
        check(small, stream, kind, chance.choice([None, 1, 2]), caplog)


@pytest.mark.parametrize("stream", SWEPT)
def test_a_denied_sweep_reports_no_row_as_deleted(small, stream):
    """Neither when the list is denied, nor when the requests by id are."""
    first, second, one, called = swept(small, stream)
    method, path, _ = SWEPT[stream]
    for kind in random.Random(f"sweep {stream}").sample(sorted(REFUSALS), 2):
        for nth in (None, 2):
            small.reset()
            small.call(method, path.format(one))
            refuse(small, [name for name in called if "Fields" not in name], kind, nth)
            denied = run(sweeping(small), stream, before=first)
            assert tombstones(denied, stream) in ([], [one])
            small.post("/_emulator/faults", [])
            granted = run(sweeping(small), stream, before=denied)
            assert granted.code == 0
            assert sorted(tombstones(denied, stream) + tombstones(granted, stream)) == [one]
            assert granted.tables == second.tables
