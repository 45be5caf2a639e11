"""OAuth scopes of operations, as published: one of them is sufficient.

Source: `oauth_scopes` of the published description, read 2026-11-23; contract tests check the tables.
"""

from __future__ import annotations

import re
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_VERSION = re.compile(r"/v[12](?=/)")
_TO_READ: Mapping[str, str] = MappingProxyType(
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
"""Scopes of a GET → paths without the version; a path covers all paths below it without a longer entry."""
_TO_WRITE: Mapping[str, str] = MappingProxyType(
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
"""Scopes of other methods → paths, likewise.

A method before a path makes the entry apply to that method and path only.
"""


def _by_path(by_scopes: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType(
        {path: tuple(scopes.split()) for scopes, paths in by_scopes.items() for path in paths.split()}
    )


_READS, _WRITES = _by_path(_TO_READ), _by_path(_TO_WRITE)
_EXCEPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"/v1/activityFields": ("activities:read", "activities:full")}
)
"""Paths that need other scopes to be read than the same path of another version."""


@lru_cache(maxsize=1024)
def required_scopes(method: str, path: str) -> tuple[str, ...]:
    """Return the scopes of which a request needs one; empty if no scopes are published.

    Args:
        method: HTTP method in capitals.
        path: `/v1/…`, `/api/v1/…` or `/api/v2/…`, with ids or with placeholders in braces.
    """
    path = path.partition("?")[0].removeprefix("/api")
    table = _WRITES
    if method == "GET":
        if path in _EXCEPTIONS:
            return _EXCEPTIONS[path]
        table = _READS
    candidates = [""]
    best: tuple[str, ...] = ()
    for part in _VERSION.sub("", path).strip("/").split("/"):
        # A literal segment precedes a placeholder: `/deals/products` before `/deals/{}`.
        candidates = [f"{start}/{one}" for start in candidates for one in (part, "{}")]
        found = next((table[one] for one in candidates if one in table), None)
        best = found if found is not None else best
    return next((table[method + one] for one in candidates if method + one in table), best)


def missing_scopes(method: str, path: str, granted: frozenset[str]) -> tuple[str, ...]:
    """Return the scopes that permit a request if the token lacks all of them; otherwise empty.

    Args:
        method: HTTP method in capitals.
        path: as in `required_scopes`.
        granted: scopes of the token.
    """
    needed = required_scopes(method, path)
    return () if granted.intersection(needed) else needed
