"""API prefixes of v1, `/v1` and `/api/v1`, by host and path.

Both are published, but not every host serves every path under both. An unserved path returns 404 with the
error "Unknown method", or to an OAuth app 403 "Scope and URL mismatch" although it has the scope. Then the
request is sent again under the other prefix, once, and the rejected prefix is remembered for the run.

Source: statements of authors whose programs use live accounts, see docs/api-notes.md.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from pipedrive_client.errors import MissingScope, UnknownMethod

logger = logging.getLogger("pipedrive_client")

SHORT: Final = "/v1"
LONG: Final = "/api/v1"
_OTHER: Final = {SHORT: LONG, LONG: SHORT}
_PREFIXED: Final = re.compile(r"(/api/v1|/v1)(/[^?]*)")
_ID: Final = re.compile(r"[^/]*\d[^/]*")
"""Path segment with an id: no published path has a digit after its version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixRule:
    """Prefix that a host requires for some paths; other paths are sent as they are.

    Attributes:
        host: regular expression of the host name.
        paths: paths without prefix and with `{}` for ids; each includes the paths below it.
        prefix: the required prefix.
    """

    host: str
    paths: tuple[str, ...]
    prefix: str


RULES: Final = (
    PrefixRule(
        host=r"api\.pipedrive\.com",
        paths=("/leads", "/leadLabels", "/leadSources", "/goals", "/mailbox"),
        prefix=SHORT,
    ),
    PrefixRule(
        host=r"(?!api\.)[^.]+\.pipedrive\.com",
        paths=("/projects/{}/plan", "/projects/{}/groups", "/projects/{}/activities"),
        prefix=LONG,
    ),
)


class Prefixes:
    """Choice of the prefix of each request, shared by all threads of a client."""

    def __init__(self) -> None:
        self._rejected: dict[tuple[str, str, str], set[str]] = {}

    def path(self, base_url: str, method: str, path: str) -> str:
        """Return the path under the prefix to try first; paths of other API versions are returned unchanged.

        Args:
            base_url: URL that the path is appended to.
            method: HTTP method in capitals.
            path: path with any prefix, possibly with a query.
        """
        found = _PREFIXED.match(path)
        if found is None:
            return path
        prefix, rest = found.groups()
        template = _ID.sub("{}", rest)
        chosen = _required(base_url, template) or prefix
        rejected = self._rejected.get((base_url, method, template), ())
        if chosen in rejected and _OTHER[chosen] not in rejected:
            chosen = _OTHER[chosen]
        return chosen + path[len(prefix) :]

    def reject(self, error: UnknownMethod | MissingScope, base_url: str, method: str, path: str) -> None:
        """Record a rejected prefix, and return if the other prefix is left to try.

        Args:
            error: error of the request.
            base_url: URL that the path was appended to.
            method: HTTP method in capitals.
            path: path as sent.

        Raises:
            UnknownMethod: the other prefix was rejected too, or the path has one prefix only.
        """
        found = _PREFIXED.match(path)
        if found is None:
            raise _closed_to_apps(error, method, path) if isinstance(error, MissingScope) else error
        prefix, rest = found.groups()
        rejected = self._rejected.setdefault((base_url, method, _ID.sub("{}", rest)), set())
        rejected.add(prefix)
        if _OTHER[prefix] not in rejected:
            logger.info("%s %s%s is not served; trying %s", method, prefix, rest, _OTHER[prefix])
            return
        said = "Unknown method" if isinstance(error, UnknownMethod) else "Scope and URL mismatch"
        raise UnknownMethod(
            f"{method} {prefix}{rest} returned {error.status}: {said}, also below {_OTHER[prefix]}; this "
            "host has no operation at this path; check company_domain and api_url.",
            status=error.status,
            error_info=error.error_info,
            request_id=error.request_id,
        ) from None


def _closed_to_apps(error: MissingScope, method: str, path: str) -> UnknownMethod:
    """Return the error of an operation that Pipedrive does not serve to OAuth apps, whatever their scopes."""
    return UnknownMethod(
        f"{method} {path.partition('?')[0]} returned {error.status}: Scope and URL mismatch, although the "
        "app has the scope; Pipedrive may not serve this operation to OAuth apps; try an API token.",
        status=error.status,
        error_info=error.error_info,
        request_id=error.request_id,
        label=error.label,
    )


@cache
def _required(base_url: str, template: str) -> str | None:
    """Return the prefix that the table requires, or None."""
    host = urlsplit(base_url).hostname or ""
    for rule in RULES:
        if re.fullmatch(rule.host, host):
            below = (template == one or template.startswith(f"{one}/") for one in rule.paths)
            return rule.prefix if any(below) else None
    return None
