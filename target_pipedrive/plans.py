"""What a stream's records become: compiled from its SCHEMA once, then applied to each record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from target_pipedrive import encode
from target_pipedrive.actions import ACTIONS
from target_pipedrive.binding import (
    Binding,
    Place,
    column_binding,
    custom_binding,
    nearest,
    refused,
    snake,
)
from target_pipedrive.customs import complete_parts
from target_pipedrive.entities import ENTITIES
from target_pipedrive.faults import RecordFault
from target_pipedrive.shapes import FILE_EXTRAS, SHAPES, file_part
from target_pipedrive.tasks import Draft

if TYPE_CHECKING:
    from target_pipedrive.customs import FieldBook
    from target_pipedrive.notation import Columns
    from target_pipedrive.settings import Options, StreamSettings
    from target_pipedrive.spec import ActionSpec, EntitySpec
    from target_pipedrive.tasks import LockKey

_DELETE_MARKS = frozenset({"_sdc_deleted_at", "is_deleted"})
_EXTERNAL_ID = "external_id"
_CUSTOM_OBJECT = "custom_fields"
_ONE_FIELD = ("custom_field_key", "value")


class Plan:
    """The records of one stream under one SCHEMA.

    Args:
        stream: its name.
        columns: every column that may be written, by name.
        places: name of a column → part of the write it belongs to.
        settings: what the configuration says of the stream.
        options: the target's settings.
        book: custom fields.

    Attributes:
        bindings: one per column of the stream that is written.
        not_written: columns that are dropped.
    """

    entity_name = ""
    custom_fields: str | None = None
    aliases: Mapping[str, str]
    refuses: Mapping[str, str]
    dropped: frozenset[str] = frozenset()
    extras: frozenset[str] = frozenset()

    def __init__(
        self, stream: str, settings: StreamSettings, options: Options, book: FieldBook, columns: Columns
    ) -> None:
        self.stream = stream
        self.settings = settings
        self.options = options
        self.book = book
        self.columns = columns
        self.bindings: list[Binding] = []
        self.not_written: list[str] = []

    # --- at SCHEMA time ---------------------------------------------------------------------------

    def bind(self, properties: Mapping[str, Mapping[str, object]]) -> None:
        """Bind every property of the schema.

        Raises:
            RecordFault: a property is unknown or refused; names the nearest known ones.
        """
        taken: dict[tuple[object, ...], str] = {}
        for name, schema in properties.items():
            if name in self.settings.ignore:
                self.not_written.append(name)
                continue
            binding = self._binding(name, self.settings.fields.get(name, name), schema)
            if binding is None:
                self.not_written.append(name)
                continue
            spot = (binding.place, binding.name, binding.part)
            if spot in taken and binding.place not in (Place.DELETED, Place.EXTRA):
                if binding.place is Place.CUSTOM:  # the id beside the label: one of them is enough
                    self.not_written.append(name)
                    continue
                raise refused(self.stream, name, f"means the same as {taken[spot]}; leave one of them out")
            taken[spot] = name
            self.bindings.append(binding)

    def _binding(self, source: str, name: str, schema: Mapping[str, object]) -> Binding | None:
        special = self._special(source, name)
        if special is not None:
            return special
        column = self._column_of(name)
        if column is not None:
            return column_binding(
                source, self._place(column), self.columns[column], foreign=self.options.foreign_ids
            )
        if name in self.dropped or name.startswith("_sdc_"):
            return None
        if snake(name) in self.extras:
            return Binding(source=source, place=Place.EXTRA, name=snake(name), encode=lambda value: value)
        for spelling in (name, snake(name)):
            if spelling in self.refuses:
                raise refused(self.stream, source, f"is not taken: {self.refuses[spelling]}")
        return self._custom(source, name, schema)

    def _special(self, source: str, name: str) -> Binding | None:
        """Ids and marks that are no columns."""
        del source, name
        return None

    def _place(self, column: str) -> Place:
        raise NotImplementedError

    def _column_of(self, name: str) -> str | None:
        """The column a name means, by its own spelling, an alias, or camelCase."""
        for spelling in (name, snake(name)):
            if spelling in self.columns and spelling != _CUSTOM_OBJECT:
                return spelling
            if spelling in self.aliases:
                return self.aliases[spelling]
        return None

    def _custom(self, source: str, name: str, schema: Mapping[str, object]) -> Binding | None:
        entity = self.custom_fields
        if entity is not None:
            if name == _CUSTOM_OBJECT:
                return Binding(source=source, place=Place.EXTRA, name=_CUSTOM_OBJECT, encode=encode.mapping)
            column = self.book.find(entity, name, schema)
            if column is None and self.options.create_fields and not self._declined(name):
                column = self.book.create(entity, name, schema)
            if column is not None:
                encoder = self.book.encoder(entity, column)
                return custom_binding(source, column, encoder, foreign=self.options.foreign_ids)
        if self.options.ignore_unknown_fields:
            return None
        known = [*self.columns, *self.aliases, *self.extras]
        if entity is not None:
            known += [one.name for one in self.book.definitions(entity)]
        raise refused(
            self.stream,
            source,
            f"is not known{nearest(name, known)}. Rename it, map it in `streams`, or set unknown_fields to ignore",
        )

    def _declined(self, name: str) -> bool:
        """Whether no custom field is made for the name."""
        return name.startswith("_")

    # --- for each record --------------------------------------------------------------------------

    def draft(self, record: Mapping[str, object]) -> Draft:
        """The record translated.

        Raises:
            RecordFault: a value cannot be meant, or something required is missing.
        """
        draft = Draft()
        extras: dict[str, object] = {}
        for binding in self.bindings:
            source = binding.source
            if source not in record:
                continue
            value = record[source]
            if value is None:
                binding.empty(draft)
                continue
            try:
                binding.apply(draft, value, extras)
            except RecordFault as fault:
                raise RecordFault(f"{source} {fault}") from None
        if extras:
            self._use(draft, extras)
        if draft.custom:
            complete_parts(draft.custom)
        self._complete(draft, record, extras)
        return draft

    def _use(self, draft: Draft, extras: dict[str, object]) -> None:
        """Take what is no plain column."""
        nested = extras.pop(_CUSTOM_OBJECT, None)
        if nested is not None and self.custom_fields is not None:
            for name, value in encode.mapping(nested).items():  # type: ignore[attr-defined]  # a dict by now
                self._put_custom(draft, str(name), value)

    def _put_custom(self, draft: Draft, name: str, value: object) -> None:
        """One custom field that is named in the record, not in the schema."""
        entity = self.custom_fields or ""
        column = self.book.find(entity, name, {})
        if column is None:
            known = [one.name for one in self.book.definitions(entity)]
            raise RecordFault(f"custom field {name} is not known{nearest(name, known)}")
        binding = custom_binding(
            name, column, self.book.encoder(entity, column), foreign=self.options.foreign_ids
        )
        if value is None:
            binding.empty(draft)
        else:
            binding.apply(draft, value, {})

    def _complete(self, draft: Draft, record: Mapping[str, object], extras: Mapping[str, object]) -> None:
        """Check what the write needs."""

    def locks(self, draft: Draft) -> tuple[tuple[LockKey, ...], tuple[LockKey, ...]]:
        """Rows the write owns, and rows it needs as they are."""
        raise NotImplementedError

    def _needed(self, draft: Draft) -> set[LockKey]:
        """Rows that the columns point at."""
        needed: set[LockKey] = {(one.entity, f"ext:{one.external_id}") for one in draft.references}
        for binding in self.bindings:
            if binding.entity is None or binding.entity == "users" or binding.many:
                continue
            place = draft.body if binding.place is Place.BODY else draft.path
            value = place.get(binding.name)
            if value is not None:
                needed.add((binding.entity, str(value)))
        return needed


class ActionPlan(Plan):
    """A stream whose records are calls of one action."""

    def __init__(
        self, spec: ActionSpec, stream: str, settings: StreamSettings, options: Options, book: FieldBook
    ) -> None:
        super().__init__(stream, settings, options, book, spec.columns)
        self.action = spec
        self.entity_name = spec.entity
        self.custom_fields = spec.custom_fields
        self.aliases = spec.aliases
        self.refuses = spec.refuses
        self._file = next((name for name, one in spec.body_columns.items() if one.kind.name == "file"), None)
        files = {*FILE_EXTRAS, self._file} if self._file else set()
        self.extras = frozenset(spec.extras.split()) | frozenset(name for name in files if name)
        self._required = spec.required

    def _special(self, source: str, name: str) -> Binding | None:
        if name == _EXTERNAL_ID or name == self.settings.external_id:
            return Binding(source=source, place=Place.EXTERNAL_ID, name=_EXTERNAL_ID, encode=encode.text)
        if self._file and snake(name) == self._file:
            return Binding(source=source, place=Place.EXTRA, name=self._file, encode=lambda value: value)
        return None

    def _place(self, column: str) -> Place:
        if column in self.action.path_columns:
            return Place.PATH
        return Place.QUERY if column in self.action.query_columns else Place.BODY

    def _use(self, draft: Draft, extras: dict[str, object]) -> None:
        super()._use(draft, extras)
        if self.action.shape == "one_custom_field":
            key, value = (extras.get(name) for name in _ONE_FIELD)
            if not isinstance(key, str) or not key:
                raise RecordFault("needs custom_field_key, the key of the field to set")
            self._put_one(draft, key, value)

    def _put_one(self, draft: Draft, key: str, value: object) -> None:
        """One field named in the record: a built-in column or a custom field."""
        column = self._column_of(key)
        if column is None:
            self._put_custom(draft, key, value)
            return
        binding = column_binding(key, Place.BODY, self.columns[column], foreign=self.options.foreign_ids)
        if value is None:
            binding.empty(draft)
        else:
            binding.apply(draft, value, {})

    def _complete(self, draft: Draft, record: Mapping[str, object], extras: Mapping[str, object]) -> None:
        del record
        if self.action.shape in SHAPES:
            SHAPES[self.action.shape](draft, extras)
        if self._file is not None:
            file_part(draft, self._file, extras, self.options.files_dir)
        waiting = {one.column for one in draft.references}
        missing = [
            name
            for name in sorted(self._required)
            if name not in waiting
            and name not in draft.files
            and draft.path.get(name) is None
            and draft.query.get(name) is None
            and draft.body.get(name) is None
        ]
        if missing:
            raise RecordFault(f"needs {', '.join(missing)}")

    def locks(self, draft: Draft) -> tuple[tuple[LockKey, ...], tuple[LockKey, ...]]:
        """Rows the call changes, and rows it points at."""
        spec, entity = self.action, self.action.entity
        owned: set[LockKey] = set()
        needed = self._needed(draft)
        first = next(iter(draft.path.values()), None)
        if spec.parent is not None and first is not None:
            needed.add((spec.parent, str(first)))
            owned.add((entity, f"of:{first}"))
        elif first is not None:
            owned.add((entity, str(first)))
        for one in draft.references:
            if one.place is draft.path and spec.parent is None:
                owned.add((one.entity, f"ext:{one.external_id}"))
        if draft.external_id is not None:
            owned.add((entity, f"ext:{draft.external_id}"))
        survivor = draft.body.get("merge_with_id")
        if survivor is not None:
            owned.add((entity, str(survivor)))
        return tuple(owned), tuple(needed - owned)


class EntityPlan(Plan):
    """A stream whose records are rows of an entity: found, compared, and then added, changed or deleted."""

    def __init__(
        self, spec: EntitySpec, stream: str, settings: StreamSettings, options: Options, book: FieldBook
    ) -> None:
        self.add = ACTIONS[spec.add] if spec.add else None
        self.update = ACTIONS[spec.update] if spec.update else None
        self.delete = ACTIONS[spec.delete] if spec.delete else None
        columns: dict[str, object] = {}
        for action in (self.update, self.add):
            columns |= dict(action.body_columns) if action else {}
        for action in (self.add, self.update, self.delete):
            for name, column in (action.path_columns if action else {}).items():
                mapped = spec.path.get(name, name)
                if mapped != spec.key:
                    columns.setdefault(mapped, column)
        super().__init__(stream, settings, options, book, columns)  # type: ignore[arg-type]  # columns, all of them
        self.spec = spec
        self.entity_name = spec.name
        self.custom_fields = spec.custom_fields
        actions = [one for one in (self.update, self.add) if one]
        self.aliases = {k: v for one in actions for k, v in one.aliases.items() if v != spec.key} | dict(
            spec.aliases
        )
        self.refuses = {k: v for one in actions for k, v in one.refuses.items()}
        self.dropped = spec.dropped
        self._shape = next((one.shape for one in actions if one.shape in SHAPES), None)
        added = self.add.body_columns if self.add else {}
        self._file = next((name for name, one in added.items() if one.kind.name == "file"), None)
        self.extras = frozenset(" ".join(one.extras for one in actions).split())
        if self._file is not None:
            self.extras |= {*FILE_EXTRAS, self._file}
        matched = settings.match_on if settings.match_on is not None else options.match_on.get(spec.name, ())
        self.match_on = tuple(matched)
        self.match_bindings: list[Binding] = []
        self.write = settings.write

    def bind(self, properties: Mapping[str, Mapping[str, object]]) -> None:
        """Bind every property, and find the columns that rows are matched by."""
        super().bind(properties)
        for name in self.match_on:
            self.match_bindings.append(self._match_binding(name))
        if self.write in {"update", "delete"}:
            has_id = any(one.place in (Place.ID, Place.EXTERNAL_ID) for one in self.bindings)
            if not has_id and not self.match_bindings:
                raise RecordFault(
                    f"Stream {self.stream}: to {self.write} {self.spec.name} it needs {self.spec.key}, external_id "
                    "or match_on"
                )

    def _match_binding(self, name: str) -> Binding:
        """The bound column whose field is named, by its own name or by that of the field."""
        for binding in self.bindings:
            if name == binding.source or (
                binding.place is Place.BODY and binding.name == self._column_of(name)
            ):
                return binding
        if self.custom_fields is not None:
            column = self.book.find(self.custom_fields, name, {})
            for binding in self.bindings:
                if column is not None and binding.name == column.definition.key:
                    return binding
        sources = [one.source for one in self.bindings]
        raise RecordFault(
            f"Stream {self.stream}: match_on names {name}, which no property of the schema fills"
            f"{nearest(name, sources)}"
        )

    def _special(self, source: str, name: str) -> Binding | None:
        settings = self.settings
        foreign = self.options.foreign_ids
        if source == settings.external_id or (name == _EXTERNAL_ID and not settings.external_id):
            return Binding(source=source, place=Place.EXTERNAL_ID, name=_EXTERNAL_ID, encode=encode.text)
        if source == settings.id or (name == self.spec.key and not settings.id):
            place = Place.EXTERNAL_ID if foreign and not self.spec.chosen_key else Place.ID
            return Binding(source=source, place=place, name=self.spec.key, encode=encode.text)
        if name in _DELETE_MARKS:
            mark = encode.boolean if name == "is_deleted" else lambda _: True
            return Binding(source=source, place=Place.DELETED, name=name, encode=mark)
        return None

    def _place(self, column: str) -> Place:
        del column
        return Place.BODY

    def _declined(self, name: str) -> bool:
        return name.startswith("_") or name in self.dropped

    def _complete(self, draft: Draft, record: Mapping[str, object], extras: Mapping[str, object]) -> None:
        del record
        if self._shape is not None:
            SHAPES[self._shape](draft, extras)
        if self._file is not None and not extras.keys().isdisjoint({"content", "path", self._file}):
            file_part(draft, self._file, extras, self.options.files_dir)
        if self.write == "delete":
            draft.deleted = True
        if draft.body.get("status") == "deleted":
            draft.deleted = True
        for binding in self.match_bindings:
            value = (
                draft.custom.get(binding.name)
                if binding.place is Place.CUSTOM
                else draft.body.get(binding.name)
            )
            if value not in (None, "", []):
                draft.matches[binding.name] = value
        if draft.deleted and not (draft.id or draft.external_id or draft.matches):
            raise RecordFault(f"is to be deleted, but says neither {self.spec.key} nor external_id")

    def locks(self, draft: Draft) -> tuple[tuple[LockKey, ...], tuple[LockKey, ...]]:
        """The row itself under all its names, and rows it points at."""
        entity = self.spec.name
        owned: set[LockKey] = set()
        if draft.id is not None:
            owned.add((entity, draft.id))
        if draft.external_id is not None:
            owned.add((entity, f"ext:{draft.external_id}"))
        if draft.matches:
            owned.add((entity, f"match:{sorted((k, str(v).casefold()) for k, v in draft.matches.items())}"))
        if self.spec.parent is not None:
            above = draft.body.get(self.spec.parent)
            above = (
                above
                if above is not None
                else next(
                    (f"ext:{one.external_id}" for one in draft.references if one.column == self.spec.parent),
                    None,
                )
            )
            if above is not None:
                owned.add((entity, f"of:{above}"))
        return tuple(owned), tuple(self._needed(draft) - owned)


def plan_of(
    stream: str,
    properties: Mapping[str, Mapping[str, object]],
    settings: StreamSettings | None,
    options: Options,
    book: FieldBook,
) -> Plan | None:
    """The plan of a stream; None for one that is to be ignored.

    Raises:
        RecordFault: the stream or one of its properties is not known.
    """
    from target_pipedrive.settings import StreamSettings as Settings  # noqa: PLC0415 - a default, nothing more

    named = settings or Settings()
    plan: Plan
    if named.action or (not named.entity and snake(stream) in ACTIONS):
        name = snake(named.action or stream)
        if name not in ACTIONS:
            raise RecordFault(f"streams.{stream}: there is no action {name}{nearest(name, ACTIONS)}")
        plan = ActionPlan(ACTIONS[name], stream, named, options, book)
    elif named.entity or stream in ENTITIES:
        name = named.entity or stream
        if name not in ENTITIES:
            raise RecordFault(f"streams.{stream}: there is no entity {name}{nearest(name, ENTITIES)}")
        plan = EntityPlan(ENTITIES[name], stream, named, options, book)
    elif options.ignore_unknown_streams:
        return None
    else:
        raise RecordFault(
            f"Stream {stream} is neither an action nor an entity{nearest(stream, [*ACTIONS, *ENTITIES])}. Name it "
            "in `streams`, or set unknown_streams to ignore"
        )
    plan.bind(properties)
    return plan
