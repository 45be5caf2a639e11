from __future__ import annotations

import base64
import threading
from urllib.parse import parse_qs

import pytest

from pipedrive_client import ConfigError, ServerError, TokenSet, Unauthorized, Unreachable

OAUTH = {
    "api_token": None,
    "client_id": "app",
    "client_secret": "hush-hush-secret",
    "refresh_token": "refresh-one",
}
TOKEN_PATH = "/oauth/token"


@pytest.fixture
def new_tokens():
    return []


@pytest.fixture
def oauth(connect, wire, new_tokens):
    def build(**settings):
        given = OAUTH | {"oauth_token_url": wire.url + TOKEN_PATH} | settings
        return connect(on_new_token=new_tokens.append, **given)

    return build


def granted(reply, number, **more):
    body = {"access_token": f"access-{number}", "refresh_token": f"refresh-{number}", "expires_in": 3600}
    return reply(body=body | more)


def bearers(wire):
    return [seen.headers["authorization"] for seen in wire.seen if seen.path != TOKEN_PATH]


def test_an_api_token_is_sent_in_its_header(client, wire):
    client.request("GET", "/v1/users/me")
    assert wire.seen[0].headers["x-api-token"].startswith("0123")
    assert "authorization" not in wire.seen[0].headers


def test_a_rejected_api_token_stops_the_run_at_once(client, wire, reply, clock):
    wire.answer(reply(401, {"success": False, "error": "unauthorized access", "errorCode": 401}))
    with pytest.raises(Unauthorized, match="the token was rejected") as raised:
        client.request("GET", "/v1/users/me")
    assert raised.value.status == 401
    assert (len(wire.seen), clock.waited) == (1, 0)


def test_a_token_is_fetched_before_the_first_request(oauth, wire, reply, new_tokens, clock):
    wire.answer(granted(reply, 1, api_domain="https://acme.pipedrive.com"))
    oauth().request("GET", "/v1/users/me")
    exchange = wire.seen[0]
    assert (exchange.method, exchange.path) == ("POST", TOKEN_PATH)
    assert parse_qs(exchange.body.decode()) == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["refresh-one"],
    }
    basic = exchange.headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(basic) == b"app:hush-hush-secret"
    assert bearers(wire) == ["Bearer access-1"]
    assert new_tokens == [
        TokenSet(
            access_token="access-1",
            refresh_token="refresh-1",
            expires_at=clock.now().replace(hour=13),
            api_domain="https://acme.pipedrive.com",
        ),
    ]
    assert "access-1" not in repr(new_tokens)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("deals:read,base", {"deals:read", "base"}),
        ("deals:read, base", {"deals:read", "base"}),
        ("deals:read base", {"deals:read", "base"}),
        (["deals:read", "base"], {"deals:read", "base"}),
        ("unknown:scope", {"unknown:scope"}),
        *((one, None) for one in ("", " ", None, [], 7)),
    ],
)
def test_granted_scopes_are_those_of_the_token_response(oauth, wire, reply, scope, expected):
    wire.answer(granted(reply, 1, scope=scope))
    assert oauth().granted_scopes() == expected


def test_granted_scopes_are_those_of_the_last_response_that_has_some(oauth, wire, reply):
    client, denied = oauth(), reply(401, {"success": False})
    wire.answer(
        *(granted(reply, 1, scope="base,deals:full"), denied),
        *(granted(reply, 2, scope="base"), denied, denied),
        *(granted(reply, 3), reply()),
    )
    assert client.granted_scopes() == {"base", "deals:full"}
    with pytest.raises(Unauthorized):
        client.request("GET", "/api/v2/deals")
    assert client.granted_scopes() == {"base"}
    client.request("GET", "/api/v2/deals")
    assert client.granted_scopes() == {"base"}


def test_a_given_access_token_is_used_until_it_is_rejected(oauth, wire, reply):
    client = oauth(access_token="given")
    wire.answer(reply(), reply(401, {"success": False}), granted(reply, 2), reply(), reply())
    client.request("GET", "/v1/users/me")
    client.request("POST", "/v1/notes", json={"content": "x"})
    client.request("GET", "/v1/users/me")
    assert wire.paths == ["/v1/users/me", "/v1/notes", TOKEN_PATH, "/v1/notes", "/v1/users/me"]
    assert bearers(wire) == ["Bearer given", "Bearer given", "Bearer access-2", "Bearer access-2"]
    assert wire.seen[3].body == b'{"content":"x"}'


def test_a_token_is_renewed_a_minute_before_it_expires_with_the_latest_refresh_token(
    oauth, wire, reply, clock
):
    client = oauth()
    wire.answer(granted(reply, 1), reply())
    client.request("GET", "/v1/a")
    clock.at = 3539
    client.request("GET", "/v1/b")
    clock.at = 3541
    wire.answer(granted(reply, 2))
    client.request("GET", "/v1/c")
    assert wire.paths == [TOKEN_PATH, "/v1/a", "/v1/b", TOKEN_PATH, "/v1/c"]
    assert b"refresh_token=refresh-1" in wire.seen[3].body


def test_a_short_token_is_not_renewed_with_every_request(oauth, wire, reply):
    client = oauth()
    wire.answer(granted(reply, 1, expires_in=30))
    for _ in range(3):
        client.request("GET", "/v1/a")
    assert wire.paths.count(TOKEN_PATH) == 1


def test_without_expiry_and_new_refresh_token_the_old_ones_stay(oauth, wire, reply, new_tokens):
    wire.answer(reply(body={"access_token": "access-1"}))
    oauth().request("GET", "/v1/a")
    assert new_tokens == [TokenSet(access_token="access-1", refresh_token="refresh-one")]


