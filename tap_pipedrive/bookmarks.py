"""How far a read has come, such that nothing at the border is lost and nothing is emitted twice.

Pipedrive's `update_time` has whole seconds, so several changes share one, and a row may change again
within the second that was already read. A bookmark therefore reads again from a little before its
own second, and knows by content which of those rows were emitted before.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from pipedrive_client import times

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Row = dict[str, object]
Memo = dict[str, object]

LOOK_BACK = timedelta(seconds=60)
"""Covers changes that became visible late, and clocks that disagree within Pipedrive."""
MAX_SEEN = 2_000
"""Rows remembered at a border. After a bulk import more may share a minute: those beyond it come
again in the next run, which a key-respecting loader does not notice."""

_encode = msgspec.json.Encoder(order="sorted").encode


def digest(row: object) -> str:
    """Short fingerprint of a row's content (64 bits)."""
    return blake2b(_encode(row), digest_size=8).hexdigest()


class Bookmark:
    """Progress of one read that hands out changes, oldest first.

    The memo is the piece of the Singer state it lives in: `{"since": newest update_time emitted,
    "seen": {key: fingerprint}}` for the rows of the last minute.

    Attributes:
        ordered: False once rows came unsorted; the memo then only moves when the read ends.
    """

    def __init__(
        self, memo: Memo, *, keys: Sequence[str], replication_key: str, start: datetime | None = None
    ) -> None:
        self._memo = memo
        self._keys = keys
        self._replication_key = replication_key
        self._start = start
        self._known = dict(_as_mapping(memo.get("seen")))
        self.newest = str(memo["since"]) if memo.get("since") else ""
        self._window: dict[str, tuple[str, str]] = {}
        self.ordered = True
        self._last = ""

    @property
    def lower_bound(self) -> datetime | None:
        """Inclusive time to read from; None reads everything."""
        since = times.parse(self.newest) - LOOK_BACK if self.newest else None
        if since is None or (self._start and self._start > since):
            return self._start
        return since

    def fresh(self, rows: Iterable[Row]) -> list[Row]:
        """The rows this bookmark's owner has not emitted yet."""
        bound = self.lower_bound
        floor = times.to_rfc3339(bound) if bound else ""
        found = []
        for row in rows:
            moment = self.moment(row)
            if floor and moment and moment < floor:
                continue
            if self._known and self._known.get(self._key(row)) == digest(row):
                continue
            found.append(row)
        return found

    def note(self, rows: Sequence[Row]) -> None:
        """Look at a page before its rows are turned into records; nothing is remembered yet."""
        for row in rows:
            moment = self.moment(row)
            if moment:
                if moment < self._last:
                    self.ordered = False
                self._last = max(self._last, moment)
        self.newest = max(self.newest, self._last)
        if not self.newest:
            return
        edge = times.to_rfc3339(times.parse(self.newest) - LOOK_BACK)
        self._window = {key: kept for key, kept in self._window.items() if kept[0] >= edge}
        for row in rows:
            moment = self.moment(row)
            if moment and moment >= edge:
                self._window[self._key(row)] = (moment, digest(row))

    def commit(self) -> None:
        """All rows noted so far are emitted: move the memo, unless rows came unsorted."""
        if self.ordered:
            self.finish()

    def finish(self) -> None:
        """The read came to its end: what was held back for want of order counts now."""
        if self.newest:
            kept = sorted(self._window.items(), key=lambda item: item[1][0])[-MAX_SEEN:]
            self._memo["since"] = self.newest
            self._memo["seen"] = {key: mark for key, (_, mark) in kept}

    def moment(self, row: Row) -> str:
        """The row's replication key as RFC 3339 with whole seconds, or an empty string."""
        value = row.get(self._replication_key)
        if not isinstance(value, str) or not value:
            return ""
        return (
            value
            if len(value) == len("2026-01-01T00:00:00Z") and value[-1] == "Z"
            else times.normalise(value)
        )

    def _key(self, row: Row) -> str:
        return "|".join(str(row.get(key)) for key in self._keys)


class PageMarks:
    """Fingerprints of a whole list's pages: a page that is as it was is not emitted again.

    For lists without a way to ask for changes. They are read in full all the same; this spares the
    warehouse, not the budget. The memo is `{"pages": [fingerprint, …]}`.
    """

    def __init__(self, memo: Memo) -> None:
        self._memo = memo
        known = memo.get("pages")
        self._known = list(known) if isinstance(known, list) else []
        self._now: list[str] = []

    def unchanged(self, content: object) -> bool:
        """Whether the next page has the content it had at the end of the last complete read."""
        mark = digest(content)
        at = len(self._now)
        self._now.append(mark)
        return at < len(self._known) and self._known[at] == mark

    def finish(self) -> None:
        """The list came to its end: remember its pages."""
        self._memo["pages"] = self._now


def _as_mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)
