"""Every published operation is requested, and every request is sent with one defect at a time."""

from __future__ import annotations

import json

import pytest
import requests

from tests.emulator import defects
from tests.emulator.asking import Asker, body_of, key_of, problems_of, published
from tests.emulator.sales_cases import form_of
from tests.support.emulator import Emulator

PUBLISHED = published()
ASKED = [o for o in PUBLISHED if not o["path"].startswith("/oauth/")]
WITH_PARTS = [
    o
    for o in ASKED
    if o["method"] != "GET" or any(p.get("required") for p in o["parameters"]) or o["version"] == "v2"
]
CALLBACK = "http://127.0.0.1:9/callback"


class Pristine:
    """An account as it was seeded; `reset` puts it back where something was written."""

    def __init__(self, ask: Asker) -> None:
        self.ask, self.dirty = ask, True
        self.reset()
        self.dump = ask.dump()
        self.tables = json.loads(self.dump)["tables"]

    def reset(self) -> None:
        if self.dirty:
            self.ask.hook("reset", {})
        self.dirty = False


@pytest.fixture(scope="module")
def account():
    """The small account with the removed parts switched on, so all published operations exist."""
    with Emulator("--burst", "0", "--daily-tokens", "1000000000", "--legacy") as running:
        yield Pristine(Asker(running.url))


@pytest.fixture
def pristine(account):
    account.reset()
    return account


def test_every_published_operation_is_implemented_and_requested(account):
    assert account.ask.get("/_emulator/operations") == {
        "published": len(PUBLISHED),
        "answered": len(PUBLISHED),
        "unanswered": [],
    }
    assert {o["operationId"] for o in PUBLISHED if o not in ASKED} == {
        "authorize",
        "get-tokens",
        "refresh-tokens",
    }


@pytest.mark.parametrize("operation", ASKED, ids=key_of)
def test_responds_as_published(pristine, operation):
    ask, more = pristine.ask, {"params": pristine.ask.query(operation)}
    bodies = operation.get("request_body") or {}
    if "application/json" in bodies:
        more["json"] = body_of(operation, full=True)
    elif bodies:
        more.update(form_of(key_of(operation)))
    pristine.dirty = operation["method"] != "GET"
    answer = ask.ask(operation["method"], ask.address(operation, pristine.tables), **more)
    assert answer.status_code < 300, answer.text
    assert problems_of(operation, answer) == []


def test_oauth_responds_as_published(pristine):
    url = pristine.ask.url
    operations = {o["operationId"]: o for o in PUBLISHED if o not in ASKED}
    basic = ("emulator-client", "emulator-secret")
    query = {"client_id": "emulator-client", "redirect_uri": CALLBACK}
    page = requests.get(url + operations["authorize"]["path"], params=query, timeout=10)
    assert page.headers["content-type"].startswith("text/html")
    agreed = requests.get(
        page.url, params={"decision": "allow", "state": "s"}, allow_redirects=False, timeout=10
    )
    code = agreed.headers["location"].partition("code=")[2].partition("&")[0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    got = requests.post(url + operations["get-tokens"]["path"], data=form, auth=basic, timeout=10)
    assert problems_of(operations["get-tokens"], got) == []
    form = {"grant_type": "refresh_token", "refresh_token": got.json()["refresh_token"]}
    again = requests.post(url + operations["refresh-tokens"]["path"], data=form, auth=basic, timeout=10)
    assert problems_of(operations["refresh-tokens"], again) == []
    assert again.json()["access_token"]


def _refused(answer, what, *statuses):
    assert answer.status_code in statuses, f"{what}: {answer.status_code} {answer.text[:300]}"
    content = answer.json()
    assert content["success"] is False, what
    assert isinstance(content["error"], str), what


@pytest.mark.parametrize("operation", WITH_PARTS, ids=key_of)
def test_rejects_each_single_defect_and_keeps_its_state(pristine, operation):
    ask, method = pristine.ask, operation["method"]
    address, query = ask.address(operation, pristine.tables), ask.query(operation)
    pristine.dirty = True
    for what, more in defects.bodies(operation):
        _refused(ask.ask(method, address, params=query, **more), what, 400)
    for what, wrong in defects.queries(operation, query):
        fine = {}
        if "application/json" in (operation.get("request_body") or {}):
            fine = {"json": body_of(operation, full=False)}
        _refused(ask.ask(method, address, params=wrong, **fine), what, 400)
    missing = 410 if "410" in operation["responses"] and "404" not in operation["responses"] else 404
    for path in defects.places(operation):
        _refused(ask.ask(method, path, params=query), path, 400, missing)
    assert ask.dump() == pristine.dump
    pristine.dirty = False


@pytest.mark.parametrize("operation", [o for o in ASKED if o not in WITH_PARTS], ids=key_of)
def test_parameters_are_checked_against_their_types(pristine, operation):
    ask = pristine.ask
    address, query = ask.address(operation, pristine.tables), ask.query(operation)
    for what, wrong in defects.queries(operation, query):
        _refused(ask.ask("GET", address, params=wrong), what, 400)


def test_costs_what_is_published(pristine):
    ask = pristine.ask
    ask.hook("log/clear", {})
    reads = [o for o in ASKED if o["method"] == "GET"]
    for operation in reads:
        ask.ask("GET", ask.address(operation, pristine.tables), params=ask.query(operation))
    logged = ask.get("/_emulator/log")["operations"]
    for operation in reads:
        assert logged[f"GET {operation['path']}"]["tokens"] == operation["token_cost"]
    pristine.dirty = True
