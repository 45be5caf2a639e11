"""A process that forks runs of a plugin's command line: real exit codes, no start of an interpreter.

Reads orders as JSON lines, `{"folder": …, "arguments": […], "input": path, "limit": seconds}`, and returns
each with `{"status": …, "seconds": …, "cpu": …}`. Output goes to `stdout` and `stderr` in the folder, or in
`outputs` where an order names it; `env` replaces the environment.
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
    for line in sys.stdin:
        begun, child = time.monotonic(), os.fork()
        if child == 0:
            os._exit(_run(json.loads(line)))
        _, status, used = os.wait4(child, 0)
        answer = {
            "status": os.waitstatus_to_exitcode(status),
            "seconds": time.monotonic() - begun,
            "cpu": used.ru_utime + used.ru_stime,
        }
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


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
    signal.setitimer(signal.ITIMER_REAL, order["limit"])  # the default action of its signal ends the process
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
