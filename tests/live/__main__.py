"""Command line of the check of a live account."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from pipedrive_client import ClientSettings, ConfigError, PipedriveClient, PipedriveError
from tests.live.report import check_account, count_differences
from tests.support.emulator import Emulator

REPORT = Path("output") / "live-check.json"
VARIABLE = "TAP_PIPEDRIVE_"
SETTINGS = ("api_token", "company_domain", "api_url")


@click.command()
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    default=REPORT,
    show_default=True,
    help="Report file.",
)
@click.option(
    "--write",
    metavar="COMPANY_DOMAIN",
    help="Also create, update and delete a few rows. Only for a sandbox account: repeat its domain here.",
)
def main(report: Path, write: str | None) -> None:
    """Compare a live Pipedrive account with what this project assumes.

    Reads one page of every list, about 150 requests and 2,000 tokens, and reports where the responses
    differ. The report contains names of keys and kinds of values, never a value.

    Set TAP_PIPEDRIVE_API_TOKEN and TAP_PIPEDRIVE_COMPANY_DOMAIN. The exit code is 0 without differences, 1
    with some, and 2 if the settings are wrong.
    """
    config = {name: value for name in SETTINGS if (value := os.environ.get(VARIABLE + name.upper()))}
    if write and write != config.get("company_domain"):
        raise click.UsageError(
            f"--write {write} is not the account of {VARIABLE}COMPANY_DOMAIN. Set both to the company domain "
            "of your sandbox account."
        )
    try:
        settings = ClientSettings.from_config(config)
        settings.check_credentials()
        result = _compare(settings, write=bool(write))
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    except PipedriveError as error:
        raise click.ClickException(str(error)) from None
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    click.echo("\n".join(_summary(result, report)))
    raise SystemExit(bool(count_differences(result)))


def _compare(settings: ClientSettings, *, write: bool) -> dict[str, Any]:
    with ExitStack() as stack:
        emulator = stack.enter_context(Emulator("--burst", "0", "--dialect", "observed"))
        emulated = stack.enter_context(PipedriveClient(ClientSettings.from_config(emulator.config())))
        live = stack.enter_context(PipedriveClient(settings))
        return check_account(live, emulated, write=write, show=lambda line: click.echo(line, err=True))


def _summary(result: dict[str, Any], report: Path) -> list[str]:
    reads, writes = result["reads"], result["writes"]
    lines = [
        f"{one.get('stream') or one['step']}: {difference}"
        for one in [*reads, *writes]
        for difference in one["differences"]
    ]
    total = (
        f"{len(lines)} differences in {len(reads)} reads and {len(writes)} writes; "
        f"{len(result['not_read'])} streams were not read. The report is in {report} and contains no values."
    )
    return [*lines, total]


if __name__ == "__main__":
    main()
