"""Command line of the emulator."""

from __future__ import annotations

import argparse
import gc
import math
import signal
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from pipedrive_emulator.api.dialect import DIALECTS
from pipedrive_emulator.faults.kinds import KINDS
from pipedrive_emulator.rules.limits import BURST

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable


EPILOG = f"""\
authentication:
  API token  emulator-token, in the header x-api-token; with --dialect
             observed also in the URL, as ?api_token=
  OAuth      client emulator-client, secret emulator-secret, refresh token
             emulator-refresh-token; pages at /oauth/authorize and /oauth/token

hooks, without credentials and at no token cost:
  GET /_emulator/log, /_emulator/dump; POST /_emulator/reset, /_emulator/faults,
  /_emulator/limits and more

file of faults:
  [{{"kind": "rate_limit", "nth": [5, 6]}},
   {{"kind": "html", "operation": "GET /api/v2/deals"}}]
{textwrap.fill("kinds: " + ", ".join(sorted(KINDS)), 78, initial_indent="  ", subsequent_indent="    ")}

examples:
  pipedrive-emulator --seed medium
  pipedrive-emulator --dialect observed
  pipedrive-emulator --plan lite --daily-tokens 5000 --faults faults.json

Details: docs/emulator.md"""


def _number(name: str, least: float, most: float = math.inf, *, whole: bool = True) -> Callable[[str], float]:
    """Return a parser of numbers within bounds, for an option."""

    def read(text: str) -> float:
        bounds = f"from {least} to {most}" if most < math.inf else f"of {least} or more"
        try:
            value = int(text) if whole else float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most or value == math.inf:
            kind = "whole number" if whole else "number"
            raise argparse.ArgumentTypeError(f"{text!r} is no {name}, a {kind} {bounds}")
        return value

    return read


def _scopes(text: str) -> frozenset[str]:
    """Return the scopes of a comma-separated list."""
    from pipedrive_emulator.rules.auth import all_scopes  # noqa: PLC0415 - --help works without loading operations

    given = frozenset(scope.strip() for scope in text.split(",") if scope.strip())
    unknown = sorted(given - all_scopes())
    if unknown:
        known = ", ".join(sorted(all_scopes()))
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is not a scope; known are {known}")
    return given


class _Parser(argparse.ArgumentParser):
    """Argument parser that reports an error in one sentence, without the usage."""

    @override
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"pipedrive-emulator: {message}; see pipedrive-emulator --help.\n")


class _Version(argparse.Action):
    """Option that prints the version, which is looked up only then."""

    @override
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        parser.exit(message=f"{parser.prog} {_version()}\n")


def _arguments() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="pipedrive-emulator",
        usage="%(prog)s [OPTION ...]",
        description="Emulator of Pipedrive's REST API on 127.0.0.1, with one account in memory.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show program's version number and exit")
    parser.add_argument(
        "--port",
        type=_number("port", 0, 65_535),
        default=8787,
        help="port on 127.0.0.1 (default: 8787); 0 selects a free port",
    )
    _add_account(parser.add_argument_group("account"))
    _add_limits(parser.add_argument_group("limits, delays and faults"))
    return parser


def _add_account(group: argparse._ArgumentGroup) -> None:
    """Add the options of the account and of the app that has access to it."""
    group.add_argument(
        "--seed",
        choices=("empty", "small", "medium", "large"),
        default="small",
        help="initial account: without deals, or with 34 (small, the default), 2,300 or 100,000 deals",
    )
    group.add_argument(
        "--dialect",
        choices=tuple(DIALECTS),
        default="published",
        help="follow the published description (default), or live accounts where they differ from it",
    )
    group.add_argument(
        "--legacy", action="store_true", help="enable the removed operations of subscriptions and channels"
    )
    group.add_argument(
        "--scopes",
        type=_scopes,
        metavar="A,B",
        help="OAuth scopes granted to the app, such as deals:read,contacts:full (default: all)",
    )
    group.add_argument(
        "--token-seconds",
        type=_number("life", 0, whole=False),
        default=3599,
        metavar="N",
        help="lifetime of an OAuth access token (default: 3599)",
    )


def _add_limits(group: argparse._ArgumentGroup) -> None:
    """Add the options of limits, delays and faults."""
    group.add_argument(
        "--plan",
        choices=tuple(BURST),
        default="premium",
        help="plan that sets the burst limit, daily tokens and features (default: premium)",
    )
    group.add_argument(
        "--daily-tokens",
        type=_number("budget", 0),
        metavar="N",
        help="daily token budget; overrides the plan's",
    )
    group.add_argument(
        "--burst",
        type=_number("window", 0),
        metavar="N",
        help="requests per 2 s; overrides the plan's; 0: no limit, also for searches",
    )
    group.add_argument(
        "--latency-ms",
        type=_number("latency", 0, 600_000, whole=False),
        default=0,
        metavar="N",
        help="delay of every API response; concurrent requests are delayed concurrently",
    )
    group.add_argument(
        "--search-lag",
        type=_number("lag", 0),
        default=0,
        metavar="N",
        help="number of further requests before searches see a write; 0: immediately (default)",
    )
    group.add_argument(
        "--faults",
        type=Path,
        metavar="FILE",
        help="JSON file with a list of faults to inject, such as rate_limit or html",
    )


def _version() -> str:
    from importlib import metadata  # noqa: PLC0415 - takes 10 % of a start

    try:
        return metadata.version("pipedrive-singer")
    except metadata.PackageNotFoundError:
        return "unknown, as it is not installed"


def main(arguments: list[str] | None = None) -> int:
    """Run the emulator until it is stopped; returns the exit code."""
    parser = _arguments()
    given = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        # A signal during seeding also ends the process without a traceback.
        signal.signal(number, lambda *_: sys.exit(0))
    gc.disable()  # until the account is filled: all of it stays, and collections would take 15 % of the time
    try:
        from pipedrive_emulator.faults.rules import read_script  # noqa: PLC0415 - the same
        from pipedrive_emulator.web.accounts import load_domains  # noqa: PLC0415 - the same
        from pipedrive_emulator.web.app import Emulator  # noqa: PLC0415 - --help works without loading it
        from pipedrive_emulator.web.server import serve  # noqa: PLC0415 - the same
        from pipedrive_emulator.web.state import Settings  # noqa: PLC0415 - the same
    except ModuleNotFoundError as missing:
        sys.stderr.write(
            f"pipedrive-emulator needs {missing.name}, which the extra `emulator` of "
            f"pipedrive-singer contains: install the wheel as pipedrive_singer-….whl[emulator].\n"
        )
        return 2

    settings = Settings(
        seed=given.seed,
        plan=given.plan,
        latency_seconds=given.latency_ms / 1000,
        daily_tokens=given.daily_tokens,
        burst=given.burst,
        legacy=given.legacy,
        scopes=given.scopes,
        token_seconds=given.token_seconds,
        search_lag=given.search_lag,
        dialect=given.dialect,
    )
    load_domains()  # faults name tables
    try:
        rules = [] if given.faults is None else read_script(given.faults)
    except OSError as problem:
        parser.error(f"argument --faults: {given.faults} cannot be read: {problem.strerror}")
    except ValueError as problem:
        parser.error(f"argument --faults: {given.faults} cannot be used: {problem}")
    return serve(Emulator(settings, rules), given.port)


if __name__ == "__main__":
    sys.exit(main())
