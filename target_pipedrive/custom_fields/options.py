"""Options of single- and multi-option fields, matched by label or id, and created if allowed."""

from __future__ import annotations

import difflib
import re
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipedrive_client import Rejected
from pipedrive_client.fields import FIELD_LISTS
from target_pipedrive.record.created import Created
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values import scalars
from target_pipedrive.values.identity import clean, is_blank

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from pipedrive_client import PipedriveClient
    from pipedrive_client.fields import FieldDefinition
    from target_pipedrive.record.created import Creations

_SEPARATORS = re.compile(r"[,;]")
_SHOWN = 10
_LABELS = "label_ids"
_WITH_LABELS = frozenset({"deal", "person", "organization"})
"""Entities with labels that can be added like custom options. Source: guide "Working with labels"."""


def label_key(label: str) -> str:
    """Return the form in which labels are compared: without case and extra spaces."""
    return " ".join(clean(label).split()).casefold()


def split_labels(text: str, known: Collection[str]) -> list[str]:
    """Return the labels in a text that joins them with commas or semicolons.

    A label may contain such a sign itself, so the longest sequence of pieces that is a known label counts as
    one; a piece without a match is a label of its own.

    Args:
        text: text of one cell.
        known: keys of the existing labels.
    """
    ends = [match.start() for match in _SEPARATORS.finditer(text)] + [len(text)]
    found, start, at = [], 0, 0
    while at < len(ends):
        last = next(
            (one for one in range(len(ends) - 1, at, -1) if label_key(text[start : ends[one]]) in known), at
        )
        piece = text[start : ends[last]].strip()
        if piece:
            found.append(piece)
        start, at = ends[last] + 1, last + 1
    return found


def may_grow(entity: str, definition: FieldDefinition) -> bool:
    """Return whether options can be added to an entity's field."""
    return definition.is_custom or (definition.key == _LABELS and entity in _WITH_LABELS)


