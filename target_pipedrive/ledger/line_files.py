"""Line files of the target, readable by their owner only: results and rejects."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from pipedrive_client import ConfigError, OutputFailed
from pipedrive_singer.files import OWNER_ONLY

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO


def output_failed(what: str, error: Exception) -> OutputFailed:
    """Return the message for a file, the ledger or the output that failed during the run."""
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return OutputFailed(
        f"{what} cannot be written ({why}). The run stopped and emits no further STATE; free disk space or "
        "choose another path, and run again with the same input: the ledger contains the finished writes"
    )


class LinesFile:
    """File of complete lines, created with the first one; a run without lines leaves an empty file.

    Args:
        setting: name of the setting with the path, for messages.
        path: path of the file; None discards the lines.
        keep: True if an existing file is kept, and a numbered one is created next to it, if there are
            lines.
    """

    def __init__(self, setting: str, path: Path | None, *, keep: bool = False) -> None:
        self.path = path
        self._setting = setting
        self._keep = keep
        self._file: BinaryIO | None = None
        self._dirty = False

    def write(self, line: bytes) -> None:
        """Append one line.

        Raises:
            OutputFailed: it cannot be written.
        """
        if self.path is None:
            return
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                if self._keep:
                    self.path, self._file = _new_file(self.path)
                else:
                    self._file = _opened(self.path, os.O_TRUNC)
            self._file.write(line + b"\n")
        except OSError as error:
            raise self._failed(error) from error
        self._dirty = True

    @property
    def written(self) -> bool:
        """True if the file exists."""
        return self._file is not None

    def sync(self) -> None:
        """Sync the file to disk.

        Raises:
            OutputFailed: it cannot be written.
        """
        if self._file is None or not self._dirty:
            return
        try:
            self._file.flush()
            if stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):
                os.fsync(self._file.fileno())
        except OSError as error:
            raise self._failed(error) from error
        self._dirty = False

    def close(self) -> None:
        """Sync the file and close it; errors were raised by an earlier write or sync."""
        if self._file is None and self.path is not None and not self._keep and not _is_special(self.path):
            with suppress(OSError):  # else the lines of the last run would be taken for those of this one
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = _opened(self.path, os.O_TRUNC)
        if self._file is not None:
            with suppress(OutputFailed):
                self.sync()
            with suppress(OSError):
                self._file.close()

    def _failed(self, error: OSError) -> OutputFailed:
        return output_failed(f"{self._setting} {self.path}", error)


def prove_folder(setting: str, path: Path) -> None:
    """Check that a folder can be read; the tap in the same pipe may still create a missing one.

    Raises:
        ConfigError: it cannot; the message contains the setting and the reason.
    """
    try:
        with os.scandir(path) as entries:
            next(entries, None)
    except FileNotFoundError:
        return  # otherwise each record with a file in it fails
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"{setting} {str(path)!r:.200} cannot be read ({why}): name a folder that exists."
        ) from error


def check_different(paths: dict[str, Path | None]) -> None:
    """Check that no two settings have the same file: one would overwrite the other.

    Raises:
        ConfigError: two do.
    """
    seen: dict[str, str] = {}
    for setting, path in paths.items():
        if path is None:
            continue
        try:
            place = os.path.realpath(os.path.normcase(path))
        except (OSError, ValueError):
            continue  # unusable, which `prove_writable` reports
        if place in seen and not _is_special(path):
            raise ConfigError(
                f"{setting} and {seen[place]} are the same file ({path}): set a different path for each."
            )
        seen[place] = setting


def _is_special(path: Path) -> bool:
    """Return whether the path is a device or a pipe, which several settings may share."""
    return path.exists() and not path.is_file()


def _opened(path: Path, more: int = 0) -> BinaryIO:
    """Open the file, readable only by its owner, even if it existed before."""
    number = os.open(path, os.O_WRONLY | os.O_CREAT | more, OWNER_ONLY)
    with suppress(OSError):
        if stat.S_ISREG(os.fstat(number).st_mode):
            os.fchmod(number, OWNER_ONLY)
    return os.fdopen(number, "wb")


def _new_file(path: Path) -> tuple[Path, BinaryIO]:
    """Return a path with this name or, if it exists, with the first free number."""
    candidate, count = path, 1
    while True:
        try:
            return candidate, _opened(candidate, os.O_EXCL)
        except FileExistsError:
            count += 1
            candidate = path.with_name(f"{path.stem}-{count}{path.suffix}")
