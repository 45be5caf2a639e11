"""Requests and tokens of the tap: full reads, incremental reads and fan-outs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from benchmarks.measure import Result, ask, clear, emulator, files, run
from tap_pipedrive.catalog import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_pipedrive.catalog.spec import Read

CORE = ("deals", "persons", "organizations", "activities", "products")
_DEFINITIONS = 10
"""Tokens of the field definitions of one entity."""


def tokens(folder: Path) -> Iterator[Result]:
    """Measure tokens of a full read of the core streams, and of a second run."""
    with emulator("--seed", "medium", "--burst", "0") as api:
        reads = [read for name in CORE for read in STREAMS[name].reads]
        kinds = len({STREAMS[name].custom_fields for name in CORE} - {None})
        pages = {read.path: -(-_rows(api, read) // 500) for read in reads}
        wanted = sum(pages[read.path] * read.cost for read in reads) + kinds * _DEFINITIONS
        arguments = files(folder, api, *CORE)
        clear(api)
        cost = run("tap_pipedrive", *arguments, keep=folder / "out.jsonl")
        log = ask(api, "/_emulator/log")
        few = log["requests"] == sum(pages.values()) + kinds
        yield Result(
            what="Tokens, full read of five core lists",
            measured=f"{log['tokens']:,} ({cost.lines:,} records, {log['requests']} requests)",
            must=f"{wanted:,}: ⌈rows/500⌉ x cost, fields",
            reached=log["tokens"] == wanted and few,
        )
        states = [line for line in (folder / "out.jsonl").open() if line.startswith('{"type":"STATE"')]
        (folder / "state.json").write_text(json.dumps(json.loads(states[-1])["value"]))
        clear(api)
        cost = run("tap_pipedrive", *arguments, "--state", str(folder / "state.json"))
        log = ask(api, "/_emulator/log")["operations"]
        asked = sum(entry["count"] for name, entry in log.items() if not name.endswith("Fields"))
        yield Result(
            what="Requests when nothing is new",
            measured=f"{asked} for {len(reads)} lists, {cost.lines} records",
            must="1 per list",
            reached=asked == len(reads) and cost.lines == 0,
        )


def _rows(api: str, read: Read) -> int:
    """Return the number of rows of a list."""
    count, cursor = 0, ""
    while True:
        query = urlencode({**read.params, "limit": 500, **({"cursor": cursor} if cursor else {})})
        body = ask(api, f"{read.path}?{query}")
        count += len(body["data"])
        cursor = body["additional_data"]["next_cursor"]
        if not cursor:
            return count


def deal_products(folder: Path) -> Iterator[Result]:
    """Measure products of all deals of the medium account."""
    with emulator("--seed", "medium", "--burst", "0") as api:
        arguments = files(folder, api, "deals", "deal_products")
        clear(api)
        run("tap_pipedrive", *arguments, keep=folder / "out.jsonl")
        asked = ask(api, "/_emulator/log")["operations"]["GET /api/v2/deals/products"]["count"]
    records = [
        json.loads(line) for line in (folder / "out.jsonl").open() if line.startswith('{"type":"RECORD"')
    ]
    deals = [one["record"] for one in records if one["stream"] == "deals"]
    groups = -(-sum(bool(deal["products_count"]) for deal in deals) // 100)
    lines = len(records) - len(deals)
    most = -(-len(deals) // 100) + lines // 500
    yield Result(
        what=f"deal_products of {len(deals):,} deals",
        measured=f"{asked} requests ({lines:,} products)",
        must=f"≤ {most} requests: ⌈N/100⌉ + pages",
        reached=groups <= asked <= most,
    )


def fan_out(folder: Path) -> Iterator[Result]:
    """Measure a fan-out: one request for each of some 2,000 parents, at 200 ms."""
    with emulator("--seed", "medium", "--latency-ms", "200", "--plan", "premium") as api:
        arguments = files(folder, api, "deal_follower_changes")
        clear(api)
        cost = run("tap_pipedrive", *arguments)
        log = ask(api, "/_emulator/log")["operations"]
    requests = log["GET /api/v2/deals/{id}/followers/changelog"]["count"]
    used = requests / ((cost.wall - 2) * 50)  # without the start, the list and the first window
    text = f"{used:.0%} ({requests} requests in {cost.wall:.1f} s)"
    yield Result(what="Fan-out, burst window used", measured=text, must="≥ 80 %", reached=used >= 0.8)
