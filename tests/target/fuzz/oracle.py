"""Properties of every run with any input. Each function yields violations."""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.names import snake
from target_pipedrive.catalog.raw_request import RAW_REQUEST
from tests.support.emulator import TOKEN
from tests.target.fuzz.values import SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.target.fuzz.generator import Case
    from tests.target.fuzz.harness import Harness, Seen

CODES = {0, 1, 2, 3, 4}
SECONDS = 10
CONTROL = {"SCHEMA", "STATE", "ACTIVATE_VERSION"}
PERSONAL = re.compile(r"(?i)[\w.+-]+@(private|mail|home)\.example|(anna|ben|new|action) fuzz\b")
"""Addresses and names of people in the inputs."""
IDS = re.compile(r"(?<=/)(?:\d+|[0-9a-f]{8}-[0-9a-f-]{27})(?=/|$)")
STOPPING = ("max_failures", "daily_token_budget", "max_failure_percent", "run_token_budget")
SAME = {
    "created": {"unchanged", "skipped"},
    "updated": {"unchanged"},
    "unchanged": {"unchanged"},
    "deleted": {"unchanged", "skipped", "deleted"},
    "merged": {"merged", "unchanged", "skipped"},
    "skipped": {"skipped"},
}
"""Outcome of a record → allowed outcomes in a second run of the same input."""


def problems(harness: Harness, case: Case) -> list[str]:
    """Return all violations of a case: of its run, of a repeated run, and of its rejects."""
    folder = harness.begin(case)
    first = harness.run(case, folder)
    found = [*of_run(case, first, case.data), *of_writes(case, first), *of_deletes(case, first)]
    if first.code in (0, 1) and first.writes and is_repeatable(case, first):
        found += [f"again: {one}" for one in of_repetition(case, first, harness.run(case, folder))]
    if first.rejects and first.code in (0, 1) and not case.settings.get("dry_run"):
        found += [f"rejects: {one}" for one in of_rejects(harness, case, folder, first)]
    return found


# ── one run ──────────────────────────────────────────────────────────────────────────────────────


def of_run(case: Case, seen: Seen, data: bytes) -> Iterator[str]:
    """Exit code, time, output, and the account of every record."""
    if seen.code not in CODES:
        yield f"exit code {seen.code}"
    if "Traceback (most recent call last)" in seen.err or "Thread 0x" in seen.err:
        yield f"a traceback: {seen.err.strip().splitlines()[-1][:300]}"
    if seen.seconds > SECONDS:
        yield f"{seen.seconds:.0f} seconds"
    if seen.code and not seen.err.strip():
        yield "an exit code without a sentence"
    everything = seen.out + seen.err + json.dumps(seen.results) + seen.rejects.decode(errors="replace")
    yield from (f"shows a secret: {one[:4]}…" for one in (TOKEN, SECRET) if one in everything)
    personal = PERSONAL.search(seen.err)
    if personal:
        yield f"a personal value in the log: {personal[0]}"
    yield from _of_states(case, seen, data)
    if seen.results or not case.path:
        yield from _of_account(case, seen, data)


def messages(data: bytes, errors: str = "strict") -> Iterator[Any]:
    """Return decoded lines that are not blank, without a byte order mark; None if invalid."""
    for line in data.removeprefix(BOM_UTF8).split(b"\n"):
        if line.strip():
            try:
                yield json.loads(line if errors == "strict" else line.decode(errors=errors))
            except (ValueError, RecursionError):
                yield None


def kind_of(message: Any) -> str:
    kind = message.get("type") if isinstance(message, dict) else None
    return kind if isinstance(kind, str) else ""


def _of_states(case: Case, seen: Seen, data: bytes) -> Iterator[str]:
    """Every STATE is emitted unchanged and in order; a dry run emits none."""
    try:
        passed = [json.loads(line) for line in seen.out.split("\n") if line]
    except ValueError:
        yield f"standard output is not JSON: {seen.out[:100]!r}"
        return
    given = iter([one.get("value") for one in messages(data) if kind_of(one) == "STATE"])
    if not all(any(value == one for one in given) for value in passed):
        yield f"a STATE that is not part of the input: {seen.out[:100]!r}"
    if passed and case.settings.get("dry_run") is True:
        yield "a STATE of a dry run"


def _of_account(case: Case, seen: Seen, data: bytes) -> Iterator[str]:
    """Each line that contains a record or cannot be read has exactly one outcome."""
    # a message is read although a member that the target does not use is not UTF-8
    kinds = [kind_of(one) for one in messages(data, errors="replace")]
    control = sum(kind in CONTROL for kind in kinds)
    most, least = len(kinds), len(kinds) - control - kinds.count("REJECT")
    if not data.endswith(b"\n"):
        least -= 1  # a truncated line does not count as a record
    numbers = Counter(one["record"] for one in seen.results)
    if numbers and max(numbers.values()) > 1:
        yield f"a record has two outcomes: {numbers.most_common(1)}"
    ignored = sum(int(one) for one in re.findall(r"(?i)ignored (\d[\d,]*) record", seen.err))
    # records that reference rows which a truncated input does not contain are left to the next run
    left = re.search(r"(\d+) records? read but not processed", seen.err) if not data.endswith(b"\n") else None
    count = len(seen.results) + ignored + (int(left[1]) if left else 0)
    if count > most:
        yield f"{count} outcomes of {most} lines"
    if seen.code in (0, 1) and not stops(case) and count < least:
        yield f"{count} outcomes of {least} records"
    failed = seen.failed
    if seen.code == 0 and failed:
        yield f"exit code 0 with {failed} failures"
    rejected = sum(kind_of(one) != "SCHEMA" for one in messages(seen.rejects))
    if rejected != failed and not case.path and seen.code in (0, 1) and not case.settings.get("dry_run"):
        yield f"{rejected} rejects of {failed} failures"


