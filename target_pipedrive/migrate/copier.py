"""Records of another account: dependencies, completion, and records that are not copied.

A record waits for the rows that it references. A row that is to be archived is added open, and archived at
the end of the run, because nothing can be added to an archived one. A row that is not copied (deleted there,
or not added here) is stored as such, so that records which reference it are written without it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import msgspec

from pipedrive_client import Rejected
from target_pipedrive.ids.id_map import NOWHERE
from target_pipedrive.ids.resolve import AFTER_SIBLINGS, AT_THE_END, NotYet
from target_pipedrive.mapping.row_key import fill_matches
from target_pipedrive.migrate.filter_conditions import Conditions
from target_pipedrive.record.errors import SkipRecord
from target_pipedrive.record.outcome import Outcome, Result
from target_pipedrive.record.row import is_archived

if TYPE_CHECKING:
    from target_pipedrive.custom_fields.registry import FieldRegistry
    from target_pipedrive.ids.id_map import Links
    from target_pipedrive.lookup.foreign_keys import ForeignKeys
    from target_pipedrive.mapping.entity import EntityPlan
    from target_pipedrive.migrate.field_definitions import FieldWriter
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.row import Row
    from target_pipedrive.record.task import Task
    from target_pipedrive.write.writer import RecordWriter


class _Line(msgspec.Struct):
    """A RECORD message, as far as it is needed to translate it again."""

    record: dict[str, object]


_decode_line = msgspec.json.Decoder(_Line).decode
_OPEN = frozenset({"is_archived", "archive_time"})


class WritesRows(Protocol):
    """Finds, adds and changes rows."""

    def bring(self, task: Task, plan: EntityPlan, draft: Draft, notes: str) -> Result:
        """Add or change the row."""

    def find(self, task: Task, plan: EntityPlan, draft: Draft) -> tuple[str | None, Row | None]:
        """Return id and row of the record."""


class Copier:
    """Performs records of another account.

    Args:
        row_writer: writes rows.
        definitions: writes field definitions.
        writer: knows the company of this account.
        links: rows by external id.
        registry: custom fields.
        foreign_keys: fills references.
    """

    def __init__(
        self,
        row_writer: WritesRows,
        definitions: FieldWriter,
        writer: RecordWriter,
        links: Links,
        registry: FieldRegistry,
        foreign_keys: ForeignKeys,
    ) -> None:
        self._row_writer = row_writer
        self._writer = writer
        self._links = links
        self._foreign_keys = foreign_keys
        self._conditions = Conditions(links, registry)
        self._definitions = definitions

    def perform(self, task: Task, plan: EntityPlan, draft: Draft) -> tuple[Result, NotYet | None]:
        """Write the row, without parts that reference rows not written yet.

        Returns:
            The outcome, and the reference that the record still waits for.

        Raises:
            NotYet: nothing can be written yet.
            RecordFault: the record cannot be written as it is.
            PipedriveError: a request failed.
        """
        try:
            return self._bring(task, plan, draft)
        except Rejected as error:
            if plan.spec.after is None or AFTER_SIBLINGS in task.given_up:
                raise
            raise NotYet(*AFTER_SIBLINGS) from error
        except SkipRecord as skipped:
            return Result(outcome=Outcome.SKIPPED, note=str(skipped)), None

    def _bring(self, task: Task, plan: EntityPlan, draft: Draft) -> tuple[Result, NotYet | None]:
        if draft.late is not None:
            draft = self._translate_again(task, plan)
        self._know_company(task, draft)
        notes, later = self._foreign_keys.fill(task, plan, draft)
        _check_belongs(plan, draft)
        if plan.spec.chosen_key:
            if draft.body.get(plan.spec.key) is None:
                raise SkipRecord(f"names a {plan.spec.key} that is not copied")
            draft.id = str(draft.body[plan.spec.key])
        if plan.spec.conditions is not None:
            self._conditions.translate(task, draft, plan.spec.conditions)
        fill_matches(plan, draft)
        if plan.spec.definitions:
            return self._definitions.bring(task, plan, draft, notes), later
        to_archive = draft.body.get("is_archived") is True or draft.facts.get("is_archived") is True
        if not to_archive or AT_THE_END in task.given_up:
            return self._row_writer.bring(task, plan, draft, notes), later
        result, waits = self._bring_open(task, plan, draft, notes)
        return result, later or (NotYet(*AT_THE_END) if waits else None)

    def _bring_open(self, task: Task, plan: EntityPlan, draft: Draft, notes: str) -> tuple[Result, bool]:
        """Write a row that is to be archived, still open, and return whether it is to be archived later."""
        row_id, row = self._row_writer.find(task, plan, draft)
        if row_id is not None and row is not None and is_archived(row):
            return self._row_writer.bring(task, plan, draft, notes), False
        body = {name: one for name, one in draft.body.items() if name not in _OPEN}
        facts = {name: one for name, one in draft.facts.items() if name not in _OPEN}
        return self._row_writer.bring(task, plan, replace(draft, body=body, facts=facts), notes), True

    def _translate_again(self, task: Task, plan: EntityPlan) -> Draft:
        """Return the record with the custom fields that did not exist here when it was received."""
        missing = plan.bind_late(last=False)
        if missing is not None and missing in task.given_up:
            missing = plan.bind_late(last=True)
        if missing is not None:
            raise NotYet(*missing)
        task.draft = plan.draft(_decode_line(task.line).record)
        return task.draft

    def _know_company(self, task: Task, draft: Draft) -> None:
        """Link the other account's company, which goals name, to this one."""
        for one in draft.references:
            if one.entity == "companies" and self._links.get("companies", one.external_id) is None:
                self._links.put("companies", one.external_id, self._writer.company_id(task), task.stream)

    def left_out(self, task: Task, plan: EntityPlan, draft: Draft, result: Result) -> Result:
        """Note that a row of the other account has no row here, so that nothing waits for it."""
        name, external_id = plan.spec.name, draft.external_id
        if external_id is None or plan.spec.chosen_key or plan.needs_file:
            return result
        if self._links.get(name, external_id) is not None:
            return result
        self._links.put(name, external_id, NOWHERE, task.stream)
        return replace(result, links=((name, external_id, NOWHERE),))


def _check_belongs(plan: EntityPlan, draft: Draft) -> None:
    """Skip a record that belongs only to rows which are not copied.

    Raises:
        SkipRecord: all of them are not copied.
    """
    names = plan.spec.hangs_on.split()
    if not names or any(draft.body.get(name) is not None for name in names):
        return
    if any(one.column in names for one in draft.references):
        raise SkipRecord("belongs to nothing that is copied")
