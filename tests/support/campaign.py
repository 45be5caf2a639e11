"""Runs of the tap over mutated rows of one stream, and the errors in their records and logs."""

from __future__ import annotations

import copy
import json
import random
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from pipedrive_client import DataKind
from pipedrive_client.fields import HASH_KEY
from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.catalog.spec import RowForm
from tap_pipedrive.rows.deviations import RowWithoutKeyError
from tests.support import evidence
from tests.support.mutations import KINDS, SECRET, Counts, faults, places, replaced
from tests.support.observed import shape_of
from tests.support.published import Rows, example, plain, served
from tests.support.settings import ALL_STREAMS
from tests.support.singer import Output, run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_pipedrive.catalog.spec import Read, StreamSpec
    from tests.support.emulator import Emulator

MARK = "campaign_mark"
"""Key added to each row, which identifies its record in the column of unknown keys."""
UNDEFINED = "0123456789abcdef" * 2 + "deadbeef"
"""Key of a custom field that has no definition."""
NOT_ROWS = {"leaves", "user_ids", "products_by_deal", "deal_choices", "named_choices"}
"""Shapes whose rows are not the objects of the list, or only a part of them."""
TWO_LISTS = {"item_searches"}
"""Streams whose rows are in two lists of one object."""
WRAPPED = {"found": "item", "found_of_any_kind": "item", "data": "data"}
"""Key of the object in a row that has its columns, by shape."""
_MOST_OBJECTS, _MOST_SINGLE = 40, 12
"""Rows of a stream that has one row per request, and of one that has one row per run."""
_SUBSCRIPTIONS = {"subscriptions": [1], "deal_subscriptions": [1], "subscription_payments": [1]}
_LOST = re.compile(r"Column (\S+) of (\S+): (\d+) values? of another type")
_SHORTENED = re.compile(r"Column (\S+) of (\S+): Pipedrive sent objects")


def streams() -> list[StreamSpec]:
    """Return the streams whose rows are objects of a list."""
    others = {"file_contents"}  # downloads
    return [
        spec
        for spec in STREAMS.values()
        if not spec.removed_on and spec.shape not in NOT_ROWS and spec.name not in others
    ]


def base_rows(spec: StreamSpec) -> list[Any]:
    """Return the rows of the published example of a stream's list, as Pipedrive sends them."""
    return _examples(spec.reads[0])


def _examples(read: Read) -> list[Any]:
    found: Any = example(read)
    for key in read.records.split(".") if found else ():
        found = found[key]
    if isinstance(found, dict):
        found = found["items"] if "related_items" in found else [found]
    return copy.deepcopy(found or [])


@dataclass
class Mutated:
    """A row with the place and the kind of the value that was replaced."""

    row: Any
    way: tuple[Any, ...] = ()
    kind: str = "as published"


