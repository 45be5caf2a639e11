"""How far a read has come, such that nothing at the border is lost and nothing is emitted twice.

Pipedrive's `update_time` has whole seconds, so several changes share one, and a row may change again
within the second that was already read. A bookmark therefore reads again from a little before its
own second, and knows by content which of those rows were emitted before.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, cast

from pipedrive_client import times
from pipedrive_client.times import now
from tap_pipedrive.rows.struct_rows import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Row = dict[str, object]
Memo = dict[str, object]

LOOK_BACK = timedelta(seconds=60)
"""Covers changes that became visible late, and clocks that disagree within Pipedrive."""
MAX_SEEN = 4_000
"""Rows remembered when a read has ended. After a bulk import more may share a minute: those beyond it
come again in the next run, which a key-respecting loader does not notice."""
MAX_SEEN_ON_THE_WAY = 200
"""The same within a read, where the state is written once a page."""
FURTHEST_AHEAD = timedelta(days=1)
"""A later time is an error of whoever wrote the row: reading on from there would miss every other change."""
_MARK_BYTES = 8
_WHOLE_SECONDS = len("2026-01-01T00:00:00Z")


def digest(row: object) -> bytes:
    """Return short fingerprint of a row's content, its key included."""
    return blake2b(canonical(row), digest_size=_MARK_BYTES).digest()


def _pack(marks: Iterable[bytes]) -> str:
    return b64encode(b"".join(marks)).decode()


def _unpack(text: object) -> frozenset[bytes]:
    """Return the fingerprints in a packed text; none in anything else, so that rows only come once more."""
    try:
        content = b64decode(str(text or ""), validate=True)
    except ValueError:
        return frozenset()
    return frozenset(content[at : at + _MARK_BYTES] for at in range(0, len(content), _MARK_BYTES))


