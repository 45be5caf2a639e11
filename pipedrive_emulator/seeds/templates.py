"""Rows generated when read: a few hundred template rows, filled with the values that vary."""

from __future__ import annotations

import re
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.api.http import Row, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

SLOT = re.compile(r"@@(\w+)@@")
RAW_SLOT = re.compile(rb'"@@(\w+)@@"|@@(\w+)@@')


_Format = tuple[list[bytes], list[list[bytes]]]
_NUMBERS: list[bytes] = []
"""Whole numbers as bytes, from 0 on; shared, as tables refer to the same ones again and again."""


def slot(name: str) -> str:
    """Return the mark of a slot in a template row."""
    return f"@@{name}@@"


def _filling(values: Sequence[Any]) -> list[bytes]:
    if isinstance(values[0], str):
        return [value.encode() for value in values]
    largest = max(value for value in values if value is not None)
    _NUMBERS.extend(b"%d" % number for number in range(len(_NUMBERS), largest + 1))
    return [b"null" if value is None else _NUMBERS[value] for value in values]


class TemplateRows:
    """A base of `count` rows over templates.

    Args:
        templates: rows with slot marks, used cyclically.
        count: number of rows.
        slots: by slot name, the value of each row, in order: texts, or integers from 0 and nulls; a mark
            without other text gets the value's own type.
        hidden: fields that a row has, but does not show by default.
    """

    def __init__(
        self,
        templates: list[Row],
        count: int,
        slots: dict[str, Sequence[Any]],
        hidden: frozenset[str] = frozenset(),
    ) -> None:
        self.count = count
        self._templates, self._slots = templates, slots
        # Bytes throughout: formatting and encoding text of several scripts took ten times as long.
        self._filled: dict[str, list[bytes]] = {}
        self._formats = [self._format(encode(row)) for row in templates]
        self._shown = self._formats
        if any(not hidden.isdisjoint(row) for row in templates):
            visible = ({n: v for n, v in row.items() if n not in hidden} for row in templates)
            self._shown = [self._format(encode(row)) for row in visible]

    def _format(self, raw: bytes) -> _Format:
        """Return the pieces of a row, every other one empty, and the slot for each empty piece."""
        pieces, used, end = [b""], [], 0
        for match in RAW_SLOT.finditer(raw):
            name = (match[1] or match[2]).decode()
            if name not in self._filled:
                self._filled[name] = _filling(self._slots[name])
            quote = b'"' if match[1] and isinstance(self._slots[name][0], str) else b""
            pieces[-1] += raw[end : match.start()] + quote
            used.append(self._filled[name])
            pieces += [b"", quote]
            end = match.end()
        pieces[-1] += raw[end:]
        return pieces, used

    def encoded(self, seq: int) -> bytes:
        """Return the bytes of one row in its default form."""
        return self._filled_in(self._shown, seq)

    def page(self, seqs: Iterable[int], written: Mapping[int, bytes]) -> bytes:
        """Return the bytes of rows with commas in between; the written ones are given by seq."""
        formats, size, pieces = self._shown, len(self._shown), []
        for seq in seqs:
            if seq in written:
                pieces.append(written[seq])
            else:
                # Not a function: its calls would take 30 % of the time.
                place = seq - 1
                row, used = formats[place % size]
                row[1::2] = [values[place] for values in used]
                pieces += row
            pieces.append(b",")
        return b"".join(pieces[:-1])

    def whole(self, seq: int) -> bytes:
        """Return the bytes of one row with all its fields."""
        return self._filled_in(self._formats, seq)

    @staticmethod
    def _filled_in(formats: list[_Format], seq: int) -> bytes:
        place = seq - 1
        pieces, used = formats[place % len(formats)]
        pieces[1::2] = [values[place] for values in used]
        return b"".join(pieces)

    def column(self, name: str) -> list[Any]:
        """Return one field of all rows, which must be a whole slot or a constant."""
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

    def passing(self, test: Callable[[Row], bool]) -> Iterator[bool]:
        """Yield whether the view of each row passes a test, in order of seq; tests each template once."""
        return islice(cycle([test(template) for template in self._templates]), self.count)

    def view_of(self, seq: int) -> Row:
        """Return the template of a row, with the values that do not vary."""
        return self._templates[(seq - 1) % len(self._templates)]
