"""With any input, a run ends with a documented exit code, and every record is accounted for.

A case of a seed is run alone by `python -m tests.target.fuzz SEED`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from tests.support.cli import environment
from tests.support.emulator import Emulator
from tests.target.fuzz import oracle
from tests.target.fuzz.generator import case
from tests.target.fuzz.harness import Harness

SAMPLE, ALL, SHARE = 200, 20_000, 25
PROCESSES = 6


TOGETHER = 5
"""Cases whose runs share a process in `make test`, as a fork takes half of a run; in `make soak` none do."""


@pytest.fixture(scope="module")
def harness(tmp_path_factory):
    with Emulator("--burst", "0") as emulator:
        running = Harness(emulator, tmp_path_factory.mktemp("cases"))
        yield running
        running.close()


def found(harness, first, together=0):
    """Return the seeds of a share of the cases, with their mutations and violations."""
    wrong = {}
    harness.together = together
    for made in map(case, range(first, first + SHARE)):
        problems = oracle.problems(harness, made)
        if any(one.endswith(" seconds") for one in problems):  # the machine may have been busy
            problems = oracle.problems(harness, made)
        if problems:
            wrong[made.seed] = [made.story, *problems]
        else:  # twenty thousand of them would fill the memory
            shutil.rmtree(harness.folder / str(made.seed))
    return wrong


@pytest.mark.parametrize("first", range(0, SAMPLE, SHARE))
def test_mutated_input_is_accounted_for(harness, first):
    assert found(harness, first, TOGETHER) == {}


@pytest.mark.soak
@pytest.mark.parametrize("first", range(SAMPLE, ALL, SHARE))
def test_all_mutated_input_is_accounted_for(harness, first):
    assert found(harness, first) == {}


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(seed, marks=[pytest.mark.soak] if place % 2 else [])
        for place, seed in enumerate(range(0, SAMPLE - PROCESSES, SAMPLE // PROCESSES))
    ],
)
def test_a_separate_process_ends_like_a_forked_run(harness, seed):
    made = case(seed)
    harness.together = 0
    forked = harness.run(made, harness.begin(made))
    folder = harness.begin(made)
    config = {**json.loads((harness.folder / "config.json").read_text()), "results_path": "results"}
    (folder / "config.json").write_text(json.dumps(config))
    done = subprocess.run(
        [sys.executable, "-m", "target_pipedrive", "--config", "config.json"],
        cwd=folder,
        input=made.data,
        env=environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.decode()) == (forked.code, forked.out)
    assert b"Traceback" not in done.stderr
    results = folder / "results"
    lines = results.read_text().splitlines() if results.exists() else []
    assert len(lines) == len(forked.results)


def test_a_seed_always_generates_the_same_case():
    assert [case(seed) for seed in range(50)] == [case(seed) for seed in range(50)]
