"""Signals around the end of a run of the tap: the exit code and a second run agree with what was written."""

from __future__ import annotations

import json
import random
import signal
import threading
import time

import pytest

from tests.support.cli import Files, environment
from tests.support.singer import run_tap, select
from tests.support.starting import Started

pytestmark = pytest.mark.dialects

STREAMS = ("deals", "persons", "stages", "notes")
SAMPLE, MORE = 3, 6
CAMPAIGN = 100
CUSTOM = "GET /api/v2/dealFields"
RATE_LIMIT = {"kind": "rate_limit", "retry_after": 30}
DOWN = {"kind": "status_before", "status": 503}


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


class Running:
    """A tap whose output is read here, line by line."""

    def __init__(self, folder, arguments):
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = Started("tap_pipedrive", *arguments, stderr=log, env=environment())

    def end(self):
        """Exit code, rest of the output, and log."""
        with self.process.stdout as out:
            rest = out.read()
        code = self.process.wait(timeout=60)
        text = self.log.read_text()
        assert "Traceback" not in text, text
        assert "Exception ignored" not in text, text
        return code, rest, text


def until(met, seconds=30.0):
    limit = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < limit
        threading.Event().wait(0.02)


def whole(lines):
    """Messages of the lines that are complete, as a loader reads them."""
    return [json.loads(line) for line in lines if line.endswith(b"\n")]


def tables(messages):
    """Rows by stream and key, and the last state."""
    found, keys, state = {}, {}, None
    for message in messages:
        if message["type"] == "SCHEMA":
            keys[message["stream"]] = message["key_properties"]
        elif message["type"] == "STATE":
            state = message["value"]
        else:
            row = message["record"]
            found[(message["stream"], *(row[key] for key in keys[message["stream"]]))] = row
    return found, state


def ended_around_its_end(emulator, files, seed):
    """Run with a signal at a random moment from the last tenth of the records to the end of the process."""
    source = random.Random(seed)
    catalog = select(emulator.config(), *STREAMS)
    expected, _ = tables(run_tap(emulator.config(), catalog=catalog).messages)
    how = source.choice([signal.SIGINT, signal.SIGTERM])
    after = source.randrange(len(expected) * 9 // 10, len(expected) + 1)
    delay = source.choice([0, source.random() * 0.05, source.random() * 0.5])
    running = Running(files.folder, files.arguments(emulator.config(), catalog=catalog))
    lines, count = [], 0
    for line in running.process.stdout:
        lines.append(line)
        count += b'"type":"RECORD"' in line[:60]
        if count == after:
            threading.Event().wait(delay)
            running.process.send_signal(how)
            break
    code, rest, log = running.end()
    messages = whole([*lines, *rest.splitlines(keepends=True)])
    received, state = tables(messages)
    complete = messages[-1]["type"] == "STATE" and "under_way" not in messages[-1]["value"]
    assert code == (0 if complete else 128 + how), log
    more, final = tables(run_tap(emulator.config(), catalog=catalog, state=state).messages)
    assert received | more == expected
    assert "under_way" not in final
    return code


@pytest.mark.parametrize(
    "seed", [*range(SAMPLE), *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(SAMPLE, MORE))]
)
def test_a_signal_around_the_end_and_a_second_run_lose_nothing(small, files, seed):
    ended_around_its_end(small, files, seed)


@pytest.mark.soak
def test_a_hundred_signals_around_the_end_lose_nothing(small, files):
    codes = {ended_around_its_end(small, files, seed) for seed in range(1000, 1000 + CAMPAIGN)}
    assert codes == {0, 128 + signal.SIGINT, 128 + signal.SIGTERM}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_signals_after_the_last_state_change_nothing(small, files, how):
    running = Running(files.folder, files.arguments(small.config(), catalog=select(small.config(), "stages")))
    for line in running.process.stdout:
        if b'"type":"STATE"' in line and b'"under_way"' not in line:
            break
    while running.process.poll() is None:  # at each moment of the process's shutdown
        running.process.send_signal(how)
    code, rest, log = running.end()
    assert (code, rest) == (0, b""), log


@pytest.mark.parametrize(
    ("case", "how", "fault"),
    [
        ("no catalog", signal.SIGTERM, RATE_LIMIT),
        ("catalog", signal.SIGINT, RATE_LIMIT),
        ("catalog", signal.SIGTERM, DOWN),
        ("--discover", signal.SIGINT, DOWN),
        ("--discover", signal.SIGTERM, RATE_LIMIT),
        ("--plan", signal.SIGTERM, RATE_LIMIT),
        ("--test", signal.SIGINT, RATE_LIMIT),
    ],
)
def test_a_signal_ends_a_wait_for_definitions(small, files, case, how, fault):
    catalog = select(small.config(), "deals") if case == "catalog" else None
    small.post("/_emulator/faults", [{"operation": CUSTOM, **fault}])
    arguments = files.arguments(small.config(), catalog=catalog)
    running = Running(files.folder, [*arguments, case] if case.startswith("-") else arguments)
    until(lambda: small.requests().get(CUSTOM))
    begun = time.monotonic()
    running.process.send_signal(how)
    code, out, log = running.end()
    assert code == 128 + how, log
    assert time.monotonic() - begun < 5  # one second on an idle machine
    assert b'"RECORD","stream":"deals"' not in out