def stops(case: Case) -> bool:
    """Return whether the settings end a run early."""
    return case.settings.get("on_error") == "stop" or any(name in case.settings for name in STOPPING)


def of_writes(case: Case, seen: Seen) -> Iterator[str]:
    """Only rows with an outcome are written, and each new row has an outcome."""
    if case.settings.get("dry_run") is True and seen.writes:
        yield f"writes of a dry run: {[(one['method'], one['path']) for one in seen.writes][:3]}"
    if case.path or stops(case) or any(acts(case, one) for one in streams_of(case)):
        return
    ids = {str(one["id"]) for one in seen.results}
    for one in seen.writes:
        found = IDS.findall(one["path"])
        if one["method"] != "POST" and found and not ids & set(found) and "Fields" not in one["path"]:
            yield f"writes a row that no record names: {one['method']} {one['path']}"
    added = [one["path"] for one in seen.writes if one["method"] == "POST" and "Fields" not in one["path"]]
    outcomes = Counter(seen.outcomes.values())
    if len(added) > outcomes["created"] + outcomes["failed"]:
        yield f"{len(added)} new rows of {outcomes['created']} created: {added[:4]}"


# ── deletes ──────────────────────────────────────────────────────────────────────────────────────


def of_deletes(case: Case, seen: Seen) -> Iterator[str]:
    """A row is deleted only if its record marks it as deleted and the settings allow it."""
    deleted = [one["path"] for one in seen.writes if one["method"] == "DELETE"]
    if not deleted or any(acts(case, one) for one in streams_of(case)) or case.settings.get("mirror"):
        return
    marked = sum(is_marked(one) for one in messages(case.data) if kind_of(one) == "RECORD")
    if case.settings.get("allow_deletes") is not True:
        yield f"deletes that are not allowed: {deleted}"
    elif len(deleted) > marked:
        yield f"{len(deleted)} deletes of {marked} marked records: {deleted}"


def is_marked(message: dict[str, Any]) -> bool:
    """Return whether a record marks its row as deleted, in one of the documented ways."""
    record = message.get("record")
    for name, value in record.items() if isinstance(record, dict) else ():
        if name.strip("\ufeff\u200b\u00a0 ").lower().replace(" ", "_") in ("_sdc_deleted_at", "is_deleted"):
            text = str(value).strip().lower()
            if text in ("true", "1", "1.0", "yes") or re.match(r"\d{4}-\d\d-\d\d|\d{8}$|\d{10}$", text):
                return True
    return False


def streams_of(case: Case) -> set[str]:
    found = [one.get("stream") for one in messages(case.data) if isinstance(one, dict)]
    return {one for one in found if isinstance(one, str)}


def acts(case: Case, stream: str) -> bool:
    """Return whether a stream executes each record as an action, instead of upserting rows."""
    own = case.settings.get("streams")
    entry = own.get(stream) if isinstance(own, dict) else None
    if isinstance(entry, dict):
        return "action" in entry or entry.get("write") in ("add", "delete")
    return snake(stream) in ACTIONS or snake(stream) == RAW_REQUEST or stream.lower() in ACTIONS


# ── the same again ───────────────────────────────────────────────────────────────────────────────


def is_repeatable(case: Case, first: Seen) -> bool:
    """Return whether the same input must write nothing the second time."""
    ids = Counter((one["stream"], str(one["id"])) for one in first.results if one["id"] not in (None, ""))
    touched_twice = bool(ids) and max(ids.values()) > 1  # the last record counts, each time
    return not (
        touched_twice
        or stops(case)
        or case.path
        or case.settings.get("dry_run")
        or case.settings.get("on_blank_match") == "add"  # a record without a key is new each time
        or any(acts(case, one) for one in streams_of(case))
    )


def of_repetition(case: Case, first: Seen, second: Seen) -> Iterator[str]:
    """A second run of the same input writes nothing: each row is as after the first run."""
    yield from of_run(case, second, case.data)
    better = any(
        outcome == "failed" and second.outcomes.get(number) != "failed"
        for number, outcome in first.outcomes.items()
    )
    for number, outcome in first.outcomes.items():
        now = second.outcomes.get(number)
        if outcome in SAME and now not in SAME[outcome] and not better:
            result = next(one for one in second.results if one["record"] == number) if now else {}
            what = {name: result.get(name) for name in ("stream", "key", "id", "changed", "error")}
            yield f"record {number} was {outcome} and is {now}: {what}"
    if second.writes and not better:
        yield f"writes: {[(one['method'], one['path'], str(one['body'])[:80]) for one in second.writes][:4]}"


# ── rejects ──────────────────────────────────────────────────────────────────────────────────────


def of_rejects(harness: Harness, case: Case, folder: Path, first: Seen) -> Iterator[str]:
    """The reject file is valid Singer input, with the same or a better outcome for each record."""
    (folder / "rejected").write_bytes(first.rejects)
    again = harness.run(case, folder, "rejected")
    yield from of_run(replace(case, ledger=""), again, first.rejects)
    if again.code not in (0, 1) and not stops(case):
        yield f"exit code {again.code} after {first.code}: {again.err.strip()[-300:]}"
    if again.failed > first.failed:
        yield f"{again.failed} failures of {first.failed}"
