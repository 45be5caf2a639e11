"""`tap-pipedrive auth` against the emulator's OAuth pages, with a scripted browser."""

from __future__ import annotations

import json
import re
import socket
import stat
import subprocess
import sys
from contextlib import contextmanager
from html import unescape
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import urlopen

import pytest

from tests.support.cli import environment, tap
from tests.support.starting import PIPE, Started

APP = {"TAP_PIPEDRIVE_CLIENT_ID": "emulator-client", "TAP_PIPEDRIVE_CLIENT_SECRET": "emulator-secret"}
COMMAND = [sys.executable, "-m", "tap_pipedrive", "auth", "--port", "0"]


class Auth:
    """The running command."""

    def __init__(self, emulator, *options, env=None, typed=""):
        self.process = Started(
            "tap_pipedrive",
            *("auth", "--port", "0", "--oauth-token-url", f"{emulator.url}/oauth/token", *options),
            env=environment(**(APP if env is None else env)),
            stdin=PIPE,
            text=True,
        )
        self.process.stdin.write(typed)
        self.process.stdin.close()
        self.process.stdin = None
        self.told = ""

    @property
    def url(self) -> str:
        """URL that the user must open."""
        for line in self.process.stderr:
            self.told += line
            if line.startswith("http"):
                return line.strip()
        raise AssertionError(f"no address was printed: {self.told}")

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, self.told + err


@contextmanager
def running(emulator, *options, **more):
    auth = Auth(emulator, *options, **more)
    try:
        yield auth
    finally:
        auth.process.kill()
        auth.process.communicate()


def press(url, button):
    """Actions of a user: read the page, press a button, follow the redirect to the callback."""
    with urlopen(url) as page:
        links = {
            text: unescape(link) for link, text in re.findall(r'href="([^"]+)">(\w+)<', page.read().decode())
        }
    parts = urlsplit(url)
    return visit(f"{parts.scheme}://{parts.netloc}{links[button]}")


def visit(url):
    try:
        with urlopen(url) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_authorizing_the_app_prints_working_settings(small, tmp_path):
    with running(small) as auth:
        url = auth.url
        status, page = press(url, "Allow")
        code, out, err = auth.end()
    assert (code, status) == (0, 200)
    assert "You can close this window" in page
    settings = json.loads(out)
    assert settings == {
        "client_id": "emulator-client",
        "client_secret": "emulator-secret",
        "refresh_token": "emulator-refresh-token",
        "api_url": small.url,
        "oauth_token_url": f"{small.url}/oauth/token",
    }
    assert "emulator-secret" not in err
    assert "emulator-refresh-token" not in err
    config = tmp_path / "config.json"
    config.write_text(out, encoding="utf-8")
    assert json.loads(tap("--config", str(config), "--discover").out)["streams"]
    assert list(tmp_path.iterdir()) == [config]


def test_the_url_contains_this_app_and_this_request(small):
    addresses = []
    for _ in range(2):
        with running(small) as auth:
            addresses.append(urlsplit(auth.url))
    queries = [parse_qs(address.query) for address in addresses]
    assert {address.path for address in addresses} == {"/oauth/authorize"}
    assert all(query["client_id"] == ["emulator-client"] for query in queries)
    assert all(
        re.fullmatch(r"http://127\.0\.0\.1:\d+/callback", query["redirect_uri"][0]) for query in queries
    )
    states = {query["state"][0] for query in queries}
    assert len(states) == 2
    assert all(len(state) >= 32 for state in states)


def test_a_rejection_is_reported(small):
    with running(small) as auth:
        status, page = press(auth.url, "Deny")
        code, out, err = auth.end()
    assert (code, status, out) == (3, 400, "")
    assert err.splitlines()[-1] == (
        "Access was denied on Pipedrive's page (user_denied); the app was not authorized."
    )
    assert "the app was not authorized" in page
    assert "GET /oauth/token" not in small.requests()


@pytest.mark.parametrize("state", [{"state": "another"}, {}], ids=["wrong", "none"])
def test_a_response_with_another_state_is_rejected_before_its_code_is_used(small, state):
    with running(small) as auth:
        callback = parse_qs(urlsplit(auth.url).query)["redirect_uri"][0]
        status, _ = visit(f"{callback}?{urlencode({'code': 'stolen', **state})}")
        code, out, err = auth.end()
    assert (code, status, out) == (3, 400, "")
    assert "OAuth state mismatch: the callback does not belong to this sign-in" in err.splitlines()[-1]


def test_a_missing_callback_is_reported(small):
    with running(small, "--timeout-seconds", "0.2") as auth:
        code, out, err = auth.end()
    assert (code, out) == (1, "")
    assert re.search(r"No callback to http://127\.0\.0\.1:\d+/callback within 0\.2 s", err.splitlines()[-1])


