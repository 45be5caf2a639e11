"""Copy an account into an empty one: all that can be written is copied, despite errors and interruptions."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.accounts import Copy
from tests.support.copying import SETTINGS, Copying, blocks, dump_for, invite_colleagues, writes
from tests.support.emulator import Emulator
from tests.support.gate import Gate
from tests.support.killing import Killer
from tests.support.singer import Output
from tests.target.helpers import Loader, schema

CAMPAIGN = int(os.environ.get("KILLS", "50"))
pytestmark = pytest.mark.dialects
together = pytest.mark.xdist_group("copy")
"""On one worker, since they share a copy."""


@pytest.fixture
def other(_accounts, dialect):
    return _accounts("empty", dialect)


@pytest.fixture
def copying(small, other, tmp_path):
    made = Copying(small, other, tmp_path)
    made.prepare()
    return made


@dataclass
class Copied:
    """A copy, the tap's output, and the proxy of the target's requests."""

    copying: Copying
    content: bytes
    gate: Gate


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """The small account, copied once, for tests that do not change it."""
    with Emulator("--burst", "0", seed="small") as source, Emulator("--burst", "0", seed="empty") as target:
        gate = Gate(target.url)
        made = Copying(source, target, tmp_path_factory.mktemp("copied"), url=gate.url)
        made.prepare()
        content = made.read()
        done = made.write(content)
        assert done.returncode == 0, done.stderr
        yield Copied(made, content, gate)
        gate.close()


@pytest.fixture(scope="module")
def seconds_of_a_copy(tmp_path_factory):
    """Duration of an uninterrupted copy; runs are killed at a part of it."""
    with Emulator("--burst", "0", seed="small") as source, Emulator("--burst", "0", seed="empty") as target:
        made = Copying(source, target, tmp_path_factory.mktemp("timed"))
        made.prepare()
        began = time.monotonic()
        assert made.run() == 0, made.told()
        return time.monotonic() - began


@pytest.fixture(scope="module")
def copied(once):
    return once.copying


@together
def test_everything_arrives_and_a_second_copy_writes_nothing(copied):
    assert copied.differences() == []
    written = writes(copied.target)
    assert written > 400
    before = copied.target.requests()
    assert copied.run() == 0, copied.told()
    assert writes(copied.target) == written
    assert {one["outcome"] for one in copied.results()} == {"unchanged", "skipped"}
    asked = {name: count - before.get(name, 0) for name, count in copied.target.requests().items()}
    # Rows that can be read in bulk are not read one by one, although rows wait for each other.
    for path in ("deals", "persons", "organizations", "products", "activities"):
        assert asked[f"GET /api/v2/{path}"] <= 6
        assert asked.get(f"GET /api/v2/{path}/{{id}}", 0) <= 9
    assert asked["GET /api/v2/deals/products"] <= 3
    assert asked["GET /api/v2/deals/installments"] <= 3


AS_ROWS_SHOW = {
    ("POST /api/v2/tasks", f"body /: '{name}' is not published") for name in ("is_done", "is_milestone")
}
"""What live accounts take instead of the published names; tried first, and once a run where it is refused."""


@together
def test_a_copy_requests_only_what_is_published(once):
    asked = [one[1:] for one in once.gate.departures() if one[0] == "request"]
    assert set(asked) <= AS_ROWS_SHOW
    assert once.gate.departures()


@pytest.mark.soak
def test_a_copy_between_live_accounts_is_complete_and_a_second_writes_nothing(copying):
    assert copying.run() == 0, copying.told()
    assert copying.differences() == []
    written = writes(copying.target)
    assert copying.run() == 0, copying.told()
    assert writes(copying.target) == written


@together
def test_the_comparison_detects_every_kind_of_difference(copied):
    source, target = copied.source.dump(), copied.target.dump()
    tables = target["tables"]
    deal = next(row for row in tables["deals"] if not row["is_archived"])
    deal["title"] = "Something else"
    deal["custom_fields"][next(iter(deal["custom_fields"]))] = "Something else"
    lost, other = tables["persons"][0], tables["persons"][1]
    tables["persons"].remove(lost)
    tables["organizations"].append({**tables["organizations"][0], "id": 10**6})
    note = next(row for row in tables["notes"] if row["person_id"] not in (lost["id"], other["id"]))
    note["person_id"] = other["id"]
    stage, next_stage = tables["stages"][-2:]
    stage["order_nr"], next_stage["order_nr"] = next_stage["order_nr"], stage["order_nr"]
    tables["followers"].pop()
    tables["unheard_of"] = source["tables"]["unheard_of"] = []
    source["tables"]["deals"][0]["unheard_of"] = 1
    found = Copy(source, target, copied.before, copied.ledger).differences()
    for part in (
        "title is 'Something else' instead of",
        "custom_fields",
        "is missing",
        "organizations 1000000 is one too many",
        "person_id is",
        "the order is",
        "followers",
        "unheard_of is neither compared nor excluded",
        "deals.unheard_of is neither compared nor excluded",
    ):
        assert any(part in one for one in found), part


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(CAMPAIGN))
def test_a_copy_that_is_killed_anywhere_is_completed_by_the_next(copying, seconds_of_a_copy, seed):
    dice = random.Random(seed)
    with_state = dice.random() < 0.5
    moment = seconds_of_a_copy * dice.uniform(0.1, 0.7)
    ended = copying.run(seconds=moment, end=dice.choice(("tap", "target", "both")))
    assert ended is None, "the copy ended before it was killed"
    assert copying.run(with_state=with_state) == 0, copying.told()
    assert copying.differences() == []


@pytest.fixture
def poured(request, copying, dialect):
    """Output of the tap for the small account, and the folder of its files."""
    if dialect == "observed":  # its own rows lack the values that it rejects
        return copying.read(), copying.settings["files_dir"]
    once = request.getfixturevalue("once")
    return once.content, once.copying.settings["files_dir"]


def assert_completed(copying, poured, nth, when):
    """Kill one run at its n-th write and run again; the result equals an uninterrupted copy."""
    content, files = poured
    config = copying.folder / "config.json"
    settings = {**copying.settings, "files_dir": files}
    with Killer(copying.target) as killer:
        config.write_text(json.dumps({**settings, "api_url": killer.url}))
        assert (
            killer.run("target_pipedrive", ["--config", str(config)], content, nth=nth, when=when)
            == -signal.SIGKILL
        )
    config.write_text(json.dumps(settings))
    done = copying.write(content, config)
    assert done.returncode == 0, done.stderr.decode()
    copy = Copy(
        dump_for(copying.source, copying.target), copying.target.dump(), copying.before, copying.ledger
    )
    assert copy.differences() == []


@together
@pytest.mark.parametrize(
    ("nth", "when"), [pytest.param(175, "before", marks=pytest.mark.soak), (195, "after")]
)
def test_a_copy_killed_while_rows_wait_for_each_other_is_completed(copying, poured, nth, when):
    """At that point products and organizations exist, and the persons in their custom fields do not."""
    assert_completed(copying, poured, nth, when)


@pytest.mark.soak
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("nth", range(1, 490, max(1, 490 // CAMPAIGN)))
def test_a_copy_killed_at_any_of_its_writes_is_completed(copying, poured, nth, when):
    assert_completed(copying, poured, nth, when)


@pytest.mark.soak
def test_a_large_copy_equals_its_source_and_a_second_copy_writes_nothing(medium, other, tmp_path):
    copying = Copying(medium, other, tmp_path)
    copying.prepare()
    assert copying.run() == 0, copying.told()
    assert copying.differences() == []
    written = writes(other)
    assert copying.run() == 0, copying.told()
    assert writes(other) == written


@pytest.fixture
def unmetered(tmp_path):
    """A copy of the medium account into an empty one, whose daily budget is too small for many runs."""
    budget = ("--burst", "0", "--daily-tokens", str(10**9))
    with Emulator(*budget, seed="medium") as source, Emulator(*budget, seed="empty") as target:
        made = Copying(source, target, tmp_path)
        made.prepare()
        yield made


@pytest.mark.soak
def test_a_large_copy_survives_fifty_kills_in_a_row(unmetered):
    copying, other, dice = unmetered, unmetered.target, random.Random(7)
    kills = 0
    while kills < CAMPAIGN:  # a run that ended earlier was not killed
        ended = copying.run(
            seconds=dice.uniform(1, 15),
            end=dice.choice(("tap", "target", "both")),
            with_state=dice.random() < 0.5,
        )
        assert ended in (None, 0), copying.told()
        kills += ended is None
    assert copying.run() == 0, copying.told()
    assert copying.differences() == []
    written = writes(other)
    assert copying.run() == 0, copying.told()
    assert writes(other) == written


def test_the_recipe_works_as_it_is_written(small, other, tmp_path):
    other.reset()
    invite_colleagues(small, other)
    before = other.dump()
    for name, account, block in zip(("source", "target"), (small, other), blocks("json"), strict=True):
        settings = {**json.loads(block), **account.config()}
        del settings["company_domain"]
        (tmp_path / f"{name}.json").write_text(json.dumps(settings))
    programs = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    printed, written = [], []
    for commands in blocks("sh"):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stderr[-3000:]}"
        printed.append(done.stdout + done.stderr)
        written.append(writes(other))
    assert "deals" in printed[2]  # the plan
    assert "created" in printed[4]
    assert written[3] > 400
    assert written[-1] == written[3]
    copy = Copy(dump_for(small, other), other.dump(), before, tmp_path / "a-to-b.sqlite")
    assert copy.differences() == []


@pytest.mark.soak
@pytest.mark.parametrize("last", [20, None], ids=["amid the deals", "before the last word"])
def test_a_truncated_input_is_not_treated_as_complete(copying, last):
    """Nothing is left out, archived or finalized before the input is complete; the next run does that."""
    whole = copying.read().splitlines(keepends=True)
    part = [line for line in whole if b'"under_way"' in line or not line.startswith(b'{"type":"STATE"')]
    assert part[0] == b'{"type":"STATE","value":{"under_way":true}}\n'
    assert b"under_way" not in whole[-1]
    if last is not None:
        part = part[: next(at for at, line in enumerate(part) if b'"stream":"deals","record"' in line) + last]
    done = copying.write(b"".join(part))
    assert done.returncode == 1
    assert b"The input ended unexpectedly" in done.stderr
    assert not any(row["is_archived"] for row in copying.target.rows("deals"))
    # When all products exist, the value of a deal is their sum, and the next run writes no value.
    assert bool(copying.target.rows("deal_products")) == (last is None)
    assert copying.run() == 0, copying.told()
    assert copying.differences() == []


# ── order ────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def said(poured):
    """Output of the tap for the small account, by stream, and the folder of its files."""
    content, folder = poured
    return Output([json.loads(line) for line in content.splitlines()]), folder


def load(other, tmp_path, folder, messages, **config):
    loader = Loader(other.config(**SETTINGS, files_dir=str(folder)), tmp_path)
    return loader(*messages, **config)


@together
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 9))])
def test_streams_may_arrive_in_any_order_and_children_before_parents(small, other, said, tmp_path, seed):
    out, folder = said
    copying = Copying(small, other, tmp_path / "copy")
    copying.prepare()
    dice = random.Random(seed)
    streams = dice.sample(sorted(out.schemas), len(out.schemas))
    messages = []
    for stream in streams:
        records = out.records[stream]
        # Positions depend on the order of arrival, so consecutive rows keep their order.
        if stream not in IN_A_ROW:
            dice.shuffle(records)
        messages.append(out.schemas[stream])
        messages += [{"type": "RECORD", "stream": stream, "record": one} for one in records]
    run = load(other, tmp_path, folder, messages, ledger_path=str(copying.ledger))
    assert run.error is None
    assert run.errors == []
    assert copying.differences() == []


IN_A_ROW = {"pipelines", "stages", "boards", "phases", "activity_types", "lead_labels", "deal_products"} | {
    f"{one}_fields" for one in ("deal", "person", "organization", "product", "project")
}


@together
def test_records_that_reference_a_missing_record_fail_by_name(other, said, tmp_path):
    out, folder = said
    other.reset()
    without = {"organizations", "pipelines", "stages"}
    messages = [one for one in out.messages if one["type"] != "STATE" and one["stream"] not in without]
    run = load(other, tmp_path, folder, messages, missing_references="fail")
    failed = [one for one in run.results if one["outcome"] == "failed"]
    assert failed
    assert {one["stream"] for one in failed} >= {"deals", "persons", "deal_products", "notes"}
    told = " ".join(one["error"] for one in failed)
    assert "references organizations" in told
    assert "references pipelines" in told
    assert "which is not in this ledger: load that record too, or omit the column" in told
    assert not other.rows("organizations")
    again = [json.loads(line) for line in run.rejects.read_text().splitlines()]
    assert sum(one["type"] == "RECORD" for one in again) == len(failed)


@pytest.mark.soak
def test_failed_records_can_be_replayed_after_their_parents_exist(small, other, said, tmp_path):
    out, folder = said
    copying = Copying(small, other, tmp_path / "copy")
    copying.prepare()
    loader = Loader(
        other.config(**SETTINGS, files_dir=str(folder), ledger_path=str(copying.ledger)), tmp_path
    )
    messages = [one for one in out.messages if one["type"] != "STATE"]
    first = loader(*(one for one in messages if one["stream"] != "organizations"), missing_references="fail")
    assert first.errors
    assert loader(*(one for one in messages if one["stream"] == "organizations")).errors == []
    rejected = [json.loads(line) for line in first.rejects.read_text().splitlines()]
    assert loader(*rejected).errors == []
    # Custom fields that reference missing rows were omitted, which does not count as a failure.
    assert {one.split(": ")[1].split()[0] for one in copying.differences()} == {"custom_fields"}
    assert loader(*messages).errors == []
    assert copying.differences() == []


@together
def test_options_and_labels_are_matched_by_label_and_not_by_id(other, said, tmp_path):
    out, folder = said
    other.reset()
    field = next(
        one for one in out.records["deal_fields"] if one["field_type"] == "enum" and one["is_custom_field"]
    )
    messages = [
        out.schemas["deal_fields"],
        {"type": "RECORD", "stream": "deal_fields", "record": field},
    ]
    other.post(
        "/api/v2/dealFields", {"field_name": "Another", "field_type": "enum", "options": [{"label": "x"}]}
    )
    run = load(other, tmp_path, folder, messages)
    assert run.errors == []
    made = next(row for row in other.rows("deal_fields") if row["name"] == field["field_name"])
    assert [one["label"] for one in made["options"]] == [one["label"] for one in field["options"]]
    assert {one["id"] for one in made["options"]}.isdisjoint(one["id"] for one in field["options"])


@together
@pytest.mark.parametrize("create", [True, False])
def test_missing_labels_of_rows_are_created_if_allowed(other, said, tmp_path, create):
    out, folder = said
    other.reset()
    field = next(one for one in out.records["deal_fields"] if one["field_code"] == "label_ids")
    new = {**field["options"][0], "id": 990, "label": "Renewal"}
    deal = {"id": 7_000_001, "title": "Labelled", "label_ids": [990, field["options"][0]["id"]]}
    messages = [
        out.schemas["deal_fields"],
        {"type": "RECORD", "stream": "deal_fields", "record": {**field, "options": [*field["options"], new]}},
        schema("deals", "id title label_ids", ["id"]),
        {"type": "RECORD", "stream": "deals", "record": deal},
    ]
    run = load(other, tmp_path, folder, messages, create_options=create)
    assert run.errors == []
    assert run.outcomes == ["updated" if create else "unchanged", "created"]
    (made,) = (row for row in other.rows("deal_fields") if row["code"] == "label_ids")
    options = {one["id"]: one["label"] for one in made["options"]}
    assert ("Renewal" in options.values()) == create
    (copy,) = (row for row in other.rows("deals") if row["title"] == "Labelled")
    wanted = ["Renewal", field["options"][0]["label"]] if create else [field["options"][0]["label"]]
    assert [options[one] for one in copy["label_ids"]] == wanted


@together
def test_rows_of_users_who_were_not_invited_belong_to_the_user_of_the_token(small, other, said, tmp_path):
    out, folder = said
    other.reset()
    owned = {
        "users",
        "persons",
        "organizations",
        "pipelines",
        "stages",
        "deals",
        "projects",
        "boards",
        "phases",
    }
    messages = [
        one
        for one in out.messages
        if one["type"] != "STATE" and (one["stream"] in owned or one["stream"].endswith("_fields"))
    ]
    run = load(other, tmp_path, folder, messages)
    assert run.errors == []
    assert {row["owner_id"] for row in other.rows("deals")} == {1}
    invite_colleagues(small, other)
    again = load(other, tmp_path, folder, messages, ledger_path=str(tmp_path / "ledger.sqlite"))
    assert all("An archived project cannot be edited" in one for one in again.errors)
    assert len({row["owner_id"] for row in other.rows("deals")}) > 1
