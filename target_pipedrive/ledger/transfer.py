"""Copy of a ledger to another place: from a file to a database, or back."""

from __future__ import annotations

from contextlib import closing
from itertools import zip_longest
from typing import TYPE_CHECKING

from pipedrive_client import ConfigError, OutputFailed
from target_pipedrive.ledger.schema import COLUMNS, KEYS, copy_content, meta, readable
from target_pipedrive.ledger.store import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_pipedrive.ledger.storage.database import Database
    from target_pipedrive.settings.address import Address


def copy_ledger(source: Address, sink: Address) -> dict[str, int]:
    """Copy a ledger, compare every row of the copy, and return the number of rows of each table.

    Raises:
        ConfigError: the source is not a ledger, the destination is not empty, or one of them is in use.
        OutputFailed: the copy differs.
    """
    with closing(Ledger(source, account=None, create=False)) as original:
        with closing(Ledger(sink, account=None)) as copy, readable(sink):
            _check_empty(copy)
            account = meta(original.database).get("account")
            copy.begin()
            copy_content(original.database, copy.database)
            if account is not None:
                copy.database.run("insert into meta values ('account', :account)", account=account)
            copy.commit()
        with closing(Ledger(sink, account=account, create=False)) as copy:
            return {table: _compare(original, copy, table) for table in COLUMNS}


def _check_empty(ledger: Ledger) -> None:
    filled = [table for table in COLUMNS if next(_rows(ledger.database, table), None) is not None]
    if filled or "account" in meta(ledger.database):
        raise ConfigError(
            f"{ledger.address} already contains a ledger. Name a file or schema that does not exist or is "
            "empty."
        )


def _compare(original: Ledger, copy: Ledger, table: str) -> int:
    """Return the number of rows of a table, after comparing them one by one."""
    count = 0
    for wanted, found in zip_longest(_rows(original.database, table), _rows(copy.database, table)):
        if wanted != found:
            raise OutputFailed(
                f"The copy {copy.address} differs from {original.address} in the table {table}. Delete the "
                "copy and repeat the command; the original is unchanged."
            )
        count += 1
    return count


def _rows(database: Database, table: str) -> Iterator[tuple[object, ...]]:
    """Yield the rows of a table, in the order of its key."""
    return database.rows(f"select {', '.join(COLUMNS[table])} from {table} order by {KEYS[table]}")  # noqa: S608  our own names
