"""Ids of rows that a record names by external id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_pipedrive.faults import RecordFault

if TYPE_CHECKING:
    from target_pipedrive.links import Links
    from target_pipedrive.tasks import Draft


class NotYet(Exception):  # noqa: N818 - a reason to wait, not an error
    """The record points at a row that may still come."""

    def __init__(self, entity: str, external_id: str) -> None:
        super().__init__(entity, external_id)
        self.entity = entity
        self.external_id = external_id


def fill_references(draft: Draft, links: Links, *, last: bool) -> tuple[str, NotYet | None]:
    """Put the ids of rows that the record names by external id.

    Args:
        draft: what waits for ids.
        links: what is known by now.
        last: whether nothing more will come.

    Returns:
        What was left out, for the results; and what a custom field waits for, which is no reason not to write
        the rest.

    Raises:
        NotYet: a row is not known, and may still come.
        RecordFault: a row is not known.
    """
    left_out: list[str] = []
    later: NotYet | None = None
    for reference in draft.references:
        row_id = links.get(reference.entity, reference.external_id)
        if row_id is not None:
            reference.place[reference.column] = int(row_id) if row_id.isdigit() else row_id
        elif reference.soft and not last:
            later = later or NotYet(reference.entity, reference.external_id)
        elif reference.optional:
            left_out.append(
                f"{reference.column} left out: {reference.entity} {reference.external_id} is not linked"
            )
        elif not last:
            raise NotYet(reference.entity, reference.external_id)
        else:
            raise RecordFault(
                f"{reference.column} points at {reference.entity} {reference.external_id}, which this ledger "
                "does not know: load it too, or leave the column out"
            )
    return "; ".join(left_out), later
