"""Differences between a record and its row: custom fields, required columns, and columns that stay."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from target_pipedrive.custom_fields.values import flat_form, held_custom
from target_pipedrive.record.outcome import Outcome
from target_pipedrive.values import compare
from target_pipedrive.values.identity import same_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pipedrive_client.fields import FieldDefinition
    from target_pipedrive.catalog.spec import ActionSpec
    from target_pipedrive.mapping.entity import EntityPlan
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.outcome import Result
    from target_pipedrive.record.row import Row


def custom_changes(plan: EntityPlan, custom: Mapping[str, object], row: Row) -> dict[str, object]:
    """Return the custom fields in which the row differs from the record; compound values are complete."""
    if not custom:
        return {}
    if plan.spec.flat_custom_fields:
        return _changes_in_v1(plan.registry.by_key(plan.custom_fields or ""), custom, row)
    nested = row.get("custom_fields")
    held = nested if isinstance(nested, dict) else {}
    return {
        key: value
        for key, value in custom.items()
        if value != held.get(key)
        and (not compare.same_or_empty(value, held.get(key)) or compare.lacks_parts(value, held.get(key)))
    }


def _changes_in_v1(
    known: Mapping[str, FieldDefinition], custom: Mapping[str, object], row: Row
) -> dict[str, object]:
    found = {}
    for key, value in custom.items():
        held = held_custom(row, known.get(key), key, flat=True)
        if not _same_in_v1(key, value, held, row, known) or compare.lacks_parts(value, held):
            found[key] = value
    return found


def _same_in_v1(
    key: str, value: object, held: object, row: Row, known: Mapping[str, FieldDefinition]
) -> bool:
    """Return whether a v1 row has the value, which it shows under several keys."""
    if value is None:
        return compare.same_or_empty(value, held)
    flat = flat_form({key: value}, known)
    if key in known and known[key].kind == "options":  # their order has no meaning
        return sorted(str(flat[key]).split(",")) == sorted(str(held or "").split(","))
    return all(compare.same_or_empty(part, row.get(name)) for name, part in flat.items())


def both(first: Result, second: Result) -> Result:
    """Return the result of a record whose row was written in two steps.

    A column of the first step does not count as changed if the second step wrote it without success.
    """
    outcome = second.outcome if first.outcome is Outcome.UNCHANGED else first.outcome
    changed = _together(first.changed, second.changed, but=second.not_taken)
    return replace(
        second,
        outcome=outcome,
        # neither the columns of an add nor those of the update after it count as changes
        changed=first.changed if outcome is Outcome.CREATED else changed,
        note="; ".join(_together(first.note.split("; "), second.note.split("; "), but=("",))),
        not_taken=_together(first.not_taken, second.not_taken, but=second.changed),
        kept=_together(first.kept, second.kept),
        name=second.name or first.name,
        before=None if outcome is Outcome.CREATED else _merged(second.before, first.before),
        after=_merged(first.after, second.after),
    )


def _merged(
    earlier: Mapping[str, object] | None, later: Mapping[str, object] | None
) -> Mapping[str, object] | None:
    """Return the values of both, if there are any; the later ones count."""
    return {**(earlier or {}), **(later or {})} or None


def _together(first: Iterable[str], second: Iterable[str], *, but: Collection[str] = ()) -> tuple[str, ...]:
    """Return the names of both, each once."""
    return tuple(one for one in dict.fromkeys((*first, *second)) if one not in but)


def kept_columns(draft: Draft, row: Row) -> tuple[str, ...]:
    """Return the columns that the record empties, Pipedrive cannot empty, and the row has a value in."""
    return tuple(name for name in draft.emptied if row.get(name) not in (*compare.EMPTY_VALUES, False, 0))


def without_keys(changed: Mapping[str, object], draft: Draft, row: Row) -> dict[str, object]:
    """Return the changes without those that only spell the key of the row differently, such as `101.0`."""
    return {
        name: value
        for name, value in changed.items()
        if name not in draft.matches or not same_key(value, row.get(name))
    }


def complete_required(
    changed: dict[str, object], body: Mapping[str, object], row: Row, action: ActionSpec
) -> None:
    """Add the columns that an update requires even if they do not differ."""
    for name, column in action.body_columns.items():
        if column.required and name not in changed:
            changed[name] = body.get(name, row.get(name))
