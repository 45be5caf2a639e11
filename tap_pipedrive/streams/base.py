"""Streams: the SDK's class of a spec, and the flow of its rows from Pipedrive to stdout.

A class is built for each spec. The SDK provides discovery, catalogs, selection, stream maps, metrics and
the order of streams. Records do not pass through the SDK: pages go from the client through the row plan to
the writer, and the bookmark advances once per page. There is no method call per record.

Fan-out streams are child streams as in the SDK, but receive a page of parents at once, so their requests
run concurrently.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from typing_extensions import override

from pipedrive_client import Null
from tap_pipedrive.state.missing_parents import MissingParents
from tap_pipedrive.streams.records import RecordStream
from tap_pipedrive.values.conversions import time_text

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

    from singer_sdk import Tap
    from singer_sdk.helpers import types

    from tap_pipedrive.catalog.spec import Read
    from tap_pipedrive.context import TapContext


class PipedriveStream(RecordStream):
    """Base of all streams; `stream_class` makes one subclass per spec."""

    def __init__(self, tap: Tap, context: TapContext, sync: Callable[[PipedriveStream], None]) -> None:
        """Bind the stream to its tap.

        Args:
            tap: the tap, for the SDK.
            context: client, settings and field definitions.
            sync: reads the stream and all other lists that this run has not read.
        """
        self._sync = sync
        parent = self.spec.parent
        whole_key = parent is None or {*context.specs[parent.stream].primary_keys} <= {
            *parent.context.values()
        }
        self.requested_parents: set[tuple[object, ...]] | None = None if whole_key else set()
        super().__init__(tap, context)
        # One bookmark per parent makes states of megabytes; a fan-out's progress is that of its parent list.
        self.state_partitioning_keys = ()

    @override
    def get_replication_key_signpost(self, context: types.Context | None = None) -> None:
        """Return no signpost: rows are sorted, so a bookmark is never later than them."""
        return

    @override
    def get_batch_config(self, config: Mapping[str, Any]) -> None:
        """Return no batch of the SDK: the page writer appends pages to the files of `batch_config`."""
        return

    @override
    def get_records(self, context: types.Context | None) -> Iterable[dict[str, Any]]:
        """Yield every row of the stream, for callers outside a sync."""
        for read in self.spec.reads:
            for rows in self.reader(read).all():
                yield from self.plan(read).records(rows)

    @override
    def _sync_records(
        self, context: types.Context | None = None, *, write_messages: bool = True
    ) -> Generator[dict[str, Any], Any, Any]:
        """Read, emit and bookmark page by page; yields nothing, because records are written directly."""
        self._sync(self)
        yield from ()

    def wanted_children(self) -> list[PipedriveStream]:
        """Return fan-outs that are selected, or have a selected descendant."""
        children = cast("list[PipedriveStream]", self.child_streams)
        return [child for child in children if child.selected or child.has_selected_descendents]

    def family(self) -> Iterator[PipedriveStream]:
        """Return the names of this stream and of the child streams in `wanted_children`."""
        yield self
        for child in self.wanted_children():
            yield from child.family()

    def names_below(self) -> list[str]:
        """Return the names of the selected child streams, direct or not."""
        return [one.name for one in self.family() if one.selected and one is not self]

    # --- state ----------------------------------------------------------------------------------

    @cached_property
    def denied_parents(self) -> MissingParents:
        """Return the parents of a fan-out whose requests were denied."""
        return MissingParents(
            self.spec, self.tap_context.stream_memo(self.name), self.stream_state, "refused"
        )

    @cached_property
    def absent_parents(self) -> MissingParents:
        """Return the parents of a fan-out that were not found, though they were listed."""
        return MissingParents(self.spec, self.tap_context.stream_memo(self.name), self.stream_state, "absent")

    def read_memo(self, read: Read) -> dict[str, object]:
        """Return the part of this stream's state for one read.

        A state with only `replication_key_value`, as written by other taps, starts all reads there: those
        of the stream, or the lists of its parent.
        """
        state = self.stream_state
        if "reads" not in state:
            older, above = state.get("replication_key_value"), self.spec.parent
            reads = (*self.spec.reads, *(self.tap_context.specs[above.stream].reads if above else ()))
            state["reads"] = {
                known.key: {"since": time_text(older)} for known in reads if older and known.changes
            }
        return cast("dict[str, object]", state["reads"].setdefault(read.key, {}))

    def null_of(self, read: Read) -> Null:
        """Return the meaning of a null instead of a whole list, according to the state of the list."""
        memo = self.read_memo(read)
        if self.spec.settings:
            return Null.CONFIRMED
        if memo.get("since") or memo.get("size") or memo.get("length") or memo.get("pages"):
            return Null.REJECTED
        return Null.EMPTY if memo.get("size") == 0 else Null.CONFIRMED

    def save_state(self) -> None:
        """Write a STATE message."""
        self.tap_context.page_writer.write_state(self.tap_state)

    @override
    def _write_state_message(self) -> None:
        """Ignore the SDK's request for a STATE message; it would copy the whole state to compare it."""
        self.save_state()

    # --- trial runs -----------------------------------------------------------------------------

    def abort(self, reason: Exception) -> None:
        """End a `--test` run as the SDK expects it."""
        self._abort_sync(abort_reason=reason)

    @property
    def has_enough(self) -> bool:
        """True if a `--test` run has enough records."""
        return self.ABORT_AT_RECORD_COUNT is not None and self._emitted >= self.ABORT_AT_RECORD_COUNT

    @property
    def has_enough_with_children(self) -> bool:
        """True if a `--test` run has read enough of this stream and its child streams."""
        return self.has_enough and all(child.has_enough for child in self.wanted_children())
