"""`make coverage`: check of docs/coverage.md and docs/actions.md against the emulator's request log.

Prints the numbers of published, claimed and seen operations. Exits with 1 and lists the names if a claim was
not confirmed, something was seen without a claim, or a published operation is not accounted for.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from collections import Counter, defaultdict
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from scripts.claims import actions, excused, published
from scripts.docs import pages
from scripts.docs.coverage import platform_kinds
from scripts.proof import verdict
from scripts.proof.evidence import gather
from tap_pipedrive.catalog import STREAMS
from target_pipedrive.catalog.actions import ACTIONS
from tests.support.emulator import Emulator

if TYPE_CHECKING:
    from scripts.proof.evidence import Evidence

console = Console(highlight=False, width=110)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, show_edge=False)
    table.add_column(columns[0], no_wrap=True)
    for column in columns[1:]:
        table.add_column(column, justify="right")
    return table


def show(evidence: Evidence) -> None:
    """Print the numbers of what was seen."""
    table = _table(
        "Operations",
        "",
        "published",
        "claimed",
        "seen in\nthe log",
        "contained in\nother rows",
        "not\ncovered",
    )
    for one in verdict.counts(evidence):
        table.add_row(
            one.what, *map(str, (one.published, one.claimed, one.requested, one.by_rows, one.excused))
        )
    console.print(table)
    kinds = ", ".join(f"{count} {word}" for word, count in platform_kinds().items())
    console.print(f"\n[bold]Actions of integration platforms[/bold]: {len(actions())} ({kinds})")
    wrote = len(set(evidence.lists.columns) & set(STREAMS) | set(evidence.by_id.columns) & set(STREAMS))
    console.print(
        f"[bold]Streams[/bold]: {wrote} of {len(STREAMS)} wrote records, {evidence.lists.records:,} in all; "
        f"{len(evidence.by_id.columns)} also read single rows by their ids"
    )
    ended = Counter((one.full, one.outcome) for one in evidence.writings if one.action in ACTIONS)
    for full, what in ((False, "required columns"), (True, "every column")):
        outcomes = {outcome: count for (which, outcome), count in ended.items() if which is full}
        told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
        console.print(f"[bold]Actions[/bold] with {what}: {sum(outcomes.values())} ({told})")


def show_excused() -> None:
    """Print the operations that are not covered, by reason."""
    reasons: dict[str, list[str]] = defaultdict(list)
    for key, why in excused().items():
        newer = "newer form" in why
        method = "reads" if published()[key].method == "GET" else "writes"
        reasons[f"{method} whose newer form is performed instead" if newer else why].append(
            key.replace(":", " ")
        )
    console.print("\n[bold]Not covered[/bold]")
    for why, names in reasons.items():
        console.print(Padding(f"{len(names)} {why}" if why.startswith(("reads", "writes")) else why, (0, 2)))
        console.print(Padding(", ".join(sorted(names)), (0, 4)), style="dim")


def main() -> int:
    """Run everything; returns the exit code."""
    logging.disable(logging.ERROR)
    with (
        tempfile.TemporaryDirectory() as folder,
        Emulator("--burst", "0", "--legacy") as emulator,
        redirect_stderr(StringIO()),
    ):
        evidence = gather(emulator, Path(folder), lambda text: console.print(f"{text} …", style="dim"))
    show(evidence)
    show_excused()
    found = verdict.problems(evidence)
    found += [f"{name} is out of date: run `make docs`" for name in pages.stale()]
    if not found:
        console.print("\nEvery claim was confirmed, and nothing else was seen.")
        return 0
    console.print(f"\n[bold]{len(found)} problems[/bold]")
    for text in found:
        console.print(Padding(text, (0, 2)), markup=False)
    return 1


if __name__ == "__main__":
    sys.exit(main())
