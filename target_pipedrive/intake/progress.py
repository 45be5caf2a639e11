"""Live lines on a terminal while records are written."""

from __future__ import annotations

import os
import stat
import sys
import time
from typing import TYPE_CHECKING

from pipedrive_singer.terminal import LiveLines, can_draw, clock
from target_pipedrive.record.outcome import Outcome

if TYPE_CHECKING:
    from pipedrive_client import PipedriveClient
    from target_pipedrive.run.engine import Engine

_LONGEST_NAME = 32


class WriteProgress:
    """Progress of a run: records by stream and outcome, rate, tokens.

    In a pipe the tap shows its own progress on the same terminal, so these lines start at the end of the
    input; if the input is a file, they start with the first record.

    Args:
        engine: writes the records.
        client: the connection.
    """

    def __init__(self, engine: Engine, client: PipedriveClient) -> None:
        self._engine = engine
        self._client = client
        self._began = time.monotonic()
        self._live: LiveLines | None = None

    def begin(self) -> None:
        """Show the lines if the input is a file."""
        try:
            from_file = stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode)
        except (OSError, ValueError):
            from_file = False
        if from_file:
            self.input_ended()

    def input_ended(self) -> None:
        """Show the lines if stderr is a terminal."""
        if self._live is None and can_draw(sys.stderr):
            self._live = LiveLines(sys.stderr, self._lines)
            self._live.start()

    def end(self) -> None:
        """Erase the lines."""
        if self._live:
            self._live.stop()

    def _lines(self, columns: int, rows: int) -> list[str]:
        streams = [*self._engine.report.outcomes.items()][-max(1, rows - 2) :]
        longest = min(max((len(name) for name, _ in streams), default=0), _LONGEST_NAME)
        lines = []
        for name, counts in streams:
            found = dict(counts)
            outcomes = ", ".join(f"{found[one]:,} {one}" for one in Outcome if found.get(one))
            lines.append(f"  {name[:longest].ljust(longest)}  {outcomes}")
        return [*lines, self._totals()[:columns]]

    def _totals(self) -> str:
        done = self._engine.report.total
        seconds = time.monotonic() - self._began
        found = [
            f"{done:,} of {done + self._engine.unfinished:,} records",
            f"{done / max(seconds, 0.001):,.0f}/s",
            f"{self._client.usage.tokens:,} tokens",
        ]
        if (left := self._client.budget.left) is not None:
            found.append(f"{left:,} left")
        return " · ".join([*found, clock(seconds)])
