"""Bookmarks of reads that lose no row of their second and emit no row twice.

Pipedrive's `update_time` has whole seconds, so several changes share one, and a row may change again
within the second that was already read. Reading therefore starts a little before the bookmark's second, and
fingerprints of the content show which of those rows were already emitted.
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

    from tap_pipedrive.values.row import Row

Memo = dict[str, object]

LOOK_BACK = timedelta(seconds=60)
"""Time before the bookmark that is read again, for delayed changes and clock differences in Pipedrive."""
MAX_SEEN = 4_000
"""Maximum number of remembered rows after a read.

After a bulk import, more rows may share a minute: the others are emitted again in the next run, which has no
effect on a loader that upserts by key.
"""
MAX_SEEN_ON_THE_WAY = 200
"""Maximum number of remembered rows within a read, where the state is written once per page."""
FURTHEST_AHEAD = timedelta(days=1)
"""Limit for times in the future, which are invalid: reading from there would miss all other changes."""
_MARK_BYTES = 8
_WHOLE_SECONDS = len("2026-01-01T00:00:00Z")


def digest(row: object) -> bytes:
    """Return a short fingerprint of a row's content, including its key."""
    return blake2b(canonical(row), digest_size=_MARK_BYTES).digest()


def _pack(marks: Iterable[bytes]) -> str:
    return b64encode(b"".join(marks)).decode()


def _unpack(text: object) -> frozenset[bytes]:
    """Return the fingerprints in a packed text; empty if it is invalid, so rows are emitted again."""
    try:
        content = b64decode(str(text or ""), validate=True)
    except ValueError:
        return frozenset()
    return frozenset(content[at : at + _MARK_BYTES] for at in range(0, len(content), _MARK_BYTES))


class Bookmark:
    """Progress of one read of changes, oldest first.

    The memo is its part of the Singer state: `{"since": newest update_time emitted,
    "seen": fingerprints}` of the rows of the last minute, packed as base64.

    Attributes:
        newest: newest `update_time` emitted, but never ahead of the clock.
        ordered: False if rows are unsorted, or no order was requested; the memo then advances only at the end
            of the read.
        dropped: the bookmark of the state, if it was in the future. The list is then read from its beginning.
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
        self._at_start: Memo = {name: memo[name] for name in ("since", "seen") if name in memo}
        self._known = _unpack(memo.get("seen"))
        self.newest = str(memo["since"]) if memo.get("since") else ""
        self._window: list[tuple[str, bytes]] = []
        self.ordered = ordered
        self._held = False
        self._last = ""
        # Fixed at the start: unsorted rows must not be compared with previous ones.
        bound = self.lower_bound
        self._floor = times.to_rfc3339(bound) if bound else ""

    def in_time(self, moment: str) -> str:
        """Return the time, or an empty string if it is too far in the future."""
        return "" if moment > self._furthest else moment

    @property
    def lower_bound(self) -> datetime | None:
        """Inclusive time to read from; None reads everything."""
        since = times.parse(self.newest) - LOOK_BACK if self.newest else None
        if since is None or (self._start and self._start > since):
            return self._start
        return since

    def fresh(self, rows: list[Row]) -> list[Row]:
        """Return the rows that this bookmark's owner has not emitted yet."""
        floor = self._floor
        if not floor and not self._known:
            return rows
        return [
            row
            for row in rows
            if (self.moment(row) or floor) >= floor and (not self._known or digest(row) not in self._known)
        ]

    def note(self, rows: Sequence[Row]) -> None:
        """Inspect a page before its rows are converted to records; nothing is stored yet."""
        moments = self._moments(rows)
        for moment in moments:
            if not moment or moment > self._furthest:
                continue
            if moment < self._last:
                self._disorder()
            else:
                self._last = moment
        # A time ahead of the clock would hide the changes until then.
        self.newest = max(self.newest, min(self._last, times.to_rfc3339(now())))
        if not self.newest:
            return
        edge = times.to_rfc3339(times.parse(self.newest) - LOOK_BACK)
        self._window = [kept for kept in self._window[-MAX_SEEN:] if kept[0] >= edge]
        # After a bulk import, one minute may fill a page; only its last rows are remembered.
        for row, moment in zip(rows[-MAX_SEEN:], moments[-MAX_SEEN:], strict=True):
            if moment >= edge:
                self._window.append((moment, digest(row)))

    def commit(self, *, costly: bool = False) -> None:
        """Advance the memo over all emitted rows, unless rows are unsorted.

        Args:
            costly: True if emitting a row again would cost requests, so that all of them are remembered.
        """
        if self.ordered:
            self._write(MAX_SEEN if costly else MAX_SEEN_ON_THE_WAY)

    def hold(self) -> None:
        """Keep the memo as it is to the end of the run, so that the next run reads everything after it."""
        self._held = True

    @property
    def stored(self) -> str:
        """The bookmark to publish: the newest time emitted, or the one in a memo that does not advance."""
        return str(self._memo.get("since") or "") if self._held else self.newest

    def _disorder(self) -> None:
        """Take back what the memo has advanced: older rows than those may follow."""
        if self.ordered:
            self.ordered = False
            for name in ("since", "seen"):
                self._memo.pop(name, None)
            self._memo.update(self._at_start)

    def finish(self) -> None:
        """Finish the read. Unsorted lists only advance the bookmark here."""
        self._write(MAX_SEEN)

    def _write(self, most: int) -> None:
        if self.newest and not self._held:
            self._memo["since"] = self.newest
            self._memo["seen"] = _pack(mark for _, mark in self._window[-most:])

    def _moments(self, rows: Sequence[Row]) -> list[str]:
        """Return `moment` of each row, in one step if all rows have the v2 form."""
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


