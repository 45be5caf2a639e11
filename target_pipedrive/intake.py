"""Singer lines in: decoded once, checked, handed to the engine; what cannot be used is rejected."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from pipedrive_client import PipedriveError
from target_pipedrive.faults import RecordFault
from target_pipedrive.perform import sentence
from target_pipedrive.plans import plan_of
from target_pipedrive.tasks import NO_STREAM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.engine import Engine
    from target_pipedrive.plan import Plan


class Message(msgspec.Struct):
    """One Singer message; the record is decoded apart, because its bytes identify it."""

    type: str
    stream: str | None = None
    record: msgspec.Raw = msgspec.Raw()
    schema: dict[str, object] | None = None
    key_properties: list[str] | None = None
    value: object = None
    version: int | None = None
    line: str | None = None


_decode = msgspec.json.Decoder(Message).decode
_decode_record = msgspec.json.Decoder(dict[str, object]).decode


class InputFault(Exception):  # noqa: N818 - the input is at fault
    """A line that breaks the Singer format.

    Attributes:
        kind: `record_before_schema`, `key`, `schema` or `line`.
    """

    def __init__(self, sentence: str, kind: str) -> None:
        super().__init__(sentence)
        self.kind = kind


@dataclass(slots=True, kw_only=True)
class _Stream:
    """What is known of a stream since its SCHEMA."""

    name: str
    schema: bytes
    keys: tuple[str, ...]
    plan: Plan | None = None
    why_not: str = ""
    ignored: int = field(default=0)


class Intake:
    """Feeds the engine line by line.

    Args:
        engine: performs the records.
        strict: whether a line that breaks the format ends the run, as `on_error: stop` asks.
    """

    def __init__(self, engine: Engine, *, strict: bool) -> None:
        self._engine = engine
        self._strict = strict
        self._streams: dict[str, _Stream] = {}
        self._lines = 0
        self.counts: Counter[str] = Counter()

    def take(self, line: str | bytes) -> None:
        """Take one line.

        One that cannot be read and has no end is the last one, cut off with the pipe: it is no bad record,
        and comes whole when the same is run again.

        Raises:
            InputFault: it breaks the format and the run is strict.
            PipedriveError: the run has ended.
        """
        self._lines += 1
        self._take(line, cut=not _bytes(line[-1:]).endswith(b"\n"))

    def _take(self, line: str | bytes, *, cut: bool = False) -> None:
        if not line.strip():
            return
        try:
            message = _decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if cut:
                self._engine.cut = f"within line {self._lines}, which is not a whole Singer message ({error})"
            else:
                self._refuse_line(
                    line, f"Line {self._lines} is not a Singer message: {error}. Mend the line."
                )
            return
        self.counts[message.type] += 1
        match message.type:
            case "RECORD":
                self._record(message, line)
            case "STATE":
                value = message.value
                self._engine.under_way = isinstance(value, dict) and bool(value.get("under_way"))
                self._engine.state(json.dumps(value))
            case "SCHEMA":
                self._schema(message, line)
            case "ACTIVATE_VERSION":
                self._engine.settle_all()
                known = self._streams.get(message.stream or "")
                if known is not None and known.plan is not None:
                    self._engine.activate(known.plan, message.version)
            case "REJECT":
                self._take(message.line or "")
            case other:
                self._refuse_line(
                    line,
                    f"Line {self._lines}: messages of type {other} are not supported; send RECORD messages.",
                )

    def _refuse_line(self, line: str | bytes, told: str) -> None:
        if self._strict:
            raise InputFault(told, "line")
        self._engine.reject(NO_STREAM, _bytes(line), b"", {}, told)

    def _schema(self, message: Message, line: str | bytes) -> None:
        name, schema = message.stream or "", message.schema or {}
        properties = schema.get("properties")
        if not name or not isinstance(properties, dict):
            why = "its SCHEMA has no properties; name those that are to be written"
            if self._strict:
                raise InputFault(f"Stream {name or '(no name)'}: {why}.", "schema")
            self._streams[name] = _Stream(name=name, schema=_bytes(line).strip(), keys=(), why_not=why)
            return
        content = _bytes(line).strip()
        known = self._streams.get(name)
        if known is not None and known.schema == content:
            return
        stream = _Stream(name=name, schema=content, keys=tuple(message.key_properties or ()))
        self._streams[name] = stream
        options = self._engine.options
        typed = {key: entry if isinstance(entry, dict) else {} for key, entry in properties.items()}
        try:
            stream.plan = plan_of(name, typed, options.streams.get(name), options, self._engine.book)
        except RecordFault as fault:
            told = str(fault)
            stream.why_not = told.removeprefix(f"Stream {name}").lstrip(": ")
            self._engine.tell(told)
        except PipedriveError:
            raise
        if stream.plan is not None:
            self._engine.prepare(stream.plan)

    def _record(self, message: Message, line: str | bytes) -> None:
        name, raw = message.stream or "", message.record
        stream = self._streams.get(name)
        content = _bytes(line).strip()
        if message.version is not None:
            self._engine.numbered(name, message.version)
        if stream is None:
            told = f"{name or NO_STREAM}: the record comes before the stream's SCHEMA; send that first."
            if self._strict:
                raise InputFault(told, "record_before_schema")
            self._engine.reject(name, content, b"", {}, told)
            return
        record = _content(raw)
        if record is None:
            told = f"{name}: the record must be an object with the columns as keys."
            self._engine.reject(name, content, stream.schema, {}, told)
            return
        key = {one: record.get(one) for one in stream.keys}
        missing = [one for one, value in key.items() if value is None]
        if missing:
            why = (
                f"the record has no {', '.join(missing)}, which the SCHEMA names as its key; "
                "fill it, or take it out of key_properties"
            )
            if self._strict:
                raise InputFault(sentence(name, key, why), "key")
            self._engine.reject(name, content, stream.schema, key, sentence(name, key, why))
        elif stream.plan is not None:
            self._engine.take(stream.plan, record, bytes(raw), content, stream.schema, key)
        elif stream.why_not:
            self._engine.reject(name, content, stream.schema, key, sentence(name, key, stream.why_not))
        else:
            stream.ignored += 1

    def ignored(self) -> Mapping[str, int]:
        """Records of unknown streams that were ignored, by stream."""
        return {name: one.ignored for name, one in self._streams.items() if one.ignored}


def _content(raw: msgspec.Raw) -> dict[str, object] | None:
    """The record as a mapping, or None when it is something else."""
    try:
        return _decode_record(raw)
    except msgspec.DecodeError:
        return None


def _bytes(line: str | bytes) -> bytes:
    return line.encode() if isinstance(line, str) else line
