"""Which row a record means, by the exact values of `match_on`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from target_pipedrive import compare
from target_pipedrive.faults import RecordFault, SkipRecord
from target_pipedrive.rows import is_gone

if TYPE_CHECKING:
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

    def remember(self, plan: EntityPlan, draft: Draft, row_id: str) -> None:
        """Note the row that was added for these values: the search may not know it yet."""
        if draft.matches:
            self._matched[plan.spec.name, _key(draft)] = row_id

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
        found = self._candidates(task, plan, draft)
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
                    f"matches {len(found)} {spec.name} ({', '.join(ids[:5])}); merge them, match on more "
                    "fields, or set on_ambiguous"
                )
            return ids[0] if choice == "oldest" else ids[-1]
        if found:
            self._matched[spec.name, wanted] = found[0]
            return found[0]
        return None

    def _candidates(self, task: Task, plan: EntityPlan, draft: Draft) -> list[str]:
        spec = plan.spec
        searched = [name for name in draft.matches if spec.search and _search_column(plan, name)]
        if spec.search is not None and searched:
            name = searched[0]
            term = _term(draft.matches[name])
            ids = self._rows.search(spec, _search_column(plan, name) or name, term, task.stream)
            rows = {one: self._rows.one(spec, one, draft.body, task.stream) for one in dict.fromkeys(ids)}
        elif spec.read is not None and spec.read.ids is None:
            rows = dict(self._rows.listed(spec, draft.body, task.stream))
        else:
            raise RecordFault(
                f"cannot be found by {', '.join(draft.matches)}: {spec.name} have no such search"
            )
        return [
            one
            for one, row in rows.items()
            if row is not None
            and not is_gone(row)
            and all(_agrees(row, name, value, plan) for name, value in draft.matches.items())
        ]


def _key(draft: Draft) -> str:
    """The values a record is matched by, as one text."""
    return str(sorted((name, str(value).casefold()) for name, value in draft.matches.items()))


def _search_column(plan: EntityPlan, name: str) -> str | None:
    """The column of the search for a match field; custom fields share one."""
    fields = plan.spec.search.fields if plan.spec.search else {}
    if name in fields:
        return name
    return "custom_fields" if len(name) == 40 and "custom_fields" in fields else None  # noqa: PLR2004 - a key


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
    held = row.get(name)
    if name not in plan.columns:
        customs = row.get("custom_fields")
        held = customs.get(name) if isinstance(customs, Mapping) else held
    if isinstance(held, list):
        terms = {_folded(_term([one])) for one in held}
        return _folded(_term(value)) in terms
    return _folded(_term(value)) == _folded(_term(held)) or compare.same_value(value, held)


def _folded(text: str) -> str:
    return text.strip().casefold()
