"""Counters of requests and tokens, by stream or action."""

from __future__ import annotations

import threading
from dataclasses import dataclass

OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """Requests and tokens of one stream or action."""

    label: str
    requests: int
    tokens: int


class Usage:
    """Thread-safe counters; each sent request counts, and the tokens of each response."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, list[int]] = {}
        self._requests = 0
        self._tokens = 0

    def add(self, label: str | None, *, requests: int = 1, tokens: int = 0) -> None:
        """Count under the label; None counts as `other`."""
        with self._lock:
            counts = self._counts.setdefault(label or OTHER, [0, 0])
            counts[0] += requests
            counts[1] += tokens
            self._requests += requests
            self._tokens += tokens

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return self._requests

    @property
    def tokens(self) -> int:
        """Tokens used so far, by the published costs."""
        return self._tokens

    def of(self, label: str) -> UsageRow:
        """Return the usage of one label so far; zeros if it has sent no request."""
        with self._lock:
            requests, tokens = self._counts.get(label, (0, 0))
        return UsageRow(label=label, requests=requests, tokens=tokens)

    def rows(self) -> list[UsageRow]:
        """Return one row per label in the order of first use; their sums are `requests` and `tokens`."""
        with self._lock:
            return [
                UsageRow(label=label, requests=requests, tokens=tokens)
                for label, (requests, tokens) in self._counts.items()
            ]
