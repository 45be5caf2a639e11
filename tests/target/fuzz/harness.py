"""Run cases against an emulator and keep the observed result of each run."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.cli import environment

if TYPE_CHECKING:
    from tests.support.emulator import Emulator
    from tests.target.fuzz.generator import Case

LIMIT = 20
"""Seconds after which a run is killed."""
SEARCHES = "/search"


@dataclass
class Seen:
    """Observed result of one run.

    Attributes:
        code: exit code; a signal is negative.
        seconds: wall-clock time.
        out: standard output.
        err: standard error.
        results: lines of `results_path`.
        rejects: content of the reject file.
        requests: requests that the emulator logged: method, path, status.
    """

    code: int
    seconds: float
    out: str
    err: str
    results: list[dict[str, Any]]
    rejects: bytes
    requests: list[dict[str, Any]] = field(default_factory=list)

    @cached_property
    def outcomes(self) -> dict[int, str]:
        """Outcomes by the number of the record."""
        return {one["record"]: one["outcome"] for one in self.results}

    @property
    def failed(self) -> int:
        return sum(one["outcome"] == "failed" for one in self.results)

    @property
    def writes(self) -> list[dict[str, Any]]:
        """Requests that changed something."""
        return [one for one in self.requests if one["method"] != "GET" and one["status"] < 300]


class Harness:
    """An emulator and a forking process for many cases.

    Args:
        emulator: with the account.
        folder: parent folder of the cases' folders.

    Attributes:
        together: number of successive cases whose runs share a process; with 0 each run has its own.
    """

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        self.folder = folder
        self.together = 0
        self._cases = 0
        self._count = 0
        self._written = True
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.target.fuzz.runner"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={name: one for name, one in environment().items() if not name.startswith("TARGET_PIPEDRIVE")},
            cwd=Path(__file__).parents[3],
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=2 * LIMIT)
        if self._process.stdout:
            self._process.stdout.close()

    def begin(self, case: Case) -> Path:
        """A folder for the runs of a case, its ledger and settings; the account is as seeded."""
        if self._written:
            self.emulator.reset()
        self._written = False
        self._cases += 1
        folder = self.folder / str(case.seed)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "a file").write_text("text")
        (folder / "input").write_bytes(case.data)
        _ledger(folder / "ledger.sqlite", case.ledger)
        return folder

    def run(self, case: Case, folder: Path, given: str = "input") -> Seen:
        """One run of a case over a file of its folder."""
        self._count += 1
        results, rejects = folder / f"results-{self._count}", folder / f"rejects-{self._count}"
        settings = {
            **self.emulator.config(),
            "ledger_path": "below/ledger" if case.ledger == "missing folder" else "ledger.sqlite",
            "results_path": results.name,
            "rejects_path": rejects.name,
            **case.settings,
        }
        if case.path:
            kinds = {"folder": ".", "below a file": "a file/x", "missing folder": f"new/{self._count}"}
            settings[case.path[0]] = kinds[case.path[1]]
        config = self.folder / "config.json"
        config.write_text(json.dumps(settings))
        self.emulator.post("/_emulator/log/clear", {})
        answer = self._order(folder, ["--config", str(config)], given)
        rejected = (folder / str(settings["rejects_path"])).resolve()
        listed = (folder / str(settings["results_path"])).resolve()
        requests = self.emulator.log(full=True)["ordered"]
        self._written |= any(one["method"] != "GET" for one in requests)
        return Seen(
            code=answer["status"],
            seconds=answer["seconds"],
            out=(folder / "stdout").read_text(encoding="utf-8"),
            err=(folder / "stderr").read_text(encoding="utf-8"),
            results=_lines(listed),
            rejects=rejected.read_bytes() if rejected.is_file() else b"",
            requests=requests,
        )

    def _order(self, folder: Path, arguments: list[str], given: str) -> dict[str, Any]:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        share = self._cases // self.together if self.together else None
        order = {
            "folder": str(folder),
            "arguments": arguments,
            "input": given,
            "limit": LIMIT,
            "share": share,
        }
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())


def _lines(path: Path) -> list[dict[str, Any]]:
    """Return a JSON value for each line; texts may contain characters that Python treats as line ends."""
    content = path.read_bytes() if path.is_file() else b""
    return [json.loads(line) for line in content.split(b"\n") if line]


def _ledger(path: Path, kind: str) -> None:
    """Create a file that is not a ledger, of a given kind."""
    match kind:
        case "empty":
            path.write_bytes(b"")
        case "torn":
            path.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 8)
        case "text":
            path.write_text("id,name\n1,Anna\n")
        case "folder":
            path.mkdir()
        case "foreign":
            database = sqlite3.connect(path)
            database.execute("create table people (id integer primary key, name text)")
            database.commit()
            database.close()
