"""Resolution of references by external id to Pipedrive ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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


class Created(NamedTuple):
    """A row that was created because a record names it.

    Attributes:
        id: its id.
        note: remark for the results of the record that created it; empty for other records.
    """

    id: str
    note: str = ""


def fill_references(
    draft: Draft,
    links: Links,
    given_up: Collection[tuple[str, str]],
    name: Callable[[str], str],
    find: Callable[..., str | None],
    create: Callable[[Reference], Created],
    *,
    creatable: Collection[str] = (),
    leave_out: bool = False,
) -> tuple[str, NotYet | None]:
    """Replace external ids in the record by the ids of the rows.

    Args:
        draft: the record with its references.
        links: the known external ids.
        given_up: entity and external id of rows that will not be received.
        name: returns the input's name of one of Pipedrive's columns.
        find: returns the id of the row that a reference names, or None if it is not known; with `last`, no
            such row will be received.
        create: adds the row that a reference names.
        creatable: entities whose rows it may add.
        leave_out: True to omit references to rows that were not received, if possible.

    Returns:
        The omitted references and the created rows, for the results; and the pending reference of a custom
        field, without which the rest can be written.

    Raises:
        NotYet: a row is not known, and may still be received.
        RecordFault: a row is not known.
        SkipRecord: the parent row is not copied.
    """
    notes: list[str] = []
    missing: list[Reference] = []
    later: NotYet | None = None
    for reference in draft.references:
        last = (reference.entity, reference.external_id) in given_up
        row_id = find(reference, last=last)
        if row_id is not None:
            _put(reference, row_id)
        elif links.is_nowhere(reference.entity, reference.external_id):
            notes.append(_not_copied(reference, name))
        elif not last:
            not_yet = NotYet(reference.entity, reference.external_id)
            if not reference.soft:
                raise not_yet
            later = later or not_yet
        elif reference.word:
            reference.place[reference.column] = reference.external_id
        elif reference.key and reference.entity in creatable and reference.place is not draft.path:
            missing.append(reference)  # created only if nothing else is missing
        else:
            notes.append(_left_out(reference, name, leave_out=leave_out))
    for reference in missing:
        made = create(reference)
        _put(reference, made.id)
        notes += [f"{reference.source}: {made.note}"] if made.note else []
    _close_gaps(draft)
    return "; ".join(notes), later


def _close_gaps(draft: Draft) -> None:
    """Remove the empty entries that omitted references left in lists."""
    for column, place, slots in draft.lists:
        place[column] = [one for one in slots if one is not None]
    for kept, entries in draft.lists_of_rows:
        kept[:] = [one for one in entries if not isinstance(one, dict) or set(one) - {"primary"}]


def _not_copied(reference: Reference, name: Callable[[str], str]) -> str:
    """Return the note of a reference to a row that is not copied.

    Raises:
        SkipRecord: the record is meaningless without the row.
    """
    if reference.needed:
        raise SkipRecord(f"belongs to {reference.entity} {reference.external_id}, which is not copied")
    return f"{name(_column(reference))} left out: {reference.entity} {reference.external_id} is not copied"


def _left_out(reference: Reference, name: Callable[[str], str], *, leave_out: bool) -> str:
    """Return the note of a reference that is omitted, because no row of it was received.

    Raises:
        RecordFault: it must not be omitted.
        SkipRecord: the record is meaningless without the row.
    """
    if leave_out and reference.needed:
        raise SkipRecord(f"belongs to {_named(reference)}, which was not received")
    if not reference.optional and not leave_out:
        raise _missing(reference)
    return (
        f"{name(_column(reference))} left out: {_named(reference)} "
        f"{'was not found' if reference.key else 'is not linked'}"
    )


def _put(reference: Reference, row_id: str) -> None:
    reference.place[reference.column] = int(row_id) if row_id.isdigit() else row_id


def _column(reference: Reference) -> str:
    """Return the column of the input or of the body, or the key of the custom field, with a reference."""
    return reference.source or reference.field or reference.column


def _named(reference: Reference) -> str:
    """Return the name of the other row for a message; values of natural keys may be personal."""
    if reference.key:
        return f"one of the {reference.entity} by {reference.key}"
    return f"{reference.entity} {reference.external_id}"


def _missing(reference: Reference) -> RecordFault:
    """Return the error of a reference whose row is not known."""
    if reference.key:
        return reference.fault(
            f"is not {reference.key_of_one} in Pipedrive: correct it, create the {reference.one} there "
            "first, or use the id"
        )
    return reference.fault(
        f"references {_named(reference)}, which is not in this ledger: load that record too, or omit the "
        "column"
    )
