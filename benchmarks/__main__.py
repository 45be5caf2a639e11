"""`make bench`: the promises of the design, measured against the emulator; prints a table.

Ratios and counts, not bare seconds: each comparison runs its parts in turn on the same machine.
`python -m benchmarks NAME …` runs some of them.
"""

from __future__ import annotations

import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from rich.console import Console
from rich.table import Table

from benchmarks.emulator_pages import LISTS, rate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOKEN = "emulator-token"
RUNS = int(os.environ.get("BENCH_RUNS", "3"))
console = Console(width=110)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One row of the table."""

    what: str
    measured: str
    must: str
    reached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a process took: CPU and wall seconds, peak memory in MiB, lines written."""

    cpu: float
    wall: float
    memory: float
    lines: int


@contextmanager
def emulator(*options: str) -> Iterator[str]:
    """A running emulator's address."""
    command = [sys.executable, "-m", "pipedrive_emulator", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            found = re.search(r"http://\S+", line)
            if not found:
                sys.exit("the emulator did not start")
            yield found[0]
        finally:
            process.terminate()


def ask(api: str, path: str) -> Any:
    """JSON from the emulator."""
    with urlopen(Request(api + path, headers={"x-api-token": TOKEN}, method="GET")) as answer:
        return json.loads(answer.read())


def clear(api: str) -> None:
    """Forget the requests so far."""
    urlopen(Request(f"{api}/_emulator/log/clear", headers={"x-api-token": TOKEN}, method="POST")).close()


def run(module: str, *arguments: str) -> Cost:
    """Run `python -m module` to its end, its output counted and thrown away."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        process = subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - began
        if process.returncode:
            err.seek(0)
            sys.exit(f"{module} failed:\n{err.read().decode()[-3000:]}")
        out.seek(0)
        lines = sum(b'"RECORD"' in line[:20] for line in out)
    memory = usage.ru_maxrss / 1024
    return Cost(cpu=usage.ru_utime + usage.ru_stime, wall=wall, memory=memory, lines=lines)


def files(folder: Path, api: str, *streams: str, **settings: object) -> list[str]:
    """Arguments that make the tap read these streams of the account."""
    config = folder / "config.json"
    config.write_text(json.dumps({"api_token": TOKEN, "api_url": api, **settings}))
    found = subprocess.run(
        [sys.executable, "-m", "tap_pipedrive", "--config", str(config), "--discover"],
        check=True, capture_output=True,
    )  # fmt: skip
    catalog = json.loads(found.stdout)
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = entry["tap_stream_id"] in streams
    (folder / "catalog.json").write_text(json.dumps(catalog))
    return ["--config", str(config), "--catalog", str(folder / "catalog.json")]


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


def slow_lists(folder: Path) -> Iterator[Result]:
    """Five lists of 10,000 changed rows at 200 ms a request, 100 requests per 2 s."""
    seed = ("--seed", "large", "--daily-tokens", "1000000000")
    streams = ("deals", "persons", "organizations", "activities", "notes")
    with emulator(*seed, "--burst", "0") as api:
        state = {"bookmarks": {stream: {"replication_key_value": since(api, stream)} for stream in streams}}
    (folder / "state.json").write_text(json.dumps(state))
    with emulator(*seed, "--latency-ms", "200", "--plan", "premium") as api:
        arguments = files(folder, api, *streams)
        clear(api)
        cost = run("tap_pipedrive", *arguments, "--state", str(folder / "state.json"))
        requests = ask(api, "/_emulator/log")["requests"]
    bound = max(requests / 50, cost.cpu)
    ratio = cost.wall / bound
    spent = f"{requests} requests, {cost.wall:.1f} s, {cost.cpu:.1f} s CPU"
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


def memory(folder: Path) -> Iterator[Result]:
    """Peak memory of a long read."""
    with emulator("--seed", "large", "--burst", "0", "--daily-tokens", "1000000000") as api:
        arguments = files(folder, api, "deals", "persons", "organizations", "activities", "notes", "leads")
        cost = run("tap_pipedrive", *arguments)
    text = f"{cost.memory:.0f} MiB ({cost.lines:,} records)"
    yield Result(what="Peak memory", measured=text, must="< 200 MB", reached=cost.memory < 190)


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


def emulator_pages(folder: Path) -> Iterator[Result]:  # noqa: ARG001  called like the others
    """What the emulator can serve, so that it is never what the other figures measure."""
    began = time.monotonic()
    with emulator("--seed", "large", "--burst", "0", "--daily-tokens", "1000000000") as api:
        spent = time.monotonic() - began
        yield Result(what="Emulator, start", measured=f"{spent:.1f} s", must="< 20 s", reached=spent < 20)
        rates = {name: rate(api, path) for name, path in LISTS.items()}
    name, slowest = min(rates.items(), key=lambda entry: entry[1].per_second)
    text = f"{slowest.per_second:.0f} ({name}; {slowest.per_cpu_second:.0f} a CPU second)"
    yield Result(
        what="Emulator, pages a second", measured=text, must="≥ 300", reached=slowest.per_second >= 300
    )


CASES: dict[str, Callable[[Path], Iterator[Result]]] = {
    case.__name__: case for case in (start, emulator_pages, tap_cpu, slow_lists, fan_out, memory)
}


def main(names: list[str]) -> None:
    """Run the named cases, or all, and print the table."""
    table = Table(title="Measured against the emulator", title_justify="left")
    for column in ("what", "measured", "must reach", ""):
        table.add_column(column)
    missed = 0
    for name in names or CASES:
        with tempfile.TemporaryDirectory() as folder:
            console.print(f"{name}: {(CASES[name].__doc__ or '').splitlines()[0]}", style="dim")
            for result in CASES[name](Path(folder)):
                missed += not result.reached
                table.add_row(result.what, result.measured, result.must, "yes" if result.reached else "no")
    console.print(table)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    console.print(f"Largest process {peak} MiB, emulator included.", style="dim")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
