"""Fields and options that a run created in the account, or would create."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """One of them.

    Attributes:
        kind: `field` or `option`.
        entity: entity of the field, such as `deal`.
        field: name of the field.
        type: Pipedrive's type of the field; empty for an option.
        label: label of the option; empty for a field.
    """

    kind: str
    entity: str
    field: str
    type: str = ""
    label: str = ""

    def __str__(self) -> str:
        """Return one line for people: `field Lead score (double) of deal`."""
        if self.kind == "field":
            return f"field {self.field} ({self.type}) of {self.entity}"
        return f"option {self.label} of field {self.field} of {self.entity}"


class Creations:
    """List of what was created, logged at once; thread-safe.

    Args:
        logger: logs each of them.
        dry_run: True if they are only planned.
    """

    def __init__(self, logger: logging.Logger, *, dry_run: bool) -> None:
        self._logger = logger
        self._verb = "Would create" if dry_run else "Created"
        self._lock = threading.Lock()
        self._made: list[Created] = []

    def add(self, created: Created) -> None:
        """Log a field or option, and keep it for the summary."""
        with self._lock:
            self._made.append(created)
        self._logger.info("%s %s", self._verb, created)

    def all(self) -> list[Created]:
        """Return all so far, in order."""
        with self._lock:
            return list(self._made)

    def lines(self) -> list[str]:
        """Return a line for each of them, fields first, for the end of a run."""
        return [f"{self._verb} {one}" for one in sorted(self.all(), key=lambda one: one.kind)]