@dataclass
class Campaign:
    """One run over mutated rows of a stream.

    Attributes:
        rows: the rows, in the order of the list.
        settings: further settings of the tap.
        out: messages of the tap.
        error: the error that ended the run; empty without one.
    """

    spec: StreamSpec
    rows: list[Mutated]
    settings: Mapping[str, object] = field(default_factory=dict)
    out: Output = field(default_factory=Output)
    error: str = ""

    @classmethod
    def of(cls, spec: StreamSpec, base: Any, *, most: int | None = None, seed: int = 0) -> Campaign:
        """Return the campaign of all mutations of a row, or of a sample of them."""
        base = with_custom_field(spec, base)
        around = (WRAPPED.get(spec.shape or ""),)
        made = [
            Mutated(replaced(base, way, value), way, kind)
            for way in places(base)
            if way != around
            for kind, value in KINDS.items()
        ]
        if spec.reads[0].kind is DataKind.OBJECT and spec.name not in TWO_LISTS:
            limit = _MOST_SINGLE if _is_single(spec) else _MOST_OBJECTS
            most = min(most or limit, limit)
        if most and len(made) > most:
            of_keys = [one for one in made if {*one.way} & {*spec.primary_keys}][: most // 2]
            others = [one for one in made if not {*one.way} & {*spec.primary_keys}]
            made = of_keys + random.Random(seed).sample(others, most - len(of_keys))
        rows = [Mutated(copy.deepcopy(base))]
        for one in made:
            inside = _inside(spec, one.row)
            key = "id" if "id" in spec.primary_keys else spec.primary_keys[0]
            if key in inside and one.way != (*filter(None, around), key):
                is_number = isinstance(inside[key], int)
                inside[key] = 100_000 + len(rows) if is_number else f"{inside[key]}-{len(rows)}"
            rows.append(one)
        for number, one in enumerate(rows):
            _inside(spec, one.row)[MARK] = number
        return cls(spec, rows)

    def run(self) -> Campaign:
        """Read the rows, each in a run of its own if the tap requests only one."""
        parts = [[one] for one in self.rows] if _is_single(self.spec) else [self.rows]
        for part in parts:
            self._run(part)
        return self

    def _run(self, part: list[Mutated]) -> None:
        own = self.spec.reads[0]
        sent: list[Any] = [one.row for one in part]
        if self.spec.name in TWO_LISTS:
            sent = [{"items": sent, "related_items": []}]
        lists = {plain(own.path): Rows(sent, own, len(KINDS))}
        spec = self.spec
        while spec.parent:
            parent = STREAMS[spec.parent.stream]
            above = _examples(parent.reads[0])[:1]
            if spec is self.spec and own.kind is DataKind.OBJECT:
                above = [_numbered(parent, above[0], number + 1) for number in range(len(part))]
            for read in parent.reads:
                lists.setdefault(plain(read.path), Rows(above if read is parent.reads[0] else [], read, 100))
            spec = parent
        with served(lists) as url:
            config = {"api_token": "0" * 40, "api_url": url, "max_concurrency": 1, **ALL_STREAMS}
            config |= {"unknown_columns": "keep", "record_ids": _SUBSCRIPTIONS, **self.settings}
            try:
                run_tap(config, self.spec.name)
            except RowWithoutKeyError as error:
                self.error += f"{error}\n"
        self.out.messages += run_tap.last.messages

    # --- judgement ----------------------------------------------------------------------------------

    def problems(self, logged: Sequence[str]) -> Iterator[str]:
        """Return the errors in the records, the error and the log."""
        counts, absent = Counts(), 0
        records = self._records()
        keys = {*self.spec.primary_keys} | ({"data"} if self.spec.shape == "updates" else set())
        for number, one in enumerate(self.rows):
            found = records.get(number, [])
            if not found:
                absent += 1
                if not {*one.way} & keys:
                    yield f"{self.spec.name}: no record of a row with {one.kind} at {one.way}"
            for record in found:
                for fault in self._faults(one, record, counts):
                    yield f"{self.spec.name}: {fault} ({one.kind} at {one.way})"
        left_out = sum(map(int, re.findall(r"(\d+) rows? of", self.error)))
        reads = sum(plain(read.path) == plain(self.spec.reads[0].path) for read in self.spec.reads)
        if left_out != absent * reads:
            yield f"{self.spec.name}: {absent} rows without a record, the error names {left_out}"
        yield from self._log_problems(logged, counts)

    def _records(self) -> dict[int, list[dict[str, Any]]]:
        found = defaultdict(list)
        for record in self.out.records[self.spec.name]:
            if MARK in (kept := record.get("_unknown") or {}):
                found[kept[MARK]].append(record)
        return found

    def _faults(self, one: Mutated, record: dict[str, Any], counts: Counts) -> Iterator[str]:
        columns = self.out.schemas[self.spec.name]["schema"]["properties"]
        yield from (f"{key} is null" for key in self.spec.primary_keys if record[key] is None)
        for name, value in _columns_of(self.spec, one.row).items():
            if name in columns:
                yield from faults(name, columns[name], value, record.get(name), counts)
            elif (value is not None or not HASH_KEY.match(name)) and record["_unknown"].get(
                name, {}
            ) != value:
                yield f"{name} is not in _unknown"

    def _log_problems(self, logged: Sequence[str], counts: Counts) -> Iterator[str]:
        if any(SECRET in text for text in (*logged, self.error)):
            yield f"{self.spec.name}: a value is in the log"
        lost = [(found[1], int(found[3])) for text in logged if (found := _LOST.match(text))]
        shortened = sorted(found[1] for text in logged if (found := _SHORTENED.match(text)))
        if _is_single(self.spec):  # several runs, each with warnings of its own
            total: Counter[str] = Counter()
            for name, count in lost:
                total[name] += count
            lost, shortened = [*total.items()], sorted({*shortened})
        if sorted(lost) != sorted((+counts.nulls).items()):
            yield f"{self.spec.name}: warned of {sorted({*lost} ^ {*(+counts.nulls).items()})}"
        if shortened != sorted(counts.shortened):
            yield f"{self.spec.name}: objects in place of ids in {sorted(counts.shortened)}, not {shortened}"


def with_custom_field(spec: StreamSpec, row: Any) -> Any:
    """Return the row with a custom field that has no definition."""
    if not spec.custom_fields:
        return row
    if spec.row_form is RowForm.V1:
        return {**row, UNDEFINED: "a"}
    return {**row, "custom_fields": {**(row.get("custom_fields") or {}), UNDEFINED: "a"}}


def _is_single(spec: StreamSpec) -> bool:
    """Return True if the tap requests a single object in each run."""
    is_object = spec.reads[0].kind is DataKind.OBJECT and spec.name not in TWO_LISTS
    return is_object and (not spec.parent or _is_single(STREAMS[spec.parent.stream]))


def _numbered(parent: StreamSpec, row: Any, number: int) -> Any:
    key = parent.primary_keys[0]
    return {**row, key: number if isinstance(row.get(key), int) else f"key-{number}"}


def _inside(spec: StreamSpec, row: Any) -> dict[str, Any]:
    """Return the object with the row's columns."""
    wrapped = WRAPPED.get(spec.shape or "")
    inner: dict[str, Any] = row.get(wrapped, row) if wrapped else row
    return inner


def _columns_of(spec: StreamSpec, row: Any) -> dict[str, Any]:
    """Return the columns of a row that come from the row itself."""
    inner = _inside(spec, row)
    found = {**row, **inner} if inner is not row else dict(row)
    if spec.shape == "data":
        found |= {key: value for key, value in row.items() if key != "data"}
    given = {"search", "report", "occurrence", MARK, *spec.reads[0].adds}
    given |= {*spec.parent.context} if spec.parent and spec.parent.bulk == 1 else set()
    if inner is not row:
        given |= {"item", "data"}
    if spec.shape == "updates":
        changed = row.get("data")
        found.setdefault("id", changed.get("id") if isinstance(changed, dict) else None)
    if spec.custom_fields:
        custom = found.pop("custom_fields", None) if spec.row_form is RowForm.V2 else None
        found = {key: value for key, value in found.items() if key == UNDEFINED or not HASH_KEY.match(key)}
        if isinstance(custom, dict) and UNDEFINED in custom:
            found[UNDEFINED] = custom[UNDEFINED]
    return {key: value for key, value in found.items() if key not in given}


# --- rows of other sources --------------------------------------------------------------------------


def recorded_rows(spec: StreamSpec) -> list[Any]:
    """Return the recorded rows of a stream, as live accounts sent them; none without the recordings."""
    if evidence.folder() is None:
        return []
    return [row for one in _readings() if one.spec is spec for row in one.sent()]


@cache
def _readings() -> list[evidence.Reading]:
    return [evidence.reading(one) for one in evidence.recordings() if one.has_rows]


def seeded_rows(spec: StreamSpec, emulator: Emulator) -> list[Any]:
    """Return the first rows of a stream's list in the emulator; none of child streams and settings."""
    read = spec.reads[0]
    if read.placeholders or spec.parent or spec.settings:
        return []
    found: Any = emulator.get(read.path)
    for key in read.records.split("."):
        found = found[key]
    return [found] if isinstance(found, dict) else list(found or [])[:10]


def of_each_form(rows: list[Any]) -> list[Any]:
    """Return one row for each set of keys and kinds, with the keys inside objects."""
    forms = {json.dumps(shape_of([row], timed=False), sort_keys=True): row for row in rows}
    return [*forms.values()]
