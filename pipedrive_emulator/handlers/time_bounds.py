"""Bounds of the change time of lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pipedrive_emulator.api.http import Row

if TYPE_CHECKING:
    from pipedrive_emulator.account.store import Table

Test = Callable[[Row], bool]


def bounds(table: Table, query: Row) -> tuple[str | None, str | None]:
    """Return `updated_since` and `updated_until` in the time form of a table."""
    since, until = query.get("updated_since"), query.get("updated_until")
    return (None if since is None else table.stamp(since)), (None if until is None else table.stamp(until))


def within(test: Test | None, since: str | None, until: str | None) -> Test:
    """Return the test with the condition that the row changed in this time."""

    def inside(row: Row) -> bool:
        moment = row["update_time"] or ""
        if (since is not None and moment < since) or (until is not None and moment >= until):
            return False
        return test is None or test(row)

    return inside
