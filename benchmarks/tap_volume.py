"""Long reads of the tap: several lists at a slow API, and the memory of a large account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.measure import Result, ask, clear, emulator, files, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def slow_lists(folder: Path) -> Iterator[Result]:
    """Five lists of 10,000 changed rows at 200 ms a request, 100 requests per 2 s, in time windows."""
    seed = ("--seed", "large", "--daily-tokens", "1000000000")
    streams = ("deals", "persons", "organizations", "activities", "notes")
    with emulator(*seed, "--burst", "0") as api:
        state = {"bookmarks": {stream: {"replication_key_value": since(api, stream)} for stream in streams}}
    (folder / "state.json").write_text(json.dumps(state))
    with emulator(*seed, "--latency-ms", "200", "--plan", "premium") as api:
        arguments = files(folder, api, *streams, time_windows=8)
        clear(api)
        before = ask(api, "/_emulator/process")["cpu_seconds"]
        cost = run("tap_pipedrive", *arguments, "--state", str(folder / "state.json"))
        served = ask(api, "/_emulator/process")["cpu_seconds"] - before
        requests = ask(api, "/_emulator/log")["requests"]
    bound = max(requests / 50, cost.cpu, served)
    ratio = cost.wall / bound
    spent = f"{requests} requests, {cost.wall:.1f} s, {cost.cpu:.1f} s CPU, emulator {served:.1f} s CPU"
    text = f"{ratio:.2f} x ({cost.lines:,} records, {spent})"
    yield Result(
        what="Lists at 200 ms to max(window, CPU)", measured=text, must="≤ 1.5 x", reached=ratio <= 1.5
    )


def since(api: str, stream: str, rows: int = 10_000) -> str:
    """The update_time that so many rows of a list have reached."""
    if stream == "notes":
        page = ask(api, f"/v1/notes?sort=update_time%20DESC&start={rows}&limit=1")["data"]
        return str(page[0]["update_time"]).replace(" ", "T") + "Z"
    cursor, last = "", ""
    for _ in range(rows // 500):
        path = f"/api/v2/{stream}?sort_by=update_time&sort_direction=desc&limit=500"
        body = ask(api, path + (f"&cursor={cursor}" if cursor else ""))
        last = body["data"][-1]["update_time"]
        cursor = body["additional_data"]["next_cursor"]
    return last


def memory(folder: Path) -> Iterator[Result]:
    """Peak memory of a long read."""
    with emulator("--seed", "large", "--burst", "0", "--daily-tokens", "1000000000") as api:
        arguments = files(folder, api, "deals", "persons", "organizations", "activities", "notes", "leads")
        cost = run("tap_pipedrive", *arguments)
    text = f"{cost.memory:.0f} MiB ({cost.lines:,} records)"
    yield Result(what="Peak memory", measured=text, must="< 200 MB", reached=cost.memory < 190)
