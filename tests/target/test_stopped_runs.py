"""Runs that stop: invalid streams, too many failures, unusable paths and ledgers."""

from __future__ import annotations

import json
import os
import sqlite3
import stat

import pytest

from pipedrive_client import ConfigError
from target_pipedrive.record.errors import StreamFault
from target_pipedrive.run.abort import StoppedByFailures
from tests.target.helpers import lines_of, record, rows, schema, state
from tests.target.processes import Process

pytestmark = pytest.mark.dialects

GOOD = rows("add_deal", {"title": "A"})


@pytest.fixture
def process(small, tmp_path):
    return Process(small.config(), tmp_path)


def writes(small) -> int:
    return sum(count for name, count in small.requests().items() if not name.startswith("GET"))


# --- invalid streams --------------------------------------------------------------------------------

BROKEN = {
    "unknown columns": (rows("persons", {"id": 1, "nmae": "x", "emial": "y"}), {}, ["nmae"]),
    "an unknown stream": (rows("dealz", {"id": 1}), {}, ["dealz", "deals"]),
    "a mapping to nothing": (
        rows("scores", {"id": 1, "score": 5}),
        {"streams": {"scores": {"entity": "persons", "fields": {"score": "Nonsense"}}}},
        ["score"],
    ),
    "match_on without its column": (
        rows("persons", {"name": "x"}),
        {"match_on": {"persons": ["email"]}},
        ["email"],
    ),
    "an unknown input of an action": (rows("add_deal", {"title": "A", "titel": "B"}), {}, ["titel"]),
    "an unknown input of a request": (rows("raw_request", {"methud": "GET"}), {}, ["methud"]),
}


@pytest.mark.parametrize("case", BROKEN)
def test_an_invalid_stream_ends_the_run_before_any_state(load, small, case):
    messages, settings, facts = BROKEN[case]
    run = load(messages, state({"n": 1}), GOOD, state({"n": 2}), **settings)
    assert isinstance(run.error, StreamFault)
    assert all(fact in str(run.error) for fact in facts)
    assert (run.states, run.results) == ([], [])
    assert writes(small) == 0


@pytest.mark.parametrize("case", BROKEN)
def test_only_records_of_an_invalid_stream_are_rejected_if_configured(load, caplog, case):
    messages, settings, facts = BROKEN[case]
    more = [{**messages[-1], "record": {**messages[-1]["record"]}} for _ in range(29)]
    run = load(messages, more, GOOD, state({"n": 2}), on_stream_error="reject", **settings)
    assert run.error is None
    assert run.outcomes == [*["failed"] * 30, "created"]
    assert run.states == [{"n": 2}]
    assert all(fact in run.errors[0] for fact in facts)
    # Logged once when it is found and once with the count, for any number of records.
    told = [one.getMessage() for one in caplog.records if facts[0] in one.getMessage()]
    assert len(told) == 2
    assert "30 records" in told[1]


def test_an_invalid_stream_ends_the_process_with_code_2(process, small):
    done = process(lines_of(BROKEN["unknown columns"][0], state({"n": 1})))
    assert (done.code, done.out, done.results) == (2, "", [])
    assert writes(small) == 0


def test_no_state_after_an_invalid_stream_and_none_before_its_records_are_written(process, small):
    done = process(lines_of(GOOD, state({"n": 1}), rows("dealz", {"id": 1}), state({"n": 2})))
    assert done.code == 2
    written = [one["title"] for one in small.rows("deals")].count("A")
    assert (done.out, written) in (("", 0), ("", 1), ('{"n": 1}\n', 1))
    again = process(lines_of(GOOD, state({"n": 1})))
    assert (again.code, again.out) == (0, '{"n": 1}\n')
    assert len([one for one in small.rows("deals") if one["title"] == "A"]) == 1


# --- too many failures -------------------------------------------------------------------------------


def mixed(good: int, bad: int) -> list:
    values = [{"title": str(number)} for number in range(good)] + [{"title": "b", "value": "x"}] * bad
    return rows("add_deal", {"title": "0", "value": 1}, *values)


