"""Lookup of row ids by name, from collections that are read once."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values import scalars
from target_pipedrive.values.identity import is_blank, match_text

if TYPE_CHECKING:
    from target_pipedrive.account.rows import Rows
    from target_pipedrive.values.encoders import Encoder

NAME_COLUMNS: Mapping[str, str] = MappingProxyType({"lead_labels": "name"})
"""Entities with rows that may be given by name → the column of the name."""
_MOST_SHOWN = 10


class RowNames:
    """Names of rows; `Rows` caches the lists until one of their rows is written.

    Args:
        rows: reads the lists.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def encoder(self, entity: str, plain: Encoder) -> Encoder:
        """Return the encoder of a list of rows given by id or name.

        Args:
            entity: entity of the rows.
            plain: encodes a list of ids.
        """

        def encoded(value: object) -> object:
            try:
                return plain(value)
            except RecordFault:
                entries = self._entries(entity, scalars.from_json_text(value))
            ids = [self._id(entity, plain, one) for one in entries if not is_blank(one)]
            return list(dict.fromkeys(ids))

        return encoded

    def _entries(self, entity: str, value: object) -> list[object]:
        """Return the single names or ids of a value; a text is one name, or several separated by commas."""
        if isinstance(value, str):
            whole = match_text(value) in self._known(entity)
            return [value] if whole else [part for part in value.split(",") if part.strip()]
        return list(value) if isinstance(value, list) else [value]

    def _id(self, entity: str, plain: Encoder, value: object) -> object:
        if isinstance(value, Mapping):
            value = value.get("id", value.get(NAME_COLUMNS[entity]))
        try:
            found = plain([value])
        except RecordFault:
            found = None
        if isinstance(found, list) and found:
            return found[0]
        if not isinstance(value, (str, int)):
            raise RecordFault(f"must be a list of ids or names, not of {scalars.what(value)}")
        known = self._known(entity)
        ids = known.get(match_text(value), [])
        if len(ids) == 1:
            return ids[0]
        if ids:
            raise RecordFault(f"contains the name {value}, which {len(ids)} {entity} share; use the id")
        near = difflib.get_close_matches(match_text(value), known, n=3)
        shown = ", ".join(near or list(known)[:_MOST_SHOWN]) or "none"
        raise RecordFault(
            f"contains {value!r}, which matches none of the {entity}; "
            f"{'nearest' if near else 'known'}: {shown}"
        )

    def _known(self, entity: str) -> dict[str, list[str]]:
        """Return the ids by name."""
        spec = ENTITIES[entity]
        found: dict[str, list[str]] = {}
        for row_id, row in self._rows.listed(spec, {}, entity).items():
            found.setdefault(match_text(row.get(NAME_COLUMNS[entity])), []).append(row_id)
        return found
