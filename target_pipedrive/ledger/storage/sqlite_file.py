"""Ledger in an SQLite file, which one process at a time can use."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager, suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pipedrive_client import ConfigError
from target_pipedrive.ledger.storage.database import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from target_pipedrive.ledger.storage.database import Problem

_MAGIC = b"SQLite format 3\0"


@contextmanager
def _reported() -> Iterator[None]:
    """Convert errors of SQLite and the file system."""
    try:
        yield
    except sqlite3.OperationalError as error:
        why = str(error)
        problem: Problem = (
            "busy" if "locked" in why else "invalid" if why.startswith("no such") else "unusable"
        )
        raise StoreError(why, problem) from error
    except OSError as error:
        raise StoreError(error.strerror or str(error)) from error
    except sqlite3.Error as error:
        raise StoreError(str(error), "invalid") from error


class SqliteFile:
    """SQLite database; implements `Database`.

    Args:
        path: path of the file, which is created if missing. None keeps everything in memory.

    Raises:
        ConfigError: its folder cannot be created.
        StoreError: it cannot be opened, or is not an SQLite database.
    """

    setting = "ledger_path"
    place = "ledger_path"
    advice = "free disk space or choose another path"
    dialect: Mapping[str, str] = MappingProxyType({})

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.shown = str(path)
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ConfigError(
                    f"ledger_path {path}: its folder cannot be created ({error.strerror}); choose "
                    "another path."
                ) from error
        with _reported():
            if path is not None and path.is_file():
                with path.open("rb") as file:
                    head = file.read(len(_MAGIC))
                if head not in (b"", _MAGIC):  # SQLite treats a file of a few bytes like an empty one
                    raise sqlite3.DatabaseError("file is not a database")
            self._db = sqlite3.connect(
                path or ":memory:", isolation_level=None, check_same_thread=False, timeout=0
            )

    def tables(self) -> set[str]:
        """Return the names of the tables."""
        return {name for (name,) in self.rows("select name from sqlite_master where type = 'table'")}

    def prepare(self) -> None:
        """Lock the file from the first write to the close, make commits durable, restrict access.

        A second process fails immediately, and a crash releases the lock.
        """
        for pragma in ("locking_mode = exclusive", "journal_mode = wal", "synchronous = full"):
            self.run(f"pragma {pragma}")
        if self._path is not None and os.name == "posix":
            with suppress(OSError):
                self._path.chmod(0o600)

    def begin(self) -> None:
        """Open a transaction."""
        self.run("begin immediate")

    def commit(self) -> None:
        """Commit the transaction; it is on disk then."""
        self.run("commit")

    def run(self, sql: str, /, **values: object) -> None:
        """Run a statement at once."""
        with _reported():
            self._db.execute(sql, values)

    def run_many(self, sql: str, rows: Iterable[Mapping[str, object]], /) -> None:
        """Run a statement for each row."""
        with _reported():
            self._db.executemany(sql, rows)

    def rows(self, sql: str, /, **values: object) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query."""
        with _reported():
            yield from self._db.execute(sql, values)

    def compact(self) -> None:
        """Rewrite the file: most builds of SQLite leave deleted content in it."""
        self.run("vacuum")

    def close(self) -> None:
        """Close the file."""
        with closing(self._db), suppress(sqlite3.Error):
            self._db.execute("pragma wal_checkpoint(truncate)")
