"""Field definitions that change during a run: requested again if a row has unknown keys or options."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from pipedrive_client.fields import FieldDefinitions

REREAD_SECONDS = 60.0
"""Minimum number of seconds between two reads of an entity's definitions."""


class CurrentDefinitions:
    """Reader that requests the definitions of an entity again if a key or option id is missing.

    Args:
        fields: the definitions of the run.
        logger: receives a warning for each column that stays unresolved.
    """

    def __init__(self, fields: FieldDefinitions, logger: logging.Logger) -> None:
        self._fields = fields
        self._logger = logger
        self._read_at: dict[str, float] = {}
        self._options: dict[str, dict[str, Mapping[int, str]]] = {}
        self._reported: set[tuple[str, str]] = set()

    def read_again(self, entity: str) -> None:
        """Read the definitions again unless that was done within the last minute.

        Raises:
            PipedriveError: the request failed.
        """
        if self.due(entity):
            self._fields.forget(entity)
            self._options[entity] = {one.key: one.options for one in self._fields.custom(entity)}
            self._read_at[entity] = time.monotonic()

    def due(self, entity: str) -> bool:
        """Return whether the definitions may be read again."""
        last = self._read_at.get(entity)
        return last is None or time.monotonic() - last >= REREAD_SECONDS

    def read_at(self, entity: str) -> float | None:
        """Return the time of the latest repeated read; None if there was none."""
        return self._read_at.get(entity)

    def option(self, entity: str, key: str, one: object) -> str | None:
        """Return the label of an option that is missing in the columns; None if it is not defined."""
        self.read_again(entity)
        options = self._options[entity].get(key, {})
        return (options[one] or str(one)) if isinstance(one, int) and one in options else None

    def report(self, entity: str, column: str, what: str) -> None:
        """Warn once for a column of an entity."""
        if (entity, column) not in self._reported:
            self._reported.add((entity, column))
            self._logger.warning(
                "Custom field column %s of %s: %s. Check that the owner of the token sees all fields",
                column,
                entity,
                what,
            )
