"""Ids that a stream has emitted, in the form of its state."""

from __future__ import annotations

import re
from bisect import bisect_right, insort
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from pipedrive_client import times
from pipedrive_client.times import now

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_pipedrive.values.row import Row

_LONGEST_NUMBER = 18
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


class IdRanges:
    """Set of integers as ascending, disjoint ranges; string form `1-40,42,50-99`.

    Ids of an account are nearly consecutive, so 100,000 of them take a few characters.
    """

    def __init__(self) -> None:
        self.ranges: list[tuple[int, int]] = []

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the string form of a set.

        Raises:
            ValueError: the string is malformed or not ascending.
        """
        made = cls()
        for part in text.split(",") if text else ():
            found = _RANGE.fullmatch(part)
            if not found:
                msg = f"{part!r}, which is not a valid range of ids"
                raise ValueError(msg)
            first, last = int(found[1]), int(found[2] or found[1])
            if last < first or (made.ranges and first <= made.ranges[-1][1]):
                msg = f"{part!r}, a range that is not in ascending order"
                raise ValueError(msg)
            made.ranges.append((first, last))
        return made

    @classmethod
    def of(cls, ids: Iterable[int]) -> Self:
        """Return the set of these numbers."""
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
        """Remove a number if it is in the set."""
        at = bisect_right(self.ranges, (one, float("inf"))) - 1
        if at < 0 or not self.ranges[at][0] <= one <= self.ranges[at][1]:
            return
        first, last = self.ranges[at]
        self.ranges[at : at + 1] = [
            piece for piece in ((first, one - 1), (one + 1, last)) if piece[0] <= piece[1]
        ]

    def missing_from(self, other: IdRanges) -> Iterator[int]:
        """Yield the numbers of this set that are not in the other, ascending."""
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


def id_of(row: Row) -> int | str | None:
    """Return the id of a row, as a number if it is a number in a text; None if it has no usable id."""
    value = row.get("id")
    if value.__class__ is int:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str) or not value:
        return None
    return int(value) if value.isdecimal() and len(value) <= _LONGEST_NUMBER else value


class KnownIds:
    """Ids that a stream has emitted, in the form of its state: `{"ids": "1-40,42", "swept_at": time}`.

    Integers are stored as ranges, UUIDs (of leads) one by one.
    """

    def __init__(self, memo: dict[str, object]) -> None:
        self._memo = memo
        self.numbers = IdRanges.parse(str(memo.get("ids", "")))
        texts = memo.get("uuids")
        self.texts: set[str] = set(texts) if isinstance(texts, list) else set()

    def add(self, rows: Iterable[Row]) -> None:
        """Add the ids of these rows."""
        self.add_ids(map(id_of, rows))

    def add_ids(self, ids: Iterable[object]) -> None:
        """Add these ids."""
        for one in ids:
            if isinstance(one, int):
                self.numbers.add(one)
            elif isinstance(one, str):
                self.texts.add(one)

    def missing_from(self, current: KnownIds) -> list[int | str]:
        """Return the ids in this set that are not in the current one."""
        return [*self.numbers.missing_from(current.numbers), *sorted(self.texts - current.texts)]

    def merge(self, current: KnownIds) -> None:
        """Add ids that were emitted since then."""
        self._take(current)
        self.save()

    def _take(self, other: KnownIds) -> None:
        for first, last in other.numbers.ranges:
            self.numbers.update(range(first, last + 1))
        self.texts |= other.texts

    def __contains__(self, one: object) -> bool:
        return one in self.numbers if isinstance(one, int) else one in self.texts

    def __len__(self) -> int:
        return len(self.numbers) + len(self.texts)

    def save(self) -> None:
        """Write the ids into the state."""
        if len(self.numbers):
            self._memo["ids"] = str(self.numbers)
        if self.texts:
            self._memo["uuids"] = sorted(self.texts)

    @property
    def established(self) -> bool:
        """True if a full comparison was made before, so that an unknown id is a new row."""
        return bool(self._memo.get("swept_at"))

    def due(self, interval: timedelta) -> bool:
        """Return True if the last full comparison is at least the interval ago, or in the future."""
        swept = self._memo.get("swept_at")
        return not swept or not timedelta(0) <= now() - times.parse(str(swept)) < interval

    def replace(self, *parts: KnownIds) -> None:
        """Keep only the ids of these parts, after a full comparison."""
        self.numbers, self.texts = IdRanges(), set()
        for part in parts:
            self._take(part)
        self._memo.pop("ids", None)
        self._memo.pop("uuids", None)
        self.save()
        self._memo["swept_at"] = times.to_rfc3339(now())
