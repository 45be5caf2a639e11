"""OAuth scopes of read operations, as published: one of them is sufficient.

Source: `oauth_scopes` of the published description, read 2026-11-23; a contract test checks the table.
"""

from __future__ import annotations

import re
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_VERSION = re.compile(r"/(?:api/)?v(?:1|2)(?=/)")
_BY_SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "base": "/currencies /userConnections /userSettings /users/me",
        "users:read": "/billing /legacyTeams /users",
        "admin": "/activityFields /permissionSets /roles /webhooks",
        "deals:read deals:full": "/deals /pipelines/{}/conversion_statistics /pipelines/{}/deals "
        "/pipelines/{}/movement_statistics /products/{}/deals /stages/{}/deals",
        "deals:read deals:full admin": "/pipelines /stages",
        "deals:read deals:full admin deal-fields:full": "/dealFields",
        "deals:read deals:full search:read": "/deals/search",
        "deals:read deals:full contacts:read contacts:full": "/noteFields /notes",
        "deals:read deals:full products:read products:full": "/deals/products /deals/{}/products",
        "deals:read deals:full activities:read activities:full contacts:read contacts:full": "/files "
        "/filters",
        "activities:read activities:full": "/activities",
        "activities:read activities:full admin": "/activityTypes",
        "contacts:read contacts:full": "/organizationRelationships /organizations /persons",
        "contacts:read contacts:full admin contact-fields:full": "/organizationFields /personFields",
        "contacts:read contacts:full search:read": "/organizations/search /persons/search",
        "goals:read goals:full": "/goals",
        "leads:read leads:full": "/leadLabels /leadSources /leads",
        "leads:read leads:full admin": "/leadFields",
        "leads:read leads:full search:read": "/leads/search",
        "mail:read mail:full": "/deals/{}/mailMessages /mailbox /organizations/{}/mailMessages "
        "/persons/{}/mailMessages",
        "phone-integration": "/callLogs",
        "products:read products:full": "/products",
        "products:read products:full product-fields:full": "/productFields",
        "products:read products:full search:read": "/products/search",
        "projects:read": "/projects/phases/{}",
        "projects:read projects:full": "/boards /phases /projectTemplates /projects /tasks",
        "projects:read projects:full project-fields:full": "/projectFields",
        "projects:read projects:full search:read": "/projects/search",
        "recents:read": "/deals/{}/changelog /deals/{}/flow /organizations/{}/changelog "
        "/organizations/{}/flow /persons/{}/changelog /persons/{}/flow",
        "recents:read search:read": "/recents",
        "search:read": "/itemSearch",
    }
)
"""Scopes → paths without the version; a path covers all paths below it without a longer entry."""
_SCOPES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {path: tuple(scopes.split()) for scopes, paths in _BY_SCOPES.items() for path in paths.split()}
)
_EXCEPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"/v1/activityFields": ("activities:read", "activities:full")}
)
"""Paths whose versions need different scopes."""


@cache
def read_scopes(path: str) -> tuple[str, ...]:
    """Return the scopes of which a GET of this path needs one; empty if no scopes are published.

    Args:
        path: `/v1/…` or `/api/v2/…`, with ids or with placeholders in braces.
    """
    if path in _EXCEPTIONS:
        return _EXCEPTIONS[path]
    parts = _VERSION.sub("", path).strip("/").split("/")
    candidates = [""]
    best: tuple[str, ...] = ()
    for part in parts:
        # A literal segment precedes a placeholder: `/deals/products` before `/deals/{}`.
        candidates = [f"{start}/{one}" for start in candidates for one in (part, "{}")]
        found = next((_SCOPES[one] for one in candidates if one in _SCOPES), None)
        best = found if found is not None else best
    return best


def missing_scopes(path: str, granted: frozenset[str]) -> tuple[str, ...]:
    """Return the scopes that permit a GET of this path if the token lacks all of them; otherwise empty."""
    needed = read_scopes(path)
    return () if granted.intersection(needed) else needed
