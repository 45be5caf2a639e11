"""Faults of records and streams: cause, position, and message.

A fault is data (line, stream, key, column, value, reason with its remedy); only `Fault.sentence` converts it
to a message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from pipedrive_client import ConfigError
from pipedrive_client.redact import MASK, redact

LONGEST_VALUE = 60
COLUMNS = "{columns}"
"""Placeholder of the columns in a reason that does not begin with them."""
NO_STREAM = "(no stream)"
"""Stream for lines with an unreadable stream name."""
_PERSONAL = frozenset(
    {"name", "first_name", "last_name", "email", "emails", "phone", "phones", "address", "title", "org_name"}
)


class RecordFault(Exception):  # noqa: N818 - the record causes it, not the program
    """A record that cannot be written.

    Args:
        why: the problem and its fix, after the names of the columns, or with `{columns}` as their
            placeholder; it contains no value of a free-text column.
        column: invalid columns of the record, by their names in the input.
        fields: invalid columns by their names in Pipedrive, or by the keys of custom fields; the message
            contains the columns of the input that fill them.
        value: value of the column, if it is an option, a date or a number; None if it must not be shown.

    Attributes:
        of_column_names: True if the name of the column is the problem, so other records fail likewise.
    """

    of_column_names = False

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
        """Return the same fault for this column of the record."""
        return RecordFault(str(self), column=column, value=value if self.value is None else self.value)

    def of_field(self, field: str) -> RecordFault:
        """Return the same fault for this column of Pipedrive, or for the custom field with this key."""
        return RecordFault(str(self), fields=(field,), value=self.value)


def with_columns(why: str, columns: Sequence[str]) -> str:
    """Return a reason with its columns: at its placeholder, otherwise before it."""
    named = ", ".join(columns)
    if COLUMNS in why:
        return why.replace(COLUMNS, named)
    return f"{named} {why}" if named else why


UNFORESEEN = (
    *(ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError),
    msgspec.MsgspecError,
)
"""Errors of Python for unforeseen content: they fail the record, not the run."""


def unforeseen(error: Exception) -> RecordFault:
    """Return the fault of a record with unforeseen content."""
    return RecordFault(
        f"has content that cannot be processed ({type(error).__name__}); change it, and report this as a "
        "defect"
    )


class ColumnNameFault(RecordFault):
    """A column that the stream or Pipedrive does not have; the message contains its name."""

    of_column_names = True


class SkipRecord(Exception):  # noqa: N818 - an outcome, not an error
    """The record is skipped; the text is the reason."""


class StreamFault(ConfigError):  # noqa: N818 - the stream causes it
    """An invalid stream: unknown columns, a mapping that does not fit, an unknown name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Failure of a record, as data.

    Attributes:
        stream: name of the record's stream.
        why: the problem and its fix, after the name of the column.
        key: values of the stream's key properties.
        line: line of the input, from 1; 0 for a record without a line.
        columns: invalid columns, by their names in the input or in Pipedrive.
        value: value of the column, if it may be shown.
        column_in_reason: True if the reason contains the column.
        response: request and status of Pipedrive's response, for logs.
        of_stream: True if all records of the stream fail for the same reason.
        repeated: True if other records of the stream probably fail for the same reason.
    """

    stream: str
    why: str
    key: Mapping[str, object] = field(default_factory=dict)
    line: int = 0
    columns: tuple[str, ...] = ()
    value: str = ""
    column_in_reason: bool = False
    response: str = ""
    of_stream: bool = False
    repeated: bool = False

    def sentence(self, *, masked: bool = False) -> str:
        """Return one sentence: stream, key, column, reason with remedy, value, line.

        Args:
            masked: True if personal values are masked, as in logs.
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
        response = self.response if masked else ""
        more = "; ".join(filter(None, (value, f"line {self.line}" if self.line else "", response)))
        text = f"{where}: {why.rstrip('.')}{f' ({more})' if more else ''}."
        return redact(text) if masked else text


def _shown(name: str, value: object, *, masked: bool) -> str:
    """Return a value of a key or column, truncated to a readable length."""
    text = str(value)
    if masked and name.casefold() in _PERSONAL:
        return MASK
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def shown(value: object) -> str:
    """Return a value in the form for a fault; empty for lists and objects."""
    if value is None or isinstance(value, (Mapping, list, tuple)):
        return ""
    try:
        text = repr(value) if isinstance(value, str) else str(value)
    except ValueError:  # Python does not format more than some thousand digits
        return ""
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def one_of(names: Sequence[str]) -> RecordFault:
    """Return the fault of a new row without a value in any of these columns."""
    several = "one of " if len(names) > 1 else ""
    return RecordFault(f"needs {several}{{columns}} to create the row", fields=names)
