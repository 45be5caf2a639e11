"""Requests and speed of the target: unchanged rows, creates at a slow API, records without HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.measure import TOKEN, Result, ask, clear, emulator, files, run
from benchmarks.tap_volume import since

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

ROWS = 10_000
ADDS = 1_500
VALIDATED = 50_000
DEAL = {
    "value": 1234.5,
    "currency": "EUR",
    "owner_id": 3,
    "person_id": 5,
    "org_id": 7,
    "pipeline_id": 1,
    "stage_id": 2,
    "status": "open",
    "probability": 50,
    "expected_close_date": "2026-01-31",
    "label_ids": [1, 2],
    "visible_to": 3,
    "lost_reason": None,
    "is_archived": False,
}


def upserts(folder: Path) -> Iterator[Result]:
    """Measure upserts of 10,000 deals that the tap read: unchanged, then each with three changes."""
    with emulator("--seed", "large", "--burst", "0", "--daily-tokens", "1000000000") as api:
        state = {"bookmarks": {"deals": {"replication_key_value": since(api, "deals", 2 * ROWS)}}}
        (folder / "state.json").write_text(json.dumps(state))
        arguments = files(folder, api, "deals")
        run("tap_pipedrive", *arguments, "--state", str(folder / "state.json"), keep=folder / "tap.jsonl")
        count = _here_and_now(folder / "tap.jsonl", folder / "rows.jsonl")
        yield _upsert(folder, api, folder / "rows.jsonl", count, ())
        _change(folder / "rows.jsonl", folder / "changed.jsonl")
        yield _upsert(folder, api, folder / "changed.jsonl", count, ("expected_close_date", "title", "value"))


def _upsert(folder: Path, api: str, feed: Path, count: int, changed: tuple[str, ...]) -> Result:
    """Upsert rows; `changed` contains the columns in which each row differs from the account."""
    clear(api)
    results = folder / f"results-{len(changed)}.jsonl"
    cost = run("target_pipedrive", *_config(folder, api, results_path=str(results)), feed=feed)
    log = ask(api, "/_emulator/log")["operations"]
    writes = {name: entry["count"] for name, entry in log.items() if not name.startswith("GET")}
    reads = sum(entry["count"] for name, entry in log.items() if name.startswith("GET /api/v2/deals"))
    wanted = {"PATCH /api/v2/deals/{id}": count} if changed else {}
    exact = all(tuple(sorted(json.loads(line)["changed"])) == changed for line in results.open())
    told = f"{sum(writes.values()):,} writes" + (f" of just {len(changed)} keys" if changed and exact else "")
    return Result(
        what=f"Upserts of {count:,} rows, {len(changed) or 'nothing'} changed",
        measured=f"{reads} reads, {told} ({count / cost.cpu:,.0f} rows per CPU second)",
        must=f"≤ {-(-count // 100)} reads: ⌈N/100⌉; {'1 write each' if changed else 'no write'}",
        reached=count == ROWS and reads <= -(-count // 100) and writes == wanted and exact,
    )


def _change(source: Path, target: Path) -> None:
    """Change title, value and expected close date of the rows."""
    with target.open("w") as out:
        for line in source.open():
            message = json.loads(line)
            if message["type"] == "RECORD":
                record = message["record"]
                record["title"] = f"{record['title']} II"
                record["value"] = (record["value"] or 0) + 1
                record["expected_close_date"] = "2031-02-03"
            out.write(json.dumps(message) + "\n")


def _here_and_now(source: Path, target: Path) -> int:
    """Keep the records of rows that are neither deleted nor archived; returns their number."""
    count = 0
    with target.open("w") as out:
        for line in source.open():
            message = json.loads(line)
            if message["type"] == "SCHEMA":
                out.write(line)
            elif message["type"] == "RECORD" and count < ROWS:
                record = message["record"]
                if not record["is_deleted"] and not record["is_archived"]:
                    out.write(line)
                    count += 1
    return count


def slow_adds(folder: Path) -> Iterator[Result]:
    """Measure new deals at 200 ms a request, 100 requests per 2 s."""
    with emulator("--seed", "small", "--latency-ms", "200", "--plan", "premium") as api:
        _write(folder / "adds.jsonl", ({"title": f"Deal {number}"} for number in range(ADDS)))
        arguments = _config(folder, api)
        clear(api)
        cost = run("target_pipedrive", *arguments, feed=folder / "adds.jsonl")
        added = ask(api, "/_emulator/log")["operations"]["POST /api/v2/deals"]["statuses"]
    used = ADDS / ((cost.wall - 2) * 50)  # without the start and the first window
    yield Result(
        what="Adds, burst window used",
        measured=f"{used:.0%} ({ADDS:,} in {cost.wall:.1f} s, {added.get('429', 0)} x 429)",
        must="≥ 80 %",
        reached=used >= 0.8 and sum(added.values()) - added.get("429", 0) == ADDS,
    )


def validated(folder: Path) -> Iterator[Result]:
    """Measure records read, validated and encoded: a dry run of creates, without startup and one request."""
    seconds = {}
    with emulator("--seed", "small") as api:
        for count in (1, VALIDATED):
            _write(folder / "rows.jsonl", ({"title": f"Deal {number}", **DEAL} for number in range(count)))
            clear(api)
            arguments = _config(folder, api, dry_run=True)
            seconds[count] = run("target_pipedrive", *arguments, feed=folder / "rows.jsonl").cpu
            asked = sum(entry["count"] for entry in ask(api, "/_emulator/log")["operations"].values())
    rate = (VALIDATED - 1) / (seconds[VALIDATED] - seconds[1])
    yield Result(
        what="Records read and validated, in a dry run",
        measured=f"{rate:,.0f} per CPU second ({len(DEAL) + 1} columns, requests: {asked})",
        must="≥ 7,000 per CPU second",
        reached=rate >= 7_000 and asked <= 1,
    )


def _config(folder: Path, api: str, **settings: object) -> list[str]:
    """Return arguments of the target, with its files in the folder."""
    own = {"ledger_path": str(folder / "ledger.sqlite"), "rejects_path": str(folder / "rejects.singer")}
    config = folder / "target.json"
    config.write_text(json.dumps({"api_token": TOKEN, "api_url": api, **own, **settings}))
    return ["--config", str(config)]


def _write(path: Path, records: Iterable[dict[str, object]]) -> None:
    """Write a Singer file of `add_deal` with these records."""
    with path.open("w") as out:
        schema = {"type": "object", "properties": {name: {} for name in ("title", *DEAL)}}
        message = {"type": "SCHEMA", "stream": "add_deal", "schema": schema, "key_properties": []}
        out.write(json.dumps(message) + "\n")
        for record in records:
            out.write(json.dumps({"type": "RECORD", "stream": "add_deal", "record": record}) + "\n")
