"""Result of `--test`: a verdict for each stream."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_INDENT = " " * 11


def verdicts(
    streams: Iterable[str],
    counts: Mapping[str, int],
    denied: Mapping[str, str],
    failed: Mapping[str, str],
    *,
    complete: bool,
) -> dict[str, list[str]]:
    """Return verdict → streams, with the reason of those that failed or were denied.

    Args:
        streams: names of the tested streams.
        counts: number of records by stream.
        denied: stream → reason.
        failed: stream → error.
        complete: False if an error ended the test, so that streams without records may not have been read.
    """
    found: dict[str, list[str]] = {"ok": [], "no rows": [], "denied": [], "failed": [], "not read": []}
    for name in sorted(streams):
        if name in failed:
            found["failed"].append(f"{name}: {failed[name]}")
        elif name in denied:
            found["denied"].append(f"{name}: {denied[name]}")
        elif counts.get(name):
            found["ok"].append(name)
        else:
            found["no rows" if complete else "not read"].append(name)
    return {verdict: names for verdict, names in found.items() if names}


def laid_out(found: Mapping[str, list[str]], width: int) -> str:
    """Return the verdicts as text: lists of names, and a line for each stream with a reason."""
    lines = []
    for verdict, names in found.items():
        label = f"{verdict.ljust(9)}  "
        for text in names if verdict in {"denied", "failed"} else [f"{len(names)}: {', '.join(names)}"]:
            lines += textwrap.wrap(
                text, width, initial_indent=label, subsequent_indent=_INDENT, break_on_hyphens=False
            )
            label = _INDENT
    return "\n".join(lines)
