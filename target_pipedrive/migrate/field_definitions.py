"""Field definitions of another account: custom ones, and built-in ones, which only get missing labels.

They are written before any value of theirs, with all their options.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pipedrive_client.fields import parse_definition
from target_pipedrive.custom_fields.options import label_key, may_grow, options_of
from target_pipedrive.ids.provisional import ProvisionalId
from target_pipedrive.record.draft import Draft
from target_pipedrive.record.errors import RecordFault, SkipRecord
from target_pipedrive.record.outcome import Outcome, Result
from target_pipedrive.values import compare

if TYPE_CHECKING:
    from target_pipedrive.account.rows import Rows
    from target_pipedrive.custom_fields.registry import FieldRegistry
    from target_pipedrive.ids.id_map import Links
    from target_pipedrive.mapping.entity import EntityPlan
    from target_pipedrive.record.row import Row
    from target_pipedrive.record.task import Task
    from target_pipedrive.write.writer import RecordWriter


class FieldWriter:
    """Writes field definitions.

    Args:
        writer: sends.
        rows: reads definitions.
        links: rows by external id.
        registry: custom fields of this account.
    """

    def __init__(self, writer: RecordWriter, rows: Rows, links: Links, registry: FieldRegistry) -> None:
        self._writer = writer
        self._rows = rows
        self._links = links
        self._registry = registry

    def bring(self, task: Task, plan: EntityPlan, draft: Draft, notes: str) -> Result:
        """Add or change the definition, and link the field and its options to those of the other account.

        Raises:
            RecordFault: the ledger names a field that was deleted; or it is a built-in field that this
                account does not have.
            SkipRecord: the latter, if missing references are left out.
            PipedriveError: a request failed.
        """
        rows = self._rows.listed(plan.spec, {}, task.stream)
        if not draft.facts.get("is_custom_field"):
            key = draft.external_id or ""
            if key not in rows:
                why = "is a built-in field of Pipedrive, and this account has no field with that key"
                if plan.options.leave_out_missing:
                    raise SkipRecord(why)
                raise RecordFault(f"{why}; omit it, or set missing_references to leave_out")
            grows = plan.options.create_options and may_grow(
                plan.spec.definitions or "", parse_definition(rows[key])
            )
            row, added = self._with_options(task, plan, draft, key) if grows else (rows[key], False)
            outcome, changed = (Outcome.UPDATED, ("options",)) if added else (Outcome.UNCHANGED, ())
            return self._linked(task, plan, draft, Result(outcome=outcome, id=key, changed=changed), row)
        found = self._find(plan, draft, rows)
        if found is None:
            return self._add(task, plan, draft, notes)
        row, added = self._with_options(task, plan, draft, found)
        result = self._update(task, plan, draft, found, row, notes)
        if added:
            result = replace(result, outcome=Outcome.UPDATED, changed=(*result.changed, "options"))
        return self._linked(task, plan, draft, result, row)

    def _with_options(self, task: Task, plan: EntityPlan, draft: Draft, key: str) -> tuple[Row, bool]:
        """Add the options that a field lacks; returns the field, and whether any were added."""
        row = self._rows.listed(plan.spec, {}, task.stream)[key]
        labels = [label for _, label in options_of(draft.facts)]
        held = {label_key(label) for _, label in options_of(row)}
        if plan.spec.definitions is None or all(label_key(label) in held for label in labels):
            return row, False
        self._registry.add_options(plan.spec.definitions, key, labels)
        self._rows.forget(plan.spec)
        return self._rows.listed(plan.spec, {}, task.stream)[key], True

    def _find(self, plan: EntityPlan, draft: Draft, rows: Mapping[str, Row]) -> str | None:
        """Return the code of the field here: the linked one, or one of the same name that is not linked."""
        name, external_id = plan.spec.name, draft.external_id or ""
        known = self._links.get(name, external_id)
        if known is not None and known not in rows and not isinstance(known, ProvisionalId):
            raise RecordFault(
                f"is linked to {name} {known} in the ledger, which does not exist any more; to create it "
                f"again, run `target-pipedrive ledger forget {name} {external_id}`"
            )
        if known is not None:
            return known if known in rows else None
        same = ("field_name", "field_type")
        return next(
            (
                code
                for code, row in rows.items()
                if row.get("is_custom_field")
                and all(row.get(one) == draft.body.get(one) for one in same)
                and not self._links.is_taken(name, code, external_id)
            ),
            None,
        )

    def _add(self, task: Task, plan: EntityPlan, draft: Draft, notes: str) -> Result:
        action = plan.add
        if action is None:
            raise RecordFault("cannot be created, because the API of Pipedrive has no create for it")
        body = {
            name: value
            for name, value in draft.body.items()
            if name in action.body_columns and value not in compare.EMPTY_VALUES
        }
        done = self._writer.send(task, action, replace(draft, body=body), plan.spec)
        self._rows.forget(plan.spec)
        self._registry.forget(plan.spec.definitions or "")
        row = done.data if isinstance(done.data, Mapping) else {}
        result = Result(outcome=Outcome.CREATED, id=done.id, note="; ".join(filter(None, (done.note, notes))))
        return self._linked(task, plan, draft, result, row)

    def _update(self, task: Task, plan: EntityPlan, draft: Draft, key: str, row: Row, notes: str) -> Result:
        action = plan.update
        columns = action.body_columns if action else {}
        body = {name: value for name, value in draft.body.items() if name in columns}
        changed = compare.differing(body, row, columns)
        if action is None or not changed:
            return Result(outcome=Outcome.UNCHANGED, id=key, note=notes)
        self._writer.send(task, action, Draft(path={plan.spec.key: key}, body=changed), plan.spec)
        self._rows.forget(plan.spec)
        return Result(outcome=Outcome.UPDATED, id=key, changed=tuple(changed), note=notes)

    def _linked(self, task: Task, plan: EntityPlan, draft: Draft, result: Result, row: Row) -> Result:
        """Link the field and its options, which are matched by their labels."""
        there, code = draft.external_id or "", result.id or ""
        here = {label_key(label): number for number, label in options_of(row)}
        entity = f"{plan.spec.definitions}_field_options"
        links = tuple(
            (entity, f"{there}:{number}", str(here[label_key(label)]))
            for number, label in options_of(draft.facts)
            if label_key(label) in here
        )
        for one in links:
            self._links.put(*one, task.stream)
        self._links.put(plan.spec.name, there, code, task.stream)
        return replace(result, links=links)
