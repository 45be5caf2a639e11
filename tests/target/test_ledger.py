"""The ledger behaves the same in an SQLite file and in a PostgreSQL database."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
from contextlib import closing, suppress
from datetime import UTC, date, datetime, timedelta

import pytest

from pipedrive_client import ConfigError
from pipedrive_client.limits.token_budget import DayCost
from target_pipedrive.ledger.cli import ledger as command
from target_pipedrive.ledger.storage import postgres
from target_pipedrive.ledger.store import Entry, Ledger, WriteState
from target_pipedrive.ledger.stored_forms import StoredForm
from target_pipedrive.settings import Options
from target_pipedrive.settings.address import address_of, parse_url
from target_pipedrive.target import TargetPipedrive
from tests.target.helpers import rows, state

SINCE = "2026-01-01T00:00:00Z"
ODD = ["a", "Ärger", "100% of 'x':y", 'q"uote\\', "nul\0", "sub\x1a0\x1a1", "\U0001f600", "%s %(x)s"]
DAY = DayCost(day=date(2026, 1, 2), tokens=5_000_000_000)
FORM = StoredForm(entity="notes", row_id="5", column="content", sent=b"\0\xff", held=b"1", taken=True)


@pytest.fixture
def place(ledger_setting, monkeypatch):
    monkeypatch.setattr(postgres, "LOCK_SECONDS", 0.05)
    return address_of(ledger_setting[1], "ledger")


@pytest.fixture
def sql(ledger_setting, request):
    """Run a statement in the ledger's database, as another program."""
    name, value = ledger_setting

    def run(statement):
        if name == "ledger_url":
            schema = parse_url(value).schema
            server = request.getfixturevalue("postgres_server")
            server.execute(f"create schema if not exists {schema}; set search_path to {schema}; {statement}")
            return
        with closing(sqlite3.connect(value)) as db:
            db.executescript(statement)

    return run


def opened(place, account=None, **options):
    return closing(Ledger(place, account=account, **options))


def filled(place):
    """Write one transaction with every kind of step, in which the order matters."""
    with opened(place, "acme.example") as ledger:
        ledger.begin()
        for at, name in enumerate(("begun", "done", "gone", "withdrawn", "kept")):
            ledger.intend(name.encode(), "deals", "add_deal", f"2026-01-01T00:00:0{at}Z")
        ledger.begun(b"begun", "job-1")
        ledger.done(b"done", "deals", "add_deal", "5")
        ledger.done(b"done", "deals", "", None)
        ledger.withdraw(b"done")
        ledger.done(b"gone", "deals", "add_deal", "6")
        ledger.gone(b"gone")
        ledger.withdraw(b"withdrawn")
        ledger.done(b"kept", "deals", "add_deal", "7")
        for number, external_id in enumerate(ODD):
            ledger.link("persons", external_id, str(number), "sheet")
        ledger.link("persons", "moved", "8", "sheet")
        ledger.relink("persons", "8", "9")
        ledger.link("persons", "dropped", "10", "sheet")
        ledger.unlink("persons", "10")
        ledger.keep_form(
            StoredForm(entity="notes", row_id="5", column="content", sent=b"", held=b"", taken=False)
        )
        ledger.keep_form(FORM)
        ledger.keep_day(DayCost(day=date(2026, 1, 1), tokens=9))
        ledger.keep_day(DayCost(day=DAY.day, tokens=5))
        ledger.keep_day(DAY)
        ledger.commit()


def entries(ledger):
    return {entry.identity.decode(): (entry.state.value, entry.id) for entry in ledger.writes()}


def links(ledger):
    return {one.external_id: one.id for one in ledger.links()}


def contents(ledger):
    return entries(ledger), links(ledger), list(ledger.forms()), ledger.day_cost()


LINKS = {**{name: str(number) for number, name in enumerate(ODD)}, "moved": "9"}
ENTRIES = {"begun": ("begun", "job-1"), "done": ("done", "5"), "gone": ("gone", "6"), "kept": ("done", "7")}


