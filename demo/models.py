"""Build the dbt models over the warehouse, compare them with the account, and show them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from demo import page
from demo.history import PIPELINE

if TYPE_CHECKING:
    from demo.stage import Stage

COLUMNS = ["tier", "budget", "budget_currency"]
BAR = 26
_WON = """\
select currency, sum(deals_won)::int as deals, round(sum(value_won), 2)::double as value
from analytics.pipedrive__monthly_funnel group by currency having sum(deals_won) > 0 order by currency"""


def build(stage: Stage) -> int:
    """Build the models and write the page; returns the number of won sums that differ from the account."""
    say = partial(stage.console.print, highlight=False)
    now = stage.account.now()
    seconds, count = stage.build_models(
        pipedrive_as_of=f"{now:%Y-%m-%d %H:%M:%S}", pipedrive_deal_columns=COLUMNS
    )
    say(f"{count} models and tests in {seconds:.0f} s, in the schema analytics.")
    shown = page.facts(stage.warehouse, PIPELINE, now)
    page.write(stage.folder / "sales.html", shown)
    say(f"\nThe pipeline {PIPELINE}, after half a year:\n")
    say(_table(shown))
    found = {row["currency"]: (row["deals"], row["value"]) for row in stage.warehouse.records(_WON)}
    stated = stage.account.won()
    wrong = sum(found.get(name) != stated.get(name) for name in found.keys() | stated.keys())
    deals = sum(count for count, _ in stated.values())
    if wrong:
        say(f"\n[red]✗ Won deals differ from Pipedrive's statistics in {wrong} currencies.[/red]")
    else:
        say(
            f"\n[green]✓[/green] {deals:,} won deals in {len(stated)} currencies: "
            "counts and sums match Pipedrive's statistics."
        )
    return wrong


def _table(shown: dict[str, Any]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("stage", no_wrap=True)
    table.add_column("deals", justify="right")
    table.add_column("", no_wrap=True)
    table.add_column("open", justify="right")
    table.add_column("lost", justify="right")
    table.add_column("days", justify="right")
    for stage in shown["stages"]:
        days = "" if stage["median"] is None else f"{stage['median']:.1f}"
        table.add_row(
            stage["name"], f"{stage['reached']}", _bar(stage["reached"] / shown["most"], "blue"),
            f"{stage['open']}", f"{stage['lost']}", days,
        )  # fmt: skip
    table.add_row(
        "[bold]won", f"[bold]{shown['won']}", _bar(shown["won"] / shown["most"], "green"), "", "", ""
    )
    return table


def _bar(share: float, color: str) -> str:
    return f"[{color}]{'█' * max(round(share * BAR), 1)}[/{color}]"
