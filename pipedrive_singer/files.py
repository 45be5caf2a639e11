"""Files of the user that the plugins write, readable by their owner only."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from pipedrive_client import ConfigError

OWNER_ONLY = 0o600


def prove_writable(setting: str, path: Path) -> None:
    """Check that a file can be created or written; a missing file is not created.

    Raises:
        ConfigError: the file cannot be written; the message contains the setting and the reason.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        there = path.exists()
        if there and not (path.is_file() or path.is_dir()):
            return  # a device or a pipe: opening it could block, or count as use
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, OWNER_ONLY))
        if not there:
            path.unlink()
    except (OSError, ValueError, RuntimeError) as error:  # ValueError: NUL; RuntimeError: a loop of links
        why = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"{setting} {str(path)!r:.200} cannot be written ({why}): choose a path in a folder that this "
            "user can write to."
        ) from error


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the content of a file atomically.

    A device or a pipe is written directly.

    Raises:
        OSError: it cannot be written.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    place = Path(os.path.realpath(path))  # a symbolic link remains one
    draft = place.with_name(f".{place.name[:100]}.{os.getpid()}.tmp")
    try:
        with suppress(FileNotFoundError):
            draft.unlink()
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(place)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
