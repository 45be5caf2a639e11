"""What a stream's records become: compiled from its SCHEMA once, then applied to each record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_pipedrive import scalars
from target_pipedrive.binding import (
    Binding,
    Place,
    column_binding,
    custom_binding,
    nearest,
    refused,
    retired_binding,
    retired_reason,
    snake,
)
from target_pipedrive.custom_values import complete_parts
from target_pipedrive.faults import UNFORESEEN, RecordFault, unforeseen
from target_pipedrive.tasks import Draft
from target_pipedrive.wording import telling

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from target_pipedrive.customs import FieldBook
    from target_pipedrive.encode import Encoder
    from target_pipedrive.notation import Columns
    from target_pipedrive.settings import Options, StreamSettings
    from target_pipedrive.spec import RetiredInput
    from target_pipedrive.tasks import LockKey

EXTERNAL_ID = "external_id"
_CUSTOM_OBJECT = "custom_fields"


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
        labelled: columns of Pipedrive's own whose values are options, given by id or label.
        bindings: one per column of the stream that is written.
        not_written: columns that are dropped.
        retired_ignored: those among them that today's API cannot express.
    """

    entity_name = ""
    custom_fields: str | None = None
    aliases: Mapping[str, str]
    retired: Mapping[str, RetiredInput]
    dropped: frozenset[str] = frozenset()
    extras: frozenset[str] = frozenset()
    labelled: Collection[str] = ()

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
        self.retired_ignored: list[str] = []

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
            binding = column_binding(
                source, self._place(column), self.columns[column], foreign=self.options.foreign_ids
            )
            if column in self.labelled and self.custom_fields is not None:
                binding.encode = _by_label(self.book, self.custom_fields, column, binding.encode)
            return binding
        if name in self.dropped or name.startswith("_sdc_"):
            return None
        if snake(name) in self.extras:
            return Binding(source=source, place=Place.EXTRA, name=snake(name), encode=lambda value: value)
        for spelling in (name, snake(name)):
            if spelling in self.retired:
                return self._retired(source, self.retired[spelling])
        return self._custom(source, name, schema)

    def _retired(self, source: str, retired: RetiredInput) -> Binding | None:
        """Binding of an input that today's API cannot express: only values that change nothing pass.

        Raises:
            RecordFault: no value of it can be expressed, and `retired_inputs` is not `ignore`.
        """
        if self.options.ignore_retired_inputs:
            self.retired_ignored.append(source)
            return None
        if retired.neutral:
            return retired_binding(source, retired)
        raise refused(self.stream, source, retired_reason(retired))

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
                return Binding(source=source, place=Place.EXTRA, name=_CUSTOM_OBJECT, encode=scalars.mapping)
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
            f"is not known{nearest(name, known)}. Rename it, map it in `streams`, or set unknown_fields to "
            "ignore",
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
        draft = Draft(foreign=self.options.foreign_ids)
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
                if isinstance(value, str) and not value.strip():
                    binding.empty(draft)  # the empty cell of a sheet, where text has no place
                    continue
                raise fault.of_column(source, value if telling(self, binding, value) else None) from None
            except UNFORESEEN as error:
                raise unforeseen(error).of_column(source) from error
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
            for name, value in scalars.mapping(nested).items():  # type: ignore[attr-defined]  # a dict by now
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


def _by_label(book: FieldBook, entity: str, column: str, plain: Encoder) -> Encoder:
    """Options by id, and where that is none by label: definitions are read for those only."""

    def encoded(value: object) -> object:
        try:
            return plain(value)
        except RecordFault:
            if not isinstance(value, (str, list)):
                raise
            return book.option(entity, column, value)

    return encoded
