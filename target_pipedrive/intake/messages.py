"""Singer messages: decoded once, validated, and passed to the engine or rejected."""

from __future__ import annotations

import base64
import binascii
import json
from codecs import BOM_UTF8
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
from singer_sdk.exceptions import MissingKeyPropertiesError, RecordsWithoutSchemaException
from singer_sdk.singerlib.exceptions import InvalidInputLine

from target_pipedrive.catalog.names import folded
from target_pipedrive.intake.repeated_keys import repeated_key, schema_fault
from target_pipedrive.intake.unreadable import invalid_value, not_utf8, unreadable
from target_pipedrive.record.errors import NO_STREAM, Fault, RecordFault, StreamFault
from target_pipedrive.run.abort import StoppedByFailures
from target_pipedrive.values.identity import is_blank

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_pipedrive.run.engine import Engine
    from target_pipedrive.run.streams import StreamHandler


class Message(msgspec.Struct):
    """One Singer message; the record is decoded separately, because its bytes identify it."""

    type: str
    stream: str | None = None
    record: msgspec.Raw = msgspec.Raw()
    schema: dict[str, object] | None = None
    key_properties: list[str] | None = None
    value: object = msgspec.UNSET
    version: int | None = None
    time_extracted: object = None
    line: str | None = None
    line_base64: str | None = None


_decode = msgspec.json.Decoder(Message).decode
_decode_record = msgspec.json.Decoder(dict[str, object]).decode


class LineFault(StoppedByFailures, InvalidInputLine):
    """A line that is not a Singer message, with `on_error: stop`."""


class KeyFault(StoppedByFailures, MissingKeyPropertiesError):  # noqa: N818 - the input causes it
    """A record without a value of its key, with `on_error: stop`."""


class OrderFault(StoppedByFailures, RecordsWithoutSchemaException):
    """A record before its SCHEMA, with `on_error: stop`."""


_REPEATED = "has different values in one object of the message, of which most programs keep only the last"
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@dataclass(slots=True, kw_only=True)
class _Stream:
    """State of a stream since its SCHEMA.

    Attributes:
        schema: the SCHEMA message for the reject file; one without columns gets those of the first record.
        announced: the SCHEMA message as received.
        why_not: reason why its records cannot be written; empty if they can.
        refused: columns that cause this.
        named_by: columns that name its records if it has no key properties.
    """

    name: str
    schema: bytes
    announced: bytes
    keys: tuple[str, ...]
    handler: StreamHandler | None = None
    why_not: str = ""
    refused: tuple[str, ...] = ()
    named_by: tuple[str, ...] = ()
    unbound: bool = False


