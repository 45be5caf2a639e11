"""A process that has loaded a plugin and forks one that runs it, with the descriptors of the caller.

Run by `tests/support/starting.py`. Orders are `{"arguments": …, "folder": …, "env": …, "most_bytes": …}`,
with four descriptors: standard input, output and error, and one that is open as long as the run lives. The
process sends back the number of the run; for `{"wait": number}`, its exit code.
"""

from __future__ import annotations

import gc
import io
import json
import os
import resource
import signal
import socket
import sys
from importlib import import_module
from typing import Any

PLUGIN = sys.argv[1]
MOST = 1 << 20
"""Bytes per read."""


def serve(caller: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Process orders until the caller ends; returns the order to run in each forked process."""
    while True:
        content, descriptors, *_ = socket.recv_fds(caller, MOST, 4)
        if not content:
            return None
        while not content.endswith(b"\n"):
            content += caller.recv(MOST)
        order = json.loads(content)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            caller.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
            continue
        number = os.fork()
        if number == 0:
            caller.close()
            return order, descriptors
        for one in descriptors:
            os.close(one)
        caller.sendall(f"{number}\n".encode())


def become(order: dict[str, Any], descriptors: list[int]) -> None:
    """Set up this process like one that a shell started."""
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["env"])
    for number in range(3):
        os.dup2(descriptors[number], number)
        os.close(descriptors[number])
    unbuffered = bool(order["env"].get("PYTHONUNBUFFERED"))
    output = os.fdopen(1, "wb", buffering=0 if unbuffered else -1, closefd=False)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = io.TextIOWrapper(output, encoding="utf-8", write_through=unbuffered)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    if order["most_bytes"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["most_bytes"], order["most_bytes"]))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = [PLUGIN.replace("_", "-"), *order["arguments"]]


if __name__ == "__main__":
    main = import_module(f"{PLUGIN}.__main__").main
    import_module(f"{PLUGIN}.{PLUGIN.partition('_')[0]}")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests, which end this process
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=int(sys.argv[2])) as caller:
        taken = serve(caller)
    if taken is not None:
        become(*taken)
        main()  # the interpreter's shutdown is part of the run
