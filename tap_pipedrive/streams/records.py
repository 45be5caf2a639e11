"""Records of streams: pages of rows go through the row plan to the writer, with no method call per record."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING

from singer_sdk.helpers._catalog import get_selected_schema, pop_deselected_record_properties
from singer_sdk.mapper import SameRecordTransform
from typing_extensions import override

from pipedrive_client import ConfigError, MalformedResponse
from pipedrive_client.fields import FIELD_LISTS, HASH_KEY
from pipedrive_client.http.json_keys import decode_body
from tap_pipedrive.catalog.spec import RowForm
from tap_pipedrive.custom_fields.layouts import NestedPlan, flattener
from tap_pipedrive.read.reader import Reader, SharedRows
from tap_pipedrive.rows.deviations import UNKNOWN
from tap_pipedrive.rows.foreign import foreign_keys
from tap_pipedrive.rows.row_columns import RowColumns
from tap_pipedrive.rows.row_plan import RowPlan
from tap_pipedrive.rows.struct_rows import TypedRows
from tap_pipedrive.settings import FieldMode
from tap_pipedrive.streams.schema import SchemaStream
from tap_pipedrive.values.column_types import column_types
from tap_pipedrive.values.conversions import time_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk import Tap, metrics
    from singer_sdk.mapper import StreamMap

    from tap_pipedrive.catalog.spec import JSON, Read
    from tap_pipedrive.context import TapContext
    from tap_pipedrive.values.row import Context, Row

_MOST_NAMED = 5
ENTITY_OF_FIELD_LIST = {path: entity for entity, path in FIELD_LISTS.items()}


class RecordStream(SchemaStream):
    """Stream that reads pages of rows and writes them as records."""

    def __init__(self, tap: Tap, context: TapContext) -> None:
        """Bind the stream to its tap.

        Args:
            tap: the tap, for the SDK.
            context: client, settings and field definitions.
        """
        self._plans: dict[str, RowPlan] = {}
        self._emitted = 0
        self._counter: metrics.Counter | None = None
        super().__init__(tap, context)

    @override
    def _forget_columns(self) -> None:
        super()._forget_columns()
        self._plans.clear()

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

    def since_start(self, rows: list[Row]) -> list[Row]:
        """Return the rows of a whole list that `start_date` admits, if rows contain their time of change."""
        start = self.tap_context.start_text
        column = next((name for name in ("update_time", "add_time") if name in self.spec.schema), None)
        if not start or not column:
            return rows
        return [row for row in rows if str(time_text(row.get(column)) or start) >= start]

    def emit(self, read: Read, rows: list[Row], context: Context | None = None) -> int:
        """Write rows as RECORD messages; return the number of rows left out, because they have no key.

        The rows must not be used afterwards.

        Raises:
            MalformedResponse: the rows are of another list.
        """
        if rows and not self.spec.shape:
            self._check_kind(read, rows[0])
        if self.ABORT_AT_RECORD_COUNT is not None:
            rows = rows[: max(0, self.ABORT_AT_RECORD_COUNT - self._emitted)]
        if self.spec.custom_fields:
            self.refresh_columns()
            self._find_columns(rows)
        records = self.plan(read).records(rows, context)
        self.write(records)
        return len(rows) - len(records)

    def _check_kind(self, read: Read, row: Row) -> None:
        found = foreign_keys(row, self.name, self.spec.schema)
        if found:
            keys = ", ".join(found[:_MOST_NAMED])
            raise MalformedResponse(
                f"GET {read.path} returned rows of another list: they have keys that {self.name} does not "
                f"have ({keys}), and lack some of its own. They were not emitted. If this persists, check "
                "the proxy or cache in between.",
                label=self.name,
            )

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
            # Expressions are Python and may raise any exception. Its text may contain values.
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
        """True if parts of an object are deselected, which only a walk through each record removes."""
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
        """Return the row plan of one read, compiled again when columns change."""
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
                made=self._made_columns(properties),
                custom=custom,
                types=column_types(
                    properties, partial(deviations.lose, self.name), partial(deviations.shorten, self.name)
                ),
                deviations=deviations,
            )
            typed = TypedRows(columns) if self._may_type(read) else None
            self._plans[read.key] = RowPlan(columns=columns, flatten=flatten, typed=typed)
        return self._plans[read.key]

    def _made_columns(self, properties: Mapping[str, JSON]) -> set[str]:
        """Return the columns that only the tap makes: of unknown keys, and of custom fields by name."""
        fields = {
            name
            for name, schema in properties.items()
            if isinstance(schema, dict) and "x-pipedrive" in schema and not HASH_KEY.match(name)
        }
        nests = self.tap_context.field_mode is FieldMode.NESTED and self.spec.row_form is RowForm.V1
        return fields | {UNKNOWN} | ({"custom_fields"} if nests and self.spec.custom_fields else set())

    def _may_type(self, read: Read) -> bool:
        """Return whether rows of a read may be structs: only the row plan reads them."""
        spec = self.spec
        as_columns = not spec.custom_fields or self.tap_context.field_mode.needs_definitions
        plain = read.changes and read.path.startswith("/api/v2/") and read.records == "data"
        return bool(
            plain and as_columns and not spec.shape and self._maps_nothing and not self._partly_selected
        )

    def reader(self, read: Read) -> Reader | SharedRows:
        """Return a reader of this stream's rows, with the tap's client."""
        if entity := ENTITY_OF_FIELD_LIST.get(read.path):
            return SharedRows(read, partial(self._definition_rows, entity))
        return Reader(
            self.tap_context.client,
            read,
            label=self.name,
            shape=self.spec.shape,
            params=self.tap_context.configured_requests.parameters(self.spec, read),
            decode=partial(self._decode, read) if read.path.startswith("/api/v2/") else None,
        )

    def _definition_rows(self, entity: str) -> list[Row]:
        """Return all rows of a list of field definitions, also those without a code."""
        fields = self.tap_context.fields
        return [*fields.rows(entity), *fields.unnamed(entity)]

    def _decode(self, read: Read, content: bytes) -> object:
        """Decode the body of a page, with typed rows if the columns are final and no stream map applies."""
        plan = self._plans.get(read.key)
        return plan.typed.decode(content) if plan and plan.typed else decode_body(content)