class Intake:
    """Parser that feeds the engine line by line.

    Args:
        engine: performs the records.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._streams: dict[str, _Stream] = {}
        self._lines = 0
        self._ignored: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()

    def take(self, line: str | bytes) -> None:
        """Process one line.

        An invalid line without a line end is the last one of a truncated input: it does not count as a failed
        record, and the next run sends it again.

        Raises:
            StreamFault: its SCHEMA is invalid.
            PipedriveError: the run has ended; with `on_error: stop` an invalid line ends it.
        """
        self._lines += 1
        self._engine.input_line = self._lines
        if self._lines == 1:
            line = line.removeprefix("\ufeff") if isinstance(line, str) else line.removeprefix(BOM_UTF8)
        self._take(line)

    def _take(self, line: str | bytes, *, rejected: bool = False) -> None:
        if not line or line.isspace():
            return
        try:
            message = _decode(line)
        except _UNREADABLE as error:
            if not rejected and not _bytes(line[-1:]).endswith(b"\n"):
                self._engine.cut = (
                    f"within line {self._lines}, which is an incomplete Singer message ({error})"
                )
            elif not self._refuse_invalid_value(_bytes(line).strip()):
                self._refuse_line(
                    line, f"is not a Singer message ({unreadable(error, _bytes(line))}); correct the line"
                )
            return
        self.counts[message.type] += 1
        match message.type:
            case "RECORD":
                self._record(message, line)
            case "STATE" if rejected:
                pass  # it belongs to the run that rejected it, not to this one
            case "STATE":
                self._state(message.value, line)
            case "SCHEMA":
                self._schema(message, line)
            case "ACTIVATE_VERSION":
                self._engine.settle_all()
                known = self._streams.get(message.stream or "")
                if known is not None and known.handler is not None:
                    known.handler.activate(message.version)
            case "REJECT":
                self._take(_rejected(message), rejected=True)
            case other:
                self._refuse_line(
                    line, f"has the type {other:.40}, which is not supported; send RECORD messages"
                )

    def _state(self, value: object, line: str | bytes) -> None:
        if value is msgspec.UNSET:
            self._refuse_line(line, "is a STATE without `value`; send the bookmarks in `value`")
            return
        self._engine.under_way = isinstance(value, dict) and bool(value.get("under_way"))
        self._engine.state(json.dumps(value))

    def _refuse_invalid_value(self, line: bytes) -> bool:
        """Reject a record that JSON does not allow because of one value, and return whether it is one.

        Python writes NaN and Infinity as they are; systems that store text in UTF-16 cut an emoji in half.
        """
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return False
        record = message.get("record") if isinstance(message, dict) else None
        stream = self._streams.get(str(message.get("stream"))) if isinstance(record, dict) else None
        column, why = invalid_value(record) if isinstance(record, dict) else ("", "")
        if stream is None or not why or not isinstance(record, dict):
            return False
        key = {one: record.get(one) for one in stream.keys}
        fault = Fault(stream=stream.name, key=key, line=self._lines, why=why, columns=(column,))
        self._refuse(fault, line, stream.schema, LineFault)
        return True

    def _refuse_line(self, line: str | bytes, why: str) -> None:
        self._refuse(Fault(stream=NO_STREAM, line=self._lines, why=why), _bytes(line), b"", LineFault)

    def _refuse(self, fault: Fault, line: bytes, schema: bytes, kind: type[StoppedByFailures]) -> None:
        """Record a format error; with `on_error: stop`, the exception also has the SDK's type."""
        self._engine.reject(fault, line, schema, as_error=kind(fault.sentence(masked=True)))

    def _refuse_stream(self, stream: _Stream, why: str) -> None:
        """End the run because of an invalid stream, or reject its records."""
        stream.why_not = why
        if not self._engine.options.reject_faulty_streams:
            name = f"Stream {stream.name or '(no name)'}"
            fault = Fault(stream=name, line=self._lines, why=why)
            self._engine.end_by(StreamFault(fault.sentence(masked=True)))
        self._engine.report.tell_stream(stream.name, why)

    def _schema(self, message: Message, line: str | bytes) -> None:
        content = _bytes(line).strip()
        broken = not_utf8(content, NO_STREAM, self._lines)
        if broken is not None:  # a misspelled name such as key_properties would be ignored
            self._refuse(replace(broken, columns=()), content, b"", LineFault)
            return
        name, schema = message.stream or "", message.schema or {}
        properties = schema.get("properties")
        lacks = properties is None and self._engine.options.stop_on_error
        if not name or lacks or not isinstance(properties or {}, dict):
            stream = self._streams[name] = _Stream(name=name, schema=content, announced=content, keys=())
            self._refuse_stream(stream, "its SCHEMA has no properties; name those that are to be written")
            return
        known = self._streams.get(name)
        if known is not None and known.announced == content:
            return
        keys = tuple(message.key_properties or ())
        stream = _Stream(name=name, schema=content, announced=content, keys=keys)
        self._streams[name] = stream
        if fault := schema_fault(content):
            self._refuse_stream(stream, f"{fault}; name each once")
        elif isinstance(properties, dict) and properties:
            self._bind(stream, properties)
        else:
            stream.unbound = True  # its first record determines the columns

    def _bind(self, stream: _Stream, properties: Mapping[str, object]) -> None:
        """Compile the stream's plan, and report if its records cannot be written."""
        name = stream.name
        stream.unbound = False
        typed = {key: entry if isinstance(entry, dict) else {} for key, entry in properties.items()}
        try:
            stream.handler = self._engine.stream(name, typed, stream.keys)
            stream.named_by = stream.handler.plan.named_by() if stream.handler is not None else ()
        except RecordFault as fault:
            stream.refused = fault.columns
            self._refuse_stream(stream, str(fault).removeprefix(f"Stream {name}").lstrip(": "))

    def _record(self, message: Message, line: str | bytes) -> None:
        name, raw = message.stream or "", message.record
        stream = self._streams.get(name)
        content = _bytes(line).strip()
        if message.version is not None:
            self._engine.numbered(name, message.version)
        if stream is None:
            why = "its records precede its SCHEMA; send the SCHEMA first"
            fault = Fault(stream=name, line=self._lines, why=why, of_stream=True)
            self._refuse(fault, content, b"", OrderFault)
            return
        record = self._decoded(message, content, stream)
        if record is None:
            return
        if stream.unbound:
            columns: dict[str, object] = {name: {} for name in record}
            self._bind(stream, columns)
            if stream.handler is not None:
                stream.schema = _with_columns(stream, columns)
        handler = stream.handler
        empty: tuple[str, ...] = ()
        key = _key(record, stream.keys or stream.named_by)
        if key and not stream.keys:
            key = {name: value for name, value in key.items() if not is_blank(value)}
        elif key and not (handler is not None and handler.plan.decides_on_blank_keys):
            empty = tuple(one for one, value in key.items() if is_blank(value))
        if empty:
            fault = Fault(stream=name, key=key, line=self._lines, why=_why_empty(empty), columns=empty)
            self._refuse(fault, content, stream.schema, KeyFault)
        elif handler is not None:
            self._engine.take(handler, record, bytes(raw), content, stream.schema, key)
        elif stream.why_not:
            fault = Fault(
                stream=name,
                key=key,
                line=self._lines,
                why=stream.why_not,
                columns=stream.refused,
                column_in_reason=True,
                of_stream=True,
            )
            self._engine.reject(fault, content, stream.schema)
        else:
            self._ignored[name] += 1

    def _decoded(self, message: Message, content: bytes, stream: _Stream) -> dict[str, object] | None:
        """Return the record of a message; one that cannot be read, or has a column twice, is rejected."""
        name, raw = stream.name, message.record
        try:
            record = _decode_record(raw)
        except _UNREADABLE as error:
            problem = f"cannot be read ({unreadable(error, bytes(raw))})" if bytes(raw) else "has no `record`"
            why = f"{problem}; the record must be an object with columns as keys"
            fault = not_utf8(content, name, self._lines) or Fault(stream=name, line=self._lines, why=why)
            self._refuse(fault, content, stream.schema, LineFault)
            return None
        repeated = repeated_key(content, message, record)
        if repeated is None:
            return record
        key = _key(record, stream.keys or stream.named_by)
        why = f"{_REPEATED}; send one of them"
        fault = Fault(stream=name, key=key, line=self._lines, why=why, columns=(repeated,))
        self._refuse(fault, content, stream.schema, LineFault)
        return None

    def ignored(self) -> Mapping[str, int]:
        """Return records of unknown streams that were ignored, by stream."""
        return self._ignored


