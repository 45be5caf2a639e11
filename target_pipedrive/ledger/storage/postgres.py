"""Ledger in a schema of a PostgreSQL database, which one run at a time can use.

The run holds an advisory lock in its only connection. PostgreSQL releases it when the connection ends, so a
crashed run frees its ledger, and a run that has lost its connection cannot write any more. A transaction is
sent as a whole with its commit, in one round trip.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager, suppress
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pipedrive_client import ConfigError
from target_pipedrive.ledger.storage.database import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import psycopg

    from target_pipedrive.settings.address import LedgerUrl

LOCK_SECONDS = 3.0
"""Wait for the lock: PostgreSQL may still be ending the connection of a run that was just killed."""
_PAGE = 5000
_MAX_PENDING = 2000
_CONNECTION = {
    "connect_timeout": "10",
    "application_name": "target-pipedrive",
    "client_encoding": "utf8",
    # A database that no longer responds ends the run after about a minute.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
_SESSION = {
    # The server notices within about a minute that a runner has disappeared, and frees its lock.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "idle_session_timeout": "0",
}
_NAME = re.compile(r"(?<!:):([a-z_]+)")
# PostgreSQL cannot store the character NUL in texts.
_ESCAPE = "\x1a"
_ESCAPED = re.compile(f"{_ESCAPE}([01])")


class PostgresSchema:
    """Schema of a PostgreSQL database; implements `Database`.

    Args:
        address: URL of the database and name of the schema, which is created if missing.
        read_only: True to read a ledger without changing anything, as for a dry run.

    Raises:
        ConfigError: the driver is not installed, or the database cannot store a ledger.
        StoreError: the database cannot be reached, or another run uses the ledger.
    """

    setting = "ledger_url"
    place = "schema in ledger_url"
    advice = "make sure that the database can be reached"
    # Texts are compared and sorted byte by byte, as in SQLite.
    dialect: Mapping[str, str] = MappingProxyType(
        {" blob": " bytea", " text": ' text collate "C"', " without rowid": ""}
    )

    def __init__(self, address: LedgerUrl, *, read_only: bool = False) -> None:
        self.shown = address.shown
        self._address = address
        self._pending: list[tuple[str, Mapping[str, object]]] = []
        self._in_transaction = self._begun = False
        self._db = _connect(address)
        try:
            with self._reported():
                self._set_up(read_only=read_only)
        except BaseException:
            self.close()
            raise

    def _set_up(self, *, read_only: bool) -> None:
        run = self._db.execute
        encoding = run("show server_encoding").fetchone()
        if encoding != ("UTF8",):
            raise ConfigError(
                f"The database of the ledger {self.shown} has the encoding {encoding and encoding[0]}; it "
                "must be UTF8."
            )
        for name, value in _SESSION.items():
            # Older servers lack some of these settings.
            run("select set_config(name, %s, false) from pg_settings where name = %s", (value, name))
        # A commit must be on disk when it returns, whatever the database's own default is.
        run("select set_config('synchronous_commit', 'on', false) where current_setting(%s) = 'off'",
            ("synchronous_commit",))  # fmt: skip
        run("select set_config('search_path', quote_ident(%s), false)", (self._address.schema,))
        run(f"set lock_timeout = {round(LOCK_SECONDS * 1000)}")
        run(f"select pg_advisory_lock{'_shared' if read_only else ''}(%s)", (lock_key(self._address.schema),))
        run("reset lock_timeout")
        if read_only:
            run("set default_transaction_read_only = on")

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Convert errors of PostgreSQL and of its driver."""
        import psycopg  # noqa: PLC0415  an optional dependency

        try:
            yield
        except psycopg.errors.LockNotAvailable as error:
            raise StoreError(self._why(error), "busy") from error
        except psycopg.Error as error:
            wrong = isinstance(error, psycopg.ProgrammingError) and not isinstance(
                error, psycopg.errors.InsufficientPrivilege
            )
            raise StoreError(self._why(error), "invalid" if wrong else "unusable") from error

    def _why(self, error: Exception) -> str:
        return self._address.hide(_first_line(error))

    def tables(self) -> set[str]:
        """Return the names of the tables and views in the schema."""
        query = (
            "select c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = "
            "c.relnamespace where n.nspname = :schema and c.relkind in ('r', 'p', 'v', 'm', 'f')"
        )
        return {name for (name,) in self.rows(query, schema=self._address.schema)}

    def prepare(self) -> None:
        """Create the schema if it is missing."""
        known = "select 1 from pg_catalog.pg_namespace where nspname = :schema"
        if not list(self.rows(known, schema=self._address.schema)):
            name = self._address.schema.replace('"', '""')
            with self._reported():
                self._db.execute(f'create schema if not exists "{name}"'.encode())

    def begin(self) -> None:
        """Open a transaction, which is sent with its first query or its commit."""
        self._in_transaction = True

    def commit(self) -> None:
        """Send all statements of the transaction with its commit, and wait until it is on disk."""
        self._send(last="commit")
        self._in_transaction = self._begun = False

    def _send(self, last: str | None = None) -> None:
        """Send the pending statements in one round trip."""
        pending, self._pending = self._pending, []
        with self._reported(), self._db.pipeline(), self._db.cursor() as cursor:
            if not self._begun:
                cursor.execute("begin")
                self._begun = True
            for sql, values in pending:
                cursor.execute(_translated(sql), values)
            if last is not None:
                cursor.execute(last.encode())

    def run(self, sql: str, /, **values: object) -> None:
        """Add a statement to the transaction; outside of one, run it at once."""
        self._pending.append((sql, _stored(values)))
        if not self._in_transaction:
            self.commit()
        elif len(self._pending) >= _MAX_PENDING:
            self._send()

    def run_many(self, sql: str, rows: Iterable[Mapping[str, object]], /) -> None:
        """Add a statement for each row to the transaction."""
        for values in rows:
            self.run(sql, **values)

    def rows(self, sql: str, /, **values: object) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query, some thousand per round trip."""
        alone = not self._in_transaction
        if self._in_transaction:
            self._send()
        with self._reported():
            if alone:
                self._db.execute("begin transaction isolation level repeatable read")
            try:
                with self._db.cursor("ledger_rows") as cursor:
                    cursor.itersize = _PAGE
                    cursor.execute(_translated(sql), _stored(values))
                    for row in cursor:
                        yield tuple(_restored(value) for value in row)
            finally:
                if alone and not self._db.closed:
                    self._db.execute("rollback")

    def compact(self) -> None:
        """Leave it to PostgreSQL, which removes deleted content on its own schedule."""

    def close(self) -> None:
        """End the connection, which releases the lock."""
        with suppress(Exception):  # the connection may be lost, and the outcome of the run is known
            self._db.close()


def lock_key(schema: str) -> int:
    """Return the number of the advisory lock of a ledger; PostgreSQL's locks are per database."""
    digest = hashlib.blake2b(f"target-pipedrive ledger {schema}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _connect(address: LedgerUrl) -> psycopg.Connection[Any]:
    """Return a connection that commits every statement outside of a transaction."""
    try:
        import psycopg  # noqa: PLC0415  an optional dependency
        from psycopg.conninfo import conninfo_to_dict, make_conninfo  # noqa: PLC0415  the same
    except ImportError as error:
        raise ConfigError(
            "ledger_url needs a driver for PostgreSQL: install pipedrive-singer with its extra `postgres`, "
            "as in pip install 'pipedrive-singer[postgres]'."
        ) from error
    try:
        given = conninfo_to_dict(address.url)
    except psycopg.Error as error:
        why = address.hide(_first_line(error))
        if "percent" in why:  # the message contains the password
            why = "special characters of the password must be percent-encoded"
        raise ConfigError(f"ledger_url {address.shown} is not a valid URL ({why}).") from error
    try:
        return psycopg.connect(make_conninfo("", **{**_CONNECTION, **given}), autocommit=True)
    except psycopg.Error as error:
        raise StoreError(address.hide(_first_line(error))) from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__


@lru_cache(maxsize=256)
def _translated(sql: str) -> bytes:
    """Return a statement with the placeholders of the driver."""
    return _NAME.sub(r"%(\1)s", sql).encode()


def _stored(values: Mapping[str, object]) -> Mapping[str, object]:
    """Return values as PostgreSQL can store them."""
    for value in values.values():
        if isinstance(value, str) and ("\0" in value or _ESCAPE in value):
            return {name: _escaped(one) if isinstance(one, str) else one for name, one in values.items()}
    return values


def _escaped(text: str) -> str:
    return text.replace(_ESCAPE, f"{_ESCAPE}1").replace("\0", f"{_ESCAPE}0")


def _restored(value: object) -> object:
    """Return a stored value as it was before."""
    if isinstance(value, str) and _ESCAPE in value:
        return _ESCAPED.sub(lambda match: "\0" if match[1] == "0" else _ESCAPE, value)
    return value