class PageFingerprints:
    """Fingerprints of a whole list's pages: an unchanged page is not emitted again.

    Used for lists that cannot be filtered by change, and for the child rows of each of their rows. They are
    still read in full; this saves work in the warehouse, not tokens. The memo is
    `{"pages": [fingerprint, …]}`.

    Args:
        memo: the read's part of the state.
        most: maximum number of fingerprints; pages after these are always emitted.
    """

    def __init__(self, memo: Memo, *, most: int | None = None) -> None:
        self._memo = memo
        self._most = most
        known = memo.get("pages")
        self._known: list[object] = known if isinstance(known, list) else []
        self._now: list[str] = []

    def unchanged(self, content: object) -> bool:
        """Return whether the next page has the same content as in the last complete read."""
        at = len(self._now)
        if at == self._most:
            return False
        mark = digest(content).hex()
        self._now.append(mark)
        return at < len(self._known) and self._known[at] == mark

    def forget_last(self) -> None:
        """Drop the fingerprint of the last page, so that it counts as changed in the next run."""
        if self._now:
            self._now[-1] = ""

    def finish(self) -> None:
        """Store the fingerprints of all pages after a complete read."""
        self._memo["pages"] = self._now


class ListSize:
    """Number of rows of a list, for `--plan`: `{"size": rows}` after a complete read.

    A first read may take several runs; until its end the memo contains `{"so_far": rows}`. Later reads of
    changes do not update the size.

    Args:
        memo: the read's part of the state.
        whole: True if every run reads the list from its beginning.
    """

    def __init__(self, memo: Memo, *, whole: bool) -> None:
        self._memo = memo
        if whole:
            memo.pop("so_far", None)
        self._counting = whole or "size" not in memo

    def see(self, count: int) -> None:
        """Add to the number of rows read."""
        if self._counting:
            before = self._memo.get("so_far")
            self._memo["so_far"] = (before if isinstance(before, int) else 0) + count

    def finish(self) -> None:
        """Store the size after a complete read."""
        if self._counting:
            self._memo["size"] = self._memo.pop("so_far", 0)
