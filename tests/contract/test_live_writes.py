"""Writes of the check of a live account: only of its own rows, which are deleted again, whatever happens."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from click.testing import CliRunner

from tests.live import survey
from tests.live.__main__ import ROWS, VARIABLE, main
from tests.live.expected import DIALECTS, recorded
from tests.live.lists import lists
from tests.live.probing import sandbox
from tests.live.probing.run import OPEN, Answered
from tests.live.probing.sandbox import ENTITIES, PREFIX
from tests.support.altering import altered
from tests.support.emulator import TOKEN, Emulator

COMPANY = "nordwind"
WRITES = {"POST", "PUT", "PATCH", "DELETE"}
TABLES = tuple(ENTITIES)


@pytest.fixture
def check(request, tmp_path, monkeypatch):
    """Run the check with writes; return its exit code, output and report."""
    for name in [name for name in os.environ if name.startswith(VARIABLE)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(f"{VARIABLE}API_TOKEN", TOKEN)
    if "dialect" not in request.fixturenames or not request.node.get_closest_marker("dialects"):
        monkeypatch.setattr(sandbox, "EMULATED_SPEED", 1000)
    few = [one for one in lists() if one.path in ("/api/v2/deals", "/v1/users")]
    monkeypatch.setattr(survey, "lists", lambda: few)

    def run(url, *options):
        monkeypatch.setenv(f"{VARIABLE}API_URL", url)
        file = tmp_path / "report.md"
        result = CliRunner().invoke(main, ["--report", str(file), *options])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.output, file.read_text(encoding="utf-8") if file.exists() else ""

    return run


def confirmed(company=COMPANY):
    return "--write", company, "--confirm-sandbox"


def own_rows(account):
    """Return the rows of checks that are not deleted."""
    texts = {name: account.rows(name) for name in TABLES}
    return [
        (name, row["id"])
        for name, rows in texts.items()
        for row in rows
        if PREFIX in json.dumps(row.get(ENTITIES[name].name))
        and not (row.get("is_deleted") or row.get("active_flag") is False or row.get("status") == "deleted")
    ]


@pytest.mark.dialects
def test_only_own_rows_are_written_and_all_are_deleted(small, check, tmp_path, dialect):
    before = {name: [row for row in small.rows(name) if not row.get("is_deleted")] for name in TABLES}
    code, output, report = check(small.url, *confirmed())
    assert code == 0, report
    assert "then about 20 rows are created, changed and deleted again" in output
    assert own_rows(small) == []
    for name, rows in before.items():
        after = {row["id"]: row for row in small.rows(name)}
        assert [after.get(row["id"]) for row in rows] == rows, name
    assert not (tmp_path / ROWS).exists()
    assert PREFIX not in report + output
    assert recorded(dialect).answers["a project task is marked as done by"] in report


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_account_without_rows_has_no_differences(check, monkeypatch, dialect):
    monkeypatch.setattr(survey, "lists", lists)
    monkeypatch.setattr(sandbox, "EMULATED_SPEED", 30)
    with Emulator("--burst", "0", "--dialect", dialect, seed="empty") as account:
        code, _, report = check(account.url, *confirmed())
        assert code == 0, report
        assert own_rows(account) == []


def test_every_open_question_is_in_the_report(small, check):
    _, _, report = check(small.url, *confirmed())
    part = report.split("## Open questions")[1].split("##")[0]
    assert {
        line.split(" | ")[0].removeprefix("| ") for line in part.splitlines() if "`" in line or " a " in line
    } >= OPEN - {"rows of one second, sorted by `update_time`"}
    assert all(recorded(one).answers.keys() >= OPEN for one in DIALECTS)


def test_questions_about_reads_need_no_writes(small, check):
    code, _, report = check(small.url)
    assert code == 0
    assert "| `updated_until` is | exclusive | exclusive |" in report
    assert not {name for name in small.requests() if name.split()[0] in WRITES}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--write", "acme", "--confirm-sandbox"), "belongs to another account"),
        (("--write", COMPANY), "add --confirm-sandbox"),
    ],
)
def test_an_account_that_may_be_no_sandbox_is_not_written_to(small, check, options, words):
    code, output, report = check(small.url, *options)
    assert (code, report) == (2, "")
    assert words in output
    assert COMPANY not in output
    assert small.requests() == {"GET /api/v1/users/me": 1}


def test_a_domain_with_the_word_sandbox_needs_no_further_confirmation(small, check):
    def change(reply):
        if reply.path == "/v1/users/me":
            reply.body["data"]["company_domain"] = "acme-sandbox"
        elif reply.path != "/api/v2/deals" and reply.method == "GET" and "search" not in reply.path:
            reply.status, reply.body = 403, {"success": False, "error": "no"}

    with altered(small.url, change) as url:
        check(url, "--write", "acme-sandbox")
    assert small.requests()["POST /api/v2/organizations"] >= 1


def test_rows_whose_creation_got_no_response_are_found_and_deleted(small, check, tmp_path):
    lost = 0

    def change(reply):
        nonlocal lost
        if reply.method == "POST" and reply.path in (
            "/api/v2/deals",
            "/v1/leads",
            "/v1/notes",
            "/api/v2/products",
        ):
            lost += 1
            reply.status, reply.body = 502, {"success": False, "error": "bad gateway"}

    with altered(small.url, change) as url:
        _, _, report = check(url, *confirmed())
    assert lost > 0
    assert own_rows(small) == []
    assert not (tmp_path / ROWS).exists()
    assert "not settled: status 502" in report


def test_a_row_that_may_be_on_a_later_page_is_not_taken_for_one_that_was_never_created(
    small, check, tmp_path, monkeypatch
):
    monkeypatch.setattr(sandbox, "NEWEST", 5)
    monkeypatch.setitem(ENTITIES, "tasks", replace(ENTITIES["tasks"], newest={"limit": 5}))

    def change(reply):
        if (reply.method, reply.path) == ("POST", "/api/v2/tasks"):
            reply.status, reply.body = 502, {"success": False, "error": "bad gateway"}

    with altered(small.url, change) as url:
        code, output, _ = check(url, *confirmed())
    assert code == 3
    assert f"Not deleted: tasks, id unknown, '{PREFIX} " in output
    assert '"tasks"' in (tmp_path / ROWS).read_text()


def test_rows_that_cannot_be_deleted_are_named_and_deleted_by_the_next_check(small, check, tmp_path):
    operation = "DELETE /api/v2/organizations/{id}"
    small.post("/_emulator/faults", [{"operation": operation, "kind": "status_before", "status": 403}])
    code, output, report = check(small.url, *confirmed())
    left = own_rows(small)
    assert code == 3
    assert {name for name, _ in left} == {"organizations"}
    for name, number in left:
        assert f"Not deleted: {name}, id {number}, '{PREFIX} " in output
    assert "Rows of this check remain in the account: organizations" in report
    small.post("/_emulator/faults", [])
    check(small.url, *confirmed())
    assert own_rows(small) == []
    assert not (tmp_path / ROWS).exists()


def killed(account, tmp_path, number, line):
    """Start a check with writes in a process, and send it a signal after a line of output."""
    given = {f"{VARIABLE}API_TOKEN": TOKEN, f"{VARIABLE}API_URL": account.url}
    command = [sys.executable, "-m", "tests.live", "--report", str(tmp_path / "report.md"), *confirmed()]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **given}
    ) as process:
        assert process.stderr
        for shown in process.stderr:
            if shown.startswith(line):
                break
        process.send_signal(number)
        output = "".join(process.communicate(timeout=60))
    assert "Traceback" not in output
    return process.returncode, output


@pytest.fixture
def account():
    """An account of its own, since the process is killed at a moment that its requests decide."""
    with Emulator("--burst", "0") as emulator:
        yield emulator


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_deletes_the_rows(account, tmp_path, number):
    code, _ = killed(account, tmp_path, number, "a search finds a new person")
    assert code == 130
    assert account.requests()["POST /api/v2/deals"] >= 1
    assert own_rows(account) == []
    assert "It was interrupted." in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_a_check_after_a_crash_deletes_the_rows_of_the_crashed_one(account, check, tmp_path):
    killed(account, tmp_path, signal.SIGKILL, "a search finds a new person")
    left = own_rows(account)
    assert len(left) >= 3
    noted = (tmp_path / ROWS).read_text(encoding="utf-8")
    assert noted.count(PREFIX) >= len(left)
    foreign = {"account": "999", "entity": "deals", "name": f"{PREFIX} x", "row_id": "1"}
    renamed = {
        "account": str(me(account)["company_id"]),
        "entity": "deals",
        "name": f"{PREFIX} y",
        "row_id": "2",
    }
    with (tmp_path / ROWS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(foreign) + "\n" + json.dumps(renamed) + "\n")
    code, output, report = check(account.url, *confirmed())
    assert own_rows(account) == []
    assert code == 3
    assert f"Not deleted: deals, id 2, '{PREFIX} y'." in output
    assert "Rows of this check remain in the account: deals." in report
    assert {row["id"] for row in account.rows("deals") if not row["is_deleted"]} >= {1, 2}
    assert len((tmp_path / ROWS).read_text(encoding="utf-8").splitlines()) == 2


def me(account):
    return account.get("/v1/users/me")["data"]


def test_other_responses_to_writes_are_reported(small, check):
    def change(reply):
        if re.fullmatch(r"/v1/notes/\d+", reply.path) and reply.status == 200:
            reply.status, reply.body = 404, {"success": False, "error": "Note not found"}
        if reply.method == "POST" and reply.path == "/api/v2/products":
            reply.body["data"]["shelf"] = 5
        if reply.method == "POST" and reply.path == "/api/v2/activities":
            reply.status = 202

    with altered(small.url, change) as url:
        code, _, report = check(url, *confirmed())
    assert code in (1, 3)
    assert "create a row of products: POST /api/v2/products:\n\n- `data.shelf`: new key, integer" in report
    assert "POST /api/v2/activities:\n\n- response: status 202, expected status 200" in report
    assert re.search(r"\| a deleted note \| not settled: .*status 404", report)


def test_the_delay_of_searches_is_in_the_report(check):
    with Emulator("--burst", "0", "--search-lag", "12") as account:
        _, _, report = check(account.url, *confirmed())
    assert re.search(r"\| a search finds a new person \| within \d+ s \| at once \|", report)


@pytest.mark.parametrize(
    ("question", "answer", "differs"),
    [
        ("a deleted note", "returns status 404", True),
        ("a deleted note", "not settled: status 403", False),
        ("`updated_until` is", "inclusive", False),
        ("`value` of a deal is computed after a product was added", "within 5 s", False),
    ],
)
def test_open_questions_have_no_differences(question, answer, differs):
    assumed = tuple(recorded(one).answers[question] for one in DIALECTS)
    assert Answered(question, answer, assumed).differs == differs
