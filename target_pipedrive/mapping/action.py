"""Plans of action streams, including `raw_request`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.catalog.names import folded, nearest, snake
from target_pipedrive.catalog.raw_request import RAW_INPUTS, RAW_REQUEST
from target_pipedrive.catalog.spec import Verb
from target_pipedrive.mapping.columns.binding import (
    Binding,
    Place,
    column_binding,
)
from target_pipedrive.mapping.columns.faults import UnknownColumn
from target_pipedrive.mapping.columns.names import same_column
from target_pipedrive.mapping.columns.nulls import KEPT, empty_values
from target_pipedrive.mapping.columns.placement import placed_columns
from target_pipedrive.mapping.columns.references import SAME_WORD
from target_pipedrive.mapping.columns.shapes import FILE_EXTRAS, SHAPES, file_part
from target_pipedrive.mapping.stream import EXTERNAL_ID, Plan
from target_pipedrive.record.draft import Draft
from target_pipedrive.record.errors import RecordFault, one_of
from target_pipedrive.values import scalars
from target_pipedrive.values.identity import is_blank

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.catalog.spec import ActionSpec
    from target_pipedrive.custom_fields.registry import FieldRegistry
    from target_pipedrive.record.draft import LockKey
    from target_pipedrive.settings import Options, StreamSettings

_ONE_FIELD = ("custom_field_key", "value")


class ActionPlan(Plan):
    """Plan of a stream with records that call one action.

    Attributes:
        entity: entity of the action's rows; None if they cannot be read.
        touched: entities with lists of rows that the action changes.
        makes: True if the action makes a row.
        writes: True if the action writes the values of a row.
    """

    def __init__(
        self,
        spec: ActionSpec,
        stream: str,
        settings: StreamSettings,
        options: Options,
        registry: FieldRegistry,
    ) -> None:
        super().__init__(stream, settings, options, registry, spec.columns)
        self.action = spec
        self._placeholders = spec.placeholders
        self.entity = ENTITIES.get(spec.entity)
        self.touched = tuple(ENTITIES[one] for one in (spec.entity, spec.becomes) if one in ENTITIES)
        self.makes = spec.verb is Verb.ADD or bool(spec.becomes)
        self.writes = spec.verb in (Verb.ADD, Verb.UPDATE)
        self.entity_name = spec.becomes or spec.entity
        self.custom_fields = spec.custom_fields
        if self.entity is not None:
            self.labelled = [*self.entity.options.split(), *self.entity.levels.split()]
            self.words = self.entity.words
        self.placed = placed_columns(ENTITIES.get(self.entity_name) or ENTITIES.get(spec.parent or ""))
        self.rows = {name: one for name, one in spec.own_rows.items() if one in ENTITIES}
        self.aliases = spec.aliases
        self.retired = spec.retired
        self._file = next((name for name, one in spec.body_columns.items() if one.kind.name == "file"), None)
        files = {*FILE_EXTRAS, self._file} if self._file else set()
        self.extras = frozenset(spec.extras.split()) | frozenset(name for name in files if name)
        self._required = sorted(spec.required)
        if spec.verb is Verb.UPDATE:
            entity = ENTITIES.get(spec.entity)
            add = ACTIONS.get(entity.add or "") if entity else None
            self.empties = empty_values(spec.body_columns, add.required if add else ())
        else:
            self.empties = {name: None for name, one in spec.body_columns.items() if one.kind.nullable}

    def warnings(self) -> list[str]:
        """Return what the stream cannot do; among it, that Pipedrive removed the action."""
        action, found = self.action, super().warnings()
        if action.removed_on is None:
            return found
        removed = f"Pipedrive removed {action.operation} on {action.removed_on}"
        return [f"{removed}; replacement: {action.instead}", *found]

    def _special(self, source: str, name: str) -> Binding | None:
        given = self.settings.external_id
        if same_column(given, source) or snake(name) == EXTERNAL_ID:
            return Binding(source=source, place=Place.EXTERNAL_ID, name=EXTERNAL_ID, encode=scalars.text)
        if self._file and snake(name) == self._file:
            return Binding(source=source, place=Place.EXTRA, name=self._file, encode=lambda value: value)
        return None

    def _column_of_row(self, base: str) -> str | None:
        """Return the column with the id of a row; `deal` is the path's `id` in `add_deal_follower`."""
        column = super()._column_of_row(base)
        own = self.rows.get("id", "").removesuffix("s")
        return "id" if column is None and own and own in (base, SAME_WORD.get(base)) else column

    def _place(self, column: str) -> Place:
        if column in self.action.path_columns:
            return Place.PATH
        return Place.QUERY if column in self.action.query_columns else Place.BODY

    def _use(self, draft: Draft, extras: dict[str, object]) -> None:
        super()._use(draft, extras)
        if self.action.shape == "one_custom_field":
            key, value = (extras.get(name) for name in _ONE_FIELD)
            if not isinstance(key, str) or not key:
                raise RecordFault("needs {columns}, the key of the field to set", fields=_ONE_FIELD[:1])
            self._put_one(draft, key, value)

    def _put_one(self, draft: Draft, key: str, value: object) -> None:
        """Add one field of the record: a built-in column or a custom field."""
        column = self.column_of(key)
        if column is None:
            self._put_custom(draft, key, value)
            return
        binding = column_binding(
            key,
            Place.BODY,
            self.columns[column],
            foreign=self.options.foreign_ids,
            empties=self.empties.get(column, KEPT),
            keys=self._unknown_keys(key),
        )
        self._apply(binding, draft, value)

    def _complete(self, draft: Draft, record: Mapping[str, object], extras: Mapping[str, object]) -> None:
        del record
        shape = SHAPES.get(self.action.shape or "")
        if shape is not None:
            shape(draft, extras)
        if self._file is not None:
            file_part(draft, self._file, extras, self.options.files_dir)
        waiting = {one.column for one in draft.references}
        missing = [
            name
            for name in self._required
            if name not in waiting
            and name not in draft.files
            and draft.path.get(name) is None
            and draft.query.get(name) is None
            and draft.body.get(name) is None
        ]
        if missing:
            raise RecordFault("needs {columns}", fields=missing)
        choice = self.action.one_of.split()
        if choice and all(name not in waiting and is_blank(draft.body.get(name)) for name in choice):
            raise one_of(choice)

    def locks(self, draft: Draft) -> tuple[tuple[LockKey, ...], tuple[LockKey, ...]]:
        """Return the rows that the call changes, and those it references."""
        spec, entity = self.action, self.action.entity
        owned: set[LockKey] = set()
        needed = self._needed(draft)
        first = self._first_in_path(draft) if self._placeholders else None
        if spec.parent is not None and first is not None:
            needed.add((spec.parent, first))
            owned.add((entity, f"of:{first}"))
        elif first is not None:
            owned.add((entity, first))
        if draft.external_id is not None:
            owned.add((self.entity_name, f"ext:{draft.external_id}"))
        survivor = draft.body.get("merge_with_id")
        if survivor is not None:
            owned.add((entity, str(survivor)))
        return tuple(owned), tuple(needed - owned)

    def _first_in_path(self, draft: Draft) -> str | None:
        """Return the id of the row that the path begins with, or its external id."""
        name = self._placeholders[0]
        named = (one for one in draft.references if one.column == name and one.place is draft.path)
        waiting = next((f"ext:{one.external_id}" for one in named), None)
        given = draft.path.get(name)
        return waiting if given is None else str(given)


