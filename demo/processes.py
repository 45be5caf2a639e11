"""Child processes of the demo, which are stopped when it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from rich.console import Console

BIN = Path(sys.executable).parent
INTERRUPTED = 128
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_GRACE_SECONDS = 5.0
_LINE_EVERY_SECONDS = 5.0
_LAST_LINES = 20


class Failed(Exception):  # noqa: N818  named after the event
    """A command failed; the message contains its name, `output` the last lines of its log."""

    def __init__(self, message: str, log: Path) -> None:
        super().__init__(message)
        lines = log.read_text(errors="replace").splitlines()
        telling = [line for line in lines if '"level":"info"' not in line]
        self.output = "\n".join((telling or lines)[-_LAST_LINES:])


class Interrupts:
    """Converts the first stop signal into `SystemExit` when it is safe to do so; ignores the rest."""

    def __init__(self) -> None:
        self._held = False
        self._came: int | None = None
        self._stopping = False

    def catch(self) -> None:
        """Handle signals from now on."""
        for number in STOPPING:
            signal.signal(number, self._take)

    def ignore(self) -> None:
        """Ignore signals from now on."""
        self._stopping = True

    @contextmanager
    def held(self) -> Iterator[None]:
        """Defer signals inside the context; `let_through` delivers a received one."""
        self._held = True
        try:
            yield
        except BaseException:
            self._held = False
            raise

    def let_through(self) -> None:
        """Raise the exception of a deferred signal.

        Raises:
            SystemExit: with 128 plus the number of the signal.
        """
        self._held = False
        if self._came is not None:
            self._stop(self._came)

    def _take(self, number: int, _: FrameType | None) -> None:
        if self._stopping:
            return
        if self._held:
            self._came = number
        else:
            self._stop(number)

    def _stop(self, number: int) -> None:
        self._stopping = True
        raise SystemExit(INTERRUPTED + number)


interrupts = Interrupts()


@contextmanager
def process(
    command: Sequence[str], *, stdout: IO[str] | int, stderr: IO[str] | int | None = None, **options: object
) -> Iterator[subprocess.Popen[str]]:
    """Yield a running program in its own process group, which is stopped when the context ends.

    Ctrl-C must reach only this process, which then stops the others in order.
    """
    with interrupts.held():  # a started program must be registered before a signal can stop this one
        running = subprocess.Popen(
            list(command), stdout=stdout, stderr=stderr, text=True, start_new_session=True, **options
        )
    try:
        interrupts.let_through()
        yield running
    finally:
        _end(running)


def _end(running: subprocess.Popen[str]) -> None:
    """Stop the program and its children: SIGTERM first, then SIGKILL."""
    for number, patience in ((signal.SIGTERM, _GRACE_SECONDS), (signal.SIGKILL, _GRACE_SECONDS)):
        with suppress(ProcessLookupError):
            os.killpg(running.pid, number)
        until = time.monotonic() + patience
        while time.monotonic() < until and _alive(running):
            time.sleep(0.02)
        if not _alive(running):
            break
    running.wait()
    if running.stdout:
        running.stdout.close()


def _alive(running: subprocess.Popen[str]) -> bool:
    """Return whether any process of the group still runs."""
    running.poll()
    try:
        os.killpg(running.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


@contextmanager
def emulator(seed: str, log: Path) -> Iterator[str]:
    """Yield a running emulator's address.

    Raises:
        Failed: it did not start.
    """
    command = [str(BIN / "pipedrive-emulator"), "--port", "0", "--seed", seed, "--burst", "0"]
    with log.open("w") as errors, process(command, stdout=subprocess.PIPE, stderr=errors) as running:
        line = running.stdout.readline() if running.stdout else ""
        found = re.search(r"http://\S+", line)
        if not found:
            raise Failed("The emulator did not start.", log)
        yield found[0]


def command(
    arguments: Sequence[str], *, log: Path, say: Callable[[], str], console: Console, **options: object
) -> float:
    """Run a program and return its duration in seconds. `say` returns the text to show next to its name.

    Raises:
        Failed: its exit code is not 0.
    """
    name = " ".join([Path(arguments[0]).name, *arguments[1:]])
    began = time.monotonic()
    with (
        log.open("w") as out,
        process(arguments, stdout=out, stderr=subprocess.STDOUT, **options) as running,
        _telling(console, began, say),
    ):
        running.wait()
    if running.returncode:
        raise Failed(f"`{name}` failed with exit code {running.returncode}.", log)
    return time.monotonic() - began


@contextmanager
def _telling(console: Console, began: float, say: Callable[[], str]) -> Iterator[None]:
    """Show progress: continuously on a terminal, every few seconds elsewhere."""
    over = threading.Event()

    def text() -> str:
        return f"  {time.monotonic() - began:4.0f} s  {say()}"

    def follow_live() -> None:
        with console.status(text(), spinner="dots") as status:
            while not over.wait(0.2):
                status.update(text())

    def follow_lines() -> None:
        while not over.wait(_LINE_EVERY_SECONDS):
            console.print(text(), highlight=False)

    thread = threading.Thread(target=follow_live if console.is_terminal else follow_lines, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
