"""Rows made when read: a few hundred real rows as text templates, filled with what differs from row to row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.http import Row, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

SLOT = re.compile(r'"@@(\w+)@@"|@@(\w+)@@')


def slot(name: str) -> str:
    """The mark that a template row holds where a slot is filled in."""
    return f"@@{name}@@"


class TemplateRows:
    """A base of `count` rows over templates.

    Args:
        templates: rows with slot marks, used in turn.
        count: number of rows.
        slots: by slot name, the value of each row, in order; a mark alone in a string takes the value's own type.
    """

    def __init__(self, templates: list[Row], count: int, slots: dict[str, Sequence[Any]]) -> None:
        self.count = count
        self._templates, self._slots = templates, slots
        self._formats = [self._format(encode(row).decode()) for row in templates]

    def _format(self, text: str) -> tuple[str, list[Sequence[Any]]]:
        used: list[Sequence[Any]] = []

        def place(match: re.Match[str]) -> str:
            whole = match[1] is not None
            values = self._slots[match[1] or match[2]]
            used.append(values)
            return '"%s"' if whole and isinstance(values[0], str) else "%s"

        return SLOT.sub(place, text.replace("%", "%%")), used

    def encoded(self, seq: int) -> bytes:
        """The bytes of one row."""
        text, used = self._formats[(seq - 1) % len(self._formats)]
        return (text % tuple([values[seq - 1] for values in used])).encode()

    def column(self, name: str) -> list[Any]:
        """One field of all rows; only whole slots and constants can be read so."""
        sources: list[tuple[Sequence[Any] | None, Any]] = []
        for template in self._templates:
            value = template.get(name)
            match = SLOT.fullmatch(value) if isinstance(value, str) else None
            sources.append((self._slots[match[2]], None) if match else (None, value))
        size = len(sources)
        found = []
        for place in range(self.count):
            values, constant = sources[place % size]
            found.append(constant if values is None else values[place])
        return found

    def view_of(self, seq: int) -> Row:
        """The template of a row: it has the row's marks of deletion and archiving."""
        return self._templates[(seq - 1) % len(self._templates)]
