"""The command line's edge: any error becomes one sentence on stderr and an exit code that means something."""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import sys
from contextlib import contextmanager, suppress
from enum import IntEnum
from importlib.metadata import version
from typing import TYPE_CHECKING

from pipedrive_client.errors import BudgetSpent, ConfigError, PipedriveError, RunError, Stopped
from pipedrive_client.redact import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import click

_LONGEST_ERROR = 200


class Exit(IntEnum):
    """Exit codes of tap and target."""

    DONE = 0
    FAILED = 1
    """Something went wrong on the way: a request that could not be repeated, a record that was refused."""
    BAD_INPUT = 2
    """Settings, catalog, state or arguments that cannot work."""
    REFUSED = 3
    """Pipedrive refuses the account: token, right, plan, or a block by its firewall."""
    BUDGET_SPENT = 4
    """Stopped cleanly before the token budget was spent; run again later."""
    INTERRUPTED = 128
    """Plus the number of the signal."""


def exit_code(error: PipedriveError) -> Exit:
    """The exit code that tells a caller what to do about an error."""
    if isinstance(error, ConfigError):
        return Exit.BAD_INPUT
    if isinstance(error, BudgetSpent):
        return Exit.BUDGET_SPENT
    if isinstance(error, RunError) and not isinstance(error, Stopped):
        return Exit.REFUSED
    return Exit.FAILED


def run(command: Callable[[], object], *, plugin: str) -> None:
    """Run a plugin's command and leave the process with its exit code.

    Args:
        command: the click command; it may leave by SystemExit itself.
        plugin: name that stands before the sentence.
    """
    try:
        usable_streams()
        command()
    except PipedriveError as error:
        with_output()
        say(plugin, str(error))
        sys.exit(exit_code(error))
    except json.JSONDecodeError as error:
        say(plugin, f"A file given is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.")
        sys.exit(Exit.BAD_INPUT)
    except BrokenPipeError:
        # What the program behind the pipe did not read comes again with the next run.
        abandon_output()
        say(plugin, "The program that reads the output has ended; stopped.")
        sys.exit(Exit.FAILED)
    except OSError as error:
        abandon_output()
        where = f" {error.filename}" if error.filename else ""
        say(
            plugin,
            f"The system refused to read or write{where}: {error.strerror or error}. Stopped; correct that "
            "and run again.",
        )
        sys.exit(Exit.FAILED)
    except KeyboardInterrupt:
        say(plugin, "Interrupted.")
        sys.exit(Exit.INTERRUPTED + 2)
    except Exception as error:  # the edge of the process: no traceback reaches a user
        logging.getLogger(plugin).debug("Unexpected error", exc_info=True)
        say(
            plugin,
            f"Stopped by an unexpected error ({type(error).__name__}: {str(error)[:_LONGEST_ERROR]}). Please "
            "report it; with the log level DEBUG the log shows where it happened.",
        )
        sys.exit(Exit.FAILED)


def with_output() -> None:
    """Write what the standard output still holds; let go of it when it takes nothing."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        abandon_output()


def abandon_output() -> None:
    """Let go of a standard output that takes nothing: flushed at the exit, it would fail once more."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def ignore_signals() -> None:
    """Let no signal change the exit code of a process whose work is complete and durable."""
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)


def usable_streams() -> None:
    """Put the null device in place of standard streams that the caller closed."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", encoding="utf-8"))


def clicked(command: click.Command, plugin: str) -> None:
    """Run a click command; what is wrong with its arguments is told in a sentence like other errors.

    Raises:
        ConfigError: the arguments do not fit.
        BrokenPipeError: the program that reads the output has ended.
        SystemExit: the command gave an exit code.
    """
    import click  # noqa: PLC0415  the SDK, which brings it, is not loaded by all who use this module

    try:
        # Not by its `main`, which ends the process without a sentence once nobody reads the output.
        with command.make_context(plugin, sys.argv[1:]) as context:
            command.invoke(context)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.ClickException as error:
        msg = f"{error.format_message().rstrip('.')}; see {plugin} --help."
        raise ConfigError(msg) from error


@contextmanager
def loading() -> Iterator[None]:
    """Import without the garbage collector, and have it leave alone what is loaded then.

    It would walk through some hundred thousand objects that stay. Rows and records hold no cycles either:
    reference counts free nearly all of them, so that it need not look often. Measured on 100,000 deals
    through the tap: 5 to 8 % of its CPU time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        gc.enable()


def told_version(plugin: str, arguments: list[str]) -> bool:
    """Answer a lone `--version` at once, without the second that loading the SDK takes.

    Returns:
        Whether that was all the command line asked for.
    """
    if arguments != ["--version"]:
        return False
    sys.stdout.write(f"{plugin} v{version('pipedrive-singer')}, Meltano SDK v{version('singer-sdk')}\n")
    return True


def say(plugin: str, sentence: str) -> None:
    """One sentence to the person or the log: plain on a terminal, a log record elsewhere."""
    text = redact(sentence, ())
    if sys.stderr.isatty():
        sys.stderr.write(f"{plugin}: {text}\n")
    else:
        logging.getLogger(plugin).error("%s", text)
