"""Lookup of row ids by natural keys, such as the e-mail address of a user, from lists that are read once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from target_pipedrive.account.lead_labels import LEAD_LABELS
from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values import scalars
from target_pipedrive.values.identity import is_blank, match_text

if TYPE_CHECKING:
    from target_pipedrive.account.lead_labels import LeadLabels
    from target_pipedrive.account.rows import Rows
    from target_pipedrive.record.row import Row
    from target_pipedrive.values.encoders import Encoder

_MOST_SHOWN = 10
_WORD = re.compile(r"[a-z0-9_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class NaturalKeys:
    """Names of an entity's rows, accepted instead of ids.

    Attributes:
        columns: columns that identify a row, the best first.
        active: column that is true for rows that can be referenced, or None if all can.
        personal: True if the values must not appear in messages.
    """

    columns: tuple[str, ...]
    active: str | None = None
    personal: bool = False


NATURAL_KEYS: Mapping[str, NaturalKeys] = MappingProxyType(
    {
        "activity_types": NaturalKeys(columns=("name",), active="active_flag"),
        "boards": NaturalKeys(columns=("name",)),
        "lead_labels": NaturalKeys(columns=("name",)),
        "pipelines": NaturalKeys(columns=("name",)),
        "roles": NaturalKeys(columns=("name",)),
        "stages": NaturalKeys(columns=("name",)),
        "users": NaturalKeys(columns=("email", "name"), active="active_flag", personal=True),
    }
)
"""Entities whose rows may be given by a natural key; their lists are short enough to be read whole."""


class RowNames:
    """Natural keys of rows; lists are kept by `Rows` until one of their rows is written.

    Args:
        rows: reads the lists.
        lead_labels: creates missing labels of leads; None if they are not created.
    """

    def __init__(self, rows: Rows, lead_labels: LeadLabels | None = None) -> None:
        self._rows = rows
        self._lead_labels = lead_labels
        self._indexes: dict[tuple[str, str], tuple[Mapping[str, Row], dict[str, list[str]]]] = {}

    def encoder(self, entity: str, plain: Encoder) -> Encoder:
        """Return the encoder of one row given by id or natural key: `5`, `ann@acme.com`, `{"name": "Ann"}`.

        Args:
            entity: of the row.
            plain: encodes an id.
        """

        def encoded(value: object) -> object:
            try:
                return plain(value)
            except RecordFault as fault:
                return self._row_id(entity, scalars.from_json_text(value), fault)

        return encoded

    def word_encoder(self, entity: str, plain: Encoder) -> Encoder:
        """Return the encoder of a column with the word of a row, which may be given by name.

        Args:
            entity: of the row.
            plain: encodes a text.
        """
        column = ENTITIES[entity].word or ""

        def encoded(value: object) -> object:
            word = plain(value)
            if not isinstance(word, str) or _WORD.fullmatch(word):
                return word
            row_id = self._row_id(entity, word, RecordFault(f"must be text, not {scalars.what(value)}"))
            return self._rows.listed(ENTITIES[entity], {}, entity)[str(row_id)].get(column)

        return encoded

    def list_encoder(self, entity: str, plain: Encoder) -> Encoder:
        """Return the encoder of a list of rows given by id or natural key.

        Args:
            entity: of the rows.
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
        """Return the single keys or ids of a value; a text is one key, or several divided by commas."""
        if isinstance(value, str):
            columns = NATURAL_KEYS[entity].columns
            whole = any(self._ids(entity, column, value) for column in columns)
            return [value] if whole else [part for part in value.split(",") if part.strip()]
        return list(value) if isinstance(value, list) else [value]

    def _id(self, entity: str, plain: Encoder, value: object) -> object:
        """Return the id of one entry of a list."""
        row_id = value.get("id", value) if isinstance(value, Mapping) else value
        try:
            found = plain([row_id])
        except RecordFault:
            found = None
        if isinstance(found, list) and found:
            return found[0]
        fault = RecordFault(f"must be a list of ids or names, not of {scalars.what(value)}")
        return self._row_id(entity, value, fault)

    def _row_id(self, entity: str, value: object, fault: RecordFault) -> object:
        """Return the id of the row with a natural key.

        Raises:
            RecordFault: no row has the key, or several have; `fault` if the value is not a natural key.
        """
        keys = NATURAL_KEYS[entity]
        columns, key = keys.columns, value
        if isinstance(value, Mapping):
            columns = tuple(column for column in columns if not is_blank(value.get(column)))
            if not columns or value.keys() - set(keys.columns):
                raise fault
            key = value[columns[0]]
        if not isinstance(key, (str, int)) or isinstance(key, bool):
            raise fault
        for column in columns:
            ids = self._ids(entity, column, key)
            if len(ids) > 1:
                raise RecordFault(_shared(entity, column, key, len(ids)))
            if ids:
                return int(ids[0]) if ids[0].isdigit() else ids[0]
        if entity == LEAD_LABELS and self._lead_labels is not None and isinstance(key, str):
            return self._lead_labels.create(key)
        raise RecordFault(self._missing(entity, columns, key))

    def _ids(self, entity: str, column: str, key: object) -> list[str]:
        """Return the ids of the rows that have a key in a column and can be referenced."""
        listed = self._rows.listed(ENTITIES[entity], {}, entity)
        kept, index = self._indexes.get((entity, column), (None, {}))
        if kept is not listed:  # the first time, and after a row was written
            active, index = NATURAL_KEYS[entity].active, {}
            for row_id, row in listed.items():
                if not is_blank(row.get(column)) and (active is None or row.get(active)):
                    index.setdefault(match_text(row[column]), []).append(row_id)
            self._indexes[entity, column] = listed, index
        return index.get(match_text(key), [])

    def _missing(self, entity: str, columns: tuple[str, ...], key: object) -> str:
        keys = NATURAL_KEYS[entity]
        rows = self._rows.listed(ENTITIES[entity], {}, entity).values()
        named = " or ".join("e-mail address" if one == "email" else one for one in columns)
        one = entity.removesuffix("s")
        if keys.active is not None and any(
            match_text(row.get(column)) == match_text(key) for row in rows for column in columns
        ):
            return f"is a {one} who is deactivated in Pipedrive: name an active one"
        if keys.personal:
            return (
                f"is not the {named} of a {one} in Pipedrive: correct it, or use the id ({entity} are not "
                "created)"
            )
        known = list(dict.fromkeys(str(row.get(columns[0])) for row in rows))
        spelled = {match_text(one): one for one in known}
        near = [spelled[one] for one in difflib.get_close_matches(match_text(key), spelled, n=3)]
        shown = ", ".join(near or known[:_MOST_SHOWN]) or "none"
        more = "; or set create_options" if entity == LEAD_LABELS and not near else ""
        return (
            f"contains {key!r}, which is not one of the {entity.replace('_', ' ')} in Pipedrive; "
            f"{'nearest' if near else 'known'}: {shown}{more}"
        )


def _shared(entity: str, column: str, key: object, count: int) -> str:
    keys = NATURAL_KEYS[entity]
    better = keys.columns[0]
    remedy = "use the id" if column == better else f"use the {better} or the id"
    shown = "a name" if keys.personal else f"the name {key}"
    return f"contains {shown}, which {count} {entity} share; {remedy}"
