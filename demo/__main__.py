"""`make demo`: load a Pipedrive account into DuckDB, build models, and write a query's results back.

The account is emulated. After setup, no request leaves this machine.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from demo import history, models, runs, writing_back
from demo.account import Account, counted
from demo.processes import Failed, emulator, interrupts
from demo.stage import ROOT, Stage
from demo.warehouse import OUTPUT, SCHEMA

if TYPE_CHECKING:
    from demo.warehouse import Warehouse

QUESTION = f"""\
select d.tier, count(*) as deals,
       round(100 * avg((d.status = 'won')::int)) as won_percent,
       round(sum(d.budget) filter (d.budget_currency = 'EUR')) as budget_eur,
       mode(u.name) as busiest_solution_engineer
from {SCHEMA}.deals d left join {SCHEMA}.users u on u.id = d.solution_engineer
where d.tier is not null
group by d.tier order by won_percent desc"""  # noqa: S608  a constant

PLUGINS = ("tap-pipedrive", "target-duckdb", "dbt-models", "tap-duckdb", "target-pipedrive")
KEPT = {
    "sales.html": "funnel and days in each stage",
    "preview.html": "preview of the write-back",
    "warehouse.duckdb": "the warehouse",
}

console = Console()


def say(text: str) -> None:
    """Print a paragraph."""
    console.print(text, highlight=False)


def headline(text: str) -> None:
    """Print a heading."""
    console.print()
    console.rule(f"[bold]{text}[/bold]", align="left", style="dim")


def show_question(warehouse: Warehouse) -> None:
    """Print a query on custom fields, and its result."""
    headline("First query: custom fields by name")
    console.print(QUESTION, style="cyan", highlight=False, markup=False)
    console.print()
    response = warehouse.ask(QUESTION)
    table = Table(box=SIMPLE_HEAD, show_edge=False)
    for at, column in enumerate(response.columns):
        numeric = all(isinstance(row[at], (int, float, type(None))) for row in response.rows)
        table.add_column(column, justify="right" if numeric else "left")
    for row in response.rows:
        table.add_row(*map(_cell, row))
    console.print(table)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}"
    return "" if value is None else str(value)


def tell(folder: Path, output: Path, account: str, installed: Path | None) -> int:
    """Run all steps of the demo; returns the exit code."""
    headline("1  A Pipedrive account, emulated on this machine")
    with emulator(account, folder / "emulator.log") as url:
        stage = Stage(folder, Account(url), console, changes=True)
        with console.status("  entering half a year of sales"):
            made = history.make(stage.account)
        held = stage.account.rows()
        say(
            f"{url} has {held['deals']:,} deals, {held['persons']:,} persons, {held['organizations']:,} "
            f"organizations, {held['activities']:,} activities and their related rows. {made} of the "
            f"deals went through the pipeline {history.PIPELINE} in the last half year."
        )
        headline("2  meltano install")
        say(", ".join(PLUGINS))
        if installed is None:
            say(f"done in {stage.install(*PLUGINS):.0f} s")
        else:
            stage.link(installed)
            say(f"as installed in {installed}")
        headline("3  meltano run extract: from Pipedrive into DuckDB")
        first = stage.extract()
        say(f"{counted(sum(first.rows.values()), 'row')} in {first.seconds:.0f} s")
        headline("4  Meanwhile, in Pipedrive")
        for event in stage.account.live_a_little():
            say(f"• {event}")
        headline("5  meltano run extract, again: only the changes")
        second = stage.extract()
        say(f"{counted(sum(second.rows.values()), 'row')} in {second.seconds:.0f} s")
        headline(f"Rows in DuckDB, schema {SCHEMA}, and the cost of reading them")
        wrong = runs.show(stage, first, second)
        show_question(stage.warehouse)
        headline("6  meltano run dbt: models over the tables")
        wrong += models.build(stage)
        headline("7  Preview: what would reverse ETL write?")
        wrong += writing_back.preview(stage)
        headline("8  meltano run reverse-etl: from a SQL view back into Pipedrive")
        wrong += writing_back.write(stage)[0]
        headline("9  meltano run reverse-etl, again: no changes to write")
        wrong += writing_back.write_again(stage)[0]
        keep(stage, output)
    return min(wrong, 1)


def keep(stage: Stage, output: Path) -> None:
    """Move the results into the output folder, and print where they are."""
    output.mkdir(parents=True, exist_ok=True)
    headline("Results")
    shown = output.relative_to(ROOT) if output.is_relative_to(ROOT) else output
    width = max(len(str(shown / name)) for name in KEPT)
    for name, what in KEPT.items():
        shutil.move(stage.folder / name, output / name)
        path = str(shown / name).ljust(width)
        console.print(f"{path}  [dim]{what}[/dim]", highlight=False, soft_wrap=True)
    say("\nOpen the two pages in a browser, and query the warehouse:")
    console.print(
        '[cyan].venv/bin/python -m demo.query "from analytics.pipedrive__stage_funnel"[/cyan]',
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    say("Next: your own account, in docs/tutorials/first-extract.md")


def main() -> int:
    """Run the demo and always clean up afterwards; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="Run the demo of `make demo`: from an emulated account into DuckDB and back.",
        epilog="Example: python -m demo --account small",
    )
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        type=Path,
        default=OUTPUT,
        help="folder for the results (default: output)",
    )
    parser.add_argument(
        "--account",
        choices=("small", "medium"),
        default="medium",
        help="size of the emulated account (default: medium)",
    )
    parser.add_argument(
        "--plugins",
        metavar="FOLDER",
        type=Path,
        help="folder with installed plugins, for example .venv/meltano after `make plugins`",
    )
    given = parser.parse_args()
    began = time.monotonic()
    interrupts.catch()
    with interrupts.held():
        folder = Path(tempfile.mkdtemp(prefix="pipedrive-demo-"))
    try:
        interrupts.let_through()
        code = tell(folder, given.output.resolve(), given.account, given.plugins)
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
    console.print(f"\n[dim]{time.monotonic() - began:.0f} s in total.[/dim]", highlight=False)
    return code


if __name__ == "__main__":
    sys.exit(main())
