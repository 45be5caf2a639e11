"""A run interrupted at any point and the next run together have the result of one run."""

from __future__ import annotations

import json
import os
import random
import signal

import pytest

from tests.support.forking import forking
from tests.support.singer import select
from tests.support.starting import DEVNULL, Started

pytestmark = pytest.mark.dialects

# Containers often set it; stdout then has no buffer, and a signal can cut a write short.
ENVIRONMENT = {**os.environ, "PYTHONUNBUFFERED": "1"}
STREAMS = ("deals", "deal_products", "persons", "activities", "leads", "notes", "files", "stages")
SAMPLE = 2
CAMPAIGN = 100


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("interrupted")


def command(folder, emulator, state=None, **settings) -> list[str]:
    config = folder / "config.json"
    config.write_text(json.dumps(emulator.config(validate_records=True, **settings)))
    catalog = folder / "catalog.json"
    catalog.write_text(json.dumps(select(emulator.config(), *STREAMS)))
    found = ["--config", str(config), "--catalog", str(catalog)]
    if state is not None:
        path = folder / "state.json"
        path.write_text(json.dumps(state))
        found += ["--state", str(path)]
    return found


def read(lines, table: dict, keys: dict):
    """Load lines as a loader would; returns the last state."""
    state = None
    for line in lines:
        if not line.endswith(b"\n"):
            break
        message = json.loads(line)
        if message["type"] == "SCHEMA":
            keys[message["stream"]] = message["key_properties"]
        elif message["type"] == "RECORD":
            stream, record = message["stream"], message["record"]
            table[(stream, *(record[key] for key in keys[stream]))] = record
        elif message["type"] == "STATE":
            state = message["value"]
    return state


def interrupted(folder, emulator, after: int, how: int, state, table: dict, keys: dict, **settings):
    """Run until this many lines were written, then end the tap; returns (last state, exit code)."""
    arguments = command(folder, emulator, state, **settings)
    process = Started("tap_pipedrive", *arguments, stderr=DEVNULL, env=ENVIRONMENT)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if len(lines) == after:
            process.send_signal(how)
    process.stdout.close()
    code = process.wait(timeout=60)
    return read(lines, table, keys) or state, code


def uninterrupted(folder, emulator, state=None, **settings) -> bytes:
    """Output of a run that is not ended."""
    arguments = command(folder, emulator, state, **settings)
    done = forking("tap_pipedrive").finish(folder, *arguments)
    done.check_returncode()
    return done.stdout


def campaign(folder, emulator, seed: int, how: int) -> None:
    """Every second run reads in time windows; the result must be the same."""
    source = random.Random(seed)
    settings = {"time_windows": 4} if seed % 2 else {}
    whole: dict = {}
    lines = uninterrupted(folder, emulator).splitlines(keepends=True)
    read(lines, whole, {})
    table: dict = {}
    keys: dict = {}
    state = None
    for _ in range(3):
        after = source.randrange(1, len(lines))
        state, code = interrupted(folder, emulator, after, how, state, table, keys, **settings)
        assert code in (0, -signal.SIGKILL, 128 + signal.SIGTERM)
    rest = uninterrupted(folder, emulator, state, **settings)
    final = read(rest.splitlines(keepends=True), table, keys)
    assert table == whole
    assert b'"RECORD"' not in uninterrupted(folder, emulator, final or state)


@pytest.mark.parametrize(
    "how",
    [pytest.param(signal.SIGTERM, marks=pytest.mark.soak), signal.SIGKILL],
    ids=["SIGTERM", "SIGKILL"],
)
@pytest.mark.parametrize("seed", range(SAMPLE // 2))
def test_an_ended_run_and_its_successors_equal_one_run(medium, folder, seed, how):
    campaign(folder, medium, seed, how)


@pytest.mark.soak
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
@pytest.mark.parametrize("seed", range(SAMPLE // 2, (SAMPLE + CAMPAIGN) // 2))
def test_a_hundred_ended_runs_equal_one_run(medium, folder, seed, how):
    campaign(folder, medium, seed, how)


def test_sigterm_ends_with_a_complete_line_and_its_own_exit_code(medium, folder):
    table: dict = {}
    process = Started("tap_pipedrive", *command(folder, medium), stderr=DEVNULL, env=ENVIRONMENT)
    first = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    rest = process.stdout.read()
    process.stdout.close()
    assert process.wait(timeout=60) == 128 + signal.SIGTERM
    assert (first + rest).endswith(b"\n")
    read((first + rest).splitlines(keepends=True), table, {})
