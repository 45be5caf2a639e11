"""Streams: the SDK's face of a spec, and how its rows travel from Pipedrive to stdout.

A class is built for each spec. The SDK keeps discovery, catalogs, selection, stream maps, metrics
and the order of streams; the way of the records is ours: a page at a time from the client, through
the row plan, to the writer, with the bookmark moved once per page. A record costs no method call.

Fan-out streams hang below their parent as the SDK wants it, but are fed a page of parents at once,
so that their requests run many at a time.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from singer_sdk.exceptions import MaxRecordsLimitException
from singer_sdk.helpers._catalog import get_selected_schema, pop_deselected_record_properties
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.streams import Stream
from typing_extensions import override

from pipedrive_client import Gone, NotFound, NotVisible
from tap_pipedrive.bookmarks import Bookmark, PageMarks
from tap_pipedrive.custom_fields import (
    FieldColumn,
    FieldMode,
    assign_columns,
    column_properties,
    flattener,
)
from tap_pipedrive.reading import Reader, Row
from tap_pipedrive.rows import RowPlan, time_text

if TYPE_CHECKING:
    from datetime import datetime

    from singer_sdk.helpers import types
    from singer_sdk.mapper import StreamMap

    from tap_pipedrive.spec import JSON, Read, StreamSpec
    from tap_pipedrive.tap import TapPipedrive

Context = Mapping[str, object]


@dataclass(slots=True)
class ReadProgress:
    """Bookmarks of one read: the stream's own and those of its fan-outs, each None when not wanted."""

    own: Bookmark | None
    fan_outs: list[tuple[PipedriveStream, Bookmark | None]]

    def lower_bound(self) -> datetime | None:
        """The earliest time anyone still needs rows from; None when someone needs all."""
        bounds = [mark.lower_bound if mark else None for mark in self._marks()]
        return None if None in bounds else min(cast("list[datetime]", bounds))

    def _marks(self) -> list[Bookmark | None]:
        return [self.own, *(mark for _, mark in self.fan_outs)] if self.own else [m for _, m in self.fan_outs]


