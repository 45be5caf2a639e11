"""`summary_path` of both plugins: the result of a run for programs."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest

from pipedrive_client import RateLimited, Unauthorized
from pipedrive_singer.summary import Summary
from target_pipedrive.record.outcome import Outcome
from tests.support.cli import Files, tap
from tests.support.singer import select
from tests.target.helpers import lines_of, rows, state
from tests.target.processes import Process

PAGE = (Path(__file__).parents[2] / "docs/operations.md").read_text(encoding="utf-8")
KEYS = re.findall(r"^\| `(\w+)` \|", PAGE.split("| Key | Content |")[1].split("\n\n")[0], re.MULTILINE)
OUTCOMES = dict(
    re.findall(r"^\| `(\w+)` \|.*\| (\d+|130, 143|null) \|$", PAGE.split("| Outcome |")[1], re.MULTILINE)
)
TYPES = {
    "plugin": str, "version": str, "outcome": str, "exit_code": int, "error": str, "started_at": str,
    "ended_at": str, "seconds": float, "resume_at": str, "requests": int, "tokens": int,
    "tokens_left_today": int, "streams": list, "failures": list, "rejected_streams": list, "same_keys": list,
    "created": list, "dry_run": bool, "rejects_path": str,
}  # fmt: skip


def summary_in(path):
    """The summary; its keys and their types are those of the documentation."""
    found = json.loads(path.read_text(encoding="utf-8"))
    assert list(found) == KEYS == list(TYPES)
    for name, value in found.items():
        assert value is None or isinstance(value, TYPES[name]), name
    code = found["exit_code"]
    assert ("null" if code is None else str(code)) in OUTCOMES[found["outcome"]].split(", ")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not [one for one in path.parent.iterdir() if one.suffix == ".tmp"]
    return found


@pytest.fixture
def read(small, tmp_path):
    """Run the tap, and return its summary and its result."""
    path = tmp_path / "new" / "summary.json"

    def run(*streams, given=None, env=None, **config):
        catalog = select(small.config(), *streams)
        small.post("/_emulator/log/clear")
        settings = {**small.config(), "summary_path": str(path), **config}
        done = tap(*Files(tmp_path).arguments(settings, catalog=catalog, state=given), env=env)
        found = summary_in(path)
        assert found["exit_code"] == done.code
        return found, done

    return run


@pytest.fixture
def write(small, tmp_path):
    """Run the target, and return its summary and its result."""
    path = tmp_path / "summary.json"
    target = Process(small.config(), tmp_path)

    def run(*records, stream="add_deal", **config):
        small.post("/_emulator/log/clear")
        text = lines_of(rows(stream, *records), state({"n": 1}))
        done = target(text, summary_path=str(path), **config)
        found = summary_in(path)
        assert found["exit_code"] == done.code
        return found, done

    return run


def test_a_tap_run_is_summarised_by_stream(read, small):
    found, done = read("stages", "pipelines")
    assert (found["plugin"], found["outcome"], found["error"]) == ("tap-pipedrive", "done", None)
    by_name = {one.pop("stream"): one for one in found["streams"]}
    assert {name: one["records"] for name, one in by_name.items()} == {
        name: len(records) for name, records in done.output.records.items()
    }
    log = small.log()
    assert (found["requests"], found["tokens"]) == (log["requests"], log["tokens"])
    assert sum(one["tokens"] for one in by_name.values()) == log["tokens"]
    assert found["tokens_left_today"] > 0
    assert found["started_at"] <= found["ended_at"]


def test_the_summary_contains_the_time_to_resume_after_a_budget(read):
    found, _ = read("deals", "persons", daily_token_budget=45)
    assert (found["outcome"], found["exit_code"]) == ("budget_exhausted", 4)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", found["resume_at"])
    assert found["resume_at"] > found["ended_at"]
    assert "daily_token_budget" in found["error"]
    found, _ = read("deals", "persons", run_token_budget=45)
    assert found["resume_at"] <= found["ended_at"]


def test_a_selected_stream_without_records_and_a_denied_one_are_in_the_summary(read, small):
    small.post(
        "/_emulator/faults",
        [{"operation": "GET /v1/goals/find", "every": 1, "kind": "status_before", "status": 403}],
    )
    try:
        found, _ = read("goals", "stages", strict_access=True)
    finally:
        small.post("/_emulator/faults", [])
    assert found["outcome"] == "denied"
    by_name = {one["stream"]: one for one in found["streams"]}
    assert (by_name["goals"]["records"], by_name["goals"]["access"]) == (0, "denied")
    (rejected,) = found["rejected_streams"]
    assert rejected["stream"] == "goals"
    assert rejected["error"]


def test_invalid_settings_are_summarised(read):
    found, done = read("stages", start_date="soon")
    assert (found["outcome"], found["exit_code"]) == ("invalid_input", 2)
    assert "start_date" in found["error"]
    assert found["error"] in done.err


def test_a_path_that_cannot_be_written_ends_the_run_before_its_first_request(small, tmp_path):
    (tmp_path / "file").touch()
    config = small.config(summary_path=str(tmp_path / "file" / "summary.json"))
    small.post("/_emulator/log/clear")
    done = tap(*Files(tmp_path).arguments(config, catalog=select(small.config(), "stages")))
    assert done.code == 2
    assert "summary_path" in done.last_line
    assert small.log()["requests"] == 0


def test_the_path_may_be_in_the_environment(small, tmp_path):
    path = tmp_path / "summary.json"
    catalog = Files(tmp_path).write("catalog.json", select(small.config(), "stages"))
    config = small.config(validate_records=True)
    env = {f"TAP_PIPEDRIVE_{name.upper()}": str(value) for name, value in config.items()}
    done = tap("--config=ENV", "--catalog", catalog, env={**env, "TAP_PIPEDRIVE_SUMMARY_PATH": str(path)})
    assert done.code == 0
    assert summary_in(path)["outcome"] == "done"


def test_a_killed_run_is_not_mistaken_for_the_last_one(tmp_path):
    path = tmp_path / "summary.json"
    path.write_text('{"outcome": "done"}')
    with Summary("tap-pipedrive", path):
        found = summary_in(path)
    assert (found["outcome"], found["exit_code"], found["ended_at"]) == ("running", None, None)


def rate_limited():
    error = RateLimited("Too many requests.")
    error.retry_after_seconds = 60
    return error


@pytest.mark.parametrize(
    ("error", "outcome", "code", "resumes"),
    [
        (SystemExit(143), "interrupted", 143, False),
        (KeyboardInterrupt(), "interrupted", 130, False),
        (SystemExit(1), "done_with_failures", 1, False),
        (rate_limited(), "failed", 1, True),
        (Unauthorized("The token was rejected."), "denied", 3, False),
        (OSError(28, "No space left on device"), "failed", 1, False),
        (ValueError("surprise"), "failed", 1, False),
    ],
    ids=repr,
)
def test_every_end_of_a_run_has_its_outcome(tmp_path, error, outcome, code, resumes):
    path = tmp_path / "summary.json"
    with pytest.raises(type(error)), Summary("tap-pipedrive", path):
        raise error
    found = summary_in(path)
    assert (found["outcome"], found["exit_code"]) == (outcome, code)
    assert (found["error"] is None) == isinstance(error, SystemExit)
    assert (found["resume_at"] is not None) == resumes


def test_a_load_is_summarised_by_outcome(write, small):
    found, _ = write({"title": "A"}, {"title": "B", "value": "much"}, {"title": "C"})
    assert (found["plugin"], found["outcome"]) == ("target-pipedrive", "done_with_failures")
    (stream,) = found["streams"]
    assert set(stream) == {"stream", "records", "requests", "tokens", *Outcome}
    assert (stream["records"], stream["created"], stream["failed"]) == (3, 2, 1)
    (fault,) = found["failures"]
    assert (fault["stream"], fault["column"], fault["line"]) == ("add_deal", "value", 3)
    assert "value" in fault["error"]
    assert Path(found["rejects_path"]).name.startswith("rejects")
    log = small.log()
    assert (found["requests"], found["tokens"], found["dry_run"]) == (log["requests"], log["tokens"], False)


def test_a_stream_that_cannot_be_written_is_named_in_the_summary(write):
    found, _ = write({"titel": "A"}, stream="deals")
    assert (found["outcome"], found["exit_code"]) == ("invalid_input", 2)
    assert "titel" in found["error"]
    found, _ = write({"titel": "A"}, stream="deals", on_stream_error="reject")
    (rejected,) = found["rejected_streams"]
    assert (rejected["stream"], rejected["records"]) == ("deals", 1)
    assert "titel" in rejected["error"]


def test_a_dry_run_is_summarised_without_writes(write, small):
    found, _ = write({"title": "A"}, dry_run=True)
    assert (found["dry_run"], found["streams"][0]["created"]) == (True, 1)
    assert not any(request.startswith("POST") for request in small.requests())


def test_a_file_that_is_not_a_summary_is_not_overwritten(small, tmp_path):
    text = lines_of(rows("add_deal", {"title": "A"}))
    target = Process(small.config(), tmp_path)
    assert target(text, ledger_path="ledger").code == 0
    content = (tmp_path / "ledger").read_bytes()
    done = target(text, ledger_path="ledger", summary_path="ledger")
    assert (done.code, (tmp_path / "ledger").read_bytes()) == (2, content)
    for fact in ("summary_path", "ledger", "another path"):
        assert fact in done.log


def test_two_settings_with_the_same_new_file_are_rejected(small, tmp_path):
    text = lines_of(rows("add_deal", {"title": "A"}))
    done = Process(small.config(), tmp_path)(text, summary_path="one", ledger_path="one")
    assert done.code == 2
    assert "summary_path and ledger_path are the same file" in done.log
