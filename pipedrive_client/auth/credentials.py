"""Authentication by API token, or by OAuth access tokens that are refreshed automatically.

Source: Pipedrive's API reference; marketplace-oauth-authorization, read 2026-11-23.
"""

from __future__ import annotations

import base64
import logging
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode

import msgspec

from pipedrive_client.errors import ConfigError, Unauthorized

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipedrive_client.http.transport import Response
    from pipedrive_client.settings import ClientSettings
    from pipedrive_client.times import Clock

logger = logging.getLogger("pipedrive_client")

SKEW_SECONDS = 60.0
_HTTP_OK = 200
_REDIRECTS = range(300, 400)
_REFRESH_REJECTED = (
    "Pipedrive rejected the refresh token ({}). It may be revoked, or unused for 60 days. Authorize the app "
    "again and set the new refresh_token."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSet:
    """Current OAuth tokens. The repr contains no secrets.

    Attributes:
        access_token: sent with each request.
        refresh_token: the latest one; keep it, because older ones may have become invalid.
        expires_at: aware UTC, or None if unknown.
        api_domain: base URL that the token is valid for, or None.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime | None = None
    api_domain: str | None = None


class PostForm(Protocol):
    """Function that sends a form to the token endpoint once."""

    def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> Response:
        """Return the response of any status; raise no response, 5xx and 429 as transient errors."""
        ...


class Authenticator(Protocol):
    """Interface of both authentication methods."""

    def header(self) -> tuple[str, str]:
        """Return name and value of the authentication header, which does not expire immediately."""
        ...

    def renew(self, rejected: str) -> bool:
        """Return True if a new header value exists after the given one was rejected with 401."""
        ...

    @property
    def base_url(self) -> str:
        """Base URL that paths are appended to."""
        ...

    @property
    def scopes(self) -> frozenset[str] | None:
        """OAuth scopes granted to the token; None if scopes do not apply or are unknown."""
        ...

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must not appear in any output, including tokens received in this run."""
        ...


class ApiTokenAuth:
    """Authentication by the user's API token, in the `x-api-token` header."""

    def __init__(self, settings: ClientSettings, token: str) -> None:
        self._header = ("x-api-token", token)
        self.base_url = settings.base_url
        self.secrets = settings.secrets
        self.scopes: frozenset[str] | None = None

    def header(self) -> tuple[str, str]:
        """Return the authentication header."""
        return self._header

    def renew(self, rejected: str) -> bool:  # noqa: ARG002 - the protocol's signature
        """Return False: an API token cannot be renewed."""
        return False


class OAuth:
    """Authentication by OAuth access tokens, refreshed one minute before they expire and once after a 401."""

    def __init__(
        self,
        settings: ClientSettings,
        *,
        clock: Clock,
        post: PostForm,
        on_new_token: Callable[[TokenSet], None] | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._post = post
        self._on_new_token = on_new_token
        self._lock = threading.Lock()
        self._access = settings.access_token
        self._refresh = settings.refresh_token or ""
        self._renew_at = float("inf")
        self._base_url = settings.base_url
        self._scopes: frozenset[str] | None = None
        self._secrets = {*settings.secrets, self._basic()}

    @property
    def base_url(self) -> str:
        """The `api_domain` of the tokens, unless the settings contain a base URL."""
        return self._base_url

    @property
    def scopes(self) -> frozenset[str] | None:
        """Scopes of the last token response; None before the first one, or if it contained none."""
        return self._scopes

    @property
    def secrets(self) -> tuple[str, ...]:
        """All tokens received so far, and the credentials of the app."""
        with self._lock:
            return tuple(self._secrets)

    def header(self) -> tuple[str, str]:
        """Return the authentication header; request a token first if there is none or it expires soon."""
        access = self._access
        if access is None or self._clock.monotonic() >= self._renew_at:
            with self._lock:
                if self._access is None or self._clock.monotonic() >= self._renew_at:
                    self._fetch()
                access = self._access
        return ("Authorization", f"Bearer {access}")

    def renew(self, rejected: str) -> bool:
        """Request a new token for the rejected one, unless another thread has already done so."""
        with self._lock:
            if rejected == f"Bearer {self._access}":
                self._fetch()
        return True

    def _basic(self) -> str:
        """Return the app's credentials for HTTP basic authentication."""
        return basic(self._settings.client_id or "", self._settings.client_secret or "")

    def _fetch(self) -> None:
        """Exchange the refresh token for an access token; the caller holds the lock."""
        form = urlencode({"grant_type": "refresh_token", "refresh_token": self._refresh}).encode()
        response = self._post(self._settings.oauth_token_url, form, form_headers(self._basic()))
        granted = granted_by(response, rejection=_REFRESH_REJECTED)
        expires_in = granted.get("expires_in")
        seconds = float(expires_in) if isinstance(expires_in, (int, float)) and expires_in > 0 else None
        api_domain = granted.get("api_domain")
        self._access = str(granted["access_token"])
        self._refresh = str(granted.get("refresh_token") or self._refresh)
        self._secrets |= {self._access, self._refresh}
        scope = granted.get("scope")
        scopes = scope.replace(",", " ").split() if isinstance(scope, str) else scope
        if isinstance(scopes, list) and scopes:  # a response without scopes means the same ones as before
            self._scopes = frozenset(map(str, scopes))
        self._renew_at = float("inf")
        if seconds is not None:
            self._renew_at = self._clock.monotonic() + max(seconds - SKEW_SECONDS, seconds / 2)
        if isinstance(api_domain, str) and not self._settings.api_url:
            self._move_to(api_domain)
        logger.debug("Received a new access token, valid for %s s", expires_in)
        if self._on_new_token:
            self._on_new_token(
                TokenSet(
                    access_token=self._access,
                    refresh_token=self._refresh,
                    expires_at=self._clock.now() + timedelta(seconds=seconds)
                    if seconds is not None
                    else None,
                    api_domain=api_domain if isinstance(api_domain, str) else None,
                ),
            )

    def _move_to(self, api_domain: str) -> None:
        """Use the base URL from the token response, if tokens may be sent to it."""
        if self._settings.trusts(api_domain):
            self._base_url = api_domain.rstrip("/")
        else:
            logger.warning(
                "The api_domain of the OAuth server is not a host of Pipedrive or of the settings, so it is "
                "ignored. Requests are sent to %s. Set api_url to use another host",
                self._base_url,
            )


def basic(client_id: str, client_secret: str) -> str:
    """Return an app's credentials for HTTP basic authentication."""
    return base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()


def form_headers(credentials: str) -> dict[str, str]:
    """Return the headers of a form for the token endpoint."""
    return {
        "Authorization": f"Basic {credentials}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }


def granted_by(response: Response, *, rejection: str) -> dict[str, object]:
    """Return the body of a token response that contains an access token.

    Args:
        response: response of the token endpoint.
        rejection: message for a rejected grant, with a placeholder for
            the status.

    Raises:
        Unauthorized: the app or the grant was rejected.
        ConfigError: the response contains no token, or is a redirect, which is never followed with
            credentials.
    """
    if response.status in _REDIRECTS:
        raise ConfigError(
            f"The OAuth token endpoint redirects to another URL ({response.status}), which is not followed. "
            "Check oauth_token_url.",
            status=response.status,
        )
    try:
        granted = msgspec.json.decode(response.body)
    except msgspec.DecodeError:
        granted = None
    if response.status != _HTTP_OK:
        reason = granted.get("error") if isinstance(granted, dict) else None
        if reason == "invalid_client":
            raise Unauthorized(
                "Pipedrive rejected the OAuth app. Check client_id and client_secret.", status=response.status
            )
        raise Unauthorized(rejection.format(response.status), status=response.status)
    if not isinstance(granted, dict) or not granted.get("access_token"):
        raise ConfigError(
            "The response of the OAuth server contains no access token. Check oauth_token_url.",
            status=_HTTP_OK,
        )
    return granted
