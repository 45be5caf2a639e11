"""Ledger database: write intents, outcomes and ids, in a file that survives a crash.

It contains the Pipedrive id of each external id (`links`, permanently), and the started writes of an
unfinished run with their results (`writes`, until a run with the same streams ends successfully). No record
content is stored. Only one process can use a ledger at a time. One thread does all the writing, see
`journal.py`.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from pipedrive_client import ConfigError, times
from target_pipedrive.ids.id_map import Link
from target_pipedrive.ledger.stored_forms import StoredForm
from target_pipedrive.ledger.upgrade import normalise_links

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

VERSION = 2
_OLDEST = 1
"""Version that stored external ids as received."""
TABLES = ("links", "writes", "meta")
_MAGIC = b"SQLite format 3\0"
_SCHEMA = """
create table if not exists meta (name text primary key, value text not null) without rowid;
create table if not exists links (
    entity text not null, external_id text not null, id text not null, stream text not null,
    linked_at text not null, primary key (entity, external_id)) without rowid;
create index if not exists links_by_id on links (entity, id);
create table if not exists writes (
    identity blob primary key, stream text not null, action text not null, state text not null,
    id text, begun_at text not null, ended_at text) without rowid;
create index if not exists writes_by_id on writes (action, id);
create table if not exists forms (
    entity text not null, id text not null, name text not null, sent blob not null, held blob not null,
    taken integer not null, primary key (entity, id, name)) without rowid;
"""


class WriteState(StrEnum):
    """State of a write."""

    BEGUN = "begun"
    """The request may or may not have acted: its outcome must be looked up."""
    DONE = "done"
    GONE = "gone"
    """It created a row that the same run deleted or merged: a repeated run does not create it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One write in the ledger.

    Attributes:
        identity: digest of stream, content and occurrence.
        stream: name of the stream.
        action: name of the action.
        state: state of the write.
        id: Pipedrive id of the outcome, if there is one.
        begun_at: RFC 3339 time of the intent, by the server's clock.
    """

    identity: bytes
    stream: str
    action: str
    state: WriteState
    id: str | None
    begun_at: str


def now() -> str:
    """Return the time as RFC 3339."""
    return times.to_rfc3339(datetime.now(UTC))


@contextmanager
def _readable(path: Path | None) -> Iterator[None]:
    """Convert SQLite errors while opening and reading to messages about the file."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise ConfigError(
                f"The ledger {path} is in use by another run of target-pipedrive. Wait for it to end, or "
                "give each pipeline its own ledger_path."
            ) from error
        raise ConfigError(
            f"The ledger {path} cannot be opened: {error}. Check ledger_path and the file's permissions."
        ) from error
    except OSError as error:
        raise ConfigError(
            f"The ledger {path} cannot be read ({error.strerror}). Check ledger_path and its permissions."
        ) from error
    except (sqlite3.DatabaseError, ValueError) as error:  # ValueError: an unknown state
        raise ConfigError(
            f"ledger_path {path} is not a valid ledger of target-pipedrive ({error}). Restore it from a "
            "backup, or name another path."
        ) from error


def is_ledger(connection: sqlite3.Connection, path: Path | None, account: str | None) -> bool:
    """Return whether the file is a ledger of the account; False if it is empty, and may become one.

    The file is not changed, whatever it contains.

    Raises:
        ConfigError: it belongs to another program or account.
    """
    if path is not None and path.is_file():
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
        if head not in (b"", _MAGIC):  # SQLite treats a file of a few bytes like an empty one
            raise sqlite3.DatabaseError("file is not a database")
    found = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
    if not found:
        return False
    if not found.issuperset(TABLES):
        raise ConfigError(
            f"ledger_path {path} is a database of another program, not a ledger (tables "
            f"{', '.join(sorted(found)[:3])}); name another path."
        )
    known = dict(connection.execute("select name, value from meta").fetchall())
    if account is not None and known.get("account", account) != account:
        raise ConfigError(
            f"The ledger {path} belongs to {known['account']}, not to {account}: give this account "
            "its own ledger_path."
        )
    return True


