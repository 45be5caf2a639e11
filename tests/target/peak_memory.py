"""A process that runs the target over many records without a server and prints its peak memory in MB."""

from __future__ import annotations

import io
import json
import logging
import resource
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from target_pipedrive.target import TargetPipedrive
from tests.target.helpers import record, schema, state

if TYPE_CHECKING:
    from collections.abc import Iterator

STATE_EVERY = 500


def waiting(count: int) -> Iterator[dict]:
    """Activities of deals that the input does not contain."""
    yield schema("activities", "external_id subject note deal_id", ["external_id"])
    for number in range(count):
        yield record(
            "activities",
            external_id=f"a{number}",
            subject=f"Call {number}",
            note="x" * 200,
            deal_id={"external_id": f"d{number // 10}"},
        )
        if number % STATE_EVERY == 0:
            yield state({"n": number})


def adding(count: int) -> Iterator[dict]:
    """Deals to create, which a dry run only plans."""
    yield schema("deals", "external_id title", ["external_id"])
    for number in range(count):
        yield record("deals", external_id=f"d{number}", title=f"Deal {number}")


KINDS = {"wait": waiting, "add": adding}


def main(kind: str, count: int, folder: Path) -> None:
    logging.disable(logging.CRITICAL)
    target = TargetPipedrive(
        config={
            "api_token": "emulator-token",
            "api_url": "http://127.0.0.1:1",
            "ledger_path": str(folder / "ledger.sqlite"),
            "rejects_path": str(folder / "rejects.singer"),
            "dry_run": kind == "add",
        }
    )
    lines = (json.dumps(message) + "\n" for message in KINDS[kind](count))
    with redirect_stdout(io.StringIO()):
        target.listen(lines)
    # Kilobytes here; bytes on macOS.
    unit = 1024**2 if sys.platform == "darwin" else 1024
    sys.stdout.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit:.1f}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
