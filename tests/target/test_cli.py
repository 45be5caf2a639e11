"""The command line, as a process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from tests.support.forking import forking
from tests.target.helpers import lines_of, rows, state

COMMAND = [sys.executable, "-m", "target_pipedrive"]


def run(folder, *arguments, config=None, text=""):
    """The finished process."""
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
        arguments += ("--config", str(folder / "config.json"))
    done = forking("target_pipedrive").finish(folder, *arguments, content=text.encode())
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_about_lists_the_supported_settings(tmp_path):
    about = json.loads(run(tmp_path, "--about", "--format=json").stdout)
    settings = set(about["settings"]["properties"]) if "properties" in about["settings"] else set()
    assert {"match_on", "ledger_path", "api_token", "dry_run"} <= settings
    assert not {"add_record_metadata", "load_method", "batch_size_rows"} & settings
    assert set(about["capabilities"]) == {"about", "structured-logging"}


def test_version(tmp_path):
    assert "target-pipedrive v" in run(tmp_path, "--version").stdout


@pytest.mark.parametrize("wrong", ["foo", "--nonsense"])
def test_invalid_arguments_are_reported_in_one_line(tmp_path, wrong):
    done = run(tmp_path, wrong)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert wrong in line
    assert line.endswith("; see target-pipedrive --help.")


def test_a_load_ends_with_the_table_and_exit_code_0(small, tmp_path):
    done = run(
        tmp_path, config=small.config(), text=lines_of(rows("add_deal", {"title": "A"}), state({"n": 1}))
    )
    assert done.returncode == 0
    assert done.stdout == '{"n": 1}\n'
    assert "add_deal" in done.stderr
    assert "created" in done.stderr
    assert "emulator-token" not in done.stderr


def test_failures_end_with_exit_code_1_and_a_reject_file(small, tmp_path):
    done = run(tmp_path, config=small.config(), text=lines_of(rows("add_deal", {"value": 1})))
    assert done.returncode == 1
    assert "needs title" in done.stderr
    assert (tmp_path / "target-pipedrive-rejects.singer").exists()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"api_token": ""}, "No credentials are set"),
        ({"api_url": "http://example.com"}, "uses http"),
        ({"on_ambiguous": "perhaps"}, "on_ambiguous"),
        ({"streams": {"x": {"entity": "persons", "wirte": "add"}}}, "does not accept 'wirte'"),
        ({"max_failures": -1}, "max_failures must be an integer"),
    ],
)
def test_invalid_settings_are_reported_in_a_sentence(small, tmp_path, wrong, sentence):
    done = run(tmp_path, config={**small.config(), **wrong}, text="")
    assert done.returncode != 0
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_files_and_variables_that_cannot_be_read_are_reported_without_their_values(
    small, tmp_path, monkeypatch
):
    missing = run(tmp_path, "--config", "nowhere.json")
    (tmp_path / "torn.json").write_text('{"api_token": "abc-secret')
    torn = run(tmp_path, "--config", "torn.json")
    typed = run(tmp_path, config={**small.config(), "dry_run": "very-secret"})
    monkeypatch.setenv("TARGET_PIPEDRIVE_MAX_DELETES", "hush-secret")
    variable = run(tmp_path, "--config", "ENV")
    for done, sentence in (
        (missing, "The config file nowhere.json cannot be read"),
        (torn, "The config file torn.json is not valid JSON"),
        (typed, "Setting dry_run must be true or false."),
        (variable, "TARGET_PIPEDRIVE_MAX_DELETES must be an integer"),
    ):
        assert done.returncode == 2
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr
        assert "secret" not in done.stderr


def test_help_reports_what_it_does_and_how_it_ends(tmp_path):
    told = " ".join(run(tmp_path, "--help").stdout.split())
    assert "Singer messages on stdin" in told
    assert "target-pipedrive ledger" in told
    assert "4 the token budget" in told
    ledger = " ".join(run(tmp_path, "ledger", "--help").stdout.split())
    assert "your ids" in ledger
    assert "Example: target-pipedrive ledger forget" in run(tmp_path, "ledger", "forget", "--help").stdout


def test_a_run_that_stops_reports_what_is_left_and_what_to_do(small, tmp_path):
    config = {**small.config(), "max_failures": 1, "max_concurrency": 1}
    deals = [{"title": "A", "stage_id": 9999}, *({"title": str(number)} for number in range(30))]
    done = run(tmp_path, config=config, text=lines_of(rows("add_deal", *deals)))
    assert done.returncode == 1
    assert "records read but not processed. Run again with the same input" in done.stderr
    assert "1 record failed" in done.stderr


def test_a_wrong_token_ends_with_one_sentence_and_no_secret(small, tmp_path):
    config = {**small.config(), "api_token": "not-the-token-at-all"}
    done = run(tmp_path, config=config, text=lines_of(rows("add_deal", {"title": "A"}), state({"n": 1})))
    assert done.returncode == 3
    assert "the token was rejected" in done.stderr
    assert "Traceback" not in done.stderr
    assert "not-the-token-at-all" not in done.stderr
    assert done.stdout == ""


def test_an_exhausted_budget_has_an_exit_code_of_its_own(small, tmp_path):
    config = {**small.config(), "run_token_budget": 12}
    deals = [{"title": str(number)} for number in range(20)]
    done = run(tmp_path, config=config, text=lines_of(rows("add_deal", *deals), state({"n": 1})))
    assert done.returncode == 4
    assert done.stdout == ""
    again = run(tmp_path, config=small.config(), text=lines_of(rows("add_deal", *deals), state({"n": 1})))
    assert again.returncode == 0
    assert len([one for one in small.rows("deals") if one["title"] in {str(n) for n in range(20)}]) == 20


def test_the_ledger_can_be_listed_exported_and_forgotten(small, tmp_path):
    run(tmp_path, config=small.config(), text=lines_of(rows("deals", {"external_id": "x-1", "title": "A"})))
    assert "deals  x-1  ->" in run(tmp_path, "ledger", "list").stdout
    exported = [json.loads(line) for line in run(tmp_path, "ledger", "export").stdout.splitlines()]
    assert exported[0]["external_id"] == "x-1"
    assert "Forgot 1" in run(tmp_path, "ledger", "forget", "deals", "x-1").stdout
    assert "x-1" not in run(tmp_path, "ledger", "list").stdout
    missing = run(tmp_path, "ledger", "list", "--ledger", "nowhere.sqlite")
    assert missing.returncode == 2
    assert "No ledger at" in missing.stderr


def test_a_signal_records_completed_writes(small, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(small.config()))
    process = subprocess.Popen(
        [*COMMAND, "--config", "config.json"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdin.write(lines_of(rows("add_deal", {"title": "Before the signal"}), state({"n": 1})))
    process.stdin.flush()
    assert process.stdout.readline() == '{"n": 1}\n'
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert "Stopping" in errors


@pytest.mark.perf
def test_starts_within_a_second(tmp_path):
    begun = time.monotonic()
    subprocess.run([*COMMAND, "--version"], cwd=tmp_path, capture_output=True, check=True)
    assert time.monotonic() - begun < 2  # a loose floor: the measured value is under 1


def test_unknown_settings_are_reported(small, tmp_path):
    slip = run(tmp_path, config={**small.config(), "dry_runn": True}, text="")
    assert slip.returncode == 2
    assert "Unknown setting dry_runn. Did you mean dry_run?" in slip.stderr
    other = run(tmp_path, config={**small.config(), "stream_maps": {}}, text="")
    assert other.returncode == 0
    assert "Unknown setting stream_maps is ignored" in other.stderr


def test_settings_that_reference_missing_names_stop_the_run_before_it_writes(small, tmp_path):
    for settings, sentence in (
        ({"streams": {"x": {"entity": "person"}}}, "streams.x: unknown entity person; nearest: persons"),
        (
            {"streams": {"x": {"action": "addDeals"}}},
            "streams.x: unknown action add_deals; nearest: add_deal",
        ),
        ({"match_on": {"person": ["email"]}}, "match_on: unknown entity person; nearest: persons"),
    ):
        done = run(tmp_path, config={**small.config(), **settings}, text="")
        assert (done.returncode, "Traceback" in done.stderr) == (2, False)
        assert sentence in done.stderr


def test_credentials_of_the_environment_need_an_option_and_the_message_names_it(tmp_path, monkeypatch):
    monkeypatch.setenv("TARGET_PIPEDRIVE_API_TOKEN", "secret-token")
    done = run(tmp_path, text="")
    assert (done.returncode, done.stdout) == (2, "")
    assert "TARGET_PIPEDRIVE_API_TOKEN" in done.stderr
    assert "--config=ENV" in done.stderr
    assert "secret-token" not in done.stderr


def test_an_empty_input_is_named(small, tmp_path):
    assert "The input is empty" in run(tmp_path, config=small.config(), text="").stderr
    assert "The input is empty" not in run(tmp_path, config=small.config(), text="{}\n").stderr


def test_counts_of_messages_are_not_logged(small, tmp_path):
    done = run(tmp_path, config=small.config(), text=lines_of(rows("add_deal", {"title": "A"})))
    assert "completed processing" not in done.stderr


@pytest.mark.parametrize("wrong", [("chek",), ("--config", "x.json", "check")])
def test_a_subcommand_that_is_misspelt_or_not_the_first_argument_is_named(tmp_path, wrong):
    (tmp_path / "x.json").write_text("{}")
    (line,) = run(tmp_path, *wrong).stderr.splitlines()
    assert "begin with `target-pipedrive check`" in line
