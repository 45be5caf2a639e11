"""Tables of a ledger, and checks that a database is a valid ledger."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipedrive_client import ConfigError
from target_pipedrive.ledger.storage.database import StoreError
from target_pipedrive.ledger.storage.postgres import PostgresSchema
from target_pipedrive.ledger.storage.sqlite_file import SqliteFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_pipedrive.ledger.storage.database import Database
    from target_pipedrive.settings.address import Address

VERSION = 2
OLDEST = 1
"""Version that stored external ids as received."""
TABLES = ("links", "writes", "meta")
"""Tables that every ledger has; the others were added later."""
COLUMNS = {
    "links": ("entity", "external_id", "id", "stream", "linked_at"),
    "writes": ("identity", "stream", "action", "state", "id", "begun_at", "ended_at"),
    "forms": ("entity", "id", "name", "sent", "held", "taken"),
    "days": ("day", "tokens"),
    "parents": ("entity", "external_id", "parent"),
}
"""Columns of the tables with content."""
KEYS = {
    "links": "entity, external_id",
    "writes": "identity",
    "forms": "entity, id, name",
    "days": "day",
    "parents": "entity, external_id",
}
"""Columns that identify a row."""
_CHILD_TIME = "child_written_at"
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
create table if not exists days (day text primary key, tokens bigint not null) without rowid;
create table if not exists parents (
    entity text not null, external_id text not null, parent text not null,
    primary key (entity, external_id)) without rowid;
"""


def open_database(address: Address | None, *, read_only: bool = False) -> Database:
    """Open the database of a ledger, in memory without an address.

    Raises:
        StoreError: it is in use, or cannot be opened.
    """
    if address is None or isinstance(address, Path):
        return SqliteFile(address)
    return PostgresSchema(address, read_only=read_only)


def _kind(address: Address | None) -> type[Database]:
    return SqliteFile if address is None or isinstance(address, Path) else PostgresSchema


@contextmanager
def readable(address: Address | None) -> Iterator[None]:
    """Convert errors while opening and reading to messages about the ledger."""
    kind = _kind(address)
    try:
        yield
    except (StoreError, ValueError) as error:  # ValueError: an unknown state
        problem = error.problem if isinstance(error, StoreError) else "invalid"
        if problem == "busy":
            raise ConfigError(
                f"The ledger {address} is in use by another run of target-pipedrive. Wait for it to end, or "
                f"give each pipeline its own {kind.place}."
            ) from error
        if problem == "unusable":
            raise ConfigError(
                f"The ledger {address} cannot be opened: {error}. Check {kind.setting} and its permissions."
            ) from error
        raise ConfigError(
            f"{kind.setting} {address} is not a valid ledger of target-pipedrive ({error}). Restore it from "
            f"a backup, or name another {kind.place}."
        ) from error


def is_ledger(db: Database, account: str | None) -> bool:
    """Return whether the database is a ledger of the account; False if it is empty, and may become one.

    The database is not changed, whatever it contains.

    Raises:
        ConfigError: it belongs to another program, account or release.
    """
    found = db.tables()
    if not found:
        return False
    if not found.issuperset(TABLES):
        raise ConfigError(
            f"{db.setting} {db.shown} contains tables of another program ({', '.join(sorted(found)[:3])}), "
            f"not a ledger; name another {db.place}."
        )
    known = meta(db)
    if account is not None and known.get("account", account) != account:
        raise ConfigError(
            f"The ledger {db.shown} belongs to {known['account']}, not to {account}: give this account "
            f"its own {db.place}."
        )
    if known.get("version", str(VERSION)) not in (str(OLDEST), str(VERSION)):
        raise ConfigError(
            f"The ledger {db.shown} was written by another release (version {known['version']}); use that "
            f"release or another {db.place}."
        )
    return True


def meta(db: Database) -> dict[str, str]:
    """Return the values of the ledger itself, such as its version and its account."""
    return {name: value for name, value in db.rows("select name, value from meta")}  # noqa: C416  of strings


def keep_meta(db: Database, name: str, value: str) -> None:
    """Store a value of the ledger itself."""
    db.run(
        "insert into meta values (:name, :value) on conflict (name) do update set value = excluded.value",
        name=name,
        value=value,
    )


def child_time(db: Database) -> float:
    """Return when a row was written last whose parent Pipedrive recomputes, in seconds since 1970."""
    return float(meta(db).get(_CHILD_TIME, 0))


def keep_child_time(db: Database, moment: float) -> None:
    """Store the time that `child_time` returns."""
    keep_meta(db, _CHILD_TIME, str(moment))


def check_creatable(address: Address | None, *, create: bool) -> None:
    """Check that a missing ledger may be created.

    Raises:
        ConfigError: it must exist.
    """
    if not create:
        raise ConfigError(
            f"No ledger at {address}: set --ledger, or --config with ledger_path or ledger_url. A run "
            "creates it."
        )


def create_tables(db: Database) -> None:
    """Create missing tables, within a transaction."""
    script = _SCHEMA
    for word, translation in db.dialect.items():
        script = script.replace(word, translation)
    for statement in script.split(";"):
        if statement.strip():
            db.run(statement)


def copy_content(source: Database, sink: Database) -> None:
    """Copy all rows of all tables to an empty ledger, within a transaction of it."""
    existing = source.tables()
    for table, columns in COLUMNS.items():
        if table in existing:
            _copy_table(source, sink, table, columns)


def _copy_table(source: Database, sink: Database, table: str, columns: tuple[str, ...]) -> None:
    names = ", ".join(columns)
    values = ", ".join(f":{column}" for column in columns)
    rows = source.rows(f"select {names} from {table}")  # noqa: S608  our own names
    sink.run_many(
        f"insert into {table} ({names}) values ({values})",  # noqa: S608  our own names
        (dict(zip(columns, row, strict=True)) for row in rows),
    )
