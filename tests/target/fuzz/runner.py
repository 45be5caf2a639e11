"""A process that forks runs of a plugin's command line: real exit codes without starting an interpreter.

Reads orders as JSON lines, `{"folder": …, "arguments": […], "input": path, "limit": seconds}`, and returns
each with `{"status": …, "seconds": …, "cpu": …}`. Output goes to `stdout` and `stderr` in the folder, or in
`outputs` where an order names it; `env` replaces the environment.

Each order has its own process, except that successive orders with the same `share` run in one process, one
after the other, which saves most of their CPU time.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import logging
import os
import signal
import sys
import time
import traceback
from importlib import import_module
from typing import Any

PLUGIN = sys.argv[1] if len(sys.argv) > 1 else "target_pipedrive"
main = import_module(f"{PLUGIN}.__main__").main


def serve() -> None:
    """Run orders until standard input ends."""
    import_module(f"{PLUGIN}.{PLUGIN.partition('_')[0]}")
    gc.collect()
    gc.freeze()  # loaded objects stay shared by all children
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    child: Child | None = None
    for line in sys.stdin:
        share = json.loads(line).get("share")
        if child is None or share is None or child.share != share:
            if child is not None:
                child.end()
            child = Child(share)
        begun = time.monotonic()
        answer = child.run(line)
        if answer is None or share is None:
            status, cpu = child.end()
            answer = {"status": status, "cpu": cpu}
            child = None
        sys.stdout.write(json.dumps({**answer, "seconds": time.monotonic() - begun}) + "\n")
        sys.stdout.flush()
    if child is not None:
        child.end()


class Child:
    """A forked process: for one order, or for those of a share."""

    def __init__(self, share: object) -> None:
        self.share = share
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        self._number = os.fork()
        if self._number == 0:
            os.close(self._orders)
            os.close(self._answers)
            os._exit(_obey(orders, answers, once=share is None))
        os.close(orders)
        os.close(answers)

    def run(self, line: str) -> dict[str, Any] | None:
        """Return status and CPU seconds of an order; None if the process ended without a response."""
        os.write(self._orders, line.encode())
        answer = b""
        while not answer.endswith(b"\n"):
            part = os.read(self._answers, 1000)
            if not part:
                return None
            answer += part
        return json.loads(answer)

    def end(self) -> tuple[int, float]:
        """Wait for the end of the process, and return its exit code and CPU seconds."""
        os.close(self._orders)
        _, status, used = os.wait4(self._number, 0)
        os.close(self._answers)
        return os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime


def _obey(orders: int, answers: int, *, once: bool) -> int:
    """Run orders in the child, and return the exit code of the last one."""
    code = 0
    with os.fdopen(orders) as lines:
        for line in lines:
            begun = time.process_time()
            code = _run(json.loads(line))
            if once:
                return code
            faulthandler.cancel_dump_traceback_later()
            signal.setitimer(signal.ITIMER_REAL, 0)
            logging.root.handlers.clear()  # each run adds one
            answer = {"status": code, "cpu": time.process_time() - begun}
            os.write(answers, json.dumps(answer).encode() + b"\n")
    return code


def _run(order: dict[str, Any]) -> int:
    """One run, in the child; its exit code as the interpreter would give it."""
    os.chdir(order["folder"])
    if "env" in order:
        os.environ.clear()
        os.environ.update(order["env"])
    kept = sys.stdin, sys.stdout, sys.stderr  # else they would close the descriptors that are reused here
    to_write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for number, name in ((0, order["input"]), (1, "stdout"), (2, "stderr")):
        path = os.path.join(order.get("outputs", ""), name) if number else name  # noqa: PTH118 - a text
        opened = os.open(path, to_write if number else os.O_RDONLY)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    assert all(kept)
    sys.argv = [PLUGIN.replace("_", "-"), *order["arguments"]]
    faulthandler.dump_traceback_later(order["limit"] - 1, file=sys.stderr)
    signal.setitimer(signal.ITIMER_REAL, order["limit"])  # the signal's default action ends the process
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - what an interpreter does with it
        traceback.print_exc()
        code = 1
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    serve()