class PipedriveStream(Stream):
    """Base of all streams; `stream_class` makes one subclass per spec."""

    spec: ClassVar[StreamSpec]
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # the row plan guarantees the types, for less

    def __init__(self, tap: TapPipedrive) -> None:
        """Bind the stream to its tap.

        Args:
            tap: gives the client, the settings and the field registry.
        """
        self.tap = tap
        self.name = self.spec.name
        self._columns: list[FieldColumn] | None = None
        self._properties: dict[str, JSON] | None = None
        self._plans: dict[str, RowPlan] = {}
        self._announced = False
        self._emitted = 0
        super().__init__(tap=cast("Any", tap), name=self.spec.name)
        self.primary_keys = self.spec.primary_keys
        self.replication_key = self.spec.replication_key
        # One bookmark per parent makes states of megabytes; a fan-out's progress is that of its parent list.
        self.state_partitioning_keys = ()

    # --- schema -------------------------------------------------------------------------------

    @property
    @override
    def schema(self) -> dict[str, Any]:
        """JSON schema of the records, custom fields included."""
        if self._properties is None:
            spec = self.spec
            self._properties = dict(cast("dict[str, JSON]", spec.schema))
            self._properties |= column_properties(
                self.columns, mode=self.tap.field_mode, options=self.tap.option_mode, form=spec.row_form
            )
        return {"type": "object", "properties": self._properties}

    @property
    def columns(self) -> list[FieldColumn]:
        """Custom field columns of this stream, as far as they are known by now."""
        entity = self.spec.custom_fields
        if self._columns is None:
            if not entity or self.tap.field_mode in (FieldMode.OFF, FieldMode.NESTED):
                self._columns = []
            else:
                self._columns = assign_columns(
                    self.tap.field_definitions(self),
                    remembered=self.column_memo,
                    reserved=self.spec.schema,
                    mode=self.tap.field_mode,
                    options=self.tap.option_mode,
                )
        return self._columns

    @property
    def column_memo(self) -> dict[str, list[JSON]]:
        """Column names given in earlier runs, by field key: from the state, else from the catalog."""
        memo = self.tap.stream_memo(self.name).get("columns")
        if isinstance(memo, dict) and memo:
            return cast("dict[str, list[JSON]]", memo)
        return self._catalog_memo()

    def _catalog_memo(self) -> dict[str, list[JSON]]:
        if self.tap.field_mode is not FieldMode.NAMED:
            return {}
        found: dict[str, list[JSON]] = {}
        for column, schema in (self._input_schema or {}).get("properties", {}).items():
            origin = schema.get("x-pipedrive") if isinstance(schema, dict) else None
            # A composite's first part and the labels of options carry the field's own name; `setdefault`
            # keeps it when an `_id` twin follows.
            if isinstance(origin, dict) and origin.get("part", "value") == "value":
                found.setdefault(str(origin["key"]), [column, origin["field_type"], origin["name"]])
        return found

    def refresh_columns(self) -> None:
        """Take the field definitions as they are today, and announce columns that are new."""
        if not self.spec.custom_fields or self.tap.field_mode is FieldMode.OFF:
            return
        if self.tap.fields.known(self.spec.custom_fields) and self._columns is not None and self._fresh:
            return
        before = self.schema
        self.tap.fields.rows(self.spec.custom_fields)
        self._columns = self._properties = None
        self._plans.clear()
        self._fresh = True
        if self._announced and self.schema != before:
            self._stream_maps = None
            self._announced = False
            self.announce()

    _fresh = False

    @property
    @override
    def stream_maps(self) -> list[StreamMap]:
        """The user's stream maps, over the schema as it is now."""
        if not self._stream_maps:
            mapper = self._tap.mapper
            mapper.register_raw_stream_schema(
                self.name, get_selected_schema(self.name, self.schema, self.mask), list(self.primary_keys)
            )
            self._stream_maps = mapper.stream_maps[self.name]
        return self._stream_maps

    @override
    def get_replication_key_signpost(self, context: types.Context | None = None) -> None:
        """No signpost: rows come in order, so a bookmark never runs ahead of them."""
        return

    def announce(self) -> None:
        """Write the SCHEMA message, once as long as the schema stays the same."""
        if self.selected and not self._announced:
            self._announced = True
            if self.columns and self.tap.field_mode is FieldMode.NAMED:
                self.stream_state["columns"] = {
                    column.definition.key: column.memo() for column in self.columns
                }
            self._write_schema_message()

    # --- the way of the records -----------------------------------------------------------------

    @override
    def get_records(self, context: types.Context | None) -> Iterable[dict[str, Any]]:
        """Every row of the stream, for callers outside a sync."""
        for read in self.spec.reads:
            for rows in self.reader(read).all():
                yield from self.plan(read).records(rows)

    @override
    def _sync_records(
        self, context: types.Context | None = None, *, write_messages: bool = True
    ) -> Generator[dict[str, Any], Any, Any]:
        """Read, emit and bookmark page by page; yields nothing, as every record is written here."""
        self._announced = True  # `sync` has just written the SCHEMA message
        if self.selected and self.columns and self.tap.field_mode is FieldMode.NAMED:
            self.stream_state["columns"] = {column.definition.key: column.memo() for column in self.columns}
        wanted = self.wanted_children()
        for child in wanted:
            child.announce()
        with self.get_record_counter() as self.counter, self.get_sync_timer():
            for read in self.spec.reads:
                self._sync_read(read, wanted)
        self.save_state()
        yield from ()

    def _sync_read(self, read: Read, children: list[PipedriveStream]) -> None:
        progress = ReadProgress(
            own=self.bookmark(self, read) if self.selected else None,
            fan_outs=[(child, self.bookmark(child, read)) for child in children],
        )
        reader = self.reader(read)
        if read.changes and self.replication_key:
            moment = (progress.own or _unbound(self)).moment
            pages = reader.changes(progress.lower_bound(), moment)
        else:
            pages = reader.all()
        marks = PageMarks(self.read_memo(read)) if not read.changes and self.selected else None
        for rows in pages:
            self._handle(read, rows, progress, marks)
        for mark in (progress.own, *(mark for _, mark in progress.fan_outs)):
            if mark:
                mark.finish()
        if marks:
            marks.finish()
        self.save_state()

    def _handle(self, read: Read, rows: list[Row], progress: ReadProgress, marks: PageMarks | None) -> None:
        """Emit a page and what hangs below it, then move the bookmarks over it."""
        if not rows:
            return
        feeds = []
        for child, mark in progress.fan_outs:
            parents = mark.fresh(rows) if mark else rows
            feeds.append((child, child.contexts(parents)))
            if mark:
                mark.note(rows)
        own = self._own_rows(rows, progress.own, marks)
        if progress.own:
            progress.own.note(rows)
        if own:
            self.emit(read, own)
        for child, contexts in feeds:
            child.fan_out(contexts)
        for mark in (progress.own, *(mark for _, mark in progress.fan_outs)):
            if mark:
                mark.commit()
        if progress.own and progress.own.newest:
            self.stream_state["replication_key"] = self.replication_key
            self.stream_state["replication_key_value"] = progress.own.newest
        self.save_state()
        self.tap.stop_if_interrupted()
        self._stop_after_enough(children=[child for child, _ in progress.fan_outs])

    def _own_rows(self, rows: list[Row], own: Bookmark | None, marks: PageMarks | None) -> list[Row]:
        if not self.selected:
            return []
        if own:
            return own.fresh(rows)
        if marks and marks.unchanged([rows, sorted(self.schema["properties"])]):
            return []
        return self._since_start(rows)

    def _since_start(self, rows: list[Row]) -> list[Row]:
        """Rows of a whole list that `start_date` admits, where the rows say when they changed."""
        start = self.tap.start_text
        column = next((name for name in ("update_time", "add_time") if name in self.spec.schema), None)
        if not start or not column:
            return rows
        return [row for row in rows if str(time_text(row.get(column)) or start) >= start]

    def emit(self, read: Read, rows: list[Row], context: Context | None = None) -> None:
        """Write rows as RECORD messages. The rows are used up."""
        if self.ABORT_AT_RECORD_COUNT is not None:
            rows = rows[: max(0, self.ABORT_AT_RECORD_COUNT - self._emitted)]
        if self.spec.custom_fields:
            self.refresh_columns()
        records = self.plan(read).records(rows, context)
        if self._maps_nothing:
            if self._partly_selected:
                for record in records:
                    pop_deselected_record_properties(record, self.schema, self.mask)
            self.tap.page_writer.write_records(self.name, records)
        else:
            for record in records:
                self._write_record_message(record)
        self._emitted += len(records)
        self.counter.increment(len(records))
        self.tap.progress.rows(self.name, len(records))

    @property
    def _maps_nothing(self) -> bool:
        maps = self.stream_maps
        return len(maps) == 1 and type(maps[0]) is SameRecordTransform and not maps[0].flattening_enabled

    @cached_property
    def _partly_selected(self) -> bool:
        """Whether something inside an object is deselected, which only a walk through each record removes."""
        return any(not chosen for crumb, chosen in self.mask.items() if len(crumb) > 2)  # noqa: PLR2004  deeper than a column

    def plan(self, read: Read) -> RowPlan:
        """The row plan of one read, made anew when columns change."""
        if read.operation not in self._plans:
            properties = self.schema["properties"]
            flatten = (
                flattener(
                    self.columns,
                    mode=self.tap.field_mode,
                    options=self.tap.option_mode,
                    form=self.spec.row_form,
                )
                if self.spec.custom_fields
                else None
            )
            self._plans[read.operation] = RowPlan(
                stream=self.name,
                read=read,
                properties=properties,
                selected=[name for name in properties if self.mask.get(("properties", name), True)],
                flatten=flatten,
                logger=self.logger,
            )
        return self._plans[read.operation]

    def reader(self, read: Read) -> Reader:
        """Reads this stream's rows through the tap's client."""
        return Reader(
            self.tap.client,
            read,
            label=self.name,
            shape=self.spec.shape,
            params=self.tap.stream_parameters(self.spec, read),
        )

    # --- fan-out --------------------------------------------------------------------------------

    def wanted_children(self) -> list[PipedriveStream]:
        """Fan-outs that are selected, or that lead to a selected one."""
        children = cast("list[PipedriveStream]", self.child_streams)
        return [child for child in children if child.selected or child.has_selected_descendents]

    def contexts(self, parents: Sequence[Row]) -> list[Context]:
        """What this fan-out must ask for, for these rows of its parent."""
        parent = self.spec.parent
        if parent is None:
            return []
        return [
            {name: row.get(column) for name, column in parent.context.items()}
            for row in parents
            if not row.get("is_deleted") and (parent.when is None or row.get(parent.when, True))
        ]

    def fan_out(self, contexts: Sequence[Context]) -> None:
        """Ask for the rows of these parents, many at a time, and emit them in the parents' order."""
        wanted = self.wanted_children()
        for child in wanted:
            child.announce()
        with self.get_record_counter() as self.counter:
            for read in self.spec.reads:
                groups = self._groups(contexts)
                answers = self.tap.client.ordered_map(partial(self._ask, read), groups)
                for context, rows in answers:
                    if not rows:
                        continue
                    feeds = [(child, child.contexts(rows)) for child in wanted]
                    if self.selected:
                        self.emit(read, rows, context)
                    for child, below in feeds:
                        child.fan_out(below)
                    if self.enough:
                        answers.close()
                        return

    def _groups(self, contexts: Sequence[Context]) -> Iterator[Sequence[Context]]:
        parent = self.spec.parent
        size = parent.bulk if parent else 1
        for at in range(0, len(contexts), size):
            yield contexts[at : at + size]

    def _ask(self, read: Read, group: Sequence[Context]) -> tuple[Context | None, list[Row]]:
        """All rows of one parent, or of one group; a parent that is gone or hidden has none."""
        parent = self.spec.parent
        assert parent  # noqa: S101  only fan-outs are asked
        if parent.bulk > 1:
            name = parent.query[0]
            column = next(iter(parent.context))
            query: dict[str, object] = {name: [context[column] for context in group]}
            context: Context | None = None
        else:
            context = group[0]
            query = {name: context[name] for name in parent.query}
        try:
            pages = self.reader(read).all(context or {}, query)
            return context, [row for page in pages for row in page]
        except (NotFound, Gone, NotVisible) as error:
            self.logger.debug("Skipped %s of %s: %s", self.name, dict(context or {}), error)
            return context, []

    # --- state ----------------------------------------------------------------------------------

    def bookmark(self, owner: PipedriveStream, read: Read) -> Bookmark | None:
        """The bookmark `owner` (this stream or a fan-out of it) has in one of this stream's reads."""
        if not read.changes or not self.replication_key:
            return None
        if self.replication_method != "INCREMENTAL":
            owner.stream_state.pop("reads", None)
            return _unbound(self)
        return Bookmark(
            owner.read_memo(read),
            keys=self.spec.primary_keys,
            replication_key=self.replication_key,
            start=self.tap.start_date,
        )

    def read_memo(self, read: Read) -> dict[str, object]:
        """The piece of this stream's state that belongs to one read.

        A state that holds only `replication_key_value`, as other taps write it, starts all reads there.
        """
        state = self.stream_state
        if "reads" not in state:
            older = state.get("replication_key_value")
            state["reads"] = {
                known.operation: {"since": time_text(older)}
                for known in self.spec.reads
                if older and known.changes
            }
        return cast("dict[str, object]", state["reads"].setdefault(read.operation, {}))

    def save_state(self) -> None:
        """Write a STATE message."""
        self.state_manager.is_flushed = False
        self._write_state_message()

    # --- trial runs -----------------------------------------------------------------------------

    @property
    def enough(self) -> bool:
        """Whether a trial run has seen as many records as it wanted."""
        return self.ABORT_AT_RECORD_COUNT is not None and self._emitted >= self.ABORT_AT_RECORD_COUNT

    def _stop_after_enough(self, children: list[PipedriveStream]) -> None:
        if self.enough and all(child.enough for child in children):
            self._abort_sync(abort_reason=MaxRecordsLimitException("The trial run has its records."))


