"""Latest line of each key of the input, in little memory."""

from __future__ import annotations

from array import array

_FIRST_SIZE = 1 << 10
_MASK = (1 << 64) - 1
_HALF = 0xFFFFFFFF


class KeyLines:
    """Hash table of keys with 16 bytes a slot; at most two thirds of the slots are in use.

    Only 64 bits of a key's hash are stored: of a million keys, two are mistaken for one with a probability of
    3e-8.
    """

    def __init__(self) -> None:
        self._count = 0
        self._resize(_FIRST_SIZE)

    def put(self, key: object, line: int, content: bytes, *, keep: bool = False) -> int:
        """Store the line of a record, and return the line of an earlier one with the same key.

        Args:
            key: key of the row.
            line: line of the input.
            content: digest of the record.
            keep: True if the earlier line stays.

        Returns:
            0 if there is none, or if its content is the same.
        """
        if 3 * self._count >= 2 * len(self._keys):
            self._grow()
        mixed = (hash(key) & _MASK) or 1
        half = int.from_bytes(content[:4], "big")
        at = self._slot(mixed)
        earlier = 0
        if not self._keys[at]:
            self._count += 1
            self._keys[at] = mixed
        else:
            earlier = self._lines[at] if self._contents[at] != half else 0
            if keep:
                return earlier
        self._lines[at], self._contents[at] = line & _HALF, half
        return earlier

    def line_of(self, key: object) -> int:
        """Return the latest line with a key; 0 if there is none."""
        return self._lines[self._slot((hash(key) & _MASK) or 1)]

    def _slot(self, mixed: int) -> int:
        """Return the slot of a key, or the free one that it belongs into."""
        keys, mask = self._keys, len(self._keys) - 1
        at = mixed & mask
        while (held := keys[at]) and held != mixed:
            at = (at + 1) & mask
        return at

    def _grow(self) -> None:
        keys, lines, contents = self._keys, self._lines, self._contents
        self._resize(2 * len(keys))
        for mixed, line, content in zip(keys, lines, contents, strict=True):
            if mixed:
                at = self._slot(mixed)
                self._keys[at], self._lines[at], self._contents[at] = mixed, line, content

    def _resize(self, size: int) -> None:
        self._keys = array("Q", bytes(8 * size))
        self._lines = array("I", bytes(4 * size))
        self._contents = array("I", bytes(4 * size))
