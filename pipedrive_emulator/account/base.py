"""Rows of a table that are generated when read, as the tables of the `large` seed use them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

from pipedrive_emulator.api.http import Row

View = Callable[[Row], bool]


class Base(Protocol):
    """Rows that are generated when read; `seq` runs from 1 to `count`."""

    count: int

    def encoded(self, seq: int) -> bytes:
        """Return the bytes of one row in its default form."""

    def page(self, seqs: Iterable[int], written: Mapping[int, bytes]) -> bytes:
        """Return the bytes of rows with commas in between; the written ones are given by seq."""

    def whole(self, seq: int) -> bytes:
        """Return the bytes of one row with all its fields."""

    def column(self, name: str) -> list[Any]:
        """Return one field of all rows, in order of seq."""

    def passing(self, test: View) -> Iterator[bool]:
        """Yield whether the view of each row passes a test, in order of seq."""

    def view_of(self, seq: int) -> Row:
        """Return the row at `seq`, possibly without id, references, times and names; read only."""