class RawPlan(Plan):
    """Plan of a stream with records that describe requests."""

    entity_name = RAW_REQUEST

    def __init__(
        self, stream: str, settings: StreamSettings, options: Options, registry: FieldRegistry
    ) -> None:
        super().__init__(stream, settings, options, registry, {})
        self._names: dict[str, str] = {}

    def _bind_one(self, name: str, schema: Mapping[str, object]) -> None:
        del schema
        wanted = snake(self.field_of(name))
        if folded(name) in self._ignored or self._is_dropped(name):
            self.not_written.append(name)
        elif wanted in RAW_INPUTS:
            self._names[name] = wanted
        elif self.options.ignore_unknown_fields:
            self.not_written.append(name)
        else:
            raise UnknownColumn(self.stream, name, nearest(name, RAW_INPUTS))

    def _bind_undeclared(self, name: str) -> None:
        self._bind_one(name, {})

    def draft(self, record: Mapping[str, object]) -> Draft:
        """Return the record under the names of `RAW_INPUTS`; it is interpreted when it is sent."""
        if not record.keys() <= self._declared:
            self._take_undeclared(record)
        return Draft(body={self._names[name]: value for name, value in record.items() if name in self._names})

    def locks(self, draft: Draft) -> tuple[tuple[LockKey, ...], tuple[LockKey, ...]]:
        """Return one key for all requests, which keeps their order, since their rows are unknown."""
        del draft
        return ((RAW_REQUEST, ""),), ()
