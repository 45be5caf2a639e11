"""A stream in a run: its reads one after the other, or single rows by id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipedrive_client import Gone, NotFound
from tap_pipedrive.state.access import ACCESS_ERRORS
from tap_pipedrive.sync import full_lists
from tap_pipedrive.sync.children import request_missing_parents
from tap_pipedrive.sync.delete_detection import DeleteDetection
from tap_pipedrive.sync.list_sync import ReadRun, one_by_one

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_pipedrive.state.bookmarks import Bookmark
    from tap_pipedrive.streams.base import PipedriveStream
    from tap_pipedrive.values.row import Row


@dataclass(slots=True)
class IdRun(ReadRun):
    """Single rows of a stream by id, for the setting `record_ids`; bookmarks do not change."""

    ids: Sequence[int | str] = ()

    @classmethod
    def of(cls, stream: PipedriveStream, ids: Sequence[int | str]) -> IdRun:
        """Return the sync of a stream's single rows."""
        children: list[tuple[PipedriveStream, Bookmark | None]] = [
            (child, None) for child in stream.wanted_children()
        ]
        return cls(stream=stream, read=stream.spec.single or stream.spec.reads[0], fan_outs=children, ids=ids)

    def all_pages(self) -> Iterator[list[Row]]:
        """Yield one page per id, with many requests at a time; a deleted or denied id has no row."""
        yield from self.stream.tap_context.client.ordered_map(self._row, self.ids)

    def _row(self, one: int | str) -> list[Row]:
        stream = self.stream
        access, reader = stream.tap_context.access, stream.reader(self.read)
        context = dict.fromkeys(self.read.placeholders, one)
        if (closed := access.closed(stream.name)) is not None:
            access.deny_ids(stream.name, closed, stream.names_below())
            return []
        try:
            rows = [row for page in reader.all(context) for row in page]
        except (NotFound, Gone) as error:
            stream.logger.warning("Skipped %s %s: %s", stream.name, one, error)
            return []
        except ACCESS_ERRORS as error:
            access.deny_ids(stream.name, error, stream.names_below())
            return []
        access.record_success(stream.name)
        return rows

    def _record_success(self) -> None:
        """Count no list: ids are counted one by one."""


@dataclass(slots=True)
class StreamRun:
    """A stream in this run: its reads, one after the other."""

    stream: PipedriveStream
    detection: DeleteDetection | None
    reads: list[ReadRun]

    @classmethod
    def begin(cls, stream: PipedriveStream) -> StreamRun:
        """Set up the bookmarks."""
        if stream.spec.removed_on:
            stream.logger.warning(
                "%s: Pipedrive removed this on %s. %s",
                stream.name,
                stream.spec.removed_on,
                stream.spec.notes,
            )
        ids = stream.tap_context.configured_requests.ids(stream.spec)
        if ids is not None:
            return cls(stream, None, [IdRun.of(stream, ids)])
        due = [read for read in stream.spec.reads if not full_lists.waits(stream, read)]
        detection = DeleteDetection.begin(stream) if due else None
        if detection and len(due) < len(stream.spec.reads):
            detection.complete = False
        return cls(stream, detection, [ReadRun.begin(stream, read, detection) for read in due])

    def announce(self) -> None:
        """Write the SCHEMA messages, which may wait for field definitions."""
        self.stream.announce()
        for child in self.stream.wanted_children():
            child.announce()

    def side_by_side(self) -> bool:
        """Return whether the reads are independent of one another.

        This requires time windows, and reads of changes only: a row that moves from one list to the other in
        the meantime has changed, and is read in the next run. A full read, such as to detect deletes, must
        not miss it.
        """
        several = self.stream.tap_context.window_slots and not one_by_one(self.stream.tap_context)
        return bool(several and all(read.bookmarks and read.lower_bound() for read in self.reads))

    def finish(self) -> None:
        """Finish the stream after all reads are complete."""
        for child in self.stream.wanted_children():
            request_missing_parents(child)
        if self.detection:
            self.detection.finish()
        self.stream.tap_context.synced.add(self.stream.name)
