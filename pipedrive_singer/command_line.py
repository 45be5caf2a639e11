"""Command-line entry: converts every error to one sentence on stderr and a documented exit code."""

from __future__ import annotations

import difflib
import gc
import json
import logging
import os
import signal
import sys
from contextlib import contextmanager, suppress
from enum import IntEnum
from typing import TYPE_CHECKING

from pipedrive_client.errors import BudgetSpent, ConfigError, PipedriveError, RunError, Stopped
from pipedrive_client.redact import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import click

_LONGEST_ERROR = 200


class Exit(IntEnum):
    """Exit codes of tap and target."""

    DONE = 0
    FAILED = 1
    """Failure during the run, such as a request that failed permanently or a rejected record."""
    BAD_INPUT = 2
    """Invalid settings, catalog, state or arguments."""
    DENIED = 3
    """Access denied by Pipedrive: token, permission, plan or firewall."""
    BUDGET_SPENT = 4
    """Clean stop before the token budget was exhausted; run again later."""
    INTERRUPTED = 128
    """Plus the number of the signal."""


def exit_code(error: PipedriveError) -> Exit:
    """Return the exit code of an error."""
    if isinstance(error, ConfigError):
        return Exit.BAD_INPUT
    if isinstance(error, BudgetSpent):
        return Exit.BUDGET_SPENT
    if isinstance(error, RunError) and not isinstance(error, Stopped):
        return Exit.DENIED
    return Exit.FAILED


def code_of(error: BaseException | None) -> int:
    """Return the exit code of a process that this error ends; None ends it normally."""
    if error is None:
        return Exit.DONE
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else Exit.FAILED if error.code else Exit.DONE
    if isinstance(error, PipedriveError):
        return exit_code(error)
    if isinstance(error, json.JSONDecodeError):
        return Exit.BAD_INPUT
    if isinstance(error, KeyboardInterrupt):
        return Exit.INTERRUPTED + signal.SIGINT
    return Exit.FAILED


def sentence_of(error: BaseException) -> str:
    """Return the sentence that a user reads about an error; empty if the process ends without one."""
    match error:
        case SystemExit():
            text = ""
        case PipedriveError():
            text = str(error)
        case json.JSONDecodeError():
            where = f"in line {error.lineno}, column {error.colno}"
            text = f"An input file is not valid JSON: {error.msg} {where}."
        case BrokenPipeError():
            text = "The program that reads the output has ended; stopped."
        case OSError():
            where = f" {error.filename}" if error.filename else ""
            text = (
                f"Reading or writing{where} failed: {error.strerror or error}. Fix the cause and run again."
            )
        case KeyboardInterrupt():
            text = "Interrupted."
        case _:
            what = f"{type(error).__name__}: {str(error)[:_LONGEST_ERROR]}"
            text = (
                f"Stopped by an unexpected error ({what}). Please report it. The log contains the traceback "
                "at log level DEBUG."
            )
    return text


def run(command: Callable[[], object], *, plugin: str) -> None:
    """Run a plugin's command and exit the process with its exit code.

    Args:
        command: the click command; it may raise SystemExit itself.
        plugin: name of the program, printed before the message.
    """
    try:
        usable_streams()
        command()
    except (Exception, KeyboardInterrupt) as error:  # the edge of the process: no traceback reaches a user
        if isinstance(error, PipedriveError):
            with_output()
        elif isinstance(error, json.JSONDecodeError | KeyboardInterrupt):
            pass
        elif isinstance(error, OSError):
            # After a broken pipe, the next run resends what the downstream program did not read.
            abandon_output()
        else:
            logging.getLogger(plugin).debug("Unexpected error", exc_info=True)
        say(plugin, sentence_of(error))
        sys.exit(code_of(error))


def with_output() -> None:
    """Flush the standard output; abandon it if it cannot be written."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        abandon_output()


def abandon_output() -> None:
    """Redirect a broken standard output to the null device, so that the flush at exit does not fail."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def ignore_signals() -> None:
    """Ignore signals, so that they do not change the exit code of a process whose work is complete."""
    # A signal between the check and the change is reported as an error that cannot be caught.
    sys.unraisablehook = lambda _: None
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)


def usable_streams() -> None:
    """Replace standard streams that the caller closed by the null device."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", encoding="utf-8"))


def clicked(command: click.Command, plugin: str, *, subcommands: Sequence[str]) -> None:
    """Run a click command and report invalid arguments like other errors.

    Args:
        command: the command.
        plugin: name of the program.
        subcommands: commands that the program runs if they are the first argument.

    Raises:
        ConfigError: the arguments are invalid.
        BrokenPipeError: the program that reads the output has ended.
        SystemExit: the command returned an exit code.
    """
    import click  # noqa: PLC0415  the SDK, which installs it, is not loaded by all users of this module

    try:
        # `main` of click would end the process without a message after a closed pipe.
        with command.make_context(plugin, sys.argv[1:]) as context:
            command.invoke(context)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.ClickException as error:
        text = error.format_message().rstrip(".")
        if "unexpected extra argument" in text:
            words = [one for one in sys.argv[1:] if not one.startswith("-")]
            near = [one for word in words for one in difflib.get_close_matches(word, subcommands, n=1)]
            text += f". For the subcommand, begin with `{plugin} {near[0]}`" if near else ""
        msg = f"{text}; see {plugin} --help."
        raise ConfigError(msg) from error


@contextmanager
def loading() -> Iterator[None]:
    """Disable garbage collection during import, then `gc.freeze()` the loaded objects.

    The collector would traverse some 100,000 permanent objects. Rows and records contain no cycles
    and are freed by reference counting, so a high threshold is enough. Measured with 100,000 deals through
    the tap: 5 to 8 % of its CPU time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        gc.enable()


def say(plugin: str, sentence: str) -> None:
    """Write one sentence to stderr: plain text on a terminal, otherwise a log record."""
    text = redact(sentence, ())
    if sys.stderr.isatty():
        sys.stderr.write(f"{plugin}: {text}\n")
    else:
        logging.getLogger(plugin).error("%s", text)
