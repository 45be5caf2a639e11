"""Processes that fork runs of a plugin's command line, which saves starting an interpreter."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

LIMIT = 100
"""Seconds after which a run is killed."""


class Forking:
    """One process that forks runs; they behave like separate processes, including the exit code."""

    def __init__(self, plugin: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.target.fuzz.runner", plugin],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"
        atexit.register(self.close)

    def run(
        self,
        folder: Path,
        arguments: list[str],
        *,
        given: Path | str = os.devnull,
        env: dict[str, str] | None = None,
    ) -> tuple[int, bytes, bytes]:
        """Return exit code, standard output and standard error of a run in a folder."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with tempfile.TemporaryDirectory() as outputs:
            order = {
                "folder": str(folder),
                "outputs": outputs,
                "arguments": arguments,
                "input": str(given),
                "limit": LIMIT,
                "env": dict(os.environ) if env is None else env,
            }
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            code = json.loads(self._process.stdout.readline())["status"]
            out, log = ((Path(outputs) / name).read_bytes() for name in ("stdout", "stderr"))
        return code, out, log

    def finish(
        self, folder: Path, *arguments: str, content: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        """Return the finished run in a folder, with this content as its standard input."""
        with tempfile.NamedTemporaryFile() as given:
            given.write(content)
            given.flush()
            code, out, log = self.run(folder, list(arguments), given=given.name)
        return subprocess.CompletedProcess(arguments, code, out, log)

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=20)


@cache
def forking(plugin: str) -> Forking:
    """Return the shared process of a plugin."""
    return Forking(plugin)
