"""`make bench`: measure the performance guarantees against the emulator and print a table.

Results are ratios, counts and CPU seconds instead of wall-clock seconds. Compared programs run alternately
on the same machine.
`python -m benchmarks NAME …` runs some of them; `--write` stores their results in docs/benchmarks.md.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks import note
from benchmarks.emulator_pages import emulator_pages
from benchmarks.loading import batch_load
from benchmarks.start import start
from benchmarks.tap_cpu import tap_cpu
from benchmarks.tap_requests import deal_products, fan_out, tokens
from benchmarks.tap_volume import memory, slow_lists
from benchmarks.target import slow_adds, upserts, validated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from benchmarks.measure import Result

GROUPS: Mapping[str, tuple[Callable[[Path], Iterator[Result]], ...]] = {
    "The tap": (tokens, deal_products, tap_cpu, slow_lists, fan_out, memory, batch_load),
    "The target": (upserts, slow_adds, validated),
    "Both": (start,),
    "The emulator, which must not limit the other cases": (emulator_pages,),
}
BY_THE_CLOCK = {"slow_lists", "fan_out", "slow_adds"}
"""Cases that other programs on the machine can distort."""
CASES = {case.__name__: case for cases in GROUPS.values() for case in cases}
console = Console(width=118, highlight=False)


def measure(names: list[str]) -> dict[str, list[Result]]:
    """Return results by case, with a mark on those that a busy machine may have distorted."""
    found = {}
    for name in names:
        console.print(f"{name}: {note.first_line(CASES[name])}", style="dim")
        with tempfile.TemporaryDirectory() as folder:
            results = list(CASES[name](Path(folder)))
        if name in BY_THE_CLOCK and os.getloadavg()[0] > 2 * (os.cpu_count() or 1):
            results = [replace(one, measured=f"{one.measured}, on a busy machine") for one in results]
        found[name] = results
    return found


def show(results: Mapping[str, list[Result]]) -> None:
    """Print the table."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, title="Measured against the emulator", title_style="bold")
    table.add_column("what", no_wrap=True)
    for column in ("must", "measured", ""):
        table.add_column(column)
    for group, cases in GROUPS.items():
        rows = [one for case in cases for one in results.get(case.__name__, ())]
        if rows:
            table.add_section()
            table.add_row(f"[bold]{group}[/bold]")
        for one in rows:
            verdict = "[green]✓[/green]" if one.reached else "[red]✗ missed[/red]"
            table.add_row(f"  {one.what}", one.must, one.measured, verdict)
    console.print(table)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    console.print(f"Largest process {peak} MiB, emulator included.", style="dim")


def main(arguments: list[str]) -> int:
    """Run the named cases, or all; returns the exit code, 1 if a guarantee is not met."""
    names = [one for one in arguments if not one.startswith("--")] or list(CASES)
    unknown = [one for one in names if one not in CASES]
    if unknown or set(arguments) - set(names) - {"--write"}:
        console.print("Usage: python -m benchmarks [--write] [NAME …]\n\nNames, all by default:")
        for name, case in CASES.items():
            console.print(f"  {name:15} {note.first_line(case).removeprefix('Measure ')}", no_wrap=True)
        return 2
    results = measure(names)
    show(results)
    if "--write" in arguments:
        groups = {group: [case.__name__ for case in cases] for group, cases in GROUPS.items()}
        console.print(
            f"Wrote {note.write(results, groups, {n: note.first_line(c) for n, c in CASES.items()})}."
        )
    return 0 if all(one.reached for found in results.values() for one in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