def _key(record: Mapping[str, object], columns: Sequence[str]) -> dict[str, object]:
    """Return the values of the columns; their case may differ."""
    if not columns:
        return {}
    return {one: record[one] if one in record else _in_any_case(record, one) for one in columns}


def _why_empty(columns: Sequence[str]) -> str:
    """Return the reason to reject a record whose key has these empty columns."""
    if len(columns) == 1:
        return "is empty, but it identifies the row: fill it, or take it out of key_properties"
    return "are empty, but they identify the row: fill them, or take them out of key_properties"


def _with_columns(stream: _Stream, columns: Mapping[str, object]) -> bytes:
    """Return the SCHEMA message of a stream without columns, with those of its first record."""
    message = _decode(stream.announced)
    schema = {**(message.schema or {}), "properties": columns}
    keys = {"key_properties": list(stream.keys)} if stream.keys else {}
    return msgspec.json.encode({"type": "SCHEMA", "stream": stream.name, "schema": schema, **keys})


def _in_any_case(record: Mapping[str, object], name: str) -> object:
    """Return a record's value of a column with its name in another case."""
    return next((value for one, value in record.items() if folded(one) == folded(name)), None)


def _rejected(message: Message) -> str | bytes:
    """Return the line in a REJECT message, byte for byte."""
    if message.line_base64 is not None:
        with suppress(binascii.Error, ValueError):
            return base64.b64decode(message.line_base64, validate=True)
    return message.line or ""


def _bytes(line: str | bytes) -> bytes:
    return line.encode() if isinstance(line, str) else line
