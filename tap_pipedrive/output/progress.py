"""Progress of a run: live lines on a terminal, otherwise structured logs, and a cost table at the end."""

from __future__ import annotations

import shutil
import sys
import textwrap
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from pipedrive_singer.terminal import LiveLines, can_draw, clock
from tap_pipedrive.output.verdicts import laid_out

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping, Sequence

    from pipedrive_client import PipedriveClient

_LOG_SECONDS = 60.0
_MEBIBYTE = 1024 * 1024
_SHORTEST_BAR, _LONGEST_BAR = 8, 60
_LONGEST_NAME = 32


@dataclass(slots=True)
class StreamCount:
    """Records of one stream so far, their bytes, and the times of the first and last one."""

    records: int = 0
    size: int = 0
    began: float = 0.0
    ended: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """A list in progress: its child streams, and its number of rows as far as the state contains it."""

    children: Sequence[str]
    expected: int | None


class Progress:
    """Counter of records by stream, with progress output.

    On a terminal, a few lines on stderr show the lists in progress; otherwise a summary is logged once a
    minute.
    """

    def __init__(self, logger: logging.Logger, *, stream: TextIO | None = None) -> None:
        self._logger = logger
        self._out = stream or sys.stderr
        self._on_terminal = self._out.isatty()
        self._counts: dict[str, StreamCount] = {}
        self._reading: dict[str, _Reading] = {}
        self._lists = self._finished = 0
        self._began = self._logged = time.monotonic()
        self._client: PipedriveClient | None = None
        self._live: LiveLines | None = None

    def watch(self, client: PipedriveClient) -> None:
        """Include requests and tokens of this client."""
        self._client = client

    def start(self, lists: int) -> None:
        """Show live lines if stderr is a terminal.

        Args:
            lists: number of lists of the run.
        """
        self._lists = lists
        if can_draw(self._out) and self._live is None:
            self._live = LiveLines(self._out, self._lines)
            self._live.start()

    def begin(self, stream: str, children: Sequence[str] = (), expected: int | None = None) -> None:
        """Record that a list is read from now on.

        Args:
            stream: name of the list.
            children: child streams that are read with it.
            expected: number of its rows, if known.
        """
        self._reading[stream] = _Reading(children=children, expected=expected)

    def end(self, stream: str) -> None:
        """Record that a list is read."""
        if self._reading.pop(stream, None):
            self._finished += 1

    def rows(self, stream: str, count: int, size: int = 0) -> None:
        """Add written records of a stream, and their bytes before compression."""
        now = time.monotonic()
        entry = self._counts.setdefault(stream, StreamCount(began=now))
        entry.records += count
        entry.size += size
        entry.ended = now
        if not self._on_terminal and now - self._logged >= _LOG_SECONDS:
            self._logged = now
            self._logger.info("%s: %s records · %s", stream, f"{entry.records:,}", " · ".join(self._totals()))

    def counts(self) -> dict[str, int]:
        """Return the number of records by stream so far."""
        return {stream: entry.records for stream, entry in self._counts.items()}

    def _lines(self, columns: int, rows: int) -> list[str]:
        """Return the live lines: one per stream in progress, and the totals."""
        now = time.monotonic()
        names: list[tuple[str, int | None]] = []
        for stream, reading in list(self._reading.items()):
            names.append((stream, reading.expected))
            names += [(child, None) for child in reading.children if child in self._counts]
        names = names[: max(1, rows - 2)]
        longest = min(max((len(name) for name, _ in names), default=0), _LONGEST_NAME)
        lines = [self._line(name, expected, longest, columns) for name, expected in names]
        totals = [f"{self._finished} of {self._lists} lists", *self._totals(), clock(now - self._began)]
        while len(totals) > 1 and len(" · ".join(totals)) > columns:
            del totals[-2]
        return [*lines, " · ".join(totals)]

    def _line(self, name: str, expected: int | None, longest: int, columns: int) -> str:
        """Return the live line of one stream."""
        now = time.monotonic()
        entry = self._counts.get(name, StreamCount(began=now))
        rate = f"{entry.records / max(now - entry.began, 1.0):,.0f}/s" if entry.records else "waiting"
        line = f"  {name[:longest].ljust(longest)}  {entry.records:>10,} rows  {rate:>9}"
        if expected:
            share = min(entry.records / expected, 1.0)
            known = f"{share:4.0%} of {expected:,}"
            length = min(columns - len(line) - len(known) - 3, _LONGEST_BAR)
            done = round(share * length)
            bar = f"{'█' * done}{'░' * (length - done)} " if length >= _SHORTEST_BAR else ""
            line += f"  {bar}{known}"
        return line

    def _totals(self) -> list[str]:
        """Return rows, rate, bytes, requests and tokens of the run, and the tokens that are left."""
        total = sum(entry.records for entry in list(self._counts.values()))
        size = sum(entry.size for entry in list(self._counts.values()))
        rate = total / max(time.monotonic() - self._began, 0.001)
        client = self._client
        found = [f"{total:,} rows", f"{rate:,.0f}/s"]
        if client:
            found.append(f"{client.usage.tokens:,} tokens")
            if (left := client.budget.left) is not None:
                found.append(f"{left:,} left")
            found.append(f"{client.usage.requests:,} requests")
        return [*found, _readable(size)]

    def clear(self) -> None:
        """Erase the live lines, so that other output starts on a clean line."""
        if self._live:
            self._live.stop()

    def tell(self, sentence: str) -> None:
        """Write a sentence for the user: wrapped on a terminal, otherwise a log record."""
        self.clear()
        if self._on_terminal:
            width = max(shutil.get_terminal_size().columns, 40)
            self._out.write("\n" + textwrap.fill(sentence, width, break_on_hyphens=False) + "\n")
            self._out.flush()
        else:
            self._logger.info("%s", sentence)

    def verdicts(self, found: Mapping[str, list[str]]) -> None:
        """Print the verdicts of `--test`: wrapped on a terminal, otherwise in one log record."""
        if self._on_terminal:
            width = max(shutil.get_terminal_size().columns, 40)
            self._out.write(f"\n{laid_out(found, width)}\n")
            self._out.flush()
        else:
            counts = ", ".join(f"{len(names)} {verdict}" for verdict, names in found.items())
            self._logger.info("Test: %s\n%s", counts, laid_out(found, 110))

    def summary(self, denied: Mapping[str, str]) -> None:
        """Print the table of records, requests and tokens by stream.

        Args:
            denied: stream → how much of it was denied by Pipedrive.
        """
        self.clear()
        usage = {row.label: row for row in self._client.usage.rows()} if self._client else {}
        names = [name for name in self._counts if self._counts[name].records or name in usage]
        names += [label for label in {**usage, **denied} if label not in names]
        if not names:
            self._logger.info("No records, no requests")
            return
        rows = [("stream", "records", "requests", "tokens", "access" if denied else "")]
        for name in sorted(names):
            counted, used = self._counts.get(name), usage.get(name)
            rows.append(
                (
                    name,
                    f"{counted.records:,}" if counted else "",
                    f"{used.requests:,}" if used else "",
                    f"{used.tokens:,}" if used else "",
                    denied.get(name, ""),
                )
            )
        total = sum(entry.records for entry in self._counts.values())
        requests = sum(row.requests for row in usage.values())
        tokens = sum(row.tokens for row in usage.values())
        rows.append(("total", f"{total:,}", f"{requests:,}", f"{tokens:,}", ""))
        if self._on_terminal:
            widths = [max(len(row[at]) for row in rows) for at in range(4)]
            for row in rows:
                cells = [row[0].ljust(widths[0]), *(row[at].rjust(widths[at]) for at in (1, 2, 3))]
                self._out.write("  ".join([*cells, row[4]]).rstrip() + "\n")
        else:
            seconds = time.monotonic() - self._began
            by_stream = ", ".join(
                f"{row[0]} {row[1] or 0}{f' ({row[4]})' if row[4] else ''}" for row in rows[1:-1]
            )
            size = sum(entry.size for entry in self._counts.values())
            self._logger.info(
                "Read %s records with %s requests and %s tokens in %.1f s, %s: %s",
                rows[-1][1], rows[-1][2], rows[-1][3], seconds, _readable(size), by_stream,
                extra={"records": total, "bytes": size, "requests": requests, "tokens": tokens},
            )  # fmt: skip


def _readable(size: int) -> str:
    """Return a readable number of bytes."""
    if size < _MEBIBYTE:
        return f"{size / 1024:,.1f} KiB"
    return f"{size / _MEBIBYTE:,.1f} MiB"
