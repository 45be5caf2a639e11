"""The OAuth endpoints: the page, codes, refresh tokens, and their errors, as published."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
import requests

BASIC = ("emulator-client", "emulator-secret")
REFRESH = {"grant_type": "refresh_token", "refresh_token": "emulator-refresh-token"}
CALLBACK = "http://127.0.0.1:9/callback"
APP = {"client_id": "emulator-client", "redirect_uri": CALLBACK}
FIVE_MINUTES, SIXTY_DAYS = 300, 60 * 86_400


def _authorize(ask, query):
    return requests.get(f"{ask.url}/oauth/authorize", params=query, allow_redirects=False, timeout=10)


def _code(ask, **more):
    location = _authorize(ask, {**APP, **more, "decision": "allow"}).headers["location"]
    return parse_qs(urlsplit(location).query)["code"][0]


def _token(ask, form, path="/oauth/token", **more):
    return requests.post(f"{ask.url}{path}", **{"data": form, "auth": BASIC, "timeout": 10, **more})


def _exchange(ask, code, target=CALLBACK):
    return _token(ask, {"grant_type": "authorization_code", "code": code, "redirect_uri": target})


def _me(ask, token):
    headers = {"authorization": f"Bearer {token}"}
    return requests.get(f"{ask.url}/v1/users/me", headers=headers, timeout=10).status_code


def _links(page):
    return {text: unescape(link) for link, text in re.findall(r'href="([^"]+)">(\w+)<', page.text)}


HOSTILE = ['"><script>alert(1)</script>', "a&b=c#d", "'; DROP", "ünïcode 写真", "{braces}", "%0d%0aX: y", ""]


@pytest.mark.parametrize("state", HOSTILE)
def test_the_page_repeats_what_was_sent_without_letting_it_act(ask, state):
    page = _authorize(ask, {**APP, "state": state})
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert "emulator-client" in page.text
    links = _links(page)
    assert set(links) == {"Allow", "Deny"}
    for button, expected in (("Allow", "code"), ("Deny", "error")):
        answer = requests.get(f"{ask.url}{links[button]}", allow_redirects=False, timeout=10)
        location = urlsplit(answer.headers["location"])
        assert (answer.status_code, location.netloc, location.path) == (302, "127.0.0.1:9", "/callback")
        said = dict(parse_qsl(location.query, keep_blank_values=True))
        assert said["state"] == state
        assert set(said) == {expected, "state"}
        assert "x" not in answer.headers


def test_the_page_names_the_permissions(ask):
    ask.hook("oauth", {"scopes": ["deals:read", "base"]})
    assert "base, deals:read" in _authorize(ask, APP).text


def test_a_callback_keeps_its_own_query_and_state_may_be_left_out(ask):
    target = f"{CALLBACK}?tenant=7"
    location = _authorize(ask, {**APP, "redirect_uri": target, "decision": "deny"}).headers["location"]
    assert location == f"{target}&error=user_denied"


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"redirect_uri": CALLBACK},
        {"client_id": "emulator-client"},
        {**APP, "client_id": "<script>"},
        {**APP, "redirect_uri": "https://evil.example/callback"},
        {**APP, "redirect_uri": "//127.0.0.1/"},
        {**APP, "redirect_uri": "javascript:alert(1)"},
        {**APP, "redirect_uri": "http://127.0.0.1@evil.example/"},
        {**APP, "redirect_uri": "http://127.0.0.1.evil.example/"},
        {**APP, "redirect_uri": "http://evil.example\\@127.0.0.1/"},
        {**APP, "redirect_uri": "http://evil.example#@127.0.0.1/"},
        {**APP, "redirect_uri": "http://127.0.0.1/#fragment"},
        {**APP, "redirect_uri": "http://127.0.0.1/\r\nX-Evil: 1"},
        {**APP, "redirect_uri": "http://127.0.0.1/ü"},
        {**APP, "redirect_uri": "http://127.0.0.1:99999/"},
        {**APP, "redirect_uri": "http://[::1/"},
        {**APP, "redirect_uri": ["http://127.0.0.1/", "http://127.0.0.1/b"]},
    ],
    ids=range(17),
)
@pytest.mark.parametrize("decision", [None, "allow", "deny"])
def test_a_redirect_outside_this_machine_is_rejected(ask, query, decision):
    sent = urlencode(query | ({} if decision is None else {"decision": decision}), doseq=True)
    answer = requests.get(f"{ask.url}/oauth/authorize?{sent}", allow_redirects=False, timeout=10)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "x-evil" not in answer.headers
    assert "<script>" not in answer.text


@pytest.mark.parametrize("target", ["http://localhost:8000/cb", "http://[::1]:8000/cb", "https://127.0.0.1/"])
def test_every_loopback_address_is_a_callback(ask, target):
    assert _authorize(ask, {**APP, "redirect_uri": target, "decision": "allow"}).status_code == 302


def test_a_code_is_good_for_five_minutes(ask):
    late, soon = _code(ask), _code(ask)
    ask.hook("oauth", {"advance_seconds": FIVE_MINUTES - 1})
    assert _exchange(ask, soon).status_code == 200
    ask.hook("oauth", {"advance_seconds": 1})
    answer = _exchange(ask, late)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert "has expired" in answer.json()["message"]


def test_a_code_is_valid_once_and_only_for_its_callback(ask):
    code = _code(ask)
    assert _exchange(ask, code).status_code == 200
    assert _exchange(ask, code).json()["message"] == "Invalid grant: authorization_code is invalid"
    stolen = _code(ask)
    assert _exchange(ask, stolen, "http://127.0.0.1:10/other").status_code == 400
    assert _exchange(ask, stolen).status_code == 400
    assert _exchange(ask, "emulator-code-99").status_code == 400


@pytest.mark.parametrize(
    ("form", "more", "error"),
    [
        (REFRESH, {"auth": ("emulator-client", "wrong")}, "invalid_client"),
        (REFRESH, {"auth": ("other", "emulator-secret")}, "invalid_client"),
        (REFRESH, {"auth": None}, "invalid_client"),
        ({**REFRESH, "client_id": BASIC[0], "client_secret": BASIC[1]}, {"auth": None}, "invalid_client"),
        (REFRESH, {"auth": None, "headers": {"authorization": "Basic ###"}}, "invalid_client"),
        (REFRESH, {"auth": None, "headers": {"authorization": "Bearer x"}}, "invalid_client"),
        ({}, {"headers": {"content-type": "application/x-www-form-urlencoded"}}, "invalid_request"),
        ({"grant_type": "password"}, {}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, {}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "no"}, {}, "invalid_grant"),
        ({"grant_type": "authorization_code"}, {}, "invalid_grant"),
        (None, {"json": REFRESH}, "invalid_request"),
    ],
    ids=range(12),
)
def test_errors_are_400_and_contain_the_reason(ask, form, more, error):
    answer = _token(ask, form, **more)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.json()["success"] is False
    assert "emulator-secret" not in answer.text


def test_a_refresh_token_dies_after_sixty_unused_days(ask):
    ask.hook("oauth", {"advance_seconds": SIXTY_DAYS - 10})
    assert _token(ask, REFRESH).status_code == 200
    ask.hook("oauth", {"advance_seconds": SIXTY_DAYS - 10})
    assert _token(ask, REFRESH).status_code == 200
    ask.hook("oauth", {"advance_seconds": SIXTY_DAYS})
    assert _token(ask, REFRESH).json()["error"] == "invalid_grant"
    assert _exchange(ask, _code(ask)).status_code == 200
    assert _token(ask, REFRESH).status_code == 200


def test_an_access_token_ends_when_announced(ask):
    ask.hook("oauth", {"expires_seconds": 100})
    content = _token(ask, REFRESH, path="/oauth/token/").json()
    assert content["expires_in"] == 100
    ask.hook("oauth", {"advance_seconds": 99})
    assert _me(ask, content["access_token"]) == 200
    ask.hook("oauth", {"advance_seconds": 1})
    assert _me(ask, content["access_token"]) == 401


def test_the_granted_scopes_are_reported_as_a_comma_list(ask):
    ask.hook("oauth", {"scopes": ["deals:read", "base"]})
    assert _token(ask, REFRESH).json()["scope"] == "base,deals:read"
    ask.hook("oauth", {"scopes": None})
    assert len(_token(ask, REFRESH).json()["scope"].split(",")) > 20


def test_revoking_an_access_token_ends_that_one_a_refresh_token_all(ask):
    one, other = (_token(ask, REFRESH).json()["access_token"] for _ in range(2))
    assert (
        _token(ask, {"token": one}, path="/oauth/revoke", auth=("emulator-client", "no")).status_code == 400
    )
    assert _me(ask, one) == 200
    assert _token(ask, {"token": one}, path="/oauth/revoke").status_code == 200
    assert (_me(ask, one), _me(ask, other)) == (401, 200)
    assert _token(ask, {"token": "emulator-refresh-token"}, path="/oauth/revoke").status_code == 200
    assert _me(ask, other) == 401
    assert _token(ask, REFRESH).status_code == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": "Bearer"}, 400),
        ({"authorization": "Bearer  "}, 400),
        ({"authorization": "Bearer a b"}, 400),
        ({"authorization": "Basic YTpi"}, 400),
        ({"authorization": "emulator-token"}, 400),
        ({"authorization": "Bearer emulator-token"}, 401),
        ({"x-api-token": "wrong", "authorization": "Bearer GOOD"}, 401),
        ({"x-api-token": "emulator-token", "authorization": "Bearer wrong"}, 200),
        ({"authorization": "bearer GOOD"}, 200),
    ],
    ids=range(9),
)
def test_sign_ins_that_are_malformed_or_wrong(ask, headers, status):
    good = _token(ask, REFRESH).json()["access_token"]
    sent = {name: value.replace("GOOD", good) for name, value in headers.items()}
    assert requests.get(f"{ask.url}/v1/users/me", headers=sent, timeout=10).status_code == status


def test_other_methods_and_addresses_are_rejected_and_logged(ask):
    ask.hook("log/clear", {})
    assert requests.get(f"{ask.url}/oauth/token", timeout=10).status_code == 405
    assert requests.post(f"{ask.url}/oauth/authorize", timeout=10).status_code == 405
    assert requests.get(f"{ask.url}/oauth/other", timeout=10).status_code == 404
    assert _token(ask, REFRESH).status_code == 200
    log = ask.get("/_emulator/log")
    assert log["operations"]["POST /oauth/token"] == {"count": 1, "tokens": 0, "statuses": {"200": 1}}
    assert log["operations"]["GET /oauth/token"]["statuses"] == {"405": 1}
