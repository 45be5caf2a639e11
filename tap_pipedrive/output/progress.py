"""Progress of a run: a live line on a terminal, otherwise structured logs, and a cost table at the end."""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from pipedrive_client import PipedriveClient

_REDRAW_SECONDS = 0.1
_LOG_SECONDS = 60.0
_MEBIBYTE = 1024 * 1024


@dataclass(slots=True)
class StreamCount:
    """Records of one stream so far, their bytes, and the times of the first and last one."""

    records: int = 0
    size: int = 0
    began: float = 0.0
    ended: float = 0.0


class Progress:
    """Counter of records by stream, with progress output.

    On a terminal, one line on stderr is redrawn at most ten times a second; otherwise the same is logged
    once a minute.
    """

    def __init__(self, logger: logging.Logger, *, stream: TextIO | None = None) -> None:
        self._logger = logger
        self._out = stream or sys.stderr
        self._live = self._out.isatty()
        self._counts: dict[str, StreamCount] = {}
        self._began = self._drawn = time.monotonic()
        self._client: PipedriveClient | None = None

    def watch(self, client: PipedriveClient) -> None:
        """Include requests and tokens of this client."""
        self._client = client

    def rows(self, stream: str, count: int, size: int = 0) -> None:
        """Add written records of a stream, and their bytes before compression."""
        now = time.monotonic()
        entry = self._counts.setdefault(stream, StreamCount(began=now))
        entry.records += count
        entry.size += size
        entry.ended = now
        if now - self._drawn >= (_REDRAW_SECONDS if self._live else _LOG_SECONDS):
            self._drawn = now
            self._show(stream, now)

    def counts(self) -> dict[str, int]:
        """Return the number of records by stream so far."""
        return {stream: entry.records for stream, entry in self._counts.items()}

    def _show(self, stream: str, now: float) -> None:
        total = sum(entry.records for entry in self._counts.values())
        size = sum(entry.size for entry in self._counts.values())
        rate = total / max(now - self._began, 0.001)
        tokens = self._client.usage.tokens if self._client else 0
        requests = self._client.usage.requests if self._client else 0
        mine = self._counts[stream].records
        line = (
            f"{stream}: {mine:,} records · {total:,} in all · {rate:,.0f}/s · {_readable(size)} · "
            f"{requests:,} requests, {tokens:,} tokens"
        )
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            self._out.write("\r\x1b[2K" + line[:width])
            self._out.flush()
        else:
            self._logger.info("%s", line)

    def clear(self) -> None:
        """Erase the live line, so that other output starts on a clean line."""
        if self._live:
            self._out.write("\r\x1b[2K")
            self._out.flush()

    def summary(self, refused: Mapping[str, str]) -> None:
        """Print the table of records, requests and tokens by stream.

        Args:
            refused: stream → how much of it was denied by Pipedrive.
        """
        self.clear()
        usage = {row.label: row for row in self._client.usage.rows()} if self._client else {}
        names = [name for name in self._counts if self._counts[name].records or name in usage]
        names += [label for label in {**usage, **refused} if label not in names]
        if not names:
            self._logger.info("No records, no requests")
            return
        rows = [("stream", "records", "requests", "tokens", "access" if refused else "")]
        for name in sorted(names):
            counted, used = self._counts.get(name), usage.get(name)
            rows.append(
                (
                    name,
                    f"{counted.records:,}" if counted else "",
                    f"{used.requests:,}" if used else "",
                    f"{used.tokens:,}" if used else "",
                    refused.get(name, ""),
                )
            )
        total = sum(entry.records for entry in self._counts.values())
        requests = sum(row.requests for row in usage.values())
        tokens = sum(row.tokens for row in usage.values())
        rows.append(("total", f"{total:,}", f"{requests:,}", f"{tokens:,}", ""))
        if self._live:
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
