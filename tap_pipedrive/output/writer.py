"""Singer messages on stdout, records a page at a time."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib import RecordMessage, SchemaMessage
from typing_extensions import override

from pipedrive_client import times
from pipedrive_client.times import now
from tap_pipedrive.state.input_state import TOKEN_USAGE, UNDER_WAY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk.singerlib.encoding.simple import Message

    from pipedrive_client.limits.token_budget import TokenBudget
    from tap_pipedrive.output.batches import BatchFiles
    from tap_pipedrive.output.validation import RecordValidator
    from tap_pipedrive.values.row import Row


_encoder = msgspec.json.Encoder()


class PageWriter(MsgSpecWriter):
    """The SDK's message writer with a method that writes all records of a page at once.

    Writing record by record with the SDK costs more CPU time than reading from the API.
    """

    batches: BatchFiles | None = None
    """Batch files for the records; None writes RECORD messages."""
    validator: RecordValidator | None = None
    """Validator of all records before they are written; None validates nothing."""
    written = 0
    """Bytes of all records so far, before compression."""

    @override
    def write_message(self, message: Message) -> None:
        """Write any message and flush."""
        if self.validator and isinstance(message, SchemaMessage):
            self.validator.announce(message.stream, message.schema, message.key_properties or ())
        if self.validator and not self.batches and isinstance(message, RecordMessage):
            self.validator.check(message.stream, [message.record])
        if self.batches and isinstance(message, RecordMessage):
            self.write_records(message.stream, [message.record])
            return
        if self.batches and isinstance(message, SchemaMessage):
            self._close(message.stream)
        line = bytes(self.format_message(message))
        if isinstance(message, RecordMessage):
            self.written += len(line)
        _write(line)

    def write_state(self, state: object, *, at_once: bool = False) -> None:
        """Write a STATE message, unless it is equal to the last one.

        Until the run is complete it contains `under_way`, so that a target can distinguish truncated input
        from the end of a run. The BATCH messages of all files are written before it; a STATE within a run
        waits until a file is full.
        """
        if self.batches and self.batches.streams:
            if self.under_way and not (self.batches.full or at_once):
                return
            for stream in self.batches.streams:
                self._close(stream)
        if isinstance(state, dict):
            marks = {UNDER_WAY: True} if self.under_way else {}
            state = {**state, **self._token_usage(), **marks}
        line = b'{"type":"STATE","value":' + _encoder.encode(state) + b"}\n"
        if line != self._last_state:
            self._last_state = line
            _write(line)

    _last_state = b""
    under_way = False
    budget: TokenBudget | None = None
    """Budget whose cost of the day is part of each STATE; None writes none."""

    def _token_usage(self) -> dict[str, object]:
        if self.budget is None:
            return {}
        cost = self.budget.day
        return {TOKEN_USAGE: {"date": cost.day.isoformat(), "tokens": cost.tokens}}

    def write_records(self, stream: str, records: Iterable[Row]) -> None:
        """Write a RECORD message for each record and flush, or append the records to the batch file."""
        if self.validator:
            records = [*records]
            self.validator.check(stream, records)
        if self.batches:
            rows = [*records]
            lines = _encoder.encode_lines(rows)
            self.written += len(lines)
            if rows:
                self.batches.add(stream, lines, len(rows))
            return
        extracted = times.to_rfc3339(now())
        lines = _encoder.encode_lines([_Record(stream, record, extracted) for record in records])
        if lines:
            self.written += len(lines)
            _write(lines)

    def abandon(self) -> None:
        """Remove files without a BATCH message."""
        if self.batches:
            self.batches.abandon()

    def _close(self, stream: str) -> None:
        line = self.batches.close(stream) if self.batches else None
        if line:
            _write(line)


class _Record(msgspec.Struct, tag_field="type", tag="RECORD", gc=False):
    """RECORD message as a struct, which is encoded without an additional dictionary per record."""

    stream: str
    record: dict[str, object]
    time_extracted: str


def _write(content: bytes) -> None:
    """Write all of the content to stdout and flush.

    With PYTHONUNBUFFERED stdout is not buffered, and a write interrupted by a signal is partial.
    """
    out, rest = sys.stdout.buffer, memoryview(content)
    try:
        while rest:
            rest = rest[out.write(rest) :]
        out.flush()
    except OSError as error:
        error.filename = "the standard output"
        raise
