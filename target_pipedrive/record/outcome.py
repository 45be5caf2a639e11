"""Outcomes of records and results of writes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipedrive_client import PipedriveError
    from target_pipedrive.record.errors import Fault


class Outcome(StrEnum):
    """How a record ended."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    MERGED = "merged"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(slots=True, kw_only=True)
class Result:
    """The outcome of one record.

    Attributes:
        outcome: how it ended.
        id: Pipedrive id of the row, where there is one.
        changed: names of the fields that were sent because they differed.
        note: what the reader of the results should know.
        fault: why it failed; None when it did not.
        cause: what Pipedrive or the connection did, when that is why it failed.
        not_taken: columns that were sent and that Pipedrive left as they were.
        kept: columns that the record empties and Pipedrive cannot.
        links: entity, external id and id of what else the ledger is to remember.
    """

    outcome: Outcome
    id: str | None = None
    changed: tuple[str, ...] = ()
    note: str = ""
    fault: Fault | None = None
    cause: PipedriveError | None = None
    not_taken: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    links: tuple[tuple[str, str, str], ...] = ()

    @property
    def error(self) -> str:
        """The sentence of a failure; empty when there is none."""
        return self.fault.sentence() if self.fault is not None else ""
