"""The hooks below `/_emulator/`: their effects, and their errors for invalid requests."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pipedrive_emulator.faults.rules import read_rules
from pipedrive_emulator.web.hooks import HOOKS
from tests.emulator.direct import Direct


@pytest.fixture(scope="module")
def shared():
    direct = Direct()
    yield direct
    direct.close()


@pytest.fixture
def direct(shared):
    yield shared
    shared.app.faults.set([])
    shared.app.auth.scopes = None
    shared.app.limits.burst = 0


def _post(direct, hook, body=None, raw=None):
    return direct.ask("POST", f"/_emulator/{hook}", json_body=body, body=raw)


@pytest.mark.parametrize(
    ("hook", "body", "told"),
    [
        ("reset", {"seed": "huge"}, "Invalid enum value 'huge'"),
        ("reset", {"sed": "small"}, "unknown field `sed`"),
        ("reset", ["small"], "Expected `object`, got `array`"),
        ("clock", {"now": "yesterday"}, 'Send {"now": "2026-01-01T00:00:00Z"}'),
        ("clock", {"now": "2026-01-01T00:00:00.5Z"}, 'Send {"now": "2026-01-01T00:00:00Z"}'),
        ("clock", {"advance_seconds": "60"}, "Expected `int`, got `str`"),
        ("clock", {"advance_seconds": 10**17}, 'Send {"now": "2026-01-01T00:00:00Z"}'),
        ("clock", {"advance": 1}, "unknown field `advance`"),
        ("limits", {"burst": -1}, "Expected `int` >= 0 - at `$.burst`"),
        ("limits", {"daily_tokens": None}, "got `null` - at `$.daily_tokens`"),
        ("limits", {"daily_token": 5}, "unknown field `daily_token`"),
        ("limits", {"new_day": 1}, "Expected `bool`, got `int`"),
        ("oauth", {"scopes": "base"}, "Expected `array | null`, got `str`"),
        ("oauth", {"scopes": ["deals:red"]}, "deals:red is not a scope; known are activities:full"),
        ("oauth", {"expires_seconds": -1}, "Expected `float` >= 0"),
        ("oauth", {"expired": True}, "unknown field `expired`"),
        ("rows", {"table": "deal", "id": 1, "delete": True}, "table must be one of"),
        ("rows", {"table": "deals", "id": 10**6, "delete": True}, "deals has no row 1000000"),
        ("rows", {"table": "deals", "id": 1, "set": {"titel": "x"}}, "rows of deals have no field titel"),
        ("rows", {"table": "deals", "id": 1}, 'or {"table", "id", "delete": true}'),
        ("rows", {"table": "deals", "id": 1, "set": {"title": "x"}, "delete": True}, 'Send {"table"'),
        ("rows", {"table": "deals", "set": {"title": "x"}}, "missing required field `id`"),
        ("rows", [{"table": "deals", "id": 1, "set": {"title": "x"}}, {"table": "deals", "id": 0}], "Send {"),
        ("rows", "deals", "Expected `object`, got `str`"),
        ("faults", 7, "a list of faults is expected"),
        ("search", {"lag": -1}, "lag"),
        ("search", {"lagg": 1}, "lagg"),
        ("search", [], "Expected `object`, got `array`"),
        ("delays", {"deal_value_seconds": -1}, "Expected `float` >= 0"),
        ("delays", {"owner_requests": 0}, "Expected `int` >= 1"),
    ],
    ids=range(30),
)
def test_a_mistake_is_reported_in_a_sentence_and_changes_nothing(direct, hook, body, told):
    before = direct.dump()
    answer = _post(direct, hook, body)
    assert (answer.status_code, answer.json()["success"]) == (400, False)
    assert told in answer.json()["error"]
    assert direct.dump() == before


# Clearing the log takes no body.
@pytest.mark.parametrize(
    "hook", sorted(name.removeprefix("POST ") for name in HOOKS.keys() - {"POST log/clear"} if "POST" in name)
)
@pytest.mark.parametrize("raw", [b"{", b"\xff", b"nope"])
def test_invalid_json_is_reported(direct, hook, raw):
    answer = _post(direct, hook, raw=raw)
    assert (answer.status_code, answer.json()["error"]) == (400, "The body is not JSON")


def test_the_documentation_names_every_hook_and_its_script_can_be_used():
    page = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| ([^|]+) /_emulator/([\w/]+)`", page, re.MULTILINE)
    named = {f"{method} {name}" for methods, name in cells for method in re.findall("GET|POST", methods)}
    assert named == set(HOOKS)
    (script,) = re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(read_rules(json.loads(script))) == 3


def test_unknown_hooks_and_parameters_are_reported(direct):
    answer = direct.ask("GET", "/_emulator/logs")
    assert answer.status_code == 404
    assert "GET log" in answer.json()["error_info"]
    assert direct.ask("GET", "/_emulator/log", query={"ful": "1"}).status_code == 400
    assert direct.ask("GET", "/_emulator/log", query={"full": "yes"}).status_code == 400


def test_a_dump_can_hold_some_tables_only(direct):
    whole = direct.tables()
    answer = direct.ask("GET", "/_emulator/dump", query=[("table", "deals"), ("table", "notes")])
    assert json.loads(answer.content) == {"tables": {name: whole[name] for name in ("deals", "notes")}}
    assert direct.ask("GET", "/_emulator/dump", query={"table": "no_such_table"}).status_code == 400
    assert direct.ask("GET", "/_emulator/dump", query={"tables": "deals"}).status_code == 400


def test_hooks_are_neither_logged_nor_limited_and_need_no_sign_in():
    direct = Direct(daily_tokens=0, plan="lite", burst=None)
    for _ in range(30):
        assert direct.ask("GET", "/_emulator/log", token=None).status_code == 200
    assert direct.ask("GET", "/_emulator/log").json()["requests"] == 0
    direct.close()


def test_limits_can_be_read_and_set(direct):
    assert _post(direct, "limits", {"burst": 7, "daily_tokens": 100}).status_code == 200
    told = direct.ask("GET", "/_emulator/limits").json()
    assert (told["burst"], told["daily_tokens"]) == (7, 100)
    _post(direct, "limits", {"daily_tokens": 10**12, "new_day": True})
    assert direct.ask("GET", "/api/v2/deals").headers["x-ratelimit-limit"] == "7"
    _post(direct, "limits", {"burst": None})
    assert direct.ask("GET", "/api/v2/deals").headers["x-ratelimit-limit"] == "100"


def test_rules_in_force_can_be_read_with_their_counts(direct):
    _post(direct, "faults", {"operation": "GET /v1/users", "nth": 2, "kind": "html"})
    for _ in range(3):
        direct.ask("GET", "/v1/users")
    rule = {
        "operation": "GET /api/v1/users",
        "kind": "html",
        "nth": [2],
        "status": 503,
        "calls": 3,
        "struck": 1,
    }
    assert direct.ask("GET", "/_emulator/faults").json() == {"rules": [rule]}
    _post(direct, "faults", [])
    assert direct.ask("GET", "/_emulator/faults").json() == {"rules": []}


def test_a_reset_restores_everything():
    direct = Direct()
    fresh = direct.dump()
    _post(direct, "faults", {"kind": "slow", "seconds": 0})
    _post(direct, "clock", {"advance_seconds": 86_400})
    direct.ask("POST", "/api/v2/deals", json_body={"title": "x"})
    _post(direct, "limits", {"new_day": False})
    assert direct.dump() != fresh
    assert _post(direct, "reset").status_code == 200
    assert direct.dump() == fresh
    assert direct.ask("GET", "/_emulator/faults").json() == {"rules": []}
    assert direct.ask("GET", "/_emulator/log").json()["requests"] == 0
    assert direct.app.limits.tokens_spent == 0
    direct.close()


@pytest.mark.parametrize(
    "change",
    [
        lambda direct: direct.ask("PATCH", "/api/v2/deals/1", json_body={"title": "x"}),
        lambda direct: direct.ask("DELETE", "/api/v2/deals/1"),
        lambda direct: _post(direct, "clock", {"advance_seconds": 1}),
        lambda direct: _post(direct, "rows", {"table": "deals", "id": 1, "set": {"title": "x"}}),
        lambda direct: _post(direct, "rows", {"table": "deals", "id": 1, "delete": True}),
        lambda direct: _post(direct, "reset", {"seed": "empty"}),
    ],
    ids=["update", "delete", "clock", "row", "row deleted", "seed"],
)
def test_a_reset_keeps_an_untouched_account_and_undoes_every_kind_of_change(direct, change):
    _post(direct, "reset")
    fresh, account = direct.dump(), direct.app.account
    direct.ask("GET", "/api/v2/deals")
    _post(direct, "reset")
    assert direct.app.account is account
    change(direct)
    assert direct.dump() != fresh
    _post(direct, "reset")
    assert direct.dump() == fresh


def test_a_spoiled_account_can_still_be_dumped_and_reset(direct):
    fresh = Direct()
    for value in (None, 7, "soon", [1], {"a": {}}, "\u0000"):
        change = {"table": "deals", "id": 1, "set": {"title": value, "update_time": value, "value": value}}
        assert _post(direct, "rows", change).status_code == 200
        kept = json.loads(direct.dump())["tables"]["deals"][0]
        assert (kept["title"], kept["update_time"]) == (value, value)
    _post(direct, "rows", {"table": "files", "id": 1, "set": {"file_name": None, "active_flag": False}})
    assert direct.dump()
    _post(direct, "reset")
    assert direct.dump() == fresh.dump()
    fresh.close()


def test_the_root_describes_the_emulator(direct):
    answer = direct.ask("GET", "/", token=None)
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    assert "x-api-token: emulator-token" in answer.text
    assert all(hook in answer.text for hook in HOOKS)
