"""Full disks and closed pipes: one sentence with the reason, an exit code, and nothing lost after it."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import Files, environment, tap
from tests.support.singer import run_tap, select

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full and RLIMIT_FSIZE")
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


def run(arguments, *, shell='"$@"', most_bytes=None):
    """Run the tap in a shell; `most_bytes` is the size that no file may exceed, as on a disk that is full."""

    def limit():
        if most_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", shell, "-", *COMMAND, *arguments],
        capture_output=True, text=True, env=environment(), preexec_fn=limit, check=False, timeout=60,
    )  # fmt: skip
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
    done = run([*given, option] if option else given, shell='"$@" > /dev/full')
    assert done.returncode == 1
    assert "No space left on device" in complaint(done)
    if not option:
        assert "the standard output" in complaint(done)


@pytest.mark.parametrize("option", ["", "--discover", "--test"])
def test_a_pipe_without_a_reader(small, files, catalog, option):
    given = files.arguments(small.config(), catalog=catalog)
    done = run([*given, option] if option else given, shell='"$@" | head -c 1')
    assert done.returncode == 1
    assert "The program that reads the output has ended" in complaint(done)


def test_a_full_disk_of_batch_files_names_none_that_is_truncated(small, files, catalog, tmp_path):
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
    done = run(arguments, shell='"$@" | head -1')
    assert done.returncode == 1
    assert "The program that reads the output has ended" in complaint(done)
    assert [*(tmp_path / "batches").iterdir()] == []


def test_a_full_disk_of_downloads_is_an_end_that_the_next_run_goes_on_from(small, files, tmp_path):
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
def test_what_is_no_run_writes_no_batch_file(small, files, catalog, tmp_path, option):
    folder = tmp_path / "batches"
    told = tap(*files.arguments(small.config(**batched(folder)), catalog=catalog), option)
    assert told.code == 0, told.err
    assert not folder.exists()
    if option == "--test":
        assert {message["type"] for message in told.output.messages} == {"SCHEMA", "RECORD", "STATE"}
        assert told.output.records["deals"]
    elif option == "--plan":
        assert "deals" in told.out
