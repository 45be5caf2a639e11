"""Output of both plugins on a terminal."""

from __future__ import annotations

import json
import logging
import re
import signal
import sys
from pathlib import Path

import pytest

from pipedrive_singer.terminal import LiveLines
from tap_pipedrive.output.progress import Progress
from tests.support.cli import Files, environment, tap
from tests.support.singer import select
from tests.support.terminal import Screen, Terminal, run_on_terminal
from tests.target.helpers import lines_of, rows

ROOT = Path(__file__).parents[2]
LIVE = re.compile(r"\d+ of \d+ lists · [\d,]+ rows")


@pytest.fixture
def terminal():
    return Terminal()


@pytest.fixture
def logger(terminal):
    """A logger that writes to the terminal."""
    made = logging.Logger("tap-pipedrive")  # noqa: LOG001 - one of its own, which no other test shares
    made.addHandler(logging.StreamHandler(terminal))
    logging.root.manager.loggerDict["test-terminal"] = made
    yield made
    del logging.root.manager.loggerDict["test-terminal"]


@pytest.fixture
def progress(terminal, logger, monkeypatch):
    """Progress on the terminal, which is drawn only when a log line or `stop` requires it."""
    monkeypatch.setenv("COLUMNS", "70")
    monkeypatch.setattr("pipedrive_singer.terminal.REDRAW_SECONDS", 3600)
    made = Progress(logger, stream=terminal)
    made.start(3)
    yield made
    made.clear()


def test_live_lines_show_streams_rows_and_the_known_percentage(progress, terminal, logger):
    progress.begin("deals", ["deal_products"], expected=200)
    progress.begin("users")
    progress.rows("deals", 150, 4000)
    progress.rows("deal_products", 7)
    logger.info("A line of the log")
    first, blank, deals, products, users, totals = terminal.screen()
    assert (first, blank) == ("A line of the log", "")
    assert deals.split()[:3] == ["deals", "150", "rows"]
    assert deals.endswith("75% of 200")
    assert products.split()[:3] == ["deal_products", "7", "rows"]
    assert users.split()[:2] == ["users", "0"]
    assert totals.startswith("0 of 3 lists · 157 rows")
    assert max(map(len, terminal.screen())) < 70


def test_log_lines_are_not_broken_by_live_lines(progress, terminal, logger):
    progress.begin("deals")
    for number in range(20):
        progress.rows("deals", 500)
        logger.info("Line %s %s", number, "x" * (number * 5 % 60))
    progress.end("deals")
    # Another process of the pipe writes to the same terminal.
    terminal.write("A line of the target\n")
    logger.info("The last line")
    progress.clear()
    expected = [f"Line {number} {'x' * (number * 5 % 60)}" for number in range(20)]
    assert terminal.screen() == [*expected, "A line of the target", "The last line", ""]


def test_the_table_at_the_end_replaces_the_live_lines(progress, terminal):
    progress.begin("deals")
    progress.rows("deals", 12)
    progress.summary({})
    heading, deals, total, end = terminal.screen()
    assert (heading.split()[:2], deals.split(), total.split()[:2]) == (
        ["stream", "records"], ["deals", "12"], ["total", "12"],
    )  # fmt: skip
    assert end == ""


def test_a_collection_that_changes_while_it_is_drawn_does_not_stop_the_run(terminal):
    counts = {"deals": 1}

    def render(*_):
        return [counts.setdefault(f"{name}s", name) for name in counts]

    lines = LiveLines(terminal, render)
    lines.write_above("A line\n")
    lines.stop()
    assert terminal.screen() == ["A line", ""]


def test_a_terminal_that_closes_does_not_stop_the_run(monkeypatch, terminal):
    def closed(_text):
        raise OSError(5, "Input/output error")

    lines = LiveLines(terminal, lambda *_: ["a"])
    monkeypatch.setattr(terminal, "write", closed)
    lines.write_above("A line\n")
    lines.stop()


