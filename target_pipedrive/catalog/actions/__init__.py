"""Every action of the target by name; one module for each domain."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from target_pipedrive.catalog.actions import (
    activities,
    call_logs,
    deal_products,
    deals,
    fields,
    files,
    filters,
    goals,
    leads,
    mailbox,
    notes,
    organizations,
    persons,
    pipelines,
    products,
    projects,
    removed,
    users,
    webhooks,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.catalog.spec import ActionSpec


def _by_name(*groups: tuple[ActionSpec, ...]) -> Mapping[str, ActionSpec]:
    found: dict[str, ActionSpec] = {}
    for spec in (spec for group in groups for spec in group):
        if spec.name in found:
            raise ValueError(f"action {spec.name} is defined twice")
        found[spec.name] = spec
    return MappingProxyType(found)


ACTIONS = _by_name(
    deals.ACTIONS,
    deal_products.ACTIONS,
    persons.ACTIONS,
    organizations.ACTIONS,
    activities.ACTIONS,
    leads.ACTIONS,
    products.ACTIONS,
    notes.ACTIONS,
    files.ACTIONS,
    pipelines.ACTIONS,
    projects.ACTIONS,
    fields.ACTIONS,
    filters.ACTIONS,
    goals.ACTIONS,
    call_logs.ACTIONS,
    mailbox.ACTIONS,
    users.ACTIONS,
    webhooks.ACTIONS,
    removed.ACTIONS,
)
