"""Rows and reasons of failures that the HTML file of a run shows."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from target_pipedrive.page.sample import RowSample
from target_pipedrive.page.text import text_of
from target_pipedrive.record.errors import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.record.outcome import Result
    from target_pipedrive.record.task import Task

_MOST_CHANGES = 80
_MOST_REASONS = 500
_MOST_TEXT = 600
_SAFE = ((b"<", b"\\u003c"), (b">", b"\\u003e"), (b"&", b"\\u0026"))


class PageRows:
    """Collector of rows, used only by the journal's thread.

    Attributes:
        sample: the rows.
        reasons: number of failures by stream, columns and reason.
    """

    def __init__(self) -> None:
        self.sample = RowSample()
        self.reasons: Counter[tuple[str, str, str]] = Counter()

    def take(self, task: Task, result: Result) -> None:
        """Add the row of a finished record."""
        self.sample.add(task.number, task.stream, result.outcome, partial(row_of, task, result))
        fault = result.fault
        if fault is not None:
            named = "" if fault.column_in_reason or COLUMNS in fault.why else ", ".join(fault.columns)
            why = fault.why.replace(COLUMNS, ", ".join(fault.columns))
            reason = fault.stream, named[:_MOST_TEXT], why[:_MOST_TEXT]
            if reason in self.reasons or len(self.reasons) < _MOST_REASONS:
                self.reasons[reason] += 1


def row_of(task: Task, result: Result) -> bytes:
    """Return a row as JSON that is safe within HTML.

    An array: number, line, stream, outcome, name, id, key, changes (column, before, after), note, column of
    the failure, failure.
    """
    fault = result.fault
    return safe_json(
        [
            task.number,
            task.input_line,
            task.stream,
            str(result.outcome),
            text_of(result.name),
            text_of(result.id),
            _key(task.key, result.id),
            _changes(result.before, result.after),
            result.note[:_MOST_TEXT],
            ", ".join(fault.columns)[:_MOST_TEXT] if fault is not None else "",
            result.error[:_MOST_TEXT],
        ]
    )


def _key(key: Mapping[str, object], row_id: str | None) -> str:
    """Return the key of a record, without the id of its row, which is shown already."""
    named = (f"{name} {text_of(value)}" for name, value in key.items() if str(value) != row_id)
    return ", ".join(named)[:_MOST_TEXT]


def _changes(before: Mapping[str, object] | None, after: Mapping[str, object] | None) -> list[list[object]]:
    """Return column, old and new text of each change; None for a missing value."""
    names = list(dict.fromkeys((*(before or {}), *(after or {}))))[:_MOST_CHANGES]
    return [
        [
            name,
            None if before is None else text_of(before.get(name)),
            None if after is None else text_of(after.get(name)),
        ]
        for name in names
    ]


def safe_json(value: object) -> bytes:
    """Return JSON that cannot end a script element or start a comment."""
    try:
        encoded = msgspec.json.encode(value)
    except ValueError:  # texts that are not UTF-8
        encoded = json.dumps(value).encode()
    for sign, escaped in _SAFE:
        encoded = encoded.replace(sign, escaped)
    return encoded
