"""Deletes that no list shows: the ids seen are kept in the state, and what is missing later was deleted.

Pipedrive leaves deleted persons, organizations, activities, products and leads out of its lists and
has no way to ask for them (pipedrive-api 5). With `detect_deletes` an id sweep reads the whole list
again and compares; a row that is gone becomes a tombstone record.
"""

from __future__ import annotations

import re
from bisect import bisect_right, insort
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pipedrive_client import times
from tap_pipedrive.bookmarks import Bookmark, now
from tap_pipedrive.reading import Reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import timedelta

    from tap_pipedrive.reading import Row
    from tap_pipedrive.spec import JSON
    from tap_pipedrive.streams import PipedriveStream

DELETED_AT = "_sdc_deleted_at"
TOMBSTONE_COLUMNS: dict[str, JSON] = {
    "is_deleted": {"type": ["boolean", "null"], "description": "True once the row was deleted."},
    DELETED_AT: {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "When the delete was noticed; set on tombstones only.",
    },
}
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
_TOMBSTONES_A_PAGE = 500


class IdRanges:
    """A set of whole numbers as ascending, disjoint ranges; text form `1-40,42,50-99`.

    Ids of an account are nearly consecutive, so 100,000 of them take a few characters.
    """

    def __init__(self) -> None:
        self.ranges: list[tuple[int, int]] = []

    @classmethod
    def parse(cls, text: str) -> Self:
        """The set a text form names.

        Raises:
            ValueError: the text is malformed or not ascending.
        """
        made = cls()
        for part in text.split(",") if text else ():
            found = _RANGE.fullmatch(part)
            if not found:
                msg = f"{part!r} is no range of ids"
                raise ValueError(msg)
            first, last = int(found[1]), int(found[2] or found[1])
            if last < first or (made.ranges and first <= made.ranges[-1][1]):
                msg = f"the ranges of ids are not ascending at {part!r}"
                raise ValueError(msg)
            made.ranges.append((first, last))
        return made

    @classmethod
    def of(cls, ids: Iterable[int]) -> Self:
        """The set of these numbers."""
        made = cls()
        made.update(ids)
        return made

    def update(self, ids: Iterable[int]) -> None:
        """Add these numbers. Ascending input costs constant time each."""
        for one in ids:
            self.add(one)

    def add(self, one: int) -> None:
        """Add a number."""
        ranges = self.ranges
        at = bisect_right(ranges, (one, one)) if ranges and one < ranges[-1][0] else len(ranges)
        before = ranges[at - 1] if at else None
        after = ranges[at] if at < len(ranges) else None
        if (before and before[0] <= one <= before[1]) or (after and after[0] == one):
            return
        joins_before = before is not None and before[1] == one - 1
        joins_after = after is not None and after[0] == one + 1
        if before and after and joins_before and joins_after:
            ranges[at - 1 : at + 1] = [(before[0], after[1])]
        elif before and joins_before:
            ranges[at - 1] = (before[0], one)
        elif after and joins_after:
            ranges[at] = (one, after[1])
        else:
            insort(ranges, (one, one))

    def discard(self, one: int) -> None:
        """Take a number out, if it is in."""
        at = bisect_right(self.ranges, (one, float("inf"))) - 1
        if at < 0 or not self.ranges[at][0] <= one <= self.ranges[at][1]:
            return
        first, last = self.ranges[at]
        self.ranges[at : at + 1] = [
            piece for piece in ((first, one - 1), (one + 1, last)) if piece[0] <= piece[1]
        ]

    def missing_from(self, other: IdRanges) -> Iterator[int]:
        """Numbers in this set and not in the other, ascending."""
        at = 0
        for first, last in self.ranges:
            one = first
            while one <= last:
                while at < len(other.ranges) and other.ranges[at][1] < one:
                    at += 1
                if at < len(other.ranges) and other.ranges[at][0] <= one:
                    one = other.ranges[at][1] + 1
                else:
                    yield one
                    one += 1

    def __contains__(self, one: int) -> bool:
        at = bisect_right(self.ranges, (one, float("inf"))) - 1
        return at >= 0 and self.ranges[at][0] <= one <= self.ranges[at][1]

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges)

    def __str__(self) -> str:
        return ",".join(f"{first}" if first == last else f"{first}-{last}" for first, last in self.ranges)


