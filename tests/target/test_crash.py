"""After any interruption, a second run of the same input has the result of one clean run."""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from target_pipedrive.ledger.store import Ledger
from target_pipedrive.settings.address import is_url
from tests.target.helpers import lines_of, record, rows, schema, state

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.emulator import Emulator

pytestmark = pytest.mark.dialects

REPOSITORY = Path(__file__).parents[2]
CONVERSION_STATUS = "GET /api/v2/leads/{id}/convert/status/{conversion_id}"
WITHHELD = {"kind": "slow_after", "seconds": 2}
DOOMED = (3, 4, 5, 6)
TIMES = {"add_time", "update_time", "stage_change_time", "won_time", "lost_time", "close_time", "cc_email"}
TABLES = (
    "deals",
    "products",
    "persons",
    "organizations",
    "notes",
    "deal_products",
    "leads",
    "followers",
    "activities",
)


class Launcher:
    """Starts runs of the target that can be killed; `process` forks them."""

    def __init__(self, process, config, folder):
        self.process = process
        self.config = config
        self.folder = folder
        self.output = folder / "output.txt"

    def run(self, source, *, ledger, until=None, every=0.001, disk_seconds=0, **config):
        """Return the exit status of a run, killed as soon as `until`, called again and again, is true."""
        settings = {
            **self.config,
            "ledger_url" if is_url(str(ledger)) else "ledger_path": str(ledger),
            "rejects_path": str(self.folder / "rejects.singer"),
            **config,
        }
        self.output.unlink(missing_ok=True)
        order = {
            "config": settings,
            "input": str(source),
            "output": str(self.output),
            "disk_seconds": disk_seconds,
        }
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        child = int(self.process.stdout.readline().split()[1])
        if until is not None:
            while not select.select([self.process.stdout], [], [], every)[0]:
                if until():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(child, signal.SIGKILL)
                    break
        return int(self.process.stdout.readline().split()[1])

    def states(self):
        """Every STATE that the last run emitted."""
        lines = self.output.read_text().splitlines() if self.output.exists() else []
        return [json.loads(line) for line in lines if line.startswith('{"n"')]


@pytest.fixture(scope="module")
def forker():
    """A process that forks runs of the target."""
    command = [sys.executable, "-m", "tests.target.launcher"]
    process = subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdout.readline() == "ready\n"
    yield process
    process.stdin.close()
    process.wait(timeout=30)
    process.stdout.close()


@pytest.fixture
def launcher(forker, small, tmp_path):
    return Launcher(forker, small.config(max_concurrency=8, match_on={"products": ["code"]}), tmp_path)


