"""Speed of the emulator with pages of 500 rows of the large account: `python -m benchmarks.emulator_pages`.

Two connections read the same list from both ends. Pages per second of the emulator's own CPU time show its
capacity even if other programs use the machine; pages per wall-clock second show the rate for a client.
"""

from __future__ import annotations

import json
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benchmarks.measure import Result, emulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADERS = {"x-api-token": "emulator-token"}
CURSOR = re.compile(rb'"next_cursor":"([^"]+)"')
TAIL = 400
PAGES = 90
LISTS = {
    "deals": "/api/v2/deals?limit=500",
    "deals by update_time": "/api/v2/deals?limit=500&sort_by=update_time",
    "persons": "/api/v2/persons?limit=500",
    "organizations": "/api/v2/organizations?limit=500",
    "activities": "/api/v2/activities?limit=500",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Result of reading one list."""

    pages: int
    megabytes: float
    per_second: float
    per_cpu_second: float


def cpu_seconds(api: str) -> float:
    """Return the CPU seconds that the emulator has used since it started."""
    with _connected(api) as connection:
        return float(json.loads(_get(connection, "/_emulator/process"))["cpu_seconds"])


def rate(api: str, path: str, pages: int = PAGES) -> Rate:
    """Read a list on two connections, at most this many pages each, after one page that builds its index."""
    _walk(api, path, 1)
    cpu, clock = cpu_seconds(api), time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        walks = list(pool.map(lambda way: _walk(api, f"{path}&sort_direction={way}", pages), ("asc", "desc")))
    clock, cpu = time.perf_counter() - clock, cpu_seconds(api) - cpu
    count = sum(n for n, _ in walks)
    size = sum(size for _, size in walks) / 1e6
    return Rate(pages=count, megabytes=size, per_second=count / clock, per_cpu_second=count / cpu)


def _connected(api: str) -> closing[HTTPConnection]:
    return closing(HTTPConnection(urlsplit(api).netloc, timeout=120))


def _get(connection: HTTPConnection, path: str) -> bytes:
    connection.request("GET", path, headers=HEADERS)
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        sys.exit(f"{path}: {response.status}")
    return body


def _walk(api: str, path: str, pages: int) -> tuple[int, int]:
    """Return (pages, bytes) of a list read by cursor over one persistent connection."""
    cursor, count, size = "", 0, 0
    with _connected(api) as connection:
        while count < pages:
            body = _get(connection, path + cursor)
            count, size = count + 1, size + len(body)
            found = CURSOR.search(body[-TAIL:])
            if not found:
                break
            cursor = f"&cursor={found[1].decode()}"
    return count, size


def emulator_pages(folder: Path) -> Iterator[Result]:  # noqa: ARG001  same signature as the others
    """Measure the pages the emulator serves per CPU second, which must not limit the other cases."""
    with emulator("--seed", "large", "--burst", "0", "--daily-tokens", "1000000000") as api:
        spent = cpu_seconds(api)
        yield Result(
            what="Emulator, start of the large account",
            measured=f"{spent:.1f} s CPU",
            must="< 20 s",
            reached=spent < 20,
        )
        rates = {name: rate(api, path) for name, path in LISTS.items()}
    name, slowest = min(rates.items(), key=lambda entry: entry[1].per_cpu_second)
    yield Result(
        what="Emulator, pages of 500 rows",
        measured=f"{slowest.per_cpu_second:.0f} per CPU second ({name}, the slowest list)",
        must="≥ 300 per CPU second",
        reached=slowest.per_cpu_second >= 300,
    )


def main() -> None:
    """Start a large account and print a line per list."""
    begun = time.perf_counter()
    with emulator("--seed", "large", "--burst", "0", "--daily-tokens", "1000000000") as api:
        spent = time.perf_counter() - begun
        sys.stdout.write(f"start: {spent:.1f} s, {cpu_seconds(api):.1f} s CPU (must stay under 20 s)\n")
        for name, path in LISTS.items():
            found = rate(api, path)
            sys.stdout.write(
                f"{name}: {found.per_second:.0f} pages/s, {found.per_cpu_second:.0f} per s CPU "
                f"({found.pages} pages of {found.megabytes / found.pages:.2f} MB; must reach 300)\n"
            )


if __name__ == "__main__":
    main()
