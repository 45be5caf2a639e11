"""Command line of the check of a live account."""

from __future__ import annotations

import logging
import os
from dataclasses import KW_ONLY, dataclass
from pathlib import Path

import click

from pipedrive_client import (
    SETTING_DEFINITIONS,
    ClientSettings,
    ConfigError,
    ItemError,
    PipedriveClient,
    PipedriveError,
    Unauthorized,
)
from tests.live.check import ME, ODD, Check, Result, cost, place_of
from tests.live.privacy import Scrubber, message_of
from tests.live.probing.journal import Entry, Journal
from tests.live.probing.sandbox import Sandbox
from tests.live.report import report, total, where_to_send
from tests.live.wire import Wire

REPORT = Path("output") / "live-check.md"
WRITE_TOKENS = 1_200
"""Approximate cost of the requests of `--write`."""
ROWS = "live-check-rows.jsonl"
"""File beside the report with the rows that a check with writes has created and not yet deleted."""
VARIABLE = "TAP_PIPEDRIVE_"
DIFFERENT, WRONG_SETTINGS, INCOMPLETE, INTERRUPTED = 1, 2, 3, 130


class _Failure(click.ClickException):
    """Failure in one sentence, with an exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@click.command()
@click.option(
    "--report",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=REPORT,
    show_default=True,
    help="Report file.",
)
@click.option(
    "--write",
    metavar="COMPANY_DOMAIN",
    help="Also create, change and delete about 20 rows in a sandbox account: repeat its domain here.",
)
@click.option(
    "--confirm-sandbox",
    is_flag=True,
    help='Confirm that the account is a sandbox although its domain does not contain "sandbox".',
)
def main(file: Path, write: str | None, *, confirm_sandbox: bool) -> None:
    """Compare a live Pipedrive account with what this project assumes.

    Reads one page of every list, with GET requests only, and writes a report that you can send to us. It
    contains names of keys and kinds of values, never a value.

    With --write, it also creates, changes and deletes a few rows of a sandbox account, for questions that
    reads cannot settle.

    Set TAP_PIPEDRIVE_API_TOKEN, or the OAuth settings of the tap under the same prefix, and
    TAP_PIPEDRIVE_COMPANY_DOMAIN.

    The exit code is 0 without differences, 1 with some, 2 if the settings or the token are wrong, 3 if the
    check could not be completed, and 130 if you interrupted it.
    """
    given = settings_of_environment()
    scrub = Scrubber(given)
    try:
        settings = ClientSettings.from_config(given)
        scrub.add_address(settings.base_url, settings.company_domain or "")
        _log_through(scrub)
        _check_writable(file)  # before it costs tokens
        with PipedriveClient(settings) as client:
            result = _checked(client, scrub, file, _Writes(write, is_confirmed=confirm_sandbox))
        file.write_text(report(result), encoding="utf-8")
    except KeyboardInterrupt:
        raise _Failure("Interrupted before anything was read.", INTERRUPTED) from None
    except PipedriveError as error:
        is_wrong = isinstance(error, ConfigError | Unauthorized)
        raise _Failure(
            scrub(_advice(message_of(error))), WRONG_SETTINGS if is_wrong else INCOMPLETE
        ) from None
    except OSError as error:
        raise _Failure(f"The report {file} cannot be written: {error.strerror}.", INCOMPLETE) from None
    except ODD as error:
        words = f"This program failed ({place_of(error)}); please report this."
        raise _Failure(words, INCOMPLETE) from None
    click.echo(total(result))
    if result.ended:
        click.echo(f"The check is not complete. {result.ended}", err=True)
    click.echo(f"The report is in {file}. Please read it and send it to {where_to_send()}.")
    raise SystemExit(_exit_code(result))


def settings_of_environment() -> dict[str, str]:
    """Return the settings of the client that environment variables contain."""
    names = [one.name for one in SETTING_DEFINITIONS]
    return {name: value for name in names if (value := os.environ.get(VARIABLE + name.upper()))}


@dataclass(frozen=True, slots=True)
class _Writes:
    """The options for writes.

    Attributes:
        company: domain of the account that may be written to, or None for no writes.
        is_confirmed: True if the user confirmed that it is a sandbox.
    """

    company: str | None
    _: KW_ONLY
    is_confirmed: bool

    def check(self, company: str) -> None:
        """Check that writes are allowed.

        Args:
            company: domain of the account that the token belongs to.

        Raises:
            _Failure: the account may not be written to.
        """
        if self.company is None:
            return
        if not company or self.company.lower() != company.lower():
            raise _Failure(
                "The token belongs to another account than --write names, or to an unknown one. Nothing was "
                "read or written.",
                WRONG_SETTINGS,
            )
        if "sandbox" not in company.lower() and not self.is_confirmed:
            raise _Failure(
                'The domain of this account does not contain "sandbox". If rows may be created and deleted '
                "in it, add --confirm-sandbox. Nothing was read or written.",
                WRONG_SETTINGS,
            )


def _checked(client: PipedriveClient, scrub: Scrubber, file: Path, writes: _Writes) -> Result:
    """Return the result of a check, of which an interruption leaves the reads made before."""
    wire = Wire(client)
    me = _user(client)
    company, name = (str(me.get(key) or "") for key in ("company_domain", "company_name"))
    scrub.add_address(client.base_url, company)
    writes.check(company)
    _check_tokens(client, is_writing=bool(writes.company))
    check = Check(wire, show=_show, scrub=scrub)
    check.read()
    if writes.company:
        journal = Journal(file.with_name(ROWS))
        sandbox = Sandbox(wire, journal, str(me.get("company_id")))
        check.write(sandbox, me.get("id"))
        _say_left(check.findings.left)
    return check.result((company, name))


def _user(client: PipedriveClient) -> dict[str, object]:
    """Return the token's user; nothing if the app may not read it, or if the response has another form.

    Raises:
        PipedriveError: the token is wrong, or there is no connection.
    """
    try:
        body = client.request("GET", ME, cost=2, label="check").json()
    except ItemError:
        return {}
    found = body.get("data") if isinstance(body, dict) else None
    return found if isinstance(found, dict) else {}


def _check_tokens(client: PipedriveClient, *, is_writing: bool) -> None:
    """Check that enough tokens are left, and show the cost.

    Raises:
        _Failure: there are too few tokens.
    """
    expected = cost()
    needed = expected.tokens + (WRITE_TOKENS if is_writing else 0)
    left = client.budget.left
    if left is not None and left < needed:
        raise _Failure(
            f"The check needs about {needed:,} API tokens, and only {left:,} are left today or in "
            "the budget that you set. Nothing was read.",
            INCOMPLETE,
        )
    most = expected.most_tokens + needed - expected.tokens
    writes = (
        "then about 20 rows are created, changed and deleted again" if is_writing else "nothing is changed"
    )
    _show(
        f"Reading one page of {expected.requests} lists, with GET requests only; {writes}. This costs about "
        f"{needed:,} of the company's API tokens of today, at most {most:,}."
    )


def _show(line: str) -> None:
    click.echo(line, err=True)


def _say_left(left: list[Entry]) -> None:
    """Name the rows that could not be deleted; these lines are for the user only."""
    for one in left:
        where = f"id {one.row_id}" if one.row_id else "id unknown"
        _show(f"Not deleted: {one.entity}, {where}, {one.name!r}. The next check with --write retries it.")


def _advice(message: str) -> str:
    """Return an error about settings with the names of the environment variables."""
    if "api_token" in message or "client_id" in message:
        return f"{message} The environment variables begin with {VARIABLE}, such as {VARIABLE}API_TOKEN."
    return message


def _log_through(scrub: Scrubber) -> None:
    """Show warnings of the client without personal data."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            click.echo(scrub(record.getMessage()), err=True)

    logger = logging.getLogger("pipedrive_client")
    logger.handlers = [Handler(logging.WARNING)]
    logger.propagate = False


def _check_writable(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    is_new = not file.exists()
    file.open("a", encoding="utf-8").close()
    if is_new:
        file.unlink()


def _exit_code(result: Result) -> int:
    if result.interrupted:
        return INTERRUPTED
    if result.ended or result.left:
        return INCOMPLETE
    return DIFFERENT if result.differences else 0


if __name__ == "__main__":
    main()
