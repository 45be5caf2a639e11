"""Delete detection: the state contains the ids of emitted rows, and rows missing later were deleted.

Pipedrive omits deleted persons, organizations, activities, products and leads from its collections and cannot
be queried for them (pipedrive-api 5). With `detect_deletes` the whole collection is read again and compared.
A tombstone is emitted only after two proofs that agree: the collection was read completely without an
incomplete response, and Pipedrive does not return the row by id.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from pipedrive_client import times
from pipedrive_client.times import now
from tap_pipedrive.read.reader import Reader
from tap_pipedrive.rows.tombstones import DELETED_AT
from tap_pipedrive.state.access import ACCESS_ERRORS
from tap_pipedrive.state.bookmarks import Bookmark
from tap_pipedrive.state.known_ids import KnownIds, id_of
from tap_pipedrive.sync.delete_proof import UnprovenDeletes, check_gone, ids_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_pipedrive.catalog.spec import Read
    from tap_pipedrive.streams.base import PipedriveStream
    from tap_pipedrive.values.row import Row

_TOMBSTONES_A_PAGE = 500
_SWEEPS = 2
"""Maximum number of reads with incomplete responses before the comparison is given up."""


@dataclass(slots=True)
class DeleteDetection:
    """Detection of deleted rows of one stream in this run.

    Attributes:
        known: ids emitted in earlier runs, from the state.
        current: ids read in this run.
        complete: True if this run reads the stream in full, so that the comparison needs no more requests.
        doubted: True if a page of this run was preceded by a response without valid content.
        denied: True if access to the stream was denied, so that nothing can be compared.
        incomplete: True if a row without a key was read: it may be any of the missing ones.
    """

    stream: PipedriveStream
    known: KnownIds
    current: KnownIds
    complete: bool = True
    doubted: bool = False
    denied: bool = False
    incomplete: bool = False
    _swept: KnownIds = field(default_factory=lambda: KnownIds({}))

    @classmethod
    def begin(cls, stream: PipedriveStream) -> Self | None:
        """Return a watch if `detect_deletes` is set and the stream supports it."""
        if not (stream.selected and stream.tap_context.detect_deletes and stream.spec.can_sweep):
            return None
        memo = stream.stream_state.setdefault("known_ids", {})
        return cls(stream, KnownIds(memo), KnownIds({}))

    def see(self, rows: Iterable[Row]) -> None:
        """Add the ids of rows that were read."""
        self.current.add(rows)

    def unknown(self, rows: Iterable[Row]) -> list[Row]:
        """Return rows that were reported as deleted before, or never emitted: they are emitted again."""
        if not self.known.established:
            return []
        return [row for row in rows if id_of(row) not in self.known and id_of(row) not in self.current]

    def finish(self) -> None:
        """Compare after the stream was read, with a full read of all ids first if one is due."""
        due = self.complete or self.known.due(self.stream.tap_context.sweep_interval)
        if self.denied or self.incomplete or not due:
            self.known.merge(self.current)
            return
        try:
            kept = self._compare()
        except UnprovenDeletes as error:
            self.known.merge(self.current)
            self.stream.tap_context.fail_at_end(error)
            return
        except ACCESS_ERRORS as error:
            self.known.merge(self.current)
            self.stream.tap_context.access.deny_deletes(self.stream.name, error)
            return
        self.known.replace(self._swept, self.current, kept)

    def _compare(self) -> KnownIds:
        """Emit tombstones for rows deleted by both proofs; return ids missing only from the collection.

        Raises:
            UnprovenDeletes: the proofs do not agree, or too many rows are missing at once.
        """
        if self.complete and not self.doubted:
            self._swept.merge(self.current)
        else:
            self._sweep()
        kept = KnownIds({})
        if self.known.missing_from(self._swept):
            self._look_again()
        missing = self.known.missing_from(self._swept)
        if missing:
            percent = self.stream.tap_context.max_tombstone_percent
            most = math.ceil(len(self.known) * percent / 100)
            checked = check_gone(self.stream.tap_context.client, self.stream.spec, missing, most=most)
            if not checked.complete or len(checked.gone) > most:
                raise self._refusal(len(missing), len(checked.kept), percent)
            if checked.kept:
                self.stream.logger.warning(
                    "%d rows of %s are missing from the collection, but can be read by id or are hidden from "
                    "this user; they are kept",
                    len(checked.kept),
                    self.stream.name,
                )
            kept.add_ids(checked.kept)
            self._bury(checked.gone)
        return kept

    def _refusal(self, missing: int, kept: int, percent: float) -> UnprovenDeletes:
        """Return the error of a stream with more missing rows than allowed."""
        found = f", of which at least {kept} can still be read by id" if kept else ""
        return UnprovenDeletes(
            f"Stream {self.stream.name}: {missing} of {len(self.known)} rows are missing at once{found}, "
            f"more than the {percent:g} % of max_tombstone_percent. No row was reported as deleted. If they "
            "were deleted on purpose, increase max_tombstone_percent for one run.",
            label=self.stream.name,
        )

    def _sweep(self) -> None:
        """Read the ids of the whole collection, and again if a response was incomplete.

        Raises:
            UnprovenDeletes: the second read was incomplete too.
        """
        for _ in range(_SWEEPS):
            self._swept = KnownIds({})
            doubtful = [read for read in self.stream.spec.reads if self._read_through(read)]
            if not doubtful:
                return
        raise UnprovenDeletes(
            f"Stream {self.stream.name}: it was read twice to detect deletes, and both times a response was "
            "incomplete. No row was reported as deleted. The next run compares again.",
            label=self.stream.name,
        )

    def _read_through(self, read: Read) -> bool:
        """Read the ids of one collection and emit unknown rows; return True if a response was incomplete."""
        stream = self.stream
        reader = stream.reader(read)
        if isinstance(reader, Reader):
            reader.null = stream.null_of(read)
        since = str(stream.read_memo(read).get("since") or "")
        moment = Bookmark({}, replication_key=str(stream.spec.replication_key)).moment
        for rows in reader.all():
            # The next run reads rows that changed after the bookmark.
            self._swept.add_ids(ids_of(stream.name, rows))
            fresh = [row for row in self.unknown(rows) if not since or moment(row) <= since]
            fresh = stream.since_start(fresh)
            self.current.add(fresh)
            if fresh:
                stream.emit(read, fresh)
            stream.tap_context.interruption.check()
        return isinstance(reader, Reader) and reader.doubted

    def _look_again(self) -> None:
        """Find rows that moved from a later collection to an earlier one meanwhile, such as unarchived deals.

        The earlier collection was read before the later one, so such a row is in neither; but it has changed.
        """
        stream = self.stream
        for read in stream.spec.reads[:-1]:
            mark = Bookmark(dict(stream.read_memo(read)), replication_key=str(stream.spec.replication_key))
            reader = stream.reader(read)
            if read.changes and mark.lower_bound and isinstance(reader, Reader):
                for rows in reader.changes(mark.lower_bound, mark.moment):
                    self._swept.add_ids(ids_of(stream.name, rows))
                    stream.tap_context.interruption.check()

    def _bury(self, gone: list[int | str]) -> None:
        """Emit tombstones."""
        noticed = times.to_rfc3339(now())
        for at in range(0, len(gone), _TOMBSTONES_A_PAGE):
            page = gone[at : at + _TOMBSTONES_A_PAGE]
            self.stream.write([{"id": one, "is_deleted": True, DELETED_AT: noticed} for one in page])
