"""The published API description as a judge between a plugin and the emulator.

The judge and the description are not part of this repository. `PIPEDRIVE_SPEC_GATE` names the proxy
program, `PIPEDRIVE_OPENAPI` the folder that holds `endpoints.json`; without them a folder beside the
repository is tried.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

_BESIDE = Path(__file__).resolve().parents[2].parent / "shared"
PROGRAM = Path(os.environ.get("PIPEDRIVE_SPEC_GATE") or _BESIDE / "tools" / "spec_gate.py")
SPEC = Path(os.environ.get("PIPEDRIVE_OPENAPI") or _BESIDE / "pipedrive-openapi") / "endpoints.json"

_TAKEN_AWAY = re.compile(r"operation is deprecated$|no published operation \w+ /v1/subscriptions/")


class Gate:
    """The proxy in front of an emulator; after `close` it knows every departure from the description."""

    @staticmethod
    def available() -> bool:
        """Whether the judge and the description are here."""
        return PROGRAM.is_file() and SPEC.is_file()

    def __init__(self, upstream: str, report: Path) -> None:
        if not self.available():
            pytest.skip(
                "the published API description is not here; set PIPEDRIVE_OPENAPI and PIPEDRIVE_SPEC_GATE"
            )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._report = report
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM), "--upstream", upstream, "--port", str(port),
             "--report", str(report), "--spec", str(SPEC)]
        )  # fmt: skip
        atexit.register(self._process.kill)  # a test that fails before `close` leaves no process behind
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
        self._process.kill()
        raise RuntimeError("the gate did not start")

    def close(self) -> tuple[dict[str, Any], Counter[tuple[str, str, str]]]:
        """The summary, and how often each (side, operation, problem) was seen."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=20)
        lines = [json.loads(line) for line in self._report.read_text().splitlines()]
        problems = Counter(
            (line["side"], line["operation"], line["problem"]) for line in lines if "problem" in line
        )
        return lines[-1]["summary"], problems

    def no_problems(self, *, of_requests_only: bool = False) -> None:
        """Close, and fail unless all was as published; what Pipedrive takes or took away may be asked."""
        _, problems = self.close()
        told = [
            one
            for one in problems
            if not _TAKEN_AWAY.match(one[2]) and not (of_requests_only and one[0] == "response")
        ]
        assert told == []
