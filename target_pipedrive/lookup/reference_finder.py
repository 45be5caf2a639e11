"""Lookup of referenced rows by a natural key, such as the name of an organization.

Single searches and the whole list cost different amounts of tokens. The first keys are searched; once the
searches have cost as much as the list would, the list is read. So a run pays at most about twice the cheaper
way.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.lookup.ambiguity import chosen_row
from target_pipedrive.mapping.references import SEARCHED_KEYS
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.record.row import is_gone
from target_pipedrive.values.identity import match_text
from target_pipedrive.values.match_terms import terms

if TYPE_CHECKING:
    from target_pipedrive.account.rows import Rows
    from target_pipedrive.catalog.spec import EntitySpec
    from target_pipedrive.record.draft import Reference


class ReferenceFinder:
    """Finds rows by natural key; a key that was found is looked up once per run.

    Args:
        rows: reads and searches.
        on_ambiguous: handling of several rows with one key, as in the setting.
    """

    def __init__(self, rows: Rows, on_ambiguous: str) -> None:
        self._rows = rows
        self._on_ambiguous = on_ambiguous
        self._found: dict[tuple[str, str, str], list[str]] = {}
        self._lists: dict[tuple[str, str], dict[str, list[str]]] = {}
        self._spent: dict[str, int] = {}
        self._list_costs: dict[str, int] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def find(self, reference: Reference, stream: str) -> str | None:
        """Return the id of the row that a reference names, or None if there is none yet.

        Args:
            reference: with a natural key.
            stream: name that requests are counted under.

        Raises:
            RecordFault: several rows have the key.
            SkipRecord: several rows have the key, and `on_ambiguous` is `skip`.
        """
        with self._lock:
            lock = self._locks.setdefault(reference.entity, threading.Lock())
        with lock:  # many records name the same row: the others wait for the first lookup
            ids = self._ids(reference, stream)
        return self._chosen(reference, ids)

    def _ids(self, reference: Reference, stream: str) -> list[str]:
        entity = ENTITIES[reference.entity]
        column = SEARCHED_KEYS[reference.entity][reference.key]
        key = match_text(reference.value)
        place = (entity.name, column, key)
        if self._found.get(place):
            return self._found[place]
        if (entity.name, column) not in self._lists and self._list_is_cheaper(entity, stream):
            self._lists[entity.name, column] = self._listed(entity, column, stream)
        ids = self._lists.get((entity.name, column), {}).get(key)
        if not ids:
            ids = self._searched(entity, column, key, str(reference.value), stream)
        self._found[place] = ids
        return ids

    def _list_is_cheaper(self, entity: EntitySpec, stream: str) -> bool:
        """Return whether the searches so far have cost as much as the list would."""
        spent, read = self._spent.get(entity.name, 0), entity.read
        if not spent or read is None or entity.search is None:
            return False
        if entity.name not in self._list_costs:
            pages = self._rows.highest_id(entity, stream) // (read.page_size or 1) + 1
            self._list_costs[entity.name] = pages * read.cost
        return spent + entity.search.cost > self._list_costs[entity.name]

    def _listed(self, entity: EntitySpec, column: str, stream: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for row in self._rows.all(entity, stream):
            if not is_gone(row):
                for key in set(terms(row.get(column))):
                    found.setdefault(key, []).append(str(row.get(entity.key)))
        return found

    def _searched(self, entity: EntitySpec, column: str, key: str, term: str, stream: str) -> list[str]:
        """Return the ids of the rows that a search finds and that have the key."""
        cost = entity.search.cost if entity.search else 0
        self._spent[entity.name] = self._spent.get(entity.name, 0) + cost
        ids = self._rows.search(entity, column, term, stream)
        rows = self._rows.many(entity, ids, stream) if ids else {}
        return [row_id for row_id, row in rows.items() if not is_gone(row) and key in terms(row.get(column))]

    def _chosen(self, reference: Reference, ids: list[str]) -> str | None:
        if not ids:
            return None
        if len(ids) == 1:
            return ids[0]
        return chosen_row(
            ids,
            self._on_ambiguous,
            skipped=f"{len(ids)} {reference.entity} have this {reference.key}",
            fault=lambda ordered: RecordFault(
                f"names {len(ordered)} {reference.entity} by {reference.key} ({', '.join(ordered[:5])}): use "
                "the id, merge them, or set on_ambiguous",
                fields=(reference.field or reference.column,),
            ),
        )
