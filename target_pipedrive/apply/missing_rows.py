"""Outcomes of records whose row does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_pipedrive.ids.provisional import ProvisionalId
from target_pipedrive.mapping.row_key import key_columns
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.record.outcome import Outcome, Result

if TYPE_CHECKING:
    from target_pipedrive.mapping.entity import EntityPlan
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.task import Task
    from target_pipedrive.settings import Options
    from target_pipedrive.write.writer import RecordWriter


class MissingRows:
    """Decides what happens to such records.

    Args:
        writer: knows what a run that did not end wrote.
        options: `missing_rows`.
    """

    def __init__(self, writer: RecordWriter, options: Options) -> None:
        self._writer = writer
        self._options = options

    def not_found(self, plan: EntityPlan, draft: Draft, why: str) -> Result:
        """Return the outcome of a record that no row matches and that adds none.

        Raises:
            RecordFault: `missing_rows` is fail.
        """
        if self._options.skip_missing_rows:
            return Result(outcome=Outcome.SKIPPED, note=why)
        raise RecordFault(
            f"{why}, and this stream creates no {plan.spec.name}; set missing_rows to skip to skip such "
            "records",
            column=key_columns(plan, draft),
        )

    def gone(self, task: Task, plan: EntityPlan, draft: Draft, row_id: str) -> Result:
        """Return the outcome of a record that names a row which does not exist.

        Raises:
            RecordFault: the record is rejected; the message names the source of its id.
        """
        before = self._writer.done_before(task)
        if before is not None:
            return Result(outcome=Outcome.SKIPPED, id=row_id, note=before.note)
        if isinstance(row_id, ProvisionalId):
            return Result(outcome=Outcome.UPDATED, id=row_id)
        name = plan.spec.name
        if plan.write == "update" and self._options.skip_missing_rows:
            return Result(outcome=Outcome.SKIPPED, id=row_id, note=f"{name} {row_id} does not exist")
        if draft.id is not None:
            raise RecordFault(
                f"has {{columns}} {row_id}, which does not exist in this account (any more)",
                column=key_columns(plan, draft) or plan.spec.key,
            )
        if draft.external_id is not None:
            raise RecordFault(
                f"is linked to {name} {row_id} in the ledger, which does not exist any more. If it was "
                "merged, "
                f"link it to the remaining row with `target-pipedrive ledger relink {name} {row_id} ID`; to "
                f"create it again, run `target-pipedrive ledger forget {name} {draft.external_id}`",
                column=key_columns(plan, draft),
            )
        raise RecordFault(
            f"matches {name} {row_id} by {{columns}}, which does not exist any more",
            column=key_columns(plan, draft),
        )
