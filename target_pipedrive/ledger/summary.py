"""Facts of a run for `summary_path`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pipedrive_client.redact import redact
from pipedrive_singer.summary import failure
from target_pipedrive.record.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipedrive_client import Usage
    from target_pipedrive.ledger.report import Report


def run_facts(
    report: Report, usage: Usage, planned: Mapping[str, int], *, dry_run: bool
) -> dict[str, object]:
    """Return outcomes, requests and tokens by stream, first failures, rejected streams, equal keys, new rows.

    Args:
        report: the report of the run.
        usage: requests and tokens.
        planned: tokens of the writes that a dry run did not send, by stream.
        dry_run: True if nothing was written.
    """
    return {
        "streams": [
            {
                "stream": name,
                "records": counts.total(),
                **{str(one): counts[one] for one in Outcome},
                "requests": usage.of(name).requests,
                "tokens": usage.of(name).tokens + planned.get(name, 0),
            }
            for name, counts in report.outcomes.items()
        ],
        "failures": [
            failure(
                fault.stream,
                fault.sentence(masked=True),
                column=fault.columns[0] if fault.columns else None,
                line=fault.line or None,
            )
            for fault in report.first_faults
        ],
        "rejected_streams": [
            {"stream": stream, "error": redact(why), "records": count}
            for stream, why, count in report.stream_faults
        ],
        "same_keys": [
            {"stream": stream, "records": one.records, "first_lines": [one.earlier, one.later]}
            for stream, one in report.same_keys.items()
        ],
        "created": [
            *({name: one for name, one in asdict(made).items() if one} for made in report.creations.all()),
            *(
                {"kind": entity, "id": row_id, "name": name or None}
                for entity, rows in report.created_rows.items()
                for row_id, name in rows
            ),
        ],
        "dry_run": dry_run,
        "rejects_path": str(report.rejects.path) if report.rejects.written else None,
    }
