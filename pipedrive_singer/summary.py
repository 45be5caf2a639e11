"""Setting `summary_path`: a JSON file with the result of a run, for programs that watch runs.

The file is written at the start with the outcome `running`, which proves that it can be written, and
replaced at the end. `running` in the file of a finished process means that it was killed.
"""

from __future__ import annotations

import json
import os
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipedrive_client import BudgetSpent, ConfigError, RateLimited, SettingDefinition
from pipedrive_client.redact import redact
from pipedrive_client.times import now, to_rfc3339
from pipedrive_singer.command_line import Exit, code_of, sentence_of
from pipedrive_singer.files import prove_writable, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from types import TracebackType
    from typing import Self

    from pipedrive_client import PipedriveClient

SUMMARY_PATH = SettingDefinition(
    name="summary_path",
    type="string",
    description="Path of a JSON file for the result of the run: outcome, exit code, records by stream, "
    "requests, tokens, first failures, and when to resume. docs/operations.md lists its keys.",
)
MOST_FAILURES = 20
"""Maximum number of failures in a summary."""
_BY_CODE: Mapping[int, str] = {
    Exit.DONE: "done",
    Exit.FAILED: "failed",
    Exit.BAD_INPUT: "invalid_input",
    Exit.DENIED: "denied",
    Exit.BUDGET_SPENT: "budget_exhausted",
}


class Summary:
    """Writer of the summary of one run, as a context manager around it.

    Args:
        plugin: name of the program.
        path: path of the file; None writes nothing.

    Attributes:
        client: the client of the run; None before it is created.
        facts: returns the plugin's own keys, once the run has begun.
    """

    def __init__(self, plugin: str, path: Path | None) -> None:
        self.client: PipedriveClient | None = None
        self.facts: Callable[[], Mapping[str, object]] = dict
        self._plugin = plugin
        self._path = path
        self._started_at = now()

    @classmethod
    def of(cls, plugin: str, config: Mapping[str, Any], prefix: str | None) -> Self:
        """Return the summary of a run with these settings, which need not be valid otherwise.

        Args:
            plugin: name of the program.
            config: settings of the config files.
            prefix: prefix of environment variables with settings; None ignores them.

        Raises:
            ConfigError: the path is not a string.
        """
        given = config.get(SUMMARY_PATH.name)
        if prefix is not None:
            given = os.environ.get(f"{prefix}{SUMMARY_PATH.name.upper()}") or given
        if given is not None and not isinstance(given, str):
            raise ConfigError(f"Setting {SUMMARY_PATH.name} must be a string.")
        return cls(plugin, Path(given).expanduser() if given else None)

    def __enter__(self) -> Self:
        """Write the outcome `running`.

        Raises:
            ConfigError: the file cannot be written.
        """
        if self._path is not None:
            prove_writable(SUMMARY_PATH.name, self._path)
            _check_replaceable(self._path)
            try:
                self._write("running", None, None, None)
            except OSError as error:
                raise ConfigError(
                    f"{SUMMARY_PATH.name} {self._path} cannot be written ({error.strerror or error}): choose "
                    "a path in a folder that this user can write to."
                ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._path is None:
            return
        code = code_of(error)
        if code > Exit.INTERRUPTED:
            outcome = "interrupted"
        elif code == Exit.FAILED and isinstance(error, SystemExit):
            outcome = "done_with_failures"
        else:
            outcome = _BY_CODE.get(code, "failed")
        try:
            self._write(outcome, int(code), error, now())
        except OSError as failed:
            failed.filename = str(self._path)
            if error is None:
                raise

    def _write(
        self, outcome: str, code: int | None, error: BaseException | None, ended_at: datetime | None
    ) -> None:
        client = self.client
        resume_at = resume_time(error)
        content: dict[str, object] = {
            "plugin": self._plugin,
            "version": version("pipedrive-singer"),
            "outcome": outcome,
            "exit_code": code,
            "error": redact(sentence_of(error), ()) if error is not None and sentence_of(error) else None,
            "started_at": to_rfc3339(self._started_at),
            "ended_at": to_rfc3339(ended_at) if ended_at else None,
            "seconds": round((ended_at - self._started_at).total_seconds(), 3) if ended_at else None,
            "resume_at": to_rfc3339(resume_at) if resume_at else None,
            "requests": client.usage.requests if client else 0,
            "tokens": client.usage.tokens if client else 0,
            "tokens_left_today": client.budget.left_today if client else None,
            "streams": [],
            "failures": [],
            "rejected_streams": [],
            "same_keys": [],
            "created": [],
            "dry_run": False,
            "rejects_path": None,
            **self.facts(),
        }
        if self._path is not None:
            write_atomically(self._path, json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n")


def _check_replaceable(path: Path) -> None:
    """Check that a file contains a summary or nothing: another file, such as a ledger, is not overwritten.

    Raises:
        ConfigError: it contains something else.
    """
    try:
        content = path.read_bytes() if path.is_file() else b""
        found = json.loads(content) if content.strip() else {"outcome": ""}
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or "outcome" not in found:
        raise ConfigError(
            f"{SUMMARY_PATH.name} {path} contains something other than a summary, which would be "
            "overwritten: choose another path, or delete the file."
        )


def resume_time(error: BaseException | None) -> datetime | None:
    """Return the time to run again after an exhausted budget or rate limit; None after other errors."""
    if isinstance(error, BudgetSpent):
        return error.resume_at
    if isinstance(error, RateLimited):
        return now() + timedelta(seconds=max(error.retry_after_seconds, 2.0))
    return None


def failure(
    stream: str, error: str, *, column: str | None = None, line: int | None = None
) -> dict[str, object]:
    """Return the entry of a failure."""
    return {"stream": stream, "column": column, "line": line, "error": error}
