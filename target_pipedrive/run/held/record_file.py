"""Temporary file of records, which are made from their lines again."""

from __future__ import annotations

import tempfile
from contextlib import closing, contextmanager, suppress
from dataclasses import fields
from struct import Struct
from typing import IO, TYPE_CHECKING, Any

import msgspec

from target_pipedrive.ids.provisional import as_text
from target_pipedrive.ledger.line_files import output_failed
from target_pipedrive.record.outcome import Outcome, Result
from target_pipedrive.record.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_encode = msgspec.msgpack.Encoder(enc_hook=as_text).encode
_LENGTH = Struct("<I")


class _StoredRecord(msgspec.Struct, array_like=True):
    """A record in the file; `first` is the result of a first write, see `Task.first`."""

    number: int
    origin: int
    identity: bytes
    line: bytes
    input_line: int
    same_key_as: int
    first: dict[str, Any] | None = None

    def result(self) -> Result | None:
        """Return the result of a first write, if there was one."""
        if self.first is None:
            return None
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in self.first.items()
        }
        values["outcome"] = Outcome(self.first["outcome"])
        return Result(**values)


def _plain(first: Result | None) -> dict[str, Any] | None:
    """Return a result that is not a failure as plain values."""
    if first is None:
        return None
    return {one.name: getattr(first, one.name) for one in fields(first) if one.name not in ("cause", "fault")}


class RecordFile:
    """Records on disk, in the order in which they were added.

    Args:
        folder: folder of the file, which has no name and ends with the process.
        what: description of its records, for errors.
    """

    def __init__(self, folder: Path, what: str) -> None:
        self._name = f"The temporary file of {what}, in {folder},"
        self._origins: list[Task] = []
        self._origin_of: dict[int, int] = {}
        with self._usable():
            self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder, prefix="target-pipedrive-")  # noqa: SIM115 - closed by `close`

    def add(self, task: Task) -> None:
        """Append a record.

        Raises:
            OutputFailed: the file cannot be written.
        """
        entry = _encode(
            _StoredRecord(
                task.number,
                self._origin(task),
                task.identity,
                task.line,
                task.input_line,
                task.same_key_as,
                _plain(task.first),
            )
        )
        with self._usable():
            self._file.write(_LENGTH.pack(len(entry)) + entry)

    def tasks(self) -> Iterator[Task]:
        """Yield the records again, and close the file.

        Raises:
            OutputFailed: the file cannot be read.
        """
        with closing(self._file) as file:
            with self._usable():
                file.seek(0)
            while True:
                with self._usable():
                    head = file.read(_LENGTH.size)
                    entry = file.read(_LENGTH.unpack(head)[0]) if head else b""
                if not head:
                    return
                stored = msgspec.msgpack.decode(entry, type=_StoredRecord)
                yield _made_again(stored, self._origins[stored.origin])

    def close(self) -> None:
        """Close and remove the file."""
        with suppress(OSError):
            self._file.close()

    def _origin(self, task: Task) -> int:
        """Return the number of a record with the same plan, which is kept in memory for it."""
        number = self._origin_of.get(id(task.plan))
        if number is None:
            number = self._origin_of[id(task.plan)] = len(self._origins)
            self._origins.append(task)
        return number

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Convert errors of the file to one that ends the run."""
        try:
            yield
        except OSError as error:
            raise output_failed(self._name, error) from error


def _made_again(stored: _StoredRecord, like: Task) -> Task:
    """Return the task of a record, with the plan of another record of its stream."""
    record = msgspec.json.decode(stored.line)["record"]
    return Task(
        number=stored.number,
        stream=like.stream,
        key={name: record.get(name) for name in like.key},
        line=stored.line,
        schema=like.schema,
        input_line=stored.input_line,
        identity=stored.identity,
        plan=like.plan,
        handler=like.handler,
        draft=like.plan.draft(record) if like.plan is not None else None,
        first=stored.result(),
        same_key_as=stored.same_key_as,
    )
