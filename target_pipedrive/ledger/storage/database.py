"""Interface of the databases that can store a ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Problem = Literal["busy", "unusable", "invalid"]
"""In use by another run; cannot be opened or reached; content that is not a ledger."""


class StoreError(Exception):
    """Failure of the database.

    Attributes:
        problem: kind of the failure.
    """

    def __init__(self, why: str, problem: Problem = "unusable") -> None:
        super().__init__(why)
        self.problem: Problem = problem


class Database(Protocol):
    """An open database, owned by this process until it is closed. Every method may raise `StoreError`.

    Statements are in the SQL that SQLite and PostgreSQL share, with `:name` for values.

    Attributes:
        shown: name of the ledger for messages, without a password.
        setting: name of the setting with its address.
        place: words for what distinguishes ledgers in the setting.
        advice: remedy if the database fails during a run.
        dialect: translations of words in `create table`, which is written for SQLite.
    """

    shown: str
    setting: str
    place: str
    advice: str
    dialect: Mapping[str, str]

    def tables(self) -> set[str]:
        """Return the names of the tables that exist."""

    def prepare(self) -> None:
        """Prepare the database for writing, after its content was found to be a ledger or empty."""

    def begin(self) -> None:
        """Open a transaction."""

    def commit(self) -> None:
        """Make all changes since `begin` durable."""

    def run(self, sql: str, /, **values: object) -> None:
        """Run a statement that changes something; within a transaction, at the latest with its commit."""

    def run_many(self, sql: str, rows: Iterable[Mapping[str, object]], /) -> None:
        """Run a statement for each of many rows, within a transaction."""

    def rows(self, sql: str, /, **values: object) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query, which includes the changes of an open transaction."""

    def compact(self) -> None:
        """Remove deleted content from the disk."""

    def close(self) -> None:
        """Release the database; never fails."""
