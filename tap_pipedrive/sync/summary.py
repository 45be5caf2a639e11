"""Facts of a run for `summary_path`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_client.redact import redact
from pipedrive_singer.summary import MOST_FAILURES, failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_pipedrive.context import TapContext


def run_facts(context: TapContext, selected: Iterable[str]) -> Mapping[str, object]:
    """Return records, requests, tokens and access by stream, and the errors of single streams.

    Args:
        context: the context of the run.
        selected: names of the selected streams.
    """
    usage = context.client.usage
    counts, denied, errors = context.progress.counts(), context.access.marks(), context.access.errors()
    used = {row.label for row in usage.rows()} & context.specs.keys()
    streams = []
    for name in sorted({*selected, *counts, *denied, *used}):
        row = usage.of(name)
        streams.append(
            {
                "stream": name,
                "records": counts.get(name, 0),
                "requests": row.requests,
                "tokens": row.tokens,
                "access": denied.get(name),
            }
        )
    return {
        "streams": streams,
        "failures": [
            failure(error.label or "", redact(str(error), ())) for error in context.failures[:MOST_FAILURES]
        ],
        "rejected_streams": [
            {"stream": name, "error": redact(str(error), ()), "records": None}
            for name, error in sorted(errors.items())
        ],
    }
