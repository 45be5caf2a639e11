"""Command `tap-pipedrive auth`: authorize an OAuth app and return the settings that use it.

The user allows access on Pipedrive's page in a browser, which redirects to a temporary server on this
machine. The authorization code of the redirect is exchanged for a refresh token.
"""

from __future__ import annotations

import argparse
import getpass
import hmac
import html
import json
import os
import re
import secrets
import sys
import threading
import webbrowser
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override

from pipedrive_client import ClientSettings, ConfigError, Unauthorized, Unreachable
from pipedrive_client.auth.grant import authorize_url, exchange_code
from pipedrive_client.settings import DEFAULT_OAUTH_TOKEN_URL
from pipedrive_singer.arguments import ArgumentParser
from pipedrive_singer.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipedrive_client import TokenSet

PORT = 8412
CALLBACK = "/callback"
_PREFIX = "TAP_PIPEDRIVE_"
_ERROR_CODE = re.compile(r"\w{1,40}", re.ASCII)
_COMPANY_HOST = ".pipedrive.com"


def main(arguments: Sequence[str]) -> None:
    """Run the subcommand.

    Args:
        arguments: command-line arguments after `auth`.

    Raises:
        ConfigError: an argument or setting is missing or invalid.
        Unauthorized: access was denied.
        Unreachable: the user did not respond.
    """
    given = _parser().parse_args(arguments)
    target = None if given.save is None else SettingsFile.at(Path(given.save))
    settings = ClientSettings.from_config(
        {
            "client_id": _value_of("client_id", given.client_id, secret=False),
            "client_secret": _value_of("client_secret", given.client_secret, secret=True),
            "oauth_token_url": given.oauth_token_url or os.environ.get(f"{_PREFIX}OAUTH_TOKEN_URL"),
            "refresh_token": "not fetched yet",
        }
    )
    tokens = authorize(
        settings, port=given.port, timeout_seconds=given.timeout_seconds, open_browser=given.open
    )
    found = settings_of(settings, tokens)
    if target:
        target.write(found)
        _report(f"Saved the settings to {target.path}, which is readable only by you.")
    else:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="tap-pipedrive auth",
        description="Authorize an OAuth app and print the settings that use it. Client ID and secret are "
        f"read from the options, from {_PREFIX}CLIENT_ID and {_PREFIX}CLIENT_SECRET, or from a prompt. "
        "Nothing is stored without --save.",
        epilog="Example: tap-pipedrive auth --open --save config.json",
    )
    parser.add_argument("--client-id", metavar="ID", help="client ID of the app")
    parser.add_argument(
        "--client-secret",
        metavar="SECRET",
        help="client secret of the app; other users of this machine can see options",
    )
    parser.add_argument(
        "--port",
        metavar="N",
        type=_port,
        default=PORT,
        help=f"port of the app's callback URL, http://127.0.0.1:N{CALLBACK} (default: %(default)s)",
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    parser.add_argument("--save", metavar="FILE", help="write the settings to this JSON file instead")
    parser.add_argument(
        "--timeout-seconds",
        metavar="N",
        type=float,
        default=300,
        help="how long to wait for the browser (default: %(default)s)",
    )
    parser.add_argument(
        "--oauth-token-url",
        metavar="URL",
        help="URL of the token endpoint, instead of Pipedrive's; users sign in at the same URL with "
        "`authorize` as its last part",
    )
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) >= 1 << 16:
        msg = f"{text!r} is not a valid port"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _report(text: str) -> None:
    """Write a message to stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _value_of(name: str, given: str | None, *, secret: bool) -> str:
    """Return the value of an option, otherwise of the environment, otherwise of a prompt."""
    value = given or os.environ.get(_PREFIX + name.upper())
    if not value:
        prompt = f"{name.replace('_', ' ').capitalize()}: "
        if sys.stdin.isatty() and secret:
            value = getpass.getpass(prompt, stream=sys.stderr)
        else:
            sys.stderr.write(prompt)
            sys.stderr.flush()
            value = sys.stdin.readline()
            sys.stderr.write("" if sys.stdin.isatty() else "\n")
    if not value.strip():
        option = f"--{name.replace('_', '-')}"
        msg = f"auth needs the {name} of the app. Use {option}, or set {_PREFIX}{name.upper()}."
        raise ConfigError(msg)
    return value.strip()


# --- callback server --------------------------------------------------------------------------


class _Callback(ThreadingHTTPServer):
    """Server for the redirect, with a thread per connection because browsers open spare ones."""

    daemon_threads = True

    def __init__(self, port: int, state: str) -> None:
        self.state = state
        self.responses: SimpleQueue[str | Exception] = SimpleQueue()
        super().__init__(("127.0.0.1", port), _Handler)

    def taken(self, query: Mapping[str, Sequence[str]]) -> str | Exception:
        """Return the authorization code of a redirect, or the error."""
        state = query.get("state", [""])[0]
        if not hmac.compare_digest(state.encode(), self.state.encode()):
            return Unauthorized(
                "OAuth state mismatch: the callback does not belong to this sign-in. Run auth again."
            )
        if error := query.get("error", [""])[0]:
            code = error if _ERROR_CODE.fullmatch(error) else "error"
            return Unauthorized(
                f"Access was denied on Pipedrive's page ({code}); the app was not authorized."
            )
        return query.get("code", [""])[0] or Unauthorized(
            "Pipedrive's redirect contains no code. Check the app's settings and run auth again."
        )


class _Handler(BaseHTTPRequestHandler):
    server: _Callback
    timeout = 10

    def do_GET(self) -> None:
        """Handle the redirect and respond with a page for the user."""
        parts = urlsplit(self.path)
        if parts.path != CALLBACK:
            self.send_error(404)
            return
        response = self.server.taken(parse_qs(parts.query))
        failed = isinstance(response, Exception)
        text = str(response) if failed else "The app is authorized. You can close this window."
        page = f"<!DOCTYPE html><meta charset=utf-8><title>tap-pipedrive</title><p>{html.escape(text)}</p>"
        self.send_response(400 if failed else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(page.encode())
        self.server.responses.put(response)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Keep the code out of the log."""


