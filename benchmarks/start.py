"""Startup time of the programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.measure import RUNS, TOKEN, Cost, Result, emulator, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def start(folder: Path) -> Iterator[Result]:
    """Measure the CPU seconds of a program's startup; wall-clock time is longer on a busy machine."""
    for module in ("tap_pipedrive", "target_pipedrive"):
        yield _row(
            f"{module.replace('_', '-')} --version", [run(module, "--version") for _ in range(RUNS)], 1
        )
    with emulator("--seed", "small") as api:
        config = folder / "config.json"
        config.write_text(json.dumps({"api_token": TOKEN, "api_url": api}))
        runs = [run("tap_pipedrive", "--config", str(config), "--discover") for _ in range(RUNS)]
    yield _row("tap-pipedrive --discover", runs, 2)


def _row(what: str, runs: list[Cost], most: int) -> Result:
    cpu, wall = min(one.cpu for one in runs), min(one.wall for one in runs)
    text = f"{cpu:.2f} s CPU ({wall:.2f} s wall-clock)"
    return Result(what=what, measured=text, must=f"< {most} s", reached=cpu < most)