def test_every_step_is_stored_after_a_restart(place):
    filled(place)
    with opened(place, "acme.example") as ledger:
        assert entries(ledger) == ENTRIES
        begun, done = list(ledger.writes())[:2]
        assert done.ended_at
        assert begun == Entry(
            identity=b"begun",
            stream="deals",
            action="add_deal",
            state=WriteState.BEGUN,
            id="job-1",
            begun_at=SINCE,
        )
        assert links(ledger) == LINKS
        assert [one.external_id for one in ledger.links()] == sorted(LINKS, key=str.encode)
        assert (list(ledger.forms()), ledger.day_cost()) == ([FORM], DAY)


def test_a_run_that_ended_keeps_only_what_its_rejects_need(place):
    filled(place)
    with opened(place) as ledger:
        ledger.begin()
        ledger.settle(["others"], [])
        ledger.settle(["deals"], [b"kept", b"begun", b"unknown"])
        ledger.commit()
        assert entries(ledger) == {"begun": ("begun", "job-1"), "kept": ("done", "7")}


def test_uncommitted_changes_are_not_stored(place):
    filled(place)
    with opened(place) as ledger:
        ledger.begin()
        ledger.link("persons", "lost", "11", "sheet")
        assert "lost" in links(ledger)
    with opened(place) as ledger:
        assert links(ledger) == LINKS


def test_a_second_run_is_rejected_until_the_first_one_ends(place):
    with opened(place), pytest.raises(ConfigError, match="in use by another run"):
        Ledger(place, account=None)
    with opened(place), opened(None) as dry_run, pytest.raises(ConfigError, match="in use by another run"):
        dry_run.borrow(place)
    Ledger(place, account=None).close()


def test_a_dry_run_copies_the_whole_ledger(place):
    filled(place)
    with opened(None, "acme.example") as ledger:
        ledger.borrow(place)
        assert contents(ledger) == (ENTRIES, LINKS, [FORM], DAY)


@pytest.mark.parametrize(
    ("statement", "fact"),
    [
        ("update meta set value = '9' where name = 'version'", "version 9"),
        ("update meta set value = 'b.example' where name = 'account'", r"belongs to b\.example"),
        ("update writes set state = 'odd'", "odd"),
        ("drop table writes", "another program"),
        ("drop table meta; create table meta (x integer)", "not a valid ledger"),
    ],
)
def test_something_that_is_not_a_ledger_is_rejected_and_stays(place, sql, statement, fact):
    filled(place)
    sql(statement)
    with pytest.raises(ConfigError, match=fact) as caught, opened(place, "acme.example") as ledger:
        list(ledger.writes())
    assert str(place) in str(caught.value)
    with pytest.raises(ConfigError, match=fact):
        borrow(place)


def borrow(place):
    """Read a ledger as a dry run does."""
    with opened(None, "acme.example") as ledger:
        ledger.borrow(place)
        list(ledger.writes())


def test_tables_of_another_program_are_not_changed(place, sql):
    sql("create table deals (id integer)")
    with pytest.raises(ConfigError, match="another program"):
        Ledger(place, account=None)


def test_commands_create_no_ledger(ledger_setting):
    for _ in range(2):
        with pytest.raises(ConfigError, match="No ledger at"):
            command(["list", "--ledger", ledger_setting[1]])


def test_a_ledger_of_the_first_version_is_upgraded(place, sql):
    filled(place)
    sql(
        "update meta set value = '1' where name = 'version'; delete from links;"
        "insert into links values ('persons', '5.0', '2', 's', '2026'), ('persons', ' ', '3', 's', '2026')"
    )
    with opened(place) as ledger:
        assert links(ledger) == {"5": "2"}
        assert "blank external id" in ledger.notices[0]
    with opened(place) as ledger:
        assert ledger.notices == []


def test_a_run_and_its_dry_run_use_the_ledger(load, small, ledger_setting, tmp_path, monkeypatch):
    monkeypatch.setattr(postgres, "LOCK_SECONDS", 0.05)
    where = {"ledger_path": None, **dict([ledger_setting])}
    person = rows("persons", {"external_id": "p-1", "name": "Ada"}, keys=["external_id"])
    before = len(small.rows("persons"))
    assert load(person, dry_run=True, **where).outcomes == ["created"]
    made = load(person, state({"n": 1}), **where)
    assert (made.outcomes, made.states) == (["created"], [{"n": 1}]), made.error
    renamed = rows("persons", {"external_id": "p-1", "name": "Ada L."}, keys=["external_id"])
    assert load(renamed, dry_run=True, **where).outcomes == ["updated"]
    again = load(renamed, **where)
    assert (again.outcomes, again.ids) == (["updated"], made.ids)
    assert len(small.rows("persons")) == before + 1
    assert [one.name for one in tmp_path.glob("*.sqlite")] == [
        one for one in ("one.sqlite",) if ledger_setting[0] == "ledger_path"
    ]


