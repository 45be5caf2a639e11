"""Plans of entity streams."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.names import snake
from target_pipedrive.ids.provisional import ProvisionalId
from target_pipedrive.mapping.columns.binding import (
    Binding,
    Place,
    column_binding,
    custom_binding,
)
from target_pipedrive.mapping.columns.faults import refused
from target_pipedrive.mapping.columns.names import same_column, special_name
from target_pipedrive.mapping.columns.nulls import KEPT, emptied_columns
from target_pipedrive.mapping.columns.placement import placed_columns
from target_pipedrive.mapping.columns.references import REFERENCES
from target_pipedrive.mapping.columns.shapes import FILE_EXTRAS, SHAPES, file_part
from target_pipedrive.mapping.row_key import (
    check_key,
    fill_matches,
    match_bindings,
    match_locks,
    parent_lock,
    row_id,
)
from target_pipedrive.mapping.stream import EXTERNAL_ID, Plan
from target_pipedrive.values import scalars
from target_pipedrive.values.identity import is_blank, is_deletion_mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_pipedrive.catalog.notation import Column
    from target_pipedrive.catalog.spec import EntitySpec
    from target_pipedrive.custom_fields.registry import FieldRegistry
    from target_pipedrive.record.draft import Draft, LockKey
    from target_pipedrive.record.row import Row
    from target_pipedrive.settings import Options, StreamSettings

_DELETE_MARKS = frozenset({"_sdc_deleted_at", "is_deleted"})


class EntityPlan(Plan):
    """Plan of an entity's rows, which are looked up, compared, and then created, updated or deleted."""

    def __init__(
        self,
        spec: EntitySpec,
        stream: str,
        settings: StreamSettings,
        options: Options,
        registry: FieldRegistry,
    ) -> None:
        self.add = ACTIONS[spec.add] if spec.add else None
        self.update = ACTIONS[spec.update] if spec.update else None
        self.delete = ACTIONS[spec.delete] if spec.delete else None
        self.archive = ACTIONS[spec.archive] if spec.archive else None
        self.foreign = options.foreign_ids and settings.id is None and settings.external_id is None
        unsent = set(spec.ignored.split()) | ({"order_nr"} if self.foreign else set())
        if self.foreign and not spec.foreign_update and self.update is not None:
            unsent |= set(self.update.body_columns)
            self.update = None
        super().__init__(stream, settings, options, registry, self._writable(spec))
        self.empties = emptied_columns(self.add, self.update)
        self.spec = spec
        self.entity_name = spec.name
        self.custom_fields = spec.custom_fields
        self.labelled, self.words = [*spec.options.split(), *spec.levels.split()], spec.words
        self.placed = () if self.foreign else placed_columns(spec)
        actions = [one for one in (self.update, self.add) if one]
        self.aliases = {k: v for one in actions for k, v in one.aliases.items() if v != spec.key} | dict(
            spec.aliases
        )
        self.retired = {k: v for one in actions for k, v in one.retired.items()}
        self.dropped = spec.dropped | unsent
        self._shape = next((one.shape for one in actions if one.shape in SHAPES), None)
        added = self.add.body_columns if self.add else {}
        self._file = next((name for name, one in added.items() if one.kind.name == "file"), None)
        self.extras = frozenset(" ".join(one.extras for one in actions).split())
        if self._file is not None:
            self.extras |= {*FILE_EXTRAS, self._file}
            self.dropped -= self.extras
        matched = settings.match_on if settings.match_on is not None else options.match_on.get(spec.name)
        self.by_nature = matched is None and self.foreign
        self.match_on = tuple(spec.natural_key.split()) if self.by_nature else tuple(matched or ())
        placeholders = {name for one in actions for name in one.placeholders}
        self._needed_columns = {name for name, one in added.items() if one.required}
        self._needed_columns |= {spec.path.get(name, name) for name in placeholders}
        self._late: dict[str, tuple[str, Mapping[str, object]]] = {}
        self._late_lock = threading.Lock()
        self._facts = _facts_of(spec)
        self.match_only: list[Binding] = []
        self.write = settings.write
        self.decides_on_blank_keys = options.on_blank_match != "fail" or settings.write == "add"
        self._id_kind = self._kind_of_id()

    def _writable(self, spec: EntitySpec) -> dict[str, Column]:
        """Return all columns of the entity's actions, apart from the key of the row itself."""
        columns: dict[str, Column] = {}
        for action in (self.add, self.update):  # the update's definition of a column takes precedence
            columns |= dict(action.body_columns) if action else {}
        for action in (self.add, self.update, self.delete):
            for name, column in (action.path_columns if action else {}).items():
                mapped = spec.path.get(name, name)
                if mapped != spec.key:
                    columns.setdefault(mapped, replace(column, name=mapped))
        for name in spec.ignored.split():
            columns.pop(name, None)
        if self.foreign and spec.in_order:
            columns.pop("order_nr", None)  # a position among this account's rows, not the other account's
        return columns

    @property
    def needs_file(self) -> bool:
        """True if a row can only be added with file content."""
        return self._file is not None

    def _kind_of_id(self) -> str:
        """Return the kind of the row's own id in the paths of its actions."""
        for action in (self.update, self.delete):
            for name, column in (action.path_columns if action else {}).items():
                if self.spec.path.get(name, name) == self.spec.key:
                    return column.kind.name
        return "str"

    def bind(self, properties: Mapping[str, Mapping[str, object]], keys: Sequence[str] = ()) -> None:
        """Bind every property, and determine the columns that rows are matched by."""
        super().bind(properties, keys)
        matchable = self.spec.matchable.split()
        self.match_only = [
            Binding(source=source, place=Place.MATCH, name=snake(name), encode=scalars.text)
            for source, name in ((one, self.field_of(one)) for one in properties)
            if snake(name) in matchable
        ]
        self.match_bindings = match_bindings(self, keys)
        used = [one for one in self.match_bindings if one.place is Place.MATCH]
        self.bindings = [*self.bindings, *used]
        self.not_written = [one for one in self.not_written if one not in {bound.source for bound in used}]

    def _binding(self, source: str, name: str, schema: Mapping[str, object]) -> Binding | None:
        column = self.column_of(name) if self.foreign and self._special(source, name) is None else None
        if column is not None and column in self.spec.options.split():
            return column_binding(
                source,
                Place.BODY,
                self.columns[column],
                foreign=True,
                empties=self.empties.get(column, KEPT),
                entity=f"{self.spec.custom_fields}_field_options",
                prefix=f"{column}:",
            )
        if column is not None and column in self.spec.words:
            binding = column_binding(
                source,
                Place.BODY,
                self.columns[column],
                foreign=True,
                empties=self.empties.get(column, KEPT),
                entity=f"{self.spec.words[column]}.word",
            )
            binding.word = True
            return binding
        return super()._binding(source, name, schema)

    def _custom(self, source: str, name: str, schema: Mapping[str, object]) -> Binding | None:
        origin = schema.get("x-pipedrive")
        if not self.foreign or not isinstance(origin, Mapping):
            return super()._custom(source, name, schema)
        found = self._from_origin(source, schema)
        if found is None:
            self._late[source] = (name, schema)
        return found

    def _from_origin(self, source: str, schema: Mapping[str, object]) -> Binding | None:
        """Return the binding of a custom field of the other account that was copied, or None."""
        origin = schema["x-pipedrive"]
        entity = self.custom_fields or ""
        if not isinstance(origin, Mapping):
            return None
        column = self.registry.find_linked(entity, origin)
        if column is None:
            return None
        provisional = isinstance(column.definition.key, ProvisionalId)
        encoder = (lambda value: value) if provisional else self.registry.encoder(entity, column)
        return custom_binding(source, column, encoder, foreign=True)

    def bind_late(self, *, last: bool) -> tuple[str, str] | None:
        """Bind columns of custom fields that did not exist yet.

        Args:
            last: True if no further definition will be received: fields of the same name and type are then
                used.

        Returns:
            Entity and external id of a definition that is still missing.

        Raises:
            RecordFault: no further definition will be received, and the field does not exist.
        """
        if not self._late:
            return None
        with self._late_lock:
            missing = None
            for source, (name, schema) in list(self._late.items()):
                binding = self._from_origin(source, schema)
                if binding is None and last:
                    binding = super()._custom(source, name, schema)
                if binding is None and not last:
                    origin = schema["x-pipedrive"]
                    key = origin.get("key") if isinstance(origin, Mapping) else None
                    missing = missing or (f"{self.custom_fields}_fields", str(key))
                    continue
                if binding is not None:
                    spot = (binding.place, binding.name, binding.part)
                    if all((one.place, one.name, one.part) != spot for one in self.bindings):
                        self.bindings = [*self.bindings, binding]
                del self._late[source]
            return missing

    def draft(self, record: Mapping[str, object]) -> Draft:
        """Return the translated record, as far as its custom fields exist in this account."""
        late = self.bind_late(last=False)
        draft = super().draft(record)
        draft.late = late
        return draft

    def _special(self, source: str, name: str) -> Binding | None:
        settings, spec, spelled = self.settings, self.spec, self._special_name(name)
        foreign = self.options.foreign_ids
        if same_column(settings.external_id, source) or (spelled == EXTERNAL_ID and not settings.external_id):
            self._check_doubt(source, name, EXTERNAL_ID, settings.external_id)
            return Binding(source=source, place=Place.EXTERNAL_ID, name=EXTERNAL_ID, encode=scalars.text)
        if same_column(settings.id, source) or (spelled == spec.key and not settings.id):
            if foreign and spec.chosen_key:
                return None  # id of another row, such as the user of a follower
            self._check_doubt(source, name, spec.key, settings.id)
            binding = Binding(
                source=source,
                place=Place.EXTERNAL_ID if foreign else Place.ID,
                name=spec.key,
                encode=partial(row_id, self._id_kind),
                entity=REFERENCES.get(spec.key) if spec.chosen_key else None,
            )
            return self._named_row(binding)
        if spelled in _DELETE_MARKS:
            return Binding(source=source, place=Place.DELETED, name=spelled, encode=is_deletion_mark)
        return None

    def _own_column(self, source: str, column: str) -> Binding:
        binding = super()._own_column(source, column)
        if self.spec.chosen_key and column == self.spec.key and not self.foreign:
            binding.place, binding.whole = Place.ID, False  # the user of a follower, by e-mail or name
        return binding

    def _check_doubt(self, source: str, name: str, meant: str, given: str | None) -> None:
        """Reject a name that in another case is the label of a custom field.

        Raises:
            RecordFault: the name is ambiguous.
        """
        if given or name == meant or self.custom_fields is None:
            return
        labels = {one.name for one in self.registry.definitions(self.custom_fields)}
        if name in labels:
            raise refused(
                self.stream,
                source,
                f"may mean {meant} or the custom field {name}; map it in `streams` to {meant}, or to the "
                "field's key",
            )

    def _is_mark(self, name: str) -> bool:
        return self._special_name(self.field_of(name)) in _DELETE_MARKS

    def _special_name(self, name: str) -> str:
        names = (EXTERNAL_ID, self.spec.key, *_DELETE_MARKS)
        return special_name(name, names, self.registry, self.custom_fields)

    def _place(self, column: str) -> Place:
        del column
        return Place.BODY

    def _declined(self, name: str) -> bool:
        return name.startswith("_") or name in self.dropped

    def _complete(self, draft: Draft, record: Mapping[str, object], extras: Mapping[str, object]) -> None:
        if self._facts:
            facts = {name: self._value(record, name) for name in self._facts}
            draft.facts = {name: _fact(name, value) for name, value in facts.items() if value is not None}
        for reference in draft.references:
            if reference.column in self._needed_columns and reference.place is draft.body:
                reference.needed = True
        if self._shape is not None:
            SHAPES[self._shape](draft, extras)
        if self._file is not None and not extras.keys().isdisjoint({"content", "path", self._file}):
            file_part(draft, self._file, extras, self.options.files_dir)
        if self.write == "delete" or not self.spec.deleted_as.items().isdisjoint(draft.body.items()):
            draft.deleted = True
        check_key(self, draft, fill_matches(self, draft))

    def check_change(self, row: Row, changed: Iterable[str]) -> None:
        """Reject a change of these columns of a row that cannot be updated.

        Raises:
            RecordFault: the row cannot be updated.
        """

    def remark(self, draft: Draft, row: Row) -> str:
        """Return a remark on parts of the record that an update cannot change; empty if there are none."""
        del draft, row
        return ""

    def locks(self, draft: Draft) -> tuple[tuple[LockKey, ...], tuple[LockKey, ...]]:
        """Return the keys of the row itself, and of the rows it references."""
        entity = self.spec.name
        owned: set[LockKey] = set()
        if draft.id is not None:
            owned.add((entity, draft.id))
        if draft.external_id is not None:
            owned.add((entity, f"ext:{draft.external_id}"))
        names = match_locks(self, draft) if draft.match_keys is None else draft.match_keys
        owned |= {(entity, name) for name in names}
        if (siblings := parent_lock(self, draft)) is not None:
            owned.add((entity, siblings))
        if self.spec.in_order:
            owned.add((entity, "of:"))
        needed = self._needed(draft) - owned
        if self.spec.after is not None:
            needed |= {(self.spec.after, name) for _, name in owned if name.startswith("of:")}
        return tuple(owned), tuple(needed)


def _facts_of(spec: EntitySpec) -> set[str]:
    """Return columns that are not written, but identify the row."""
    facts = {spec.word} if spec.word else set()
    return facts | ({"is_archived"} if spec.archive else set())


def _fact(name: str, value: object) -> object:
    """Return the value of a column that is not written: a flag as true or false."""
    return scalars.boolean(value) if name == "is_archived" and not is_blank(value) else value
