"""The report of a check: one JSON object without personal values."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from tests.live.comparison import differences, write_differences
from tests.live.survey import Survey
from tests.live.writes import try_writes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipedrive_client import PipedriveClient
    from tests.live.survey import Seen


def check_account(
    live: PipedriveClient, emulated: PipedriveClient, *, write: bool, show: Callable[[str], None]
) -> dict[str, Any]:
    """Compare a live account with the emulator and the catalogue.

    Args:
        live: client of the live account; only GET requests are sent unless `write` is set.
        emulated: client of an emulator, which gets the same requests.
        write: also create, update and delete a few rows of the live account.
        show: called with one line per read, for people.

    Returns:
        The report: `reads`, `writes` and `not_read`, each with `differences` in words.
    """
    reads = []
    seen_there = {seen.key + str(number): seen for number, seen in _numbered(Survey(emulated))}
    survey = Survey(live)
    for number, seen in _numbered(survey):
        found = differences(seen, seen_there.get(seen.key + str(number)))
        show(f"{seen.key}: {seen.status}, {_count(seen.rows, 'row')}, {_count(len(found), 'difference')}")
        reads.append(
            {
                "stream": seen.stream,
                "operation": seen.operation,
                "path": seen.path,
                "status": seen.status,
                "rows": seen.rows,
                "tokens": seen.tokens,
                "differences": found,
            }
        )
    return {
        "version": version("pipedrive-singer"),
        "python": platform.python_version(),
        "requests": live.usage.requests,
        "reads": reads,
        "writes": _writes(live, emulated, show) if write else [],
        "not_read": survey.without,
    }


def count_differences(report: dict[str, Any]) -> int:
    """Return the number of differences in a report."""
    return sum(len(one["differences"]) for part in ("reads", "writes") for one in report[part])


def _writes(
    live: PipedriveClient, emulated: PipedriveClient, show: Callable[[str], None]
) -> list[dict[str, Any]]:
    expected = {taken.step.label: taken for taken in try_writes(emulated)}
    found = []
    for taken in try_writes(live):
        differing = write_differences(taken, expected.get(taken.step.label))
        show(f"{taken.step.label}: {taken.status}, {_count(len(differing), 'difference')}")
        found.append({"step": taken.step.label, "status": taken.status, "differences": differing})
    return found


def _numbered(survey: Survey) -> Iterator[tuple[int, Seen]]:
    """Number the reads of the same path, of which some streams have several."""
    counts: dict[str, int] = {}
    for seen in survey.reads():
        counts[seen.key] = counts.get(seen.key, -1) + 1
        yield counts[seen.key], seen


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
