"""Every entity that can be upserted, as data; one module for each domain."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.entities import (
    company,
    contacts,
    deals,
    fields,
    followers,
    leads,
    products,
    projects,
    work,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.catalog.spec import EntitySpec

_SPECS = (
    *deals.ENTITIES,
    *leads.ENTITIES,
    *contacts.ENTITIES,
    *products.ENTITIES,
    *work.ENTITIES,
    *projects.ENTITIES,
    *followers.ENTITIES,
    *fields.ENTITIES,
    *company.ENTITIES,
)

ENTITIES: Mapping[str, EntitySpec] = MappingProxyType({spec.name: spec for spec in _SPECS})
BELOW: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        above: tuple(
            one.name for one in _SPECS if one.parent and one.add and ACTIONS[one.add].parent == above
        )
        for above in ENTITIES
    }
)
"""Entity → entities whose rows are below its rows, such as the products of deals."""
ENTITY_OF_STREAM: Mapping[str, str] = MappingProxyType(
    {name: spec.name for spec in _SPECS for name in spec.streams.split()}
)
"""Streams with other names that contain rows of an entity."""
