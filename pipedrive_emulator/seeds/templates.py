"""Rows made when read: a few hundred rows as templates, filled with what differs from row to row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.http import Row, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

SLOT = re.compile(r"@@(\w+)@@")
RAW_SLOT = re.compile(rb'"@@(\w+)@@"|@@(\w+)@@')


def slot(name: str) -> str:
    """The mark that a template row holds where a slot is filled in."""
    return f"@@{name}@@"


class TemplateRows:
    """A base of `count` rows over templates.

    Args:
        templates: rows with slot marks, used in turn.
        count: number of rows.
        slots: by slot name, the value of each row, in order; a mark alone takes the value's own type.
    """

    def __init__(self, templates: list[Row], count: int, slots: dict[str, Sequence[Any]]) -> None:
        self.count = count
        self._templates, self._slots = templates, slots
        self._filled = {
            name: [value.encode() for value in values] if isinstance(values[0], str) else values
            for name, values in slots.items()
        }
        # Bytes throughout: formatting and encoding text of several scripts took ten times as long.
        self._formats = [self._format(encode(row)) for row in templates]

    def _format(self, raw: bytes) -> tuple[bytes, list[Sequence[Any]]]:
        used: list[Sequence[Any]] = []

        def place(match: re.Match[bytes]) -> bytes:
            whole = match[1] is not None
            values = self._filled[(match[1] or match[2]).decode()]
            used.append(values)
            if isinstance(values[0], bytes):
                return b'"%s"' if whole else b"%s"
            return b"%d"

        return RAW_SLOT.sub(place, raw.replace(b"%", b"%%")), used

    def encoded(self, seq: int) -> bytes:
        """The bytes of one row."""
        raw, used = self._formats[(seq - 1) % len(self._formats)]
        return raw % tuple([values[seq - 1] for values in used])

    def column(self, name: str) -> list[Any]:
        """One field of all rows; only whole slots and constants can be read so."""
        sources: list[tuple[Sequence[Any] | None, Any]] = []
        for template in self._templates:
            value = template.get(name)
            match = SLOT.fullmatch(value) if isinstance(value, str) else None
            sources.append((self._slots[match[1]], None) if match else (None, value))
        size = len(sources)
        found = []
        for place in range(self.count):
            values, constant = sources[place % size]
            found.append(constant if values is None else values[place])
        return found

    def view_of(self, seq: int) -> Row:
        """The template of a row: it has all that does not differ from row to row."""
        return self._templates[(seq - 1) % len(self._templates)]
