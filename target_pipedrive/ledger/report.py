"""Report of all records: counts, results file, reject file, and the final table."""

from __future__ import annotations

import base64
import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from pipedrive_singer.summary import MOST_FAILURES
from target_pipedrive.ids.provisional import as_text
from target_pipedrive.ledger.line_files import LinesFile
from target_pipedrive.record.errors import Fault, with_columns
from target_pipedrive.record.outcome import Outcome

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from pipedrive_client import Usage
    from target_pipedrive.record.created import Creations
    from target_pipedrive.record.outcome import Result
    from target_pipedrive.record.task import Task

_encode_plain = msgspec.json.Encoder(decimal_format="number", enc_hook=as_text).encode
_TOLD_PER_STREAM = 20
_MOST_NAMED = 20
Table: TypeAlias = "list[list[str]]"


@dataclass(slots=True)
class SameKeys:
    """Records of a stream with the key of an earlier record and other values.

    Attributes:
        earlier: line of the earlier record of the first such pair.
        later: line of the later one.
        records: number of them.
    """

    earlier: int
    later: int
    records: int = 0


class Report:
    """Report of the outcomes of all records; used only by the journal's thread, except `take_created`.

    Attributes:
        first_faults: the first failures of the run.
        creations: fields and options that were created.
        same_keys: records with the key of an earlier one, by stream.
        created_rows: id and name of the rows created because records name them, by entity; no name if it is
            personal.
    """

    def __init__(
        self,
        *,
        results: Path | None,
        rejects: Path | None,
        logger: logging.Logger,
        creations: Creations,
        listener: Callable[[Task, Result], None] | None = None,
    ) -> None:
        self.results = LinesFile("results_path", results)
        self.rejects = LinesFile("rejects_path", rejects, keep=True)
        self._logger = logger
        self._counts: dict[str, Counter[str]] = {}
        self._not_taken: dict[str, Counter[str]] = {}
        self._kept: dict[str, Counter[str]] = {}
        self.same_keys: dict[str, SameKeys] = {}
        self._schemas: dict[str, bytes] = {}
        self._of_streams: dict[tuple[str, str], int] = {}
        self._of_columns: Counter[tuple[str, str]] = Counter()
        self.creations = creations
        self._listener = listener
        self.first_faults: list[Fault] = []
        self.created_rows: dict[str, list[tuple[str, str]]] = {}

    def take(self, task: Task) -> None:
        """Record the outcome of a finished record."""
        result = task.result
        if result is None:
            raise ValueError("the record is not finished")
        counts = self._counts.get(task.stream)
        if counts is None:
            counts = self._counts[task.stream] = Counter()
        counts[result.outcome] += 1
        if self._listener is not None:
            self._listener(task, result)
        if result.not_taken:
            self._not_taken.setdefault(task.stream, Counter()).update(result.not_taken)
        if result.kept:
            self._kept.setdefault(task.stream, Counter()).update(result.kept)
        if task.same_key_as:
            self.same_keys.setdefault(task.stream, SameKeys(task.same_key_as, task.input_line)).records += 1
        if self.results.path is not None:
            self.results.write(
                _encode(
                    {
                        "record": task.number,
                        "line": task.input_line or None,
                        "stream": task.stream,
                        "key": task.key,
                        "outcome": result.outcome,
                        "id": result.id,
                        "changed": result.changed,
                        "before": result.before,
                        "after": result.after,
                        "not_taken": result.not_taken,
                        "note": _note(task, result) or None,
                        "column": _one_or_list(result.fault.columns if result.fault else ()),
                        "error": result.error or None,
                    }
                )
            )
        if result.fault is not None:
            self._reject(task, result.fault, counts[Outcome.FAILED])

    def take_created(self, entity: str, row_id: str, name: str) -> None:
        """Record a row that was created because a record names it; called on any thread."""
        self.created_rows.setdefault(entity, []).append((str(row_id), name))

    def created(self) -> list[str]:
        """Return lines for the fields and options created, and the rows created because records name them."""
        lines = self.creations.lines()
        for entity, rows in sorted(self.created_rows.items()):
            shown = [name or row_id for row_id, name in rows[:_MOST_NAMED]]
            more = f" and {len(rows) - _MOST_NAMED} more" if len(rows) > _MOST_NAMED else ""
            lines.append(
                f"Created, because records name them: {len(rows)} {entity} ({', '.join(shown)}{more})"
            )
        return lines

    def tell_stream(self, stream: str, why: str) -> None:
        """Log a fault of all records of a stream once."""
        if (stream, why) not in self._of_streams:
            self._of_streams[stream, why] = 0
            self._logger.error(
                "%s", Fault(stream=f"Stream {stream or '(no name)'}", why=why).sentence(masked=True)
            )

    @property
    def faults_of_streams(self) -> list[tuple[str, str, int]]:
        """Stream, reason and number of the records that failed because of their stream or its columns."""
        found = [(key, count) for key, count in self._of_streams.items() if count]
        found += [(key, count) for key, count in self._of_columns.items() if count > 1]
        return [(stream, why, count) for (stream, why), count in found]

    def _repeated(self, fault: Fault) -> int:
        """Count a record that failed because of the name of a column; return the number of such records."""
        why = fault.why if fault.column_in_reason else with_columns(fault.why, fault.columns)
        self._of_columns[fault.stream, why] += 1
        return self._of_columns[fault.stream, why]

    @property
    def stream_faults(self) -> list[tuple[str, str, int]]:
        """Stream, reason and number of failed records of every invalid stream."""
        return [(stream, why, count) for (stream, why), count in self._of_streams.items()]

    @property
    def outcomes(self) -> Mapping[str, Counter[str]]:
        """Number of records by stream and outcome."""
        return self._counts

    def _reject(self, task: Task, fault: Fault, count: int) -> None:
        sentence = fault.sentence()
        if len(self.first_faults) < MOST_FAILURES:
            self.first_faults.append(fault)
        if fault.of_stream:
            self.tell_stream(fault.stream, fault.why)
            self._of_streams[fault.stream, fault.why] += 1
        elif fault.repeated and self._repeated(fault) > 1:
            pass  # counted at the end
        elif count <= _TOLD_PER_STREAM:
            self._logger.error("%s", fault.sentence(masked=True))
            if count == _TOLD_PER_STREAM:
                self._logger.error(
                    "Further failures of stream %s are listed only in the reject file", task.stream
                )
        if self.rejects.path is None:
            return
        if task.schema and self._schemas.get(task.stream) != task.schema:
            self.rejects.write(task.schema)
            self._schemas[task.stream] = task.schema
        self.rejects.write(_with_error(task.line, sentence))

    @property
    def total(self) -> int:
        """Number of records so far."""
        return sum(counts.total() for counts in self._counts.values())

    @property
    def failures(self) -> int:
        """Number of failed records so far."""
        return sum(counts[Outcome.FAILED] for counts in self._counts.values())

    def not_taken(self) -> list[str]:
        """Return a line for each stream with columns that Pipedrive did not accept."""
        return _counted("Pipedrive did not accept", self._not_taken)

    def kept(self) -> list[str]:
        """Return a line for each stream with empty columns that Pipedrive cannot empty."""
        return _counted("Pipedrive cannot empty", self._kept)

    def duplicates(self, *, only_last: bool) -> list[str]:
        """Return a line for each stream with several records of one key.

        Args:
            only_last: True if only the last one of each key is written.
        """
        which = "only the last record of a key is written" if only_last else "all are written in their order"
        return [
            f"Same key as an earlier record, with other values, in {stream}: {one.records} "
            f"record{'' if one.records == 1 else 's'} (first: lines {one.earlier} and {one.later}); {which}, "
            "see on_duplicate_key"
            for stream, one in self.same_keys.items()
        ]

    def sync(self) -> None:
        """Sync both files to disk."""
        self.results.sync()
        self.rejects.sync()

    def close(self) -> None:
        """Close both files."""
        self.results.close()
        self.rejects.close()

    def table(self, usage: Usage, planned: Mapping[str, int]) -> Table:
        """Return the final table: one row per stream, then usage without a stream, then the sums.

        Args:
            usage: requests and tokens.
            planned: tokens of the writes that a dry run did not send, by stream.
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


def _encode(value: object) -> bytes:
    """Return the JSON of any record; the fast encoder cannot encode numbers of more than 64 bits."""
    try:
        return _encode_plain(value)
    except (OverflowError, TypeError, ValueError, RecursionError):
        return json.dumps(value, default=str).encode()


def _note(task: Task, result: Result) -> str:
    """Return the remark on a record."""
    if not task.same_key_as:
        return result.note
    return "; ".join(filter(None, (result.note, f"line {task.same_key_as} has the same key")))


def _one_or_list(columns: tuple[str, ...]) -> object:
    """Return a single column, a list of several, or None."""
    return list(columns) if len(columns) > 1 else next(iter(columns), None)


class _Shell(msgspec.Struct):
    """Parts of a line that are needed to add a reason; the record is not parsed."""

    record: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()


_decode_shell = msgspec.json.Decoder(_Shell).decode


def _with_error(line: bytes, sentence: str) -> bytes:
    """Return a message with the reason of its rejection, which Singer readers ignore.

    A record is kept byte for byte. A line that is not a JSON object becomes the text of a REJECT message; a
    line that is not UTF-8 is also kept as base64, so that reading it again changes nothing.
    """
    reason = b',"error":' + _encode(sentence) + b"}"
    try:
        line.decode()
        shell = _decode_shell(line)
    except (ValueError, RecursionError):
        shell = None
    if shell is not None and bytes(shell.record).startswith(b"{"):
        if not bytes(shell.error):
            return line.rstrip()[:-1] + reason
        with suppress(ValueError, RecursionError):
            message = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
            message.pop("error", None)
            return _encode(message)[:-1] + reason
    fields: dict[str, str] = {"type": "REJECT", "line": line.decode(errors="replace")}
    if fields["line"].encode() != line:
        fields["line_base64"] = base64.b64encode(line).decode()
    return _encode(fields)[:-1] + reason


def _counted(what: str, columns: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return a line for each stream with its columns and their number of records."""
    return [
        f"{what} in {stream}: "
        + ", ".join(f"{name} ({count} record{'' if count == 1 else 's'})" for name, count in counts.items())
        for stream, counts in columns.items()
    ]


def lay_out(rows: Iterable[list[str]]) -> str:
    """Return the table as text, with aligned columns and right-aligned numbers."""
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
