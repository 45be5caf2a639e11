"""Reverse ETL: write a view of the warehouse to the account, as field values and owners."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table

from demo.account import counted

if TYPE_CHECKING:
    from demo.stage import Run, Stage

FIELD = "Lead score"
VIEW = "to_pipedrive.deal_scores"
FILE = "meltano/views/deal_scores.sql"
_WANTED = f"select id, lead_score, owner_id from {VIEW}"  # noqa: S608  a constant
_HOTTEST = f"""\
select deals.title as deal, stages.name as stage, lead_score as score, was.name as owner,
       case when was.id <> will.id then will.name else '' end as new_owner
from {VIEW} scores
join pipedrive.deals on deals.id = scores.id
join pipedrive.stages on stages.id = deals.stage_id
join pipedrive.users was on was.id = deals.owner_id
join pipedrive.users will on will.id = scores.owner_id
order by new_owner = '', lead_score desc, deals.id limit 6"""  # noqa: S608  the same


def preview(stage: Stage) -> int:
    """Run the job as a dry run; returns the number of writes, which should be zero."""
    run = stage.preview()
    stage.console.print(
        "With `dry_run: true` the target reads and compares, and writes a page that shows each "
        f"deal before and after.\n{_unwritten(run)} ({_cost(run)}).",
        highlight=False,
    )
    return run.traffic.writes


def write(stage: Stage) -> tuple[int, Run]:
    """Run the job; returns the number of deals that differ from the view afterwards, and the run."""
    before = stage.account.deals(FIELD)
    run = stage.reverse_etl()
    after = stage.account.deals(FIELD)
    wanted = {int(row[0]): (float(row[1]), int(row[2])) for row in stage.warehouse.ask(_WANTED).rows}
    moved = [number for number, (_, owner) in wanted.items() if before[number][1] != owner]
    left = _names(stage, {before[number][1] for number in moved})
    heirs = _names(stage, {after[number][1] for number in moved})
    say = partial(stage.console.print, highlight=False)
    say(
        f"The view {VIEW} ({FILE}) gives each of the {len(wanted):,} open deals of the pipeline Sales a "
        f"score from 0 to 100. {len(moved):,} of them belong to {left}, who left the company, and go to "
        f"{heirs}, who has won the most deals. The highest scores:\n"
    )
    response = stage.warehouse.ask(_HOTTEST)
    table = Table(box=SIMPLE_HEAD, show_edge=False)
    for column in response.columns:
        table.add_column(column.replace("_", " "), justify="right" if column == "score" else "left")
    for row in response.rows:
        table.add_row(*(f"{value:.0f}" if isinstance(value, float) else f"{value}" for value in row))
    say(table)
    say(
        f"\nPipedrive has a new custom field “{FIELD}” now, {len(wanted):,} deals with a score, and "
        f"{len(moved):,} deals with another owner ({_cost(run)})."
    )
    wrong = sum(after[number] != row for number, row in wanted.items())
    others = sum(row != after[number] for number, row in before.items() if number not in wanted)
    if wrong or others:
        say(f"[red]✗ {wrong} deals differ from the view; {others} other deals were changed.[/red]")
    else:
        say(f"[green]✓[/green] All {len(wanted):,} match the view, and no other deal was changed.")
    return wrong + others, run


def write_again(stage: Stage) -> tuple[int, Run]:
    """Run the job again; returns the number of writes, which should be zero, and the run."""
    run = stage.reverse_etl()
    stage.console.print(f"{_unwritten(run)} ({_cost(run)}, to compare the deals).", highlight=False)
    return run.traffic.writes, run


def _unwritten(run: Run) -> str:
    if run.traffic.writes:
        return f"[red]✗ {run.traffic.writes:,} writes[/red]"
    return "[green]✓[/green] Nothing was written in Pipedrive"


def _cost(run: Run) -> str:
    return f"{counted(run.traffic.requests, 'request')}, {run.traffic.tokens:,} tokens, {run.seconds:.0f} s"


def _names(stage: Stage, ids: set[int]) -> str:
    """Return names of users, joined."""
    users = dict(stage.warehouse.ask("select id, name from pipedrive.users").rows)
    return ", ".join(sorted(users[one] for one in ids))
