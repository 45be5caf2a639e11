"""What the tap asks for: tokens, fan-outs, and how soon it is there."""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING

from benchmarks.measure import RUNS, TOKEN, Result, ask, clear, emulator, files, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def fan_out(folder: Path) -> Iterator[Result]:
    """A request for each of some 2,000 parents at 200 ms."""
    with emulator("--seed", "medium", "--latency-ms", "200", "--plan", "premium") as api:
        arguments = files(folder, api, "deal_follower_changes")
        clear(api)
        cost = run("tap_pipedrive", *arguments)
        log = ask(api, "/_emulator/log")["operations"]
    requests = log["GET /api/v2/deals/{id}/followers/changelog"]["count"]
    used = requests / ((cost.wall - 2) * 50)  # the start, the list and the first window are not the fan-out's
    text = f"{used:.0%} ({requests} requests in {cost.wall:.1f} s)"
    yield Result(what="Fan-out, burst window used", measured=text, must="≥ 80 %", reached=used >= 0.8)


def start(folder: Path) -> Iterator[Result]:
    """Start-up times."""
    version = statistics.median(run("tap_pipedrive", "--version").wall for _ in range(RUNS))
    yield Result(what="--version", measured=f"{version:.2f} s", must="< 1 s", reached=version < 1)
    with emulator("--seed", "small") as api:
        config = folder / "config.json"
        config.write_text(json.dumps({"api_token": TOKEN, "api_url": api}))
        arguments = ("--config", str(config), "--discover")
        seconds = statistics.median(run("tap_pipedrive", *arguments).wall for _ in range(RUNS))
    yield Result(what="--discover", measured=f"{seconds:.2f} s", must="< 2 s", reached=seconds < 2)
