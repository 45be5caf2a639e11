"""Stream plans: compiled once per SCHEMA, then applied to each record."""

from __future__ import annotations

import re
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from target_pipedrive.account.row_names import NATURAL_KEYS
from target_pipedrive.catalog.names import nearest, snake
from target_pipedrive.custom_fields.values import complete_parts
from target_pipedrive.mapping.column_names import FIELD_KEY, ColumnNames
from target_pipedrive.mapping.columns import (
    LOADER_COLUMNS,
    Binding,
    Place,
    UnknownColumn,
    column_binding,
    custom_binding,
    refused,
    retired_binding,
    retired_reason,
    squashed,
    together,
)
from target_pipedrive.mapping.nulls import KEPT
from target_pipedrive.mapping.placement import as_name, id_or_name
from target_pipedrive.mapping.references import REFERENCES, SEARCHED_KEYS
from target_pipedrive.record.draft import Draft
from target_pipedrive.record.errors import UNFORESEEN, RecordFault, unforeseen
from target_pipedrive.values import scalars
from target_pipedrive.values.identity import is_blank

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from target_pipedrive.catalog.notation import Columns
    from target_pipedrive.catalog.spec import RetiredInput
    from target_pipedrive.custom_fields.columns import FieldColumn
    from target_pipedrive.custom_fields.registry import FieldBook
    from target_pipedrive.record.draft import LockKey
    from target_pipedrive.settings import Options, StreamSettings
    from target_pipedrive.values.encoders import Encoder

EXTERNAL_ID = "external_id"
_CUSTOM_OBJECT = "custom_fields"


_IMPERSONAL_KINDS = frozenset({"num", "bool", "flag", "date", "time", "stamp", "minute", "clock"})
_IMPERSONAL_TYPES = frozenset(
    {"enum", "set", "date", "daterange", "time", "timerange", "double", "int", "monetary"}
)
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"[-+]?\d[\d.,eE+-]{0,40}")