def mixed(size, seed=1, *, alike=True):  # noqa: C901, PLR0912 - one branch for each kind of write
    """Adds, updates, deletes, with and without keys; if `alike`, some without have the same content."""
    third, half = (3, 2) if alike else (1, 1)
    dice = random.Random(seed)
    messages = [
        schema("add_deal", "title value person_id"),
        schema("deals", "external_id title value person_id", ["external_id"]),
        schema("organizations", "external_id name", ["external_id"]),
        schema("persons", "external_id name org_id emails", ["external_id"]),
        schema("add_note", "content deal_id"),
        schema("add_deal_product", "id product_id item_price quantity"),
        schema("deal_products", "external_id deal_id product_id item_price quantity", ["external_id"]),
        schema("add_lead", "title person_id"),
        schema("update_deal", "id title"),
        schema("delete_deal", "id"),
        schema("add_activity", "subject deal_id"),
        schema("merge_organizations", "id merge_with_id"),
        schema("products", "code name"),
    ]
    fresh = iter(range(10**6))
    doomed = iter(DOOMED)
    absorbed = iter((9, 10, 11))
    for number in range(size):
        kind = dice.randrange(13)
        if kind in (0, 1):
            # Every third deal equals another one: only their number distinguishes them.
            messages.append(record("add_deal", title=f"Deal {number // third}", value=number // third))
        elif kind == 2:
            key = next(fresh)
            both = [
                record("organizations", external_id=f"o{key}", name=f"Org {key}"),
                record(
                    "persons", external_id=f"p{key}", name=f"Person {key}", org_id={"external_id": f"o{key}"}
                ),
            ]
            messages += both if dice.random() < 0.5 else both[::-1]
        elif kind in (3, 4):
            messages.append(
                record("deals", external_id=f"d{number % 40}", title=f"Ext {number}", value=number)
            )
        elif kind == 5:
            messages.append(record("add_note", content=f"<p>Note <b>{number // half}</b></p>", deal_id=1))
        elif kind == 6:
            for extra in range(dice.choice((1, 8))):
                line = {"product_id": 1, "item_price": number * 10 + extra, "quantity": 1}
                if number % 2:
                    messages.append(record("add_deal_product", id=7, **line))
                else:  # the last two repeat the first two, with changes
                    key = f"l{number}-{extra % 6}"
                    messages.append(record("deal_products", external_id=key, deal_id=8, **line))
        elif kind == 7:
            messages.append(record("add_lead", title=f"Lead {number // half}", person_id=1))
        elif kind in (8, 9):
            messages.append(record("update_deal", id=dice.choice((1, 2, 8)), title=f"Title {number}"))
        elif kind == 10 and dice.random() < 0.5:
            gone = next(doomed, None)
            if gone is not None:
                messages.append(record("update_deal", id=gone, title="Soon gone"))
                messages.append(record("delete_deal", id=gone))
        elif kind == 10:
            organization = next(absorbed, None)
            if organization is not None:
                messages.append(record("merge_organizations", id=organization, merge_with_id=1))
        elif kind == 12:
            messages.append(record("products", code=f"c{number % 40}", name=f"Product {number}"))
        else:
            messages.append(record("add_activity", subject=f"Call {number // half}", deal_id=2))
        if number % 25 == 0:
            messages.append(state({"n": number}))
    return messages


def content(dump):
    """Return the account without times and the numbers of new rows, which depend on the order."""
    tables = dump["tables"]
    names = {}
    for table, label in (("persons", "name"), ("organizations", "name"), ("deals", "title")):
        names[table] = {one["id"]: one[label] for one in tables[table]}
    # Records rejected before their end are too late after it.
    names["deals"] |= {one["id"]: "doomed" for one in tables["deals"] if one["id"] in DOOMED}
    found = {}
    for table in TABLES:
        rows_ = []
        for one in tables[table]:
            plain = {name: value for name, value in one.items() if name not in TIMES and name != "id"}
            for column, other in (
                ("person_id", "persons"),
                ("org_id", "organizations"),
                ("deal_id", "deals"),
            ):
                if plain.get(column) is not None:
                    plain[column] = names[other].get(plain[column], plain[column])
            if table == "products":
                plain["prices"] = [{**price, "product_id": None} for price in one["prices"]]
            if table == "deals" and one["id"] in DOOMED:
                plain["title"] = names[table][one["id"]]
            plain.pop("order_nr", None)
            plain.pop("uuid", None)
            rows_.append(json.dumps(plain, sort_keys=True, default=str))
        found[table] = Counter(rows_)
    return found


def assert_same(held, wanted):
    for table in TABLES:
        missing = [json.loads(one) for one in (wanted[table] - held[table]).elements()]
        extra = [json.loads(one) for one in (held[table] - wanted[table]).elements()]
        differing = [
            {name: (row.get(name), other.get(name)) for name in row if row.get(name) != other.get(name)}
            for row, other in zip(missing, extra, strict=False)
        ]
        assert (len(missing), len(extra), differing) == (0, 0, []), table


def hopeless(line):
    """Return whether a reject changes a deal that the input deletes: it is too late."""
    reject = json.loads(line)
    return reject.get("stream") == "update_deal" and reject.get("record", {}).get("id") in DOOMED


def requests(small):
    return sum(small.requests().values())


@dataclass
class Campaign:
    """One input, the result of a clean run, and runs that are killed before the end.

    `new_ledger` returns the URL of a new ledger: then the folder of a killed run is deleted.
    """

    small: Emulator
    launcher: Launcher
    folder: Path
    messages: list
    seed: int
    new_ledger: Callable[[], str] | None = None
    wanted: dict = field(default_factory=dict)
    whole: int = 0
    status: int = 0
    emitted: list = field(default_factory=list)

    def __post_init__(self):
        self.dice = random.Random(self.seed)
        self.source = self.folder / "input.singer"
        self.source.write_text(lines_of(self.messages))
        assert self.launcher.run(self.source, ledger=self.ledger("clean")) == 0, self.output
        self.whole = requests(self.small)
        self.wanted = content(self.small.dump())

    @property
    def output(self):
        return self.launcher.output.read_text()[-3000:]

    def ledger(self, name):
        """Return where a new ledger is."""
        return self.new_ledger() if self.new_ledger else self.folder / f"ledger-{name}.sqlite"

    def kill_one(self, number, faults=(), after=1):
        """A run killed at a random request, whose response is withheld until then; its ledger."""
        for attempt in range(5):  # in another order, a run may need fewer requests than the clean one
            self.small.reset()
            point = {"operation": "*", "nth": self.dice.randrange(after, self.whole), **WITHHELD}
            self.small.post("/_emulator/faults", [*faults, point])
            ledger = self.ledger(f"{number}-{attempt}")
            status = self.launcher.run(self.source, ledger=ledger, until=self.is_reached, every=0.005)
            if status == signal.SIGKILL:
                break
        assert status == signal.SIGKILL
        self.emitted = self.launcher.states()
        if self.new_ledger:
            shutil.rmtree(self.launcher.folder)
            self.launcher.folder.mkdir()
        self.status = os.waitstatus_to_exitcode(status)
        return ledger

    def is_reached(self):
        """Return whether the request at which the run is killed was received."""
        return self.small.get("/_emulator/faults")["rules"][-1]["struck"] > 0

    def complete(self, source, ledger, status=None):
        """Run until a run succeeds, with the rejects of one as input of the next, as a user would.

        `status` is the exit code of the previous run.
        """
        rejected = False
        for _ in range(6):
            if status == 1:
                rejected = True
                source = self.folder / "again.singer"
                newest = max(
                    self.launcher.folder.glob("rejects*.singer"), key=lambda one: one.stat().st_mtime_ns
                )
                kept = [line for line in newest.read_text().splitlines() if not hopeless(line)]
                source.write_text("".join(f"{line}\n" for line in kept))
                newest.unlink()
            status = os.waitstatus_to_exitcode(self.launcher.run(source, ledger=ledger))
            if status == 0:
                break
        assert status == 0, self.output
        if rejected:
            self.bring_up_to_date(ledger)
        assert_same(content(self.small.dump()), self.wanted)

    def bring_up_to_date(self, ledger):
        """Send the newest values again: a rejected update was replayed after newer ones of its row."""
        newest = {}
        for one in self.messages:
            values = one.get("record")
            if values is None:
                continue
            if one["stream"] == "update_deal" and values["id"] in (1, 2, 8):
                newest[values["id"]] = one
            elif one["stream"] in ("deals", "products", "deal_products"):
                newest[one["stream"], values.get("external_id") or values.get("code")] = one
        schemas = [one for one in self.messages if one["type"] == "SCHEMA"]
        source = self.folder / "newest.singer"
        source.write_text(lines_of(schemas, list(newest.values())))
        self.small.post("/_emulator/faults", [])
        assert self.launcher.run(source, ledger=ledger) == 0, self.output

    def kill_and_repeat(self, kills, faults=lambda: ()):
        """Kill runs, and repeat the whole input after each."""
        for number in range(kills):
            ledger = self.kill_one(number, faults())
            self.complete(self.source, ledger, self.status)

    def kill_and_resume(self, kills, *, first=150):
        """Kill runs, and continue after the last emitted STATE of each, as a scheduler does.

        `first` is the number of requests after which every run has emitted a STATE.
        """
        schemas = [one for one in self.messages if one["type"] == "SCHEMA"]
        rest = self.folder / "rest.singer"
        for number in range(kills):
            ledger = self.kill_one(number, after=first)
            at = self.messages.index({"type": "STATE", "value": self.emitted[-1]}) + 1
            rest.write_text(lines_of(schemas, self.messages[at:]))
            self.complete(rest, ledger)


def test_killed_anywhere_a_second_run_completes_it(small, launcher, tmp_path):
    campaign = Campaign(small, launcher, tmp_path, mixed(100, 5), seed=5)
    campaign.kill_and_repeat(4)


def test_killed_anywhere_the_run_continues_after_the_last_state(small, launcher, tmp_path):
    campaign = Campaign(small, launcher, tmp_path, mixed(100, 6, alike=False), seed=6)
    campaign.kill_and_resume(5, first=90)


def test_killed_on_a_slow_disk_a_row_that_was_changed_is_not_added_again(small, launcher, tmp_path):
    source, ledger = tmp_path / "input.singer", tmp_path / "ledger.sqlite"
    deals = schema("deals", "external_id title", ["external_id"])
    keys = [f"d{number}" for number in range(6)]
    source.write_text(
        lines_of(
            deals, [record("deals", external_id=key, title=f"{key}{turn}") for turn in "ab" for key in keys]
        )
    )
    status = launcher.run(
        source,
        ledger=ledger,
        until=lambda: "PATCH /api/v2/deals/{id}" in small.requests(),
        disk_seconds=0.2,
    )
    assert status == signal.SIGKILL
    assert launcher.run(source, ledger=ledger) == 0, launcher.output.read_text()
    titles = [one["title"] for one in small.rows("deals") if one["title"][:2] in keys]
    assert sorted(titles) == [f"{key}b" for key in keys]


@pytest.mark.soak
def test_killed_at_two_hundred_points_of_two_thousand_records(small, launcher, tmp_path):
    campaign = Campaign(small, launcher, tmp_path, mixed(2000, 7), seed=7)
    campaign.kill_and_repeat(200)


def named(size):
    """Records that name the same new organizations and persons, with and without a key."""
    messages = [
        schema("add_deal", "title org_name person_email person_name"),
        schema("deals", "external_id title org_name person_email person_name", ["external_id"]),
    ]
    for number in range(size):
        names = {
            "org_name": f"Newcomer {number % 9}",
            "person_email": f"new{number % 7}@client.example",
            "person_name": f"New {number % 7}",
        }
        messages += [
            record("add_deal", title=f"Deal {number}", **names),
            record("deals", external_id=f"d{number}", title=f"Ext {number}", **names),
        ]
        if number % 10 == 0:
            messages.append(state({"n": number}))
    return messages


def kill_while_creating(small, launcher, tmp_path, size, kills):
    """Kill runs that create referenced rows; each exists once after the next run."""
    launcher.config |= {"missing_references": "create"}
    campaign = Campaign(small, launcher, tmp_path, named(size), seed=size)
    campaign.kill_and_repeat(kills)
    created = [one["name"] for one in small.rows("organizations") if one["name"].startswith("Newcomer")]
    assert sorted(created) == [f"Newcomer {number}" for number in range(min(size, 9))]


def test_killed_anywhere_created_rows_exist_once(small, launcher, tmp_path):
    kill_while_creating(small, launcher, tmp_path, 12, kills=4)


@pytest.mark.soak
def test_killed_at_two_hundred_points_created_rows_exist_once(small, launcher, tmp_path):
    kill_while_creating(small, launcher, tmp_path, 150, kills=200)


def kill_with_a_database(forker, small, tmp_path, new_ledger, messages, seed, kills, *, resume=False):
    """Kill runs whose ledger is in a database and whose folder is deleted.

    With `resume`, the next run continues after the last STATE instead of repeating the input.
    """
    folder = tmp_path / "runner"
    folder.mkdir()
    launcher = Launcher(forker, small.config(max_concurrency=8, match_on={"products": ["code"]}), folder)
    campaign = Campaign(small, launcher, tmp_path, messages, seed, new_ledger)
    (campaign.kill_and_resume if resume else campaign.kill_and_repeat)(kills)


@pytest.mark.xdist_group("postgres")
def test_killed_anywhere_without_files_a_second_run_completes_it(forker, small, tmp_path, ledger_url):
    kill_with_a_database(forker, small, tmp_path, ledger_url, mixed(100, 13), 13, kills=4)


@pytest.mark.soak
@pytest.mark.xdist_group("postgres")
def test_killed_without_files_at_two_hundred_points(forker, small, tmp_path, ledger_url):
    kill_with_a_database(forker, small, tmp_path, ledger_url, mixed(500, 14), 14, kills=200)


@pytest.mark.soak
@pytest.mark.xdist_group("postgres")
def test_resumed_without_files_at_a_hundred_points(forker, small, tmp_path, ledger_url):
    messages = mixed(500, 15, alike=False)
    kill_with_a_database(forker, small, tmp_path, ledger_url, messages, 15, kills=100, resume=True)


@pytest.mark.soak
def test_resumed_after_the_last_state_at_a_hundred_points(small, launcher, tmp_path):
    campaign = Campaign(small, launcher, tmp_path, mixed(2000, 8, alike=False), seed=8)
    campaign.kill_and_resume(100)


@pytest.mark.soak
def test_killed_during_other_faults(small, launcher, tmp_path):
    campaign = Campaign(small, launcher, tmp_path, mixed(1000, 9), seed=9)
    campaign.kill_and_repeat(30, lambda: trouble(campaign.dice, campaign.whole, 60))


FAULTS = {
    "reset after acting": [{"operation": "*", "nth": [5, 9, 14, 33, 60, 61, 62], "kind": "reset_after"}],
    "reset before acting": [{"operation": "*", "nth": [5, 9, 14, 33, 60, 61, 62], "kind": "reset_before"}],
    "500 after acting": [
        {"operation": "*", "nth": [4, 12, 31, 55], "kind": "status_after", "status": 500},
        {"operation": "POST /api/v2/deals", "nth": [3, 4], "kind": "status_after", "status": 503},
    ],
    "503 before acting": [{"operation": "*", "nth": [4, 12, 31, 55], "kind": "status_before", "status": 503}],
    "torn answers": [{"operation": "POST /api/v2/deals", "nth": [2, 5], "kind": "torn"}],
    "too many requests": [{"operation": "*", "nth": [6, 20, 40], "kind": "rate_limit", "retry_after": 0}],
}


def trouble(dice, requests_, count, storms=5):
    """Faults of every kind at random requests, and series of rejections.

    A series is shorter than the retries of one request, because a failed record would be sent again from the
    reject file, after newer ones of its row.
    """
    kinds = [
        {"kind": "reset_before"},
        {"kind": "reset_after"},
        {"kind": "status_before", "status": 503},
        {"kind": "status_after", "status": 500},
        {"kind": "status_after", "status": 502},
        {"kind": "torn"},
        {"kind": "rate_limit", "retry_after": 0},
    ]
    points = [dice.randrange(2, requests_) for _ in range(count)]
    begins = [dice.randrange(2, requests_) for _ in range(storms)]
    refused = sorted({begin + after for begin in begins for after in range(6)})
    return [
        {"operation": "*", "kind": "rate_limit", "retry_after": 0, "nth": refused},
        *({"operation": "*", "nth": one, **kinds[at % len(kinds)]} for at, one in enumerate(points)),
    ]


OFTEN = ("reset after acting", "500 after acting", "torn answers")
"""Faults after which the row may or may not be there; the others act on nothing."""


@pytest.mark.parametrize(
    "fault", [pytest.param(one, marks=[] if one in OFTEN else [pytest.mark.soak]) for one in FAULTS]
)
def test_transport_faults_do_not_change_the_result(small, launcher, tmp_path, fault):
    campaign = Campaign(small, launcher, tmp_path, mixed(80, 3), seed=3)
    small.reset()
    small.post("/_emulator/faults", FAULTS[fault])
    campaign.complete(campaign.source, tmp_path / "ledger.sqlite")


def test_updates_that_were_rejected_are_updated_again(small, launcher, tmp_path):
    update, deals = schema("update_deal", "id title"), schema("deals", "external_id title", ["external_id"])
    newer = [record("update_deal", id=1, title=title) for title in ("Old", "New")]
    gone = [record("update_deal", id=3, title="Soon gone"), record("delete_deal", id=3)]
    rest = [deals, record("deals", external_id="d1", title="Ext"), schema("delete_deal", "id")]
    campaign = Campaign(small, launcher, tmp_path, [update, newer[0], *rest, gone[0], newer[1], gone[1]], 1)
    small.reset()
    never = {"operation": "PATCH /api/v2/deals/{id}", "kind": "status_before", "status": 501}
    small.post("/_emulator/faults", [{**never, "nth": [1, 2]}])  # the first of each deal
    ledger = tmp_path / "ledger.sqlite"
    first = os.waitstatus_to_exitcode(launcher.run(campaign.source, ledger=ledger))
    assert first == 1
    campaign.complete(campaign.source, ledger, first)


def test_random_faults_do_not_change_the_result(small, launcher, tmp_path):
    campaign = Campaign(small, launcher, tmp_path, mixed(150, 10), seed=10)
    small.reset()
    small.post("/_emulator/faults", trouble(campaign.dice, campaign.whole, 14, storms=1))
    campaign.complete(campaign.source, tmp_path / "ledger.sqlite")


@pytest.mark.soak
def test_two_hundred_faults_at_random_in_each_of_ten_runs(small, launcher, tmp_path):
    campaign = Campaign(small, launcher, tmp_path, mixed(2000, 11), seed=11)
    for number in range(10):
        small.reset()
        small.post("/_emulator/faults", trouble(campaign.dice, campaign.whole, 200))
        campaign.complete(campaign.source, tmp_path / f"ledger-{number}.sqlite")


@pytest.mark.soak
def test_the_budget_is_exhausted_at_twenty_points(small, launcher, tmp_path):
    campaign = Campaign(small, launcher, tmp_path, mixed(2000, 12), seed=12)
    tokens = small.log()["tokens"]
    for number in range(20):
        small.reset()
        budget, ledger = campaign.dice.randrange(50, tokens), tmp_path / f"ledger-{number}.sqlite"
        status = launcher.run(campaign.source, ledger=ledger, run_token_budget=budget)
        assert os.waitstatus_to_exitcode(status) == 3
        assert "BudgetSpent" in launcher.output.read_text()
        assert small.log()["tokens"] <= budget
        campaign.complete(campaign.source, ledger)


def test_an_exhausted_budget_stops_cleanly_and_the_next_run_continues(small, launcher, tmp_path):
    source = tmp_path / "input.singer"
    source.write_text(lines_of(mixed(80, seed=4)))
    assert launcher.run(source, ledger=tmp_path / "clean.sqlite") == 0
    wanted = content(small.dump())
    small.reset()
    status = launcher.run(source, ledger=tmp_path / "ledger.sqlite", run_token_budget=250)
    assert os.waitstatus_to_exitcode(status) == 3
    assert "BudgetSpent" in launcher.output.read_text()
    assert small.log()["tokens"] <= 250
    assert launcher.run(source, ledger=tmp_path / "ledger.sqlite") == 0
    assert_same(content(small.dump()), wanted)


def test_an_interrupted_add_is_found_and_not_repeated(load, small):
    small.post("/_emulator/faults", [{"operation": "POST /api/v2/deals", "nth": 1, "kind": "reset_after"}])
    run = load(rows("add_deal", {"title": "Once only"}))
    assert run.outcomes == ["created"]
    assert run.results[0]["note"] == "found after an interrupted call"
    assert [one["title"] for one in small.rows("deals")].count("Once only") == 1


def test_of_two_interrupted_adds_each_finds_its_own_row(load, small):
    for more, less in ((0, 1), (1, 0)):
        pair = [{"title": f"Alike {more}"}, {"title": f"Alike {more}"}]
        pair[more]["value"] = 5
        pair[more]["person_id"] = 1
        small.post(
            "/_emulator/faults", [{"operation": "POST /api/v2/deals", "nth": [1, 2], "kind": "reset_after"}]
        )
        run = load(rows("add_deal", *pair))
        assert run.outcomes == ["created"] * 2
        held = {str(one["id"]): one for one in small.rows("deals")}
        assert [held[run.ids[at]]["person_id"] for at in (more, less)] == [1, None]
        assert [one["title"] for one in held.values()].count(f"Alike {more}") == 2


def test_an_unknown_outcome_that_cannot_be_looked_up_is_not_repeated(load, small):
    small.post("/_emulator/faults", [{"operation": "*", "nth": 2, "kind": "reset_after"}])
    convert = rows("duplicate_product", {"id": 1})
    before = len(small.rows("products"))
    run = load(convert)
    again = load(convert)
    assert run.error is None
    assert len(small.rows("products")) == before + 1
    assert run.outcomes == again.outcomes == ["failed"]
    assert "its outcome is unknown" in run.errors[0]


@pytest.mark.parametrize("seen", ["POST /api/v2/leads/{id}/convert/deal", CONVERSION_STATUS])
def test_killed_during_conversions_the_next_run_waits_for_the_same(small, launcher, tmp_path, seen):
    source, ledger = tmp_path / "input.singer", tmp_path / "ledger.sqlite"
    leads = [one["id"] for one in small.rows("leads") if not one["is_archived"]][:4]
    convert = [record("convert_lead_to_deal", id=lead) for lead in leads]
    source.write_text(lines_of(schema("convert_lead_to_deal", "id"), convert))
    status = launcher.run(source, ledger=ledger, until=lambda: seen in small.requests())
    assert status == signal.SIGKILL
    with contextlib.closing(sqlite3.connect(ledger)) as held:  # the next run comes an hour later
        held.execute("update writes set begun_at = '2020-01-01T00:00:00Z'")
        held.commit()
    assert launcher.run(source, ledger=ledger) == 0, launcher.output.read_text()
    made = Counter(one.get("source_lead_id") for one in small.rows("deals"))
    assert [made[lead] for lead in leads] == [1] * 4


def test_a_rejected_add_leaves_nothing_in_the_ledger(load, tmp_path):
    run = load(rows("add_deal", {"title": "A", "stage_id": 99999}))
    assert run.outcomes == ["failed"]
    ledger = Ledger(tmp_path / "ledger.sqlite", account=None)
    assert list(ledger.writes()) == []
    ledger.close()
