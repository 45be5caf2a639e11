"""A tap for DuckDB: the tables and views of a file, as streams named `schema-table`."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import duckdb
import sqlalchemy
from singer_sdk import typing as th
from singer_sdk.sql import SQLConnector, SQLStream, SQLTap
from singer_sdk.sql.connector import SQLToJSONSchema
from sqlalchemy.types import ARRAY, NullType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine.reflection import Inspector

ANYTHING = ("object", "array", "string", "number", "boolean", "null")
VIEWS_SCHEMA = "to_pipedrive"


class TypesOfDuckDB(SQLToJSONSchema):
    """Lists stay lists; structs, maps and JSON may be anything."""

    @functools.singledispatchmethod
    def to_jsonschema(self, column_type: Any) -> dict[str, Any]:  # noqa: ANN401  the SDK's signature
        """Return the JSON schema of a column."""
        if isinstance(column_type, ARRAY):
            return {"type": ["array", "null"], "items": self.to_jsonschema(column_type.item_type)}
        if isinstance(column_type, (NullType, sqlalchemy.JSON)):
            return {"type": list(ANYTHING)}
        return dict(super().to_jsonschema(column_type))


class DuckDBConnector(SQLConnector):
    """A file, opened for reading only, so that others may read it at the same time."""

    sql_to_jsonschema_converter = TypesOfDuckDB

    def get_sqlalchemy_url(self, config: dict[str, Any]) -> str:
        """Return address of the file."""
        return f"duckdb:///{config['filepath']}"

    def create_engine(self) -> sqlalchemy.Engine:
        """Return an engine that cannot write, once the views are made."""
        make_views(Path(self.config["filepath"]), self.config.get("views_dir"))
        return sqlalchemy.create_engine(self.sqlalchemy_url, connect_args={"read_only": True})

    def get_schema_names(self, engine: sqlalchemy.Engine, inspected: Inspector) -> list[str]:  # noqa: ARG002
        """Return the selected schemas, or all of the file."""
        own = f"{Path(self.config['filepath']).stem}."
        found = [name.removeprefix(own) for name in inspected.get_schema_names() if name.startswith(own)]
        return self.config.get("schemas") or found

    def discover_catalog_entries(
        self, *, exclude_schemas: Sequence[str] = (), reflect_indices: bool = False
    ) -> list[dict[str, Any]]:
        """Return tables and views, all selected, each once: the dialect lists all of them in both roles."""
        entries = super().discover_catalog_entries(
            exclude_schemas=exclude_schemas, reflect_indices=reflect_indices
        )
        for entry in entries:
            for item in entry["metadata"]:
                if not item["breadcrumb"]:
                    item["metadata"]["selected-by-default"] = True
        return list({entry["tap_stream_id"]: entry for entry in entries}.values())


class DuckDBStream(SQLStream):
    """One table or view."""

    connector_class = DuckDBConnector


class TapDuckDB(SQLTap):
    """The tap; `views_dir` lets it make the views it reads."""

    name = "tap-duckdb"
    default_stream_class = DuckDBStream
    config_jsonschema = th.PropertiesList(
        th.Property("filepath", th.StringType, required=True, description="The DuckDB file."),
        th.Property(
            "schemas", th.ArrayType(th.StringType), description="Schemas to read; left out, all of them."
        ),
        th.Property(
            "views_dir",
            th.StringType,
            description="Folder of queries: NAME.sql becomes the view `to_pipedrive.NAME` before it is read.",
        ),
    ).to_dict()


def make_views(path: Path, folder: str | None) -> None:
    """Make a view of each query in the folder.

    Raises:
        click.UsageError: the file or folder does not exist, or DuckDB rejects a query.
    """
    if not path.exists():
        raise click.UsageError(f"There is no DuckDB file {path}: load it first, or correct `filepath`.")
    if folder is None:
        return
    if not Path(folder).is_dir():
        raise click.UsageError(f"There is no folder {folder}: mend `views_dir`.")
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create schema if not exists {VIEWS_SCHEMA}")
        for query in sorted(Path(folder).glob("*.sql")):
            try:
                connection.execute(
                    f'create or replace view {VIEWS_SCHEMA}."{query.stem}" as {query.read_text()}'
                )
            except duckdb.Error as error:
                raise click.UsageError(f"DuckDB rejects {query}: {error}") from error


if __name__ == "__main__":
    TapDuckDB.cli()
