"""`make bench`: the promises of the design, measured against the emulator; prints a table.

Ratios and counts, not bare seconds: each comparison runs its parts in turn on the same machine.
`python -m benchmarks NAME …` runs some of them.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmarks.emulator_pages import emulator_pages
from benchmarks.tap_cpu import tap_cpu
from benchmarks.tap_requests import fan_out, start
from benchmarks.tap_volume import memory, slow_lists

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.measure import Result

console = Console(width=110)

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
