"""Binding of a stream's columns: done once per SCHEMA."""

from __future__ import annotations

from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from target_pipedrive.account.currencies import AMOUNT_KEYS
from target_pipedrive.account.row_names import NATURAL_KEYS
from target_pipedrive.catalog.names import folded, nearest, snake
from target_pipedrive.custom_fields.options import label_key
from target_pipedrive.mapping.columns.amounts import AmountBinding
from target_pipedrive.mapping.columns.binding import (
    LOADER_COLUMNS,
    Binding,
    Place,
    column_binding,
    custom_binding,
    retired_binding,
    retired_reason,
    squashed,
)
from target_pipedrive.mapping.columns.entries import with_entries
from target_pipedrive.mapping.columns.faults import UnknownColumn, refused, together
from target_pipedrive.mapping.columns.labels import by_label
from target_pipedrive.mapping.columns.names import by_squashed_name, special_name
from target_pipedrive.mapping.columns.nulls import KEPT
from target_pipedrive.mapping.columns.placement import as_name, id_or_name
from target_pipedrive.mapping.columns.references import SAME_WORD, SEARCHED_KEYS, SYNONYMS, natural_keys
from target_pipedrive.mapping.columns.shapes import lone_name_part
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values import scalars
from target_pipedrive.values.unknown_keys import UnknownKeys

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from target_pipedrive.catalog.notation import Columns
    from target_pipedrive.catalog.spec import RetiredInput
    from target_pipedrive.custom_fields.columns import FieldColumn
    from target_pipedrive.custom_fields.registry import FieldRegistry
    from target_pipedrive.settings import Options, StreamSettings

CUSTOM_OBJECT = "custom_fields"
_AMOUNT = "value"


