"""Live status lines at the bottom of a terminal, with log lines scrolling above them.

The cursor stays on an empty line above the live lines. A line that another process of the pipe writes to
the same terminal fills that line, and the next drawing starts below it, so both remain complete.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import threading
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

REDRAW_SECONDS = 0.2
_CLEAR = "\r\x1b[J"


def can_draw(stream: TextIO) -> bool:
    """Return True if live lines can be drawn: on a terminal that is not filled by Singer messages too."""
    return stream.isatty() and os.environ.get("TERM") != "dumb" and not sys.stdout.isatty()


class LiveLines:
    """Lines that are drawn again several times a second, by a thread.

    Args:
        out: the terminal.
        render: returns the lines for a number of columns and rows. It may read collections that other threads
            change, and then raise RuntimeError.
    """

    def __init__(self, out: TextIO, render: Callable[[int, int], Sequence[str]]) -> None:
        self._out = out
        self._render = render
        self._lock = threading.RLock()  # a signal handler may log while the main thread draws
        self._stopped = threading.Event()
        self._handlers: list[logging.StreamHandler[Any]] = []

    def start(self) -> None:
        """Start to draw the lines, and write log lines above them."""
        self._handlers = [*_handlers_of(self._out)]
        above = _Above(self)
        for handler in self._handlers:
            handler.setStream(above)
        threading.Thread(target=self._redraw, name="pipedrive-progress", daemon=True).start()

    def stop(self) -> None:
        """Erase the lines."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        with self._lock:
            self._write(_CLEAR)
        for handler in self._handlers:
            handler.setStream(self._out)

    def write_above(self, text: str) -> None:
        """Write text that stays, above the lines."""
        with self._lock:
            self._write(f"{_CLEAR}{text}")
            if text.endswith("\n"):
                self._draw()

    def _redraw(self) -> None:
        while not self._stopped.wait(REDRAW_SECONDS):
            with self._lock:
                if not self._stopped.is_set():
                    self._draw()

    def _draw(self) -> None:
        columns, rows = shutil.get_terminal_size()
        try:
            rendered = self._render(columns - 1, rows - 2)
        except RuntimeError:  # a collection changed while it was read; the next drawing shows it
            return
        lines = [line[: columns - 1] for line in rendered]
        below = "".join(f"\n{line}" for line in lines)
        back = f"\x1b[{len(lines)}A\r" if lines else ""
        self._write(f"{_CLEAR}{below}{back}")

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
            self._out.flush()
        except OSError:
            self._stopped.set()  # the terminal was closed; the run continues


class _Above:
    """Stream for log handlers."""

    def __init__(self, lines: LiveLines) -> None:
        self._lines = lines

    def write(self, text: str) -> int:
        self._lines.write_above(text)
        return len(text)

    def flush(self) -> None:
        """Return at once, because each write is flushed."""


def clock(seconds: float) -> str:
    """Return a duration as `m:ss` or `h:mm:ss`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _handlers_of(stream: TextIO) -> Iterator[logging.StreamHandler[Any]]:
    """Yield the log handlers that write to a stream."""
    loggers = [logging.root, *logging.root.manager.loggerDict.values()]
    for logger in loggers:
        for handler in getattr(logger, "handlers", ()):
            if isinstance(handler, logging.StreamHandler) and handler.stream is stream:
                yield handler
