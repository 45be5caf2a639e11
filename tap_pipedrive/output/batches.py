"""BATCH files: records as compressed JSON lines in a folder or object store, referenced by BATCH messages.

Pages are appended to one open file per stream. The BATCH message of a file is written when it is closed,
and a STATE only while no file is open, so a STATE never covers rows without a BATCH message.
"""

from __future__ import annotations

import gzip
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import uuid4

import msgspec
from upath import UPath

from pipedrive_client import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SETTING = "batch_config"
_ROWS = 10_000
"""Default of `batch_size`; loaders keep a whole file in memory."""
_LEVEL = 1
"""gzip level; higher ones save 20 % of the bytes for three times the CPU time."""
_LOCAL = frozenset({"", "file", "local"})
ENCODING = {"format": "jsonl", "compression": "gzip"}


@dataclass(slots=True)
class _File:
    """An open file of one stream."""

    path: UPath
    raw: BinaryIO
    content: gzip.GzipFile
    rows: int = 0


class BatchFiles:
    """Open batch files by stream.

    Args:
        root: folder or fsspec URL.
        prefix: prefix of file names.
        rows: number of rows after which files are closed.
    """

    def __init__(self, root: UPath, prefix: str, rows: int) -> None:
        self._root = root
        self._prefix = prefix
        self._rows = rows
        self._open: dict[str, _File] = {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> BatchFiles | None:
        """Return the batch files of the setting `batch_config`, or None if it is not set.

        Raises:
            ConfigError: the storage cannot be used.
        """
        given = config.get(_SETTING)
        if not given:
            return None
        storage = given.get("storage") or {}
        if not storage.get("root"):
            msg = f"Setting {_SETTING}: storage requires root, a folder or a URL such as s3://bucket/folder."
            raise ConfigError(msg)
        try:
            root = UPath(storage["root"], **(storage.get("params") or {})).resolve()
            root.mkdir(parents=True, exist_ok=True)
        except (ImportError, OSError, TypeError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            msg = f"Setting {_SETTING}: storage.root cannot be used: {why}."
            raise ConfigError(msg) from error
        return cls(root, storage.get("prefix") or "", int(given.get("batch_size") or _ROWS))

    @property
    def full(self) -> bool:
        """True if the open files must be closed."""
        return any(file.rows >= self._rows for file in self._open.values())

    @property
    def streams(self) -> list[str]:
        """Streams with an open file."""
        return [*self._open]

    def add(self, stream: str, lines: bytes, rows: int) -> None:
        """Append lines to the file of a stream."""
        with self._named():
            file = self._open.get(stream) or self._begin(stream)
            file.content.write(lines)
        file.rows += rows

    def close(self, stream: str) -> bytes | None:
        """Close the file of a stream; return the line of its BATCH message, None without an open file."""
        file = self._open.pop(stream, None)
        if file is None:
            return None
        try:
            with self._named():
                file.content.close()
                file.raw.close()
        except OSError:
            _remove(file)
            raise
        message = {"type": "BATCH", "stream": stream, "encoding": ENCODING, "manifest": [file.path.as_uri()]}
        return msgspec.json.encode(message) + b"\n"

    def abandon(self) -> None:
        """Remove the open files, which have no BATCH message."""
        for file in self._open.values():
            _remove(file)
        self._open.clear()

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Add the storage to errors of the operating system."""
        try:
            yield
        except OSError as error:
            error.filename = f"files in {self._root} (storage.root of {_SETTING})"
            raise

    def _begin(self, stream: str) -> _File:
        path = self._root / f"{self._prefix}{stream}-{uuid4().hex}.jsonl.gz"
        if path.protocol in _LOCAL:
            opened = os.open(path.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            raw: BinaryIO = os.fdopen(opened, "wb")
        else:
            raw = path.open("wb")
        content = gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=raw, mtime=0)
        file = self._open[stream] = _File(path, raw, content)
        return file


def _remove(file: _File) -> None:
    for close in (file.raw.close, file.path.unlink):
        try:
            close()
        except OSError:  # the error that ended the run is the one to report
            continue