def test_the_commands_accept_a_file_and_a_url(ledger_setting, place, tmp_path, capsys):
    filled(place)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(dict([ledger_setting])))
    command(["relink", "persons", "0", "33", "--config", str(config)])
    command(["forget", "persons", ODD[1], "--ledger", ledger_setting[1]])
    assert capsys.readouterr().out == "Linked 1 external id to persons 33.\nForgot 1 entry.\n"
    command(["export", "--config", str(config)])
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["external_id"]: one["id"] for one in shown if one["kind"] == "link"} == {
        **{name: row_id for name, row_id in LINKS.items() if name != ODD[1]},
        ODD[0]: "33",
    }
    writes = [one for one in shown if one["kind"] == "write"]
    assert len(writes) == len(ENTRIES)
    assert {"kind": "day", "day": "2026-01-02", "tokens": DAY.tokens} in shown
    command(["list", "--config", str(config)])
    text = capsys.readouterr().out
    today = datetime.now(UTC).date().isoformat()
    assert any(line.startswith(f"persons  moved  ->  9  {today}T") for line in text.splitlines())
    assert "deals  add_deal  2026-01-01T00:00:00Z  outcome unknown" in text
    assert f"deals  add_deal  {writes[1]['ended_at']}  done, id 5" in text
    command(["forget", "--all", "--config", str(config)])
    command(["list", "--config", str(config)])
    told = capsys.readouterr()
    assert "persons" not in told.out.replace("Forgot", "")
    assert "has no links and no unfinished writes. A run adds a link for each record" in told.err
    assert "sesame" not in text + told.out + told.err


@pytest.mark.xdist_group("postgres")
def test_a_ledger_is_copied_to_a_database_and_back(tmp_path, ledger_url, capsys):
    first, url, last = tmp_path / "first.sqlite", ledger_url(), tmp_path / "last.sqlite"
    filled(first)
    command(["copy", str(first), url])
    command(["copy", url, str(last)])
    told = capsys.readouterr().out
    assert "sesame" not in told
    assert told.count(f"{len(LINKS)} links, {len(ENTRIES)} unfinished writes, 1 stored forms") == 2
    for place in (first, parse_url(url), last):
        with opened(place, "acme.example") as ledger:
            assert contents(ledger) == (ENTRIES, LINKS, [FORM], DAY)
        with pytest.raises(ConfigError, match="belongs to"):
            Ledger(place, account="b.example")


def test_a_copy_overwrites_nothing(ledger_setting, place, tmp_path):
    source = tmp_path / "source.sqlite"
    filled(source)
    with pytest.raises(ConfigError, match="No ledger at"):
        command(["copy", str(tmp_path / "missing.sqlite"), ledger_setting[1]])
    Ledger(place, account="b.example").close()
    with pytest.raises(ConfigError, match="already contains a ledger"):
        command(["copy", str(source), ledger_setting[1]])
    with pytest.raises(ConfigError, match="in use"):
        command(["copy", str(source), str(source)])
    with opened(place, "b.example") as ledger:
        assert contents(ledger) == ({}, {}, [], None)


# --- the tokens of a day -----------------------------------------------------------------------------


