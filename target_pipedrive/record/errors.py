"""Faults of records and streams: cause, position, and message.

A fault is data (line, stream, key, column, value, reason with its remedy); `Fault.sentence` is the only place
that makes a sentence of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from pipedrive_client import ConfigError
from pipedrive_client.redact import MASK, redact

LONGEST_VALUE = 60
COLUMNS = "{columns}"
"""Place of the columns in a reason that does not begin with them."""
NO_STREAM = "(no stream)"
"""Stream that lines are booked on whose own stream cannot be read."""
_PERSONAL = frozenset(
    {"name", "first_name", "last_name", "email", "emails", "phone", "phones", "address", "title", "org_name"}
)


class RecordFault(Exception):  # noqa: N818 - it is the record that is at fault, not the program
    """A record that cannot be written.

    Args:
        why: what is wrong and how to fix it, to be read after the names of the columns, or with `{columns}`
            where these belong; holds no value of a free-text column.
        column: columns of the record that are at fault, by their names in the input.
        fields: columns at fault by their names in Pipedrive, or by the keys of custom fields; the fault names
            the columns of the input that fill them.
        value: what the column holds, where that is an option, a date or a number; None when it must not be
            shown.
    """

    def __init__(
        self, why: str, *, column: str | Iterable[str] = (), fields: Iterable[str] = (), value: object = None
    ) -> None:
        super().__init__(why)
        self.why = why
        self.columns = tuple(filter(None, (column,) if isinstance(column, str) else column))
        self.fields = tuple(fields)
        self.value = value

    def __str__(self) -> str:
        return with_columns(self.why, (*self.columns, *self.fields))

    def of_column(self, column: str, value: object = None) -> RecordFault:
        """Return the same fault as one of this column of the record."""
        return RecordFault(str(self), column=column, value=value if self.value is None else self.value)

    def of_field(self, field: str) -> RecordFault:
        """Return the same fault as one of this column of Pipedrive, or of the custom field with this key."""
        return RecordFault(str(self), fields=(field,), value=self.value)


def with_columns(why: str, columns: Sequence[str]) -> str:
    """Return a reason with its columns: where it has a place for them, else before it."""
    named = ", ".join(columns)
    if COLUMNS in why:
        return why.replace(COLUMNS, named)
    return f"{named} {why}" if named else why


UNFORESEEN = (
    *(ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError),
    msgspec.MsgspecError,
)
"""Errors of Python for content that no check has thought of: they fail the record, not the run."""


def unforeseen(error: Exception) -> RecordFault:
    """Return the fault of a record whose content no check has thought of."""
    return RecordFault(
        f"has content that cannot be processed ({type(error).__name__}); change it, and report this as a "
        "defect"
    )


class SkipRecord(Exception):  # noqa: N818 - an outcome, not an error
    """The record is to be skipped; the text says why."""


class StreamFault(ConfigError):  # noqa: N818 - the stream is at fault
    """A stream that cannot work: unknown columns, a mapping that does not fit, an unknown name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a record failed, as data.

    Attributes:
        stream: name of its stream.
        why: what is wrong and what would do, to be read after the name of the column.
        key: values of the stream's key properties.
        line: line of the input, from 1; 0 when it came from no line.
        columns: columns at fault, under the names the input or Pipedrive's users know.
        value: what it holds, where that may be shown.
        column_in_reason: whether the reason names the column itself, as answers of Pipedrive do.
        of_stream: whether all records of the stream fail for the same reason.
    """

    stream: str
    why: str
    key: Mapping[str, object] = field(default_factory=dict)
    line: int = 0
    columns: tuple[str, ...] = ()
    value: str = ""
    column_in_reason: bool = False
    of_stream: bool = False

    def sentence(self, *, masked: bool = False) -> str:
        """Return one sentence: stream, key, column, reason with remedy, value, line.

        Args:
            masked: whether personal values are masked, as in logs.
        """
        named = ", ".join(
            f"{name} {_shown(name, value, masked=masked)}"
            for name, value in self.key.items()
            if value is not None
        )
        if self.stream == NO_STREAM:
            text = f"Line {self.line} {self.why.rstrip('.')}."
            return redact(text) if masked else text
        where = f"{self.stream or NO_STREAM}{f' ({named})' if named else ''}"
        why = self.why if self.column_in_reason else with_columns(self.why, self.columns)
        first = self.columns[0] if self.columns else ""
        value = f"given: {_shown(first, self.value, masked=masked)}" if self.value else ""
        more = "; ".join(filter(None, (value, f"line {self.line}" if self.line else "")))
        text = f"{where}: {why.rstrip('.')}{f' ({more})' if more else ''}."
        return redact(text) if masked else text


def _shown(name: str, value: object, *, masked: bool) -> str:
    """Return a value of a key or column, cut to a length people read."""
    text = str(value)
    if masked and name.casefold() in _PERSONAL:
        return MASK
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def shown(value: object) -> str:
    """Return a value as a fault shows it; empty for what is no single value."""
    if value is None or isinstance(value, (Mapping, list, tuple)):
        return ""
    try:
        text = repr(value) if isinstance(value, str) else str(value)
    except ValueError:  # Python refuses to write out more than some thousand digits
        return ""
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
