"""Scopes and token costs of every published operation."""

from __future__ import annotations

import base64
import re

import pytest

from tests.emulator.asking import key_of, published
from tests.emulator.direct import Direct

BASIC = {"authorization": "Basic " + base64.b64encode(b"emulator-client:emulator-secret").decode()}
OPERATIONS = [operation for operation in published() if not operation["path"].startswith("/oauth/")]


@pytest.fixture(scope="module")
def direct():
    asked = Direct()
    yield asked
    asked.close()


@pytest.fixture
def bearer(direct):
    form = b"grant_type=refresh_token&refresh_token=emulator-refresh-token"
    answer = direct.ask(
        "POST", "/oauth/token", body=form, content_type="application/x-www-form-urlencoded", headers=BASIC
    )
    yield {"authorization": f"Bearer {answer.json()['access_token']}"}
    direct.app.auth.scopes = None


def _ask(direct, operation, **more):
    # The ids do not exist: only the path to the operation is tested here.
    path = re.sub(r"\{[^}]+\}", "987654321", operation["path"])
    return direct.ask(operation["method"], path, **more)


def _refused(answer):
    return answer.status_code == 403 and answer.json()["error"] == "Scope and URL mismatch"


def test_each_operation_requests_one_of_its_scopes(direct, bearer):
    every = {scope for operation in OPERATIONS for scope in operation["oauth_scopes"]}
    wrong = []
    for operation in OPERATIONS:
        own = set(operation["oauth_scopes"])
        for granted, refused in [(every - own, True), (set(), True), *(({scope}, False) for scope in own)]:
            direct.app.auth.scopes = frozenset(granted)
            answer = _ask(direct, operation, headers=bearer, token=None)
            if _refused(answer) != refused:
                wrong.append((key_of(operation), granted if len(granted) < 2 else "the others"))
    assert wrong == []
    assert len(OPERATIONS) == 368


@pytest.mark.usefixtures("bearer")
def test_an_api_token_needs_no_scopes(direct):
    direct.app.auth.scopes = frozenset({"base"})
    assert [key_of(operation) for operation in OPERATIONS if _refused(_ask(direct, operation))] == []


def test_each_operation_costs_what_is_published_also_when_rejected(direct):
    wrong = []
    for operation in OPERATIONS:
        before = direct.app.limits.tokens_spent
        direct.app.log.clear()
        _ask(direct, operation)
        spent = direct.app.limits.tokens_spent - before
        logged = direct.app.log.summary(full=False)["tokens"]
        if (spent, logged) != (operation["token_cost"], operation["token_cost"]):
            wrong.append((key_of(operation), spent, logged, operation["token_cost"]))
    assert wrong == []


def test_only_searches_count_in_the_small_window():
    asked = Direct(burst=None)
    asked.app.limits._monotonic = lambda: 100.0
    small = []
    for operation in OPERATIONS:
        asked.app.limits.reset()
        if _ask(asked, operation).headers["x-ratelimit-limit"] == "10":
            small.append(operation["path"])
    asked.close()
    assert small
    assert all(path.endswith("/search") or "/itemSearch" in path for path in small)
    assert {path for path in (o["path"] for o in OPERATIONS) if path.endswith("/search")} <= set(small)
