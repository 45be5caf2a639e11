"""Queries on the DuckDB warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

SCHEMA = "pipedrive"
OUTPUT = Path(__file__).resolve().parent.parent / "output" / "demo"
"""Folder for the results of the demo."""


@dataclass(frozen=True, slots=True)
class Response:
    """Columns and rows of a query."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A DuckDB file, opened only for the duration of a query."""

    path: Path

    def ask(self, sql: str, given: Sequence[object] = ()) -> Response:
        """Return the result of a query."""
        with duckdb.connect(str(self.path), read_only=True) as connection:
            response = connection.execute(sql, list(given))
            return Response([column[0] for column in response.description or ()], response.fetchall())

    def records(self, sql: str, given: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Return the rows of a query by column."""
        response = self.ask(sql, given)
        return [dict(zip(response.columns, row, strict=True)) for row in response.rows]

    def tables(self) -> list[str]:
        """Return names of the tables, sorted."""
        sql = "select table_name from information_schema.tables where table_schema = ? order by 1"
        return [row[0] for row in self.ask(sql, [SCHEMA]).rows]

    def rows(self, after: datetime | None = None) -> dict[str, int]:
        """Return the number of rows by table: all, or those loaded after a time."""
        if after is None:
            return self._of_each("count(*)")
        return self._of_each("count(*)", " where _sdc_batched_at > ?", after)

    def loaded_until(self) -> datetime | None:
        """Return the load time of the newest row, by the loader's clock; None if there are no rows."""
        moments = self._of_each("max(_sdc_batched_at)") if self.path.exists() else {}
        return max(filter(None, moments.values()), default=None)

    def _of_each(self, what: str, where: str = "", *given: object) -> dict[str, Any]:
        """Return one value per table, with one query: opening the file takes longer than reading it."""
        names = self.tables()
        if not names:
            return {}
        parts = [f"select '{name}', {what} from {SCHEMA}.\"{name}\"{where}" for name in names]  # noqa: S608  names of the catalog
        return dict(self.ask(" union all ".join(parts), [*given] * len(names)).rows)