def test_ctrl_c_on_a_terminal_ends_with_how_to_resume(small, tmp_path):
    files = Files(tmp_path)
    catalog = select(small.config(), "deals", "persons", "notes")
    small.post("/_emulator/faults", [{"operation": "*", "every": 1, "kind": "slow", "seconds": 0.5}])
    sent = []

    def interrupt(text, process):
        if LIVE.search(text) and not sent:
            sent.append(process)
            process.send_signal(signal.SIGINT)

    arguments = files.arguments(small.config(), catalog=catalog)
    command = [sys.executable, "-m", "tap_pipedrive", *arguments]
    try:
        code, text = run_on_terminal(
            command, tmp_path / "out", columns=72, env=environment(), on_output=interrupt
        )
    finally:
        small.post("/_emulator/faults", [])
    assert code == 130
    screen = Screen()
    screen.feed(text)
    assert "METRIC" not in text
    assert not any(LIVE.search(line) for line in screen.lines)
    assert any(line.startswith("stream ") for line in screen.lines)
    told = " ".join(screen.lines[-5:])
    for fact in ("Interrupted", "last STATE line", "--state FILE", "Meltano"):
        assert fact in told
    last = (tmp_path / "out").read_text().splitlines()[-1]
    assert json.loads(last)["type"] == "STATE"


def test_metrics_are_logged_unless_stderr_is_a_terminal(small, tmp_path):
    files = Files(tmp_path)
    done = tap(*files.arguments(small.config(), catalog=select(small.config(), "stages")))
    assert "METRIC" in done.err


def test_settings_of_the_environment_are_not_logged_one_by_one(small, tmp_path):
    catalog = Files(tmp_path).write("catalog.json", select(small.config(), "stages"))
    config = small.config(validate_records=True)
    env = {f"TAP_PIPEDRIVE_{name.upper()}": str(value) for name, value in config.items()}
    done = tap("--config=ENV", "--catalog", catalog, env=env)
    assert done.code == 0
    assert "env var" not in done.err
    assert "TAP_PIPEDRIVE_" not in done.err


def test_the_test_option_prints_a_verdict_for_each_stream(small, tmp_path):
    fault = {"operation": "GET /v1/goals/find", "kind": "status_before", "status": 403, "every": 1}
    small.post("/_emulator/faults", [fault])
    try:
        done = tap(*Files(tmp_path).arguments(small.config()), "--test")
    finally:
        small.post("/_emulator/faults", [])
    assert done.code == 0
    verdicts = done.err.partition("Test: ")[2]
    ok, no_rows, denied = re.split(r"^no rows|^denied", verdicts, flags=re.MULTILINE)
    read = {name for name, records in done.output.records.items() if records}
    assert set(re.findall(r"\w+", ok.partition(": ")[2])) >= read
    assert "item_searches" in no_rows
    assert "403" in denied.partition("goals: ")[2]


def test_the_target_shows_what_it_writes_after_the_end_of_the_input(small, tmp_path):
    records = tmp_path / "input.singer"
    records.write_text(lines_of(rows("add_deal", *({"title": str(number)} for number in range(40)))))
    (tmp_path / "config.json").write_text(json.dumps({**small.config(), "max_concurrency": 4}))
    small.post("/_emulator/faults", [{"operation": "*", "every": 1, "kind": "slow", "seconds": 0.1}])
    script = f'cd {tmp_path} && cat {records} | "{sys.executable}" -m target_pipedrive --config config.json'
    shown = []
    env = {**environment(), "PYTHONPATH": str(ROOT)}
    try:
        code, text = run_on_terminal(
            ["bash", "-c", script],
            tmp_path / "out",
            columns=80,
            env=env,
            on_output=lambda text, _: shown.append(text),
        )
    finally:
        small.post("/_emulator/faults", [])
    assert code == 0, text
    assert re.search(r"  add_deal  [1-9]\d* created\r?\n[1-9]\d* of 40 records · ", text)
    screen = Screen()
    screen.feed(text)
    assert not any(" of 40 records" in line for line in screen.lines)
    assert any(line.split()[:2] == ["add_deal", "40"] for line in screen.lines)
