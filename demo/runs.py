"""Rows and cost of the two runs of the tap, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table

from tap_pipedrive.catalog import STREAMS

if TYPE_CHECKING:
    from demo.stage import Run, Stage

SHOWN = 12
"""Number of tables in the output, the largest ones."""


def show(stage: Stage, first: Run, second: Run) -> int:
    """Print the loaded rows and the cost; returns the number of tables that differ from the account."""
    account, warehouse = stage.account.rows(), stage.warehouse.rows()
    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=0)
    table.add_column("\ntable", no_wrap=True)
    for run, what in (
        ("", "rows"), ("in the", "account"), ("1st run", "requests"), ("1st run", "tokens"),
        ("2nd run", "rows"), ("2nd run", "requests"), ("2nd run", "tokens"),
    ):  # fmt: skip
        table.add_column(f"{run}\n{what}", justify="right", no_wrap=True)
    names = sorted({*warehouse, *account}, key=lambda name: (-warehouse.get(name, 0), name))
    differ = {name for name in account if account[name] != warehouse.get(name, 0)}
    shown = [name for place, name in enumerate(names) if place < SHOWN or name in differ]
    for name in shown:
        rows, wanted = warehouse.get(name, 0), account.get(name)
        table.add_row(
            name,
            f"{rows:,}",
            "" if wanted is None else f"[red]{wanted:,} ✗[/red]" if name in differ else f"{wanted:,} ✓",
            *_numbers(first.traffic.by_stream.get(name)),
            f"{second.rows[name]:,}" if second.rows.get(name) else "",
            *_numbers(second.traffic.by_stream.get(name)),
        )
    table.add_row(
        f"{len(names) - len(shown)} more tables",
        f"{sum(warehouse.get(name, 0) for name in names if name not in shown):,}",
        style="dim",
    )
    table.add_section()
    table.add_row(
        "total", f"{sum(warehouse.values()):,}", "",
        f"{first.traffic.requests:,}", f"{first.traffic.tokens:,}",
        f"{sum(second.rows.values()):,}", f"{second.traffic.requests:,}", f"{second.traffic.tokens:,}",
        style="bold",
    )  # fmt: skip
    stage.console.print(table)
    if differ:
        stage.console.print(f"\n[red]✗ {len(differ)} of {len(account)} tables differ from the account.[/red]")
    else:
        stage.console.print(
            f"\n[green]✓[/green] Row counts of {len(account)} tables compared with the account: all equal."
        )
    _explain(stage, second)
    return len(differ)


def _explain(stage: Stage, second: Run) -> None:
    """Print why the second run loaded its rows."""
    changed, children, full = 0, {}, {}
    for name, rows in second.rows.items():
        spec = STREAMS[name]
        parent = STREAMS[spec.parent.stream] if spec.parent else None
        if spec.replication_key:
            changed += rows
        elif rows and parent and parent.replication_key:
            children[name] = rows
        elif rows:
            full[name] = rows
    text = f"  The second run loaded {changed:,} changed rows"
    if children:
        text += f", and rows that belong to them: {_listed(children)}"
    if full:
        text += (
            f". Reloaded in full: {_listed(full)}. Pipedrive cannot filter these by time, "
            "so their rows replace the old ones"
        )
    stage.console.print(f"{text}.", highlight=False)


def _listed(rows: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in rows.items())


def _numbers(pair: tuple[int, int] | None) -> tuple[str, str]:
    return (f"{pair[0]:,}", f"{pair[1]:,}") if pair else ("", "")
