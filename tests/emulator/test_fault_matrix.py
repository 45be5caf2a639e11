"""Every kind of fault at every class of operation: response, effect and cost."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

import pytest

from pipedrive_emulator.faults.kinds import KINDS
from tests.emulator.direct import Direct

TOKEN = "POST /oauth/token"
DOWNLOAD = "GET /api/v1/files/{id}/download"
FORM = "application/x-www-form-urlencoded"
BASIC = {"authorization": "Basic " + base64.b64encode(b"emulator-client:emulator-secret").decode()}
UPLOAD = (
    b'--B\r\ncontent-disposition: form-data; name="deal_id"\r\n\r\n1\r\n'
    b'--B\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\nbytes\r\n--B--\r\n'
)
LINE = {"product_id": 1, "item_price": 1, "quantity": 1}
NUMBERS = itertools.count()


@dataclass
class Case:
    """One class of operations: one of them, a request of it, what it needs first, and its effect."""

    operation: str
    path: str
    cost: int
    send: dict[str, Any] = field(default_factory=dict)
    first: tuple[str, dict[str, Any]] | None = None
    writes: bool = False
    paged: bool = False

    def ask(self, direct: Direct):
        """Send a request that succeeds unless a fault affects it."""
        number: object = 1
        if self.first is not None:
            path, body = self.first
            number = direct.ask("POST", path, json_body=body).json()["data"]["id"]
        sent = dict(self.send)
        if "json_body" in sent and self.operation.startswith(("PATCH", "PUT")):
            sent["json_body"] = {
                name: f"{value} {next(NUMBERS)}" for name, value in sent["json_body"].items()
            }
        method = self.operation.partition(" ")[0]
        return lambda: direct.ask(method, self.path.replace("{new}", str(number)), **sent)


NEW_DEAL = ("/api/v2/deals", {"title": "Fresh"})
NEW_NOTE = ("/v1/notes", {"content": "Fresh", "deal_id": 1})
CASES = {
    "v2 list": Case("GET /api/v2/deals", "/api/v2/deals", 10, {"query": {"limit": 5}}, paged=True),
    "v1 offset list": Case("GET /api/v1/notes", "/v1/notes", 20, {"query": {"limit": 5}}, paged=True),
    "v1 cursor list": Case(
        "GET /api/v1/deals/{id}/changelog", "/v1/deals/6/changelog", 20, {"query": {"limit": 1}}, paged=True
    ),
    "unpaged list": Case("GET /api/v1/currencies", "/v1/currencies", 20),
    "single get": Case("GET /api/v2/deals/{id}", "/api/v2/deals/1", 1),
    "v2 add": Case("POST /api/v2/deals", "/api/v2/deals", 5, {"json_body": {"title": "x"}}, writes=True),
    "v2 update": Case(
        "PATCH /api/v2/deals/{id}", "/api/v2/deals/1", 5, {"json_body": {"title": "x"}}, writes=True
    ),
    "v2 delete": Case("DELETE /api/v2/deals/{id}", "/api/v2/deals/{new}", 3, first=NEW_DEAL, writes=True),
    "v1 add": Case(
        "POST /api/v1/notes", "/v1/notes", 10, {"json_body": {"content": "x", "deal_id": 1}}, writes=True
    ),
    "v1 update": Case(
        "PUT /api/v1/notes/{id}", "/v1/notes/1", 10, {"json_body": {"content": "x"}}, writes=True
    ),
    "v1 delete": Case("DELETE /api/v1/notes/{id}", "/v1/notes/{new}", 6, first=NEW_NOTE, writes=True),
    "bulk": Case(
        "POST /api/v2/deals/{id}/products/bulk",
        "/api/v2/deals/{new}/products/bulk",
        25,
        {"json_body": {"data": [LINE]}},
        first=NEW_DEAL,
        writes=True,
    ),
    "upload": Case(
        "POST /api/v1/files",
        "/v1/files",
        10,
        {"body": UPLOAD, "content_type": "multipart/form-data; boundary=B"},
        writes=True,
    ),
    "download": Case(DOWNLOAD, "/v1/files/1/download", 20),
    "search": Case(
        "GET /api/v2/persons/search", "/api/v2/persons/search", 20, {"query": {"term": "an"}}, paged=True
    ),
    "token": Case(
        TOKEN,
        "/oauth/token",
        0,
        {
            "body": b"grant_type=refresh_token&refresh_token=emulator-refresh-token",
            "content_type": FORM,
            "headers": BASIC,
        },
        writes=True,
    ),
}
OPTIONS = {
    "rate_limit": {"retry_after": 3},
    "status_before": {"status": 503},
    "status_after": {"status": 502},
    "html": {"status": 504},
    "html_after": {"status": 503},
    "slow": {"seconds": 0},
    "slow_after": {"seconds": 0},
    "write": {"table": "users", "id": 3, "set": {"name": "Moved"}},
    "delete": {"table": "lead_labels", "id": ""},
    "ignores": {"fields": []},
    "shows": {"set": {}},
    "unknown_method": {"prefix": "/v1"},
}
NOT_DONE = {"rate_limit", "blocked", "status_before", "unknown_method", "html", "reset_before"}
OF_DATA = {
    "null_data",
    "shows",
    "null_key",
    "no_data",
    "null_body",
    "bare_data",
    "empty_body",
    "no_content",
    "gzip_cut",
}
STATUS = {"rate_limit": 429, "blocked": 403, "unknown_method": 404, "redirect": 302, "no_content": 204} | {
    kind: options["status"] for kind, options in OPTIONS.items() if "status" in options
}


def strikes(kind: str, case: Case) -> bool:
    """Return whether a kind applies to a class of operations."""
    if kind in ("empty_page", "repeat_cursor"):
        return case.paged
    if kind == "no_cursor":
        return case.paged and "notes" not in case.path
    if kind == "redirect":
        return case.operation == DOWNLOAD
    if kind == "unknown_method":
        return " /api/v1/" in case.operation
    if kind in OF_DATA:
        return case.operation not in (TOKEN, DOWNLOAD)
    return case.operation != TOKEN or kind not in ("expire_token", "write", "delete", "cleans", "ignores")


@pytest.fixture(scope="module")
def direct():
    asked = Direct()
    yield asked
    asked.close()


@pytest.fixture(autouse=True)
def _no_faults(direct):
    yield
    direct.app.faults.set([])


def _script(direct: Direct, *rules: dict[str, Any]):
    return direct.ask("POST", "/_emulator/faults", json_body=list(rules))


def _state(direct: Direct) -> object:
    """Everything that a call can change, but the rows that scripted faults change."""
    dump = direct.app.account.dump()
    spared = {"users", "lead_labels"}
    return (
        {name: rows for name, rows in dump["tables"].items() if name not in spared},
        dump["file_sizes"],
        direct.app.auth._issued,
    )


def _row_to_delete(direct: Direct) -> str:
    label = {"name": "Fading", "color": "red"}
    return direct.ask("POST", "/v1/leadLabels", json_body=label).json()["data"]["id"]


def _last(direct: Direct) -> tuple[str, int, int]:
    entry = direct.app.log._entries[-1]
    return entry.operation, entry.status, entry.tokens


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("name", CASES)
def test_each_kind_has_its_documented_effect_at_each_class_of_operations(direct, name, kind):
    case = CASES[name]
    rule = {"operation": case.operation, "kind": kind, "nth": 2, **OPTIONS.get(kind, {})}
    if kind == "delete":
        rule["id"] = _row_to_delete(direct)
    set_up = _script(direct, rule)
    if not strikes(kind, case):
        assert set_up.status_code == 400
        assert kind in set_up.json()["error"]
        return
    assert set_up.status_code == 200, set_up.text

    clean = case.ask(direct)()
    assert (clean.status_code, clean.cut) in ((200, False), (201, False)), clean.text
    send = case.ask(direct)
    before = _state(direct)
    direct.app.limits.tokens_spent = 0
    meet(kind, case, send, clean)
    acted = _state(direct) != before
    assert acted == (case.writes and kind not in NOT_DONE)
    status = 0 if kind.startswith("reset") else STATUS.get(kind, clean.status_code)
    tokens = 0 if kind in ("rate_limit", "blocked") else case.cost
    assert _last(direct) == (case.operation, status, tokens)
    assert direct.app.limits.tokens_spent == tokens
    changed_beside(direct, kind, rule)

    again = case.ask(direct)()
    assert (again.status_code, again.cut) == (clean.status_code, False)
    shown = direct.ask("GET", "/_emulator/faults").json()["rules"]
    assert [(one["calls"], one["struck"]) for one in shown] == [(3, 1)]


def meet(kind: str, case: Case, send: Any, clean: Any) -> None:
    """Send the affected request and check the response."""
    if kind.startswith("reset"):
        with pytest.raises(ConnectionError):
            send()
        return
    answer = send()
    assert answer.status_code == STATUS.get(kind, clean.status_code), answer.text
    if kind in ("html", "html_after", "blocked"):
        assert answer.content_type.startswith("text/html")
        assert b"<html" in answer.content
    elif kind.startswith("status"):
        assert answer.json()["success"] is False
    elif kind == "unknown_method":
        assert answer.json()["error"] == "Unknown method ."
    elif kind == "rate_limit":
        assert answer.headers["retry-after"] == "3"
        assert answer.headers.get("x-ratelimit-remaining") == (None if case.operation == TOKEN else "0")
    elif kind in ("torn", "cut"):
        assert answer.cut == (kind == "cut")
        if case.operation == DOWNLOAD:
            assert answer.content == clean.content[: len(clean.content) // 2]
        else:
            with pytest.raises(json.JSONDecodeError):
                answer.json()
    elif kind in OF_DATA:
        _meet_no_answer(kind, answer, clean, same=not case.writes)
    elif kind in ("empty_page", "repeat_cursor", "no_cursor"):
        _meet_page(kind, answer.json(), clean.json())
    elif kind == "redirect":
        assert "/_blobs/files/1/" in answer.headers["location"]
    else:
        assert answer.cut is False
        assert case.operation == DOWNLOAD or answer.json() is not None


def _meet_no_answer(kind: str, answer: Any, clean: Any, *, same: bool) -> None:
    """Check a success with an invalid body; `same`: the clean one had the same content."""
    if kind == "null_data":
        assert answer.json()["data"] is None
    elif kind == "null_key":
        keys = _keys(answer.json()["data"])
        assert keys.count(None) == bool(keys)
    elif kind in ("empty_body", "no_content"):
        assert answer.content == b""
    elif kind == "null_body":
        assert answer.json() is None
    elif kind == "bare_data":
        assert answer.json() == clean.json().get("data") or not same
    elif kind == "no_data":
        assert answer.json() == {key: part for key, part in answer.json().items() if key != "data"}
        assert answer.json()["success"] is True
    elif kind == "gzip_cut":
        assert answer.headers["content-encoding"] == "gzip"
        unpacking = zlib.decompressobj(31)
        assert clean.content.startswith(unpacking.decompress(answer.content)) or not same
        assert not unpacking.eof


def _keys(data: Any) -> list[Any]:
    """Return the ids of the rows of a body, or the id of its only one."""
    rows = data if isinstance(data, list) else [data]
    return [(row.get("item") or row).get("id") for row in rows if isinstance(row, dict)]


def _meet_page(kind: str, answer: Any, clean: Any) -> None:
    """Check a page with another end."""
    if kind != "no_cursor":
        _leads_to(answer, clean, rows=kind == "repeat_cursor")
        return
    place = clean["additional_data"]
    assert answer["additional_data"] == ({} if place["next_cursor"] is None else place)


def _leads_to(answer: Any, clean: Any, *, rows: bool) -> None:
    """A page that leads on, with rows or without."""
    data = answer["data"]
    found = data["items"] if isinstance(data, dict) else data
    assert bool(found) == rows
    place = answer["additional_data"].get("pagination", answer["additional_data"])
    if "more_items_in_collection" in place:
        assert place["more_items_in_collection"] is True
        assert isinstance(place["next_start"], int)
    else:
        assert place["next_cursor"]
    assert answer.keys() == clean.keys()


def changed_beside(direct: Direct, kind: str, rule: dict[str, Any]) -> None:
    """The row that a fault changes is changed."""
    if kind == "write":
        assert direct.app.account.find("users", 3)["name"] == "Moved"
    if kind == "delete":
        assert direct.app.account.find("lead_labels", rule["id"]) is None


@pytest.mark.parametrize("name", ["v2 list", "v1 offset list", "v1 cursor list", "search"])
def test_a_repeated_cursor_persists_even_on_the_only_page(direct, name):
    case = CASES[name]
    _script(direct, {"operation": case.operation, "kind": "repeat_cursor"})
    query, seen = dict(case.send["query"]) | {"limit": 100}, []
    for _ in range(4):
        content = direct.ask("GET", case.path, query=query).json()
        place = content["additional_data"].get("pagination", content["additional_data"])
        word = "start" if "next_start" in place else "cursor"
        query[word] = place[f"next_{word}"]
        seen.append((content["data"], query[word]))
    assert seen[1:] == [seen[1]] * 3


def test_an_expired_token_affects_only_oauth_and_is_rejected_before_acting(direct):
    case = CASES["v2 add"]
    _script(direct, {"operation": case.operation, "kind": "expire_token", "nth": [1, 2]})
    assert case.ask(direct)().status_code == 200  # by API token
    granted = CASES["token"].ask(direct)().json()
    bearer = {"authorization": f"Bearer {granted['access_token']}"}
    before = _state(direct)
    assert _by_bearer(direct, bearer).status_code == 401
    assert _state(direct) == before
    assert _by_bearer(direct, bearer).status_code == 401
    granted = CASES["token"].ask(direct)().json()
    assert _by_bearer(direct, {"authorization": f"Bearer {granted['access_token']}"}).status_code == 200


def _by_bearer(direct: Direct, bearer: dict[str, str]):
    return direct.ask("POST", "/api/v2/deals", json_body={"title": "x"}, headers=bearer, token=None)


def test_a_rejected_call_is_spoilt_after_the_refusal(direct):
    _script(direct, {"operation": "v2:addDeal", "kind": "reset_after", "nth": 1})
    with pytest.raises(ConnectionError):
        direct.ask("POST", "/api/v2/deals", json_body={"title": 1})
    _script(direct, {"operation": "v2:addDeal", "kind": "status_after", "nth": 1})
    assert direct.ask("POST", "/api/v2/deals", json_body={"title": 1}).status_code == 500
    _script(direct, {"operation": "v2:addDeal", "kind": "null_data"})
    assert direct.ask("POST", "/api/v2/deals", json_body={"title": 1}).status_code == 400


def test_every_counts_over_all_operations_that_match(direct):
    _script(direct, {"kind": "status_before", "every": 3})
    paths = ("/api/v2/deals/1", "/v1/currencies", "/api/v2/deals", "/v1/users") * 2
    statuses = [direct.ask("GET", path).status_code for path in paths]
    assert statuses == [200, 200, 500, 200, 200, 500, 200, 200]


def test_each_rule_counts_for_itself_and_the_first_that_ends_the_call_wins(direct):
    _script(
        direct,
        {"operation": "GET /v1/currencies", "nth": [1, 3], "kind": "status_after", "status": 501},
        {"operation": "v1:getCurrencies", "nth": [2, 3], "kind": "status_before", "status": 502},
        {"operation": "GET /api/v1/currencies", "nth": 1, "kind": "write", **OPTIONS["write"]},
    )
    statuses = [direct.ask("GET", "/v1/currencies").status_code for _ in range(4)]
    assert statuses == [501, 502, 502, 200]


def test_one_rule_for_refreshes_under_both_spellings(direct):
    send = CASES["token"].send
    _script(direct, {"operation": "v1:refresh-tokens", "nth": [1, 2], "kind": "status_before"})
    assert direct.ask("POST", "/oauth/token", **send).status_code == 500
    assert direct.ask("POST", "/oauth/token/", **send).status_code == 500
    assert direct.ask("POST", "/oauth/token/", **send).status_code == 200


@pytest.mark.parametrize(("kind", "acted"), [("slow", False), ("slow_after", True)])
def test_a_slow_call_acts_at_the_announced_time(direct, kind, acted, monkeypatch):
    waited = []

    async def wait(seconds: float) -> None:
        waited.append((seconds, _state(direct) != before))

    monkeypatch.setattr(asyncio, "sleep", wait)
    _script(direct, {"operation": "v2:addDeal", "kind": kind, "seconds": 2.5})
    before = _state(direct)
    assert CASES["v2 add"].ask(direct)().status_code == 200
    assert waited == [(2.5, acted)]


def test_a_reset_cancels_a_running_request(monkeypatch):
    direct = Direct()

    async def reset_meanwhile(_: float) -> None:
        direct.app.reset()

    monkeypatch.setattr(asyncio, "sleep", reset_meanwhile)
    fresh = _state(direct)
    _script(direct, {"operation": "v2:addDeal", "kind": "slow"})
    with pytest.raises(ConnectionError):
        CASES["v2 add"].ask(direct)()
    assert _state(direct) == fresh
    assert direct.ask("GET", "/_emulator/log").json()["requests"] == 0
    direct.close()


def test_a_redirected_download_leads_to_the_bytes_without_the_sign_in(direct):
    whole = direct.ask("GET", "/v1/files/1/download").content
    _script(direct, {"operation": DOWNLOAD, "kind": "redirect"})
    location = direct.ask("GET", "/v1/files/1/download").headers["location"]
    path, _, query = location.removeprefix("http://emulator.test").partition("?")
    assert direct.ask("GET", path, query=query, token=None).content == whole
    assert direct.ask("GET", path, query=query).status_code == 400
    assert direct.ask("GET", path, query="signature=x", token=None).status_code == 403


@pytest.mark.parametrize(
    ("rules", "facts"),
    [
        ({"kind": "no such"}, ("fault 1", "'no such'", "bare_data, blocked, cleans, cut")),
        (
            [{"kind": "html"}, {"kind": "html", "operation": "GET /v2/deals"}],
            ("fault 2", "'GET /v2/deals'", "operation"),
        ),
        (
            [{"kind": "html", "state": 3}],
            ("fault 1", "state", "html", "operation, kind, nth"),
        ),
        ([{"kind": "html", "status": "503"}], ("status", "a number from 400 to 599")),
        ([{"kind": "slow", "seconds": True}], ("seconds", "a number from 0 to 600")),
        ([{"kind": "html", "nth": []}], ("nth", "a number from 1", "list")),
        ([{"kind": "html", "nth": [1, 0]}], ("nth", "a number from 1", "list")),
        ([{"kind": "html", "every": 0}], ("every", "a number from 1")),
        ([{"kind": "html", "every": 2, "nth": 1}], ("nth", "every", "exclude")),
        ([{"kind": "write", "table": "deal", "id": 1, "set": {"x": 1}}], ("'deal'", "table", "deals")),
        ([{"kind": "write", "id": 1}], ("write", "table")),
        ([{"kind": "write", "table": "deals", "id": None, "set": {"x": 1}}], ("write", "id")),
        ([{"kind": "write", "table": "deals", "id": 1, "set": []}], ("set", "an object")),
        ([{"kind": "delete", "table": "deals", "id": [1]}], ("id", "a number or text")),
        (["html"], ("fault 1", "object", '"html"')),
        ("html", ("list of faults", "expected")),
        (
            [{"kind": "redirect", "operation": "v2:getDeals"}],
            ("redirect", "v1:downloadFile", "v2:getDeals"),
        ),
    ],
)
def test_an_invalid_script_is_reported_and_leaves_the_rules_in_force(direct, rules, facts):
    _script(direct, {"kind": "status_before", "operation": "v2:getDeals"})
    answer = direct.ask("POST", "/_emulator/faults", json_body=rules)
    assert answer.status_code == 400
    assert [fact for fact in facts if fact not in answer.json()["error"]] == []
    assert direct.ask("GET", "/api/v2/deals").status_code == 500


def test_a_row_that_is_not_there_is_reported_when_the_fault_should_act(direct):
    _script(direct, {"kind": "write", "table": "deals", "id": 10**6, "set": {"title": "x"}})
    answer = direct.ask("GET", "/api/v2/deals")
    assert (answer.status_code, answer.json()["error"]) == (
        500,
        "A scripted fault cannot act: deals has no row 1000000",
    )
    _script(direct, {"kind": "write", "table": "deals", "id": 1, "set": {"titel": "x"}})
    assert "rows of deals have no field titel" in direct.ask("GET", "/api/v2/deals").json()["error"]
