"""docs/benchmarks.md: results of the last runs. Rows of cases that were not run stay as they were."""

from __future__ import annotations

import os
import platform
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.measure import Result

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
_HEAD = "| Measurement | Required | Measured | Met | Case |\n|---|---|---|---|---|"
_TEXT = """\
# Benchmarks

Guarantees of this project for speed, requests and memory, with the latest measurements. All run against the
emulator on the same machine and are ratios, counts or CPU seconds. Wall-clock time is used only if a slow API
or the burst window sets the pace.

`make bench` measures everything and prints these tables. `.venv/bin/python -m benchmarks --write` also writes
this page; with names of cases, it runs only these and updates their rows:
`.venv/bin/python -m benchmarks --write tokens start`.

Measured with {machine}. Compare rates per CPU second only with others of the
same machine; other programs on its cores lowered them by up to 15 % in repeated runs.
"""


def first_line(case: Callable[..., object]) -> str:
    """Return the first line of a case's docstring, which describes it."""
    return (case.__doc__ or "").splitlines()[0]


def write(
    results: Mapping[str, Sequence[Result]], groups: Mapping[str, Sequence[str]], words: Mapping[str, str]
) -> str:
    """Write the page; returns its path for people.

    Args:
        results: rows by the case that gave them.
        groups: heading → cases, in order.
        words: description of each case.
    """
    rows = _kept() | {name: [_row(name, one) for one in found] for name, found in results.items()}
    parts = [_TEXT.format(machine=_machine())]
    for group, names in groups.items():
        lines = [line for name in names for line in rows.get(name, ())]
        parts.append(f"## {group}\n\n{_HEAD}\n" + "".join(f"{line}\n" for line in lines))
    cases = "".join(f"- `{name}`: {text}\n" for name, text in words.items())
    parts.append(f"## Cases\n\n{cases}")
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
    """Return interpreter, number of cores, and the processor where Linux names it."""
    found = f"{platform.python_implementation()} {platform.python_version()} on {os.cpu_count()} cores"
    with suppress(OSError):
        named = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
        return f"{found} of an {named[1]}" if named else found
    return found