def test_a_second_401_stops_the_run(oauth, wire, reply):
    client = oauth(access_token="given")
    wire.answer(reply(401, {"success": False}), granted(reply, 2), reply(401, {"success": False}))
    with pytest.raises(Unauthorized):
        client.request("GET", "/v1/a")
    assert wire.paths == ["/v1/a", TOKEN_PATH, "/v1/a"]


def test_threads_refresh_once(oauth, wire, reply):
    client = oauth(access_token="given")
    all_refused = threading.Barrier(4, timeout=10)

    def answer(seen):
        if seen.path == TOKEN_PATH:
            return granted(reply, 2)
        if seen.headers["authorization"] == "Bearer given":
            all_refused.wait()
            return reply(401, {"success": False})
        return reply()

    wire.otherwise = answer
    list(client.ordered_map(lambda n: client.request("GET", f"/api/v2/{n}"), range(4)))
    assert wire.paths.count(TOKEN_PATH) == 1


def test_the_company_s_own_domain_becomes_the_base(oauth, wire, storage, reply):
    wire.answer(granted(reply, 1, api_domain=storage.url + "/"))
    client = oauth(api_url=None)
    client.request("GET", "/v1/users/me")
    assert storage.paths == ["/v1/users/me"]
    assert client.base_url == storage.url
    assert repr(client) == f"PipedriveClient({storage.url})"


@pytest.mark.parametrize("api_domain", ["http://acme.pipedrive.com", "evil", None, 5])
def test_an_unsafe_domain_is_not_taken(oauth, wire, reply, api_domain):
    wire.answer(granted(reply, 1, api_domain=api_domain))
    client = oauth()
    client.request("GET", "/v1/users/me")
    assert client.base_url == wire.url


@pytest.mark.parametrize(
    ("api_domain", "base"),
    [
        ("https://acme.pipedrive.com", "https://acme.pipedrive.com"),
        ("https://api.pipedrive.com/", "https://api.pipedrive.com"),
        ("https://127.0.0.1:9", "https://127.0.0.1:9"),
        ("https://evil.example", "https://api.pipedrive.com"),
        ("https://evilpipedrive.com", "https://api.pipedrive.com"),
        ("https://pipedrive.com.evil.example", "https://api.pipedrive.com"),
        ("https://acme.pipedrive.com@evil.example", "https://api.pipedrive.com"),
        ("https://evil.example/acme.pipedrive.com", "https://api.pipedrive.com"),
        ("http://acme.pipedrive.com", "https://api.pipedrive.com"),
        ("https://", "https://api.pipedrive.com"),
    ],
)
def test_tokens_go_to_hosts_of_pipedrive_and_the_settings_only(oauth, wire, reply, api_domain, base, caplog):
    wire.answer(granted(reply, 1, api_domain=api_domain))
    client = oauth(api_url=None)
    client._sender.auth.header()  # a request would look for the host
    assert client.base_url == base
    assert ("api_domain" in caplog.text) == (not api_domain.startswith(base))
    assert "access-1" not in caplog.text


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_of_the_token_address_is_reported_and_not_followed(oauth, wire, storage, reply, status):
    wire.answer(reply(status, b"", headers={"Location": storage.url + "/oauth/token"}))
    with pytest.raises(ConfigError, match="redirect") as raised:
        oauth().request("GET", "/v1/users/me")
    assert "oauth_token_url" in str(raised.value)
    assert storage.seen == []


def test_a_given_address_overrides_the_company_s_domain(oauth, wire, reply):
    wire.answer(granted(reply, 1, api_domain="https://acme.pipedrive.com"))
    client = oauth()
    client.request("GET", "/v1/users/me")
    assert client.base_url == wire.url


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, {"success": False, "error": "invalid_grant"}, "rejected the refresh token"),
        (401, b"", "rejected the refresh token"),
        (401, {"error": "invalid_client"}, "Check client_id and client_secret"),
    ],
)
def test_a_rejected_sign_in_reports_what_to_do(oauth, wire, reply, status, body, said):
    wire.answer(reply(status, body))
    with pytest.raises(Unauthorized, match=said) as raised:
        oauth().request("GET", "/v1/a")
    assert wire.paths == [TOKEN_PATH]
    assert not any(secret in str(raised.value) for secret in ("hush", "refresh-one"))


@pytest.mark.parametrize("body", [b"<html>", {"token": 1}, [1]])
def test_a_response_without_token_points_at_the_address(oauth, wire, reply, body):
    wire.answer(reply(200, body))
    with pytest.raises(ConfigError, match="Check oauth_token_url"):
        oauth().request("GET", "/v1/a")


def test_a_failing_sign_in_server_is_requested_again_also_for_a_post(oauth, wire, reply, clock):
    wire.answer(reply(503), reply(drop=True), granted(reply, 1))
    oauth().request("POST", "/v1/notes", json={})
    assert wire.paths == [TOKEN_PATH, TOKEN_PATH, TOKEN_PATH, "/v1/notes"]
    assert clock.waited > 0


def test_an_unavailable_sign_in_server_ends_the_request(oauth, wire, reply):
    wire.otherwise = lambda _: reply(429)
    with pytest.raises(ServerError, match=r"OAuth server.*429"):
        oauth().request("GET", "/v1/a")
    with pytest.raises(Unreachable):
        oauth(oauth_token_url="http://127.0.0.1:9/").request("GET", "/v1/a")


def test_fetched_tokens_are_masked_in_errors(oauth, wire, reply):
    wire.answer(
        granted(reply, 1), reply(400, {"success": False, "error": "bad access-1 and hush-hush-secret"})
    )
    with pytest.raises(Exception, match="bad") as raised:
        oauth().request("GET", "/v1/a")
    assert "access-1" not in str(raised.value)
    assert "hush" not in str(raised.value)
