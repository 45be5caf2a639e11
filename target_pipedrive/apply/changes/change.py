"""Values of a row before and after a write, for the results and the HTML file of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from target_pipedrive.custom_fields.values import held_custom
from target_pipedrive.values.compare import EMPTY_VALUES

if TYPE_CHECKING:
    from collections.abc import Collection

    from target_pipedrive.mapping.entity import EntityPlan
    from target_pipedrive.record.outcome import Result
    from target_pipedrive.record.row import Row

_EMPTY = (*EMPTY_VALUES, False)
_NOT_SHOWN = frozenset({"custom_fields", "is_deleted", "is_archived"})
_NAMES = ("name", "title", "subject", "field_name")


def name_of(values: object) -> str:
    """Return the name or title in a row or body; empty if there is neither."""
    if isinstance(values, Mapping):
        for one in _NAMES:
            if isinstance(values.get(one), str):
                return str(values[one])
    return ""


def added(result: Result, values: Mapping[str, object]) -> Result:
    """Return the result of an add with the values that Pipedrive accepted."""
    after = {name: value for name, value in values.items() if name not in result.not_taken}
    return replace(result, name=name_of(values), after=after)


def updated(
    result: Result,
    plan: EntityPlan,
    row: Row,
    changed: Mapping[str, object],
    custom: Mapping[str, object],
) -> Result:
    """Return the result of an update with both values of each column that Pipedrive changed.

    Args:
        result: of the update.
        plan: of the stream.
        row: the row before it.
        changed: columns that were sent.
        custom: custom fields that were sent, by key.
    """
    held = {name: row.get(name) for name in changed} | _held(plan, row, custom)
    after = {
        name: value
        for name, value in {**changed, **custom}.items()
        if name in result.changed and held[name] != value
    }
    return replace(
        result,
        name=name_of(row),
        before={name: held[name] for name in after} or None,
        after=after or None,
    )


def deleted(result: Result, plan: EntityPlan, row: Row | None) -> Result:
    """Return the result of a delete with the values that the row had in the columns that can be written."""
    if not row:
        return result
    columns = (plan.update or plan.add or plan.delete).body_columns  # type: ignore[union-attr]  # it has one
    held = {name: row.get(name) for name in columns if name not in _NOT_SHOWN}
    if plan.custom_fields is not None:
        held |= _held(plan, row, plan.registry.known(plan.custom_fields))
    before = {name: value for name, value in held.items() if value not in _EMPTY}
    return replace(result, name=name_of(row), before=before)


def _held(plan: EntityPlan, row: Row, keys: Collection[str]) -> dict[str, object]:
    """Return the values of custom fields in a row, by key."""
    if not keys:
        return {}
    known, flat = plan.registry.known(plan.custom_fields or ""), plan.spec.flat_custom_fields
    return {key: held_custom(row, known.get(key), key, flat=flat) for key in keys}