def test_runs_of_a_day_share_its_budget(load, small, ledger_setting):
    where = {"ledger_path": None, **dict([ledger_setting])}
    deals = [{"title": f"Budget {number}"} for number in range(20)]
    first = load(rows("add_deal", *deals[:10]), **where)
    assert first.error is None
    spent = small.log()["tokens"]
    budget = spent + 25
    second = load(rows("add_deal", *deals[10:]), state({"n": 1}), daily_token_budget=budget, **where)
    assert type(second.error).__name__ == "BudgetSpent"
    assert second.error.setting == "daily_token_budget"
    assert spent < small.log()["tokens"] <= budget
    stopped = small.log()["tokens"]
    third = load(rows("add_deal", *deals[10:]), daily_token_budget=stopped, **where)
    assert (type(third.error).__name__, small.log()["tokens"]) == ("BudgetSpent", stopped)
    with opened(address_of(ledger_setting[1], "ledger")) as ledger:
        assert ledger.day_cost() == DayCost(day=datetime.now(UTC).date(), tokens=stopped)
        ledger.begin()
        ledger.keep_day(DayCost(day=ledger.day_cost().day - timedelta(days=1), tokens=10**6))
        ledger.database.run("delete from days where tokens < 1000000")
        ledger.commit()
    fourth = load(rows("add_deal", *deals[10:]), state({"n": 1}), daily_token_budget=1000, **where)
    assert (fourth.error, fourth.states) == (None, [{"n": 1}])
    titles = [one["title"] for one in small.rows("deals") if one["title"].startswith("Budget ")]
    assert sorted(titles) == sorted(one["title"] for one in deals)


def test_tokens_of_a_run_that_only_reads_count_too(load, small, tmp_path):
    same = rows("deals", {"id": 1, "title": small.get("/api/v2/deals/1")["data"]["title"]}, keys=["id"])
    small.reset()
    assert load(same).outcomes == ["unchanged"]
    with opened(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.day_cost().tokens == small.log()["tokens"] > 0


def test_tokens_of_a_run_that_stops_before_its_first_write_count_too(load, small, tmp_path):
    small.get("/api/v2/deals/1")
    load(rows("deals", {"id": 1, "title": "Never"}, keys=["id"]), dry_run=True)
    reads = small.log()["tokens"]
    small.reset()
    stopped = load(rows("deals", {"id": 1, "title": "Never"}, keys=["id"]), run_token_budget=reads)
    assert type(stopped.error).__name__ == "BudgetSpent"
    with opened(tmp_path / "ledger.sqlite") as ledger:
        assert 0 < ledger.day_cost().tokens == small.log()["tokens"] <= reads
    assert small.get("/api/v2/deals/1")["data"]["title"] != "Never"


def test_forgotten_entries_are_removed_from_the_file(tmp_path):
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path, account=None)
    for number in range(500):
        ledger.link("persons", f"person{number}@x.example", str(number), "sheet")
    ledger.close()
    ledger = Ledger(path, account=None)
    assert ledger.forget("persons", "person77@x.example") == 1
    ledger.close()
    held = b"".join(one.read_bytes() for one in tmp_path.iterdir())
    assert b"person77@" not in held
    assert b"person78@" in held


# --- PostgreSQL --------------------------------------------------------------------------------------

needs_server = pytest.mark.xdist_group("postgres")


