"""Table of `--plan`, and the comparison of its sum with the token budgets."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections import Counter
from typing import TYPE_CHECKING

from tap_pipedrive.commands.plan import Known, plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_pipedrive.commands.plan import Line
    from tap_pipedrive.context import TapContext
    from tap_pipedrive.streams.base import PipedriveStream


def show(context: TapContext, lists: Sequence[PipedriveStream]) -> None:
    """Write the plan as a table to stdout.

    Args:
        context: its budget must not limit the requests of the plan.
        lists: top-level streams of the run.

    Raises:
        PipedriveError: a request failed.
    """
    lines = plan(lists)
    requests, tokens = sum(line.requests for line in lines), sum(line.tokens for line in lines)
    rows = [("stream", "requests", "tokens", "basis"), *_by_stream(lines)]
    worst = Known.AT_LEAST if any(line.known is Known.AT_LEAST for line in lines) else Known.ABOUT
    rows.append(("total", f"{worst.value}{requests:,}", f"{worst.value}{tokens:,}", ""))
    widths = [max(len(row[at]) for row in rows) for at in range(3)]
    for row in rows:
        cells = (row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].rjust(widths[2]), "")
        sys.stdout.write(_wrapped("  ".join(cells), row[3]) + "\n")
    sys.stdout.write("\n" + "\n".join(_below(context, tokens, worst)) + "\n")
    sys.stdout.flush()


def _by_stream(lines: Sequence[Line]) -> Iterator[tuple[str, str, str, str]]:
    """Yield one row of the table per stream, with the sums of its reads and the reasons."""
    streams: dict[str, list[Line]] = {}
    for line in lines:
        streams.setdefault(line.stream, []).append(line)
    for stream, of in streams.items():
        mark = max((line.known for line in of), key=[*Known].index).value
        reasons = Counter(line.why for line in of)
        basis = "; ".join(f"{count} lists: {why}" if count > 1 else why for why, count in reasons.items())
        requests, tokens = sum(line.requests for line in of), sum(line.tokens for line in of)
        yield stream, f"{mark}{requests:,}", f"{mark}{tokens:,}", basis


def _wrapped(cells: str, basis: str) -> str:
    """Return a row of the table; on a terminal the basis is wrapped below itself."""
    if not sys.stdout.isatty():
        return f"{cells}{basis}".rstrip()
    width = max(shutil.get_terminal_size().columns, len(cells) + 30)
    filled = textwrap.fill(
        basis, width, initial_indent=cells, subsequent_indent=" " * len(cells), break_on_hyphens=False
    )
    return filled or cells.rstrip()


def _share(tokens: int, of: int) -> str:
    """Return a part of a budget in per cent; a small one is not shown as zero."""
    if tokens and tokens < of / 2000:  # would be rounded to 0.0%
        return "less than 0.1%"
    return f"{tokens / of:.1%}" if of else "all"


def _below(context: TapContext, tokens: int, worst: Known) -> Iterator[str]:
    used, settings, budget = context.client.usage, context.client.settings, context.client.budget
    yield "~ is an estimate, ≥ a lower bound: parents with more than one page of children cost more."
    yield f"This plan itself used {used.requests:,} requests and {used.tokens:,} tokens (not in the table)."
    limits = []
    if (of_run := settings.run_token_budget) is not None:
        limits.append((of_run, f"the {of_run:,} tokens of run_token_budget"))
    if (of_day := settings.daily_token_budget) is not None:
        rest = max(0, of_day - budget.earlier)
        of = f" that are left today of the {of_day:,} tokens" if budget.earlier else " tokens"
        limits.append((rest, f"the {rest:,}{of} of daily_token_budget"))
    left, limit = budget.left_today, budget.limit_today
    if left is not None:
        of = f" of {limit:,}" if limit is not None else ""
        limits.append((left, f"the {left:,} tokens{of} that the company has left today"))
    for number, what in limits:
        if tokens > number:
            yield f"This is more than {what}: the run would stop there and the next run would continue."
        else:
            share = _share(tokens, number)
            least = "at least " if worst is Known.AT_LEAST and not share.startswith("less") else ""
            yield f"This is {least}{share} of {what}."
    if not limits:
        yield (
            "The budget is unknown: neither run_token_budget nor daily_token_budget is set, and Pipedrive's "
            "responses contain none."
        )
