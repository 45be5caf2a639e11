"""The command line of the emulator."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path
from typing import Any

from pipedrive_emulator.limits import BURST


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pipedrive-emulator", description="A stateful fake of Pipedrive's REST API."
    )
    parser.add_argument("--port", type=int, default=8787, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument(
        "--seed", choices=("empty", "small", "medium", "large"), default="small", help="the account"
    )
    parser.add_argument(
        "--plan", choices=tuple(BURST), default="premium", help="sets burst window and daily tokens"
    )
    parser.add_argument("--latency-ms", type=float, default=0, help="added to every answer")
    parser.add_argument("--daily-tokens", type=int, help="daily budget, instead of the plan's")
    parser.add_argument("--burst", type=int, help="requests per 2 s, instead of the plan's; 0: no limit")
    parser.add_argument("--faults", type=Path, metavar="FILE", help="JSON list of faults to act out")
    parser.add_argument("--scopes", help="OAuth scopes the app was granted, comma separated; all by default")
    parser.add_argument("--token-seconds", type=float, default=3599, help="life of an OAuth access token")
    parser.add_argument(
        "--legacy", action="store_true", help="answer the removed subscriptions and channels too"
    )
    return parser


def _faults(path: Path | None) -> list[dict[str, Any]]:
    if path is None:
        return []
    rules = json.loads(path.read_text())
    if not isinstance(rules, list):
        raise TypeError("a list of faults is expected")
    return rules


def main(arguments: list[str] | None = None) -> int:
    """Run the emulator until it is told to stop; returns the exit code."""
    given = _arguments().parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        # A signal during the seeding ends the process quietly too.
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        from pipedrive_emulator.app import Emulator, Settings  # noqa: PLC0415 - --help answers without loading it
        from pipedrive_emulator.server import serve  # noqa: PLC0415 - the same
    except ModuleNotFoundError as missing:
        sys.stderr.write(
            f"pipedrive-emulator needs {missing.name}, which the extra `emulator` of pipedrive-singer "
            "brings: install the wheel as pipedrive_singer-….whl[emulator].\n"
        )
        return 2

    settings = Settings(
        seed=given.seed,
        plan=given.plan,
        latency_seconds=given.latency_ms / 1000,
        daily_tokens=given.daily_tokens,
        burst=given.burst,
        legacy=given.legacy,
        scopes=None if given.scopes is None else frozenset(given.scopes.split(",")),
        token_seconds=given.token_seconds,
    )
    try:
        emulator = Emulator(settings, _faults(given.faults))
    except (OSError, ValueError, TypeError) as problem:
        sys.stderr.write(f"pipedrive-emulator: the faults file cannot be used: {problem}\n")
        return 2
    return serve(emulator, given.port)


if __name__ == "__main__":
    sys.exit(main())