class FieldOptions:
    """Option ids by label; thread-safe.

    Args:
        client: adds options.
        current: returns the latest definition of a field.
        reread: reads the definitions of an entity again.
        creations: gets the options that are added.
        create: True if unknown labels are added to custom fields, and to the labels of rows.
        dry_run: True if options are not really added.
    """

    def __init__(
        self,
        client: PipedriveClient,
        current: Callable[[str, FieldDefinition], FieldDefinition],
        reread: Callable[[str], None],
        creations: Creations,
        *,
        create: bool,
        dry_run: bool,
    ) -> None:
        self._client = client
        self._current = current
        self._reread = reread
        self._creations = creations
        self._create = create
        self._dry_run = dry_run
        self._lock = threading.RLock()
        self._labels: dict[tuple[str, str], dict[str, int]] = {}
        self._created: dict[tuple[str, str], dict[object, str]] = {}
        self._refused: dict[tuple[str, str, str], str] = {}

    def forget(self, entity: str) -> None:
        """Drop the cached options of an entity's fields."""
        with self._lock:
            for place in [one for one in self._labels if one[0] == entity]:
                del self._labels[place]

    def several(self, entity: str, definition: FieldDefinition, value: object) -> list[int] | None:
        """Return the ids of a list of options, or of a text with joined labels; None without an option.

        Raises:
            RecordFault: the option does not exist.
        """
        value = scalars.from_json_text(value)
        if isinstance(value, str):
            value = split_labels(value, self._known(entity, definition))
        entries = value if isinstance(value, list) else [value]
        # Pipedrive rejects an empty list; null empties a set.
        found = [self.one(entity, definition, entry) for entry in entries if not is_blank(entry)]
        return list(dict.fromkeys(found)) or None

    def one(self, entity: str, definition: FieldDefinition, value: object) -> int:
        """Return the id of an option given by label or id.

        Raises:
            RecordFault: the option does not exist.
        """
        if isinstance(value, list):
            raise RecordFault("must be one option, not a list")
        if isinstance(value, Mapping):
            value = value.get("id", value.get("label"))
        if isinstance(value, bool):
            value = "Yes" if value else "No"
        known = self._known(entity, definition)
        word = clean(str(value))
        by_label = known.get(label_key(word))
        if by_label is not None and isinstance(value, str):
            return by_label
        number = word.removesuffix(".0")
        if number.isdigit() and int(number) in known.values():
            return int(number)
        if by_label is not None:
            return by_label
        if self._create and may_grow(entity, definition) and word and isinstance(value, str):
            return self._added(entity, definition, word)
        raise RecordFault(self._unknown(entity, definition, word), value=word)

    def _added(self, entity: str, definition: FieldDefinition, label: str) -> int:
        """Add an option and return its id; a label that Pipedrive rejected is not sent again.

        Raises:
            RecordFault: Pipedrive rejects the label.
        """
        place = entity, definition.key, label_key(label)
        with self._lock:
            if place not in self._refused:
                try:
                    return self.add(entity, definition, [label])[0]
                except Rejected as error:
                    self._refused[place] = str(error)
            why = self._refused[place]
        raise RecordFault(
            f"cannot be added as an option: {why}. Correct the label, or leave the column out", value=label
        )

    def add(self, entity: str, definition: FieldDefinition, labels: list[str]) -> list[int]:
        """Add the missing options of a field with one request, and return the ids of all given ones.

        The definitions are not read again: the response contains the new ids.
        """
        with self._lock:
            known = self._known(entity, definition)
            missing = {label_key(one): one for one in reversed(labels) if label_key(one) not in known}
            if missing and self._dry_run:
                known |= {key: -1 - len(known) - at for at, key in enumerate(missing)}
            elif missing:
                self._post(entity, definition, [missing[key] for key in reversed(missing)], known)
            if missing:
                known = self._known(entity, definition)
                made = self._created.setdefault((entity, definition.key), {})
                made |= {known[key]: label for key, label in missing.items() if key in known}
                for label in reversed(missing.values()):
                    self._creations.add(
                        Created(kind="option", entity=entity, field=definition.name, label=label)
                    )
            return [self._known(entity, definition)[label_key(one)] for one in labels]

    def created(self, entity: str, key: str, number: object) -> str:
        """Return the label of an option that this run created, or nothing."""
        return self._created.get((entity, key), {}).get(number, "")

    def _post(
        self, entity: str, definition: FieldDefinition, labels: list[str], known: dict[str, int]
    ) -> None:
        path = f"{FIELD_LISTS[entity]}/{definition.key}/options"
        body = [{"label": one} for one in labels]
        response = self._client.request("POST", path, json=body, cost=5, label=f"{entity}_fields").json()
        data = response.get("data") if isinstance(response, dict) else None
        known |= _ids(data if isinstance(data, list) else ())
        if any(label_key(one) not in known for one in labels):
            self._reread(entity)
            del self._labels[entity, definition.key]

    def _known(self, entity: str, definition: FieldDefinition) -> dict[str, int]:
        """Return option ids by the key of their label, including those added in this run."""
        with self._lock:
            place = entity, definition.key
            if place not in self._labels:
                options = self._current(entity, definition).options
                found: dict[str, int] = {}
                for number, label in options.items():
                    found.setdefault(label_key(label), number)
                self._labels[place] = found
            return self._labels[place]

    def _unknown(self, entity: str, definition: FieldDefinition, word: str) -> str:
        labels = {label_key(label): label for label in self._current(entity, definition).options.values()}
        near = [labels[one] for one in difflib.get_close_matches(label_key(word), labels, n=3)]
        shown = ", ".join(near or list(labels.values())[:_SHOWN])
        kind = "nearest" if near else "known"
        # A misspelt label of a row only needs the right spelling.
        wanted = definition.is_custom or (not near and may_grow(entity, definition))
        more = "; or set create_options" if wanted else ""
        return f"has no such option; {kind}: {shown or 'none'}{more}"


def _ids(options: Iterable[object]) -> dict[str, int]:
    """Return option ids by the key of their label, from rows of a response."""
    return {
        label_key(str(one["label"])): one["id"]
        for one in options
        if isinstance(one, dict) and isinstance(one.get("id"), int) and one.get("label") is not None
    }


def options_of(holder: Mapping[str, object]) -> list[tuple[object, str]]:
    """Return number and label of each option."""
    options = holder.get("options")
    return [
        (one["id"], str(one.get("label")))
        for one in (options if isinstance(options, list) else ())
        if isinstance(one, Mapping) and one.get("id") is not None
    ]
