from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from pipedrive_client import ClientSettings, ConfigError, ServerError, Unauthorized, Unreachable
from pipedrive_client.auth.grant import authorize_url, exchange_code

CALLBACK = "http://127.0.0.1:8412/callback"


@pytest.fixture
def app(wire):
    return ClientSettings(
        client_id="app", client_secret="hush-hush-secret", oauth_token_url=f"{wire.url}/oauth/token"
    )


def test_the_authorization_page_is_on_the_host_of_the_token_url(app, wire):
    url = authorize_url(app, redirect_uri=CALLBACK, state="a b&c")
    assert url.startswith(f"{wire.url}/oauth/authorize?")
    assert parse_qs(urlsplit(url).query) == {
        "client_id": ["app"],
        "redirect_uri": [CALLBACK],
        "state": ["a b&c"],
    }
    published = authorize_url(ClientSettings(client_id="app"), redirect_uri=CALLBACK, state="s")
    assert published.startswith("https://oauth.pipedrive.com/oauth/authorize?client_id=app&")


def test_a_code_is_exchanged_once(app, wire, reply):
    body = {"access_token": "a1", "refresh_token": "r1", "api_domain": "https://acme.pipedrive.com"}
    wire.answer(reply(body=body))
    tokens = exchange_code(app, code="code-1", redirect_uri=CALLBACK)
    assert (tokens.access_token, tokens.refresh_token) == ("a1", "r1")
    assert tokens.api_domain == "https://acme.pipedrive.com"
    (seen,) = wire.seen
    assert (seen.method, seen.path) == ("POST", "/oauth/token")
    assert parse_qs(seen.body.decode()) == {
        "grant_type": ["authorization_code"],
        "code": ["code-1"],
        "redirect_uri": [CALLBACK],
    }
    assert seen.headers["authorization"] == "Basic YXBwOmh1c2gtaHVzaC1zZWNyZXQ="
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("status", "body", "kind", "sentence"),
    [
        (401, {"error": "invalid_client"}, Unauthorized, "rejected the OAuth app. Check client_id"),
        (400, {"error": "invalid_grant"}, Unauthorized, r"rejected the authorization code \(400\)"),
        (500, {}, ServerError, r"OAuth server.*500.*auth again"),
        (429, {}, ServerError, r"OAuth server.*429"),
        (200, {}, ConfigError, "contains no access token. Check oauth_token_url"),
        (200, b"<html>", ConfigError, "contains no access token. Check oauth_token_url"),
    ],
)
def test_a_rejection_by_the_server_is_reported(app, wire, reply, status, body, kind, sentence):
    wire.answer(reply(status, body))
    with pytest.raises(kind, match=sentence) as raised:
        exchange_code(app, code="code-1", redirect_uri=CALLBACK)
    assert "hush" not in str(raised.value)
    assert len(wire.seen) == 1


def test_no_response_is_reported(app, wire, reply):
    wire.answer(reply(drop=True))
    with pytest.raises(Unreachable):
        exchange_code(app, code="code-1", redirect_uri=CALLBACK)
