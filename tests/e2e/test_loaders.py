"""Streams, loaded twice by the loaders of meltano.yml: nothing is lost, doubled or changed."""

from __future__ import annotations

import json
import re
import subprocess
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from demo.account import Account
from tap_pipedrive.catalog import STREAMS
from tests.support import evidence, plugins
from tests.support.campaign import Campaign, base_rows
from tests.support.settings import ALL_STREAMS, wake
from tests.support.singer import Output, run_tap
from tests.tap.test_live_rows import readings as live_readings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("postgres")

Row = dict[str, Any]
TYPED = ("deal_changes", "deals", "persons", "recents")
"""Streams with columns of every type, which are always loaded."""
SAMPLE = [name for name in STREAMS if name in TYPED or not zlib.crc32(name.encode()) % 4]
"""A loader's tables cost more than their rows, so `make test` loads a fourth of them, `make soak` all."""
LIVE = ("deals", "organizations", "deal_field_attributes", "persons")
"""Streams of which rows in the forms of live accounts are loaded, and of the last one mutated rows."""
_TROUBLE = re.compile(r"\b(WARN(ING)?|ERROR|CRITICAL)\b|Traceback", re.IGNORECASE)


@dataclass
class Reading:
    """Two full runs of the tap, the second after some changes, and the account's rows at that time."""

    streams: list[str]
    first: Output
    second: Output
    held: dict[str, int]
    schemas: dict[str, Row] = field(default_factory=dict)
    rows: dict[str, dict[tuple[str, ...], Row]] = field(default_factory=lambda: defaultdict(dict))

    def __post_init__(self) -> None:
        for output in (self.first, self.second):
            for message in output.messages:
                if message["type"] == "SCHEMA":
                    self.schemas[message["stream"]] = message["schema"]["properties"]
                elif message["type"] == "RECORD":
                    name, record = message["stream"], message["record"]
                    self.rows[name][self.key(name, record)] = record

    @staticmethod
    def key(name: str, row: Row) -> tuple[str, ...]:
        return tuple(str(row[key]) for key in STREAMS[name].primary_keys)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(SAMPLE, id="sample"),
        pytest.param(LIVE, id="rows of live accounts"),
        pytest.param([*STREAMS], id="all", marks=pytest.mark.soak),
    ],
)
def reading(request, _small, tmp_path_factory):
    if request.param is LIVE:
        return live_rows()
    _small.reset()
    wake(_small)
    config = _small.config(files_dir=str(tmp_path_factory.mktemp("files")), **ALL_STREAMS)
    first = run_tap(config, *request.param)
    account = Account(_small.url)
    account.live_a_little()
    second = run_tap(config, *request.param, state=first.state)
    held = {name: count for name, count in account.rows().items() if name in request.param}
    return Reading(request.param, first, second, held)


def live_rows() -> Reading:
    """Rows in the forms that live accounts send, and rows with values of every kind, loaded twice."""
    forms = evidence.read([one for one in live_readings() if one.stream in LIVE], unknown_columns="keep")
    spec = STREAMS[LIVE[-1]]
    mutated = Campaign.of(spec, base_rows(spec)[0], most=300, seed=1).run().out
    found = Output([*mutated.messages, *forms.messages])
    return Reading(sorted(LIVE), found, found, {})


def load(command: str, config: Row, folder: Path, output: Output) -> None:
    """Pipe messages into a loader, which must not log any problem."""
    settings = folder / "config.json"
    settings.write_text(json.dumps(config))
    done = subprocess.run(
        [command, "--config", str(settings)],
        input="".join(json.dumps(one) + "\n" for one in output.messages),
        capture_output=True, text=True, check=False, cwd=folder,
    )  # fmt: skip
    trouble = [line for line in done.stderr.splitlines() if _TROUBLE.search(line)]
    assert (done.returncode, trouble) == (0, []), done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == output.state


@pytest.fixture(scope="module")
def in_duckdb(reading, tmp_path_factory):
    """Rows by table in DuckDB."""
    folder = tmp_path_factory.mktemp("duckdb")
    config = plugins.config("target-duckdb") | {"filepath": str(folder / "warehouse.duckdb")}
    for output in (reading.first, reading.second):
        load(plugins.executable("target-duckdb"), config, folder, output)
    with duckdb.connect(config["filepath"], read_only=True) as connection:
        schema = config["default_target_schema"]
        tables = connection.execute(
            "select table_name from information_schema.tables where table_schema = ?", [schema]
        )
        found = {}
        for (name,) in tables.fetchall():
            answer = connection.execute(f'from {schema}."{name}"')
            columns = [column[0] for column in answer.description]
            found[name] = [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]
    return found


@pytest.fixture(scope="module")
def in_postgres(reading, postgres_server, tmp_path_factory):
    """Rows by table in PostgreSQL."""
    folder = tmp_path_factory.mktemp("postgres")
    server = postgres_server  # of all tests, so the tables are dropped
    config = server.config(**plugins.config("target-postgres"))
    for output in (reading.first, reading.second):
        load(plugins.executable("target-postgres"), config, folder, output)
    schema = config["default_target_schema"]
    names = server.ask(f"select table_name from information_schema.tables where table_schema = '{schema}'")
    every = " union all ".join(
        f"select '{name}' as name, (select json_agg(one) from {schema}.\"{name}\" one) as rows"
        for name in (row["table_name"] for row in names)
    )
    found = {table["name"]: table["rows"] or [] for table in server.ask(every)}
    server.execute(f"drop schema {schema} cascade")
    return found


@pytest.fixture(params=[pytest.param("in_duckdb", marks=pytest.mark.soak), "in_postgres"])
def tables(request):
    return request.getfixturevalue(request.param)


def test_every_stream_is_a_table_that_contains_each_row_once_as_it_was_sent(reading, tables):
    assert set(tables) == set(reading.streams)
    for name, rows in tables.items():
        columns = reading.schemas[name]
        sent = {reading.key(name, row): row for row in map(plain(columns), reading.rows[name].values())}
        held = {reading.key(name, row): row for row in map(plain(columns), rows)}
        assert len(rows) == len(held), name
        assert held == sent, name


def test_tables_contain_the_rows_of_the_account(reading, tables):
    assert {name: len(tables[name]) for name in reading.held} == reading.held


def test_columns_in_postgres_have_the_right_types(reading, in_postgres):
    deals = in_postgres["deals"]
    if reading.held:
        deal = next(row for row in deals if row["competitors"] and row["budget"])
        assert isinstance(deal["competitors"], list)
        assert isinstance(deal["budget"], float)
    assert {type(row["value"]) for row in deals} <= {float, type(None)}
    assert int in {type(row["id"]) for row in deals}


def plain(columns: Row) -> Callable[[Row], Row]:
    """Convert rows of the tap and of the warehouses to the same form.

    Loaders store times without their zone, and target-duckdb stores JSON as text and no empty text.
    """

    def value_of(value: Any, schema: Row) -> Any:
        if value in (None, ""):
            return None
        if schema.get("format") == "date-time":
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        if isinstance(value, str) and {"array", "object"} & set(schema["type"]):
            return json.loads(value)
        return value

    return lambda row: {name: value_of(row.get(name), schema) for name, schema in columns.items()}
