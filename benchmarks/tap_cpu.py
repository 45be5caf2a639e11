"""CPU seconds a record of the tap, against a bare loop and a plain SDK stream."""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING

from benchmarks.measure import RUNS, TOKEN, Result, emulator, files, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def tap_cpu(folder: Path) -> Iterator[Result]:
    """CPU a record: our tap, a bare loop that writes the same lines, a plain SDK stream."""
    with emulator("--seed", "large", "--burst", "0", "--daily-tokens", "1000000000") as api:
        arguments = files(folder, api, "deals", max_concurrency=1)
        rates: dict[str, list[float]] = {"tap": [], "bare": [], "plain": []}
        for number in range(RUNS):
            cost = run("tap_pipedrive", *arguments)
            rates["tap"].append(cost.lines / cost.cpu)
            cost = run("benchmarks.bare_loop", api)
            rates["bare"].append(cost.lines / cost.cpu)
            if number == 0:  # slow, and steady
                config = folder / "plain.json"
                config.write_text(json.dumps({"api_token": TOKEN, "api_url": api}))
                cost = run("benchmarks.plain_rest_stream", "--config", str(config))
                rates["plain"].append(cost.lines / cost.cpu)
    middle = {name: statistics.median(found) for name, found in rates.items()}
    to_bare, to_plain = middle["tap"] / middle["bare"], middle["tap"] / middle["plain"]
    text = f"{to_bare:.2f} x ({middle['tap']:,.0f} to {middle['bare']:,.0f} records a CPU second)"
    yield Result(what="Tap CPU to a bare loop", measured=text, must="≥ 0.5 x", reached=to_bare >= 0.5)
    yield Result(
        what="Tap CPU to a plain SDK stream",
        measured=f"{to_plain:.1f} x",
        must="≥ 5 x",
        reached=to_plain >= 5,
    )
