"""Streams: the SDK's face of a spec, and how its rows travel from Pipedrive to stdout.

A class is built for each spec. The SDK keeps discovery, catalogs, selection, stream maps, metrics
and the order of streams; the way of the records is ours: a page at a time from the client, through
the row plan, to the writer, with the bookmark moved once per page. A record costs no method call.

Fan-out streams hang below their parent as the SDK wants it, but are fed a page of parents at once,
so that their requests run many at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

import msgspec
from singer_sdk.helpers._catalog import get_selected_schema, pop_deselected_record_properties
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.streams import Stream
from typing_extensions import override

from pipedrive_client import BudgetSpent, ConfigError, FeatureOff, ItemError, NotFound, Null, UnknownMethod
from pipedrive_client.fields import FIELD_LIST_COST, FIELD_LISTS, FieldDefinition
from tap_pipedrive.custom_fields.columns import FieldColumn, assign_columns, column_properties
from tap_pipedrive.custom_fields.layouts import NestedPlan, flattener
from tap_pipedrive.custom_fields.unresolved import UnresolvedFields, rewind
from tap_pipedrive.output.sdk_log_filter import quiet
from tap_pipedrive.read.reader import Reader, SharedRows, nothing_there
from tap_pipedrive.rows.deviations import UNKNOWN_COLUMN
from tap_pipedrive.rows.row_columns import RowColumns
from tap_pipedrive.rows.row_plan import RowPlan
from tap_pipedrive.rows.struct_rows import TypedRow, TypedRows
from tap_pipedrive.rows.tombstones import TOMBSTONE_COLUMNS
from tap_pipedrive.settings import FieldMode
from tap_pipedrive.state.access import RefusedParents
from tap_pipedrive.values.column_types import column_types
from tap_pipedrive.values.conversions import time_text

if TYPE_CHECKING:
    from singer_sdk import Tap, metrics
    from singer_sdk.helpers import types
    from singer_sdk.mapper import StreamMap
    from singer_sdk.singerlib import Catalog, SelectionMask

    from tap_pipedrive.catalog.spec import JSON, Read, StreamSpec
    from tap_pipedrive.context import TapContext
    from tap_pipedrive.rows.row import Row

Context = Mapping[str, object]

_ALWAYS_THERE = frozenset({"deal", "person", "organization", "product"})
"""Entities that every account has."""
ENTITY_OF_FIELD_LIST = {path: entity for entity, path in FIELD_LISTS.items()}


class PipedriveStream(Stream):
    """Base of all streams; `stream_class` makes one subclass per spec."""

    spec: ClassVar[StreamSpec]
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # the row plan guarantees the types, for less
    HAS_WHOLE_ROWS: ClassVar[bool] = True
    """Whether the rows that reach the row plan have all keys that Pipedrive sent."""

    def __init__(self, tap: Tap, context: TapContext, sync: Callable[[PipedriveStream], None]) -> None:
        """Bind the stream to its tap.

        Args:
            tap: the tap, for the SDK.
            context: gives the client, the settings and the field registry.
            sync: reads the stream, and with it every other list that this run has not read.
        """
        self.tap_context = context
        self._sync = sync
        self.name = self.spec.name
        self._columns: list[FieldColumn] | None = None
        self._properties: dict[str, JSON] | None = None
        self._plans: dict[str, RowPlan] = {}
        self._announced = False
        self.unresolved = UnresolvedFields(apart=context.field_mode is FieldMode.KEYED)
        self._emitted = 0
        parent = self.spec.parent
        whole_key = parent is None or {*context.specs[parent.stream].primary_keys} <= {
            *parent.context.values()
        }
        self.asked: set[tuple[object, ...]] | None = None if whole_key else set()
        self._counter: metrics.Counter | None = None
        super().__init__(tap=tap, name=self.spec.name)
        quiet(self.logger)
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
                self.columns,
                mode=self.tap_context.field_mode,
                options=self.tap_context.option_mode,
                form=spec.row_form,
            )
            self._properties |= self.unresolved.properties
            if self.tap_context.detect_deletes and self.spec.can_sweep:
                self._properties |= TOMBSTONE_COLUMNS
            if self.tap_context.deviations.keeps and self.HAS_WHOLE_ROWS:
                self._properties |= UNKNOWN_COLUMN
        return {"type": "object", "properties": self._properties}

    @property
    def columns(self) -> list[FieldColumn]:
        """Custom field columns of this stream, as far as they are known by now."""
        entity = self.spec.custom_fields
        if self._columns is None:
            if not entity or self.tap_context.field_mode in (FieldMode.OFF, FieldMode.NESTED):
                self._columns = []
            else:
                self._columns = assign_columns(
                    self._field_definitions(),
                    remembered=self.column_memo,
                    # `custom_fields` is what the rows of v2 bring the values in.
                    reserved={*self.spec.schema, *TOMBSTONE_COLUMNS, *UNKNOWN_COLUMN, "custom_fields"},
                    mode=self.tap_context.field_mode,
                    options=self.tap_context.option_mode,
                )
        return self._columns

    def _field_definitions(self) -> list[FieldDefinition]:
        """Custom field definitions for a stream's columns, without a request where none is due.

        Definitions cost tokens. As long as the state or the catalog remembers the columns, and no row
        has come, what is remembered is enough.
        """
        entity = self.spec.custom_fields
        if not entity:
            return []
        if not self.tap_context.fields.known(entity) and (self.column_memo or self._is_passed_over()):
            return []
        try:
            return self.tap_context.fields.custom(entity)
        except BudgetSpent as error:
            budget = self.tap_context.client.settings.daily_token_budget
            if self.tap_context.page_writer.under_way or not error.of_run:
                raise
            msg = (
                f"Setting daily_token_budget: {budget} tokens are too few; to find the columns of custom "
                f"fields takes {FIELD_LIST_COST * len(FIELD_LISTS)} of them before anything is read. Give "
                "more, or a catalog, which has the columns."
            )
            raise ConfigError(msg) from error
        except (NotFound, UnknownMethod) as error:
            if entity in _ALWAYS_THERE:
                raise nothing_there(error) from error
            return []
        except (FeatureOff, ItemError) as error:
            self.logger.info("No custom fields for %s: %s", self.name, error)
            return []

    def _is_passed_over(self) -> bool:
        """Return whether the columns of a stream do not matter, because this run does not select it."""
        if self._tap.input_catalog is None:
            return not (self.tap_context.describes_all or self.selected_by_default)
        entry = self._tap.input_catalog.get_stream(self.name)
        return entry is None or not (entry.metadata.root.selected if entry.metadata else True)

    @property
    def column_memo(self) -> dict[str, list[JSON]]:
        """Column names given in earlier runs, by field key: from the state, else from the catalog."""
        memo = self.tap_context.stream_memo(self.name).get("columns")
        if isinstance(memo, dict) and memo:
            return cast("dict[str, list[JSON]]", memo)
        return self._catalog_memo()

    def _catalog_memo(self) -> dict[str, list[JSON]]:
        if self.tap_context.field_mode is not FieldMode.NAMED:
            return {}
        found: dict[str, list[JSON]] = {}
        for column, schema in (self._input_schema or {}).get("properties", {}).items():
            origin = schema.get("x-pipedrive") if isinstance(schema, dict) else None
            # A composite's first part and the labels of options carry the field's own name; `setdefault`
            # keeps it when an `_id` twin follows.
            if isinstance(origin, dict) and origin.get("part", "value") == "value":
                found.setdefault(str(origin["key"]), [column, origin["field_type"], origin["name"]])
        return found

    @property
    def defined_by(self) -> str | None:
        """The entity whose field definitions its columns come from; None where none does."""
        as_columns = self.tap_context.field_mode not in (FieldMode.OFF, FieldMode.NESTED)
        return self.spec.custom_fields if as_columns and self.selected else None

    @property
    def asks_definitions(self) -> str | None:
        """The entity whose field definitions the SCHEMA message needs: nothing remembers the columns."""
        return self.defined_by if not self.column_memo else None

    def read_definitions(self, entity: str, *, again: bool = False) -> None:
        """Have the field definitions read that rows need.

        Args:
            entity: what they define.
            again: whether rows need newer ones than the run began with.

        Raises:
            PipedriveError: they cannot be; says how to do without, where Pipedrive refuses nothing but them.
        """
        try:
            if again:
                self.tap_context.definitions.read_again(entity)
            self.tap_context.fields.rows(entity)
        except (ItemError, FeatureOff) as error:
            msg = (
                f"{error.message.rstrip('.')}. Rows of {self.name} have custom fields, which need this; "
                "set custom_fields to nested to read them by key, or to off to leave them out."
            )
            raise type(error)(msg, status=error.status, label=error.label) from error

    def refresh_columns(self) -> None:
        """Take the field definitions as they are today, and announce columns that are new."""
        entity = self.defined_by
        if not entity or (
            self.tap_context.fields.known(entity) and self._columns is not None and self._fresh
        ):
            return
        before = self.schema
        self.read_definitions(entity)
        self._columns = self._properties = None
        self._plans.clear()
        self._fresh = True
        if self._announced and self.schema != before:
            self._stream_maps = None
            self._announced = False
            self.announce()

    def _find_columns(self, rows: list[Row]) -> None:
        """Announce the columns of fields that were added during the run; typed rows have none of those.

        While keys are without a definition, the definitions are read again as often as is permitted.
        """
        entity = self.defined_by
        if not entity or not rows:
            return
        new: dict[str, bool] = {}
        if not isinstance(rows[0], TypedRow):
            known = {column.definition.key for column in self.columns}
            new = self.unresolved.new(rows, known, self.spec.row_form)
        definitions = self.tap_context.definitions
        waits = self._defined_at == definitions.read_at(entity) and not definitions.due(entity)
        if not new and (waits or not self.unresolved.sources):
            return
        self.read_definitions(entity, again=True)
        self._defined_at = definitions.read_at(entity)
        defined = {one.key for one in self.tap_context.fields.custom(entity)}
        for key in self.unresolved.take(new, defined):
            what = "rows have values for this key, which has no field definition; they are emitted by key"
            definitions.report(entity, key, what)
        self._fresh = False
        self.refresh_columns()

    def _option_label(self, key: str, column: str, one: object) -> str:
        entity = str(self.spec.custom_fields)
        self.read_definitions(entity, again=True)
        label = self.tap_context.definitions.option(entity, key, one)
        if label is None:
            self.unresolved.note_option(key, one)
            what = f"option {one} is not defined; the column holds the id"
            self.tap_context.definitions.report(entity, column, what)
        return str(one) if label is None else label

    def rewind(self, memo: dict[str, object]) -> None:
        """Set a bookmark back to rows whose fields or options an earlier run found no definition for.

        Only where they are defined by now. What the account does not give is left for a later run.
        """
        entity = self.defined_by
        if not entity:
            return
        try:
            resolved = rewind(memo, self.tap_context.fields.custom(entity))
        except (FeatureOff, ItemError) as error:
            self.logger.info("Field definitions for %s cannot be read: %s", self.name, error)
            return
        if resolved:
            self.logger.info(
                "Stream %s reads rows again whose custom fields or options are now defined: %s",
                self.name,
                ", ".join(resolved),
            )

    _defined_at: float | None = None
    _fresh = False
    bookmark_dropped = False
    """Whether a bookmark of the state was dropped in this run, which is reported once."""

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
    def apply_catalog(self, catalog: Catalog) -> None:
        """Take selection and replication method from a catalog; keys from it only if they can be used.

        A catalog that leaves the replication key out does not turn incremental reading off.
        """
        super().apply_catalog(catalog)
        if not self.primary_keys or not {*self.primary_keys} <= {*self.spec.schema}:
            self.primary_keys = self.spec.primary_keys
        asked, possible = self.replication_key, self.spec.replication_key
        if asked and asked != possible:
            how = f"by {possible}" if possible else "whole"
            self.logger.warning(
                "Stream %s cannot be read by %s, as the catalog says; it is read %s", self.name, asked, how
            )
        self.replication_key = possible
        if not possible:
            self.forced_replication_method = None

    @property
    @override
    def mask(self) -> SelectionMask:
        """What is selected; keys always are, since no loader can do without."""
        if self._mask is None:
            self._mask = super().mask
            self._mask.update({("properties", key): True for key in self.primary_keys if self.selected})
        return self._mask

    @override
    def get_replication_key_signpost(self, context: types.Context | None = None) -> None:
        """No signpost: rows come in order, so a bookmark never runs ahead of them."""
        return

    @override
    def get_batch_config(self, config: Mapping[str, Any]) -> None:
        """No batches of the SDK's: the page writer appends pages to the files of `batch_config`."""
        return

    def check_ready(self) -> None:
        """Make sure that the settings have what the stream cannot be read without.

        Raises:
            ConfigError: something is missing.
        """

    def announce(self) -> None:
        """Write the SCHEMA message, once as long as the schema stays the same."""
        if self.selected and not self._announced:
            self.check_ready()
            self._announce()

    def _announce(self) -> None:
        """Write the SCHEMA message, and remember its column names."""
        super()._write_schema_message()
        self._announced = self.selected
        if self.selected and self.columns and self.tap_context.field_mode is FieldMode.NAMED:
            self.stream_state["columns"] = {column.definition.key: column.memo() for column in self.columns}

    @override
    def _write_schema_message(self) -> None:
        """The SDK's request for a SCHEMA message; a sync writes it when the stream's lists are begun."""
        if not self.tap_context.page_writer.under_way and not self._announced:
            self._announce()

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
        """Read, emit and bookmark page by page; yields nothing, as every record is written on the way."""
        self._sync(self)
        yield from ()

    def since_start(self, rows: list[Row]) -> list[Row]:
        """Rows of a whole list that `start_date` admits, where the rows say when they changed."""
        start = self.tap_context.start_text
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
            self._find_columns(rows)
        self.write(self.plan(read).records(rows, context))

    def write(self, records: list[Row]) -> None:
        """Write records as RECORD messages, through the user's stream maps if there are any."""
        before = self.tap_context.page_writer.written
        if self._maps_nothing:
            if self._partly_selected:
                for record in records:
                    pop_deselected_record_properties(record, self.schema, self.mask)
            self.tap_context.page_writer.write_records(self.name, records)
        else:
            for record in records:
                self._map(record)
        self._emitted += len(records)
        if self._counter:
            self._counter.increment(len(records))
        self.tap_context.progress.rows(self.name, len(records), self.tap_context.page_writer.written - before)

    def _map(self, record: Row) -> None:
        try:
            self._write_record_message(record)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # Expressions are Python: what they meet in a record raises anything. Its text may show values.
            key = ", ".join(f"{name} {record.get(name)}" for name in self.spec.primary_keys)
            msg = (
                f"Setting stream_maps cannot work: an expression for {self.name} fails at the row with {key} "
                f"({type(error).__name__}); make it ready for nulls and other kinds of values."
            )
            raise ConfigError(msg) from error

    @property
    def _maps_nothing(self) -> bool:
        maps = self.stream_maps
        return len(maps) == 1 and type(maps[0]) is SameRecordTransform and not maps[0].flattening_enabled

    @cached_property
    def _partly_selected(self) -> bool:
        """Whether something inside an object is deselected, which only a walk through each record removes."""
        return any(not chosen for crumb, chosen in self.mask.items() if len(crumb) > 2)  # noqa: PLR2004  deeper than a column

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Measure records and time, as the SDK's metrics, for as long as the context lasts."""
        if self._counter:
            yield
            return
        with self.get_record_counter() as counter, self.get_sync_timer():
            self._counter = counter
            try:
                yield
            finally:
                self._counter = None

    def plan(self, read: Read) -> RowPlan:
        """The row plan of one read, made anew when columns change."""
        if read.key not in self._plans:
            properties = self.schema["properties"]
            flatten = (
                flattener(
                    self.columns,
                    mode=self.tap_context.field_mode,
                    options=self.tap_context.option_mode,
                    form=self.spec.row_form,
                    unlisted=self._option_label,
                    unresolved=self.unresolved.sources,
                )
                if self.spec.custom_fields
                else None
            )
            custom = (
                NestedPlan.of(
                    self.columns,
                    self.tap_context.option_mode,
                    self._option_label,
                    self.unresolved.sources,
                    self.unresolved.empty,
                )
                if self.spec.custom_fields
                else None
            )
            selected = [name for name in properties if self.mask.get(("properties", name), True)]
            deviations = self.tap_context.deviations
            columns = RowColumns(
                stream=self.name,
                declared=properties,
                keys=self.primary_keys,
                dropped=properties.keys() - selected,
                adds=read.adds,
                custom=custom,
                types=column_types(properties, partial(deviations.lose, self.name)),
                deviations=deviations,
            )
            typed = TypedRows(columns) if self._may_type(read) else None
            self._plans[read.key] = RowPlan(columns=columns, flatten=flatten, typed=typed)
        return self._plans[read.key]

    def _may_type(self, read: Read) -> bool:
        """Whether rows of a read may travel as structs: nothing but the row plan looks into them."""
        spec = self.spec
        as_columns = not spec.custom_fields or self.tap_context.field_mode in (
            FieldMode.NAMED,
            FieldMode.KEYED,
        )
        plain = read.changes and read.path.startswith("/api/v2/") and read.records == "data"
        return bool(
            plain and as_columns and not spec.shape and self._maps_nothing and not self._partly_selected
        )

    def reader(self, read: Read) -> Reader | SharedRows:
        """Reads this stream's rows through the tap's client."""
        if entity := ENTITY_OF_FIELD_LIST.get(read.path):
            return SharedRows(read, partial(self.tap_context.fields.rows, entity))
        return Reader(
            self.tap_context.client,
            read,
            label=self.name,
            shape=self.spec.shape,
            params=self.tap_context.questions.parameters(self.spec, read),
            decode=partial(self._decode, read) if read.path.startswith("/api/v2/") else None,
        )

    def _decode(self, read: Read, content: bytes) -> object:
        """The body of a page, with typed rows once the columns are settled and nobody maps records."""
        plan = self._plans.get(read.key)
        return plan.typed.decode(content) if plan and plan.typed else msgspec.json.decode(content)

    def wanted_children(self) -> list[PipedriveStream]:
        """Fan-outs that are selected, or that lead to a selected one."""
        children = cast("list[PipedriveStream]", self.child_streams)
        return [child for child in children if child.selected or child.has_selected_descendents]

    def family(self) -> Iterator[PipedriveStream]:
        """This stream and, below it, every child stream that `wanted_children` names."""
        yield self
        for child in self.wanted_children():
            yield from child.family()

    def names_below(self) -> list[str]:
        """Return the names of the selected child streams, direct or not."""
        return [one.name for one in self.family() if one.selected and one is not self]

    # --- state ----------------------------------------------------------------------------------

    @cached_property
    def refused_parents(self) -> RefusedParents:
        """Parents of a fan-out whose requests earlier runs were refused."""
        return RefusedParents(self.spec, self.tap_context.stream_memo(self.name), self.stream_state)

    def read_memo(self, read: Read) -> dict[str, object]:
        """The piece of this stream's state that belongs to one read.

        A state that holds only `replication_key_value`, as other taps write it, starts all reads there: those
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
        """How a null in place of a whole list is read, by what the state knows of the list."""
        memo = self.read_memo(read)
        if self.spec.settings:
            return Null.CONFIRMED
        if memo.get("since") or memo.get("size") or memo.get("length") or memo.get("pages"):
            return Null.REFUSED
        return Null.EMPTY if memo.get("size") == 0 else Null.CONFIRMED

    def save_state(self) -> None:
        """Write a STATE message."""
        self.tap_context.page_writer.write_state(self.tap_state)

    @override
    def _write_state_message(self) -> None:
        """The SDK's request for a STATE message; it would copy the whole state to compare it."""
        self.save_state()

    # --- trial runs -----------------------------------------------------------------------------

    def abort(self, reason: Exception) -> None:
        """End a trial run the way the SDK expects."""
        self._abort_sync(abort_reason=reason)

    @property
    def enough(self) -> bool:
        """Whether a trial run has seen as many records as it wanted."""
        return self.ABORT_AT_RECORD_COUNT is not None and self._emitted >= self.ABORT_AT_RECORD_COUNT

    @property
    def sated(self) -> bool:
        """Whether a trial run has seen enough of the stream and of all that hangs below it."""
        return self.enough and all(child.enough for child in self.wanted_children())


def stream_class(
    spec: StreamSpec, parent: type[PipedriveStream] | None, base: type[PipedriveStream] = PipedriveStream
) -> type[PipedriveStream]:
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
    return cast("type[PipedriveStream]", type(spec.class_name, (base,), body))


def stream_classes(
    specs: Mapping[str, StreamSpec],
    kinds: Mapping[str, type[PipedriveStream]],
    alone: Container[str] = (),
) -> dict[str, type[PipedriveStream]]:
    """Classes of all specs by name, parents before their fan-outs.

    Args:
        specs: the streams.
        kinds: base class of the streams that are not read like the others, by name.
        alone: fan-outs that are read without their parents, since the settings name their rows.
    """
    made: dict[str, type[PipedriveStream]] = {}

    def make(spec: StreamSpec) -> type[PipedriveStream]:
        if spec.name not in made:
            below = None if spec.name in alone else spec.parent
            parent = make(specs[below.stream]) if below else None
            made[spec.name] = stream_class(spec, parent, kinds.get(spec.name, PipedriveStream))
        return made[spec.name]

    for spec in specs.values():
        make(spec)
    return made
