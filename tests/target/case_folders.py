"""Realistic inputs, one folder each, run through the command line."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.forking import forking

FOLDERS = Path(__file__).parents[1] / "resources" / "cases" / "target"


@dataclass
class CaseRun:
    """Result of one run of a folder: exit code, results by record, rejected lines, writes, account."""

    code: int
    log: str
    results: list[dict[str, Any]]
    rejects: list[dict[str, Any]]
    writes: list[dict[str, Any]]
    tables: dict[str, list[dict[str, Any]]] = field(repr=False)

    @property
    def outcomes(self) -> list[str]:
        return [one["outcome"] for one in self.results]

    def result(self, **key: Any) -> dict[str, Any]:
        """The result of the record of this key."""
        return next(one for one in self.results if one["key"] == key)

    def row(self, table: str, number: Any) -> dict[str, Any]:
        return next(one for one in self.tables[table] if one["id"] == number)


def writes_of(emulator: Any) -> list[dict[str, Any]]:
    """Writing requests since the log was cleared."""
    return [one for one in emulator.log(full=True)["ordered"] if one["method"] != "GET"]


class Case:
    """Run a folder repeatedly with one ledger."""

    def __init__(self, emulator: Any, folder: Path, name: str) -> None:
        self._emulator, self._folder, self._name = emulator, folder, name
        self._count = 0

    def __call__(self) -> CaseRun:
        self._count += 1
        source, here = FOLDERS / self._name, self._folder
        given = source / "config.json"
        results, rejects = here / f"results-{self._count}.jsonl", here / f"rejects-{self._count}.singer"
        settings = {
            **self._emulator.config(),
            "ledger_path": str(here / "ledger.sqlite"),
            "results_path": str(results),
            "rejects_path": str(rejects),
            **(json.loads(given.read_text()) if given.exists() else {}),
        }
        config = here / "config.json"
        config.write_text(json.dumps(settings))
        self._emulator.post("/_emulator/log/clear")
        done = forking("target_pipedrive").finish(
            here, "--config", str(config), content=(source / "input.singer").read_bytes()
        )
        return CaseRun(
            code=done.returncode,
            log=done.stderr.decode(),
            results=sorted(_lines(results), key=lambda one: one["record"]),
            rejects=[one for one in _lines(rejects) if one.get("type") == "RECORD"],
            writes=writes_of(self._emulator),
            tables=self._emulator.dump()["tables"],
        )


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
