"""What the tap asks, and what the emulator answers, against the published description."""

from __future__ import annotations

import pytest

from tap_pipedrive.catalog import STREAMS
from tests.support.gate import Gate
from tests.support.settings import ALL_STREAMS
from tests.support.singer import run_tap

LIVE = [name for name, spec in STREAMS.items() if not spec.removed_on]


def test_all_streams_pass_the_gate(medium, tmp_path):
    gate = Gate(medium.url, tmp_path / "gate.jsonl")
    config = {**medium.config(), **ALL_STREAMS, "api_url": gate.url, "files_dir": str(tmp_path)}
    out = run_tap(config, *LIVE)
    summary, problems = gate.close()
    assert not problems
    assert summary["request_problems"] == summary["response_problems"] == 0
    claimed = {
        f"GET {read.path.replace('/v1/', '/api/v1/')}" for name in LIVE for read in STREAMS[name].reads
    }
    assert claimed <= set(summary["operations"])
    assert {name for name in LIVE if not out.records[name]} == set()


@pytest.mark.parametrize("stream", ["deals", "persons", "leads"])
def test_an_incremental_run_passes_the_gate(medium, tmp_path, stream):
    first = run_tap(medium.config(), stream)
    gate = Gate(medium.url, tmp_path / "gate.jsonl")
    run_tap({**medium.config(), "api_url": gate.url}, stream, state=first.state)
    _, problems = gate.close()
    assert not problems
