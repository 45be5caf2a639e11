"""Rows of the HTML file, within a fixed size: all of a small run, an even sample of a large one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_pipedrive.record.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BYTES = 2_400_000
_WEIGHTS = {Outcome.FAILED: 0.2, Outcome.UNCHANGED: 8.0, Outcome.SKIPPED: 2.0}
"""Outcomes whose rows are kept longer, or dropped sooner, than others."""


@dataclass(slots=True)
class _Group:
    """Rows of one stream with one outcome.

    Attributes:
        seen: number of records.
        stride: interval of the kept rows.
        rows: number of the record, and the row.
        size: bytes of the rows.
    """

    seen: int = 0
    stride: int = 1
    rows: list[tuple[int, bytes]] = field(default_factory=list)
    size: int = 0


class RowSample:
    """Sample of the rows of a run.

    When the rows become too large, every second row is dropped from the group (a stream and an outcome) that
    takes most of the space, failures last. Of that group, every second, fourth, … record is then kept.

    Args:
        most: maximum size of all rows.
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._size = 0
        self._groups: dict[tuple[str, Outcome], _Group] = {}

    def add(self, number: int, stream: str, outcome: Outcome, row: Callable[[], bytes]) -> None:
        """Add a record; its row is only built if it is kept."""
        group = self._groups.setdefault((stream, outcome), _Group())
        group.seen += 1
        if (group.seen - 1) % group.stride:
            return
        made = row()
        group.rows.append((number, made))
        group.size += len(made)
        self._size += len(made)
        while self._size > self._most:
            self._thin_out()

    def _thin_out(self) -> None:
        _, group = max(
            self._groups.items(),
            key=lambda item: (len(item[1].rows) > 1, item[1].size * _WEIGHTS.get(item[0][1], 1.0)),
        )
        self._size -= group.size
        group.rows = group.rows[::2] if len(group.rows) > 1 else []
        group.stride *= 2
        group.size = sum(len(row) for _, row in group.rows)
        self._size += group.size

    def rows(self) -> list[bytes]:
        """Return the rows in the order of the input."""
        kept = [one for group in self._groups.values() for one in group.rows]
        return [row for _, row in sorted(kept, key=lambda one: one[0])]

    def left_out(self) -> list[tuple[str, Outcome, int, int]]:
        """Return stream, outcome, number of rows and of records of the groups that are not complete."""
        return [
            (stream, outcome, len(group.rows), group.seen)
            for (stream, outcome), group in self._groups.items()
            if len(group.rows) < group.seen
        ]
