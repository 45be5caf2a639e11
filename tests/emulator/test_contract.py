"""Every published operation is asked, and every body is sent with one defect at a time."""

from __future__ import annotations

import copy

import pytest

from tests.emulator.asking import SPEC_FILE, WHY_SKIPPED, Asker, body_of, key_of, problems_of, published
from tests.emulator.sales_cases import form_of

pytestmark = pytest.mark.skipif(not SPEC_FILE.exists(), reason=WHY_SKIPPED)
ASKED = [o for o in published() if not o["path"].startswith("/oauth/")]
WITH_JSON = [o for o in ASKED if "application/json" in (o.get("request_body") or {})]


@pytest.fixture(scope="module")
def tables(_small):
    """The tables of the small seed: asked once."""
    ask = Asker(_small.url)
    ask.hook("reset", {})
    return ask.tables()


def _is_legacy(operation):
    return operation["path"].startswith("/api/v1/channels")


def test_every_published_operation_is_answered(ask):
    assert ask.get("/_emulator/operations")["unanswered"] == []


@pytest.mark.parametrize("operation", ASKED, ids=key_of)
def test_answers_as_published(ask, tables, operation):
    if _is_legacy(operation):
        assert (
            ask.ask(operation["method"], operation["path"].replace("{", "").replace("}", "")).status_code
            == 404
        )
        return
    more = {"params": ask.query(operation)}
    bodies = operation.get("request_body") or {}
    if "application/json" in bodies:
        more["json"] = body_of(operation, full=True)
    elif bodies:
        more.update(form_of(key_of(operation)))
    address = ask.address(operation, tables)
    answer = ask.ask(operation["method"], address, **more)
    assert answer.status_code < 300, answer.text
    assert problems_of(operation, answer) == []


def _defects(schema, body):
    """(what, body) for each single defect."""
    if schema.get("type") == "array":
        yield "no list", {}
        yield from ((what, [wrong]) for what, wrong in _defects(schema["items"], body[0]))
        return
    yield "unknown key", {**body, "no_such_key": 1}
    for name in schema.get("required", ()):
        yield f"missing {name}", {key: value for key, value in body.items() if key != name}
    for name, part in schema.get("properties", {}).items():
        wrong = {
            "string": 17,
            "integer": "seventeen",
            "number": "seventeen",
            "boolean": "perhaps",
            "array": "list",
            "object": "x",
        }
        if part.get("type") in wrong:
            yield f"{name} of the wrong type", {**copy.deepcopy(body), name: wrong[part["type"]]}
        if part.get("enum"):
            yield f"{name} outside its enum", {**copy.deepcopy(body), name: "no such value"}


@pytest.mark.parametrize("operation", WITH_JSON, ids=key_of)
def test_refuses_each_single_defect_and_keeps_its_state(ask, tables, operation):
    if _is_legacy(operation):
        return
    schema = operation["request_body"]["application/json"]
    address, before = ask.address(operation, tables), ask.dump()
    body = body_of(operation, full=False)
    for what, wrong in _defects(schema, body):
        if what == "unknown key" and schema.get("additionalProperties"):
            continue
        answer = ask.send(operation["method"], address, wrong)
        assert answer.status_code == 400, f"{what}: {answer.status_code} {answer.text}"
        assert answer.json()["success"] is False, what
    assert ask.dump() == before


@pytest.mark.parametrize("operation", [o for o in ASKED if o["method"] == "GET"], ids=key_of)
def test_parameters_are_held_to_their_types(ask, tables, operation):
    address, fine = ask.address(operation, tables), ask.query(operation)
    for parameter in operation["parameters"]:
        if parameter["in"] != "query":
            continue
        name = parameter["name"]
        if parameter.get("required"):
            missing = {key: value for key, value in fine.items() if key != name}
            assert ask.ask("GET", address, params=missing).status_code == 400, f"{name} left out"
        if parameter["type"] in ("integer", "number", "boolean") or parameter.get("enum"):
            assert ask.ask("GET", address, params={**fine, name: "no such value"}).status_code == 400, name
        if name == "limit":
            assert ask.ask("GET", address, params={**fine, name: "501"}).status_code == 400
            assert ask.ask("GET", address, params={**fine, name: "0"}).status_code == 400
    if operation["version"] == "v2":
        assert ask.ask("GET", address, params={**fine, "no_such": "1"}).status_code == 400


def test_costs_what_is_published(ask, tables):
    ask.hook("log/clear", {})
    for operation in ASKED:
        if operation["method"] == "GET" and not _is_legacy(operation):
            ask.ask("GET", ask.address(operation, tables), params=ask.query(operation))
    logged = ask.get("/_emulator/log")["operations"]
    for operation in ASKED:
        if operation["method"] == "GET" and not _is_legacy(operation):
            assert logged[f"GET {operation['path']}"]["tokens"] == operation["token_cost"]