def _unbound(stream: PipedriveStream) -> Bookmark:
    """A bookmark that remembers nothing, for full-table runs."""
    return Bookmark(
        {},
        keys=stream.spec.primary_keys,
        replication_key=stream.spec.replication_key or "",
        start=stream.tap.start_date,
    )


def stream_class(spec: StreamSpec, parent: type[PipedriveStream] | None) -> type[PipedriveStream]:
    """The Stream subclass of one spec.

    The SDK links parents and children by class, never by instance, so each spec needs its own.
    """
    body = {
        "__doc__": spec.summary,
        "__module__": __name__,
        "name": spec.name,
        "spec": spec,
        "parent_stream_type": parent,
        "selected_by_default": spec.selected_by_default,
    }
    return cast("type[PipedriveStream]", type(spec.class_name, (PipedriveStream,), body))


def stream_classes(specs: Mapping[str, StreamSpec]) -> dict[str, type[PipedriveStream]]:
    """Classes of all specs by name, parents before their fan-outs."""
    made: dict[str, type[PipedriveStream]] = {}

    def make(spec: StreamSpec) -> type[PipedriveStream]:
        if spec.name not in made:
            parent = make(specs[spec.parent.stream]) if spec.parent else None
            made[spec.name] = stream_class(spec, parent)
        return made[spec.name]

    for spec in specs.values():
        make(spec)
    return made
