"""Rendering of the HTML file of a run.

The file is self-contained and requests nothing. Its Content-Security-Policy allows only its own script and
style, by their hashes; the records are data that this script reads.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING

from pipedrive_client import times
from pipedrive_singer.files import write_atomically
from target_pipedrive.ledger.line_files import output_failed
from target_pipedrive.page.rows import safe_json
from target_pipedrive.record.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from target_pipedrive.page.rows import PageRows
    from target_pipedrive.record.created import Created

_PLANNED = {
    Outcome.CREATED: "To create",
    Outcome.UPDATED: "To update",
    Outcome.DELETED: "To delete",
    Outcome.MERGED: "To merge",
}
_MOST_CREATED = 200
_MOST_REASONS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """Facts of a run, apart from its records.

    Attributes:
        dry_run: True if nothing was written.
        account: host of the API.
        began_at: start of the run.
        ended_by: sentence about what ended the run early; empty if nothing did.
        unfinished: number of accepted records without an outcome.
        requests: requests that were sent.
        tokens: tokens that they cost.
        planned_tokens: tokens that the writes of a dry run would cost.
        streams: outcomes, requests and tokens by stream.
        created: fields and options that were created.
        created_rows: id and name of the rows that were created because records name them, by entity.
        notes: further lines, such as columns that Pipedrive did not take.
    """

    dry_run: bool
    account: str
    began_at: datetime
    ended_by: str
    unfinished: int
    requests: int
    tokens: int
    planned_tokens: int
    streams: Sequence[tuple[str, Mapping[str, int], int, int]]
    created: Sequence[Created]
    created_rows: Mapping[str, Sequence[tuple[str, str]]]
    notes: Sequence[str]


def write_page(path: Path, facts: PageFacts, rows: PageRows) -> None:
    """Write the file, readable by its owner only.

    Raises:
        OutputFailed: it cannot be written.
    """
    content = rendered(facts, rows)
    try:
        write_atomically(path, content)
    except OSError as error:
        raise output_failed("preview_path" if facts.dry_run else "report_path", error) from error


def rendered(facts: PageFacts, rows: PageRows) -> bytes:
    """Return the file."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415 - not at each start

    template = files("target_pipedrive.page").joinpath("template")
    texts = {one: template.joinpath(one).read_text(encoding="utf-8") for one in ("page.css", "page.js")}
    environment = Environment(
        loader=FunctionLoader(lambda name: template.joinpath(name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda number: f"{number:,}"
    kept = rows.sample.rows()
    totals = {one: sum(counts.get(one, 0) for _, counts, _, _ in facts.streams) for one in Outcome}
    labels = {one: (_PLANNED if facts.dry_run else {}).get(one, one.capitalize()) for one in Outcome}
    ended_at = times.now()
    marker = secrets.token_hex(16)
    shown = environment.get_template("page.html.j2").render(
        facts=facts,
        outcomes=[(one, labels[one], totals[one]) for one in Outcome],
        total=sum(totals.values()),
        shown=len(kept),
        left_out=[
            (stream, labels[one].lower(), kept, seen) for stream, one, kept, seen in rows.sample.left_out()
        ],
        reasons=rows.reasons.most_common(_MOST_REASONS),
        created=facts.created[:_MOST_CREATED],
        began=facts.began_at.strftime("%-d %B %Y, %H:%M UTC"),
        seconds=max(0, round((ended_at - facts.began_at).total_seconds())),
        version=version("pipedrive-singer"),
        style=texts["page.css"],
        script=texts["page.js"],
        style_hash=_hash(texts["page.css"]),
        script_hash=_hash(texts["page.js"]),
        labels=safe_json({str(one): label for one, label in labels.items()}).decode(),
        rows=marker,
    )
    before, _, after = shown.partition(marker)
    return before.encode() + b"[" + b",\n".join(kept) + b"]" + after.encode()


def _hash(text: str) -> str:
    """Return the hash of an inline script or style for the Content-Security-Policy."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