def authorize(settings: ClientSettings, *, port: int, timeout_seconds: float, open_browser: bool) -> TokenSet:
    """Wait until a user authorizes the app in a browser, and return the tokens.

    Args:
        settings: settings of the app.
        port: port of the callback URL; 0 uses a free one.
        timeout_seconds: how long to wait for the user.
        open_browser: True to open the page in addition to printing its URL.

    Raises:
        ConfigError: the port is taken.
        Unauthorized: access was denied, or the callback belongs to another sign-in.
        Unreachable: the callback was not called in time.
    """
    state = secrets.token_urlsafe(32)
    try:
        server = _Callback(port, state)
    except OSError as error:
        msg = (
            f"auth cannot listen on port {port}: {error.strerror}. Use another --port and change the "
            "callback URL of the app."
        )
        raise ConfigError(msg) from error
    with server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        redirect_uri = f"http://127.0.0.1:{server.server_port}{CALLBACK}"
        url = authorize_url(settings, redirect_uri=redirect_uri, state=state)
        _report(f"The callback URL of the app must be {redirect_uri}")
        _report(f"Open this URL in a browser and allow access:\n\n{url}\n")
        if open_browser:
            webbrowser.open(url)
        try:
            response = server.responses.get(timeout=timeout_seconds)
        except Empty:
            msg = f"No callback to {redirect_uri} within {timeout_seconds:g} s. Run auth again."
            raise Unreachable(msg) from None
        finally:
            server.shutdown()
    if isinstance(response, Exception):
        raise response
    return exchange_code(settings, code=response, redirect_uri=redirect_uri)


# --- the result -----------------------------------------------------------------------------------


def settings_of(app: ClientSettings, tokens: TokenSet) -> dict[str, str]:
    """Return the settings that use the tokens of the user who authorized the app."""
    found = {
        "client_id": app.client_id or "",
        "client_secret": app.client_secret or "",
        "refresh_token": tokens.refresh_token,
    }
    host = urlsplit(tokens.api_domain or "").hostname or ""
    if host.endswith(_COMPANY_HOST):
        found["company_domain"] = host.removesuffix(_COMPANY_HOST)
    elif tokens.api_domain and app.trusts(tokens.api_domain):
        found["api_url"] = tokens.api_domain
    if app.oauth_token_url != DEFAULT_OAUTH_TOKEN_URL:
        found["oauth_token_url"] = app.oauth_token_url
    return found


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """JSON file of settings, whose other content is kept."""

    path: Path
    content: Mapping[str, object]

    @classmethod
    def at(cls, path: Path) -> SettingsFile:
        """Return the file, which may not exist yet.

        Raises:
            ConfigError: it cannot be written, or does not contain settings.
        """
        try:
            text = path.read_text(encoding="utf-8") if path.exists() else "{}"
            content = json.loads(text or "{}")
        except OSError as error:
            msg = f"auth cannot read {path}: {error.strerror}."
            raise ConfigError(msg) from error
        except ValueError as error:
            msg = f"{path} is not valid JSON; it was not changed. Use another file with --save."
            raise ConfigError(msg) from error
        if not isinstance(content, dict):
            msg = f"{path} contains no JSON object; it was not changed. Use another file with --save."
            raise ConfigError(msg)
        if not os.access(path.parent, os.W_OK):
            msg = f"auth cannot write to {path.parent}. Use another file with --save."
            raise ConfigError(msg)
        return cls(path, content)

    def write(self, found: Mapping[str, object]) -> None:
        """Add the settings and make the file readable only by its owner."""
        text = json.dumps({**self.content, **found}, indent=2) + "\n"
        write_atomically(self.path, text.encode())
