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
from tap_pipedrive.state.input_state import UNDER_WAY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk.singerlib.encoding.simple import Message

    from tap_pipedrive.output.batches import BatchFiles
    from tap_pipedrive.output.validation import RecordValidator
    from tap_pipedrive.rows.row_plan import Row


_encoder = msgspec.json.Encoder()


class PageWriter(MsgSpecWriter):
    """The SDK's writer, which can also write all records of a page in one go.

    The SDK's way from a record to its line costs more than fetching it; here a page is one call.
    """

    batches: BatchFiles | None = None
    """Files that get the records; None writes RECORD messages."""
    validator: RecordValidator | None = None
    """Checks all records before they are written; None checks nothing."""
    written = 0
    """Bytes of all records so far, before compression."""

    @override
    def write_message(self, message: Message) -> None:
        """Write any message, and flush."""
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
        """Write a STATE message, unless it says what the last one said.

        Until the run has ended well it says `under_way`: whoever reads a pipe cannot tell otherwise whether
        the end of the input is the end of the run. Before it come the BATCH messages of all files; a state
        within a run waits until a file is full.
        """
        if self.batches and self.batches.streams:
            if self.under_way and not (self.batches.full or at_once):
                return
            for stream in self.batches.streams:
                self._close(stream)
        if self.under_way and isinstance(state, dict):
            state = {**state, UNDER_WAY: True}
        line = b'{"type":"STATE","value":' + _encoder.encode(state) + b"}\n"
        if line != self._last_state:
            self._last_state = line
            _write(line)

    _last_state = b""
    under_way = False

    def write_records(self, stream: str, records: Iterable[Row]) -> None:
        """Write a RECORD message for each record, and flush; or append the records to the stream's file."""
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
        """Remove files that no message names."""
        if self.batches:
            self.batches.abandon()

    def _close(self, stream: str) -> None:
        line = self.batches.close(stream) if self.batches else None
        if line:
            _write(line)


class _Record(msgspec.Struct, tag_field="type", tag="RECORD", gc=False):
    """A RECORD message; a struct is encoded without a dictionary around each record."""

    stream: str
    record: dict[str, object]
    time_extracted: str


def _write(content: bytes) -> None:
    """All of the content to stdout, and flush.

    With PYTHONUNBUFFERED stdout has no buffer, and a write that a signal interrupts takes only a part.
    """
    out, rest = sys.stdout.buffer, memoryview(content)
    try:
        while rest:
            rest = rest[out.write(rest) :]
        out.flush()
    except OSError as error:
        error.filename = "the standard output"
        raise
