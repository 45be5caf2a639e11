"""What an update has to say: custom fields that differ, and what Pipedrive wants or cannot take besides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from target_pipedrive import compare
from target_pipedrive.custom_values import flat_form
from target_pipedrive.tasks import Outcome

if TYPE_CHECKING:
    from target_pipedrive.entity_plan import EntityPlan
    from target_pipedrive.rows import Row
    from target_pipedrive.spec import ActionSpec
    from target_pipedrive.tasks import Draft, Result

_EMPTY: tuple[object, ...] = (None, "", [], {})


def custom_changes(plan: EntityPlan, draft: Draft, row: Row) -> dict[str, object]:
    """Custom fields that the row does not hold as the record says them."""
    if not draft.custom:
        return {}
    if plan.spec.flat_custom_fields:
        known = {one.key: one for one in plan.book.definitions(plan.custom_fields or "")}
        return {
            key: value
            for key, value in draft.custom.items()
            if not all(
                compare.same_or_empty(part, row.get(name))
                for name, part in flat_form({key: value}, known).items()
            )
        }
    held = row.get("custom_fields")
    held = held if isinstance(held, Mapping) else {}
    return {
        key: value for key, value in draft.custom.items() if not compare.same_or_empty(value, held.get(key))
    }


def both(first: Result, second: Result) -> Result:
    """How a record ended whose row was brought in two steps."""
    outcome = second.outcome if first.outcome is Outcome.UNCHANGED else first.outcome
    changed = tuple(dict.fromkeys((*first.changed, *second.changed)))
    # What an addition said is not counted as a change, nor is what it said last.
    return replace(second, outcome=outcome, changed=first.changed if outcome is Outcome.CREATED else changed)


def not_emptied(draft: Draft, row: Row) -> str:
    """Columns that the record empties and Pipedrive cannot."""
    names = [name for name in draft.emptied if row.get(name) not in (*_EMPTY, False, 0)]
    return f"Pipedrive cannot empty {', '.join(names)}" if names else ""


def complete_required(
    changed: dict[str, object], body: Mapping[str, object], row: Row, action: ActionSpec
) -> None:
    """Some updates want a column even when it does not differ."""
    for name, column in action.body_columns.items():
        if column.required and name not in changed:
            changed[name] = body.get(name, row.get(name))
