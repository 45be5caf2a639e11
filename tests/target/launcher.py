"""A process that forks runs of the target: a run starts in milliseconds and can be killed like any other.

Reads `{"config": …, "input": path, "output": path, "disk_seconds": 0.1}` lines; prints `started PID`, then
`ended STATUS`. The seconds make the disk slower; there are no waits before retries, and short ones for the
values of deals.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from pathlib import Path

from pipedrive_client import client
from target_pipedrive.apply import recomputed_columns
from target_pipedrive.ledger.store import Ledger
from target_pipedrive.target import TargetPipedrive
from tests.support.faulty import ShortWaits
from tests.target.helpers import RECOMPUTED


def main() -> None:
    client.SystemClock = ShortWaits
    client.PipedriveClient.wait = lambda _, seconds: time.sleep(seconds)
    recomputed_columns.RECOMPUTED_WITHIN = max(RECOMPUTED.values())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        order = json.loads(line)
        if "ledger_url" in order["config"]:
            import psycopg  # noqa: F401, PLC0415  so that the runs need not
        child = os.fork()
        if child == 0:
            os._exit(run(order))
        sys.stdout.write(f"started {child}\n")
        sys.stdout.flush()
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"ended {status}\n")
        sys.stdout.flush()


def run(order: dict) -> int:
    """One run in the child; its exit code as the command line would give it."""
    sys.stdout = Path(order["output"]).open("a", encoding="utf-8")  # noqa: SIM115 - open until the process ends
    sys.stderr = sys.stdout
    slow_disk(order["disk_seconds"])
    target = TargetPipedrive(config=order["config"])
    try:
        with Path(order["input"]).open(encoding="utf-8") as lines:
            target.listen(lines)
    except Exception as error:  # noqa: BLE001 - the code shows it
        sys.stdout.write("".join(traceback.format_exception(error)))
        sys.stdout.flush()
        return 3
    sys.stdout.flush()
    return 1 if target.engine_failures else 0


def slow_disk(seconds: float) -> None:
    """Delay each commit of this process."""
    commit = Ledger.commit

    def slow(ledger: Ledger) -> None:
        time.sleep(seconds)
        commit(ledger)

    if seconds:
        Ledger.commit = slow


if __name__ == "__main__":
    main()
