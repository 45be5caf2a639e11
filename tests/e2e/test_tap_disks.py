"""Full disks and closed pipes: one sentence with the reason, an exit code, and nothing lost after it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.support.cli import Files, environment, tap
from tests.support.singer import run_tap, select
from tests.support.starting import PIPE, Started

pytestmark = [
    pytest.mark.dialects,
    pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full and RLIMIT_FSIZE"),
]
FULL = Path("/dev/full")
COMMAND = [sys.executable, "-m", "tap_pipedrive"]
LISTS = ("deals", "stages")


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


@pytest.fixture(scope="module")
def catalog(_small):
    return select(_small.config(), *LISTS)


def batched(folder):
    encoding = {"format": "jsonl", "compression": "gzip"}
    return {"batch_config": {"encoding": encoding, "storage": {"root": str(folder)}}}


def run(arguments, *, output=PIPE, reads=None, most_bytes=None):
    """Run the tap, with options of `Started`; with `reads`, only so many bytes of its output are read."""
    running = Started(
        "tap_pipedrive", *arguments, stdout=output, env=environment(), text=True, most_bytes=most_bytes
    )
    if reads is not None:
        running.stdout.read(reads)
        running.stdout.close()
    out, error = running.communicate(timeout=60)
    done = CompletedProcess(arguments, running.returncode, out, error)
    assert "Traceback" not in done.stderr, done.stderr
    assert "Exception ignored" not in done.stderr, done.stderr
    return done


def complaint(done):
    """The one line of level error."""
    (found,) = [line for line in done.stderr.splitlines() if "| ERROR" in line]
    return found


@pytest.mark.parametrize("option", ["", "--discover", "--plan", "--test", "--about"])
def test_a_full_disk_of_the_output(small, files, catalog, option):
    given = files.arguments(small.config(), catalog=catalog)
    with FULL.open("w") as full:
        done = run([*given, option] if option else given, output=full)
    assert done.returncode == 1
    assert "No space left on device" in complaint(done)
    if not option:
        assert "the standard output" in complaint(done)


def test_a_separate_process_ends_like_a_forked_one(small, files, catalog):
    given = files.arguments(small.config(), catalog=catalog)
    with FULL.open("w") as full:
        forked = run(given, output=full)
        alone = subprocess.run(
            [*COMMAND, *given],
            stdout=full,
            stderr=PIPE,
            text=True,
            env=environment(),
            timeout=60,
            check=False,
        )
    assert (alone.returncode, complaint(alone)[30:]) == (forked.returncode, complaint(forked)[30:])


@pytest.mark.parametrize("option", ["", "--discover", "--test"])
def test_a_pipe_without_a_reader(small, files, catalog, option):
    given = files.arguments(small.config(), catalog=catalog)
    done = run([*given, option] if option else given, reads=1)
    assert done.returncode == 1
    assert "The program that reads the output has ended" in complaint(done)


@pytest.mark.parametrize("program", ["tap_pipedrive", "target_pipedrive"])
def test_a_reader_may_stop_within_the_settings(program):
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = [sys.executable, "-m", program, "--about"]
    done = subprocess.run(command, stdout=write_end, stderr=PIPE, env=environment(), timeout=60, check=False)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_of_batch_files_announces_no_truncated_file(small, files, catalog, tmp_path):
    for most_bytes in (100, 2000):  # no file, the file of stages alone
        folder = tmp_path / str(most_bytes)
        done = run(files.arguments(small.config(**batched(folder)), catalog=catalog), most_bytes=most_bytes)
        assert done.returncode == 1
        facts = ("File too large", "batch_config", "storage.root", str(folder), "run again")
        assert all(fact in complaint(done) for fact in facts)
        messages = [json.loads(line) for line in done.stdout.splitlines()]
        named = [url for one in messages if one["type"] == "BATCH" for url in one["manifest"]]
        assert sorted(named) == sorted(path.as_uri() for path in folder.iterdir())
        assert not any(one["value"].get("bookmarks") for one in messages if one["type"] == "STATE")


def test_a_pipe_without_a_reader_leaves_no_batch_file(small, files, catalog, tmp_path):
    arguments = files.arguments(small.config(**batched(tmp_path / "batches")), catalog=catalog)
    done = run(arguments, reads=1)
    assert done.returncode == 1
    assert "The program that reads the output has ended" in complaint(done)
    assert [*(tmp_path / "batches").iterdir()] == []


def test_after_a_full_disk_of_downloads_the_next_run_continues(small, files, tmp_path):
    small.post("/_emulator/log/clear")
    folder = tmp_path / "bytes"
    config = small.config(files_dir=str(folder))
    chosen = select(config, "files", "file_contents")
    done = run(files.arguments(config, catalog=chosen), most_bytes=100)
    assert done.returncode == 1
    assert all(fact in complaint(done) for fact in ("files_dir", str(folder), "File too large", "run again"))
    received = [json.loads(line) for line in done.stdout.splitlines()]
    states = [one["value"] for one in received if one["type"] == "STATE"]
    first = {
        one["record"]["id"] for one in received if one.get("stream") == "file_contents" if "record" in one
    }
    rest = run_tap(config, catalog=chosen, state=states[-1])
    whole = run_tap(small.config(files_dir=str(tmp_path / "other")), catalog=chosen)
    assert first | {*rest.latest("file_contents")} == {*whole.latest("file_contents")}
    held = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert held == {path.name: path.read_bytes() for path in (tmp_path / "other").iterdir()}


@pytest.mark.parametrize("option", ["--test", "--plan", "--discover"])
def test_commands_other_than_a_run_write_no_batch_file(small, files, catalog, tmp_path, option):
    folder = tmp_path / "batches"
    told = tap(*files.arguments(small.config(**batched(folder)), catalog=catalog), option)
    assert told.code == 0, told.err
    assert not folder.exists()
    if option == "--test":
        assert {message["type"] for message in told.output.messages} == {"SCHEMA", "RECORD", "STATE"}
        assert told.output.records["deals"]
    elif option == "--plan":
        assert "deals" in told.out
