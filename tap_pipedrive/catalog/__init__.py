"""Every stream of the tap, as data, one module per Pipedrive domain.

`STREAMS` maps the name of each stream to its spec.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_pipedrive.catalog import (
    account,
    activities,
    deals,
    fields,
    files,
    filters,
    followers,
    goals,
    history,
    leads,
    mailbox,
    notes,
    options,
    organizations,
    permissions,
    persons,
    pipelines,
    products,
    projects,
    roles,
    search,
    statistics,
    subscriptions,
    users,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_pipedrive.catalog.spec import StreamSpec

MODULES = (
    deals,
    persons,
    organizations,
    activities,
    products,
    leads,
    notes,
    files,
    pipelines,
    users,
    fields,
    filters,
    projects,
    followers,
    history,
    mailbox,
    permissions,
    roles,
    goals,
    statistics,
    search,
    options,
    account,
    subscriptions,
)


def collect(specs: Iterable[StreamSpec]) -> dict[str, StreamSpec]:
    """Return specs by name.

    Raises:
        ValueError: two specs share a name, or a parent is unknown or lacks a column that its child requires.
    """
    found: dict[str, StreamSpec] = {}
    for spec in specs:
        if spec.name in found:
            msg = f"two streams are called {spec.name}"
            raise ValueError(msg)
        found[spec.name] = spec
    for spec in found.values():
        if spec.parent is None:
            continue
        parent = found.get(spec.parent.stream)
        if parent is None:
            msg = f"stream {spec.name}: its parent {spec.parent.stream} does not exist"
            raise ValueError(msg)
        wanted = {*spec.parent.context.values(), *filter(None, [spec.parent.when])}
        wanted = {column.partition(".")[0] for column in wanted}
        if missing := sorted(wanted - set(parent.schema)):
            msg = f"stream {spec.name}: its parent {parent.name} has no column {missing}"
            raise ValueError(msg)
    return found


STREAMS = collect(spec for module in MODULES for spec in module.STREAMS)

FIRST = (
    "users",
    "pipelines",
    "stages",
    "activity_types",
    "lead_labels",
    "roles",
    "boards",
    "deal_fields",
    "person_fields",
    "organization_fields",
    "product_fields",
    "project_fields",
    "organizations",
    "persons",
    "products",
    "deals",
    "leads",
    "projects",
    "tasks",
    "activities",
)
"""Streams with rows that others reference, in the order of the sync; all others follow by name."""
