"""The page with the funnel and the days in each stage: one HTML file without scripts or requests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    from datetime import datetime

    from demo.warehouse import Warehouse

_STAGES = """\
select stage_name as name, deals_reached as reached, deals_open as open, deals_lost as lost,
       median_days as median, average_days_open as waiting
from analytics.pipedrive__stage_funnel where pipeline_name = ? order by stage_order"""
_MONTHS = """\
select strftime(month, '%b') as name, sum(deals_won) as won, sum(deals_lost) as lost, sum(value_won) as value
from analytics.pipedrive__monthly_funnel where pipeline_name = ? group by month order by month"""
_DEALS = """\
select count(*) as deals, strftime(min(added_at), '%-d %B %Y') as since,
       count(*) filter (status = 'won') as won, count(*) filter (status = 'lost') as lost,
       sum(value) filter (status = 'won') as value, min(currency) as currency,
       mode(lost_reason) as reason, avg(age_days) filter (status = 'won') as days_to_win
from analytics.pipedrive__deals where pipeline_name = ?"""


def facts(warehouse: Warehouse, pipeline: str, as_of: datetime) -> dict[str, Any]:
    """Return the figures of the page, from the models."""
    stages = warehouse.records(_STAGES, [pipeline])
    for stage in stages:
        stage["further"] = stage["reached"] - stage["open"] - stage["lost"]
    months = warehouse.records(_MONTHS, [pipeline])
    (deals,) = warehouse.records(_DEALS, [pipeline])
    return {
        **deals,
        "pipeline": pipeline,
        "as_of": f"{as_of.day} {as_of:%B %Y}",
        "rate": deals["won"] / max(deals["won"] + deals["lost"], 1),
        "stages": stages,
        "months": months,
        "most": max(stage["reached"] for stage in stages),
        "longest": max(stage["median"] or 0 for stage in stages),
        "busiest": max(max(month["won"], month["lost"]) for month in months),
    }


def write(path: Path, shown: dict[str, Any]) -> None:
    """Write the page."""
    folder = Path(__file__).parent / "templates"
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
    path.write_text(environment.get_template("sales.html.j2").render(shown), encoding="utf-8")
