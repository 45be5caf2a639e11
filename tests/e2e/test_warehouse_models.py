"""The dbt models over a loaded account: their figures match the account, on DuckDB and PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter, defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.support import plugins
from tests.support.postgres import Postgres
from tests.support.singer import run_tap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.emulator import Emulator

pytestmark = pytest.mark.xdist_group("models")

Row = dict[str, Any]
STREAMS = (
    "activities", "activity_types", "deal_changes", "deal_fields", "deals", "organizations", "persons",
    "pipelines", "stages", "users",
)  # fmt: skip
ADDED, MOVED, MOVED_ON, WON, LATER = (
    "2026-07-01T09:00:00Z", "2026-07-03T09:00:00Z", "2026-07-08T09:00:00Z", "2026-07-09T21:00:00Z",
    "2026-07-20T09:00:00Z",
)  # fmt: skip


@dataclass
class Built:
    """The models, built over an account with the deals `won` and `still`."""

    account: Emulator
    ask: Callable[[str], list[Row]]
    won: int
    still: int
    said: str

    def table(self, name: str) -> list[Row]:
        rows = self.account.rows(name)
        return [row for row in rows if not row.get("is_deleted")]


def live(account: Emulator) -> tuple[int, int]:
    """Add two deals: one moves through three stages and is won, the other does not move."""

    def at(moment: str) -> None:
        account.post("/_emulator/clock", {"now": moment})

    def change(number: int, **values: object) -> None:
        account.call("PATCH", f"/api/v2/deals/{number}", values)

    at(ADDED)
    deal = {
        "title": "Through three stages",
        "value": 1234.56,
        "currency": "EUR",
        "owner_id": 2,
        "stage_id": 1,
    }
    won = account.post("/api/v2/deals", deal)["data"]["id"]
    still = account.post("/api/v2/deals", {"title": "Stays", "stage_id": 3, "label_ids": [1, 2]})["data"][
        "id"
    ]
    at(MOVED)
    change(won, stage_id=2)
    at(MOVED_ON)
    # Within one second, as an automation moves deals.
    change(won, stage_id=3)
    change(won, stage_id=4)
    at(WON)
    change(won, status="won")
    at(LATER)
    return won, still


def load(plugin: str, config: Row, folder: Path, account: Emulator) -> None:
    output = run_tap(account.config(), *STREAMS)
    settings = folder / "config.json"
    settings.write_text(json.dumps(plugins.config(plugin) | config))
    subprocess.run(
        [plugins.executable(plugin), "--config", str(settings)],
        input="".join(json.dumps(one) + "\n" for one in output.messages),
        capture_output=True, text=True, check=True, cwd=folder,
    )  # fmt: skip


def dbt(folder: Path, *arguments: str, **environment: str) -> str:
    """Return the output of dbt, which must succeed."""
    variables = {
        "pipedrive_as_of": LATER[:-1].replace("T", " "),
        "pipedrive_deal_columns": ["tier", "budget"],
    }
    project = str(plugins.ROOT / "dbt")
    done = subprocess.run(
        [plugins.executable("dbt-models"), "--no-use-colors", *arguments, "--vars", json.dumps(variables)],
        env={
            **os.environ,
            "DBT_PROJECT_DIR": project,
            "DBT_PROFILES_DIR": project,
            "DBT_TARGET_PATH": str(folder / "dbt"),
            "DBT_LOG_PATH": str(folder / "dbt"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            **environment,
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    return done.stdout


def in_duckdb(account: Emulator, folder: Path) -> tuple[Callable[[str], list[Row]], dict[str, str]]:
    path = str(folder / "warehouse.duckdb")
    load("target-duckdb", {"filepath": path}, folder, account)

    def ask(query: str) -> list[Row]:
        with duckdb.connect(path, read_only=True) as connection:
            answer = connection.execute(query)
            names = [column[0] for column in answer.description]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    return ask, {"DBT_TARGET": "duckdb", "DBT_DUCKDB_PATH": path}


def in_postgres(
    account: Emulator, folder: Path, server: Postgres
) -> tuple[Callable[[str], list[Row]], dict[str, str]]:
    load("target-postgres", server.config(), folder, account)
    return server.ask, {"DBT_TARGET": "postgres", "DBT_POSTGRES_PORT": str(server.port)}


@pytest.fixture(
    scope="module",
    params=[
        "small in duckdb",
        pytest.param("small in postgres", marks=pytest.mark.soak),
        pytest.param("medium in duckdb", marks=pytest.mark.soak),
        pytest.param("medium in postgres", marks=pytest.mark.soak),
    ],
)
def built(request, tmp_path_factory) -> Iterator[Built]:
    size, database = request.param.split(" in ")
    account = request.getfixturevalue(f"_{size}")
    account.reset()
    won, still = live(account)
    folder = tmp_path_factory.mktemp(database)
    with ExitStack() as stack:
        if database == "duckdb":
            ask, environment = in_duckdb(account, folder)
        else:
            ask, environment = in_postgres(account, folder, stack.enter_context(Postgres()))
        said = dbt(folder, "build", **environment)
        yield Built(account, ask, won, still, said)
    account.reset()


def test_all_models_and_their_tests_succeed(built):
    summary = built.said.splitlines()[-1]
    assert "WARN=0 ERROR=0 SKIP=0" in summary
    assert built.ask("select count(*) as deals from analytics.pipedrive__deals") == [
        {"deals": len(built.table("deals"))}
    ]


def test_won_sums_are_those_of_the_statistics_and_of_each_month(built):
    sql = "select * from analytics.pipedrive__monthly_funnel"
    months = built.ask(sql)
    summed: dict[str, list[Decimal | int]] = defaultdict(lambda: [0, Decimal()])
    for row in months:
        if row["deals_won"]:
            summed[row["currency"]][0] += row["deals_won"]
            summed[row["currency"]][1] += Decimal(str(row["value_won"]))
    stated: dict[str, list[Decimal | int]] = defaultdict(lambda: [0, Decimal()])
    for path in ("/v1/deals/summary", "/v1/deals/summary/archived"):
        totals = built.account.get(f"{path}?status=won")["data"]["values_total"]
        for currency, total in totals.items():
            stated[currency][0] += total["count"]
            stated[currency][1] += Decimal(str(total["value"]))
    assert {name: (count, round(value, 2)) for name, (count, value) in summed.items()} == {
        name: (count, round(value, 2)) for name, (count, value) in stated.items()
    }
    wanted: Counter[tuple[str, int, str]] = Counter()
    for deal in built.table("deals"):
        if deal["status"] == "won":
            wanted[deal["local_won_date"][:7], deal["pipeline_id"], deal["currency"]] += 1
    found = {(str(row["month"])[:7], row["pipeline_id"], row["currency"]): row["deals_won"] for row in months}
    assert {key: count for key, count in found.items() if count} == wanted


def test_days_in_each_stage_are_those_between_the_moves(built):
    sql = f"""select stage_id, days_in_stage, outcome, basis from analytics.pipedrive__deal_stage_history
              where deal_id = {built.won} order by stay_number"""
    assert [tuple(row.values()) for row in built.ask(sql)] == [
        (1, 2, "moved", "deal_changes"),
        (2, 5, "moved", "deal_changes"),
        (3, 0, "moved", "deal_changes"),
        (4, 1.5, "won", "deal_changes"),
    ]
    sql = f"""select stage_id, days_in_stage, outcome, left_at, basis
              from analytics.pipedrive__deal_stage_history where deal_id = {built.still}"""
    assert [tuple(row.values()) for row in built.ask(sql)] == [(3, 19, "open", None, "stage_change_time")]


def test_every_deal_ends_its_history_in_the_stage_that_it_is_in(built):
    sql = """select deal_id, stage_id, outcome from (
               select *, row_number() over (partition by deal_id order by stay_number desc) as place
               from analytics.pipedrive__deal_stage_history) as stays where place = 1"""
    found = {row["deal_id"]: (row["stage_id"], row["outcome"]) for row in built.ask(sql)}
    assert found == {deal["id"]: (deal["stage_id"], deal["status"]) for deal in built.table("deals")}


def test_the_funnel_counts_deals_by_the_furthest_stage_that_they_reached(built):
    stages = {row["id"]: row for row in built.account.rows("stages")}
    visited = defaultdict(set)
    for change in built.account.rows("changes"):
        table, _, number = change["parent"].partition(":")
        if table == "deals" and change["field_key"] == "stage_id":
            visited[int(number)] |= {int(change["old_value"]), int(change["new_value"])}
    wanted = dict.fromkeys(stages, 0)
    for deal in built.table("deals"):
        places = [stages[stage] for stage in visited[deal["id"]] | {deal["stage_id"]}]
        for number, stage in stages.items():
            beyond = any(
                place["pipeline_id"] == stage["pipeline_id"] and place["order_nr"] >= stage["order_nr"]
                for place in places
            )
            won = deal["status"] == "won" and deal["pipeline_id"] == stage["pipeline_id"]
            wanted[number] += beyond or won
    found = built.ask("select stage_id, deals_reached, deals_open from analytics.pipedrive__stage_funnel")
    assert {row["stage_id"]: row["deals_reached"] for row in found} == wanted
    opened = Counter(deal["stage_id"] for deal in built.table("deals") if deal["status"] == "open")
    assert {row["stage_id"]: row["deals_open"] for row in found if row["deals_open"]} == opened


def test_activities_count_for_the_users_who_own_them(built):
    sql = """select user_id, sum(activities) as activities, sum(activities_done) as done
             from analytics.pipedrive__user_activities group by user_id"""
    found = {row["user_id"]: (row["activities"], row["done"]) for row in built.ask(sql)}
    every, done = Counter(), Counter()
    for activity in built.table("activities"):
        every[activity["owner_id"]] += 1
        done[activity["owner_id"]] += activity["done"]
    assert found == {user: (count, done[user]) for user, count in every.items()}


def test_deals_have_names_labels_and_the_columns_of_the_variable(built):
    users = {row["id"]: row["name"] for row in built.account.rows("users")}
    fields = built.account.rows("deal_fields")
    options = next(field["options"] for field in fields if field["code"] == "label_ids")
    labels = {option["id"]: option["label"] for option in options}
    wanted = {
        deal["id"]: (users[deal["owner_id"]], {labels[label] for label in deal["label_ids"]})
        for deal in built.table("deals")
    }
    rows = built.ask("select deal_id, owner_name, labels, budget from analytics.pipedrive__deals")
    found = {
        row["deal_id"]: (row["owner_name"], set(row["labels"].split(", ")) if row["labels"] else set())
        for row in rows
    }
    assert found == wanted
    assert any(row["budget"] for row in rows)