@pytest.mark.parametrize(
    ("settings", "bad", "over"),
    [
        ({"max_failure_percent": 20}, 2, False),
        ({"max_failure_percent": 20}, 3, True),
        ({"max_failure_percent": 0}, 1, True),
        ({"max_failure_percent": 20.5}, 2, False),
        ({"max_failure_percent": 100}, 9, False),
        ({"max_failures": 3}, 2, False),
        ({"max_failures": 3}, 3, True),
    ],
)
def test_over_the_limit_of_failures_no_further_state_is_emitted(load, settings, bad, over):
    run = load(mixed(8, bad), state({"n": 1}), **settings)
    assert isinstance(run.error, StoppedByFailures) is over
    assert run.states == ([] if over else [{"n": 1}])
    assert run.outcomes.count("failed") == bad


def test_with_a_limit_no_state_after_a_failure_is_emitted_before_the_end(load):
    bad = {"title": "b", "value": "x"}
    run = load(
        rows("add_deal", {"title": "a", "value": 1}),
        state({"n": 1}),
        rows("add_deal", bad),
        state({"n": 2}),
        rows("add_deal", bad, bad),
        state({"n": 3}),
        max_failure_percent=50,
    )
    assert isinstance(run.error, StoppedByFailures)
    assert all(part in str(run.error) for part in ("3 of 4", "max_failure_percent (50)"))
    assert run.states in ([], [{"n": 1}])


def test_many_failures_end_a_run_before_its_input_ends(load):
    run = load(mixed(0, 400), max_failure_percent=10)
    assert isinstance(run.error, StoppedByFailures)
    assert len(run.results) < 300


@pytest.mark.parametrize("wrong", [-1, 101, "many", True])
def test_a_percentage_must_be_valid(process, wrong):
    done = process("", max_failure_percent=wrong)
    assert done.code == 2
    assert "max_failure_percent" in done.log


# --- errors of the SDK under on_error: stop ----------------------------------------------------------

STOPPING = {
    "a record before its SCHEMA": ([record("persons", external_id="x")], "SCHEMA"),
    "no JSON": (["{not json"], "not a Singer message"),
    "no key": ([schema("deals", "id title", ["id"]), record("deals", title="A")], "id is empty"),
    "no object": (
        [schema("deals", "id", ["id"]), '{"type":"RECORD","stream":"deals","record":7}'],
        "cannot be read",
    ),
    "an unknown type": (['{"type":"BATCH","stream":"deals"}'], "BATCH"),
    "a SCHEMA without a name": (['{"type":"SCHEMA","schema":{"properties":{"id":{}}}}'], "SCHEMA"),
    "a wrong value": (rows("deals", {"id": 1, "value": "x"}, keys=["id"]), "value"),
}


def test_the_sdk_error_is_one_sentence(process, small):
    done = process.case("47-onerror-stop")
    assert (done.code, done.out, done.outcomes) == (1, "", ["failed"])
    assert done.results[0]["line"] == 1
    assert "SCHEMA first" in done.log
    assert [one["record"] for one in done.rejects] == [{"external_id": "x", "name": "X"}]
    assert writes(small) == 0


def test_each_error_that_stops_is_one_sentence_and_recorded(process, small):
    for case, (messages, fact) in STOPPING.items():
        done = process(lines_of(messages, state({"n": 1}), GOOD), on_error="stop")
        assert done.code in (1, 2), case
        assert done.out == "", case
        assert fact in done.log, case
        if done.code == 1:
            assert done.outcomes == ["failed"], case
            assert done.rejects, case
    assert writes(small) == 0


# --- paths -------------------------------------------------------------------------------------------


def test_an_unwritable_reject_file_ends_the_run_before_it_writes(process, small):
    done = process.case("55-rejects-unwritable")
    assert (done.code, done.out, done.results) == (2, "", [])
    assert all(fact in done.log for fact in ("rejects_path", "/proc/x/rej.singer"))
    assert writes(small) == 0


