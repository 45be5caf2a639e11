"""Sync of lists: the reads of each list, and the conversion of pages to messages and bookmarks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from pipedrive_client import NotFound, Null
from pipedrive_client.times import now
from tap_pipedrive.custom_fields.unresolved import remember, remembers
from tap_pipedrive.read.reader import Reader, nothing_there
from tap_pipedrive.state.access import ACCESS_ERRORS
from tap_pipedrive.state.bookmarks import Bookmark, ListSize, PageFingerprints
from tap_pipedrive.sync import full_lists
from tap_pipedrive.sync.children import contexts_of, cost_per_parent, fan_out

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_pipedrive.catalog.spec import Read
    from tap_pipedrive.context import TapContext
    from tap_pipedrive.streams.base import PipedriveStream
    from tap_pipedrive.sync.delete_detection import DeleteDetection
    from tap_pipedrive.values.row import Row

_PARTS_OF_BUDGET = 10
_MOST_CHILD_MARKS = 300
"""Maximum number of parents in a whole list whose child rows have a fingerprint, which limits the state."""
_TOKENS_PER_LIST = 100
"""Reserve of tokens for field definitions and the pages of a list in progress."""


def one_by_one(context: TapContext) -> bool:
    """Return whether lists and pages are read one after another.

    This is the case if the settings require it, or if so few tokens are left that parallel pages could use
    them up without progress.
    """
    left = context.client.budget.left
    scarce = left is not None and left < _TOKENS_PER_LIST * context.list_count
    return scarce or context.client.settings.max_concurrency == 1


@dataclass(slots=True)
class ReadRun:
    """One read of one stream in this run, with the bookmarks of all streams that get rows from it.

    Attributes:
        stream: stream of the read.
        read: the published read.
        own: the stream's own bookmark; None if it is not selected or the read is a whole list.
        fan_outs: selected fan-outs, each with its own bookmark in this list.
        marks: page fingerprints of a whole list.
        child_marks: fingerprints of the rows that each fan-out has for a row of a whole list.
        detection: detection of deleted rows, if it is enabled.
        length: number of rows of a completely read offset list.
        doubted: True if a page was received only after a response without valid content.
        size: counts rows for `--plan`.
        denied: True if access to the list was denied.
        incomplete: True if a page had a row without a key.
        began: time at which the run created it.
    """

    stream: PipedriveStream
    read: Read
    own: Bookmark | None = None
    fan_outs: list[tuple[PipedriveStream, Bookmark | None]] = field(default_factory=list)
    marks: PageFingerprints | None = None
    child_marks: dict[str, PageFingerprints] = field(default_factory=dict)
    detection: DeleteDetection | None = None
    length: int = 0
    doubted: bool = False
    size: ListSize | None = None
    denied: bool = False
    incomplete: bool = False
    began: datetime = field(default_factory=now)

    @classmethod
    def begin(cls, stream: PipedriveStream, read: Read, detection: DeleteDetection | None) -> ReadRun:
        """Set up the bookmarks from the state."""
        run = cls(stream=stream, read=read, detection=detection)
        for owner in run._owners():
            if remembers(memo := owner.read_memo(read)):
                owner.rewind(memo)
        if stream.selected:
            run.own = _bookmark(stream, stream, read)
        run.fan_outs = [(child, _bookmark(stream, child, read)) for child in stream.wanted_children()]
        if stream.selected and not read.changes:
            run.marks = PageFingerprints(run.memo)
        if not read.changes:
            run.child_marks = {
                child.name: PageFingerprints(child.read_memo(read), most=_MOST_CHILD_MARKS)
                for child, _ in run.fan_outs
                if child.selected and not child.spec.custom_fields
            }
        run.size = ListSize(run.memo, whole=not run.bookmarks)
        if detection and run.lower_bound() is not None:
            detection.complete = False
        return run

    @property
    def bookmarks(self) -> list[Bookmark]:
        """Bookmarks of the stream and of its fan-outs."""
        return [mark for mark in (self.own, *(mark for _, mark in self.fan_outs)) if mark]

    @property
    def memo(self) -> dict[str, object]:
        """The read's part of the stream's state."""
        return self.stream.read_memo(self.read)

    def lower_bound(self) -> datetime | None:
        """Return the earliest time from which rows are needed; None if all rows are needed."""
        bounds = [mark.lower_bound for mark in self.bookmarks]
        return None if None in bounds else min(cast("list[datetime]", bounds), default=None)

    def pages(self) -> Iterator[list[Row]]:
        """Yield the list's pages; if access is denied, log a warning and yield no page."""
        spec, access = self.stream.spec, self.stream.tap_context.access
        try:
            for rows in self.all_pages():
                self._prepare(rows)
                yield rows
            self._record_success()
        except (*ACCESS_ERRORS, NotFound) as error:
            if isinstance(error, ACCESS_ERRORS) or spec.needs:
                self.denied = True
                access.deny_list(spec, error, self.stream.names_below())
                if self.detection:
                    self.detection.denied = True
            elif not spec.removed_on:
                also = " and the path in raw_requests" if "raw_requests" in spec.settings else ""
                raise nothing_there(error, also) from error
            else:
                raise

    def _record_success(self) -> None:
        self.stream.tap_context.access.record_success(self.stream.name)

    def all_pages(self) -> Iterator[list[Row]]:
        """Yield pages from the earliest needed time, or those requested by settings."""
        reader = self.stream.reader(self.read)
        if isinstance(reader, Reader):
            reader.null = self._null()
        if self.bookmarks and isinstance(reader, Reader):
            moment, length = self.bookmarks[0].moment, cast("int", self.memo.get("length", 0))
            slots = None if one_by_one(self.stream.tap_context) else self.stream.tap_context.window_slots
            yield from reader.changes(self.lower_bound(), moment, length=length, slots=slots)
            self.length, self.doubted = reader.length, reader.doubted
            return
        for configured in self.stream.tap_context.configured_requests.of(self.stream.spec):
            for rows in reader.all(query=configured.params):
                for row in rows if configured.columns else ():
                    row.update(configured.columns)
                yield rows
        self.doubted = isinstance(reader, Reader) and reader.doubted

    def _null(self) -> Null:
        """Return the meaning of a null instead of the list: a list of changes may be empty."""
        changes = self.read.changes
        if changes and changes.since and self.bookmarks and self.lower_bound():
            return Null.CONFIRMED
        return self.stream.null_of(self.read)

    def _prepare(self, rows: list[Row]) -> None:
        """Read the field definitions that `handle` needs, on the list's own thread.

        Raises:
            PipedriveError: they cannot be read.
        """
        stream = self.stream
        entity = stream.defined_by
        if not entity or stream.tap_context.fields.known(entity):
            return
        if self.own.fresh(rows) if self.own else rows:
            stream.read_definitions(entity)

    def handle(self, rows: list[Row]) -> None:
        """Emit a page and its child rows, and advance the bookmarks over it."""
        size = self._affordable(len(rows))
        for at in range(0, len(rows), size):
            self._handle(rows[at : at + size], costly=size < len(rows))

    def _affordable(self, rows: int) -> int:
        """Return the rows per checkpoint: all, or fewer if child requests use over 10 % of the budget.

        If the budget ends within a page, little is lost, since the bookmarks cover the previous checkpoints.
        """
        left = self.stream.tap_context.client.budget.left
        cost = sum(cost_per_parent(child) for child, _ in self.fan_outs)
        if left is None or not cost or not self.bookmarks:
            return rows
        return min(rows, max(1, int(left / _PARTS_OF_BUDGET / cost)))

    def _handle(self, rows: list[Row], *, costly: bool) -> None:
        feeds = []
        for child, mark in self.fan_outs:
            feeds.append((child, contexts_of(child, mark.fresh(rows) if mark else rows)))
        own = self._own_rows(rows)
        for mark in self.bookmarks:
            mark.note(rows)
        if self.detection:
            self.detection.see(rows)
        complete = all(contexts.complete for _, contexts in feeds)
        if own:
            complete &= not self.stream.emit(self.read, own)
        if not complete:
            self._hold()
        for child, contexts in feeds:
            fan_out(child, contexts.found, self.child_marks.get(child.name))
        self._remember_unresolved()
        for mark in self.bookmarks:
            mark.commit(costly=costly)
        if self.size:
            self.size.see(len(rows))
        self._publish()
        self.stream.tap_context.interruption.check()

    def _hold(self) -> None:
        """Stop the bookmarks before this page: it has a row without a key, so the next run reads it."""
        self.incomplete = True
        for mark in self.bookmarks:
            mark.hold()
        if self.marks:
            self.marks.forget_last()
        if self.detection:
            self.detection.incomplete = True

    def _owners(self) -> list[PipedriveStream]:
        """Return the selected streams with custom fields that get rows from the read."""
        family = (self.stream, *self.stream.wanted_children())
        return [one for one in family if one.defined_by]

    def _remember_unresolved(self) -> None:
        """Record positions of rows with undefined custom fields, before the bookmarks advance over them."""
        for owner in self._owners():
            found = owner.unresolved.take_found()
            if found and (self.bookmarks or self.marks):
                remember(owner.read_memo(self.read), found)

    def _own_rows(self, rows: list[Row]) -> list[Row]:
        if not self.stream.selected:
            return []
        unchanged = self.marks and self.marks.unchanged([rows, sorted(self.stream.schema["properties"])])
        fresh = self.own.fresh(rows) if self.own else [] if unchanged else self.stream.since_start(rows)
        if not self.detection or len(fresh) == len(rows):
            return fresh
        taken = {id(row) for row in fresh}
        lost = [row for row in self.detection.unknown(rows) if id(row) not in taken]
        return [*fresh, *self.stream.since_start(lost)] if lost else fresh

    def finish(self) -> None:
        """Finish a complete list; a denied list is read again from the same position in the next run."""
        if self.denied:
            return
        for mark in self.bookmarks:
            mark.finish()
        if self.detection:
            self.detection.doubted |= self.doubted
        if self.size:
            self.size.finish()
        if self.length:
            self.memo["length"] = self.length
        for marks in filter(None, (self.marks, *self.child_marks.values())):
            marks.finish()
        if not self.incomplete:
            full_lists.finished(self.stream, self.read, self.began)
        self._publish()

    def _publish(self) -> None:
        """Write the state, with the plain Singer bookmark in addition to our own."""
        if self.own and self.own.stored:
            state = self.stream.stream_state
            state["replication_key"] = self.stream.replication_key
            before = str(state.get("replication_key_value", ""))
            # The newest bookmark of several lists is used, but never a time in the future.
            state["replication_key_value"] = max(self.own.in_time(before), self.own.stored)
        self.stream.save_state()


def _bookmark(stream: PipedriveStream, owner: PipedriveStream, read: Read) -> Bookmark | None:
    """Return the bookmark of one read; `owner` is the stream or its part below one parent."""
    if not read.changes or not stream.spec.replication_key:
        return None
    memo = owner.read_memo(read)
    if stream.replication_method != "INCREMENTAL":
        memo.clear()
    if owner is not stream:
        for missing in (owner.denied_parents, owner.absent_parents):
            if missing.all:
                memo.clear()
                missing.forget_all()
    bookmark = Bookmark(
        memo,
        replication_key=stream.spec.replication_key,
        start=stream.tap_context.start_date,
        ordered=bool(read.changes.ascending),
    )
    if bookmark.dropped:
        owner.stream_state.pop("replication_key_value", None)
        if not owner.bookmark_dropped:
            owner.bookmark_dropped = True
            owner.logger.warning(
                "The bookmark of stream %s is in the future (%s), so earlier runs may have missed changes. "
                "The bookmark is dropped and the stream is read in full once",
                owner.name,
                bookmark.dropped,
            )
    return bookmark
