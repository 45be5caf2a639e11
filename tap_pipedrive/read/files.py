"""Downloads of file contents, written atomically to the folder `files_dir`."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import unicodedata
from typing import TYPE_CHECKING, BinaryIO

from typing_extensions import override

from pipedrive_client import ConfigError, Gone, NotFound, OutputFailed, Stopped
from tap_pipedrive.read.reader import Reader

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator
    from pathlib import Path

    from pipedrive_client import PipedriveClient
    from tap_pipedrive.catalog.spec import Read
    from tap_pipedrive.values.row import Context, Row


_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""Disk errors that may not occur in another run; others are errors of the setting."""
_NOT_IN_NAMES = frozenset('<>:"/\\|?*')

_LONGEST_NAME = 180
"""Bytes; with id and `.part` below the 255 of common file systems."""

_LONGEST_ENDING = 20

_CHUNK_BYTES = 1 << 20

_NOT_FOLLOWED = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Do not follow links, and do not wait for the reader of a pipe."""


def safe_name(file_id: int, name: str) -> str:
    """Return a file name that is valid on every system and contains no path: `7-offer.pdf`."""
    text = "".join(
        "_" if char in _NOT_IN_NAMES or not char.isprintable() else char
        for char in unicodedata.normalize("NFC", name)
    ).strip(" .")
    stem, dot, ending = text.rpartition(".")
    if not dot or len(ending.encode()) > _LONGEST_ENDING:
        stem, dot, ending = text, "", ""
    room = _LONGEST_NAME - len((dot + ending).encode())
    stem = stem.encode()[:room].decode(errors="ignore").rstrip(" .")
    return f"{file_id}-{stem}{dot}{ending}" if stem or ending else str(file_id)


class FileReader(Reader):
    """Reader that downloads files into a folder; its rows describe the files.

    Args:
        client: client for the requests.
        read: the published download.
        label: name under which requests and tokens are counted.
        folder: target folder; None downloads nothing.
        logger: receives warnings.
    """

    def __init__(
        self,
        client: PipedriveClient,
        read: Read,
        *,
        label: str,
        folder: Path | None,
        logger: logging.Logger,
    ) -> None:
        super().__init__(client, read, label=label)
        self._folder = folder
        self._logger = logger

    @override
    def all(self, context: Context | None = None, query: Context | None = None) -> Iterator[list[Row]]:
        """Yield one page with the row of the file given in `context` by `id`, `file_name` and `size`.

        Raises:
            ConfigError: the folder is not writable.
            OutputFailed: the disk is full.
            PipedriveError: the download failed permanently; the partial file is kept.
        """
        given = context or {}
        file_id = int(str(given["id"]))
        size = given.get("size")
        if self._folder is None:
            return
        name = given.get("file_name") or given.get("name")
        path = self._folder / safe_name(file_id, str(name or ""))
        try:
            row = self._fetch(file_id, path, size if isinstance(size, int) else None)
        except (NotFound, Gone) as error:
            self._logger.warning("Skipped the content of file %s (remote or deleted): %s", file_id, error)
            return
        except OSError as error:
            msg = f"Setting files_dir: cannot write to {self._folder}: {error.strerror or error}."
            if error.errno in _NO_ROOM:
                msg += " Free disk space and run again; the state was written, and partial files are kept."
                raise OutputFailed(msg) from error
            raise ConfigError(msg) from error
        yield [{**given, **row}]

    def _fetch(self, file_id: int, path: Path, size: int | None) -> Row:
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        if path.is_file() and size in (None, path.stat().st_size):
            have = _digest_file(path, digest)
        else:
            have = self._download(file_id, path, size, digest)
        if size is not None and have != size:
            self._logger.warning("File %s has %s bytes, but the size of its row is %s", file_id, have, size)
        return {"id": file_id, "sha256": digest.hexdigest(), "size": have, "path": path.name}

    def _download(self, file_id: int, path: Path, size: int | None, digest: hashlib._Hash) -> int:
        part = path.with_name(f"{path.name}.part")
        with _opened_part(part) as out:
            have = out.seek(0, os.SEEK_END)
            if size is not None and have > size:
                out.truncate(0)
                have = 0
            out.seek(0)
            _take_digest(out, digest)

            def take(chunk: bytes) -> None:
                if self._client.stopping:
                    msg = f"Stopped while downloading file {file_id}; the partial file is kept."
                    raise Stopped(msg)
                out.write(chunk)
                digest.update(chunk)

            if not size or have < size:
                self._client.stream_to(
                    self.read.path.format(id=file_id),
                    take,
                    cost=self.read.cost,
                    label=self._label,
                    offset=have,
                )
            out.flush()
            os.fsync(out.fileno())
            have = out.seek(0, os.SEEK_END)
        part.replace(path)
        return have


def _opened_part(part: Path) -> BinaryIO:
    """Open a partial file for appending, readable only by its owner.

    Raises:
        ConfigError: the path is a link or not a regular file.
    """
    try:
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_APPEND | _NOT_FOLLOWED, 0o600)
    except OSError as error:
        if part.is_symlink():
            msg = f"Setting files_dir: {part} is a symbolic link, which is not followed. Remove it."
            raise ConfigError(msg) from error
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        msg = f"Setting files_dir: {part} is not a regular file. Remove it."
        raise ConfigError(msg)
    os.fchmod(handle, 0o600)
    return os.fdopen(handle, "r+b")


def _digest_file(path: Path, digest: hashlib._Hash) -> int:
    """Update the digest with a file and return its size."""
    with path.open("rb") as content:
        return _take_digest(content, digest)


def _take_digest(content: BinaryIO, digest: hashlib._Hash) -> int:
    """Update the digest from the current position to the end of a file; return the number of bytes."""
    count = 0
    while chunk := content.read(_CHUNK_BYTES):
        digest.update(chunk)
        count += len(chunk)
    return count
