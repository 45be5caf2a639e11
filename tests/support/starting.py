"""Runs of a plugin that a test observes, feeds and stops, without starting an interpreter.

They are forked by a process that has loaded the plugin, and otherwise are like processes that a shell starts:
with pipes, signals, and the interpreter's shutdown. Only the startup before the plugin is loaded is missing.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PIPE, DEVNULL = subprocess.PIPE, subprocess.DEVNULL
Stream = int | IO[Any]
"""`PIPE`, `DEVNULL`, a descriptor or a file."""


class Server:
    """The process that forks the runs of a plugin."""

    def __init__(self, plugin: str) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.forkserver", plugin, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                cwd=Path(__file__).parents[2],
            )
        atexit.register(self.close)

    def fork(self, order: dict[str, Any], descriptors: Sequence[int]) -> int:
        """Return the number of a new process with these descriptors."""
        socket.send_fds(self._socket, [json.dumps(order).encode() + b"\n"], descriptors)
        return self._answer()

    def code(self, number: int) -> int:
        """Return the exit code of a process that has ended; minus the number of the signal that ended it."""
        self._socket.sendall(json.dumps({"wait": number}).encode() + b"\n")
        return self._answer()

    def _answer(self) -> int:
        content = b""
        while not content.endswith(b"\n"):
            part = self._socket.recv(100)
            if not part:
                raise RuntimeError("the process that forks runs has ended")
            content += part
        return int(content)

    def close(self) -> None:
        """End the process; runs that it forked continue."""
        self._socket.close()
        self._process.wait(timeout=20)


@cache
def server(plugin: str) -> Server:
    """Return the shared process of a plugin."""
    return Server(plugin)


class Started:
    """A running process, with the methods of `subprocess.Popen`.

    Args:
        plugin: `tap_pipedrive` or `target_pipedrive`.
        arguments: command-line arguments.
        cwd: its folder.
        env: environment; by default that of this process.
        stdin, stdout, stderr: its standard streams.
        text: whether the pipes are read and written as text.
        most_bytes: maximum size of a file, as on a full disk.
    """

    def __init__(
        self,
        plugin: str,
        *arguments: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: Stream = DEVNULL,
        stdout: Stream = PIPE,
        stderr: Stream = PIPE,
        text: bool = False,
        most_bytes: int | None = None,
    ) -> None:
        self.returncode: int | None = None
        self._server = server(plugin)
        self._alive, lives = os.pipe()
        given, self.stdin = _end_of(stdin, "w", text=text)
        out, self.stdout = _end_of(stdout, "r", text=text)
        error, self.stderr = _end_of(stderr, "r", text=text)
        order = {
            "arguments": arguments,
            "folder": str(cwd or Path.cwd()),
            "env": dict(os.environ if env is None else env),
            "most_bytes": most_bytes,
        }
        self.pid = self._server.fork(order, [given, out, error, lives])
        os.close(lives)
        for descriptor, stream in ((given, stdin), (out, stdout), (error, stderr)):
            if stream in (PIPE, DEVNULL):
                os.close(descriptor)
        self._readers: list[_Reader] = []

    def poll(self) -> int | None:
        """Return the exit code, None if the run has not ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end of the run and return the exit code.

        Raises:
            subprocess.TimeoutExpired: it did not end within the timeout.
        """
        if self.returncode is None:
            if not select.select([self._alive], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            os.close(self._alive)
            self.returncode = self._server.code(self.pid)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the run has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the run."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, given: Any = None, timeout: float | None = None) -> tuple[Any, Any]:
        """Write the input, wait for the end of the run, and return the content of both output pipes."""
        pipes = self.stdout, self.stderr
        self._readers = self._readers or [_Reader(pipe) for pipe in pipes if pipe and not pipe.closed]
        if self.stdin and not self.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                if given:
                    self.stdin.write(given)
            with contextlib.suppress(BrokenPipeError):
                self.stdin.close()
        self.wait(timeout)
        found = {reader.pipe: reader.content() for reader in self._readers}
        return found.get(self.stdout), found.get(self.stderr)


class _Reader(threading.Thread):
    """Reads a pipe to its end."""

    def __init__(self, pipe: IO[Any]) -> None:
        super().__init__(daemon=True)
        self.pipe = pipe
        self._content: Any = None
        self.start()

    def run(self) -> None:
        self._content = self.pipe.read()

    def content(self) -> Any:
        """Wait for the end of the pipe and return its content."""
        self.join()
        self.pipe.close()
        return self._content


def finished(
    plugin: str, *arguments: str, content: bytes = b"", **options: Any
) -> subprocess.CompletedProcess[bytes]:
    """Return a run that has read this content and ended; options as for `Started`."""
    running = Started(plugin, *arguments, stdin=PIPE, **options)
    try:
        out, error = running.communicate(content, timeout=60)
    finally:
        running.kill()
    return subprocess.CompletedProcess(arguments, running.wait(), out, error)


def _end_of(stream: Stream, mode: str, *, text: bool) -> tuple[int, IO[Any] | None]:
    """Return the descriptor for the run, and the file for the test if the stream is a pipe."""
    if stream == DEVNULL:
        return os.open(os.devnull, os.O_RDWR), None
    if stream != PIPE:
        return (stream if isinstance(stream, int) else stream.fileno()), None
    reading, writing = os.pipe()
    theirs, ours = (reading, writing) if mode == "w" else (writing, reading)
    return theirs, os.fdopen(ours, mode if text else f"{mode}b", encoding="utf-8" if text else None)
