"""Which row a record means, by the exact values of `match_on`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from target_pipedrive import compare
from target_pipedrive.faults import RecordFault, SkipRecord
from target_pipedrive.listing import Listings, can_list, held, search_column
from target_pipedrive.rows import is_gone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_pipedrive.entity_plan import EntityPlan
    from target_pipedrive.links import Links
    from target_pipedrive.rows import Row, Rows
    from target_pipedrive.tasks import Draft, Task


class Matcher:
    """Finds rows; what was found or added in this run is remembered.

    Args:
        rows: reads and searches.
        on_ambiguous: what to do when several rows match.
        links: which rows stand for others already.
    """

    def __init__(self, rows: Rows, on_ambiguous: str, links: Links) -> None:
        self._rows = rows
        self._links = links
        self._on_ambiguous = on_ambiguous
        self._matched: dict[tuple[str, str], str] = {}
        self._listings = Listings(rows)

    def read_ahead(self, tasks: Sequence[Task], plan: EntityPlan) -> None:
        """Read what many records are to be matched with at once, where that is cheaper than one by one."""
        names = {_first(plan, task.draft) for task in tasks if task.draft is not None}
        for name in names - {None}:
            those = [one for one in tasks if one.draft is not None and _first(plan, one.draft) == name]
            values = [one.draft.matches[name] for one in those if one.draft is not None and name is not None]
            found = self._listings.prepare(plan, name or "", values, tasks[0].stream)
            for task in those:
                task.found = found

    def wrote(self, plan: EntityPlan, values: Mapping[str, object], row_id: str) -> None:
        """Note values that were written: later records may be matched by them."""
        self._listings.note(plan, values, row_id)

    def remember(self, plan: EntityPlan, draft: Draft, row_id: str) -> None:
        """Note the row that was added for these values: the search may not know it yet."""
        if draft.matches:
            self._matched[plan.spec.name, _key(draft)] = row_id
            self.wrote(plan, draft.matches, row_id)

    def find(self, task: Task, plan: EntityPlan, draft: Draft) -> str | None:
        """Id of the row that agrees with the record in every field of `match_on`.

        Raises:
            RecordFault: none of the fields can be searched, or several rows agree.
        """
        spec = plan.spec
        wanted = _key(draft)
        known = self._matched.get((spec.name, wanted))
        if known is not None and not plan.by_nature:
            return known
        rows = self._candidates(task, plan, draft)
        found = list(rows)
        if plan.by_nature:  # two rows of the other account are two here, whatever their names
            external_id = draft.external_id or ""
            found = [one for one in found if not self._links.is_taken(spec.name, one, external_id)][:1]
        if len(found) > 1:
            ids = sorted(found, key=lambda one: (len(one), one))
            choice = self._on_ambiguous
            if choice == "skip":
                raise SkipRecord(f"{len(found)} rows match")
            if choice == "fail":
                raise RecordFault(
                    f"matches {len(found)} {spec.name} ({', '.join(ids[:5])}) by {', '.join(plan.match_on)}; "
                    "merge them, match on more fields, or set on_ambiguous"
                )
            found = ids[:1] if choice == "oldest" else ids[-1:]
        elif found:
            self._matched[spec.name, wanted] = found[0]
        for row_id in found:
            task.row, task.was_read, task.stale = rows[row_id], True, False
            return row_id
        return None

    def _candidates(self, task: Task, plan: EntityPlan, draft: Draft) -> dict[str, Row]:
        """Rows by id that agree with the record."""
        spec = plan.spec
        name = _first(plan, draft)
        rows: dict[str, Row | None]
        if name is not None:
            known = {} if task.stale or task.found is None else task.found
            ids = self._listings.ids(plan, name, draft.matches[name], task.stream)
            if ids is None:
                term = _term(draft.matches[name])
                ids = self._rows.search(spec, search_column(plan, name) or name, term, task.stream)
            rows = {
                one: known[one] if one in known else self._rows.one(spec, one, draft.body, task.stream)
                for one in dict.fromkeys(ids)
            }
        elif spec.read is not None and spec.read.ids is None:
            rows = dict(self._rows.listed(spec, draft.body, task.stream))
        else:
            raise RecordFault(
                f"cannot be found by {', '.join(draft.matches)}: {spec.name} have no such search"
            )
        return {
            one: row
            for one, row in rows.items()
            if row is not None
            and not is_gone(row)
            and all(_agrees(row, name, value, plan) for name, value in draft.matches.items())
        }


def _key(draft: Draft) -> str:
    """The values a record is matched by, as one text."""
    return str(sorted((name, str(value).casefold()) for name, value in draft.matches.items()))


def _first(plan: EntityPlan, draft: Draft) -> str | None:
    """The field rows are looked for by: one that Pipedrive searches, else a custom field of a whole list."""
    searched = [name for name in draft.matches if search_column(plan, name) is not None]
    listed = [name for name in draft.matches if name not in plan.columns and can_list(plan.spec)]
    return next(iter(searched or listed), None)


def _term(value: object) -> str:
    """What to search for: of several addresses the first."""
    if isinstance(value, list) and value:
        first = value[0]
        return str(first.get("value") if isinstance(first, Mapping) else first)
    if isinstance(value, Mapping):
        return str(value.get("value"))
    return str(value)


def _agrees(row: Row, name: str, value: object, plan: EntityPlan) -> bool:
    """Whether a row holds the value a record is matched by; case and outer spaces do not matter."""
    here = held(row, name, plan)
    if isinstance(here, list):
        return _folded(_term(value)) in {_folded(_term([one])) for one in here}
    return _folded(_term(value)) == _folded(_term(here)) or compare.same_value(value, here)


def _folded(text: str) -> str:
    return text.strip().casefold()
