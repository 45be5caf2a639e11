"""Outcomes of records and results of writes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipedrive_client import PipedriveError
    from target_pipedrive.record.errors import Fault


class Outcome(StrEnum):
    """Outcomes of a record."""

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
        outcome: outcome of the record.
        id: Pipedrive id of the row, if there is one.
        changed: names of the fields that were sent because they differed.
        note: remark for the results.
        fault: reason of the failure; None without a failure.
        cause: error of Pipedrive or of the connection, if that is the reason.
        not_taken: columns that were sent but not changed by Pipedrive.
        kept: columns that the record empties but Pipedrive cannot.
        links: entity, external id and id of further links for the ledger.
        name: name of the row, as far as it is known.
        before: values of the changed columns before the write; None if they were not read, or are not shown.
        after: values that were written; None if nothing was, or they are not shown.
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
    name: str = ""
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None

    @property
    def error(self) -> str:
        """Message of the failure; empty without a failure."""
        return self.fault.sentence() if self.fault is not None else ""
