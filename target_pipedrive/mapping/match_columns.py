"""Columns by which rows of an entity can be looked up, by search or from a whole list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from target_pipedrive.values.compound import PHONES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_pipedrive.catalog.notation import Columns
    from target_pipedrive.catalog.spec import EntitySpec
    from target_pipedrive.custom_fields.registry import FieldRegistry


_SEARCHABLE = frozenset({"address", "varchar", "text", "varchar_auto", "double", "monetary", "phone"})


class SearchedPlan(Protocol):
    """The parts of a stream's plan that a search for rows needs.

    Attributes:
        spec: the entity.
        columns: columns of Pipedrive's own, by name.
        custom_fields: entity whose custom fields the rows have.
        registry: custom fields of the account.
    """

    spec: EntitySpec
    columns: Columns
    custom_fields: str | None
    registry: FieldRegistry


def search_column(plan: SearchedPlan, name: str) -> str | None:
    """Return the search column of a match field; custom fields share one.

    None for fields that Pipedrive cannot search, such as options and dates, and for phone numbers, of which a
    search finds only the spelling in the row.
    """
    if name == PHONES:
        return None
    fields = plan.spec.search.fields if plan.spec.search else {}
    if name in fields:
        return name
    if "custom_fields" not in fields or plan.custom_fields is None:
        return None
    kinds = {one.key: one.field_type for one in plan.registry.definitions(plan.custom_fields)}
    return "custom_fields" if kinds.get(name) in _SEARCHABLE else None


def lookup_column(plan: SearchedPlan, names: Iterable[str]) -> str | None:
    """Return the column for the lookup of rows: a searchable one, otherwise one of a complete list."""
    known = list(names)
    searched = [name for name in known if search_column(plan, name) is not None]
    customs = [name for name in known if name not in plan.columns]
    listed = [*customs, *known] if can_list(plan.spec) else []
    return next(iter(searched or listed), None)


def can_match(plan: SearchedPlan, names: Sequence[str]) -> bool:
    """Return whether rows can be found by these columns: with a search, a list, or their parent's list."""
    spec = plan.spec
    if lookup_column(plan, names) is not None:
        return True
    return spec.read is not None and (spec.read.ids is None or spec.read.by != spec.key)


def can_list(spec: EntitySpec) -> bool:
    """Return whether the complete list can be read, and later its changes."""
    changed = spec.recent is not None and "updated_since" in spec.recent.params
    return spec.read is not None and spec.read.ids == "ids" and changed
