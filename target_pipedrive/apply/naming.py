"""Column names in faults and results: names from the input or Pipedrive instead of hash keys."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from pipedrive_client.errors import ItemError, RecordError
from target_pipedrive.record.errors import Fault, RecordFault, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipedrive_client import PipedriveError
    from target_pipedrive.record.outcome import Result
    from target_pipedrive.record.task import StreamPlan

_STATUS = re.compile(r"^([A-Z]+ \S+ returned \d+(?: \(\w+\))?): ")  # method, path, status and code
_ADVICE = re.compile(r"(?:; )?(?:Please check developers\.pipedrive\.com|Validation failed)(?=[;.]|$)")


class _Record(msgspec.Struct):
    """A RECORD message, as far as it is needed."""

    record: dict[str, object] = msgspec.field(default_factory=dict)


def fault_of(
    error: RecordFault | PipedriveError,
    *,
    stream: str,
    key: Mapping[str, object],
    line: int,
    plan: StreamPlan | None,
    message: bytes = b"",
) -> Fault:
    """Return the fault of one record as data.

    Args:
        error: the error of the record.
        stream: name of its stream.
        key: values of its key properties.
        line: line of the input.
        plan: plan of its stream, for the names of its columns.
        message: the RECORD message, for the value of a column that Pipedrive rejects.
    """
    columns: tuple[str, ...] = ()
    value: object = None
    response = ""
    if isinstance(error, RecordFault):
        text, value, columns = error.why, error.value, (*error.columns, *error.fields)
        if plan is not None:
            names = plan.names
            columns = (*map(names.without_keys, error.columns), *names.named(error.fields))
    else:
        text = str(error)
    prefix, repeated = f"Stream {stream}: ", isinstance(error, RecordFault) and error.of_column_names
    named = repeated and text.startswith(prefix)  # such a reason contains its column
    text = text.removeprefix(prefix)
    if isinstance(error, ItemError | RecordError) and (status := _STATUS.match(text)):
        response, text = status[1], _ADVICE.sub("", text[status.end() :]).removeprefix("; ")
        found = plan.blamed(text, partial(_value_in, message)) if plan is not None else None
        if found is not None:
            columns, value = found
        start = "{columns} is rejected by Pipedrive" if columns else "Pipedrive rejects the record"
        text = f"{start}: {text.replace('body.', '')}"
    return Fault(
        stream=stream,
        key=key,
        line=line,
        why=plan.names.without_keys(text) if plan is not None else text,
        columns=columns,
        value=shown(value),
        response=response,
        column_in_reason=named,
        repeated=repeated,
    )


def worded(result: Result, plan: StreamPlan | None) -> Result:
    """Return a result whose columns have the names of the input, with a note of those that Pipedrive kept.

    Args:
        result: of a record, with columns by their names in Pipedrive and custom fields by key.
        plan: plan of its stream; None if it failed before.
    """
    if plan is None or not (result.changed or result.kept or result.not_taken or result.note):
        return result
    names = plan.names
    changed = names.named(result.changed)
    if changed == result.changed and not (result.kept or result.not_taken or result.note):
        return result
    kept, not_taken = names.named(result.kept), names.named(result.not_taken)
    notes = (
        f"Pipedrive cannot empty {', '.join(kept)}" if kept else "",
        names.without_keys(result.note),
        f"Pipedrive did not take {', '.join(not_taken)}" if not_taken else "",
    )
    return replace(
        result,
        changed=changed,
        kept=kept,
        not_taken=not_taken,
        note="; ".join(filter(None, notes)),
    )


def _value_in(message: bytes, column: str) -> object:
    """Return the value of a column in a RECORD message; None if that cannot be read."""
    with suppress(ValueError, RecursionError, msgspec.MsgspecError):
        return msgspec.json.decode(message, type=_Record).record.get(column)
    return None
