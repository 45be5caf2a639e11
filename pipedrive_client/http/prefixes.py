"""API prefixes of v1, `/v1` and `/api/v1`, by host and path.

Both are published, but not every host serves every path under both. An unserved path returns 404 with the
error "Unknown method", or to an OAuth app 403 "Scope and URL mismatch" although it has the scope. Then the
request is sent again under the other prefix, once, and the rejected prefix is remembered for the run.

Source: statements of authors whose programs use live accounts, see docs/api-notes.md.
"""

from __future__ import annotations

import logging
import re
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from pipedrive_client.errors import MissingScope, TransientError, UnknownMethod

if TYPE_CHECKING:
    from collections.abc import Iterator

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


class _Known:
    """Known facts about the prefixes of one operation of a host.

    Attributes:
        rejected: prefixes that the host does not serve.
        served: prefix of the last response that was not a rejection; None before the first one.
        first: lock of the thread that sends the first request; the others wait for it.
        failed: True after a request without a usable response. Then no thread waits, since a server that
            does not respond would cost one timeout per thread, one after the other.
    """

    __slots__ = ("failed", "first", "rejected", "served")

    def __init__(self) -> None:
        self.rejected: set[str] = set()
        self.served: str | None = None
        self.first = threading.Lock()
        self.failed = False

    @property
    def settled(self) -> bool:
        """True if no thread has to wait for the request of another one."""
        return self.failed or self.served is not None or len(self.rejected) == len(_OTHER)


class Prefixes:
    """Choice of the prefix of each request, shared by all threads of a client."""

    def __init__(self) -> None:
        self._operations: dict[tuple[str, str, str], _Known] = {}

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
        known = self._known(base_url, method, rest)
        chosen = known.served or _required(base_url, _template(rest)) or prefix
        if chosen in known.rejected and _OTHER[chosen] not in known.rejected:
            chosen = _OTHER[chosen]
        return chosen + path[len(prefix) :]

    @contextmanager
    def first_alone(self, base_url: str, method: str, path: str) -> Iterator[None]:
        """Admit one thread at a time to an operation until its prefix is known, or a request failed.

        Args:
            base_url: URL that the path is appended to.
            method: HTTP method in capitals.
            path: path with any prefix.
        """
        found = _PREFIXED.match(path)
        known = self._known(base_url, method, found[2]) if found else None
        if known is None or known.settled:
            yield
            return
        with ExitStack() as waiting:
            waiting.enter_context(known.first)
            if known.settled:
                waiting.close()
            try:
                yield
            except TransientError:
                known.failed = True
                raise

    def accept(self, base_url: str, method: str, path: str) -> None:
        """Record that the host serves a path as it was sent."""
        if found := _PREFIXED.match(path):
            known = self._known(base_url, method, found[2])
            known.served = found[1]
            known.rejected.discard(found[1])

    def reject(self, error: UnknownMethod | MissingScope, base_url: str, method: str, path: str) -> None:
        """Record a rejected prefix, and return if the other prefix is left to try.

        Args:
            error: error of the request; if it is `MissingScope`, the token has the scope.
            base_url: URL that the path was appended to.
            method: HTTP method in capitals.
            path: path as sent.

        Raises:
            UnknownMethod: there is no other prefix, or it was rejected too.
        """
        found = _PREFIXED.match(path)
        if found is None:
            raise _closed_to_apps(error, method, path) if isinstance(error, MissingScope) else error
        prefix, rest = found.groups()
        known = self._known(base_url, method, rest)
        known.rejected.add(prefix)
        if _OTHER[prefix] not in known.rejected:
            logger.info("%s %s%s is not served; trying %s", method, prefix, rest, _OTHER[prefix])
            return
        raise _unknown(error, f"{method} {prefix}{rest}", f", also below {_OTHER[prefix]}") from None

    def _known(self, base_url: str, method: str, rest: str) -> _Known:
        return self._operations.setdefault((base_url, method, _template(rest)), _Known())


def _template(rest: str) -> str:
    """Return a path without prefix and query, with `{}` for ids."""
    return _ID.sub("{}", rest)


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


def _unknown(error: UnknownMethod | MissingScope, what: str, also: str) -> UnknownMethod:
    """Return the error of an operation that the host does not serve."""
    said, cause = "Unknown method", "this host has no operation at this path"
    if isinstance(error, MissingScope):
        said = "Scope and URL mismatch"
        also += ", although the app has the scope"
        cause += ", or rejects an address in the request"
    return UnknownMethod(
        f"{what} returned {error.status}: {said}{also}; {cause}; check company_domain and api_url.",
        status=error.status,
        error_info=error.error_info,
        request_id=error.request_id,
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
