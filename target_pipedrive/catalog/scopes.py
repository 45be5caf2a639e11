"""OAuth scopes of write operations, as published: one of them is sufficient.

Source: `oauth_scopes` of the published description, read 2026-11-23; a contract test checks the table.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.catalog.spec import ActionSpec

ADMIN = "admin"
_VERSION = re.compile(r"^/(?:api/)?v(?:1|2)(?=/)")
_PLACEHOLDER = re.compile(r"\{\w+\}")
_BY_SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "activities:full": "/activities",
        "deals:full activities:full contacts:full": "/files /filters",
        "admin": "/activityTypes /legacyTeams /pipelines /roles /stages /users /webhooks",
        "contact-fields:full admin": "/organizationFields /personFields",
        "contact-fields:full contacts:full admin": "/organizationFields/{}/options /personFields/{}/options "
        "PATCH/organizationFields/{} PATCH/personFields/{}",
        "deal-fields:full admin": "/dealFields",
        "deal-fields:full deals:full admin": "/dealFields/{}/options PATCH/dealFields/{}",
        "contacts:full": "/organizationRelationships /organizations /persons",
        "deals:full contacts:full": "/notes",
        "deals:full": "/deals",
        "deals:full deals:read": "/deals/{}/discounts /deals/{}/installments",
        "deals:full products:full": "/deals/{}/products",
        "goals:full": "/goals",
        "leads:full": "/leadLabels /leads",
        "mail:full": "/mailbox/mailThreads",
        "messengers-integration": "/channels",
        "phone-integration": "/callLogs",
        "product-fields:full products:full": "/productFields",
        "products:full": "/products",
        "project-fields:full": "/projectFields",
        "projects:full": "/boards /phases /projects /tasks",
        "video-calls": "/meetings/userProviderLinks",
    }
)
"""Scopes → paths without the version; a path covers all paths below it without a longer entry.

A method before a path makes the entry apply to that method and path only.
"""
_SCOPES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {path: tuple(scopes.split()) for scopes, paths in _BY_SCOPES.items() for path in paths.split()}
)


def write_scopes(action: ActionSpec) -> tuple[str, ...]:
    """Return the scopes of which the action needs one; empty if no scopes are published."""
    path = _PLACEHOLDER.sub("{}", _VERSION.sub("", action.path))
    if (own := _SCOPES.get(action.method + path)) is not None:
        return own
    parts = path.split("/")
    prefixes = ("/".join(parts[:length]) for length in range(len(parts), 1, -1))
    return next((_SCOPES[one] for one in prefixes if one in _SCOPES), ())
