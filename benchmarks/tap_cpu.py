"""CPU seconds per record of the tap, compared with a bare loop and a plain SDK stream."""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING

from benchmarks.measure import RUNS, TOKEN, Result, emulator, files, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNLIMITED = ("--burst", "0", "--daily-tokens", "1000000000")


def tap_cpu(folder: Path) -> Iterator[Result]:
    """Measure CPU per record: our tap, a bare loop that writes the same lines, a plain SDK stream.

    Startup has a separate budget: it is measured on an account without rows, and subtracted. The three
    alternate, so a busy machine affects all of them.
    """
    with emulator("--seed", "empty", *UNLIMITED) as api:
        programs = _programs(folder, api)
        starts = {
            name: statistics.median(run(*one).cpu for _ in range(RUNS)) for name, one in programs.items()
        }
    with emulator("--seed", "large", *UNLIMITED) as api:
        programs = _programs(folder, api)
        rounds = [_rates(programs, starts) for _ in range(RUNS)]
    for other, what, must in (("bare", "a bare loop", 0.5), ("plain", "a plain SDK stream", 5.0)):
        ratio = statistics.median(one["tap"] / one[other] for one in rounds)
        tap, compared = (statistics.median(one[name] for one in rounds) for name in ("tap", other))
        yield Result(
            what=f"Tap CPU, relative to {what}",
            measured=f"{ratio:.2f} x ({tap:,.0f} to {compared:,.0f} records per CPU second)",
            must=f"≥ {must:g} x",
            reached=ratio >= must,
        )


def _programs(folder: Path, api: str) -> dict[str, tuple[str, ...]]:
    """Return module and arguments of each."""
    config = folder / "plain.json"
    config.write_text(json.dumps({"api_token": TOKEN, "api_url": api}))
    return {
        "tap": ("tap_pipedrive", *files(folder, api, "deals", max_concurrency=1)),
        "bare": ("benchmarks.bare_loop", api),
        "plain": ("benchmarks.plain_rest_stream", "--config", str(config)),
    }


def _rates(programs: dict[str, tuple[str, ...]], starts: dict[str, float]) -> dict[str, float]:
    """Return records per CPU second of each."""
    costs = {name: run(*one) for name, one in programs.items()}
    return {name: cost.lines / (cost.cpu - starts[name]) for name, cost in costs.items()}
