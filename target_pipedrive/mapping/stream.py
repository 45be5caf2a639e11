"""Stream plans: compiled once per SCHEMA, then applied to each record."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from target_pipedrive.catalog.names import folded, nearest, snake
from target_pipedrive.custom_fields.values import complete_parts
from target_pipedrive.mapping.columns.binder import CUSTOM_OBJECT, ColumnBinder
from target_pipedrive.mapping.columns.binding import (
    EXTRA,
    Binding,
    Place,
    custom_binding,
)
from target_pipedrive.mapping.columns.names import FIELD_KEY, ColumnNames
from target_pipedrive.mapping.columns.shapes import sources_of
from target_pipedrive.record.draft import Draft
from target_pipedrive.record.errors import UNFORESEEN, ColumnNameFault, RecordFault, unforeseen
from target_pipedrive.values import scalars
from target_pipedrive.values.identity import is_blank
from target_pipedrive.values.scalars import LARGEST_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_pipedrive.catalog.notation import Columns
    from target_pipedrive.custom_fields.registry import FieldRegistry
    from target_pipedrive.record.draft import LockKey
    from target_pipedrive.settings import Options, StreamSettings

EXTERNAL_ID = "external_id"

_IMPERSONAL_KINDS = frozenset({"num", "bool", "flag", "date", "time", "stamp", "minute", "clock"})
_IMPERSONAL_TYPES = frozenset(
    {"enum", "set", "date", "daterange", "time", "timerange", "double", "int", "monetary"}
)
_IDS = frozenset({Place.PATH, Place.ID, Place.EXTERNAL_ID})
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"[-+]?\d[\d.,eE+-]{0,40}")


class Plan(ColumnBinder):
    """Plan for the records of one stream under one SCHEMA.

    Args:
        stream: name of the stream.
        settings: settings of the stream.
        options: the target's settings.
        registry: custom fields.
        columns: all writable columns, by name.

    Attributes:
        entity_name: entity of the rows; empty for an action without an entity.
        decides_on_blank_keys: True if the plan decides whether a record with an empty key is rejected, added
            or skipped.
        match_on: fields that rows are found by; empty if they are found by id.
        match_bindings: columns that rows are found by.
    """

    entity_name = ""
    decides_on_blank_keys = False
    match_on: tuple[str, ...] = ()
    match_bindings: list[Binding]

    def __init__(
        self,
        stream: str,
        settings: StreamSettings,
        options: Options,
        registry: FieldRegistry,
        columns: Columns,
    ) -> None:
        super().__init__(stream, settings, options, registry, columns)
        self.match_bindings = []
        self._column_names: tuple[list[Binding], ColumnNames] | None = None
        self._references: tuple[list[Binding], list[tuple[str, bool, str]]] | None = None
        self._unknown_fields = self._unknown_keys(CUSTOM_OBJECT)

    def named_by(self) -> tuple[str, ...]:
        """Return the columns that name a record in results and messages, for a stream without key properties.

        These are its ids, or else the columns that its row is found by.
        """
        ids = tuple(one.source for one in self.bindings if one.place in _IDS)
        return ids or tuple(sources_of(self.match_bindings))

    def draft(self, record: Mapping[str, object]) -> Draft:
        """Return the translated record.

        Raises:
            RecordFault: a value is invalid, or a required column is missing.
        """
        if not record.keys() <= self._declared:
            self._take_undeclared(record)
        if _is_header(record):
            raise RecordFault(
                "contains the names of its columns, so it is a repeated header; remove this line"
            )
        draft = Draft(foreign=self.options.foreign_ids)
        extras: dict[str, object] = {}
        body = draft.body
        for binding in self.bindings:
            source = binding.source
            if source not in record:
                continue
            value = record[source]
            if value is None or (isinstance(value, str) and is_blank(value) and binding.place is not EXTRA):
                binding.empty(draft)
                continue
            try:
                if binding.whole and type(value) is int and -LARGEST_ID < value < LARGEST_ID:
                    body[binding.name] = value  # the usual form of ids and numbers, as `encode` returns it
                elif binding.plain and (encoded := binding.encode(value)) is not None:
                    body[binding.name] = encoded
                else:
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
            key, twin = folded(name), self._sources.get(snake(name))
            if twin is not None:  # checked each time: a record may have both spellings
                self._bind_twin(name, twin, record)
                continue
            if key in self._fields or self._is_mark(name):
                self._bind_undeclared(name)
            elif key in self._ignored or self._is_dropped(name) or self.options.ignore_unknown_fields:
                dropped.append(name)
            else:
                unknown.append(name)
                continue
            self._declared |= {name}
        if dropped:
            self.not_written += dropped
            self.notices.append(f"not in the SCHEMA, and not written: {', '.join(dropped)}")
        if unknown:
            raise ColumnNameFault(
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
        nested = extras.pop(CUSTOM_OBJECT, None)
        if nested is not None and self.custom_fields is not None:
            try:
                fields = scalars.mapping(nested)
            except RecordFault as fault:
                raise fault.of_column(CUSTOM_OBJECT, None) from None
            for name, value in fields.items():  # type: ignore[attr-defined]  # a dict by now
                self._put_custom(draft, str(name), value)

    def _put_custom(self, draft: Draft, name: str, value: object) -> None:
        """Add a custom field that is in the record, but not in the schema."""
        entity = self.custom_fields or ""
        column = self.registry.find(entity, name, {})
        if column is None and self.options.ignore_unknown_fields:
            self._unknown_fields.check((name,), ())
            return
        if column is None:
            known = [one.name for one in self.registry.definitions(entity)]
            raise ColumnNameFault(f"custom field {{columns}} is unknown{nearest(name, known)}", column=name)
        encoder = self.registry.encoder(entity, column, self._unknown_keys(name))
        binding = custom_binding(name, column, encoder, foreign=self.options.foreign_ids)
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
            self._column_names = (
                self.bindings,
                ColumnNames(self.bindings, self.registry, self.custom_fields),
            )
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
            found = [one for one in self.registry.definitions(self.custom_fields) if one.key == binding.name]
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
        for entity, in_body, name in self._locking():
            value = (draft.body if in_body else draft.path).get(name)
            if value is not None:
                needed.add((entity, str(value)))
        return needed

    def _locking(self) -> list[tuple[str, bool, str]]:
        """Return entity, place (body or path) and name of the columns whose rows must stay as they are."""
        if self._references is None or self._references[0] is not self.bindings:
            found = [
                (one.entity, one.place is Place.BODY, one.name)
                for one in self.bindings
                if one.entity is not None and one.entity != "users" and not one.many
            ]
            self._references = (self.bindings, found)
        return self._references[1]


def _is_header(record: Mapping[str, object]) -> bool:
    """Return whether each of several columns contains its own name, as in a repeated header."""
    for name, value in record.items():
        if name != value and not (isinstance(value, str) and folded(name) == folded(value)):
            return False
    return len(record) > 1
