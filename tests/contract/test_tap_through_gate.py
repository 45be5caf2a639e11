"""The tap's requests and the emulator's responses, checked against the published description.

The small account is read so in test_coverage.py.
"""

from __future__ import annotations

import pytest

from scripts.proof import verdict
from scripts.proof.evidence import read_by_id, read_lists
from tests.support.emulator import Emulator
from tests.support.gate import Gate
from tests.support.singer import run_tap


@pytest.mark.soak
def test_all_streams_of_the_medium_account_pass_the_gate(tmp_path):
    with Emulator("--burst", "0", "--legacy", seed="medium") as medium:
        gate = Gate(medium.url)
        lists, out = read_lists(medium, tmp_path, url=gate.url)
        by_id, _ = read_by_id(medium, out, url=gate.url)
        gate.no_problems()
    assert list(verdict.reading_problems(lists, by_id)) == []
    assert out.faults() == []


@pytest.mark.parametrize("stream", ["deals", "persons", "leads"])
def test_an_incremental_run_passes_the_gate(medium, stream):
    first = run_tap(medium.config(), stream)
    gate = Gate(medium.url)
    run_tap({**medium.config(), "api_url": gate.url}, stream, state=first.state)
    gate.no_problems()