@pytest.mark.parametrize(
    ("setting", "path"),
    [
        ("results_path", "/proc/x/r.jsonl"),
        ("results_path", "."),
        ("results_path", "file/below"),
        ("results_path", "x" * 300),
        ("results_path", "loop/x"),
        ("rejects_path", "file/below"),
        ("rejects_path", "loop"),
        ("rejects_path", "."),
        ("ledger_path", "/proc/x/l.sqlite"),
        ("ledger_path", "."),
        ("ledger_path", "file/below"),
        ("ledger_path", "x" * 5000),
        ("files_dir", "file"),
        ("files_dir", "loop"),
    ],
)
def test_paths_are_checked_before_the_first_write(load, small, tmp_path, monkeypatch, setting, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("x")
    (tmp_path / "loop").symlink_to("loop")
    run = load(GOOD, state({"n": 1}), **{setting: path})
    assert type(run.error).__name__ == "ConfigError"
    assert setting in str(run.error)
    assert len(str(run.error)) < 500
    assert (run.states, writes(small)) == ([], 0)


@pytest.mark.parametrize("setting", ["results_path", "files_dir"])
def test_a_path_with_a_nul_character_is_rejected_with_the_settings(setting, load):
    with pytest.raises(ConfigError, match=f"{setting} must not contain a NUL character"):
        load(GOOD, **{setting: "a\0b"})


def test_a_missing_upload_folder_fails_only_records_with_a_path(load, tmp_path):
    run = load(
        rows(
            "add_file", {"deal_id": 1, "path": "a.txt"}, {"deal_id": 1, "content": "x", "file_name": "b.txt"}
        ),
        files_dir=str(tmp_path / "made by the tap"),
    )
    assert sorted(run.outcomes) == ["created", "failed"]
    assert "files_dir" in run.errors[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [("results_path", "ledger_path"), ("rejects_path", "ledger_path"), ("results_path", "rejects_path")],
)
def test_two_settings_with_the_same_file_are_rejected(load, tmp_path, one, other):
    load(rows("deals", {"external_id": "k", "title": "A"}, keys=["external_id"]))
    before = (tmp_path / "ledger.sqlite").read_bytes()
    path = tmp_path / ("ledger.sqlite" if "ledger_path" in (one, other) else "same")
    run = load(GOOD, **{one: str(path), other: str(tmp_path / "." / path.name)})
    assert all(fact in str(run.error) for fact in (one, other, "same file"))
    assert (tmp_path / "ledger.sqlite").read_bytes() == before


def test_files_are_for_their_owner_only(load, tmp_path):
    (tmp_path / "old.jsonl").write_text("open to all\n")
    (tmp_path / "old.jsonl").chmod(0o644)
    before = os.umask(0)
    try:
        run = load(rows("add_deal", {"value": 1}), results_path=str(tmp_path / "old.jsonl"))
        load(rows("add_deal", {"title": "A"}))
    finally:
        os.umask(before)
    for path in (
        tmp_path / "old.jsonl",
        tmp_path / "results-2.jsonl",
        run.rejects,
        tmp_path / "ledger.sqlite",
    ):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_checking_a_path_leaves_no_file(load, tmp_path):
    load(GOOD)
    assert not (tmp_path / "rejects-1.singer").exists()


# --- uploads -----------------------------------------------------------------------------------------


def test_upload_paths_that_cannot_be_used_fail_their_record_alone(load, tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "good.txt").write_text("x")
    (folder / "loop").symlink_to("loop")
    (folder / "folder").mkdir()
    paths = [
        "a\0b",
        "x" * 5000,
        "y/" * 2500,
        "loop",
        "loop/x",
        "folder",
        "../files",
        "/etc/passwd",
        "~",
        "none",
    ]
    uploads = [{"deal_id": 1, "path": path} for path in [*paths, "good.txt"]]
    run = load(rows("add_file", *uploads), files_dir=str(folder))
    assert run.error is None
    assert run.outcomes == [*["failed"] * len(paths), "created"]
    assert {one["column"] for one in run.results[:-1]} == {"path"}
    assert all(len(error) < 400 for error in run.errors)


# --- ledgers -----------------------------------------------------------------------------------------


def foreign(path):
    with sqlite3.connect(path) as other:
        other.execute("create table meta (something text)")
        other.execute("insert into meta values ('theirs')")
    other.close()


def of_another_account(path):
    with sqlite3.connect(path) as other:
        other.execute("create table meta (name text primary key, value text not null) without rowid")
        other.execute("create table links (entity, external_id, id, stream, linked_at)")
        other.execute("create table writes (identity, stream, action, state, id, begun_at, ended_at)")
        other.execute("insert into meta values ('version', '1'), ('account', 'other.pipedrive.com')")
    other.close()


def torn(path):
    with sqlite3.connect(path) as other:
        other.execute("create table filler (x text)")
        other.executemany("insert into filler values (?)", [("y" * 500,)] * 500)
    other.close()
    content = path.read_bytes()
    path.write_bytes(content[:3000] + b"\xff" * 5000)


LEDGERS = {
    "no database": lambda path: path.write_bytes(b"these are not the bytes of a database" * 50),
    "one line": lambda path: path.write_text("x"),
    "torn": torn,
    "of another program": foreign,
    "of another account": of_another_account,
    "a folder": lambda path: path.mkdir(),
    "a loop": lambda path: path.symlink_to(path.name),
}


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("case", LEDGERS)
def test_a_file_that_is_not_a_ledger_ends_the_run_and_is_not_changed(load, small, tmp_path, case, dry_run):
    path = tmp_path / "odd.sqlite"
    LEDGERS[case](path)
    before = path.read_bytes() if path.is_file() else None
    run = load(GOOD, state({"n": 1}), ledger_path=str(path), dry_run=dry_run)
    assert type(run.error).__name__ == "ConfigError"
    assert "odd.sqlite" in str(run.error)
    assert (run.states, writes(small)) == ([], 0)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_an_empty_ledger_is_a_new_one_in_a_dry_run_too(process, small):
    (process.folder / "l.sqlite").write_bytes(b"")
    done = process.case("71-ledger-empty-dryrun")
    assert done.code in (0, 1)
    assert len(done.results) == 1
    assert writes(small) == 0
    assert (process.folder / "l.sqlite").read_bytes() == b""
    person = rows("persons", {"external_id": "a", "name": "New"}, keys=["external_id"])
    planned, done = (process(lines_of(person), ledger_path="l.sqlite", dry_run=dry) for dry in (True, False))
    assert (planned.code, planned.outcomes) == (done.code, done.outcomes) == (0, ["created"])


def test_a_ledger_in_use_stops_a_dry_run_too(load, small, tmp_path):
    load(GOOD)
    path = tmp_path / "ledger.sqlite"
    held = sqlite3.connect(path, isolation_level=None)
    try:
        held.execute("pragma locking_mode = exclusive")
        held.execute("begin exclusive")
        for dry_run in (False, True):
            run = load(rows("add_deal", {"title": "B"}), dry_run=dry_run)
            assert "in use by another run" in str(run.error)
    finally:
        held.close()
    assert not [one for one in small.rows("deals") if one["title"] == "B"]


@pytest.mark.parametrize("case", LEDGERS)
def test_the_ledger_command_reports_the_same(tmp_path, capfd, case):
    from pipedrive_client import ConfigError  # noqa: PLC0415 - beside its only use
    from target_pipedrive.ledger.cli import ledger  # noqa: PLC0415

    path = tmp_path / "odd.sqlite"
    LEDGERS[case](path)
    if case == "of another account":
        ledger(["list", "--ledger", str(path)])  # it talks to no account
        return
    with pytest.raises(ConfigError, match=r"odd\.sqlite"):
        ledger(["list", "--ledger", str(path)])
    assert capfd.readouterr().out == ""


# --- the address -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/v2", "/v1", "/api", "/v1/", "/nothing/here"])
@pytest.mark.parametrize("stream", ["deals", "add_deal"])
def test_a_wrong_path_in_api_url_is_reported_as_a_setting(load, small, path, stream):
    values = {"title": "A"} if stream == "add_deal" else {"external_id": "a", "title": "A"}
    run = load(rows(stream, values, keys=[*values][:1]), state({"n": 1}), api_url=small.url + path)
    assert type(run.error).__name__ == "ConfigError"
    assert all(fact in str(run.error) for fact in ("api_url", path.rstrip("/"), small.url))
    assert (run.states, run.outcomes) == ([], [])


def test_a_wrong_path_ends_the_process_with_code_2(process, small):
    text = lines_of(rows("deals", {"id": 1, "title": "A"}, keys=["id"]), state({"n": 1}))
    done = process(text, api_url=small.url + "/api/v2")
    assert (done.code, done.out) == (2, "")
    assert json.dumps("api_url")[1:-1] in done.log
