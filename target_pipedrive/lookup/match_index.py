"""Index of row ids by field value, from the whole collection if that costs less than searches.

A search costs as much as two pages of 500 rows, and searches have their own burst limit. The cheaper way is
chosen by the number of records to match and the estimated number of pages of the list.

The search index lags behind writes, lists do not. So before a row counts as missing, the list is requested
for the writes of the last minutes; the run's own writes are recorded.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipedrive_client import times
from target_pipedrive.mapping.match_columns import can_list, search_column
from target_pipedrive.values.match_terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_pipedrive.account.rows import Rows
    from target_pipedrive.mapping.entity import EntityPlan
    from target_pipedrive.record.row import Row

MOST_ROWS = 500_000
"""Maximum number of rows of a cached list, at about 150 bytes each."""
LAG_SECONDS = 300
"""Age of writes that a search may not find yet, and that the list is requested for."""


def held(row: Row, name: str, plan: EntityPlan) -> object:
    """Return a row's value of a column or custom field."""
    if name in plan.columns:
        return row.get(name)
    customs = row.get("custom_fields")
    return customs.get(name) if isinstance(customs, Mapping) else row.get(name)


@dataclass(slots=True)
class _Listing:
    """Ids by hashed term, and the time of the index."""

    ids: dict[int, int | str | tuple[int | str, ...]] = field(default_factory=dict)
    until: str = ""

    def add(self, term: str, row_id: str) -> None:
        """Add a row; a number takes half the memory of its text."""
        key, number = hash(term), int(row_id) if row_id.isdecimal() else row_id
        known = self.ids.get(key)
        if known is None:
            self.ids[key] = number
        elif isinstance(known, tuple):
            self.ids[key] = known if number in known else (*known, number)
        elif known != number:
            self.ids[key] = (known, number)

    def get(self, term: str) -> list[str]:
        """Return rows that may have the term, which the caller must check."""
        known = self.ids.get(hash(term), ())
        return [str(one) for one in (known if isinstance(known, tuple) else (known,))]


class Listings:
    """Lists that were read for matching; thread-safe.

    Args:
        rows: reads the lists.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._lock = threading.Lock()
        self._lists: dict[tuple[str, str], _Listing] = {}
        self._recent: dict[tuple[str, str], _Listing] = {}
        self._fresh: set[tuple[str, str]] = set()
        self._pages: dict[str, int] = {}
        self._searched: Counter[str] = Counter()

    def prepare(self, plan: EntityPlan, name: str, values: Sequence[object], stream: str) -> dict[str, Row]:
        """Read the list for records that are matched by a field, if that is cheaper than searches.

        Args:
            plan: plan of their stream.
            name: name of the field.
            values: values of the records.
            stream: name the requests are counted under.

        Returns:
            The candidate rows by id; empty if each must be searched.
        """
        spec = plan.spec
        wanted = {term for value in values for term in terms(value, name)}
        with self._lock:
            self._fresh.discard((spec.name, name))
            listing = self._lists.get((spec.name, name))
            if listing is None:
                if not self._pays(plan, name, len(wanted), stream):
                    self._searched[spec.name] += len(wanted) * (spec.search.cost if spec.search else 0)
                    return {}
                listing = _Listing()
                self._take(listing, plan, name, self._rows.all(spec, stream))
                self._lists[spec.name, name] = listing
            elif listing.until:
                self._take(listing, plan, name, self._rows.changed(spec, listing.until, stream))
            self._fresh.add((spec.name, name))
        ids = list(dict.fromkeys(one for term in wanted for one in listing.get(term)))
        found: dict[str, Row] = {}
        for at in range(0, len(ids), self._rows.BULK):
            found |= self._rows.many(spec, ids[at : at + self._rows.BULK], stream)
        return found

    def ids(self, plan: EntityPlan, name: str, value: object, stream: str) -> list[str] | None:
        """Return the ids of rows that may have a value; None if the list was not read."""
        if (plan.spec.name, name) not in self._lists:
            if search_column(plan, name) is not None:
                return None
            self.prepare(plan, name, [value], stream)
        return [one for term in terms(value, name) for one in self._lists[plan.spec.name, name].get(term)]

    def noted(self, plan: EntityPlan, name: str, value: object) -> list[str]:
        """Return the ids of recently written rows that may have a value, without a request."""
        listing = self._recent.get((plan.spec.name, name))
        return [] if listing is None else [one for term in terms(value, name) for one in listing.get(term)]

    def lately(self, plan: EntityPlan, name: str, value: object, stream: str) -> list[str]:
        """Return the ids of recently written rows that may have a value.

        The list is requested once for records of the same batch, and again if other rows were written with
        unknown values.
        """
        spec = plan.spec
        if spec.recent is None:
            return []
        key = spec.name, name
        with self._lock:
            listing = self._lists.get(key) or self._recent.setdefault(key, _Listing())
            if key not in self._fresh:
                listing.until = listing.until or self._rows.ago(LAG_SECONDS)
                since = times.normalise(listing.until)
                rows = self._rows.changed(spec, since, stream, archived=True)
                self._take(listing, plan, name, rows)
                self._fresh.add(key)
            return [one for term in terms(value, name) for one in listing.get(term)]

    def note(self, plan: EntityPlan, values: Mapping[str, object], row_id: str) -> None:
        """Record values that this run has written."""
        for (entity, name), listing in [*self._lists.items(), *self._recent.items()]:
            if entity == plan.spec.name and name in values:
                for term in terms(values[name], name):
                    listing.add(term, row_id)

    def unsettle(self, entity: str | None) -> None:
        """Record a write with unknown values; None for rows of any entity."""
        with self._lock:
            if self._fresh:
                self._fresh = {key for key in self._fresh if entity is not None and key[0] != entity}

    def _pays(self, plan: EntityPlan, name: str, count: int, stream: str) -> bool:
        """Return whether the list costs less than these searches and the previous ones.

        Its size is unknown, but ids are ascending: the highest one is an upper bound.
        """
        spec = plan.spec
        if search_column(plan, name) is None:
            return True
        read, search = spec.read, spec.search
        if read is None or search is None or not can_list(spec):
            return False
        searches = self._searched[spec.name] + count * search.cost
        if searches <= 2 * read.cost:
            return False
        if spec.name not in self._pages:
            highest = self._rows.highest_id(spec, stream)
            self._pages[spec.name] = highest // (read.page_size or 1) + 1
        pages = self._pages[spec.name]
        cost = pages * (read.cost + (spec.more.cost if spec.more else 0))
        return cost < searches and pages * (read.page_size or 1) <= MOST_ROWS

    def _take(self, listing: _Listing, plan: EntityPlan, name: str, rows: Iterable[Row]) -> None:
        for row in rows:
            row_id = str(row.get(plan.spec.key))
            for term in terms(held(row, name, plan), name):
                listing.add(term, row_id)
            listing.until = max(listing.until, str(row.get("update_time") or ""))