def test_other_paths_are_not_the_callback(small):
    with running(small) as auth:
        url = auth.url
        callback = parse_qs(urlsplit(url).query)["redirect_uri"][0]
        assert visit(callback.replace("/callback", "/favicon.ico"))[0] == 404
        press(url, "Allow")
        assert auth.end()[0] == 0


def test_a_wrong_secret_is_reported_without_showing_it(small):
    env = {**APP, "TAP_PIPEDRIVE_CLIENT_SECRET": "not-the-secret"}
    with running(small, env=env) as auth:
        press(auth.url, "Allow")
        code, out, err = auth.end()
    assert (code, out) == (3, "")
    assert err.splitlines()[-1] == "Pipedrive rejected the OAuth app. Check client_id and client_secret."
    assert "not-the-secret" not in err


def test_id_and_secret_can_be_typed(small):
    with running(small, env={}, typed="emulator-client\nemulator-secret\n") as auth:
        press(auth.url, "Allow")
        code, out, err = auth.end()
    assert code == 0
    assert json.loads(out)["client_secret"] == "emulator-secret"
    assert "Client id: " in err
    assert "emulator-secret" not in err


def test_options_go_before_the_environment(small):
    env = {"TAP_PIPEDRIVE_CLIENT_ID": "another", "TAP_PIPEDRIVE_CLIENT_SECRET": "another"}
    options = ("--client-id", "emulator-client", "--client-secret", "emulator-secret")
    with running(small, *options, env=env) as auth:
        press(auth.url, "Allow")
        assert auth.end()[0] == 0


def test_save_writes_a_private_file_and_keeps_its_other_content(small, tmp_path):
    path = tmp_path / "config.json"
    path.write_text('{"start_date": "2026-01-01", "refresh_token": "old"}', encoding="utf-8")
    path.chmod(0o644)
    with running(small, "--save", str(path)) as auth:
        press(auth.url, "Allow")
        code, out, err = auth.end()
    assert (code, out) == (0, "")
    assert f"Saved the settings to {path}" in err
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    saved = json.loads(path.read_text(encoding="utf-8"))
    assert saved["start_date"] == "2026-01-01"
    assert saved["refresh_token"] == "emulator-refresh-token"
    assert list(tmp_path.iterdir()) == [path]


def test_open_opens_the_page(small, tmp_path):
    script = tmp_path / "browser.py"
    script.write_text(
        "import sys, urllib.request\nurllib.request.urlopen(sys.argv[1] + '&decision=allow').read()\n",
        encoding="utf-8",
    )
    with running(small, "--open", env={**APP, "BROWSER": f"{sys.executable} {script} %s"}) as auth:
        code, out, _ = auth.end()
    assert code == 0
    assert json.loads(out)["refresh_token"] == "emulator-refresh-token"


@pytest.mark.parametrize(
    ("options", "env", "sentence"),
    [
        ((), {}, "auth needs the client_id of the app. Use --client-id, or set TAP_PIPEDRIVE_CLIENT_ID."),
        (
            ("--port", "high"),
            APP,
            "auth: argument --port: 'high' is not a valid port; see tap-pipedrive auth",
        ),
        (("--port", "70000"), APP, "auth: argument --port: '70000' is not a valid port"),
        (("--prot", "1"), APP, "auth: unrecognized arguments: --prot 1; see tap-pipedrive auth --help."),
        (("--oauth-token-url", "http://oauth.example/token"), APP, "oauth_token_url uses http, which sends"),
        (("--save", "no/such/folder/config.json"), APP, "auth cannot write to no/such/folder"),
    ],
    ids=str,
)
def test_invalid_options_are_reported_before_anything_is_opened(small, options, env, sentence):
    with running(small, *options, env=env) as auth:
        code, out, err = auth.end()
    assert (code, out) == (2, "")
    assert sentence in err.splitlines()[-1]
    assert "Open this URL" not in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("text", "why"), [("# Notes", "is not valid JSON"), ("[1]", "contains no JSON object")]
)
def test_a_file_that_contains_something_else_does_not_change(small, tmp_path, text, why):
    path = tmp_path / "notes.md"
    path.write_text(text, encoding="utf-8")
    with running(small, "--save", str(path)) as auth:
        code, out, err = auth.end()
    assert (code, out) == (2, "")
    assert f"{path} {why}; it was not changed" in err
    assert path.read_text(encoding="utf-8") == text


def test_a_taken_port_is_reported(small):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running(small, "--port", str(port)) as auth:
            code, out, err = auth.end()
    assert (code, out) == (2, "")
    assert f"auth cannot listen on port {port}" in err.splitlines()[-1]


def test_help_reports_what_auth_does():
    told = subprocess.run([*COMMAND, "--help"], env=environment(), capture_output=True, text=True, check=True)
    assert "Authorize an OAuth app" in told.stdout
    assert told.stderr == ""