class Bookmark:
    """Progress of one read that hands out changes, oldest first.

    The memo is the piece of the Singer state it lives in: `{"since": newest update_time emitted,
    "seen": fingerprints}` of the rows of the last minute, packed as base64.

    Attributes:
        ordered: False once rows came unsorted, or when nobody asked for an order; the memo then only
            moves when the read ends.
        dropped: the bookmark of the state, where it was in the future. What was read before is then unknown,
            and the list is read from its beginning.
    """

    def __init__(
        self, memo: Memo, *, replication_key: str, start: datetime | None = None, ordered: bool = True
    ) -> None:
        self._memo = memo
        self._replication_key = replication_key
        self._start = start
        self._furthest = times.to_rfc3339(now() + FURTHEST_AHEAD)
        since = str(memo.get("since") or "")
        self.dropped = since if since > self._furthest else ""
        if self.dropped:
            memo.pop("since")
            memo.pop("seen", None)
        self._known = _unpack(memo.get("seen"))
        self.newest = str(memo["since"]) if memo.get("since") else ""
        self._window: list[tuple[str, bytes]] = []
        self.ordered = ordered
        self._last = ""
        # Fixed here: rows that come out of order must not be measured by those before them.
        bound = self.lower_bound
        self._floor = times.to_rfc3339(bound) if bound else ""

    def in_time(self, moment: str) -> str:
        """Return the same time, or an empty string where it is too far in the future."""
        return "" if moment > self._furthest else moment

    @property
    def lower_bound(self) -> datetime | None:
        """Inclusive time to read from; None reads everything."""
        since = times.parse(self.newest) - LOOK_BACK if self.newest else None
        if since is None or (self._start and self._start > since):
            return self._start
        return since

    def fresh(self, rows: list[Row]) -> list[Row]:
        """Return the rows this bookmark's owner has not emitted yet."""
        floor = self._floor
        if not floor and not self._known:
            return rows
        return [
            row
            for row in rows
            if (self.moment(row) or floor) >= floor and (not self._known or digest(row) not in self._known)
        ]

    def note(self, rows: Sequence[Row]) -> None:
        """Look at a page before its rows are turned into records; nothing is remembered yet."""
        moments = self._moments(rows)
        for moment in moments:
            if not moment or moment > self._furthest:
                continue
            if moment < self._last:
                self.ordered = False
            else:
                self._last = moment
        self.newest = max(self.newest, self._last)
        if not self.newest:
            return
        edge = times.to_rfc3339(times.parse(self.newest) - LOOK_BACK)
        self._window = [kept for kept in self._window[-MAX_SEEN:] if kept[0] >= edge]
        # A bulk import may put a whole page into one minute; only the last of it is remembered.
        for row, moment in zip(rows[-MAX_SEEN:], moments[-MAX_SEEN:], strict=True):
            if moment >= edge:
                self._window.append((moment, digest(row)))

    def commit(self, *, dear: bool = False) -> None:
        """All rows noted so far are emitted: move the memo, unless rows came unsorted.

        Args:
            dear: whether meeting a row again would cost requests, so that all of them are remembered.
        """
        if self.ordered:
            self._write(MAX_SEEN if dear else MAX_SEEN_ON_THE_WAY)

    def finish(self) -> None:
        """The read came to its end: what was held back for want of order counts now."""
        self._write(MAX_SEEN)

    def _write(self, most: int) -> None:
        if self.newest:
            self._memo["since"] = self.newest
            self._memo["seen"] = _pack(mark for _, mark in self._window[-most:])

    def _moments(self, rows: Sequence[Row]) -> list[str]:
        """Return `moment` of each row, at once where all have the form of v2."""
        key = self._replication_key
        values = [row.get(key) for row in rows]
        if all(type(value) is str and len(value) == _WHOLE_SECONDS and value[-1] == "Z" for value in values):
            return cast("list[str]", values)
        return [self.moment(row) for row in rows]

    def moment(self, row: Row) -> str:
        """Return the row's replication key as RFC 3339 with whole seconds, or an empty string."""
        value = row.get(self._replication_key)
        if not isinstance(value, str) or not value:
            return ""
        if len(value) == _WHOLE_SECONDS and value[-1] == "Z":
            return value
        try:
            return times.normalise(value)
        except ValueError:
            return ""


class PageMarks:
    """Fingerprints of a whole list's pages: a page that is as it was is not emitted again.

    For lists without a way to ask for changes. They are read in full all the same; this spares the
    warehouse, not the budget. The memo is `{"pages": [fingerprint, …]}`.
    """

    def __init__(self, memo: Memo) -> None:
        self._memo = memo
        known = memo.get("pages")
        self._known: list[object] = known if isinstance(known, list) else []
        self._now: list[str] = []

    def unchanged(self, content: object) -> bool:
        """Return whether the next page has the content it had at the end of the last complete read."""
        mark = digest(content).hex()
        at = len(self._now)
        self._now.append(mark)
        return at < len(self._known) and self._known[at] == mark

    def finish(self) -> None:
        """The list came to its end: remember its pages."""
        self._memo["pages"] = self._now


class ListSize:
    """How many rows a list has, for `--plan`: `{"size": rows}` once it was read from end to end.

    A first read may take several runs; until its end the memo holds `{"so_far": rows}`. Later reads of
    changes leave the size as it is.

    Args:
        memo: the piece of the state that belongs to the read.
        whole: whether every run reads the list from its beginning.
    """

    def __init__(self, memo: Memo, *, whole: bool) -> None:
        self._memo = memo
        if whole:
            memo.pop("so_far", None)
        self._counting = whole or "size" not in memo

    def see(self, count: int) -> None:
        """So many more rows were read."""
        if self._counting:
            before = self._memo.get("so_far")
            self._memo["so_far"] = (before if isinstance(before, int) else 0) + count

    def finish(self) -> None:
        """The list came to its end."""
        if self._counting:
            self._memo["size"] = self._memo.pop("so_far", 0)
