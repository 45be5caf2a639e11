"""`make demo`: load a Pipedrive account into DuckDB, and write a query's results back, without an account.

The account is the emulator's; after set-up every request stays on this machine.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from demo import writing_back
from demo.account import Account
from demo.processes import Failed, emulator, interrupts
from demo.stage import Stage
from demo.warehouse import SCHEMA

if TYPE_CHECKING:
    from demo.stage import Run
    from demo.warehouse import Warehouse

QUESTION = f"""\
select d.tier, count(*) as deals,
       round(100 * avg((d.status = 'won')::int)) as won_percent,
       round(sum(d.budget) filter (d.budget_currency = 'EUR')) as budget_eur,
       mode(u.name) as busiest_solution_engineer
from {SCHEMA}.deals d left join {SCHEMA}.users u on u.id = d.solution_engineer
where d.tier is not null
group by d.tier order by won_percent desc"""  # noqa: S608  a constant

PLUGINS = ("tap-pipedrive", "target-duckdb", "tap-duckdb", "target-pipedrive")

console = Console()


def headline(text: str) -> None:
    """Print a heading."""
    console.print(f"\n[bold]{text}[/bold]", highlight=False)


def show_runs(stage: Stage, first: Run, second: Run) -> int:
    """Print the loaded rows and the cost; returns the number of tables that differ from the account."""
    account, warehouse = stage.account.rows(), stage.warehouse.rows()
    headline(f"What is in DuckDB, schema {SCHEMA}, and what reading it took")
    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=0)
    table.add_column("\ntable", no_wrap=True)
    for run, what in (
        ("", "rows"), ("in the", "account"), ("1st run", "requests"), ("1st run", "tokens"),
        ("2nd run", "rows"), ("2nd run", "requests"), ("2nd run", "tokens"),
    ):  # fmt: skip
        table.add_column(f"{run}\n{what}", justify="right", no_wrap=True)
    wrong = 0
    for name in sorted({*warehouse, *account}):
        rows, wanted = warehouse.get(name, 0), account.get(name)
        wrong += wanted is not None and wanted != rows
        table.add_row(
            name,
            f"{rows:,}",
            "" if wanted is None else f"{wanted:,} ✓" if wanted == rows else f"[red]{wanted:,} ✗[/red]",
            *_numbers(first.traffic.by_stream.get(name)),
            f"{second.rows[name]:,}" if second.rows.get(name) else "",
            *_numbers(second.traffic.by_stream.get(name)),
        )
    table.add_section()
    table.add_row(
        "in all", f"{sum(warehouse.values()):,}", "",
        f"{first.traffic.requests:,}", f"{first.traffic.tokens:,}",
        f"{sum(second.rows.values()):,}", f"{second.traffic.requests:,}", f"{second.traffic.tokens:,}",
        style="bold",
    )  # fmt: skip
    console.print(table)
    console.print(
        f"\n1st run {first.seconds:.1f} s, 2nd run {second.seconds:.1f} s, most of it Meltano and DuckDB.",
        highlight=False,
    )
    checked = len(account)
    if wrong:
        console.print(f"[red]{wrong} of {checked} tables differ from the account.[/red]", highlight=False)
    else:
        console.print(
            f"[green]✓[/green] Row counts of {checked} tables compared with the account: all equal.",
            highlight=False,
        )
    return wrong


def _numbers(pair: tuple[int, int] | None) -> tuple[str, str]:
    return (f"{pair[0]:,}", f"{pair[1]:,}") if pair else ("", "")


def show_question(warehouse: Warehouse) -> None:
    """Print a query on custom fields, and its result."""
    headline("A first question, with custom fields by their names")
    console.print(QUESTION, style="cyan", highlight=False, markup=False)
    console.print()
    answer = warehouse.ask(QUESTION)
    table = Table(box=SIMPLE_HEAD, show_edge=False)
    for at, column in enumerate(answer.columns):
        numeric = all(isinstance(row[at], (int, float)) for row in answer.rows)
        table.add_column(column, justify="right" if numeric else "left")
    for row in answer.rows:
        table.add_row(*(f"{value:,.0f}" if isinstance(value, float) else f"{value}" for value in row))
    console.print(table)


def tell(folder: Path) -> int:
    """Run all steps of the demonstration; returns the exit code."""
    headline("1  A Pipedrive account, emulated on this machine")
    with emulator("medium", folder / "emulator.log") as url:
        stage = Stage(folder, Account(url), console)
        held = stage.account.rows()
        console.print(
            f"{url} holds {held['deals']:,} deals, {held['persons']:,} persons, {held['organizations']:,} "
            f"organizations, {held['activities']:,} activities and what belongs to them.",
            highlight=False,
        )
        headline("2  meltano install " + " ".join(PLUGINS))
        seconds = stage.meltano("install", *PLUGINS, say=lambda: "installing the taps and targets")
        console.print(f"done in {seconds:.0f} s", highlight=False)
        headline("3  meltano run extract: from Pipedrive into DuckDB")
        first = stage.extract()
        console.print(f"{sum(first.rows.values()):,} rows in {first.seconds:.0f} s", highlight=False)
        headline("4  Meanwhile, in Pipedrive")
        for event in stage.account.live_a_little():
            console.print(f"• {event}", highlight=False)
        headline("5  meltano run extract, again: only the changes")
        second = stage.extract()
        console.print(f"{sum(second.rows.values()):,} rows in {second.seconds:.0f} s", highlight=False)
        wrong = show_runs(stage, first, second)
        show_question(stage.warehouse)
        headline("6  meltano run reverse-etl: from a SQL view in DuckDB back into Pipedrive")
        wrong += writing_back.write(stage)[0]
        headline("7  meltano run reverse-etl, again: nothing left to write")
        wrong += writing_back.write_again(stage)[0]
    return min(wrong, 1)


def main() -> int:
    """Run the demonstration and clean up after it in any case; returns the exit code."""
    began = time.monotonic()
    interrupts.catch()
    with interrupts.held():
        folder = Path(tempfile.mkdtemp(prefix="pipedrive-demo-"))
    try:
        interrupts.let_through()
        code = tell(folder)
    except Failed as failure:
        console.print(failure.output, markup=False, highlight=False, soft_wrap=True)
        console.print(f"[red]{failure}[/red] Its last messages are above.", highlight=False)
        code = 1
    except SystemExit as stopped:
        console.print("\nStopped.")
        code = int(stopped.code or 0)
    finally:
        interrupts.ignore()
        shutil.rmtree(folder, ignore_errors=True)
    console.print(f"\n{time.monotonic() - began:.0f} s in all; only .venv remains.", highlight=False)
    return code


if __name__ == "__main__":
    sys.exit(main())