class Plan:
    """Plan for the records of one stream under one SCHEMA.

    Args:
        stream: name of the stream.
        columns: all writable columns, by name.
        places: name of a column → part of the write it belongs to.
        settings: settings of the stream.
        options: the target's settings.
        book: custom fields.

    Attributes:
        decides_on_blank_keys: True if the plan decides whether a record with an empty key is rejected, added
            or skipped.
        empties: column → value that an update sends to empty it.
        placed: columns that may contain the name of their row instead of its id.
        labelled: Pipedrive's own columns with options as values, given by id or label.
        bindings: one per column of the stream that is written.
        not_written: dropped columns.
        retired_ignored: dropped columns that the current API does not support.
        notices: pending log messages about columns missing in the SCHEMA; the logging code clears them.
    """

    entity_name = ""
    custom_fields: str | None = None
    aliases: Mapping[str, str]
    retired: Mapping[str, RetiredInput]
    dropped: frozenset[str] = frozenset()
    extras: frozenset[str] = frozenset()
    labelled: Collection[str] = ()
    decides_on_blank_keys = False
    empties: Mapping[str, object] = MappingProxyType({})
    placed: Collection[str] = ()

    def __init__(
        self, stream: str, settings: StreamSettings, options: Options, book: FieldBook, columns: Columns
    ) -> None:
        self.stream = stream
        self.settings = settings
        self.options = options
        self.book = book
        self.columns = columns
        self.bindings: list[Binding] = []
        self._column_names: tuple[list[Binding], ColumnNames] | None = None
        self.not_written: list[str] = []
        self.retired_ignored: list[str] = []
        self.notices: list[str] = []
        self._declared: frozenset[str] = frozenset()
        self._sources: dict[str, str] = {}
        self._fields = {name.casefold(): field for name, field in settings.fields.items()}
        self._ignored = {name.casefold() for name in settings.ignore}

    # --- at SCHEMA time ---------------------------------------------------------------------------

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
        self._declared = frozenset(properties)
        if faults:
            raise together(faults)

    def _bind_one(self, name: str, schema: Mapping[str, object]) -> None:
        """Bind one column of the stream, or record that it is not written.

        Raises:
            RecordFault: it is unknown, rejected, or a duplicate of another one.
        """
        self._sources.setdefault(snake(name), name)
        binding = None
        if name.casefold() not in self._ignored:
            binding = self._binding(name, self.field_of(name), schema)
        if binding is None:
            self.not_written.append(name)
            return
        other = self._same_place(binding)
        if other is None:
            self.bindings = [*self.bindings, binding]
        elif binding.place is Place.CUSTOM:  # id and label: one of them is sufficient
            self.not_written.append(name)
        else:
            raise refused(self.stream, name, f"is the same column as {other.source}; omit one of them")

    def field_of(self, source: str) -> str:
        """Return the name of Pipedrive's field for a column by the settings, or its own name."""
        return self._fields.get(source.casefold(), source)

    def _same_place(self, binding: Binding) -> Binding | None:
        """Return the bound column that fills the same field."""
        if binding.place in (Place.DELETED, Place.EXTRA):
            return None
        spot = (binding.place, binding.name, binding.part)
        return next((one for one in self.bindings if (one.place, one.name, one.part) == spot), None)

    def _binding(self, source: str, name: str, schema: Mapping[str, object]) -> Binding | None:
        special = self._special(source, name)
        if special is not None:
            return special
        column = self.column_of(name)
        if column is not None:
            return self._own_column(source, column)
        if self._is_dropped(name):
            return None
        if snake(name) in self.extras:
            return Binding(source=source, place=Place.EXTRA, name=snake(name), encode=lambda value: value)
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
            foreign=self.options.foreign_ids,
            empties=self.empties.get(column, KEPT),
        )
        if column in self.placed:
            binding.encode = id_or_name(binding.encode)
        if column in self.labelled and self.custom_fields is not None:
            binding.encode = _by_label(self.book, self.custom_fields, column, binding.encode)
        names, entity = self.book.row_names, binding.entity or ""
        if entity in NATURAL_KEYS and names is not None and not binding.foreign:
            encoder = names.list_encoder if binding.many else names.encoder
            binding.encode = encoder(entity, binding.encode)
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
            if spelling in self.columns and spelling != _CUSTOM_OBJECT:
                return spelling
            if spelling in self.aliases:
                return self.aliases[spelling]
        return self._by_squashed_name.get(squashed(name))

    @cached_property
    def _by_squashed_name(self) -> dict[str, str]:
        """Column by name without case and separators, if unambiguous."""
        found: dict[str, str] = {}
        doubtful = set()
        for name, column in (*self.aliases.items(), *((one, one) for one in self.columns)):
            if found.setdefault(squashed(name), column) != column:
                doubtful.add(squashed(name))
        return {
            name: column
            for name, column in found.items()
            if name not in doubtful and column != _CUSTOM_OBJECT
        }

    def _custom(self, source: str, name: str, schema: Mapping[str, object]) -> Binding | None:
        entity = self.custom_fields
        if entity is not None:
            if name == _CUSTOM_OBJECT:
                return Binding(source=source, place=Place.EXTRA, name=_CUSTOM_OBJECT, encode=scalars.mapping)
            column = self.book.find(entity, name, schema)
            if column is not None:
                return self._custom_column(source, entity, column)
        by_key = self._by_natural_key(source, snake(name))
        if by_key is not None:
            return by_key
        if entity is not None and self.options.create_fields and not self._declined(name):
            column = self.book.create(entity, name, schema)
            if column is not None:
                return self._custom_column(source, entity, column)
        if self.options.ignore_unknown_fields:
            return None
        known = [*self.columns, *self.aliases, *self.extras]
        if entity is not None:
            known += [one.name for one in self.book.definitions(entity)]
        raise UnknownColumn(self.stream, source, nearest(name, known))

    def _custom_column(self, source: str, entity: str, column: FieldColumn) -> Binding:
        """Return the binding of a custom field's column."""
        encoder = self.book.encoder(entity, column)
        return custom_binding(source, column, encoder, foreign=self.options.foreign_ids)

    def _by_natural_key(self, source: str, name: str) -> Binding | None:
        """Return the binding of a column such as `owner_email` or `stage_name`, else None."""
        base, _, key = name.rpartition("_")
        column = self.column_of(f"{base}_id") if base else None
        if column is None or self.options.foreign_ids:
            return None
        entity = REFERENCES.get(column, "")
        binding = self._own_column(source, column)
        if column in self.placed and key == "name":
            binding.encode = as_name
        elif key in SEARCHED_KEYS.get(entity, ()):
            binding.key = key
        elif (
            entity in NATURAL_KEYS and key in NATURAL_KEYS[entity].columns and self.book.row_names is not None
        ):
            plain = binding.encode
            binding.encode = lambda value: plain({key: value})
        else:
            return None
        return binding

    def _declined(self, name: str) -> bool:
        """Return whether no custom field is created for the name."""
        return name.startswith("_")

    # --- for each record --------------------------------------------------------------------------

    def draft(self, record: Mapping[str, object]) -> Draft:
        """Return the translated record.

        Raises:
            RecordFault: a value is invalid, or a required column is missing.
        """
        if not record.keys() <= self._declared:
            self._take_undeclared(record)
        draft = Draft(foreign=self.options.foreign_ids)
        extras: dict[str, object] = {}
        for binding in self.bindings:
            source = binding.source
            if source not in record:
                continue
            value = record[source]
            if value is None or (
                isinstance(value, str) and is_blank(value) and binding.place is not Place.EXTRA
            ):
                binding.empty(draft)
                continue
            try:
                binding.apply(draft, value, extras)
            except RecordFault as fault:
                raise fault.of_column(source, value if self.may_show(binding, value) else None) from None
            except UNFORESEEN as error:
                raise unforeseen(error).of_column(source) from error
        if extras:
            self._use(draft, extras)
        if draft.custom:
            complete_parts(draft.custom)
        self._complete(draft, record, extras)
        return draft

    def _take_undeclared(self, record: Mapping[str, object]) -> None:
        """Decide about columns of a record that are missing in the SCHEMA.

        Deletion marks always count; columns of the settings, and other spellings of columns of the SCHEMA,
        are bound; the others are rejected or ignored according to `unknown_fields`.

        Raises:
            RecordFault: there is such a column, and `unknown_fields` is fail.
        """
        unknown, dropped = [], []
        for name in record:
            if name in self._declared:
                continue
            folded, twin = name.casefold(), self._sources.get(snake(name))
            if twin is not None:  # checked each time: a record may have both spellings
                self._bind_twin(name, twin, record)
                continue
            if folded in self._fields or self._is_mark(name):
                self._bind_undeclared(name)
            elif folded in self._ignored or self._is_dropped(name) or self.options.ignore_unknown_fields:
                dropped.append(name)
            else:
                unknown.append(name)
                continue
            self._declared |= {name}
        if dropped:
            self.not_written += dropped
            self.notices.append(f"not in the SCHEMA, and not written: {', '.join(dropped)}")
        if unknown:
            raise RecordFault(
                "has columns that are not in the SCHEMA: {columns}. Add them to the SCHEMA, or set "
                "unknown_fields to ignore",
                column=unknown,
            )

    def _bind_twin(self, name: str, twin: str, record: Mapping[str, object]) -> None:
        """Bind another spelling of a column of the SCHEMA.

        Raises:
            RecordFault: the record has both.
        """
        if twin in record:
            raise RecordFault(f"is the same column as {twin}; omit one of them", column=name)
        if all(one.source != name for one in self.bindings):
            self._bind_undeclared(name)

    def _bind_undeclared(self, name: str) -> None:
        """Bind a column that is not in the SCHEMA."""
        binding = self._binding(name, self.field_of(name), {})
        if binding is not None:
            self.bindings = [*self.bindings, binding]

    def _is_mark(self, name: str) -> bool:
        """Return whether the column may mark the row as deleted."""
        del name
        return False

    def _value(self, record: Mapping[str, object], name: str) -> object:
        """Return the record's value of a column, with its name in any case."""
        return record.get(self._sources.get(name, name))

    def _use(self, draft: Draft, extras: dict[str, object]) -> None:
        """Process a value that is not a plain column."""
        nested = extras.pop(_CUSTOM_OBJECT, None)
        if nested is not None and self.custom_fields is not None:
            for name, value in scalars.mapping(nested).items():  # type: ignore[attr-defined]  # a dict by now
                self._put_custom(draft, str(name), value)

    def _put_custom(self, draft: Draft, name: str, value: object) -> None:
        """Add a custom field that is in the record, but not in the schema."""
        entity = self.custom_fields or ""
        column = self.book.find(entity, name, {})
        if column is None:
            known = [one.name for one in self.book.definitions(entity)]
            raise RecordFault(f"custom field {{columns}} is unknown{nearest(name, known)}", column=name)
        binding = custom_binding(
            name, column, self.book.encoder(entity, column), foreign=self.options.foreign_ids
        )
        self._apply(binding, draft, value)

    def _apply(self, binding: Binding, draft: Draft, value: object) -> None:
        """Add the value of a column of the record to the draft.

        Raises:
            RecordFault: the value cannot be meant.
        """
        if is_blank(value):
            binding.empty(draft)
            return
        try:
            binding.apply(draft, value, {})
        except RecordFault as fault:
            shown = value if self.may_show(binding, value) else None
            raise fault.of_column(binding.source, shown) from None

    def _complete(self, draft: Draft, record: Mapping[str, object], extras: Mapping[str, object]) -> None:
        """Check the requirements of the write."""

    @property
    def names(self) -> ColumnNames:
        """Names of the currently bound columns."""
        if self._column_names is None or self._column_names[0] is not self.bindings:
            self._column_names = (self.bindings, ColumnNames(self.bindings, self.book, self.custom_fields))
        return self._column_names[1]

    def may_show(self, binding: Binding, value: object) -> bool:
        """Return whether a fault may show the column's value: an option, a date, a number or a boolean."""
        if isinstance(value, (bool, int, float)) or (
            isinstance(value, str) and _NUMBER.fullmatch(value.strip())
        ):
            return True
        if binding.entity is not None:
            return False
        if binding.place in (Place.BODY, Place.PATH, Place.QUERY):
            column = self.columns.get(binding.name)
            if column is None or binding.name in self.labelled:
                return column is not None
            return column.kind.name in _IMPERSONAL_KINDS or bool(column.kind.choices)
        if binding.place in (Place.CUSTOM, Place.PART) and self.custom_fields is not None:
            found = [one for one in self.book.definitions(self.custom_fields) if one.key == binding.name]
            return bool(found) and found[0].field_type in _IMPERSONAL_TYPES
        return binding.place is Place.DELETED

    def blamed(
        self, text: str, value_of: Callable[[str], object], /
    ) -> tuple[tuple[str, ...], object] | None:
        """Return the column that a response names, with its value where that may be shown.

        Args:
            text: message of the response.
            value_of: returns the value that the record has in a column of the input.
        """
        by_name = {one.name: one for one in self.bindings}
        words = [match[1] for match in FIELD_KEY.finditer(text)] + _WORD.findall(text)
        binding = next((by_name[word] for word in words if word in by_name), None)
        if binding is None:
            return None
        value = value_of(binding.source)
        return self.names.named((binding.name,)), value if self.may_show(binding, value) else None

    def warnings(self) -> list[str]:
        """Return what the stream cannot do, to be logged before its first record."""
        if not self.retired_ignored:
            return []
        return [f"ignored, because the current API cannot express them: {', '.join(self.retired_ignored)}"]

    def locks(self, draft: Draft) -> tuple[tuple[LockKey, ...], tuple[LockKey, ...]]:
        """Return the rows that the write changes, and those that it needs as they are."""
        raise NotImplementedError

    def _needed(self, draft: Draft) -> set[LockKey]:
        """Return the rows that the columns reference."""
        needed: set[LockKey] = {(one.entity, f"ext:{one.external_id}") for one in draft.references}
        for binding in self.bindings:
            if binding.entity is None or binding.entity == "users" or binding.many:
                continue
            place = draft.body if binding.place is Place.BODY else draft.path
            value = place.get(binding.name)
            if value is not None:
                needed.add((binding.entity, str(value)))
        return needed


def _by_label(book: FieldBook, entity: str, column: str, plain: Encoder) -> Encoder:
    """Return an encoder of options by id or label; definitions are only read for labels."""

    def encoded(value: object) -> object:
        try:
            return plain(value)
        except RecordFault:
            if not isinstance(value, (str, list)):
                raise
            return book.option(entity, column, value)

    return encoded
