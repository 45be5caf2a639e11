"""Reverse ETL from DuckDB, PostgreSQL and a sheet: equal values in the types of each have the same effect."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from pipedrive_singer.column_names import slug
from tests.support import plugins
from tests.target.helpers import Loader

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("postgres")

DUCKDB = """
select 1 as id, 3::utinyint as owner_id, 1200.50::decimal(12, 2) as value, 12.5::float as margin,
       date '2026-01-05' as kick_off, timestamptz '2026-12-24 00:00:00+00' as expected_close_date,
       ['Acme', 'Umbrella, Inc.'] as competitors, 'gold'::varchar as tier, 'K-1' as contract_number,
       {'value': 99.95, 'currency': 'EUR'} as budget, '[1, 2]'::json as label_ids
union all
select 2, null, 0, null, null, null, [], null, null, null, null
"""
POSTGRES = """
select 1 as id, 3::smallint as owner_id, 1200.50::numeric(12, 2) as value, 12.5::real as margin,
       date '2026-01-05' as kick_off, timestamptz '2026-12-24 00:00:00+00' as expected_close_date,
       array['Acme', 'Umbrella, Inc.'] as competitors,
       'gold'::varchar(10) as tier, 'K-1'::text as contract_number,
       '{"value": 99.95, "currency": "EUR"}'::jsonb as budget, '[1, 2]'::json as label_ids
union all
select 2, null, 0, null, null, null, '{}', null, null, null, null
"""
SHEET = (
    "ID,Owner ID,Value,Margin,Kick off,Expected close date,Competitors,Tier,Contract number,Budget,"
    "Label IDs\n"
    '1,3,1200.50,12.5,2026-01-05,2026-12-24,"[""Acme"", ""Umbrella, Inc.""]",gold,K-1,'
    '"{""value"": 99.95, ""currency"": ""EUR""}","1,2"\n'
    "2,,0,,,,,,,,\n"
)
COLUMNS = {"owner_id": 3, "value": 1200.5, "expected_close_date": "2026-12-24", "label_ids": [1, 2]}
CUSTOM = {
    "margin": 12.5,
    "kick_off": "2026-01-05",
    "competitors": ["Acme", "Umbrella, Inc."],
    "tier": "Gold",
    "contract_number": "K-1",
    "budget": {"value": 99.95, "currency": "EUR"},
}
VIEW = "to_pipedrive-deals"


def tap(name: str, config: dict[str, Any], folder: Path, *, select: bool = False) -> list[dict[str, Any]]:
    """Output of a tap."""
    (folder / "config.json").write_text(json.dumps(config))
    command = [plugins.executable(name), "--config", str(folder / "config.json")]
    if select:
        catalog = json.loads(subprocess.run([*command, "--discover"], check=True, capture_output=True).stdout)
        for entry in catalog["streams"][0]["metadata"]:
            entry["metadata"]["selected"] = True
        (folder / "catalog.json").write_text(json.dumps(catalog))
        command += ["--catalog", str(folder / "catalog.json")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def from_duckdb(folder, _):
    views = folder / "views"
    views.mkdir()
    (views / "deals.sql").write_text(DUCKDB)
    duckdb.connect(str(folder / "crm.duckdb")).close()
    config = {**plugins.config("tap-duckdb"), "filepath": str(folder / "crm.duckdb"), "views_dir": str(views)}
    return tap("tap-duckdb", config, folder)


def from_postgres(folder, request):
    server = request.getfixturevalue("postgres_server")
    server.execute(f"create schema to_pipedrive; create view to_pipedrive.deals as {POSTGRES}")
    config = server.config(**plugins.config("tap-postgres"))
    return tap("tap-postgres", config, folder, select=True)


def from_a_sheet(folder, _):
    (folder / "deals.csv").write_text(SHEET)
    (file,) = plugins.config("tap-spreadsheets")["files"]
    config = {
        "files": [file | {"path": str(folder / "deals.csv"), "table_name": VIEW, "primary_keys": ["id"]}]
    }
    return tap("tap-spreadsheets", config, folder)


@pytest.mark.parametrize("source", [from_duckdb, from_postgres, from_a_sheet])
def test_values_of_every_type_are_written(source, request, small, tmp_path):
    messages = [one for one in source(tmp_path, request) if one["type"] != "STATE"]
    load = Loader(small.config(), tmp_path)
    streams = {VIEW: {"entity": "deals", "write": "update"}}
    run = load(messages, streams=streams)
    assert run.errors == []
    full, bare = (row for row in small.rows("deals") if row["id"] in (1, 2))
    assert {name: full[name] for name in COLUMNS} == COLUMNS
    fields = {slug(one["field_name"]): one for one in small.get("/api/v2/dealFields?limit=500")["data"]}
    assert {name: readable(full, fields[name]) for name in CUSTOM} == CUSTOM
    assert {name: readable(bare, fields[name]) for name in CUSTOM} == dict.fromkeys(CUSTOM)
    assert bare["value"] == 0
    assert set(load(messages, streams=streams).outcomes) == {"unchanged"}


def readable(row: dict[str, Any], field: dict[str, Any]) -> Any:
    """A custom field's value, with labels for options."""
    value = row["custom_fields"][field["field_code"]]
    labels = {one["id"]: one["label"] for one in field["options"] or ()}
    if isinstance(value, list):
        return sorted(labels[one] for one in value)
    return value if isinstance(value, dict) else labels.get(value, value)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (None, "There is no DuckDB file"),
        ("select x from nowhere", "DuckDB rejects"),
    ],
)
def test_tap_duckdb_reports_in_a_sentence_what_is_wrong(query, said, tmp_path):
    if query is not None:
        duckdb.connect(str(tmp_path / "crm.duckdb")).close()
        (tmp_path / "one.sql").write_text(query)
    config = {"filepath": str(tmp_path / "crm.duckdb"), "views_dir": str(tmp_path)}
    (tmp_path / "config.json").write_text(json.dumps(config))
    command = [plugins.executable("tap-duckdb"), "--config", str(tmp_path / "config.json"), "--discover"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert said in done.stderr
