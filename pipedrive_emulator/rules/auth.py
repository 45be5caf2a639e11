"""Authentication: the API token, OAuth bearer tokens, and the OAuth endpoints."""

from __future__ import annotations

import base64
import binascii
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from pipedrive_emulator.account.account import TOKEN_USER
from pipedrive_emulator.account.clock import DAY_SECONDS
from pipedrive_emulator.api.http import ApiError, Request, Response, Row, encode, parse_form
from pipedrive_emulator.api.operations import Operation, load_operations
from pipedrive_emulator.rules.oauth_page import CLIENT_ID, check_app, consent_page

if TYPE_CHECKING:
    from collections.abc import Callable

API_TOKEN = "emulator-token"  # noqa: S105 - the documented token of the emulator
CLIENT_SECRET = "emulator-secret"  # noqa: S105 - the same
REFRESH_TOKEN = "emulator-refresh-token"  # noqa: S105 - the same
QUERY_TOKEN = "api_token"  # noqa: S105 - the name of a parameter
FORM_TYPE = "application/x-www-form-urlencoded"
EXPIRES_SECONDS = 3599
CODE_SECONDS = 5 * 60
REFRESH_SECONDS = 60 * DAY_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An authenticated caller: `kind` is "token" or "oauth", `scopes` is None if all are granted."""

    name: str
    kind: str
    user_id: int = TOKEN_USER
    scopes: frozenset[str] | None = None


def unauthorized() -> ApiError:
    """Return the published 401."""
    return ApiError(
        401, "unauthorized access", "The token is missing, wrong, expired or revoked", errorCode=401
    )


def _oauth_error(error: str, message: str) -> ApiError:
    """Return an error of the token endpoint: always 400, as published."""
    return ApiError(400, error, message, message=message)


def operation_key(request: Request) -> str | None:
    """Return the published operation of an OAuth request; a refresh is recognised by its form."""
    path = request.path.rstrip("/")
    if path == "/oauth/authorize" and request.method == "GET":
        return "v1:authorize"
    if path == "/oauth/token" and request.method == "POST":
        return "v1:refresh-tokens" if b"grant_type=refresh_token" in request.body else "v1:get-tokens"
    return None


class Auth:
    """Tokens of one emulator. Times run on the wall clock, since they bound real sessions.

    Args:
        scopes: scopes granted to the app; None grants everything.
        expires_seconds: lifetime of an access token.
        rotate: whether a refresh gives a new refresh token and ends the old one; Pipedrive does not.
        token_in_query: whether an API token in the query string is valid.
        monotonic: the clock, for tests.
    """

    def __init__(
        self,
        *,
        scopes: frozenset[str] | None = None,
        expires_seconds: float = EXPIRES_SECONDS,
        rotate: bool = False,
        token_in_query: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.scopes, self.expires_seconds, self.rotate = scopes, expires_seconds, rotate
        self.token_in_query = token_in_query
        self._monotonic = monotonic
        self.reset()

    def reset(self) -> None:
        """Forget every session; the known refresh token is valid again."""
        self._ahead = 0.0
        self._access: dict[str, float] = {}
        self._refresh = {REFRESH_TOKEN: self._now() + REFRESH_SECONDS}
        self._codes: dict[str, tuple[str, float]] = {}
        self._issued = 0

    def _now(self) -> float:
        return self._monotonic() + self._ahead

    def advance(self, seconds: float) -> None:
        """Advance the clock of codes and tokens."""
        self._ahead += seconds

    def caller(self, request: Request) -> Caller:
        """Return the caller of a request.

        Raises:
            ApiError: 401 without a valid token in a header; a token in the query string is valid with
                `token_in_query`. 400 for an Authorization header that is not a bearer token.
        """
        token = request.headers.get("x-api-token")
        if token is None and self.token_in_query:
            token = dict(request.query).get(QUERY_TOKEN)
        if token is not None:
            if token != API_TOKEN:
                raise unauthorized()
            return Caller(name=token, kind="token")
        given = request.headers.get("authorization")
        if given is None:
            raise unauthorized()
        scheme, _, bearer = given.partition(" ")
        if scheme.lower() != "bearer" or not bearer.strip() or " " in bearer.strip():
            raise ApiError(400, "Invalid request: malformed authorization header")
        expires = self._access.get(bearer.strip())
        if expires is None or expires <= self._now():
            raise unauthorized()
        return Caller(name="oauth", kind="oauth", scopes=self.scopes)

    def unsigned(self, query: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return the parameters of a request without the token, if they may contain one."""
        return [pair for pair in query if pair[0] != QUERY_TOKEN] if self.token_in_query else query

    def allow(self, caller: Caller, operation: Operation) -> None:
        """Check the granted scopes against the operation's; raises a 403 if no scope matches."""
        if caller.scopes is not None and operation.scopes and not operation.scopes & caller.scopes:
            # Recorded responses of live accounts do not contain the missing scope.
            raise ApiError(403, "Scope and URL mismatch", errorCode=403)

    def expire(self) -> None:
        """Expire every access token; refresh tokens stay valid."""
        self._access.clear()

    def revoke(self) -> None:
        """Expire every access and refresh token."""
        self._access.clear()
        self._refresh.clear()

    def serve(self, request: Request) -> Response:
        """Return the response to a request below `/oauth/`."""
        path = request.path.rstrip("/")
        if path == "/oauth/authorize" and request.method == "GET":
            return self._authorize(request.query)
        if path == "/oauth/token" and request.method == "POST":
            return self._token(request)
        if path == "/oauth/revoke" and request.method == "POST":
            return self._revoke(request)
        if path in ("/oauth/authorize", "/oauth/token", "/oauth/revoke"):
            raise ApiError(405, f"Method {request.method} is not allowed")
        raise ApiError(404, "Unknown OAuth path")

    def _authorize(self, query: list[tuple[str, str]]) -> Response:
        problem = check_app(query)
        if problem:
            return consent_page(problem=problem)
        given = dict(query)
        target = given["redirect_uri"]
        state = {"state": given["state"]} if "state" in given else {}
        decision = given.get("decision")
        if decision == "allow":
            self._issued += 1
            code = f"emulator-code-{self._issued}"
            self._codes[code] = (target, self._now() + CODE_SECONDS)
            return _redirect(target, {"code": code, **state})
        if decision == "deny":
            return _redirect(target, {"error": "user_denied", **state})
        return consent_page(given, all_scopes() if self.scopes is None else self.scopes)

    def _form(self, request: Request) -> dict[str, str]:
        """Return the form of an authenticated client."""
        if request.content_type != FORM_TYPE:
            raise _oauth_error("invalid_request", f"Invalid request: content must be {FORM_TYPE}")
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True).decode() if scheme.lower() == "basic" else ""
        except (binascii.Error, UnicodeDecodeError):
            given = ""
        if ":" not in given:
            raise _oauth_error("invalid_client", "Invalid client: cannot retrieve client credentials")
        if given != f"{CLIENT_ID}:{CLIENT_SECRET}":
            raise _oauth_error("invalid_client", "Invalid client: client is invalid")
        return parse_form(request.body)

    def _token(self, request: Request) -> Response:
        form = self._form(request)
        grant = form.get("grant_type")
        if not grant:
            raise _oauth_error("invalid_request", "Missing parameter: `grant_type`")
        if grant == "authorization_code":
            self._redeem(form)
            refresh = REFRESH_TOKEN
        elif grant == "refresh_token":
            refresh = self._renewed(form.get("refresh_token", ""))
        else:
            raise _oauth_error("unsupported_grant_type", "Unsupported grant type: `grant_type` is invalid")
        self._refresh[refresh] = self._now() + REFRESH_SECONDS
        return Response(body=encode(self._granted(refresh, request.base_url)))

    def _redeem(self, form: dict[str, str]) -> None:
        """Redeem a code, which is valid once, even if the rest of the request is invalid."""
        target, until = self._codes.pop(form.get("code", ""), ("", 0.0))
        if not target:
            raise _oauth_error("invalid_grant", "Invalid grant: authorization_code is invalid")
        if until <= self._now():
            raise _oauth_error("invalid_grant", "Invalid grant: authorization_code has expired")
        if form.get("redirect_uri") != target:
            raise _oauth_error("invalid_request", "Invalid request: `redirect_uri` is invalid")

    def _renewed(self, refresh: str) -> str:
        """Return the refresh token after a refresh: the same, unless tokens rotate."""
        if self._refresh.get(refresh, 0.0) <= self._now():
            raise _oauth_error("invalid_grant", "Invalid grant: refresh_token is invalid")
        if not self.rotate:
            return refresh
        del self._refresh[refresh]
        return f"emulator-refresh-token-{self._issued + 1}"

    def _granted(self, refresh: str, api_domain: str) -> Row:
        self._issued += 1
        access = f"emulator-access-token-{self._issued}"
        self._access[access] = self._now() + self.expires_seconds
        granted = all_scopes() if self.scopes is None else self.scopes
        return {
            "access_token": access,
            "token_type": "Bearer",
            "refresh_token": refresh,
            "scope": ",".join(sorted(granted)),
            "expires_in": int(self.expires_seconds),
            "api_domain": api_domain,
        }

    def _revoke(self, request: Request) -> Response:
        token = self._form(request).get("token", "")
        if token in self._refresh:
            self.revoke()
        self._access.pop(token, None)
        return Response(body=encode({"success": True}))


@cache
def all_scopes() -> frozenset[str]:
    """Return the scopes of all operations."""
    return frozenset(scope for operation in load_operations().values() for scope in operation.scopes)


def _redirect(target: str, query: dict[str, str]) -> Response:
    location = f"{target}{'&' if '?' in target else '?'}{urlencode(query)}"
    return Response(status=302, content_type="text/plain", headers=[(b"location", location.encode())])
