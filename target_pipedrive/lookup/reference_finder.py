"""Lookup of referenced rows by a natural key, such as the name of an organization.

The newest page of the list is read first: it also shows how many rows there are. The rest of the list is
read if that costs less than searches for the keys that the records received so far name; else each key is
searched. A run pays at most about twice the cheaper way.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipedrive_client import times
from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.ids.provisional import ProvisionalId
from target_pipedrive.lookup.ambiguity import chosen_row
from target_pipedrive.mapping.columns.references import SEARCHED_KEYS
from target_pipedrive.record.row import is_gone, is_retired
from target_pipedrive.values.identity import clean, match_text
from target_pipedrive.values.match_terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import TypeAlias

    from target_pipedrive.account.known_names import KnownNames
    from target_pipedrive.account.planned_rows import PlannedRows
    from target_pipedrive.account.rows import Rows
    from target_pipedrive.catalog.spec import EntitySpec
    from target_pipedrive.record.draft import Reference
    from target_pipedrive.record.row import Row

    Key: TypeAlias = tuple[str, str]
    """Column and normalised value."""

MOST_ROWS = 500_000
"""Maximum number of rows of a list that is kept."""
_NAMES = ("name", "title")
LAG_SECONDS = 300
"""Age of writes that a search may not find yet, and that the list is requested for."""


def key_of(reference: Reference) -> Key:
    """Return column and normalised value of a reference by natural key."""
    return SEARCHED_KEYS[reference.entity][reference.key], match_text(reference.value)


def keys_in(entity: str, values: Mapping[str, object]) -> Iterator[Key]:
    """Yield the natural keys of a row, or of some of its columns."""
    for column in dict.fromkeys(SEARCHED_KEYS[entity].values()):
        if column in values:
            yield from ((column, term) for term in set(terms(values[column], column)))


@dataclass(slots=True)
class _Known:
    """Natural keys of one entity.

    Attributes:
        lock: locked during requests: other records that name the same row wait for the first lookup.
        wanted: keys that the records received so far name.
        found: rows by key, as Pipedrive returned them; empty for a key without a row.
        listed: rows of all keys, once the whole list was read.
        written: rows by key that this run wrote.
        archived: archived rows and inactive products, which are used only if no other row has the key.
        held: values of rows that this run changed, by row and column; None in a deleted row.
        doubtful: rows that this run wrote with unknown values.
        fresh: True if the latest writes were requested, and no unknown ones followed.
        since: time of the latest change in the list; empty if the list was not read.
        pages: estimated number of pages of the list.
        spent: tokens of searches so far.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    wanted: set[Key] = field(default_factory=set)
    found: dict[Key, list[str]] = field(default_factory=dict)
    listed: dict[Key, list[str]] | None = None
    written: defaultdict[Key, list[str]] = field(default_factory=lambda: defaultdict(list))
    archived: set[str] = field(default_factory=set)
    held: dict[str, dict[str, object]] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    fresh: bool = False
    since: str = ""
    pages: int = 0
    spent: int = 0

    def may_have(self, row_id: str, key: Key) -> bool:
        """Return whether a row may have a key: not if this run has read or written another value of it."""
        column, term = key
        held = self.held.get(row_id)
        return held is None or column not in held or term in terms(held[column], column)


