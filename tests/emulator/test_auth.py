"""The API token, OAuth, scopes."""

from __future__ import annotations

import pytest
import requests

BASIC = ("emulator-client", "emulator-secret")
REFRESH = {"grant_type": "refresh_token", "refresh_token": "emulator-refresh-token"}


def _bearer(ask, **form):
    answer = requests.post(f"{ask.url}/oauth/token", data=form or REFRESH, auth=BASIC, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _me(ask, token):
    return requests.get(f"{ask.url}/v1/users/me", headers={"authorization": f"Bearer {token}"}, timeout=10)


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({}, ""),
        ({"x-api-token": "wrong"}, ""),
        ({}, "?api_token=emulator-token"),
        ({"authorization": "Bearer no"}, ""),
    ],
)
def test_rejects_clients_without_a_valid_token_in_a_header(ask, headers, query):
    answer = requests.get(f"{ask.url}/v1/users/me{query}", headers=headers, timeout=10)
    assert answer.status_code == 401
    assert answer.json() == {
        "success": False,
        "error": "unauthorized access",
        "errorCode": 401,
        "error_info": answer.json()["error_info"],
        "data": None,
        "additional_data": None,
    }


def test_refresh_gives_a_bearer_token_and_the_api_domain(ask):
    content = _bearer(ask)
    assert content["api_domain"] == ask.url
    assert content["refresh_token"] == "emulator-refresh-token"
    assert {"access_token", "token_type", "scope", "expires_in"} <= set(content)
    assert _me(ask, content["access_token"]).json()["data"]["company_domain"] == "nordwind"


def test_refresh_needs_the_client_and_a_living_token(ask):
    url = f"{ask.url}/oauth/token"
    assert requests.post(url, data=REFRESH, auth=("emulator-client", "no"), timeout=10).status_code == 400
    assert (
        requests.post(url, data={**REFRESH, "refresh_token": "no"}, auth=BASIC, timeout=10).status_code == 400
    )
    ask.hook("oauth", {"revoke": True})
    answer = requests.post(url, data=REFRESH, auth=BASIC, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_code_is_exchanged_once_and_for_its_redirect_only(ask):
    target = "http://127.0.0.1:9/callback"
    query = {"client_id": "emulator-client", "redirect_uri": target, "state": "s1"}
    page = requests.get(f"{ask.url}/oauth/authorize", params=query, timeout=10)
    assert page.headers["content-type"].startswith("text/html")
    answer = requests.get(
        f"{ask.url}/oauth/authorize", params={**query, "decision": "allow"}, allow_redirects=False, timeout=10
    )
    location = answer.headers["location"]
    assert location.startswith(f"{target}?code=")
    assert location.endswith("state=s1")
    code = location.split("code=")[1].split("&")[0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": target}
    assert _me(ask, _bearer(ask, **form)["access_token"]).status_code == 200
    assert requests.post(f"{ask.url}/oauth/token", data=form, auth=BASIC, timeout=10).status_code == 400


def test_denied_access_returns_user_denied(ask):
    query = {"client_id": "emulator-client", "redirect_uri": "http://127.0.0.1:9/", "decision": "deny"}
    answer = requests.get(f"{ask.url}/oauth/authorize", params=query, allow_redirects=False, timeout=10)
    assert "error=user_denied" in answer.headers["location"]


def test_expired_and_rotated_tokens(ask):
    first = _bearer(ask)["access_token"]
    ask.hook("oauth", {"expire": True})
    assert _me(ask, first).status_code == 401
    ask.hook("oauth", {"rotate": True})
    content = _bearer(ask)
    assert content["refresh_token"] != "emulator-refresh-token"
    assert requests.post(f"{ask.url}/oauth/token", data=REFRESH, auth=BASIC, timeout=10).status_code == 400


def test_scopes_are_enforced_where_given(ask):
    ask.hook("oauth", {"scopes": ["base", "deals:read"]})
    headers = {"authorization": f"Bearer {_bearer(ask)['access_token']}"}
    assert requests.get(f"{ask.url}/api/v2/deals", headers=headers, timeout=10).status_code == 200
    assert requests.get(f"{ask.url}/api/v2/persons", headers=headers, timeout=10).status_code == 403
    answer = requests.post(f"{ask.url}/api/v2/deals", json={"title": "x"}, headers=headers, timeout=10)
    assert answer.status_code == 403
    assert ask.get("/api/v2/persons")["success"]
