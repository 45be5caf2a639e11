"""Helpers for all benchmarks: an emulator, the measurement of a program, and a row of the table."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "emulator-token"
RUNS = int(os.environ.get("BENCH_RUNS", "3"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One row of the table."""

    what: str
    measured: str
    must: str
    reached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Resources a process used: CPU and wall seconds, peak memory in MiB, lines written."""

    cpu: float
    wall: float
    memory: float
    lines: int


@contextmanager
def emulator(*options: str) -> Iterator[str]:
    """Yield a running emulator's address."""
    command = [sys.executable, "-m", "pipedrive_emulator", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            found = re.search(r"http://\S+", line)
            if not found:
                sys.exit("the emulator did not start")
            yield found[0]
        finally:
            process.terminate()


def ask(api: str, path: str) -> Any:
    """Return JSON from the emulator."""
    with urlopen(Request(api + path, headers={"x-api-token": TOKEN}, method="GET")) as response:
        return json.loads(response.read())


def clear(api: str) -> None:
    """Clear the request log."""
    urlopen(Request(f"{api}/_emulator/log/clear", headers={"x-api-token": TOKEN}, method="POST")).close()


def run(module: str, *arguments: str, feed: Path | None = None, keep: Path | None = None) -> Cost:
    """Run `python -m module` to its end; its output is counted, and stored in `keep`.

    Args:
        module: name of the module.
        arguments: command-line arguments.
        feed: file for its standard input.
        keep: file for its standard output.
    """
    with (
        keep.open("w+b") if keep else tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        (feed or Path(os.devnull)).open("rb") as given,
    ):
        began = time.monotonic()
        command = [sys.executable, "-m", module, *arguments]
        process = subprocess.Popen(command, stdin=given, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - began
        if process.returncode:
            err.seek(0)
            sys.exit(f"{module} failed:\n{err.read().decode()[-3000:]}")
        out.seek(0)
        lines = sum(b'"RECORD"' in line[:20] for line in out)
    memory = usage.ru_maxrss / 1024
    return Cost(cpu=usage.ru_utime + usage.ru_stime, wall=wall, memory=memory, lines=lines)


def files(folder: Path, api: str, *streams: str, **settings: object) -> list[str]:
    """Return arguments of the tap for reading these streams of the account."""
    config = folder / "config.json"
    config.write_text(json.dumps({"api_token": TOKEN, "api_url": api, **settings}))
    found = subprocess.run(
        [sys.executable, "-m", "tap_pipedrive", "--config", str(config), "--discover"],
        check=True, capture_output=True,
    )  # fmt: skip
    catalog = json.loads(found.stdout)
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = entry["tap_stream_id"] in streams
    (folder / "catalog.json").write_text(json.dumps(catalog))
    return ["--config", str(config), "--catalog", str(folder / "catalog.json")]