class ReferenceFinder:
    """Finds rows by natural key; a key is looked up once per run, whether a row has it or not.

    Args:
        rows: reads and searches.
        on_ambiguous: handling of several rows with one key, as in the setting.
        names: learns the names of the rows.
        planned: finds rows by the values that a dry run plans; None in a real run.
    """

    def __init__(
        self, rows: Rows, on_ambiguous: str, names: KnownNames, planned: PlannedRows | None = None
    ) -> None:
        self._rows = rows
        self._planned = planned
        self._names = names
        self._on_ambiguous = on_ambiguous
        self._known = {entity: _Known() for entity in SEARCHED_KEYS}

    def expect(self, references: Iterable[Reference]) -> bool:
        """Count the keys that a record names; return whether one of them is still to be looked up."""
        pending = False
        for reference in references:
            if reference.key:
                known, key = self._known[reference.entity], key_of(reference)
                known.wanted.add(key)
                pending = pending or (known.listed is None and key not in known.found)
        return pending

    def find(self, reference: Reference, stream: str, *, last: bool = False) -> str | None:
        """Return the id of the row that a reference names, or None if there is none yet.

        Args:
            reference: with a natural key.
            stream: name that requests are counted under.
            last: True if no such row will be received: rows that a search may not find yet are requested too.

        Raises:
            RecordFault: several rows have the key.
            SkipRecord: several rows have the key, and `on_ambiguous` is `skip`.
        """
        entity, known, key = ENTITIES[reference.entity], self._known[reference.entity], key_of(reference)
        with known.lock:
            known.wanted.add(key)
            if key not in known.found:
                term = str(reference.value)
                known.found[key] = self._looked_up(entity, known, key, term, stream)
            ids = self._valid(entity, known, key, stream)
            if not ids and last and not known.fresh:
                self._take_latest(entity, known, stream)
                ids = self._valid(entity, known, key, stream)
        row_id = self._chosen(reference, ids)
        if key[0] in _NAMES:
            self._names.remember(reference.entity, row_id, clean(str(reference.value)))
        return row_id

    # --- what the run writes ----------------------------------------------------------------------

    def added(self, entity: str, values: Mapping[str, object], row_id: str) -> None:
        """Note a row that this run has added, or plans to add in a dry run.

        Rows that are added before any key of their entity is named need no memory: they are found later, and
        those that a dry run keeps are found by its own index.
        """
        known = self._known.get(entity)
        if known is None:
            return
        if isinstance(row_id, ProvisionalId):
            is_found = self._planned is not None and self._planned.holds(entity, row_id)
        else:
            is_found = not known.wanted
        if not is_found:
            for key in keys_in(entity, values):
                if row_id not in known.written[key]:
                    known.written[key].append(row_id)

    def changed(self, entity: str, values: Mapping[str, object], row_id: str) -> None:
        """Note values that this run has written to a row."""
        known = self._known.get(entity)
        if known is not None and not values.keys().isdisjoint(SEARCHED_KEYS[entity].values()):
            held = known.held.setdefault(row_id, {})
            for column in SEARCHED_KEYS[entity].values():
                if column in values:
                    held[column] = values[column]
            self.added(entity, values, row_id)

    def wrote_elsewhere(self, entity: str | None, ids: Iterable[str] = ()) -> None:
        """Note rows written with unknown values; without an entity, any rows."""
        if entity is not None and entity not in self._known:
            return
        for known in self._known.values() if entity is None else (self._known[entity],):
            known.fresh = False
            known.doubtful.update(ids)

    # --- lookups ----------------------------------------------------------------------------------

    def _looked_up(self, entity: EntitySpec, known: _Known, key: Key, term: str, stream: str) -> list[str]:
        """Return the ids of the rows that have a key."""
        if known.listed is None:
            self._list_if_cheaper(entity, known, stream)
        if known.listed is not None:
            return known.listed.get(key, [])
        known.spent += entity.search.cost if entity.search else 0
        ids = self._rows.search(entity, key[0], term, stream)
        rows = self._read(entity, ids, stream)
        known.archived.update(one for one, row in rows.items() if is_retired(row))
        return [one for one, row in rows.items() if key in keys_in(entity.name, row)]

    def _read(self, entity: EntitySpec, ids: Iterable[str], stream: str) -> dict[str, Row]:
        """Return the rows that exist by id."""
        ids = list(ids)
        planned = [one for one in ids if isinstance(one, ProvisionalId)]
        wanted = [one for one in ids if not isinstance(one, ProvisionalId)]
        added = ((one, self._rows.one(entity, one, {}, stream)) for one in planned)
        found: dict[str, Row] = {one: row for one, row in added if row is not None}
        if entity.read is not None:
            for at in range(0, len(wanted), self._rows.BULK):
                found |= self._rows.many(entity, wanted[at : at + self._rows.BULK], stream)
            return found
        rows = {one: self._rows.one(entity, one, {}, stream) for one in wanted}
        return found | {one: row for one, row in rows.items() if row is not None}

    def _list_if_cheaper(self, entity: EntitySpec, known: _Known, stream: str) -> None:
        """Read the list if it costs less than searches for the keys wanted so far."""
        read, search = entity.read, entity.search
        if read is None:
            return
        rest = len(known.wanted) - len(known.found)
        cost = known.spent + rest * (search.cost + read.cost) if search is not None else None
        page = read.page_size or 1
        if cost is not None and known.pages and known.pages * read.cost > cost:
            return
        listed: dict[Key, list[str]] = {}
        newest = ""
        for number, row in enumerate(self._rows.newest_first(entity, stream), 1):
            if number == 1:
                known.pages = int(str(row.get(entity.key))) // page + 1 + (entity.more is not None)
            newest = max(newest, str(row.get("update_time") or ""))
            if not is_gone(row, entity):
                row_id = str(row.get(entity.key))
                for key in keys_in(entity.name, row):
                    listed.setdefault(key, []).append(row_id)
                if is_retired(row):
                    known.archived.add(row_id)
            too_costly = cost is not None and known.pages * read.cost > cost
            if number == page and (too_costly or known.pages * page > MOST_ROWS):
                return  # before the second page is requested
        known.listed, known.since = listed, newest

    def _take_latest(self, entity: EntitySpec, known: _Known, stream: str) -> None:
        """Request the rows that were written lately, which a search may not find yet."""
        since = times.normalise(known.since or self._rows.ago(LAG_SECONDS))
        for row in self._rows.changed(entity, since, stream, archived=True):
            row_id = str(row.get(entity.key))
            if row_id not in known.held or row_id in known.doubtful:
                self._take(entity, known, row_id, row)
        known.fresh = True

    def _take(self, entity: EntitySpec, known: _Known, row_id: str, row: Row | None) -> None:
        """Note the current keys of a row that was read; None for a deleted one."""
        keys = set() if row is None or is_gone(row, entity) else set(keys_in(entity.name, row))
        columns = SEARCHED_KEYS[entity.name].values()
        known.held[row_id] = {column: row.get(column) if row and keys else None for column in columns}
        for key in keys:
            if row_id not in known.written[key]:
                known.written[key].append(row_id)
        known.doubtful.discard(row_id)

    def _valid(self, entity: EntitySpec, known: _Known, key: Key, stream: str) -> list[str]:
        """Return the ids of the rows that have a key, after this run's own writes."""
        column, term = key
        planned = self._planned.ids(entity.name, column, [term]) if self._planned is not None else ()
        ids = list(dict.fromkeys((*known.found[key], *known.written.get(key, ()), *planned)))
        unknown = known.doubtful.intersection(ids)
        if unknown:
            rows = self._read(entity, sorted(unknown), stream)
            for row_id in unknown:
                self._take(entity, known, row_id, rows.get(row_id))
        ids = [one for one in ids if known.may_have(one, key)]
        return [one for one in ids if one not in known.archived] or ids

    def _chosen(self, reference: Reference, ids: list[str]) -> str | None:
        if not ids:
            return None
        if len(ids) == 1:
            return ids[0]
        return chosen_row(
            ids,
            self._on_ambiguous,
            skipped=f"{len(ids)} {reference.entity} have this {reference.key}",
            fault=lambda ordered: reference.fault(
                f"is {reference.key_of_one}, but {len(ordered)} {reference.entity} in Pipedrive have it "
                f"({', '.join(ordered[:5])}): merge them there, use the id, or set on_ambiguous"
            ),
        )
