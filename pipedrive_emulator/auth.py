"""Who asks: the API token, OAuth bearer tokens, and the OAuth pages."""

from __future__ import annotations

import base64
import binascii
import html
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from pipedrive_emulator.account import TOKEN_USER
from pipedrive_emulator.http import Answer, ApiError, Request, encode, parse_form
from pipedrive_emulator.operations import Operation, load_operations

if TYPE_CHECKING:
    from collections.abc import Callable

API_TOKEN = "emulator-token"  # noqa: S105 - the published token of a fake
CLIENT_ID = "emulator-client"
CLIENT_SECRET = "emulator-secret"  # noqa: S105 - the same
REFRESH_TOKEN = "emulator-refresh-token"  # noqa: S105 - the same
EXPIRES_SECONDS = 3599


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An authenticated caller: `kind` is "token" or "oauth", `scopes` is None where all are granted."""

    name: str
    kind: str
    user_id: int = TOKEN_USER
    scopes: frozenset[str] | None = None


def unauthorized() -> ApiError:
    """The published 401."""
    return ApiError(
        401, "unauthorized access", "The token is missing, wrong, expired or revoked", errorCode=401
    )


def _oauth_error(status: int, error: str, message: str) -> ApiError:
    return ApiError(status, error, message, message=message)


class Auth:
    """Tokens of one emulator. Times run on the wall clock, since they bound real sessions.

    Args:
        scopes: what the app was granted; None grants everything.
        expires_seconds: life of an access token.
        monotonic: the clock, for tests.
    """

    def __init__(
        self,
        *,
        scopes: frozenset[str] | None = None,
        expires_seconds: float = EXPIRES_SECONDS,
        rotate: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.scopes, self.expires_seconds, self.rotate = scopes, expires_seconds, rotate
        self._monotonic = monotonic
        self.reset()

    def reset(self) -> None:
        """Forget every session; the known refresh token is valid again."""
        self._access: dict[str, float] = {}
        self._refresh = {REFRESH_TOKEN}
        self._codes: dict[str, str] = {}
        self._issued = 0

    def caller(self, request: Request) -> Caller:
        """Who sent this request.

        Raises:
            ApiError: 401 without a valid token in a header; a token in the query string does not count.
        """
        token = request.headers.get("x-api-token")
        if token is not None:
            if token != API_TOKEN:
                raise unauthorized()
            return Caller(name=token, kind="token")
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        expires = self._access.get(bearer)
        if scheme.lower() != "bearer" or expires is None or expires <= self._monotonic():
            raise unauthorized()
        return Caller(name="oauth", kind="oauth", scopes=self.scopes)

    def allow(self, caller: Caller, operation: Operation) -> None:
        """Check the granted scopes against the operation's; 403 where they do not meet."""
        if caller.scopes is not None and operation.scopes and not operation.scopes & caller.scopes:
            raise ApiError(
                403,
                "Scope and URL mismatch",
                f"One of these is needed: {', '.join(sorted(operation.scopes))}",
            )

    def expire(self) -> None:
        """End every access token; refresh tokens stay."""
        self._access.clear()

    def revoke(self) -> None:
        """End every access and refresh token."""
        self._access.clear()
        self._refresh.clear()

    def serve(self, request: Request) -> Answer:
        """Answer a request below `/oauth/`."""
        path = request.path.rstrip("/")
        if path == "/oauth/authorize" and request.method == "GET":
            return self._authorize(dict(request.query))
        if path == "/oauth/token" and request.method == "POST":
            return self._token(request)
        if path == "/oauth/revoke" and request.method == "POST":
            return self._revoke(request)
        raise ApiError(404, "Unknown OAuth path")

    def _authorize(self, query: dict[str, str]) -> Answer:
        target = query.get("redirect_uri", "")
        if query.get("client_id") != CLIENT_ID or urlsplit(target).scheme not in ("http", "https"):
            raise _oauth_error(400, "invalid_request", "client_id or redirect_uri is missing or unknown")
        state = {"state": query["state"]} if "state" in query else {}
        decision = query.get("decision")
        if decision == "allow":
            self._issued += 1
            code = f"emulator-code-{self._issued}"
            self._codes[code] = target
            return _redirect(target, {"code": code, **state})
        if decision == "deny":
            return _redirect(target, {"error": "user_denied", **state})
        links = "".join(
            f'<p><a href="/oauth/authorize?{_escaped({**query, "decision": word})}">{word.title()}</a></p>'
            for word in ("allow", "deny")
        )
        page = f"<!DOCTYPE html><title>Emulator</title><h1>Give {CLIENT_ID} access?</h1>{links}"
        return Answer(body=page.encode(), content_type="text/html; charset=utf-8")

    def _check_client(self, request: Request) -> None:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            given = ""
        if scheme.lower() != "basic" or given != f"{CLIENT_ID}:{CLIENT_SECRET}":
            raise _oauth_error(401, "invalid_client", "Client authentication failed")

    def _token(self, request: Request) -> Answer:
        self._check_client(request)
        form = parse_form(request.body)
        grant = form.get("grant_type")
        if grant == "authorization_code":
            if self._codes.pop(form.get("code", ""), None) != form.get("redirect_uri", ""):
                raise _oauth_error(
                    400, "invalid_grant", "The code is unknown, used, or of another redirect_uri"
                )
            refresh = REFRESH_TOKEN
            self._refresh.add(refresh)
        elif grant == "refresh_token":
            refresh = form.get("refresh_token", "")
            if refresh not in self._refresh:
                raise _oauth_error(400, "invalid_grant", "The refresh token is unknown or revoked")
            if self.rotate:
                self._refresh.discard(refresh)
                refresh = f"emulator-refresh-token-{self._issued + 1}"
                self._refresh.add(refresh)
        else:
            raise _oauth_error(
                400, "unsupported_grant_type", "grant_type must be authorization_code or refresh_token"
            )
        self._issued += 1
        access = f"emulator-access-token-{self._issued}"
        self._access[access] = self._monotonic() + self.expires_seconds
        granted = all_scopes() if self.scopes is None else self.scopes
        content = {
            "access_token": access,
            "token_type": "Bearer",
            "refresh_token": refresh,
            "scope": " ".join(sorted(granted)),
            "expires_in": int(self.expires_seconds),
            "api_domain": request.base_url,
        }
        return Answer(body=encode(content))

    def _revoke(self, request: Request) -> Answer:
        self._check_client(request)
        token = parse_form(request.body).get("token", "")
        if token in self._refresh:
            self.revoke()
        self._access.pop(token, None)
        return Answer(body=encode({"success": True}))


def all_scopes() -> frozenset[str]:
    """Every scope that any operation names."""
    return frozenset(scope for operation in load_operations().values() for scope in operation.scopes)


def _escaped(query: dict[str, str]) -> str:
    return html.escape(urlencode(query))


def _redirect(target: str, query: dict[str, str]) -> Answer:
    location = f"{target}{'&' if '?' in target else '?'}{urlencode(query)}"
    return Answer(status=302, content_type="text/plain", headers=[(b"location", location.encode())])