class KnownIds:
    """The ids a stream has emitted, as its state keeps them: `{"ids": "1-40,42", "swept_at": time}`.

    Whole numbers are kept as ranges, UUIDs (of leads) one by one.
    """

    def __init__(self, memo: dict[str, object]) -> None:
        self._memo = memo
        self.numbers = IdRanges.parse(str(memo.get("ids", "")))
        texts = memo.get("uuids")
        self.texts: set[str] = set(texts) if isinstance(texts, list) else set()

    def add(self, rows: Iterable[Row]) -> None:
        """Note the ids of these rows."""
        for row in rows:
            one = row.get("id")
            if isinstance(one, int):
                self.numbers.add(one)
            elif isinstance(one, str):
                self.texts.add(one)

    def missing_from(self, current: KnownIds) -> list[int | str]:
        """Ids known here and no longer there."""
        return [*self.numbers.missing_from(current.numbers), *sorted(self.texts - current.texts)]

    def merge(self, current: KnownIds) -> None:
        """Add ids that were emitted since."""
        for first, last in current.numbers.ranges:
            self.numbers.update(range(first, last + 1))
        self.texts |= current.texts
        self.save()

    def save(self) -> None:
        """Put the ids into the memo."""
        if len(self.numbers):
            self._memo["ids"] = str(self.numbers)
        if self.texts:
            self._memo["uuids"] = sorted(self.texts)

    def due(self, interval: timedelta) -> bool:
        """Whether the last sweep is that long ago."""
        swept = self._memo.get("swept_at")
        return not swept or now() - times.parse(str(swept)) >= interval

    def replace(self, current: KnownIds) -> None:
        """A sweep found these to be all ids there are."""
        self.numbers, self.texts = current.numbers, current.texts
        self._memo.pop("ids", None)
        self._memo.pop("uuids", None)
        self.save()
        self._memo["swept_at"] = times.to_rfc3339(now())


def can_sweep(stream: PipedriveStream) -> bool:
    """Whether deletes of this stream can be found by comparing ids."""
    spec = stream.spec
    return (
        spec.parent is None and spec.primary_keys == ("id",) and not spec.shows_deleted and not spec.settings
    )


@dataclass(slots=True)
class DeleteWatch:
    """Looks for deleted rows of one stream in this run.

    Attributes:
        known: ids emitted in earlier runs, from the state.
        current: ids read in this run.
        complete: whether this run reads the whole list, so that the comparison costs nothing more.
    """

    stream: PipedriveStream
    known: KnownIds
    current: KnownIds
    complete: bool = True

    @classmethod
    def begin(cls, stream: PipedriveStream) -> Self | None:
        """A watch, if the settings want one and the stream allows it."""
        if not (stream.selected and stream.tap.detect_deletes and can_sweep(stream)):
            return None
        memo = stream.stream_state.setdefault("known_ids", {})
        return cls(stream, KnownIds(memo), KnownIds({}))

    def see(self, rows: Iterable[Row]) -> None:
        """Note the ids of rows that were read."""
        self.current.add(rows)

    def finish(self) -> None:
        """The stream was read: compare now, or after a sweep of all ids if one is due."""
        if not self.complete:
            if not self.known.due(self.stream.tap.sweep_interval):
                self.known.merge(self.current)
                return
            self.current = KnownIds({})
            for read in self.stream.spec.reads:
                for rows in self.stream.reader(read).all():
                    self.current.add(rows)
                    self.stream.tap.stop_if_interrupted()
        if self.known.missing_from(self.current):
            self._look_again()
        self._bury(self.known.missing_from(self.current))
        self.known.replace(self.current)

    def _look_again(self) -> None:
        """Note rows that went from a later list to an earlier one meanwhile, as a deal that is unarchived.

        The earlier one was read before, the later one after that; but such a row has changed.
        """
        stream = self.stream
        for read in stream.spec.reads[:-1]:
            mark = Bookmark(dict(stream.read_memo(read)), replication_key=str(stream.spec.replication_key))
            reader = stream.reader(read)
            if read.changes and mark.lower_bound and isinstance(reader, Reader):
                for rows in reader.changes(mark.lower_bound, mark.moment):
                    self.current.add(rows)
                    stream.tap.stop_if_interrupted()

    def _bury(self, gone: list[int | str]) -> None:
        """Emit tombstones. Nothing is emitted, and nothing forgotten, unless every page was read."""
        noticed = times.to_rfc3339(now())
        for at in range(0, len(gone), _TOMBSTONES_A_PAGE):
            page = gone[at : at + _TOMBSTONES_A_PAGE]
            self.stream.write([{"id": one, "is_deleted": True, DELETED_AT: noticed} for one in page])
