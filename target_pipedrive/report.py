"""What came of every record: counts, the results file, the reject file, and the table at the end."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from pipedrive_client import ConfigError
from pipedrive_client.redact import redact
from target_pipedrive.tasks import Outcome

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import BinaryIO

    from pipedrive_client import Usage
    from target_pipedrive.tasks import Task

_encode = msgspec.json.Encoder(decimal_format="number").encode
_TOLD_PER_STREAM = 20
Table: TypeAlias = "list[list[str]]"


class LinesFile:
    """A file that gets whole lines, made when the first one comes.

    Args:
        path: where it is; None takes the lines and keeps nothing.
        keep: whether a file that is there already stays as it is, and a numbered one is made beside it.
    """

    def __init__(self, path: Path | None, *, keep: bool = False) -> None:
        self.path = path
        self._keep = keep
        self._file: BinaryIO | None = None
        self._dirty = False

    def write(self, line: bytes) -> None:
        """Append one line.

        Raises:
            ConfigError: the file cannot be made.
        """
        if self.path is None:
            return
        if self._file is None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                if self._keep:
                    self.path, self._file = _new_file(self.path)
                else:
                    self._file = self.path.open("wb")
            except OSError as error:
                raise ConfigError(f"{self.path} cannot be written ({error.strerror}).") from error
        self._file.write(line + b"\n")
        self._dirty = True

    @property
    def written(self) -> bool:
        """Whether there is such a file by now."""
        return self._file is not None

    def sync(self) -> None:
        """Make what was written durable."""
        if self._file is not None and self._dirty:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._dirty = False

    def close(self) -> None:
        """Make it durable and close it."""
        self.sync()
        if self._file is not None:
            self._file.close()


def _new_file(path: Path) -> tuple[Path, BinaryIO]:
    """A file of this name or, when it exists, of the first free number."""
    candidate, count = path, 1
    while True:
        try:
            # Rejects hold record content: nobody else on the machine should read them.
            return candidate, os.fdopen(os.open(candidate, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        except FileExistsError:
            count += 1
            candidate = path.with_name(f"{path.stem}-{count}{path.suffix}")


class Report:
    """Books the outcome of every record; used by the keeper's thread only."""

    def __init__(self, *, results: Path | None, rejects: Path | None, logger: logging.Logger) -> None:
        self.results = LinesFile(results)
        self.rejects = LinesFile(rejects, keep=True)
        self._logger = logger
        self._counts: dict[str, Counter[str]] = {}
        self._schemas: dict[str, bytes] = {}

    def take(self, task: Task) -> None:
        """Book a finished record."""
        result = task.result
        if result is None:
            raise ValueError("the record is not finished")
        counts = self._counts.setdefault(task.stream, Counter())
        counts[result.outcome] += 1
        if self.results.path is not None:
            self.results.write(
                _encode(
                    {
                        "record": task.number,
                        "stream": task.stream,
                        "key": task.key,
                        "outcome": result.outcome,
                        "id": result.id,
                        "changed": result.changed,
                        "note": result.note or None,
                        "error": result.error or None,
                    }
                )
            )
        if result.outcome is Outcome.FAILED:
            self._reject(task, result.error, counts[Outcome.FAILED])

    def _reject(self, task: Task, sentence: str, count: int) -> None:
        if count <= _TOLD_PER_STREAM:
            self._logger.error("%s", redact(sentence))
            if count == _TOLD_PER_STREAM:
                self._logger.error("Further failures of stream %s are only in the reject file", task.stream)
        if self.rejects.path is None:
            return
        if task.schema and self._schemas.get(task.stream) != task.schema:
            self.rejects.write(task.schema)
            self._schemas[task.stream] = task.schema
        self.rejects.write(_with_error(task.line, sentence))

    @property
    def total(self) -> int:
        """Records booked so far."""
        return sum(counts.total() for counts in self._counts.values())

    @property
    def failures(self) -> int:
        """Records that failed so far."""
        return sum(counts[Outcome.FAILED] for counts in self._counts.values())

    def count(self, stream: str, outcome: Outcome) -> int:
        """Records of the stream that ended so."""
        return self._counts.get(stream, Counter())[outcome]

    def sync(self) -> None:
        """Make both files durable."""
        self.results.sync()
        self.rejects.sync()

    def close(self) -> None:
        """Close both files."""
        self.results.close()
        self.rejects.close()

    def table(self, usage: Usage, planned: Mapping[str, int]) -> Table:
        """The table of the end: one row per stream, then what no stream is booked for, then the sums.

        Args:
            usage: what was requested.
            planned: tokens of the writes that a dry run left out, by stream.
        """
        outcomes = list(Outcome)
        rows: Table = [["stream", *outcomes, "requests", "tokens"]]
        for stream, counts in self._counts.items():
            used = usage.of(stream)
            tokens = used.tokens + planned.get(stream, 0)
            rows.append([stream, *(str(counts[one]) for one in outcomes), str(used.requests), str(tokens)])
        for used in usage.rows():
            if used.label not in self._counts:
                rows.append([used.label, *("" for _ in outcomes), str(used.requests), str(used.tokens)])
        sums = [str(sum(counts[one] for counts in self._counts.values())) for one in outcomes]
        rows.append(["all", *sums, str(usage.requests), str(usage.tokens + sum(planned.values()))])
        return rows


def _with_error(line: bytes, sentence: str) -> bytes:
    """A message with the reason it was rejected, which readers of Singer pass over."""
    try:
        message = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        message = None
    if isinstance(message, dict) and isinstance(message.get("record"), dict):
        # Cut in before the last brace: the record itself stays byte for byte as it came.
        message.pop("error", None)
        head = line.rstrip()[:-1] if "error" not in line.decode(errors="replace") else _encode(message)[:-1]
        return head + b',"error":' + _encode(redact(sentence)) + b"}"
    return _encode({"type": "REJECT", "line": line.decode(errors="replace"), "error": redact(sentence)})


def lay_out(rows: Iterable[list[str]]) -> str:
    """The table as text, columns aligned, numbers to the right."""
    table = [list(row) for row in rows]
    widths = [max(len(row[at]) for row in table) for at in range(len(table[0]))]
    lines = []
    for row in table:
        cells = [
            row[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
