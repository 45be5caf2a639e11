"""Read one page of every list of an account and note what the responses look like."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipedrive_client.paging import rows_of
from tap_pipedrive.values.column_types import column_types
from tests.live.lists import lists
from tests.live.published import choices_of
from tests.live.shapes import Collector, Shape, below, kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_pipedrive.catalog.spec import StreamSpec
    from tests.live.lists import Listed
    from tests.live.wire import Answer, Wire

PAGE_SIZE = 25
PARENTS = 3
"""Rows of a parent list that are tried until a list below it has rows."""
FIELD_LISTS = ("_fields", "_field_attributes")
FEW = 2
"""Parents of lists that are read with one row per page, which shows how a page refers to the next one."""
LONGEST_NAME = 80
"""Longest text that may be a name; longer ones are prose."""
_WORD = re.compile(r"[^\W\d_]{3,}")
_HASH = re.compile(r"[0-9a-f]{40}")


@dataclass(slots=True)
class Seen:
    """Reads of one published operation.

    Attributes:
        listed: the list; the first one if several streams read it.
        reads: number of successful reads.
        rows: number of rows.
        statuses: HTTP statuses of the successful reads.
        collector: collects the shape of the responses.
        lost: path of a value that the tap cannot represent, to the kinds of these values.
        refusals: responses that were errors.
    """

    listed: Listed
    reads: int = 0
    rows: int = 0
    statuses: set[int] = field(default_factory=set)
    collector: Collector = field(default_factory=Collector)
    lost: dict[str, set[str]] = field(default_factory=dict)
    refusals: list[Answer] = field(default_factory=list)

    @property
    def shape(self) -> Shape:
        """Shape of all responses together."""
        return self.collector.shape


class Survey:
    """Reads of one account.

    Args:
        wire: connection to the account; it is only used for GET requests.
        sizes: page sizes; each list is read once with each of them.
        parents: number of parent rows that are tried.
        every_parent: continue with the other parents after one with rows.
        terms: texts to search for in addition to the beginning of a name.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        sizes: Sequence[int] = (PAGE_SIZE,),
        parents: int = PARENTS,
        every_parent: bool = False,
        terms: Sequence[str] = (),
    ) -> None:
        self._wire = wire
        self._sizes = sizes
        self._parents_tried = parents
        self._every_parent = every_parent
        self._terms = terms
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._field_types: dict[str, str] = {}
        self.seen: dict[str, Seen] = {}
        """Operations that were requested, by path."""
        self.without: dict[str, str] = {}
        """Lists that were not requested, and the reason."""
        self.words: set[str] = set()
        """Words of the account: parts of its names, labels and other short texts."""

    def reads(self) -> Iterator[Seen]:
        """Read one page of every list, parents before the lists below them.

        Yields:
            The operation of each list, as soon as it was read.
        """
        for listed in sorted(lists(), key=lambda one: not one.name.endswith("_fields")):
            seen = self.seen.get(listed.path)
            if seen is None:
                collector = Collector(
                    choices_of(listed.path), field_types=lambda key: self._field_types.get(key, "")
                )
                seen = Seen(listed, collector=collector)
            if not self._read_list(listed, seen):
                self.without[listed.label] = f"the account has no rows in {listed.parent}"
                continue
            self.without.pop(listed.label, None)
            self.seen[listed.path] = seen
            yield seen

    def _read_list(self, listed: Listed, seen: Seen) -> bool:
        """Read a list below its first parents; return False if there is no parent."""
        contexts = self._contexts(listed)
        for params in self._params(listed):
            for values in contexts[: FEW if params.get("limit") == 1 else None]:
                rows, is_refused = self._read(listed, seen, values, params)
                if (rows or is_refused) and not self._every_parent:
                    break
        return bool(contexts)

    def _params(self, listed: Listed) -> Iterator[dict[str, Any]]:
        """Yield the query parameters of each read of a list below one parent."""
        sizes = {min(size, listed.most) for size in self._sizes}
        if listed.name.endswith(FIELD_LISTS):
            sizes.add(listed.most)  # definitions explain the custom fields of all rows
            sizes.discard(PAGE_SIZE)
        for size in sorted(sizes):
            paging = {"limit": size} if size else {}
            for term in (self._term(*listed.term), *self._terms) if listed.term else ("",):
                yield {**listed.params, **paging, **({"term": term} if term else {})}

    def _contexts(self, listed: Listed) -> list[dict[str, Any]]:
        """Return the values of path and query of each parent to try."""
        if not listed.parent:
            return [{}]
        rows = self._rows.get(listed.parent, [])
        wanted = [row for row in rows if listed.when is None or row.get(listed.when)] or rows
        found = [{name: _value_at(row, column) for name, column in listed.context.items()} for row in wanted]
        placed = [name for name in listed.context if f"{{{name}}}" in listed.path or name in listed.query]
        return [one for one in found if all(_is_id(one[name]) for name in placed)][: self._parents_tried]

    def _read(
        self, listed: Listed, seen: Seen, values: Mapping[str, Any], params: Mapping[str, Any]
    ) -> tuple[int, bool]:
        """Read one page; return the number of rows, and if it was rejected."""
        path = listed.path
        for name in listed.context:
            path = path.replace(f"{{{name}}}", str(values[name]))
        params = {**params, **{name: values[name] for name in listed.query}}
        if listed.name == "goal_results":
            params["period.start"] = values["period_start"]
            params["period.end"] = values["period_end"] or values["period_start"]
        answer = self._wire.send("GET", path, params=params, cost=listed.cost, label=listed.name)
        if answer.error or not answer.is_json:
            seen.refusals.append(answer)
            return 0, True
        seen.reads += 1
        seen.statuses.add(answer.status)
        seen.collector.add(answer.body)
        found = rows_of(answer.body, listed.records)
        rows = [row for row in found if isinstance(row, dict)]
        seen.rows += len(found)
        self._remember(listed, rows, values)
        if listed.spec is not None and not listed.spec.shape:
            _note_lost(listed.spec, rows, f"{listed.records}[]", seen.lost)
        return len(found), False

    def _remember(self, listed: Listed, rows: list[dict[str, Any]], values: Mapping[str, Any]) -> None:
        """Keep rows as parents, the types of custom fields, and the words of the account."""
        self._rows.setdefault(listed.name, []).extend({**values, **row} for row in rows)
        is_field_list = listed.name.endswith(FIELD_LISTS)
        for row in rows:
            code = row.get("field_code", row.get("key"))
            is_custom = isinstance(code, str) and _HASH.fullmatch(code)
            if is_field_list and is_custom and isinstance(row.get("field_type"), str):
                self._field_types[code] = (
                    row["field_type"] if row["field_type"] in _field_types() else "other"
                )
            if is_custom or not is_field_list:
                self._note_words(row)

    def _note_words(self, value: object) -> None:
        if isinstance(value, dict):
            for inner in value.values():
                self._note_words(inner)
        elif isinstance(value, list):
            for inner in value:
                self._note_words(inner)
        elif isinstance(value, str) and len(value) <= LONGEST_NAME:
            self.words.update(_WORD.findall(value.lower()))

    def _term(self, stream: str, column: str) -> str:
        """Return the beginning of a name in the account, as a search term with results."""
        for row in self._rows.get(stream, []):
            found = re.match(r"\w{2,6}", str(row.get(column) or ""))
            if found:
                return found[0]
        return "an"


def _field_types() -> frozenset[object]:
    """Return the published types of fields."""
    return choices_of("/api/v2/dealFields")["data[].field_type"]


def _value_at(row: Mapping[str, Any], column: str) -> Any:
    """Return the value of a column, or of a key of the object in it (`duration.start`)."""
    found: Any = row
    for key in column.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _is_id(value: object) -> bool:
    """Return True if a value can be part of a path."""
    return isinstance(value, str | int) and re.fullmatch(r"[\w-]{1,64}", str(value)) is not None


def _note_lost(spec: StreamSpec, rows: list[dict[str, Any]], where: str, found: dict[str, set[str]]) -> None:
    """Note values that no column of the tap can represent."""

    def lost(path: str, value: object) -> None:
        found.setdefault(below(where, path), set()).add(kind(value))

    types = column_types(spec.schema, lost)
    for name, column in types.items():
        is_key = name in spec.primary_keys
        for row in rows:
            value = row.get(name)
            if is_key and name in row and (value is None or column.convert(value) is None):
                lost(name, value)
            elif value is not None and not column.holds([value]):
                column.convert(value)
