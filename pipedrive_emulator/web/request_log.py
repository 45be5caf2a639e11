"""Request log: counts by operation, and every request in order."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipedrive_emulator.api.http import Request, Row

KEPT_REQUESTS = 200_000
KEPT_BODY = 200_000


@dataclass(slots=True)
class Entry:
    """One request; `status` 0 means that the connection was closed without a response."""

    operation: str
    method: str
    path: str
    query: list[tuple[str, str]]
    body: bytes
    status: int
    tokens: int
    prefix: str = ""


class RequestLog:
    """Requests since the last reset; only the latest 200,000 are kept, the counts include all."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Clear the log."""
        self._entries: deque[Entry] = deque(maxlen=KEPT_REQUESTS)
        self._older: dict[str, Row] = {}

    def add(self, operation: str, request: Request, status: int, tokens: int) -> Entry:
        """Add a request; its status and tokens may be set later."""
        if len(self._entries) == KEPT_REQUESTS:
            self._count(self._older, self._entries[0])
        body = request.body[:KEPT_BODY]
        entry = Entry(
            operation, request.method, request.path, request.query, body, status, tokens, request.prefix
        )
        self._entries.append(entry)
        return entry

    @staticmethod
    def _count(into: dict[str, Row], entry: Entry) -> None:
        seen = into.setdefault(entry.operation, {"count": 0, "tokens": 0, "statuses": {}})
        seen["count"] += 1
        seen["tokens"] += entry.tokens
        status = str(entry.status)
        seen["statuses"][status] = seen["statuses"].get(status, 0) + 1

    def summary(self, *, full: bool) -> Row:
        """Return counts, tokens and statuses by operation; with `full` also every request in order."""
        operations = {
            name: {**seen, "statuses": dict(seen["statuses"])} for name, seen in self._older.items()
        }
        for entry in self._entries:
            self._count(operations, entry)
        shown: Row = {
            "requests": sum(seen["count"] for seen in operations.values()),
            "tokens": sum(seen["tokens"] for seen in operations.values()),
            "operations": dict(sorted(operations.items())),
        }
        if full:
            shown["ordered"] = [
                {
                    "operation": entry.operation,
                    "method": entry.method,
                    "path": entry.path,
                    "prefix": entry.prefix,
                    "query": dict(entry.query),
                    "body": entry.body.decode("utf-8", "replace"),
                    "status": entry.status,
                    "tokens": entry.tokens,
                }
                for entry in self._entries
            ]
        return shown
