"""Long reads of the tap: several lists at a slow API, and the memory of a large account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.measure import Result, ask, clear, emulator, files, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LAST_OF_BULK = 10
"""Number of rows of a page with the same second that indicates an import."""


def slow_lists(folder: Path) -> Iterator[Result]:
    """Measure five lists of 10,000 changed rows at 200 ms a request and 100 requests per 2 s, in windows."""
    seed = ("--seed", "large", "--daily-tokens", "1000000000", "--latency-ms", "200", "--plan", "premium")
    streams = ("deals", "persons", "organizations", "activities", "notes")
    with emulator(*seed) as api:
        # This search also builds the emulator's indexes, which are not part of the measurement.
        state = {"bookmarks": {stream: {"replication_key_value": since(api, stream)} for stream in streams}}
        (folder / "state.json").write_text(json.dumps(state))
        arguments = [*files(folder, api, *streams, time_windows=16), "--state", str(folder / "state.json")]
        run("tap_pipedrive", *arguments)
        clear(api)
        cost = run("tap_pipedrive", *arguments)
        requests = ask(api, "/_emulator/log")["requests"]
    ratio = cost.wall / max(requests / 50, cost.cpu)
    spent = f"{requests} requests, {cost.wall:.1f} s, {cost.cpu:.1f} s CPU"
    text = f"{ratio:.2f} x ({cost.lines:,} records, {spent})"
    yield Result(
        what="Lists at 200 ms to max(window, CPU)", measured=text, must="≤ 1.5 x", reached=ratio <= 1.5
    )


def since(api: str, stream: str, rows: int = 10_000) -> str:
    """Return an `update_time` after which about this many rows of a list changed, without bulk imports."""
    if stream == "notes":
        page = ask(api, f"/v1/notes?sort=update_time%20DESC&start={rows}&limit=1")["data"]
        return str(page[0]["update_time"]).replace(" ", "T") + "Z"
    cursor, last = "", ""
    for _ in range(rows // 500):
        path = f"/api/v2/{stream}?sort_by=update_time&sort_direction=desc&limit=500"
        body = ask(api, path + (f"&cursor={cursor}" if cursor else ""))
        times = [row["update_time"] for row in body["data"]]
        if times[0] == times[-1]:
            break
        last = next(time for time in reversed(times) if times.count(time) < LAST_OF_BULK)
        cursor = body["additional_data"]["next_cursor"]
    return last


def memory(folder: Path) -> Iterator[Result]:
    """Measure peak memory of a long read."""
    with emulator("--seed", "large", "--burst", "0", "--daily-tokens", "1000000000") as api:
        arguments = files(folder, api, "deals", "persons", "organizations", "activities", "notes", "leads")
        cost = run("tap_pipedrive", *arguments)
    text = f"{cost.memory:.0f} MiB ({cost.lines:,} records)"
    yield Result(what="Peak memory", measured=text, must="< 200 MB", reached=cost.memory < 190)
