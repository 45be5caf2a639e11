"""Readable column names: the name in the input, otherwise the label of the field; never a hash key."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from pipedrive_client import PipedriveError
from pipedrive_client.fields import HASH_KEY
from target_pipedrive.catalog.names import folded, plain, snake
from target_pipedrive.custom_fields.options import label_key
from target_pipedrive.mapping.columns.binding import Place, squashed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from target_pipedrive.custom_fields.registry import FieldRegistry
    from target_pipedrive.mapping.columns.binding import Binding

FIELD_KEY = re.compile(r"(?:custom_fields\.)?(?<![0-9A-Za-z])([0-9a-f]{40})(?![0-9A-Za-z])")
_LONG = 40
_MOST_CACHED = 1000
_SPECIAL = {Place.EXTERNAL_ID: "external_id", Place.DELETED: "is_deleted"}


class ColumnNames:
    """Names of the columns of one stream.

    Args:
        bindings: the bound columns of the stream.
        registry: custom fields of the account.
        custom_fields: entity whose custom fields the records may have.
    """

    def __init__(
        self, bindings: Sequence[Binding], registry: FieldRegistry, custom_fields: str | None
    ) -> None:
        self._registry = registry
        self._custom_fields = custom_fields
        self._sources = _sources(bindings)
        self._labels: Mapping[str, str] | None = None
        self._named: dict[tuple[str, ...], tuple[str, ...]] = {}

    def named(self, fields: Iterable[str]) -> tuple[str, ...]:
        """Return the names of Pipedrive's columns, custom fields given by key, each name once.

        Args:
            fields: names of Pipedrive's columns, and keys of custom fields.
        """
        columns = tuple(fields)
        names = self._named.get(columns)
        if names is None:
            names = tuple(dict.fromkeys(map(self.name, columns)))
            if len(self._named) < _MOST_CACHED:  # records of a stream rarely have other columns
                self._named[columns] = names
        return names

    def name(self, field: str) -> str:
        """Return the name of one of Pipedrive's columns, or of the custom field with this key."""
        return self.without_keys(self._sources.get(field, field))

    def without_keys(self, text: str) -> str:
        """Return the text with the keys of custom fields replaced by names."""
        return FIELD_KEY.sub(lambda match: self._of_key(match[1]), text) if len(text) >= _LONG else text

    def _of_key(self, key: str) -> str:
        source = self._sources.get(key)
        if source is not None and not HASH_KEY.match(source):
            return source
        if self._labels is None:
            self._labels = {}
            if self._custom_fields is not None:
                with suppress(PipedriveError):  # the original outcome must be reported
                    definitions = self._registry.definitions(self._custom_fields)
                    self._labels = {one.key: one.name for one in definitions}
        return self._labels.get(key, "a custom field")


def _sources(bindings: Iterable[Binding]) -> dict[str, str]:
    """Return the map from columns of Pipedrive and keys of custom fields to columns of the input.

    A column of a part is included only if it is the only one of its field.
    """
    sources: dict[str, str] = {}
    parts: dict[str, list[str]] = {}
    for binding in bindings:
        if binding.place is Place.PART:
            parts.setdefault(binding.name, []).append(binding.source)
            continue
        sources.setdefault(binding.name, binding.source)
        if binding.place in _SPECIAL:
            sources.setdefault(_SPECIAL[binding.place], binding.source)
    for name, several in parts.items():
        if len(several) == 1:
            sources.setdefault(name, several[0])
    return sources


def same_column(given: str | None, source: str) -> bool:
    """Return whether a setting contains this column."""
    return given is not None and folded(given) == folded(source)


def special_name(name: str, known: Collection[str], registry: FieldRegistry, entity: str | None) -> str:
    """Return the special name that is meant, such as `external_id` by `External ID`; or an empty text.

    A name of several words that is the label of a custom field means that field.

    Args:
        name: of a column or field.
        known: the special names.
        registry: custom fields.
        entity: entity with these fields; None without any.
    """
    found = snake(name)
    if found not in known:
        return ""
    several = {" ", "-"} & set(plain(name))
    labels = registry.definitions(entity) if entity is not None and several else ()
    return "" if any(label_key(one.name) == label_key(name) for one in labels) else found


def by_squashed_name(aliases: Mapping[str, str], columns: Iterable[str]) -> dict[str, str]:
    """Return columns by their names and aliases without case and separators, where these are unambiguous."""
    found: dict[str, str] = {}
    doubtful = set()
    for name, column in (*aliases.items(), *((one, one) for one in columns)):
        if found.setdefault(squashed(name), column) != column:
            doubtful.add(squashed(name))
    return {name: column for name, column in found.items() if name not in doubtful}
