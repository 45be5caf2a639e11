"""Command `check` of both plugins: the account, the rights of its user, and what can be read or written."""

from __future__ import annotations

import json
import re

import pytest

from pipedrive_emulator.api.operations import load_operations
from tap_pipedrive.catalog import STREAMS
from tests.support.cli import Files, environment, tap
from tests.support.forking import forking
from tests.support.singer import discover, select

EVERY_SCOPE = {scope for operation in load_operations().values() for scope in operation.scopes}


@pytest.fixture
def files(small, tmp_path):
    small.post("/_emulator/log/clear")
    yield Files(tmp_path)
    small.reset()


@pytest.fixture
def target(tmp_path):
    """Run `target-pipedrive check`; return exit code, output and log."""

    def run(config, *arguments):
        path = tmp_path / "target.json"
        path.write_text(json.dumps(config))
        given = ["check", "--config", str(path), *arguments]
        code, out, log = forking("target_pipedrive").run(tmp_path, given, env=environment(COLUMNS="80"))
        return code, out.decode(), log.decode()

    return run


def oauth(emulator, scopes):
    """Settings of an app that was granted these scopes."""
    emulator.post("/_emulator/oauth", {"scopes": sorted(scopes), "expire": True})
    return {
        "api_url": emulator.url,
        "client_id": "emulator-client",
        "client_secret": "emulator-secret",
        "refresh_token": "emulator-refresh-token",
        "oauth_token_url": f"{emulator.url}/oauth/token",
    }


def tap_check(files, config, *arguments, **env):
    return tap("check", "--config", files.write("c.json", config), *arguments, env={"COLUMNS": "80", **env})


def test_a_check_of_the_tap_names_user_company_rights_plan_and_tokens(small, files):
    done = tap_check(files, small.config())
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    facts = {line[:11].strip(): line[11:] for line in lines[:6]}
    assert facts["User"].endswith("id 1")
    assert "nordwind.pipedrive.com" in facts["Company"]
    assert facts["Sign-in"] == "API token"
    assert facts["Rights"].startswith("administrator")
    assert "requests per 2 seconds" in facts["Plan"]
    assert re.fullmatch(r"[\d,]+ of 750,000 left today", facts["Tokens"])
    count = sum(spec.selected_by_default for spec in STREAMS.values())
    assert f"Streams    {count} of {count} selected streams can be read" in lines
    # The user, and a list for each feature that a plan or an add-on includes.
    log = small.log()
    assert (log["requests"], log["tokens"]) == (3, 32)
    assert lines[-1] == "This check used 3 requests and 32 tokens."


def test_the_selection_of_a_catalog_or_of_meltano_is_checked(small, files):
    catalog = files.write("catalog.json", select(small.config(), "deals", "notes"))
    done = tap_check(files, small.config(), "--catalog", catalog, "--json")
    assert [one["name"] for one in json.loads(done.out)["streams"]] == ["deals", "notes"]
    found = files.write("discovered.json", discover(small.config()))
    done = tap_check(files, small.config(), "--catalog", found, "--json")
    default = {name for name, spec in STREAMS.items() if spec.selected_by_default}
    assert {one["name"] for one in json.loads(done.out)["streams"]} == default
    patterns = json.dumps(["deal*.*", "!deal_fields.*", "users.id", "!users.email"])
    done = tap_check(files, small.config(), "--json", TAP_PIPEDRIVE__SELECT=patterns)
    names = {one["name"] for one in json.loads(done.out)["streams"]}
    assert names == {name for name in STREAMS if name.startswith("deal")} - {"deal_fields"} | {"users"}


def test_missing_scopes_are_named_and_end_with_3_only_if_a_run_would(small, files):
    config = oauth(small, EVERY_SCOPE - {"deals:read", "deals:full"})
    catalog = files.write("catalog.json", select(small.config(), "deals", "deal_followers", "persons"))
    for strict, code in ((False, 0), (True, 3)):
        done = tap_check(files, {**config, "strict_access": strict}, "--catalog", catalog)
        assert done.code == code
        assert "Streams    1 of 3 selected streams can be read" in done.out
        assert "missing OAuth scope deals:read or deals:full:\n    deal_followers, deals" in done.out
        assert "strict_access" in done.out


def test_a_missing_scope_of_the_definitions_of_custom_fields_is_named(small, files):
    config = oauth(small, {"leads:read", "users:read", "base"})
    catalog = files.write("catalog.json", select(small.config(), "leads", "users"))
    done = tap_check(files, config, "--catalog", catalog)
    assert "Streams    1 of 2 selected streams can be read" in done.out
    assert "deal-fields:full" in done.out
    done = tap_check(files, {**config, "custom_fields": "nested"}, "--catalog", catalog)
    assert "Streams    2 of 2 selected streams can be read" in done.out


def test_missing_administrator_rights_are_named(small, files, target):
    user = {"table": "users", "id": 1, "set": {"access": [{"app": "sales", "admin": False}]}}
    small.post("/_emulator/rows", [user])
    done = tap_check(files, small.config(), "--json")
    missing = {one["name"]: one["missing"] for one in json.loads(done.out)["streams"] if not one["usable"]}
    assert missing == {
        name: {"administrator rights": ""}
        for name, spec in STREAMS.items()
        if spec.selected_by_default and spec.needs == "administrator rights"
    }
    assert "only the rows that this user may see" in tap_check(files, small.config()).out
    code, out, _ = target(small.config())
    assert code == 0
    assert "missing administrator rights:" in out
    assert "stages" in out.split("missing administrator rights:")[1]


def test_a_missing_add_on_is_found_by_a_request(small, files):
    fault = {"operation": "GET /v1/goals/find", "kind": "status_before", "status": 403, "every": 1}
    small.post("/_emulator/faults", [fault])
    done = tap_check(files, small.config())
    small.post("/_emulator/faults", [])
    assert "missing Insights:\n    goals" in done.out


@pytest.mark.parametrize(
    ("more", "code", "fact"),
    [
        ({"api_token": "wrong"}, 3, "token was rejected"),
        ({"api_token": None}, 2, "No credentials"),
        ({"max_concurrency": 0}, 2, "max_concurrency"),
    ],
)
def test_a_check_that_fails_is_reported_in_one_sentence(small, files, target, more, code, fact):
    done = tap_check(files, {**small.config(), **more})
    assert (done.code, done.out) == (code, "")
    assert fact in done.last_line
    assert target({**small.config(), **more})[:2] == (code, "")


@pytest.mark.usefixtures("files")
def test_entities_that_can_be_written_are_listed_with_one_request(small, target):
    code, out, log = target(small.config())
    assert (code, log) == (0, "")
    assert "Entities   40 of 40 entities can be written" in out
    assert max(map(len, out.splitlines())) <= 80
    assert (small.log()["requests"], small.log()["tokens"]) == (1, 2)


@pytest.mark.usefixtures("files")
def test_configured_streams_that_cannot_be_written_end_with_3(small, target):
    config = oauth(small, EVERY_SCOPE - {"contacts:full"})
    streams = {
        "people": {"entity": "persons", "write": "add"},
        "won": {"entity": "deals"},
        "merges": {"action": "mergePersons"},
    }
    code, out, _ = target({**config, "streams": streams}, "--json")
    assert code == 3
    found = {one["name"]: one["missing"] for one in json.loads(out)["streams"]}
    assert found == {
        "people": {"OAuth scope contacts:full": ""},
        "merges": {"OAuth scope contacts:full": ""},
        "won": {},
    }
