"""Field definitions that change while the tap reads: they are requested again where a row needs it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pipedrive_client.fields import HASH_KEY
from tap_pipedrive.catalog.spec import RowForm

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Mapping

    from pipedrive_client.fields import FieldRegistry

REREAD_SECONDS = 60.0
"""Shortest time between two further readings of an entity's definitions."""
_KEY_LENGTH = 40


class CurrentDefinitions:
    """Reads the definitions of an entity again for a key or option id that they lack.

    Args:
        fields: the definitions of the run.
        logger: takes a warning for each column that stays unresolved.
    """

    def __init__(self, fields: FieldRegistry, logger: logging.Logger) -> None:
        self._fields = fields
        self._logger = logger
        self._read_at: dict[str, float] = {}
        self._options: dict[str, dict[str, Mapping[int, str]]] = {}
        self._reported: set[tuple[str, str]] = set()

    def read_again(self, entity: str) -> int:
        """Read the definitions again unless that was done within the last minute; return when it was done.

        Raises:
            PipedriveError: the request failed.
        """
        moment = time.monotonic()
        last = self._read_at.get(entity)
        if last is None or moment - last >= REREAD_SECONDS:
            self._fields.forget(entity)
            self._options[entity] = {one.key: one.options for one in self._fields.custom(entity)}
            self._read_at[entity] = last = moment
        return int(last)

    def option(self, entity: str, key: str, column: str, one: object) -> str:
        """Return the label of an option that the columns do not know; its id where none is defined."""
        self.read_again(entity)
        options = self._options[entity].get(key, {})
        if isinstance(one, int) and one in options:
            return options[one] or str(one)
        self.report(entity, column, f"option {one} is not defined; the column holds the id")
        return str(one)

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


def unknown_keys(rows: Iterable[Mapping[str, object]], known: set[str], form: RowForm) -> set[str]:
    """Return the keys of custom fields in rows for which no column exists."""
    found: set[str] = set()
    if form is RowForm.V2:
        for row in rows:
            values = row.get("custom_fields")
            if isinstance(values, dict):
                found |= values.keys() - known
        return found
    for columns in {tuple(row) for row in rows}:
        found.update(name[:_KEY_LENGTH] for name in columns if HASH_KEY.match(name))
    return found - known
