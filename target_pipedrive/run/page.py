"""HTML file of a run: written at its end, whatever ended it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_singer.command_line import sentence_of
from target_pipedrive.page.render import PageFacts, write_page

if TYPE_CHECKING:
    from datetime import datetime

    from pipedrive_client import Usage
    from target_pipedrive.run.engine import Engine


def write_page_of(
    engine: Engine, usage: Usage, *, account: str, began_at: datetime, error: BaseException | None
) -> None:
    """Write the file that `preview_path` or `report_path` names, if one does.

    Args:
        engine: of the run, closed.
        usage: requests and tokens.
        account: host of the API.
        began_at: start of the run.
        error: error that ended the run early; None if none did.

    Raises:
        OutputFailed: it cannot be written.
    """
    path = engine.options.page_path
    if path is None or engine.page is None:
        return
    report, planned = engine.report, engine.writer.planned_tokens
    streams = []
    for name, counts in report.outcomes.items():
        used = usage.of(name)
        streams.append((name, counts, used.requests, used.tokens + planned.get(name, 0)))
    facts = PageFacts(
        dry_run=engine.options.dry_run,
        account=account,
        began_at=began_at,
        ended_by="" if error is None else sentence_of(error) or "It was interrupted.",
        unfinished=engine.unfinished,
        requests=usage.requests,
        tokens=usage.tokens,
        planned_tokens=sum(planned.values()),
        streams=streams,
        created=report.creations.all(),
        created_rows=report.created_rows,
        notes=(*report.not_taken(), *report.kept()),
    )
    write_page(path, facts, engine.page)
