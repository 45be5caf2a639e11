"""After any interruption, a second run of the same input has the result of one clean run."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from target_pipedrive.ledger.store import Ledger
from tests.target.crash_campaign import Campaign, Launcher, assert_same, content, mixed
from tests.target.helpers import lines_of, record, rows, schema, state

pytestmark = pytest.mark.dialects

REPOSITORY = Path(__file__).parents[2]
CONVERSION_STATUS = "GET /api/v2/leads/{id}/convert/status/{conversion_id}"


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


def test_killed_anywhere_a_second_run_completes_it(small, launcher, tmp_path):
    campaign = Campaign(small, launcher, tmp_path, mixed(100, 5), seed=5)
    campaign.kill_and_repeat(4)


def test_killed_anywhere_the_run_continues_after_the_last_state(small, launcher, tmp_path):
    campaign = Campaign(small, launcher, tmp_path, mixed(100, 6, alike=False), seed=6)
    campaign.kill_and_resume(5, first=90)


@pytest.mark.dialects(always=True)
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


def repeated(size):
    """Persons of which most are in the input three times, with deals that reference them and notes."""
    messages = [
        schema("persons", "external_id name", ["external_id"]),
        schema("deals", "external_id title person_id", ["external_id"]),
        schema("add_note", "content deal_id"),
        state({"n": -1}),
    ]
    for number in range(size):
        person, deal = f"p{number % (size // 3 + 1)}", f"d{number}"
        messages += [
            record("persons", external_id=person, name=f"Person {number}"),
            record("deals", external_id=deal, title=deal, person_id={"external_id": person}),
            record("add_note", content=f"Note {number}", deal_id={"external_id": deal}),
        ]
        if number % 5 == 0:
            messages.append(state({"n": number}))
    return messages


def kill_with_equal_keys(small, launcher, tmp_path, size, kills):
    """Kill runs that write only the last record of each key, and repeat or continue them."""
    launcher.config |= {"on_duplicate_key": "last"}
    folders = [tmp_path / "repeat", tmp_path / "resume"]
    for folder in folders:
        folder.mkdir()
    Campaign(small, launcher, folders[0], repeated(size), seed=size).kill_and_repeat(kills)
    small.reset()
    # The first STATE is emitted at once, the others after the last records of most keys.
    Campaign(small, launcher, folders[1], repeated(size), seed=size + 1).kill_and_resume(kills, first=size)


def test_killed_anywhere_the_last_record_of_each_key_is_written(small, launcher, tmp_path):
    kill_with_equal_keys(small, launcher, tmp_path, 30, kills=2)


@pytest.mark.soak
def test_killed_at_a_hundred_points_the_last_record_of_each_key_is_written(small, launcher, tmp_path):
    kill_with_equal_keys(small, launcher, tmp_path, 200, kills=50)


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
    assert all(rule["struck"] for rule in small.get("/_emulator/faults")["rules"])


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
