"""Schemas of streams: columns, custom fields included, and the SCHEMA message.

Columns of custom fields are derived from the field definitions, and again if rows need newer ones.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ClassVar, cast

from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.streams import Stream
from typing_extensions import override

from pipedrive_client import BudgetSpent, ConfigError, FeatureOff, ItemError, NotFound, UnknownMethod
from pipedrive_client.fields import FIELD_LIST_COST, FIELD_LISTS, FieldDefinition
from tap_pipedrive.custom_fields.columns import FieldColumn, assign_columns, column_properties
from tap_pipedrive.custom_fields.unresolved import UnresolvedFields, rewind
from tap_pipedrive.output.sdk_log_filter import drop_uninformative_lines
from tap_pipedrive.read.reader import nothing_there
from tap_pipedrive.rows.deviations import UNKNOWN_COLUMN
from tap_pipedrive.rows.struct_rows import TypedRow
from tap_pipedrive.rows.tombstones import TOMBSTONE_COLUMNS
from tap_pipedrive.settings import FieldMode

if TYPE_CHECKING:
    from singer_sdk import Tap
    from singer_sdk.singerlib import Catalog, SelectionMask

    from pipedrive_client import PipedriveError
    from tap_pipedrive.catalog.spec import JSON, StreamSpec
    from tap_pipedrive.context import TapContext
    from tap_pipedrive.values.row import Row

_ALWAYS_THERE = frozenset({"deal", "person", "organization", "product"})
"""Entities that every account has."""


class SchemaStream(Stream):
    """Stream with the columns of its specification and of its custom fields."""

    spec: ClassVar[StreamSpec]
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # the row plan guarantees the types at a lower cost
    HAS_WHOLE_ROWS: ClassVar[bool] = True
    """Whether the rows that reach the row plan have all keys that Pipedrive sent."""

    def __init__(self, tap: Tap, context: TapContext) -> None:
        """Bind the stream to its tap.

        Args:
            tap: the tap, for the SDK.
            context: client, settings and field definitions.
        """
        self.tap_context = context
        self.name = self.spec.name
        self._columns: list[FieldColumn] | None = None
        self._properties: dict[str, JSON] | None = None
        self._announced = False
        self.unresolved = UnresolvedFields(apart=context.field_mode is FieldMode.KEYED)
        super().__init__(tap=tap, name=self.spec.name)
        drop_uninformative_lines(self.logger)
        self.primary_keys = self.spec.primary_keys
        self.replication_key = self.spec.replication_key

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
            if not entity or not self.tap_context.field_mode.needs_definitions:
                self._columns = []
            else:
                self._columns = assign_columns(
                    self._field_definitions(),
                    remembered=self.column_memo,
                    # `custom_fields` contains the values in v2 rows.
                    reserved={*self.spec.schema, *TOMBSTONE_COLUMNS, *UNKNOWN_COLUMN, "custom_fields"},
                    mode=self.tap_context.field_mode,
                    options=self.tap_context.option_mode,
                )
        return self._columns

    def _field_definitions(self) -> list[FieldDefinition]:
        """Return custom field definitions for a stream's columns, without an unnecessary request.

        Definitions cost tokens: columns stored in the state or the catalog are used until the first row is
        received.
        """
        entity = self.spec.custom_fields
        if not entity:
            return []
        if not self.tap_context.fields.known(entity) and (self.column_memo or self._is_passed_over()):
            return []
        try:
            return self.tap_context.fields.custom(entity)
        except BudgetSpent as error:
            client = self.tap_context.client
            if self.tap_context.page_writer.under_way or error.setting is None or client.budget.earlier:
                raise
            name, budget = client.settings.smallest_budget or (error.setting, 0)
            msg = (
                f"Setting {name}: {budget} tokens are too few; to find the columns of custom "
                f"fields takes {FIELD_LIST_COST * len(FIELD_LISTS)} of them before anything is read. Give "
                "more, or a catalog, which has the columns."
            )
            raise ConfigError(msg) from error
        except (NotFound, UnknownMethod) as error:
            denied = isinstance(error, UnknownMethod) and self.tap_context.page_writer.under_way
            if entity in _ALWAYS_THERE and not denied:  # a denied list is reported with its first row
                raise nothing_there(error) from error
            return []
        except (FeatureOff, ItemError) as error:
            self._report_undefined(entity, error)
            return []

    def _report_undefined(self, entity: str, error: PipedriveError) -> None:
        """Report denied definitions once: in a discovery with a warning; a sync warns at the first row."""
        reported = self.tap_context.undefined
        if entity in reported:
            return
        reported.add(entity)
        expected = isinstance(error, FeatureOff) or entity not in _ALWAYS_THERE
        level = logging.INFO if expected or not self.tap_context.describes_all else logging.WARNING
        self.logger.log(level, "Custom fields of %s have no columns in the catalog: %s", entity, error)

    def _is_passed_over(self) -> bool:
        """Return True if the columns of a stream are not needed, because this run does not select it."""
        if self._tap.input_catalog is None:
            return not (self.tap_context.describes_all or self.selected_by_default)
        entry = self._tap.input_catalog.get_stream(self.name)
        return entry is None or not (entry.metadata.root.selected if entry.metadata else True)

    @property
    def column_memo(self) -> dict[str, list[JSON]]:
        """Column names of earlier runs, by field key: from the state, otherwise from the catalog."""
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
        """Entity whose field definitions determine the columns; None without custom fields."""
        needed = self.selected and self.tap_context.field_mode.needs_definitions
        return self.spec.custom_fields if needed else None

    @property
    def asks_definitions(self) -> str | None:
        """Entity whose field definitions the SCHEMA message needs, because no column is stored."""
        return self.defined_by if not self.column_memo else None

    def read_definitions(self, entity: str, *, again: bool = False) -> None:
        """Read the field definitions that rows need.

        Args:
            entity: entity of the definitions.
            again: whether rows need newer ones than the run began with.

        Raises:
            PipedriveError: they cannot be read; if only they are denied, the message contains a workaround.
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
        """Use the current field definitions, and announce new columns."""
        entity = self.defined_by
        if not entity or (
            self.tap_context.fields.known(entity) and self._columns is not None and self._fresh
        ):
            return
        before = self.schema
        self.read_definitions(entity)
        self._forget_columns()
        self._fresh = True
        if self._announced and self.schema != before:
            self._stream_maps = None
            self._announced = False
            self.announce()

    def _forget_columns(self) -> None:
        """Drop everything derived from outdated field definitions."""
        self._columns = self._properties = None

    def _find_columns(self, rows: list[Row]) -> None:
        """Announce the columns of fields that were added during the run; typed rows do not contain them.

        While keys have no definition, the definitions are read again as often as permitted.
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
            what = f"option {one} is not defined; the column contains the id"
            self.tap_context.definitions.report(entity, column, what)
        return str(one) if label is None else label

    def rewind(self, memo: dict[str, object]) -> None:
        """Set a bookmark back to rows whose fields or options an earlier run found no definition for.

        Only if they are defined by now. Denied definitions are left for a later run.
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

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        """Apply selection and replication method of a catalog, and its keys if they can be used.

        A catalog that leaves the replication key out does not turn incremental reading off.
        """
        super().apply_catalog(catalog)
        if not self.primary_keys or not {*self.primary_keys} <= {*self.spec.schema}:
            self.primary_keys = self.spec.primary_keys
        asked, possible = self.replication_key, self.spec.replication_key
        if asked and asked != possible:
            how = f"by {possible}" if possible else "whole"
            self.logger.warning(
                "Stream %s cannot be read by %s, as set in the catalog; it is read %s", self.name, asked, how
            )
        self.replication_key = possible
        if not possible:
            self.forced_replication_method = None

    @property
    @override
    def mask(self) -> SelectionMask:
        """Selection mask; keys are always selected, since loaders require them."""
        if self._mask is None:
            self._mask = super().mask
            self._mask.update({("properties", key): True for key in self.primary_keys if self.selected})
        return self._mask

    def check_ready(self) -> None:
        """Check that the settings required by the stream are set.

        Raises: ConfigError: a setting is missing.
        """

    def announce(self) -> None:
        """Write the SCHEMA message, once as long as the schema stays the same."""
        if self.selected and not self._announced:
            self.check_ready()
            self._announce()

    def _announce(self) -> None:
        """Write the SCHEMA message, and store its column names."""
        super()._write_schema_message()
        self._announced = self.selected
        if self.selected and self.columns and self.tap_context.field_mode is FieldMode.NAMED:
            self.stream_state["columns"] = {column.definition.key: column.memo() for column in self.columns}

    @override
    def _write_schema_message(self) -> None:
        """Ignore the SDK's request for a SCHEMA message; a sync writes it when the stream starts."""
        if not self.tap_context.page_writer.under_way and not self._announced:
            self._announce()
