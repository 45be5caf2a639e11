"""Runs of the target as a process, with all files it leaves."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.forking import forking

CASES = Path(__file__).parents[1] / "resources" / "cases" / "target"
COMMAND = [sys.executable, "-m", "target_pipedrive", "--config", "config.json"]


@dataclass
class Finished:
    """Result of a process: exit code, output, log, results and rejects."""

    code: int
    out: str
    log: str
    results: list[dict[str, Any]]
    rejects: list[dict[str, Any]]
    rejects_file: Path

    @property
    def outcomes(self) -> list[str]:
        return [one["outcome"] for one in sorted(self.results, key=lambda one: one["record"])]

    @property
    def failed(self) -> list[dict[str, Any]]:
        return [one for one in self.results if one["outcome"] == "failed"]


class Process:
    """Run the target in a folder, always with the same ledger."""

    def __init__(self, config: dict[str, Any], folder: Path) -> None:
        self.config = config
        self.folder = folder
        self.count = 0

    def settings(self, **config: Any) -> dict[str, Any]:
        self.count += 1
        return {
            "results_path": f"results-{self.count}.jsonl",
            "rejects_path": f"rejects-{self.count}.singer",
            **self.config,
            **config,
        }

    def write_config(self, **config: Any) -> dict[str, Any]:
        settings = self.settings(**config)
        (self.folder / "config.json").write_text(json.dumps(settings))
        return settings

    def __call__(self, content: bytes | str, **config: Any) -> Finished:
        settings = self.write_config(**config)
        given = self.folder / "stdin"
        given.write_bytes(content.encode() if isinstance(content, str) else content)
        code, out, log = forking("target_pipedrive").run(
            self.folder, ["--config", "config.json"], given=given
        )
        return self.finished(settings, code, out, log)

    def finished(self, settings: dict[str, Any], code: int, out: bytes, log: bytes) -> Finished:
        text = log.decode(errors="replace")
        assert "Traceback" not in text, text
        assert "Exception ignored" not in text, text
        assert self.config["api_token"] not in text
        return Finished(
            code,
            out.decode(),
            text,
            lines(self.folder / settings["results_path"]),
            lines(self.folder / settings["rejects_path"]),
            self.folder / settings["rejects_path"],
        )

    def case(self, name: str, **config: Any) -> Finished:
        """Run one of the folders of inputs."""
        given = CASES / name / "config.json"
        settings = json.loads(given.read_text()) if given.exists() else {}
        return self((CASES / name / "input.singer").read_bytes(), **settings, **config)


def lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file; empty if there is no file."""
    if not path.is_file():
        return []
    return [json.loads(line, parse_int=_whole) for line in path.read_text().splitlines()]


def _whole(digits: str) -> int | str:
    """Parse an integer; Python accepts at most a few thousand digits."""
    return int(digits) if len(digits) < 4000 else digits
