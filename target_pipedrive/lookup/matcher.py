"""Lookup of the row of a record, by the exact values of `match_on`.

Every source of a match (a search, a list, earlier writes of the run) may be out of date: the row itself is
read before it counts as a match.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from itertools import count, product
from typing import TYPE_CHECKING

from target_pipedrive.ids.provisional import ProvisionalId
from target_pipedrive.lookup.ambiguity import chosen_row
from target_pipedrive.lookup.match_index import Listings, held
from target_pipedrive.mapping.match_columns import lookup_column, search_column
from target_pipedrive.mapping.row_key import key_columns
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.record.row import is_gone
from target_pipedrive.values import compare
from target_pipedrive.values.compound import CONTACT_KINDS
from target_pipedrive.values.identity import spellings
from target_pipedrive.values.match_terms import addresses, terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_pipedrive.account.planned_rows import PlannedRows
    from target_pipedrive.account.rows import Rows
    from target_pipedrive.ids.id_map import Links
    from target_pipedrive.lookup.reference_finder import ReferenceFinder
    from target_pipedrive.mapping.entity import EntityPlan
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.row import Row
    from target_pipedrive.record.task import Task

_LOCKS = 64


class Matcher:
    """Finds rows, and remembers those found or added in this run.

    Args:
        rows: reads and searches.
        on_ambiguous: handling of several matching rows.
        links: rows that are already linked to external ids.
        names: learns the natural keys of written rows.
        planned: finds rows by the values that a dry run plans; None in a real run.

    Attributes:
        clock: counts the writes of this run.
    """

    def __init__(
        self,
        rows: Rows,
        on_ambiguous: str,
        links: Links,
        names: ReferenceFinder,
        planned: PlannedRows | None = None,
    ) -> None:
        self._rows = rows
        self._planned = planned
        self._names = names
        self._links = links
        self._on_ambiguous = on_ambiguous
        self._matched: dict[tuple[str, str], tuple[str, str | None]] = {}
        self._written: dict[tuple[str, str], int] = {}
        self._row_locks = tuple(threading.Lock() for _ in range(_LOCKS))
        self._listings = Listings(rows)
        self.clock = 0
        self._ticks = count(1)

    def read_ahead(self, tasks: Sequence[Task], plan: EntityPlan) -> None:
        """Read the candidates for many records at once, if that is cheaper than single searches."""
        names = {lookup_column(plan, task.draft.matches) for task in tasks if task.draft is not None}
        for name in names - {None}:
            those = [
                one
                for one in tasks
                if one.draft is not None and lookup_column(plan, one.draft.matches) == name
            ]
            values = [one.draft.matches[name] for one in those if one.draft is not None and name is not None]
            found = self._listings.prepare(plan, name or "", values, tasks[0].stream)
            for task in those:
                task.found = found

    def wrote(self, plan: EntityPlan, values: Mapping[str, object], row_id: str) -> None:
        """Record values that an update has written, by which later records may match."""
        self._names.changed(plan.spec.name, values, row_id)
        self._note_values(plan, values, row_id)

    def _note_values(self, plan: EntityPlan, values: Mapping[str, object], row_id: str) -> None:
        if isinstance(row_id, ProvisionalId):
            return
        if plan.match_on:
            self._note_write(plan.spec.name, row_id)
        self._listings.note(plan, values, row_id)

    def wrote_elsewhere(self, entity: str | None, ids: Iterable[str] = ()) -> None:
        """Record that an action or request wrote rows; without an entity, rows of any entity."""
        ids = list(ids)
        self._names.wrote_elsewhere(entity, ids)
        self._listings.unsettle(entity)
        for row_id in ids if entity is not None else ():
            self._note_write(entity or "", row_id)

    def _note_write(self, entity: str, row_id: str) -> None:
        self.clock = next(self._ticks)
        self._written[entity, row_id] = self.clock

    def alone(self, entity: str, row_id: str) -> threading.Lock:
        """Return the lock under which a matched row is changed.

        Records with different values, such as two addresses of one person, may match the same row at once.
        """
        return self._row_locks[hash((entity, row_id)) % _LOCKS]

    def was_written_since(self, entity: str, row_id: str, moment: int) -> bool:
        """Return whether this run has written the row since this value of the clock."""
        return self._written.get((entity, row_id), 0) > moment

    def remember(self, plan: EntityPlan, draft: Draft, row_id: str, row: object) -> None:
        """Record the added row of a record, from the response: searches may not find it yet."""
        if draft.matches:
            told = _held(row, plan, draft) if isinstance(row, Mapping) else None
            self._note_match(plan, draft, row_id, told)
        values = {**draft.body, **draft.custom, **draft.matches}
        self._names.added(plan.spec.name, values, row_id)
        self._note_values(plan, values, row_id)

    def find(self, task: Task, plan: EntityPlan, draft: Draft) -> str | None:
        """Return the id of the row with the record's values in every field of `match_on`.

        Raises:
            RecordFault: the fields cannot be searched, or several rows match.
        """
        spec = plan.spec
        known = [] if plan.by_nature else self._known(task, plan, draft)
        if len(known) == 1 and (task.was_read or isinstance(known[0], ProvisionalId)):
            return known[0]
        rows = self._candidates(task, plan, draft)
        found = list(rows)
        if not found and known:
            return known[0]  # only a dry run added it
        if plan.by_nature:  # two rows of the other account stay two rows here, even with the same name
            external_id = draft.external_id or ""
            found = [one for one in found if not self._links.is_taken(spec.name, one, external_id)][:1]
        if len(found) > 1:
            found = [
                chosen_row(
                    found,
                    self._on_ambiguous,
                    skipped=f"{len(found)} rows match",
                    fault=lambda ids: RecordFault(
                        f"matches {len(ids)} {spec.name} ({', '.join(ids[:5])}) by {{columns}}; "
                        "merge them, match on more fields, or set on_ambiguous",
                        column=key_columns(plan, draft),
                    ),
                )
            ]
        elif found:
            self._note_match(plan, draft, found[0], _held(rows[found[0]], plan, draft))
        for row_id in found:
            task.row, task.was_read, task.stale = rows[row_id], True, False
            return row_id
        return None

    def _note_match(self, plan: EntityPlan, draft: Draft, row_id: str, told: str | None) -> None:
        """Store the row of these values, under each of several addresses."""
        for key in _keys(draft):
            self._matched[plan.spec.name, key] = row_id, told

    def _known(self, task: Task, plan: EntityPlan, draft: Draft) -> list[str]:
        """Return the id of the row that earlier records with the same values added or found, if unchanged.

        Pipedrive may store a value in another form than it was sent: the form stored then also matches.
        Several addresses match if all of them lead to the same row; a row that only a dry run added matches
        in any case.
        """
        places = [(plan.spec.name, key) for key in _keys(draft)]
        known = [self._matched.get(place) for place in places]
        ids = list(dict.fromkeys(one[0] for one in known if one is not None))
        planned: list[str] = [one for one in ids if isinstance(one, ProvisionalId)]
        if planned:
            return planned[:1] if len(ids) == 1 and None not in known else planned
        if None in known or len(ids) != 1:
            return []
        row_id, told = ids[0], {one[1] for one in known if one is not None}
        row = self._rows.one(plan.spec, row_id, draft.body, task.stream)
        agreeing = self._agreeing({row_id: row}, plan, draft)
        held_now = None if row is None else _held(row, plan, draft)
        if row is not None and (agreeing or not told.isdisjoint({None, held_now})):
            task.row, task.was_read, task.stale = row, True, False
            return ids
        for place in places:
            self._matched.pop(place, None)
        return []

    def _candidates(self, task: Task, plan: EntityPlan, draft: Draft) -> dict[str, Row]:
        """Return the matching rows by id."""
        name = lookup_column(plan, draft.matches)
        if name is None:
            return self._agreeing(self._below(task, plan, draft), plan, draft)
        value = draft.matches[name]
        ids = self._listings.ids(plan, name, value, task.stream)
        if ids is None:
            ids = self._searched(plan, name, value, task.stream)
            ids += self._listings.noted(plan, name, value)
        if self._planned is not None:
            ids += self._planned.ids(plan.spec.name, name, terms(value, name))
        found = self._agreeing(self._read(task, plan, draft, ids), plan, draft)
        if not found:
            later = set(self._listings.lately(plan, name, value, task.stream)) - set(ids)
            found = self._agreeing(self._read(task, plan, draft, later), plan, draft)
        return found

    def _below(self, task: Task, plan: EntityPlan, draft: Draft) -> Mapping[str, Row]:
        """Return the rows of an entity that is read completely, or the child rows of the record's parent."""
        spec = plan.spec
        if spec.read is None or (spec.read.ids is not None and spec.read.by == spec.key):
            raise RecordFault(
                f"cannot be looked up by {{columns}}: Pipedrive has no such search of {spec.name}",
                column=key_columns(plan, draft),
            )
        if spec.read.ids is None:
            return self._rows.listed(spec, draft.body, task.stream)
        parent = draft.body.get(spec.read.by)
        if parent is None:
            raise RecordFault("needs {columns} to look up its row", fields=(spec.read.by,))
        known = isinstance(parent, ProvisionalId)
        found = {} if known else self._rows.many(spec, [str(parent)], task.stream)
        return found | self._rows.planned(spec, {spec.read.by: parent})

    def _searched(self, plan: EntityPlan, name: str, value: object, stream: str) -> list[str]:
        """Return the ids of rows that a search finds; each of several addresses is searched."""
        column = search_column(plan, name) or name
        found: list[str] = []
        for one in addresses(value):
            for text in spellings(one):
                ids = self._rows.search(plan.spec, column, text, stream)
                found += ids
                if ids:
                    break
        return found

    def _read(self, task: Task, plan: EntityPlan, draft: Draft, ids: Iterable[str]) -> dict[str, Row | None]:
        """Return rows by id, as currently stored or as cached if not written since."""
        spec = plan.spec
        known = {} if task.stale or task.found is None else task.found
        return {
            one: known[one]
            if one in known and (spec.name, one) not in self._written
            else self._rows.one(spec, one, draft.body, task.stream)
            for one in dict.fromkeys(ids)
        }

    @staticmethod
    def _agreeing(rows: Mapping[str, Row | None], plan: EntityPlan, draft: Draft) -> dict[str, Row]:
        """Return the existing rows with every value of the record's `match_on`.

        Child rows are those of the record's parent, which some of them do not name.
        """
        return {
            one: row
            for one, row in rows.items()
            if row is not None
            and not is_gone(row, plan.spec)
            and all(
                _agrees(row, name, value, plan, wholly=draft.deleted)
                for name, value in draft.matches.items()
                if name != plan.spec.parent or name in row
            )
        }


def _keys(draft: Draft) -> list[str]:
    """Return the values of the record's `match_on` as texts, one for each of several addresses."""
    names = sorted(draft.matches)
    texts = [terms(draft.matches[name], name) or [""] for name in names]
    return [f"{names}{values}" for values in product(*texts)]


def _held(row: Row, plan: EntityPlan, draft: Draft) -> str:
    """Return the row's value of a match field, as one text."""
    return str(sorted((name, terms(held(row, name, plan), name)) for name in draft.matches))


def _agrees(row: Row, name: str, value: object, plan: EntityPlan, *, wholly: bool) -> bool:
    """Return whether a row has the value of a match field; case and odd spaces are ignored.

    One of several addresses is sufficient, unless the row must have all of them (`wholly`).
    """
    here = held(row, name, plan)
    wanted, known = set(terms(value, name)), set(terms(here, name))
    column = plan.columns.get(name)
    if column is not None and column.kind.name in CONTACT_KINDS:
        return wanted <= known if wholly else not wanted.isdisjoint(known)
    return (bool(wanted) and wanted == known) or compare.same_value(value, here)
