"""Resolution of references by external id to Pipedrive ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_pipedrive.record.errors import RecordFault, SkipRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from target_pipedrive.ids.id_map import Links
    from target_pipedrive.record.draft import Draft, Reference


AT_THE_END = ("", "the end of the run")
"""Reason to defer the archiving of a row: nothing can be added to it afterwards."""


AFTER_SIBLINGS = ("", "sibling rows")
"""Reason to defer a rejected row that may be accepted after other rows of its parent."""


class NotYet(Exception):  # noqa: N818 - a reason to defer, not an error
    """The record references a row that may still be received."""

    def __init__(self, entity: str, external_id: str) -> None:
        super().__init__(entity, external_id)
        self.entity = entity
        self.external_id = external_id


def fill_references(
    draft: Draft,
    links: Links,
    given_up: Collection[tuple[str, str]],
    name: Callable[[str], str],
    *,
    leave_out: bool = False,
) -> tuple[str, NotYet | None]:
    """Replace external ids in the record by the ids of the rows.

    Args:
        draft: the record with its references.
        links: the known external ids.
        given_up: entity and external id of rows that will not be received.
        name: returns the input's name of one of Pipedrive's columns.
        leave_out: True to omit references to rows that were not received, if possible.

    Returns:
        The omitted references, for the results; and the pending reference of a custom field, without which
        the rest can be written.

    Raises:
        NotYet: a row is not known, and may still be received.
        RecordFault: a row is not known.
        SkipRecord: the parent row is not copied.
    """
    left_out: list[str] = []
    later: NotYet | None = None
    for reference in draft.references:
        last = (reference.entity, reference.external_id) in given_up
        row_id = links.get(reference.entity, reference.external_id)
        if row_id is not None:
            reference.place[reference.column] = int(row_id) if row_id.isdigit() else row_id
        elif links.is_nowhere(reference.entity, reference.external_id):
            if reference.needed:
                raise SkipRecord(
                    f"belongs to {reference.entity} {reference.external_id}, which is not copied"
                )
            left_out.append(
                f"{name(_column(reference))} left out: {reference.entity} {reference.external_id} "
                "is not copied"
            )
        elif reference.soft and not last:
            later = later or NotYet(reference.entity, reference.external_id)
        elif not last:
            raise NotYet(reference.entity, reference.external_id)
        elif reference.word:
            reference.place[reference.column] = reference.external_id
        elif leave_out and reference.needed:
            raise SkipRecord(f"belongs to {reference.entity} {reference.external_id}, which was not received")
        elif reference.optional or leave_out:
            left_out.append(
                f"{name(_column(reference))} left out: {reference.entity} {reference.external_id} "
                "is not linked"
            )
        else:
            raise RecordFault(
                f"references {reference.entity} {reference.external_id}, which is not in this ledger: "
                "load that record too, or omit the column",
                fields=(_column(reference),),
            )
    for column, place, slots in draft.lists:
        place[column] = [one for one in slots if one is not None]
    for kept, entries in draft.lists_of_rows:
        kept[:] = [one for one in entries if not isinstance(one, dict) or set(one) - {"primary"}]
    return "; ".join(left_out), later


def _column(reference: Reference) -> str:
    """Return the column of the body, or the key of the custom field, with a reference."""
    return reference.field or reference.column
