"""Runs of `python -m tap_pipedrive` as a user starts it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.forking import forking
from tests.support.singer import Output


def environment(**more: str) -> dict[str, str]:
    """Return this process's environment without settings of the tap."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAP_PIPEDRIVE_")}
    return {**kept, **more}


@dataclass
class Told:
    """Result of a command."""

    code: int
    out: str
    err: str

    @property
    def output(self) -> Output:
        """The Singer messages; every line must be one."""
        return Output([json.loads(line) for line in self.out.splitlines()])

    @property
    def last_line(self) -> str:
        return self.err.splitlines()[-1]


def tap(*arguments: str, env: dict[str, str] | None = None) -> Told:
    code, out, log = forking("tap_pipedrive").run(Path.cwd(), list(arguments), env=environment(**(env or {})))
    assert b"--- Logging error ---" not in log, log
    return Told(code, out.decode(), log.decode())


class Files:
    """Config, catalog and state as files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, content: Any) -> str:
        """Return path of a file with this text, or this value as JSON."""
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    def arguments(self, config: Any = None, *, catalog: Any = None, state: Any = None) -> list[str]:
        """Return options of a run of the tap that checks its records."""
        if isinstance(config, dict):
            config = {"validate_records": True, **config}
        given = {"config": config, "catalog": catalog, "state": state}
        return [
            part
            for name, content in given.items()
            if content is not None
            for part in (f"--{name}", self.write(f"{name}.json", content))
        ]
