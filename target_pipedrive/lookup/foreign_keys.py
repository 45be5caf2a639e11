"""Foreign keys of a record: replaced by ids, whether given by external id or by natural key."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from target_pipedrive.ids.resolve import NotYet, fill_references
from target_pipedrive.mapping.columns.references import CREATABLE

if TYPE_CHECKING:
    from target_pipedrive.ids.id_map import Links
    from target_pipedrive.ids.resolve import Created
    from target_pipedrive.lookup.reference_finder import ReferenceFinder
    from target_pipedrive.mapping.stream import Plan
    from target_pipedrive.record.draft import Draft, Reference
    from target_pipedrive.record.task import Task


class Creates(Protocol):
    """Adds rows that records name by natural key."""

    def create(self, reference: Reference, task: Task) -> Created:
        """Return the added row."""


class ForeignKeys:
    """Fills the foreign keys of records.

    Args:
        links: rows by external id.
        finder: finds rows by natural key.
        creator: adds missing rows; None if none may be added.
        leave_out: True to omit references to rows that were not received, if possible.
    """

    def __init__(
        self, links: Links, finder: ReferenceFinder, creator: Creates | None, *, leave_out: bool
    ) -> None:
        self._links = links
        self._finder = finder
        self._creator = creator
        self._leave_out = leave_out

    def row_id(self, reference: Reference, *, stream: str, last: bool = True) -> str | None:
        """Return the id of the row that a reference names, or None if it is not known."""
        if reference.key:
            return self._finder.find(reference, stream, last=last)
        return self._links.get(reference.entity, reference.external_id)

    def fill(
        self, task: Task, plan: Plan, draft: Draft, *, complete: bool = False, ahead: bool = False
    ) -> tuple[str, NotYet | None]:
        """Replace the references of a record by ids; see `fill_references`.

        Args:
            task: the record's task.
            plan: plan of its stream.
            draft: the record with its references.
            complete: True if no reference may be omitted, regardless of the settings.
            ahead: True if nothing may be created, because the record is only planned.
        """
        if not (draft.references or draft.lists or draft.lists_of_rows):
            return "", None

        def create(reference: Reference) -> Created:
            if ahead or self._creator is None:
                raise NotYet(reference.entity, reference.external_id)
            return self._creator.create(reference, task)

        return fill_references(
            draft,
            self._links,
            task.given_up,
            plan.names.name,
            partial(self.row_id, stream=task.stream),
            create,
            creatable=CREATABLE if self._creator is not None else (),
            leave_out=self._leave_out and not complete,
        )
