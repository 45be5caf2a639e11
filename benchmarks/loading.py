"""Rows per CPU second of a loader: as records, and as files of BATCH messages."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

from benchmarks.measure import Result, emulator, files, run
from tests.support import plugins
from tests.support.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STREAMS = ("deals", "activities")
UNLIMITED = ("--burst", "0", "--daily-tokens", "1000000000")


def batch_load(folder: Path) -> Iterator[Result]:
    """Measure the loading of deals and activities into PostgreSQL, as validated records and as BATCH files.

    The loader's startup is subtracted. `validate_records` has the loader's own default, not the `false` of
    meltano.yml: it validates records and never files, and the ratio depends on it.
    """
    found: dict[str, dict[str, float]] = {}
    rows = 0
    with Postgres() as server:
        for seed in ("empty", "medium"):
            with emulator("--seed", seed, *UNLIMITED) as api:
                for form, settings in _forms(folder).items():
                    messages = folder / f"{seed}-{form}"
                    cost = run("tap_pipedrive", *files(folder, api, *STREAMS, **settings), keep=messages)
                    rows = max(rows, cost.lines)
                    found.setdefault(seed, {})[form] = _load(server, folder, messages, f"{seed}_{form}")
    rates = {form: rows / (found["medium"][form] - found["empty"][form]) for form in found["medium"]}
    ratio = rates["batch"] / rates["records"]
    yield Result(
        what="Into PostgreSQL by BATCH to validated records",
        measured=f"{ratio:.1f} x ({rates['batch']:,.0f} to {rates['records']:,.0f} rows per CPU second)",
        must="≥ 3 x",
        reached=ratio >= 3,
    )


def _forms(folder: Path) -> dict[str, dict[str, object]]:
    storage = {"root": str(folder / "batches")}
    encoding = {"format": "jsonl", "compression": "gzip"}
    return {"records": {}, "batch": {"batch_config": {"encoding": encoding, "storage": storage}}}


def _load(server: Postgres, folder: Path, messages: Path, schema: str) -> float:
    """Return the CPU seconds of the loader."""
    config = {**plugins.config("target-postgres"), "default_target_schema": schema, "validate_records": True}
    (folder / "loader.json").write_text(json.dumps(server.config(**config)))
    command = [plugins.executable("target-postgres"), "--config", str(folder / "loader.json")]
    with messages.open("rb") as given:
        process = subprocess.Popen(command, stdin=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_utime + usage.ru_stime
