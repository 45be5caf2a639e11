"""Custom field values without a definition: their columns, and bookmarks to read them again.

A field or an option may be newer than the definitions that Pipedrive returns. Its values are then emitted by
key, as text, or by option id. The state remembers where they were read, so that the next run reads them again
if they are defined by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec

from pipedrive_client.fields import HASH_KEY
from tap_pipedrive.catalog.spec import RowForm

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pipedrive_client.fields import FieldDefinition
    from tap_pipedrive.catalog.spec import JSON

Memo: TypeAlias = "dict[str, object]"
FIELD_TYPE = "unknown"
_KEY_LENGTH = 40
_STATE = "unresolved"


class UnresolvedFields:
    """Keys in the rows of a stream that have no definition.

    A key is the name under which a row has the value: in v1 rows it may have the suffix of a part.

    Args:
        apart: whether the columns need names that no defined field can take, since those are named by key.

    Attributes:
        columns: column of each key that had a value; it stays declared until the run ends.
        empty: keys that had nulls only.
    """

    def __init__(self, *, apart: bool) -> None:
        self._suffix = f"_{FIELD_TYPE}" if apart else ""
        self.columns: dict[str, str] = {}
        self.empty: set[str] = set()
        self._defined: set[str] = set()
        self._found: set[str] = set()

    @property
    def sources(self) -> dict[str, UnresolvedValue]:
        """Columns of the keys that still have no definition, by key."""
        return {
            key: UnresolvedValue(key, column, self._found)
            for key, column in self.columns.items()
            if key[:_KEY_LENGTH] not in self._defined
        }

    @property
    def properties(self) -> dict[str, JSON]:
        """JSON-schema properties of the columns."""
        return {
            column: {
                "type": ["string", "null"],
                "description": "Values of a custom field without a definition; other JSON values as text.",
                "x-pipedrive": {"key": key[:_KEY_LENGTH], "name": key, "field_type": FIELD_TYPE},
            }
            for key, column in self.columns.items()
        }

    def new(self, rows: Iterable[Mapping[str, object]], known: set[str], form: RowForm) -> dict[str, bool]:
        """Return keys in rows that have no column, each with True if a row has a value for it."""
        return {
            key: has_value
            for key, has_value in _unknown_keys(rows, known, form).items()
            if key not in self.columns and (has_value or key not in self.empty)
        }

    def take(self, keys: Mapping[str, bool], defined: set[str]) -> list[str]:
        """Assign a column to each key with a value and without a definition; return these keys, sorted."""
        self._defined = defined
        left = [key for key in sorted(keys) if key[:_KEY_LENGTH] not in defined]
        self.empty.update(left)
        valued = [key for key in left if keys[key]]
        for key in valued:
            prefix = "" if HASH_KEY.match(key) else "custom_field_"
            self.columns[key] = f"{prefix}{key}{self._suffix}"
        self.empty.difference_update(valued)
        return valued

    def note_option(self, key: str, one: object) -> None:
        """Note an option id that was emitted in place of a label."""
        self._found.add(f"{key}:{one}")

    def take_found(self) -> set[str]:
        """Return the keys, and `key:option id`, that were emitted since the last call."""
        found = set(self._found)
        self._found.clear()
        return found


class UnresolvedValue:
    """Converter that emits the values of one key as text and records that there was one.

    Attributes:
        column: column that the values are written to.
    """

    def __init__(self, key: str, column: str, found: set[str]) -> None:
        self._key = key
        self._found = found
        self.column = column

    def label(self, value: object) -> object:
        """Return a text as it is, anything else as JSON."""
        if value is None:
            return None
        self._found.add(self._key)
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()

    read_labels = read_ids = label


def remember(memo: Memo, found: Collection[str]) -> None:
    """Keep, in the state of a read, the bookmark from which rows with these keys and options are read again.

    Must be called before the bookmark advances over the page.
    """
    kept = memo.get(_STATE)
    if not isinstance(kept, dict):
        kept = memo[_STATE] = {}
    for one in sorted(found):
        kept.setdefault(one, memo.get("since") or "")


def remembers(memo: Memo) -> bool:
    """Return whether the state of a read has keys or options without a definition."""
    return bool(memo.get(_STATE))


def rewind(memo: Memo, definitions: Iterable[FieldDefinition]) -> list[str]:
    """Set a bookmark back to the rows whose keys or options are defined by now; return these, sorted.

    What is still not defined was emitted by key or id, and is forgotten.
    """
    kept = memo.pop(_STATE, None)
    known: set[str] = set()
    for definition in definitions:
        known |= {definition.key, *(f"{definition.key}:{one}" for one in definition.options)}
    resolved: dict[str, str] = {}
    for one, since in kept.items() if isinstance(kept, dict) else ():
        if (one if ":" in one else one[:_KEY_LENGTH]) in known:
            resolved[one] = str(since or "")
    if resolved:
        since = min(resolved.values())
        for name in ("since", "seen", "pages", "length"):
            memo.pop(name, None)
        if since:
            memo["since"] = since
    return sorted(resolved)


def _unknown_keys(rows: Iterable[Mapping[str, object]], known: set[str], form: RowForm) -> dict[str, bool]:
    found: dict[str, bool] = {}
    if form is RowForm.V2:
        for row in rows:
            values = row.get("custom_fields")
            if isinstance(values, dict):
                for key in values.keys() - known:
                    found[key] = found.get(key, False) or values[key] is not None
        return found
    rows = list(rows)
    for columns in {tuple(row) for row in rows}:
        for name in columns:
            if HASH_KEY.match(name) and name[:_KEY_LENGTH] not in known and name not in found:
                found[name] = any(row.get(name) is not None for row in rows)
    return found
