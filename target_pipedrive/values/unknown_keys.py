"""Keys of objects that Pipedrive does not have: rejected, or skipped and listed once per column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_pipedrive.record.errors import RecordFault

if TYPE_CHECKING:
    from collections.abc import Iterable


class UnknownKeys:
    """Handling of unknown keys in the objects of one column, as set in `unknown_fields`.

    Args:
        column: name of the column in the input.
        skip: True if unknown keys are skipped.
        notices: gets a message about each key that is skipped for the first time.
    """

    def __init__(self, column: str = "", *, skip: bool = False, notices: list[str] | None = None) -> None:
        self._column = column
        self._skip = skip
        self._notices = notices
        self._seen: set[str] = set()

    def check(self, given: Iterable[str], accepted: Iterable[str], where: str = "") -> None:
        """Check the keys of an object that are not accepted.

        Args:
            given: those keys.
            accepted: keys that are accepted, for the message.
            where: the element of a list that has them, with a space.

        Raises:
            RecordFault: there are such keys, and they are not skipped.
        """
        unknown = sorted(given)
        if not unknown:
            return
        if not self._skip:
            named = ", ".join(map(repr, unknown))
            raise RecordFault(f"{where}does not accept {named}; it accepts {', '.join(accepted)}")
        self.skip(unknown)

    def skip(self, unknown: Iterable[str]) -> None:
        """Note keys that are skipped, whatever the setting."""
        new = [one for one in unknown if one not in self._seen]
        self._seen.update(new)
        if new and self._notices is not None:
            self._notices.append(f"unknown in {self._column}, and not written: {', '.join(new)}")


STRICT = UnknownKeys()
"""Rejects unknown keys."""
