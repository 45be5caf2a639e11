"""docs/benchmarks.md: what the last runs gave. Rows of cases that were not run stay as they were."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.measure import Result

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
_HEAD = "| What | Must | Measured | Reached | Case |\n|---|---|---|---|---|"
_TEXT = """\
# Benchmarks

What this project promises of its speed, its requests and its memory, as it was measured last. All against
the emulator on the same machine, as ratios, counts and CPU seconds; by the clock only where a slow API or the
burst window sets the pace.

`make bench` measures everything and prints these tables. `.venv/bin/python -m benchmarks --write` also writes
this page; with the names of cases it runs just these and writes their rows:
`.venv/bin/python -m benchmarks --write tokens start`.

Measured with {machine}.
"""


def first_line(case: Callable[..., object]) -> str:
    """What a case does, in its own words."""
    return (case.__doc__ or "").splitlines()[0]


def write(
    results: Mapping[str, Sequence[Result]], groups: Mapping[str, Sequence[str]], words: Mapping[str, str]
) -> str:
    """Write the page; returns its path for people.

    Args:
        results: rows by the case that gave them.
        groups: heading → cases, in order.
        words: what each case does.
    """
    rows = _kept() | {name: [_row(name, one) for one in found] for name, found in results.items()}
    parts = [_TEXT.format(machine=_machine())]
    for group, names in groups.items():
        lines = [line for name in names for line in rows.get(name, ())]
        parts.append(f"## {group}\n\n{_HEAD}\n" + "".join(f"{line}\n" for line in lines))
    told = "".join(f"- `{name}`: {text}\n" for name, text in words.items())
    parts.append(f"## What each case does\n\n{told}")
    PAGE.write_text("\n".join(parts), encoding="utf-8")
    return f"{PAGE.parent.name}/{PAGE.name}"


def _kept() -> dict[str, list[str]]:
    """Return rows of the page by their case."""
    found: dict[str, list[str]] = {}
    if PAGE.exists():
        for line in PAGE.read_text(encoding="utf-8").splitlines():
            case = re.fullmatch(r"\|.*\| `(\w+)` \|", line)
            if case:
                found.setdefault(case[1], []).append(line)
    return found


def _row(name: str, one: Result) -> str:
    cells = (one.what, one.must, one.measured, "yes" if one.reached else "**no**", f"`{name}`")
    return "| " + " | ".join(cells) + " |"


def _machine() -> str:
    return f"{platform.python_implementation()} {platform.python_version()} on {os.cpu_count()} cores"
