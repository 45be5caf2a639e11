"""Columns of the rows of one read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tap_pipedrive.custom_fields.layouts import NestedPlan
    from tap_pipedrive.rows.deviations import Deviations
    from tap_pipedrive.values.column_types import ColumnType
    from tap_pipedrive.values.conversions import Convert


@dataclass(frozen=True, kw_only=True)
class RowColumns:
    """Columns of the rows of one read.

    Attributes:
        stream: name of the stream.
        declared: columns that the stream declares.
        keys: key columns.
        dropped: those that are not selected.
        adds: columns with a fixed value.
        made: columns that only the tap makes; a key of this name in a row is unknown.
        custom: columns of custom fields; None if the stream has no custom fields.
        types: types of the columns that do not accept any value.
        deviations: counts unknown keys.
    """

    stream: str
    declared: Collection[str]
    keys: Collection[str]
    dropped: Collection[str]
    adds: Mapping[str, object]
    made: Collection[str]
    custom: NestedPlan | None
    types: Mapping[str, ColumnType]
    deviations: Deviations

    def converter(self, column: str) -> Convert:
        """Return the function that converts values to the type of a column."""
        kind = self.types.get(column)
        return kind.convert if kind else lambda value: value
