"""Comparison of a dry run with the real run of the same input: the outcome of every record."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.target.case_folders import FOLDERS
from tests.target.fuzz.bases import SETTINGS
from tests.target.fuzz.generator import Case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.target.fuzz.harness import Harness, Seen

ENDED = {0, 1}
REFUSED, BUDGET_SPENT = 3, 4
REJECTED = re.compile(
    r"rejected by Pipedrive|Pipedrive rejects|(POST|PATCH|PUT|DELETE) /api/\S+ returned 4\d\d"
)
WRITTEN = {"created", "updated", "deleted", "merged"}
BY_THE_RESPONSE = "a value, a missing column or an id that only the response to a write rejects"
BY_ITS_REFERENCE = "a reference to a row whose write Pipedrive rejects"
BY_SIGN_IN = "a sign-in that fails, in a run whose dry run sends no request"
BY_A_LIMIT = "the end of a run by a limit that its writes reach"


def folders() -> list[Case]:
    """Return the inputs of the folders of cases, with their settings."""
    return [
        Case(
            seed=number,
            story=[one.name],
            data=(one / "input.singer").read_bytes(),
            settings=_settings(one / "config.json") or SETTINGS.get(one.name, {}),
        )
        for number, one in enumerate(sorted(FOLDERS.iterdir()))
    ]


def _settings(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {}


def differences(harness: Harness, made: Case) -> dict[str, list[str]]:
    """Return the records whose outcomes differ, by reason; an empty reason if it is unknown."""
    seen = []
    for dry in (True, False):
        once = replace(made, path=None, settings={**made.settings, "dry_run": dry})
        seen.append(harness.run(once, harness.begin(once)))
    found: dict[str, list[str]] = {}
    for why, what in _compared(*seen):
        found.setdefault(why, []).append(what)
    return found


def _compared(dry: Seen, real: Seen) -> Iterator[tuple[str, str]]:
    if dry.code not in ENDED and real.code not in ENDED:
        return
    planned = {one["record"]: one for one in dry.results}
    rejected = any(REJECTED.search(one["error"] or "") for one in real.results)
    for one in real.results:
        twin = planned.get(one["record"])
        if twin is not None and twin["outcome"] != one["outcome"]:
            why = _reason(twin, one, rejected=rejected)
            yield why, f"{one['stream']} {one['key']}: {_said(twin)} → {_said(one)}"
    if len(dry.results) != len(real.results):
        what = f"{len(dry.results)} → {len(real.results)} results, exit code {dry.code} → {real.code}"
        if real.code == REFUSED and not dry.requests:
            yield BY_SIGN_IN, what
        else:
            yield BY_A_LIMIT if rejected or real.code == BUDGET_SPENT else "", what


def _reason(planned: dict[str, Any], written: dict[str, Any], *, rejected: bool) -> str:
    """Return why a dry run could not predict an outcome; empty if it could."""
    if planned["outcome"] in WRITTEN and written["outcome"] == "failed":
        if REJECTED.search(written["error"]):
            return BY_THE_RESPONSE
        if rejected and "not in this ledger" in written["error"]:
            return BY_ITS_REFERENCE
    return ""


def _said(result: dict[str, Any]) -> str:
    more = result["error"] or result["note"] or result["changed"] or ""
    return f"{result['outcome']} ({more!s:.200})"
