"""Faults of the columns of a SCHEMA: unknown ones, and ones that cannot be written."""

from __future__ import annotations

from target_pipedrive.record.errors import ColumnNameFault, RecordFault
from target_pipedrive.values.identity import is_blank


class RejectedColumns(ColumnNameFault):
    """Columns of a SCHEMA that cannot be written; the message contains stream and columns."""

    def __str__(self) -> str:
        return self.why


class UnknownColumn(RejectedColumns):
    """A column of a SCHEMA that Pipedrive does not have.

    Args:
        stream: name of the stream.
        name: name of the column.
        near: hint with similar names.
    """

    def __init__(self, stream: str, name: str, near: str) -> None:
        super().__init__(
            f"Stream {stream}: property {named(name)} is not known{near}. Rename it, map it in `streams`, or "
            "set unknown_fields to ignore",
            column=name,
        )
        self.stream = stream
        self.name = name
        self.near = near


def named(name: str) -> str:
    """Return the name of a column for a message; a blank one is in quotes."""
    return f"{name!r} (a blank name)" if is_blank(name) else name


def refused(stream: str, name: str, why: str) -> RecordFault:
    """Return the fault of a stream with a column that cannot be written."""
    return RejectedColumns(f"Stream {stream}: property {named(name)} {why}", column=name)


def together(faults: list[RecordFault]) -> RecordFault:
    """Return one fault with all faults of a stream."""
    unknown = [one for one in faults if isinstance(one, UnknownColumn)]
    columns = [column for one in faults for column in one.columns]
    if len(faults) == 1 or not unknown:
        head, *rest = faults
        if not rest:
            return head
        return RejectedColumns(". ".join(str(one).rstrip(".") for one in faults), column=columns)
    names = ", ".join(f"{named(one.name)}{f' ({one.near[2:]})' if one.near else ''}" for one in unknown)
    others = [str(one).rstrip(".") for one in faults if not isinstance(one, UnknownColumn)]
    summary = (
        f"Stream {unknown[0].stream}: properties are not known: {names}. Rename them, map them in `streams`, "
        "or set unknown_fields to ignore"
    )
    return RejectedColumns(
        ". ".join([summary if len(unknown) > 1 else str(unknown[0]), *others]), column=columns
    )
