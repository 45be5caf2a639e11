"""Choice among several rows that one key matches, by the setting `on_ambiguous`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_pipedrive.record.errors import SkipRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from target_pipedrive.record.errors import RecordFault


def chosen_row(
    ids: Iterable[str], on_ambiguous: str, *, skipped: str, fault: Callable[[list[str]], RecordFault]
) -> str:
    """Return the id of the row to use.

    Args:
        ids: ids of at least two rows.
        on_ambiguous: `oldest`, `newest`, `skip` or `fail`.
        skipped: reason for the results if the record is skipped.
        fault: returns the error for the ids, oldest first.

    Raises:
        SkipRecord: the setting is `skip`.
        RecordFault: the setting is `fail`.
    """
    ordered = sorted(ids, key=lambda one: (len(one), one))
    if on_ambiguous == "oldest":
        return ordered[0]
    if on_ambiguous == "newest":
        return ordered[-1]
    if on_ambiguous == "skip":
        raise SkipRecord(skipped)
    raise fault(ordered)
