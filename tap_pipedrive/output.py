"""Singer messages on stdout, records a page at a time."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec
from singer_sdk.contrib.msgspec import MsgSpecWriter
from typing_extensions import override

from pipedrive_client import times
from tap_pipedrive.bookmarks import now

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk.singerlib.encoding.simple import Message

    from tap_pipedrive.rows import Row


_encoder = msgspec.json.Encoder()
UNDER_WAY = "under_way"


class PageWriter(MsgSpecWriter):
    """The SDK's writer, which can also write all records of a page in one go.

    The SDK's way from a record to its line costs more than fetching it; here a page is one call.
    """

    @override
    def write_message(self, message: Message) -> None:
        """Write any message, and flush."""
        _write(bytes(self.format_message(message)))

    def write_state(self, state: object) -> None:
        """Write a STATE message, unless it says what the last one said.

        Until the run has ended well it says `under_way`: whoever reads a pipe cannot tell otherwise whether
        the end of the input is the end of the run.
        """
        if self.under_way and isinstance(state, dict):
            state = {**state, UNDER_WAY: True}
        line = b'{"type":"STATE","value":' + _encoder.encode(state) + b"}\n"
        if line != self._last_state:
            self._last_state = line
            _write(line)

    _last_state = b""
    under_way = False

    def write_records(self, stream: str, records: Iterable[Row]) -> None:
        """Write a RECORD message for each record, and flush."""
        extracted = times.to_rfc3339(now())
        lines = _encoder.encode_lines([_Record(stream, record, extracted) for record in records])
        if lines:
            _write(lines)


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
    while rest:
        rest = rest[out.write(rest) :]
    out.flush()