class ColumnBinder:
    """Columns of one stream, bound to what they fill when its SCHEMA is received.

    Args:
        stream: name of the stream.
        columns: all writable columns, by name.
        settings: settings of the stream.
        options: the target's settings.
        registry: custom fields.

    Attributes:
        empties: column → value that an update sends to empty it.
        placed: columns that may contain the name of their row instead of its id.
        words: columns with the word of a row, such as the type of an activity → entity of the row.
        rows: columns with rows of this account → their entity, where the column's name does not imply it.
        labelled: Pipedrive's own columns with options as values, given by id or label.
        bindings: one per column of the stream that is written.
        not_written: dropped columns.
        retired_ignored: dropped columns that the current API does not support.
        notices: pending log messages about what is not written; the logging code clears them.
    """

    custom_fields: str | None = None
    aliases: Mapping[str, str]
    retired: Mapping[str, RetiredInput]
    dropped: frozenset[str] = frozenset()
    extras: frozenset[str] = frozenset()
    labelled: Collection[str] = ()
    empties: Mapping[str, object] = MappingProxyType({})
    placed: Collection[str] = ()
    rows: Mapping[str, str] = MappingProxyType({})
    words: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        stream: str,
        settings: StreamSettings,
        options: Options,
        registry: FieldRegistry,
        columns: Columns,
    ) -> None:
        self.stream = stream
        self.settings = settings
        self.options = options
        self.registry = registry
        self.columns = columns
        self.bindings: list[Binding] = []
        self.not_written: list[str] = []
        self.retired_ignored: list[str] = []
        self.notices: list[str] = []
        self._declared: frozenset[str] = frozenset()
        self._sources: dict[str, str] = {}
        self._fields = {folded(name): field for name, field in settings.fields.items()}
        self._ignored = {folded(name) for name in settings.ignore}

    def bind(self, properties: Mapping[str, Mapping[str, object]], keys: Sequence[str] = ()) -> None:
        """Bind every property of the schema.

        Args:
            properties: the schema's.
            keys: its key properties.

        Raises:
            RecordFault: properties are unknown or rejected; the message contains all of them, and similar
                names.
        """
        del keys
        faults: list[RecordFault] = []
        for name, schema in properties.items():
            try:
                self._bind_one(name, schema)
            except RecordFault as fault:
                faults.append(fault)
        self.not_written += lone_name_part(self.bindings)
        self._declared = frozenset(properties)
        self.bindings = sorted(self.bindings, key=lambda one: isinstance(one, AmountBinding))
        if faults:
            raise together(faults)

    def _bind_one(self, name: str, schema: Mapping[str, object]) -> None:
        """Bind one column of the stream, or record that it is not written.

        Raises:
            RecordFault: it is unknown, rejected, or a duplicate of another one.
        """
        self._sources.setdefault(snake(name), name)
        binding = None
        if folded(name) not in self._ignored:
            binding = self._binding(name, self.field_of(name), schema)
        if binding is None:
            self.not_written.append(name)
            return
        other = self._same_place(binding)
        if other is None:
            self.bindings = [*self.bindings, binding]
        elif binding.place is Place.CUSTOM and label_key(name) != label_key(other.source):
            # id and label: one of them is sufficient
            self.not_written.append(name)
        else:
            raise refused(self.stream, name, f"is the same column as {other.source}; omit one of them")

    def field_of(self, source: str) -> str:
        """Return the name of Pipedrive's field for a column by the settings, or its own name."""
        return self._fields.get(folded(source), source)

    def _same_place(self, binding: Binding) -> Binding | None:
        """Return the bound column that fills the same field."""
        if binding.place is Place.DELETED:  # `is_deleted` and `_sdc_deleted_at` may both be there
            return None
        spot = (binding.place, binding.name, binding.part)
        return next(
            (
                one
                for one in self.bindings
                if (one.place, one.name, one.part) == spot
                and (not binding.key or one.key in ("", binding.key))  # e-mail and name of one person
            ),
            None,
        )

    def _binding(self, source: str, name: str, schema: Mapping[str, object]) -> Binding | None:
        special = self._special(source, name)
        if special is not None:
            return special
        column = self.column_of(name)
        if column is not None:
            return self._own_column(source, column)
        if self._is_dropped(name):
            return None
        if extra := special_name(name, self.extras, self.registry, self.custom_fields):
            return Binding(source=source, place=Place.EXTRA, name=extra, encode=lambda value: value)
        for spelling in (name, snake(name)):
            if spelling in self.retired:
                return self._retired(source, self.retired[spelling])
        return self._custom(source, name, schema)

    def _retired(self, source: str, retired: RetiredInput) -> Binding | None:
        """Return the binding of a retired input: only values that change nothing are accepted.

        Raises:
            RecordFault: no value of it is supported, and `retired_inputs` is not `ignore`.
        """
        if self.options.ignore_retired_inputs:
            self.retired_ignored.append(source)
            return None
        if retired.neutral:
            return retired_binding(source, retired)
        raise refused(self.stream, source, retired_reason(retired))

    def _own_column(self, source: str, column: str) -> Binding:
        """Return the binding of one of Pipedrive's own columns."""
        binding = column_binding(
            source,
            self._place(column),
            self.columns[column],
            foreign=self.options.foreign_ids and column not in self.rows,
            empties=self.empties.get(column, KEPT),
            entity=self.rows.get(column),
            keys=self._unknown_keys(source),
        )
        binding = with_entries(binding, self.columns[column].kind, self.registry.row_names)
        binding = self._with_currency(binding, column)
        if column in self.placed:
            binding.encode = id_or_name(binding.encode)
        if column in self.labelled and self.custom_fields is not None:
            binding.encode = by_label(self.registry, self.custom_fields, column, binding.encode)
        kind = self.columns[column].kind
        is_id = binding.place is Place.BODY and binding.by_id
        binding.whole = is_id and kind.name == "int" and not kind.choices
        return self._named_row(binding)

    def _named_row(self, binding: Binding) -> Binding:
        """Return a binding that also accepts the natural keys of the rows that it references."""
        names, entity = self.registry.row_names, binding.entity or ""
        if names is not None and binding.name in self.words and not binding.foreign:
            binding.encode = names.word_encoder(self.words[binding.name], binding.encode)
        if entity in NATURAL_KEYS and names is not None and not binding.foreign:
            encoder = names.list_encoder if binding.many else names.encoder
            binding.encode = encoder(entity, binding.encode)
        return binding

    def _with_currency(self, binding: Binding, column: str) -> Binding:
        """Return a binding that also accepts currencies by name and symbol, and amounts with a currency."""
        currencies, kind = self.registry.currencies, self.columns[column].kind.name
        if currencies is None:
            return binding
        if kind == scalars.CURRENCY or kind in AMOUNT_KEYS:
            binding.encode = currencies.encoder(kind, binding.encode)
        elif column == _AMOUNT and kind == "num" and scalars.CURRENCY in self.columns:
            return AmountBinding(
                source=binding.source,
                place=binding.place,
                name=binding.name,
                encode=binding.encode,
                empties=binding.empties,
                currencies=currencies,
            )
        return binding

    def _is_dropped(self, name: str) -> bool:
        """Return whether the column is never written: a column of the tap, or one that a loader added."""
        spelled = snake(name)
        return name in self.dropped or spelled in self.dropped or spelled.startswith(LOADER_COLUMNS)

    def _special(self, source: str, name: str) -> Binding | None:
        """Return the binding of ids and marks that are not columns of Pipedrive."""
        del source, name
        return None

    def _place(self, column: str) -> Place:
        raise NotImplementedError

    def column_of(self, name: str) -> str | None:
        """Return the column of a name, by its own spelling, an alias, or camelCase."""
        for spelling in (name, snake(name)):
            if spelling in self.columns and spelling != CUSTOM_OBJECT:
                return spelling
            if spelling in self.aliases:
                return self.aliases[spelling]
        return self._by_squashed_name.get(squashed(name))

    @cached_property
    def _by_squashed_name(self) -> dict[str, str]:
        """Column by name without case and separators, if unambiguous."""
        found = by_squashed_name(self.aliases, self.columns)
        return {name: column for name, column in found.items() if column != CUSTOM_OBJECT}

    def _custom(self, source: str, name: str, schema: Mapping[str, object]) -> Binding | None:
        entity = self.custom_fields
        if entity is not None:
            if name == CUSTOM_OBJECT:
                return Binding(source=source, place=Place.EXTRA, name=CUSTOM_OBJECT, encode=scalars.mapping)
            column = self.registry.find(entity, name, schema)
            if column is not None:
                return self._custom_column(source, entity, column)
        by_key = self._by_natural_key(source, snake(name))
        if by_key is not None:
            return by_key
        if entity is not None and self.options.create_fields and not self._declined(name):
            try:
                column = self.registry.create(entity, name, schema)
            except RecordFault as fault:
                raise refused(self.stream, source, fault.why) from fault
            if column is not None:
                return self._custom_column(source, entity, column)
        if self.options.ignore_unknown_fields:
            return None
        known = [*self.columns, *self.aliases, *self.extras]
        if entity is not None:
            known += [one.name for one in self.registry.definitions(entity)]
        raise UnknownColumn(self.stream, source, self._hint(snake(name), known))

    def _hint(self, name: str, known: Iterable[str]) -> str:
        """Return a hint at similar columns, or at those with natural keys of a row such as `company`."""
        base = SYNONYMS.get(name, name)
        column = self._column_of_row(base)
        entity = self._own_column(name, column).entity if column is not None else None
        keys = [f"{base}_{key}" for key in natural_keys(entity or "")]
        return f"; nearest: {', '.join(keys)}" if keys else nearest(name, known)

    def _custom_column(self, source: str, entity: str, column: FieldColumn) -> Binding:
        """Return the binding of a custom field's column."""
        encoder = self.registry.encoder(entity, column, self._unknown_keys(source))
        binding = custom_binding(source, column, encoder, foreign=self.options.foreign_ids)
        return self._named_row(binding)

    def _unknown_keys(self, source: str) -> UnknownKeys:
        """Return the handling of unknown keys in the objects of a column."""
        return UnknownKeys(source, skip=self.options.ignore_unknown_fields, notices=self.notices)

    def _by_natural_key(self, source: str, name: str) -> Binding | None:
        """Return the binding of a column such as `owner_email` or `stage_name`, else None."""
        base, _, key = name.rpartition("_")
        column = self._column_of_row(base) if base else None
        if column is None or self.options.foreign_ids:
            return None
        binding = self._own_column(source, column)
        entity = binding.entity or ""
        if column in self.placed and key == "name":
            binding.encode = as_name
        elif key in SEARCHED_KEYS.get(entity, ()):
            binding.key, binding.by_id = key, False
        elif (
            entity in NATURAL_KEYS
            and key in NATURAL_KEYS[entity].columns
            and self.registry.row_names is not None
        ):
            plain = binding.encode
            binding.encode = lambda value: plain({key: value})
        else:
            return None
        binding.whole = False
        return binding

    def _column_of_row(self, base: str) -> str | None:
        """Return the column with the id of a row, such as `org_id` for `org` or `organization`."""
        same = (base, SAME_WORD.get(base, base))
        return next((one for one in map(self.column_of, (f"{one}_id" for one in same)) if one), None)

    def _declined(self, name: str) -> bool:
        """Return whether no custom field is created for the name."""
        return name.startswith("_")
