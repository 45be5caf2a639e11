"""Whatever happens on the way, a second run of the same input ends where one clean run would have."""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from target_pipedrive.ledger import Ledger
from tests.target.helpers import lines_of, record, rows, schema, state

REPOSITORY = Path(__file__).parents[2]
TIMES = {"add_time", "update_time", "stage_change_time", "won_time", "lost_time", "close_time", "cc_email"}
TABLES = ("deals", "persons", "organizations", "notes", "deal_products", "leads", "followers", "activities")


class Launcher:
    """Starts runs of the target that can be killed."""

    def __init__(self, config, folder):
        self.config = config
        self.folder = folder
        self.output = folder / "output.txt"
        command = [sys.executable, "-m", "tests.target.launcher"]
        self.process = subprocess.Popen(
            command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        assert self.process.stdout.readline() == "ready\n"

    def run(self, source, *, ledger, seconds=None, **config):
        """Exit status of a run, killed after so many seconds if it still runs then."""
        settings = {
            **self.config,
            "ledger_path": str(ledger),
            "rejects_path": str(self.folder / "rejects.singer"),
            **config,
        }
        order = {"config": settings, "input": str(source), "output": str(self.output)}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        child = int(self.process.stdout.readline().split()[1])
        if seconds is not None and not select.select([self.process.stdout], [], [], seconds)[0]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        return int(self.process.stdout.readline().split()[1])

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


@pytest.fixture
def launcher(small, tmp_path):
    started = Launcher(small.config(max_concurrency=8), tmp_path)
    yield started
    started.close()


def mixed(size, seed=1):  # noqa: C901, PLR0912 - one branch for each kind of write
    """Adds, updates, deletes, with and without keys, some of the same content."""
    dice = random.Random(seed)
    messages = [
        schema("add_deal", "title value person_id"),
        schema("deals", "external_id title value person_id", ["external_id"]),
        schema("organizations", "external_id name", ["external_id"]),
        schema("persons", "external_id name org_id emails", ["external_id"]),
        schema("add_note", "content deal_id"),
        schema("add_deal_product", "id product_id item_price quantity"),
        schema("add_lead", "title person_id"),
        schema("update_deal", "id title"),
        schema("delete_deal", "id"),
        schema("add_activity", "subject deal_id"),
        schema("merge_organizations", "id merge_with_id"),
    ]
    fresh = iter(range(10**6))
    doomed = iter((3, 4, 5, 6))
    absorbed = iter((9, 10, 11))
    for number in range(size):
        kind = dice.randrange(12)
        if kind in (0, 1):
            # Every third deal is like another one: they are told apart by how many there are.
            messages.append(record("add_deal", title=f"Deal {number // 3}", value=number // 3))
        elif kind == 2:
            key = next(fresh)
            messages.append(record("organizations", external_id=f"o{key}", name=f"Org {key}"))
            messages.append(
                record(
                    "persons", external_id=f"p{key}", name=f"Person {key}", org_id={"external_id": f"o{key}"}
                )
            )
        elif kind in (3, 4):
            messages.append(
                record("deals", external_id=f"d{number % 40}", title=f"Ext {number}", value=number)
            )
        elif kind == 5:
            messages.append(record("add_note", content=f"<p>Note <b>{number // 2}</b></p>", deal_id=1))
        elif kind == 6:
            messages.append(record("add_deal_product", id=7, product_id=1, item_price=number, quantity=1))
        elif kind == 7:
            messages.append(record("add_lead", title=f"Lead {number // 2}", person_id=1))
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
        else:
            messages.append(record("add_activity", subject=f"Call {number // 2}", deal_id=2))
        if number % 25 == 0:
            messages.append(state({"n": number}))
    return messages


def content(dump):
    """What the account holds, without times and the numbers of new rows, which depend on the order."""
    tables = dump["tables"]
    names = {}
    for table, label in (("persons", "name"), ("organizations", "name"), ("deals", "title")):
        names[table] = {one["id"]: one[label] for one in tables[table]}
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
            plain.pop("order_nr", None)
            plain.pop("uuid", None)
            rows_.append(json.dumps(plain, sort_keys=True, default=str))
        found[table] = Counter(rows_)
    return found


def assert_same(held, wanted):
    for table in TABLES:
        missing, extra = wanted[table] - held[table], held[table] - wanted[table]
        assert (list(missing.elements()), list(extra.elements())) == ([], []), table


def ended(path):
    """Whether the last run booked a clean end, which leaves no writes behind."""
    ledger = Ledger(path, account=None)
    writes = list(ledger.writes())
    ledger.close()
    return not writes


def campaign(small, launcher, tmp_path, *, size, kills, seed):
    source = tmp_path / "input.singer"
    source.write_text(lines_of(mixed(size, seed)))
    begun = time.monotonic()
    assert launcher.run(source, ledger=tmp_path / "clean.sqlite") == 0
    whole = time.monotonic() - begun
    wanted = content(small.dump())
    dice = random.Random(seed)
    killed = 0
    for number in range(kills):
        small.reset()
        ledger = tmp_path / f"ledger-{number}.sqlite"
        status = launcher.run(source, ledger=ledger, seconds=dice.uniform(0.01, whole))
        killed += status == signal.SIGKILL
        if ended(ledger) and content(small.dump()) == wanted:
            continue  # it had booked its end already: running again would be a new run
        assert launcher.run(source, ledger=ledger) == 0, launcher.output.read_text()[-3000:]
        assert_same(content(small.dump()), wanted)
    return killed


def test_killed_anywhere_a_second_run_completes_it(small, launcher, tmp_path):
    assert campaign(small, launcher, tmp_path, size=150, kills=8, seed=5) >= 3


@pytest.mark.soak
def test_killed_at_two_hundred_points_of_two_thousand_records(small, launcher, tmp_path):
    assert campaign(small, launcher, tmp_path, size=2000, kills=200, seed=7) > 150


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


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_on_the_way_leave_no_trace(small, launcher, tmp_path, fault):
    source = tmp_path / "input.singer"
    source.write_text(lines_of(mixed(80, seed=3)))
    assert launcher.run(source, ledger=tmp_path / "clean.sqlite") == 0
    wanted = content(small.dump())
    small.reset()
    small.post("/_emulator/faults", FAULTS[fault])
    assert launcher.run(source, ledger=tmp_path / "ledger.sqlite") == 0, launcher.output.read_text()[-3000:]
    assert_same(content(small.dump()), wanted)


def test_a_spent_budget_stops_cleanly_and_the_next_run_goes_on(small, launcher, tmp_path):
    source = tmp_path / "input.singer"
    source.write_text(lines_of(mixed(80, seed=4)))
    assert launcher.run(source, ledger=tmp_path / "clean.sqlite") == 0
    wanted = content(small.dump())
    small.reset()
    status = launcher.run(source, ledger=tmp_path / "ledger.sqlite", daily_token_budget=250)
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


def test_an_unknown_outcome_that_cannot_be_looked_up_is_not_repeated(load, small):
    small.post("/_emulator/faults", [{"operation": "*", "nth": 2, "kind": "reset_after"}])
    convert = rows("duplicate_product", {"id": 1})
    before = len(small.rows("products"))
    run = load(convert)
    again = load(convert)
    assert run.error is None
    assert len(small.rows("products")) == before + 1
    assert run.outcomes == again.outcomes == ["failed"]
    assert "its outcome is not known" in run.errors[0]


def test_a_refused_add_leaves_nothing_in_the_ledger(load, tmp_path):
    run = load(rows("add_deal", {"title": "A", "stage_id": 99999}))
    assert run.outcomes == ["failed"]
    ledger = Ledger(tmp_path / "ledger.sqlite", account=None)
    assert list(ledger.writes()) == []
    ledger.close()
