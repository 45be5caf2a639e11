"""What an update has to say: custom fields that differ, and what Pipedrive wants or cannot take besides."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from target_pipedrive.custom_fields.values import flat_form, held_custom
from target_pipedrive.record.outcome import Outcome
from target_pipedrive.values import compare

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pipedrive_client.fields import FieldDefinition
    from target_pipedrive.catalog.spec import ActionSpec
    from target_pipedrive.mapping.entity import EntityPlan
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.outcome import Result
    from target_pipedrive.record.row import Row


def custom_changes(plan: EntityPlan, custom: Mapping[str, object], row: Row) -> dict[str, object]:
    """Custom fields that the row does not hold as the record says them, compound values being whole."""
    if not custom:
        return {}
    known = plan.book.by_key(plan.custom_fields or "")
    flat = plan.spec.flat_custom_fields
    found = {}
    for key, value in custom.items():
        held = held_custom(row, known.get(key), key, flat=flat)
        same = _same_in_v1(key, value, held, row, known) if flat else compare.same_or_empty(value, held)
        if not same or compare.lacks_parts(value, held):
            found[key] = value
    return found


def _same_in_v1(
    key: str, value: object, held: object, row: Row, known: Mapping[str, FieldDefinition]
) -> bool:
    """Whether a v1 row holds the value, which it shows under several keys."""
    if value is None:
        return compare.same_or_empty(value, held)
    flat = flat_form({key: value}, known)
    return all(compare.same_or_empty(part, row.get(name)) for name, part in flat.items())


def both(first: Result, second: Result) -> Result:
    """Return how a record ended whose row was written in two steps.

    A column that the second step wrote was taken; one that it did not take is not changed.
    """
    outcome = second.outcome if first.outcome is Outcome.UNCHANGED else first.outcome
    changed = _together(first.changed, second.changed, but=second.not_taken)
    return replace(
        second,
        outcome=outcome,
        # the columns of an addition are not counted as changes, nor are those that follow it
        changed=first.changed if outcome is Outcome.CREATED else changed,
        note="; ".join(_together(first.note.split("; "), second.note.split("; "), but=("",))),
        not_taken=_together(first.not_taken, second.not_taken, but=second.changed),
        kept=_together(first.kept, second.kept),
    )


def _together(first: Iterable[str], second: Iterable[str], *, but: Collection[str] = ()) -> tuple[str, ...]:
    """Return the names of both, each once."""
    return tuple(one for one in dict.fromkeys((*first, *second)) if one not in but)


def kept_columns(draft: Draft, row: Row) -> tuple[str, ...]:
    """Columns that the record empties and Pipedrive cannot, and that are not empty in the row."""
    return tuple(name for name in draft.emptied if row.get(name) not in (*compare.EMPTY_VALUES, False, 0))


def complete_required(
    changed: dict[str, object], body: Mapping[str, object], row: Row, action: ActionSpec
) -> None:
    """Some updates want a column even when it does not differ."""
    for name, column in action.body_columns.items():
        if column.required and name not in changed:
            changed[name] = body.get(name, row.get(name))