class Turns:
    """A proxy that counts how often a client sends something and waits for the response.

    It ends the connection at the turn `cut_at`.
    """

    def __init__(self, port, cut_at=None):
        self.count = 0
        self._cut_at = cut_at
        self._from_client = False
        self._upstream = ("127.0.0.1", port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with self._listening:
            client, _ = self._listening.accept()
        with client, socket.create_connection(self._upstream) as server:
            back = threading.Thread(target=self._pass, args=(server, client), daemon=True)
            back.start()
            self._pass(client, server, from_client=True)
            back.join()

    def _pass(self, source, sink, *, from_client=False):
        with suppress(OSError):
            while content := source.recv(65536):
                self.count += from_client and not self._from_client
                self._from_client = from_client
                if self.count == self._cut_at:
                    break
                sink.sendall(content)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


@needs_server
def test_a_lost_connection_ends_the_run_and_the_next_run_completes_it(
    load, small, ledger_url, postgres_server
):
    url = ledger_url()
    proxy = Turns(postgres_server.port, cut_at=100)  # about half of them are for the startup
    deals = rows("add_deal", *({"title": f"Lost {number}"} for number in range(150)))
    where = {"ledger_path": None, "max_concurrency": 2}
    through = url.replace(f":{postgres_server.port}/", f":{proxy.port}/")
    run = load(deals, state({"n": 1}), ledger_url=through, **where)
    assert type(run.error).__name__ == "OutputFailed"
    assert all(fact in str(run.error) for fact in ("ledger_url", parse_url(url).schema, "run again"))
    assert "sesame" not in str(run.error)
    assert run.states == []
    assert 0 < len([one for one in small.rows("deals") if one["title"].startswith("Lost ")]) < 150
    again = load(deals, state({"n": 1}), ledger_url=url, **where)
    assert (again.error, again.states) == (None, [{"n": 1}])
    titles = [one["title"] for one in small.rows("deals") if one["title"].startswith("Lost ")]
    assert sorted(titles) == sorted({f"Lost {number}" for number in range(150)})


@needs_server
def test_a_transaction_needs_one_round_trip(ledger_url, postgres_server):
    proxy = Turns(postgres_server.port)
    with opened(parse_url(ledger_url().replace(f":{postgres_server.port}/", f":{proxy.port}/"))) as ledger:
        before = proxy.count
        for _ in range(10):
            ledger.begin()
            for number in range(50):
                identity = number.to_bytes(2, "big")
                ledger.intend(identity, "deals", "add_deal", SINCE)
                ledger.done(identity, "deals", "add_deal", "5")
            ledger.commit()
        # The driver also prepares statements, and may wait for a part of a long transaction.
        assert proxy.count - before <= 20
        assert len(list(ledger.writes())) == 50


@needs_server
def test_ledgers_in_one_database_are_separate(ledger_url):
    first, second = parse_url(ledger_url()), parse_url(ledger_url('of%20"b"'))
    filled(first)
    with opened(second, "b.example") as ledger, opened(first, "acme.example"):
        assert links(ledger) == {}
    with pytest.raises(ConfigError, match=r"belongs to b\.example.*schema in ledger_url"):
        Ledger(second, account="acme.example")


@needs_server
def test_commits_are_durable_where_the_database_prefers_speed(ledger_url, postgres_server):
    postgres_server.execute("create database fast")
    postgres_server.execute("alter database fast set synchronous_commit = off", "fast")
    with closing(postgres.PostgresSchema(parse_url(ledger_url().replace("/pipedrive?", "/fast?")))) as db:
        assert list(db.rows("select current_setting('synchronous_commit')")) == [("on",)]


def test_a_database_that_cannot_be_reached_is_an_error_in_the_settings(load):
    run = load(
        rows("add_deal", {"title": "A"}), ledger_path=None, ledger_url="postgresql://u:sesame@127.0.0.1:9/db"
    )
    assert type(run.error).__name__ == "ConfigError"
    assert all(fact in str(run.error) for fact in ("127.0.0.1:9/db", "ledger_url", "refused"))
    assert "sesame" not in str(run.error)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:sesame@host/db",
        "postgresql//u:sesame@host/db",
        "postgresql://u:ses/ame@host/db",
        "postgresql://u:sesame#x@host/db",
        "postgresql://u:12/sesame@host/db",
        "postgresql://u:sesame@[host/db",
        "postgresql://u:sesame%zz@host/db",
        "postgresql://u:sesame@host:port/db",
        "postgresql://u:sesame@host/db?schema=pg_catalog",
        "postgresql://u:sesame@host/db?nothing=x",
    ],
)
def test_an_invalid_url_is_an_error_that_does_not_show_it(url):
    with pytest.raises(ConfigError, match="ledger_url") as caught:
        Ledger(Options.from_config({"ledger_url": url}).ledger, account=None)
    assert "ame" not in str(caught.value).replace("schema", "").replace("parameter", "").replace("name", "")


def test_a_file_and_a_url_exclude_each_other():
    both = {"ledger_url": "postgresql://host/db", "ledger_path": "x.sqlite"}
    with pytest.raises(ConfigError, match="ledger_path and ledger_url"):
        Options.from_config(both)
    default = {**both, "ledger_path": "target-pipedrive-ledger.sqlite"}
    assert str(Options.from_config(default).ledger) == "postgresql://host/db?schema=target_pipedrive"


def test_the_url_is_a_secret():
    url = "postgresql://u:sesame@host/db?sslpassword=hidden"
    options = Options.from_config({"ledger_url": url})
    assert not any(
        secret in f"{options} {options.ledger!r} {options.ledger}" for secret in ("sesame", "hidden")
    )
    setting = TargetPipedrive.config_jsonschema["properties"]["ledger_url"]
    assert setting["secret"]
    assert setting["writeOnly"]
