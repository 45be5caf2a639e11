"""Streams whose records are rows of an entity."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from target_pipedrive import encode
from target_pipedrive.actions import ACTIONS
from target_pipedrive.binding import Binding, Place, nearest
from target_pipedrive.faults import RecordFault
from target_pipedrive.plan import EXTERNAL_ID, Plan
from target_pipedrive.shapes import FILE_EXTRAS, SHAPES, file_part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.customs import FieldBook
    from target_pipedrive.notation import Column
    from target_pipedrive.settings import Options, StreamSettings
    from target_pipedrive.spec import EntitySpec
    from target_pipedrive.tasks import Draft, LockKey

_DELETE_MARKS = frozenset({"_sdc_deleted_at", "is_deleted"})


class EntityPlan(Plan):
    """A stream whose records are rows of an entity: found, compared, and then added, changed or deleted."""

    def __init__(
        self, spec: EntitySpec, stream: str, settings: StreamSettings, options: Options, book: FieldBook
    ) -> None:
        self.add = ACTIONS[spec.add] if spec.add else None
        self.update = ACTIONS[spec.update] if spec.update else None
        self.delete = ACTIONS[spec.delete] if spec.delete else None
        columns: dict[str, Column] = {}
        for action in (self.update, self.add):
            columns |= dict(action.body_columns) if action else {}
        for action in (self.add, self.update, self.delete):
            for name, column in (action.path_columns if action else {}).items():
                mapped = spec.path.get(name, name)
                if mapped != spec.key:
                    columns.setdefault(mapped, replace(column, name=mapped))
        super().__init__(stream, settings, options, book, columns)
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
                    f"Stream {self.stream}: to {self.write} {self.spec.name} it needs {self.spec.key}, "
                    "external_id or match_on"
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

    def _binding(self, source: str, name: str, schema: Mapping[str, object]) -> Binding | None:
        if self.options.foreign_ids and name == "label_ids" and not self.spec.flat_custom_fields:
            return None  # numbers of another account's options
        return super()._binding(source, name, schema)

    def _special(self, source: str, name: str) -> Binding | None:
        settings = self.settings
        foreign = self.options.foreign_ids
        if source == settings.external_id or (name == EXTERNAL_ID and not settings.external_id):
            return Binding(source=source, place=Place.EXTERNAL_ID, name=EXTERNAL_ID, encode=encode.text)
        if source == settings.id or (name == self.spec.key and not settings.id):
            place = Place.EXTERNAL_ID if foreign and not self.spec.chosen_key else Place.ID
            return Binding(source=source, place=place, name=self.spec.key, encode=encode.text)
        if name in self.spec.matchable.split() and name in self.match_on:
            return Binding(source=source, place=Place.MATCH, name=name, encode=encode.text)
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
            if binding.place is Place.MATCH:
                continue
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
