"""A terminal: the escape sequences of live lines, and programs that run on one."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import select
import struct
import subprocess
import termios
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

ROWS = 40
_SEQUENCE = re.compile(r"\x1b\[(\d*)([A-Za-z])")
_PATIENCE_SECONDS = 30


class Screen:
    """Text on a screen that never scrolls away."""

    def __init__(self) -> None:
        self.lines = [""]
        self._y = self._x = 0

    def feed(self, text: str) -> None:
        """Process output of a program."""
        at = 0
        while at < len(text):
            if found := _SEQUENCE.match(text, at):
                self._control(found[2], int(found[1] or 1))
                at = found.end()
                continue
            self._put(text[at])
            at += 1

    def _control(self, kind: str, count: int) -> None:
        assert kind in {"A", "J"}, kind
        if kind == "A":
            self._y = max(0, self._y - count)
        else:  # clear to the end of the screen
            del self.lines[self._y + 1 :]
            self.lines[self._y] = self.lines[self._y][: self._x]

    def _put(self, character: str) -> None:
        if character == "\r":
            self._x = 0
        elif character == "\n":
            self._y, self._x = self._y + 1, 0
            if self._y == len(self.lines):
                self.lines.append("")
        else:
            line = self.lines[self._y].ljust(self._x)
            self.lines[self._y] = line[: self._x] + character + line[self._x + 1 :]
            self._x += 1


class Terminal(io.StringIO):
    """Output stream that a program takes for a terminal."""

    def isatty(self) -> bool:
        return True

    def screen(self) -> list[str]:
        """Return the currently visible lines."""
        screen = Screen()
        screen.feed(self.getvalue())
        return screen.lines


def run_on_terminal(
    command: Sequence[str],
    output: Path,
    *,
    columns: int,
    env: dict[str, str],
    on_output: Callable[[str, subprocess.Popen[Any]], None],
) -> tuple[int, str]:
    """Return exit code and terminal output of a program with its standard error on a terminal.

    Args:
        command: the program.
        output: file for its standard output.
        columns: width of the terminal.
        env: its environment.
        on_output: called with the terminal output so far, and the process.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    with output.open("wb") as file:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=theirs,
            env={**env, "COLUMNS": str(columns)},
        )
    os.close(theirs)
    content = b""
    try:
        while select.select([ours], [], [], _PATIENCE_SECONDS)[0]:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the last process has closed the terminal
                break
            if not part:
                break
            content += part
            on_output(content.decode(errors="replace"), process)
    finally:
        os.close(ours)
    return process.wait(_PATIENCE_SECONDS), content.decode(errors="replace")
