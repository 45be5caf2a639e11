"""`make demo` runs all steps and leaves nothing behind, also when it is interrupted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.xdist_group("meltano")


@pytest.fixture
def start(tmp_path):
    """Starts the demonstration; its temporary folder is below `tmp_path`."""
    # Set-up has fetched everything, so no request goes to a package index.
    environment = {**os.environ, "TMPDIR": str(tmp_path), "UV_OFFLINE": "1", "COLUMNS": "100"}
    running = []

    def begin() -> subprocess.Popen:
        running.append(
            subprocess.Popen(
                [sys.executable, "-u", "-m", "demo"],
                cwd=ROOT,
                env=environment,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        )
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def left_behind(folder: Path) -> list[str]:
    """Files below the folder, and processes that were started with it as theirs."""
    found = [str(path) for path in folder.iterdir()]
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"TMPDIR={folder}\0".encode() in entry.read_bytes():
                found.append((entry.parent / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # it has ended, or is another user's
    return found


def test_it_reports_what_arrived_and_that_it_is_all(start, tmp_path):
    process = start()
    text = process.communicate(timeout=280)[0]
    assert process.returncode == 0, text
    assert "all equal" in text
    assert re.search(r"^deals +2,300 2,300 ✓", text, re.MULTILINE)
    assert "Gold" in text
    assert re.search(r"^✓ All (\d+) match the view, and no other deal was changed", text, re.MULTILINE)
    assert re.search(r"\d+ of them belong to Former Colleague, who left the company", " ".join(text.split()))
    assert "✓ 0 writes" in text
    assert "Added '" not in text
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize(
    ("stage", "number"),
    [
        pytest.param("1  A Pipedrive account", signal.SIGTERM, marks=pytest.mark.soak),
        pytest.param("2  meltano install", signal.SIGINT, marks=pytest.mark.soak),
        ("3  meltano run", signal.SIGINT),
    ],
)
def test_it_cleans_up_when_interrupted(start, tmp_path, stage, number):
    process = start()
    for line in process.stdout:
        if line.startswith(stage):
            break
    if stage.startswith("3"):
        process.stdout.readline()  # the first sign of life, so that the pipeline is under way
    process.send_signal(number)
    text = process.communicate(timeout=60)[0]
    assert process.returncode == 128 + number, text
    assert "Stopped." in text
    assert "Traceback" not in text
    assert left_behind(tmp_path) == []
