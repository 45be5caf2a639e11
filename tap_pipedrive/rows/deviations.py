"""Values and keys in rows that do not fit any column, counted during a run and reported at its end."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from pipedrive_client import PipedriveError
from tap_pipedrive.settings import UnknownColumns

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable

    from tap_pipedrive.catalog.spec import JSON

UNKNOWN = "_unknown"
"""Column that contains unknown keys, with the setting `unknown_columns: keep`."""
UNKNOWN_COLUMN: dict[str, JSON] = {
    UNKNOWN: {
        "type": ["object", "null"],
        "additionalProperties": True,
        "description": "Keys sent by Pipedrive that this version of the tap does not know.",
    }
}
_WORDS = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}
_MOST_NAMED = 20
_LONGEST_KEY = 60


class RowWithoutKeyError(PipedriveError):
    """Rows that were not emitted, because they have no value for a key column."""


class Deviations:
    """Counters of values and keys that do not fit the columns, by stream.

    Args:
        logger: receives one warning for each column and for the unknown keys of each stream.
        unknown_columns: setting `unknown_columns`.
    """

    def __init__(self, logger: logging.Logger, unknown_columns: UnknownColumns) -> None:
        self._logger = logger
        self.keeps = unknown_columns is UnknownColumns.KEEP
        self._lost: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._shortened: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._unknown: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._without_key: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._without_parent: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)

    def lose(self, stream: str, column: str, value: object) -> None:
        """Count a value that does not fit its column and became null."""
        self._lost[stream, column][_word(value)] += 1

    def shorten(self, stream: str, column: str, value: object) -> None:
        """Count an object of which only the id was emitted."""
        if isinstance(value, dict):
            used = "value" if "value" in value else "id"
            self._shortened[stream, column].update(key for key in value if key != used)

    def leave_out(self, stream: str, column: str, value: object) -> None:
        """Count a row that is not emitted, because its value does not fit a key column."""
        self._without_key[stream, column][_word(value)] += 1

    def leave_parent_out(self, stream: str, column: str, value: object) -> None:
        """Count a row whose child rows in this stream cannot be requested, because its key is unusable."""
        self._without_parent[stream, column][_word(value)] += 1

    def count(self, stream: str, keys: Iterable[str]) -> None:
        """Count keys of a row that have no column."""
        self._unknown[stream].update([*keys])

    def warn(self) -> None:
        """Log a warning for each column with values that became null and each stream with unknown keys."""
        for (stream, column), kinds in self._lost.items():
            self._logger.warning(
                "Column %s of %s: %s of another type than in the SCHEMA could not be converted and became "
                "null (%s)",
                column,
                stream,
                _number(kinds.total(), "value"),
                _listed(kinds),
            )
        for (stream, column), keys in self._shortened.items():
            self._logger.warning(
                "Column %s of %s: Pipedrive sent objects, of which only the id was emitted (keys left out, "
                "with the number of objects: %s)",
                column,
                stream,
                _listed(keys),
            )
        for stream, keys in self._unknown.items():
            what = (
                f"they are in column {UNKNOWN}" if self.keeps else "set unknown_columns to keep to emit them"
            )
            self._logger.warning(
                "Stream %s: Pipedrive sends keys that this version of the tap does not know (with the number "
                "of records): %s; %s",
                stream,
                _listed(keys),
                what,
            )
        self._lost.clear()
        self._shortened.clear()
        self._unknown.clear()

    def error(self) -> RowWithoutKeyError | None:
        """Return the error of the rows that were not emitted; None if all were."""
        missing = [
            f"{_number(kinds.total(), 'row')} of {stream} without a usable value in the key column {column} "
            f"({_listed(kinds)})"
            for (stream, column), kinds in self._without_key.items()
        ]
        missing += [
            f"the {stream} of {_number(kinds.total(), 'parent')} without a usable {column} ({_listed(kinds)})"
            for (stream, column), kinds in self._without_parent.items()
        ]
        if not missing:
            return None
        return RowWithoutKeyError(
            f"Pipedrive sent rows without a key, so these were not emitted: {'; '.join(missing)}. Bookmarks "
            "stay before these rows, and each run requests them again until they have a key. If this "
            "persists, report it to Pipedrive, or deselect the streams."
        )


def _word(value: object) -> str:
    return _WORDS.get(value.__class__, "value")


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _shown(name: str) -> str:
    """Return a key as it can be part of one line."""
    short = name if len(name) <= _LONGEST_KEY else f"{name[:_LONGEST_KEY]}…"
    return short if short and short.isprintable() else json.dumps(short)


def _listed(counts: Counter[str]) -> str:
    named = [f"{_shown(name)} {count}" for name, count in counts.most_common(_MOST_NAMED)]
    more = len(counts) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")
