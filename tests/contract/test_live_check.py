"""The check of a live account, run against emulated ones: lists that are read, output and exit codes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.live.__main__ import REPORT, VARIABLE, main
from tests.live.check import cost
from tests.live.expected import DIALECTS, emulate, file_of, packed_text
from tests.live.lists import lists, never_read
from tests.live.shapes import Collector, shape_of
from tests.support import facts
from tests.support.altering import altered
from tests.support.emulator import TOKEN, Emulator
from tests.support.published import plain

OAUTH = {
    "CLIENT_ID": "emulator-client",
    "CLIENT_SECRET": "emulator-secret",
    "REFRESH_TOKEN": "emulator-refresh-token",
}


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Run the check with settings in the environment; return its exit code, output and report."""
    for name in [name for name in os.environ if name.startswith(VARIABLE)]:
        monkeypatch.delenv(name)

    def run(*options, **settings):
        for name, value in settings.items():
            monkeypatch.setenv(VARIABLE + name, value)
        file = tmp_path / "report.md"
        result = CliRunner().invoke(main, ["--report", str(file), *options])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.output, file.read_text(encoding="utf-8") if file.exists() else ""

    return run


@pytest.fixture
def restricted():
    """An account whose app has two scopes."""
    with Emulator("--burst", "0", "--dialect", "observed", "--scopes", "deals:read,base") as emulator:
        yield emulator


@pytest.fixture
def slow():
    """An account that responds slowly."""
    with Emulator("--burst", "0", "--latency-ms", "20") as emulator:
        yield emulator


def settings(account, **further):
    return {"API_TOKEN": TOKEN, "API_URL": account.url, **further}


def test_every_published_read_is_read_or_named_with_a_reason():
    every = {one["path"] for one in facts.operations() if one["method"] == "GET"}
    read = {plain(one.path) for one in lists()}
    assert {path for path in every if plain(path) in read} | {
        name.removeprefix("GET ") for name in never_read()
    } == every
    assert len(every) == 180
    assert all(never_read().values())


@pytest.mark.parametrize("dialect", DIALECTS, indirect=True)
def test_the_emulator_is_as_expected_and_only_read(small, check, dialect):
    code, output, report = check(**settings(small))
    assert code == 0, f"after a change of the emulator, run `python -m tests.live.expected`\n{report}"
    used = int(re.search(r"([\d,]+) tokens by published cost", report)[1].replace(",", ""))
    assert 0.95 * cost().tokens < used < 1.05 * cost().tokens
    assert f"GET requests only; nothing is changed. This costs about {cost().tokens:,}" in output
    assert "## Differences\n\nNone." in report
    assert {key.split()[0] for key in small.requests()} == {"GET"}
    assert len(small.requests()) >= len({one.path for one in lists()})
    sides = {
        "published": "like recorded responses in 0 places",
        "observed": "like the description in 0 places",
    }
    assert sides[dialect] in report


@pytest.mark.soak
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_expected_responses_are_those_of_the_emulator(dialect):
    assert packed_text(emulate(dialect)) == file_of(dialect).read_text(encoding="utf-8")


def test_oauth_settings_are_read_from_the_environment(small, check):
    app = {**OAUTH, "OAUTH_TOKEN_URL": f"{small.url}/oauth/token", "API_URL": small.url}
    code, _, report = check(**app)
    assert code == 0, report


def test_lists_without_a_scope_are_named_and_no_difference(restricted, check):
    app = {**OAUTH, "OAUTH_TOKEN_URL": f"{restricted.url}/oauth/token", "API_URL": restricted.url}
    code, output, report = check(**app)
    assert code == 0, report
    assert "lists could not be read" in output
    line = next(line for line in report.splitlines() if "`GET /v1/users`" in line)
    assert "the OAuth app lacks the scope users:read" in line


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ({}, 2, "TAP_PIPEDRIVE_API_TOKEN"),
        ({"API_TOKEN": "wrong-token"}, 2, "token was rejected"),
        ({"API_TOKEN": TOKEN, "API_URL": "http://127.0.0.1:9"}, 3, "No connection to <your account>"),
        ({"API_TOKEN": TOKEN, "COMPANY_DOMAIN": "zqx company"}, 2, "company_domain"),
        ({"API_TOKEN": TOKEN, "RUN_TOKEN_BUDGET": "100"}, 3, "needs about"),
        ({"API_TOKEN": TOKEN, "REQUEST_TIMEOUT_SECONDS": "x"}, 2, "must be a number greater than 0"),
        ({"CLIENT_ID": "a", "CLIENT_SECRET": "zqx-secret"}, 2, "Set refresh_token"),
    ],
)
@pytest.mark.usefixtures("short_waits")
def test_settings_that_cannot_work_end_in_one_sentence(small, check, given, code, words):
    found, output, report = check(**{"API_URL": small.url, **given})
    assert (found, report) == (code, "")
    assert words in output
    assert output.count("\n") == 1
    assert "zqx" not in output
    assert "wrong-token" not in output


def spent(after):
    """Return a change after which no tokens of the day are left, some requests later."""
    count = 0

    def change(reply):
        nonlocal count
        count += 1
        if count > after:
            reply.status = 429
            reply.headers["x-daily-ratelimit-token-remaining"] = "0"

    return change


