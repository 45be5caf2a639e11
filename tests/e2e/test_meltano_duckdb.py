"""Meltano end to end: an account is loaded into DuckDB, and a second run reads only changes."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from demo.account import Account
from demo.stage import Run, Stage
from tap_pipedrive.catalog import STREAMS
from tests.support.plugins import link

# One worker runs them all, so that the pipeline runs once for each account.
pytestmark = pytest.mark.xdist_group("meltano")


@dataclass
class Story:
    stage: Stage
    first: Run
    before: dict[str, int]
    second: Run
    after: dict[str, int]


def tell(emulator, folder) -> Story:
    stage = Stage(folder, Account(emulator.url))
    link(folder / "meltano")
    first, before = stage.extract(), stage.account.rows()
    held = stage.warehouse.rows()
    assert {name: held.get(name, 0) for name in before} == before
    stage.account.live_a_little()
    second, after = stage.extract(), stage.account.rows()
    return Story(stage, first, before, second, after)


# The demo covers the same steps in each ordinary run of the tests.
@pytest.fixture(
    scope="module",
    params=[pytest.param("small", marks=pytest.mark.soak), pytest.param("medium", marks=pytest.mark.soak)],
)
def story(request, tmp_path_factory):
    emulator = request.getfixturevalue(f"_{request.param}")
    emulator.reset()
    return tell(emulator, tmp_path_factory.mktemp(request.param))


def test_tables_contain_the_rows_of_the_account(story):
    held = story.stage.warehouse.rows()
    assert {name: held.get(name, 0) for name in story.after} == story.after
    assert story.before["persons"] + 1 == story.after["persons"]


def test_no_row_is_repeated(story):
    for table in story.stage.warehouse.tables():
        keys = ", ".join(STREAMS[table].primary_keys)
        sql = f"select count(*) - count(distinct ({keys})) from pipedrive.{table}"
        assert story.stage.warehouse.ask(sql).rows == [(0,)], table


def test_the_second_run_loads_what_changed(story):
    lists = {name: rows for name, rows in story.second.rows.items() if rows and not STREAMS[name].parent}
    lists.pop("goals", None)
    assert lists == {"deals": 3, "organizations": 1, "persons": 1, "notes": 1}


def test_the_second_run_sends_one_request_for_each_incremental_list(story):
    for name, spec in STREAMS.items():
        if spec.selected_by_default and spec.replication_key and not spec.parent:
            assert story.second.traffic.by_stream[name][0] == len(spec.reads), name


def test_custom_fields_are_columns_by_their_names(story):
    sql = "select column_name, data_type from information_schema.columns where table_name = 'deals'"
    types = dict(story.stage.warehouse.ask(sql).rows)
    assert types["tier"] == "VARCHAR"
    assert types["budget"] == "DOUBLE"
    assert types["competitors"] == "JSON"
    tiers = story.stage.warehouse.ask("select distinct tier from pipedrive.deals where tier is not null").rows
    assert {tier for (tier,) in tiers} <= {"Gold", "Silver", "Bronze"}