class Ledger:
    """Ledger file, opened exclusively by this process.

    Args:
        path: path of the file, which is created if missing. None keeps everything in memory, for dry runs.
        account: host of the account; a ledger belongs to one account. None skips the check.

    Attributes:
        notices: messages about entries dropped from a ledger of an earlier release.

    Raises:
        ConfigError: another process uses it, it belongs to another account, or it is not a ledger.
    """

    def __init__(self, path: Path | None, *, account: str | None) -> None:
        self.path = path
        self.notices: list[str] = []
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ConfigError(
                    f"ledger_path {path}: its folder cannot be created ({error.strerror}); choose "
                    "another path."
                ) from error
        self._account = account
        with _readable(path):
            self._db = sqlite3.connect(
                path or ":memory:", isolation_level=None, check_same_thread=False, timeout=0
            )
            is_ledger(self._db, path, account)
            self._open(account)

    def _open(self, account: str | None) -> None:
        run = self._db.execute
        # Locked from the first write to the close: a second process fails immediately, and a crash releases
        # it.
        run("pragma locking_mode = exclusive")
        run("pragma journal_mode = wal")
        run("pragma synchronous = full")
        if self.path is not None and os.name == "posix":
            with suppress(OSError):
                self.path.chmod(0o600)
        run("begin immediate")
        self._create()
        known = dict(run("select name, value from meta").fetchall())
        if known.get("version", str(VERSION)) not in (str(_OLDEST), str(VERSION)):
            run("rollback")
            raise ConfigError(
                f"The ledger {self.path} was written by another release (version {known['version']}); "
                "use that release or another ledger_path."
            )
        if known.get("version") == str(_OLDEST):
            self.notices = normalise_links(self._db)
        run("insert or replace into meta values ('version', ?)", (str(VERSION),))
        if account is not None:
            run("insert or ignore into meta values ('account', ?)", (account,))
        run("commit")

    def _create(self) -> None:
        """Create missing tables."""
        for statement in _SCHEMA.split(";"):
            if statement.strip():
                self._db.execute(statement)

    # --- reading, at the start of a run and by the command line -----------------------------------

    def links(self) -> Iterator[Link]:
        """Yield every link, by entity and external id."""
        with _readable(self.path):
            rows = self._db.execute("select entity, external_id, id, stream from links order by 1, 2")
            for entity, external_id, row_id, stream in rows:
                yield Link(entity=entity, external_id=external_id, id=row_id, stream=stream)

    def writes(self) -> Iterator[Entry]:
        """Yield every write, oldest first."""
        with _readable(self.path):
            rows = self._db.execute(
                "select identity, stream, action, state, id, begun_at from writes order by begun_at, identity"
            )
            for identity, stream, action, state, row_id, begun_at in rows:
                yield Entry(
                    identity=identity,
                    stream=stream,
                    action=action,
                    state=WriteState(state),
                    id=row_id,
                    begun_at=begun_at,
                )

    def forms(self) -> Iterator[StoredForm]:
        """Yield every value that Pipedrive stores in another form."""
        for entity, row_id, name, sent, held, taken in self._db.execute("select * from forms"):
            yield StoredForm(
                entity=entity, row_id=row_id, column=name, sent=sent, held=held, taken=bool(taken)
            )

    # --- writing, by the journal's thread ----------------------------------------------------------

    def begin(self) -> None:
        """Open a transaction."""
        self._db.execute("begin immediate")

    def commit(self) -> None:
        """Commit all changes since `begin`."""
        self._db.execute("commit")

    def intend(self, identity: bytes, stream: str, action: str, since: str) -> None:
        """Store the intent of a write; `since` is the server's time."""
        self._db.execute(
            "insert into writes values (?, ?, ?, 'begun', null, ?, null) on conflict do nothing",
            (identity, stream, action, since),
        )

    def begun(self, identity: bytes, job: str) -> None:
        """Note which job a write has begun, whose end is still to come."""
        self._db.execute("update writes set id = ? where identity = ? and state = 'begun'", (job, identity))

    def done(self, identity: bytes, stream: str, action: str, row_id: str | None) -> None:
        """Note that a write was made; the id of an added row stays, whatever is written to it later."""
        moment = now()
        self._db.execute(
            "insert into writes values (?, ?, ?, 'done', ?, ?, ?) on conflict do update set "
            "state = 'done', id = coalesce(excluded.id, id), ended_at = excluded.ended_at",
            (identity, stream, action, row_id, moment, moment),
        )

    def withdraw(self, identity: bytes) -> None:
        """Note that a write certainly did not act."""
        self._db.execute("delete from writes where identity = ? and state = 'begun'", (identity,))

    def gone(self, identity: bytes) -> None:
        """Record that the row of a write was deleted; the write is not repeated in this run."""
        self._db.execute("update writes set state = 'gone' where identity = ?", (identity,))

    def link(self, entity: str, external_id: str, row_id: str, stream: str) -> None:
        """Link an external id to a row."""
        self._db.execute(
            "insert or replace into links values (?, ?, ?, ?, ?)",
            (entity, external_id, row_id, stream, now()),
        )

    def keep_form(self, form: StoredForm) -> None:
        """Record a value that Pipedrive stores in another form than it was sent."""
        self._db.execute(
            "insert or replace into forms values (?, ?, ?, ?, ?, ?)",
            (form.entity, form.row_id, form.column, form.sent, form.held, form.taken),
        )

    def relink(self, entity: str, old_id: str, new_id: str) -> int:
        """Move all external ids of a merged row to the survivor; returns their number."""
        change = "update links set id = ? where entity = ? and id = ?"
        count = self._db.execute(change, (new_id, entity, old_id)).rowcount
        self._db.execute("delete from forms where entity = ? and id = ?", (entity, old_id))
        return count

    def unlink(self, entity: str, row_id: str) -> None:
        """Remove the external ids of a deleted row."""
        self._db.execute("delete from links where entity = ? and id = ?", (entity, row_id))
        self._db.execute("delete from forms where entity = ? and id = ?", (entity, row_id))

    def settle(self, streams: Iterable[str], kept: Iterable[bytes] = ()) -> None:
        """Remove the finished writes of these streams, whose run has ended.

        Exceptions are kept: their records failed after the row was created, and will be sent again as
        rejects.
        """
        find = "select * from writes where identity = ? and state = 'done'"
        rows = [row for one in kept for row in self._db.execute(find, (one,))]
        self._db.executemany(
            "delete from writes where stream = ? and state in ('done', 'gone')",
            [(stream,) for stream in streams],
        )
        self._db.executemany("insert or ignore into writes values (?, ?, ?, ?, ?, ?, ?)", rows)

    def forget(self, entity: str | None, external_id: str | None) -> int:
        """Remove links permanently, and without an entity all writes too; returns the number of rows."""
        before = self._db.total_changes
        if entity is None:
            for table in ("links", "writes", "forms"):
                self._db.execute(f"delete from {table}")  # noqa: S608 - names of our own tables
        elif external_id is None:
            self._db.execute("delete from links where entity = ?", (entity,))
        else:
            self._db.execute("delete from links where entity = ? and external_id = ?", (entity, external_id))
        count = self._db.total_changes - before
        # Most builds of SQLite leave deleted content in the file, and an external id may be an e-mail
        # address.
        self._db.execute("vacuum")
        return count

    def borrow(self, path: Path) -> None:
        """Copy another ledger into this one, for a dry run that changes nothing.

        Raises:
            ConfigError: it is in use, belongs to another account, or is not a ledger.
        """
        with _readable(path), closing(sqlite3.connect(path, timeout=0)) as source:
            if not is_ledger(source, path, self._account):
                return  # an empty file is an empty ledger
            for table in TABLES:
                self._db.execute(f"drop table {table}")
            source.backup(self._db)
            self._create()
        known = dict(self._db.execute("select name, value from meta").fetchall())
        if known.get("version") == str(_OLDEST):
            self.notices = normalise_links(self._db)

    def close(self) -> None:
        """Close the file."""
        with closing(self._db), suppress(sqlite3.Error):
            self._db.execute("pragma wal_checkpoint(truncate)")