def test_tokens_that_run_out_leave_a_report_of_what_was_read(small, check):
    with altered(small.url, spent(40)) as url:
        code, output, report = check(API_TOKEN=TOKEN, API_URL=url)
    assert code == 3
    assert "The check is not complete" in output
    assert "The check is not complete" in report
    assert "the check ended before" in report


def failing(reply):
    """Make two lists fail, one with a page of a proxy."""
    if reply.path == "/v1/notes":
        reply.status, reply.body = 500, {"success": False, "error": "Internal error"}
    if reply.path == "/v1/files":
        reply.status, reply.content, reply.headers = (
            502,
            b"<html>bad gateway</html>",
            {"content-type": "text/html"},
        )


def gone(reply):
    """Make the whole API fail."""
    if not reply.path.endswith("/me"):
        reply.status, reply.content, reply.headers = (
            502,
            b"<html>bad gateway</html>",
            {"content-type": "text/html"},
        )


@pytest.mark.usefixtures("short_waits")
def test_failing_lists_are_named_and_a_failing_api_ends_the_check(small, check):
    with altered(small.url, failing) as url:
        code, _, report = check(API_TOKEN=TOKEN, API_URL=url)
    assert code == 0, report
    assert "| the server failed | `GET /v1/notes`, `GET /v1/files` |" in report
    with altered(small.url, gone) as url:
        code, output, report = check(API_URL=url)
    assert code == 3
    assert output.count("GET /") < 12
    assert "web page instead of JSON" in report


def test_an_account_without_add_ons_is_read_to_the_end(small, check):
    def change(reply):
        if reply.path.startswith("/v1/") and reply.path != "/v1/users/me":
            reply.status, reply.body = 402, {"success": False, "error": "Payment required"}

    with altered(small.url, change) as url:
        code, _, report = check(API_TOKEN=TOKEN, API_URL=url)
    assert code == 0, report
    assert "not complete" not in report
    line = next(line for line in report.splitlines() if "`GET /v1/users`" in line)
    assert "the plan or an add-on does not include it" in line


def test_a_user_that_cannot_be_read_ends_no_check_but_prevents_writes(small, check):
    def change(reply):
        if reply.path == "/v1/users/me":
            reply.body = [1] if reply.status == 200 and first else {"success": False, "error": "no"}
            reply.status = 200 if first else 403

    for first in (True, False):
        with altered(small.url, change) as url:
            code, _, report = check(API_TOKEN=TOKEN, API_URL=url)
            assert code == first, report
            code, output, _ = check("--write", "acme-sandbox")
            assert code == 2
            assert "belongs to another account" in output
    assert {key.split()[0] for key in small.requests()} == {"GET"}


def test_a_list_that_rejects_the_token_or_reports_a_failure_does_not_end_the_check(small, check):
    def change(reply):
        if reply.path == "/v1/roles":
            reply.status, reply.body = 401, {"success": False, "error": "unauthorized access"}
        if reply.path == "/v1/currencies":
            reply.body = {"success": False, "error": "no", "data": None}

    with altered(small.url, change) as url:
        code, _, report = check(API_TOKEN=TOKEN, API_URL=url)
    assert code == 1
    assert "| the token was rejected for it | `GET /v1/roles` |" in report
    assert "GET /v1/currencies:\n\n- response: status 200 with an error, expected status 200" in report
    assert "not complete" not in report


def test_an_interruption_leaves_a_report(slow, tmp_path):
    given = {f"{VARIABLE}{name}": value for name, value in settings(slow).items()}
    command = [sys.executable, "-m", "tests.live", "--report", str(tmp_path / "report.md")]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **given}
    ) as process:
        assert process.stderr
        for line in process.stderr:
            if line.startswith("GET /api/v2/deals:"):
                break
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in "".join(output)
    assert "It was interrupted." in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_a_report_that_cannot_be_written_ends_in_one_sentence(small, tmp_path, check):
    (tmp_path / "file").touch()
    code, output, _ = check("--report", str(tmp_path / "file" / "report.md"), **settings(small))
    assert code == 3
    assert output.endswith("cannot be written: File exists.\n")
    assert small.requests() == {}


def test_the_test_of_a_live_account_is_off_and_needs_a_token(pytestconfig):
    assert "not live" in pytestconfig.getini("addopts")[-1]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(VARIABLE)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/live", "-m", "live"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=clean)
    assert f"neither {VARIABLE}API_TOKEN nor" in result.stdout
    assert "1 skipped" in result.stdout


def test_the_guide_and_the_form_for_reports_name_the_report():
    for file in ("docs/how-to/check-a-live-account.md", ".github/ISSUE_TEMPLATE/live-account.yml"):
        assert str(REPORT) in Path(file).read_text(encoding="utf-8"), file


def test_keys_that_are_data_are_replaced():
    row = {"a" * 40: 1, "a" * 40 + "_currency": "EUR", "17": 2, "EUR": 3, "name": "Ann"}
    assert set(shape_of(row)) == {"", "<custom field>", "<custom field>_currency", "<key>", "name"}
    typed = Collector(field_types=lambda _: "monetary")
    typed.add({"custom_fields": {"a" * 40: None, "my notes": 1}})
    assert set(typed.shape) == {
        "",
        "custom_fields",
        "custom_fields.<custom field: monetary>",
        "custom_fields.<key>",
    }
