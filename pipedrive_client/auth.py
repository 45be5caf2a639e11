"""Signing in: an API token in a header, or OAuth access tokens that are refreshed in time.

Source: pipedrive-api.md 3; marketplace-oauth-authorization, read 2026-11-23.
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

    from pipedrive_client.settings import ClientSettings
    from pipedrive_client.times import Clock
    from pipedrive_client.transport import Answer

logger = logging.getLogger("pipedrive_client")

SKEW_SECONDS = 60.0
_HTTP_OK = 200
_REDIRECTS = range(300, 400)
_REFUSED_REFRESH = (
    "Pipedrive refused the refresh token ({}): it may be revoked, or unused for 60 days. Authorize the app "
    "again and set the new refresh_token."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSet:
    """OAuth tokens in force. Secrets are left out of the repr.

    Attributes:
        access_token: sent with each request.
        refresh_token: the latest one; keep it, the older ones may have become void.
        expires_at: aware UTC, or None when unknown.
        api_domain: base address the token is valid for, or None.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime | None = None
    api_domain: str | None = None


class PostForm(Protocol):
    """Sends a form to the token address once."""

    def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """The answer, whatever its status; passing failures (no answer, 5xx, 429) are raised as transient."""
        ...


class Authenticator(Protocol):
    """What the client needs of either way to sign in."""

    def header(self) -> tuple[str, str]:
        """Name and value of the header that signs a request in, valid for at least a moment."""
        ...

    def renew(self, refused: str) -> bool:
        """Whether a new header value exists after the given one was refused with 401."""
        ...

    @property
    def base_url(self) -> str:
        """Address that paths are appended to."""
        ...

    @property
    def scopes(self) -> frozenset[str] | None:
        """OAuth scopes that the token was granted; None where no scopes apply or none are known."""
        ...

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must not appear in any text, including those fetched in this run."""
        ...


class ApiTokenAuth:
    """The user's API token in the `x-api-token` header."""

    def __init__(self, settings: ClientSettings, token: str) -> None:
        self._header = ("x-api-token", token)
        self.base_url = settings.base_url
        self.secrets = settings.secrets
        self.scopes: frozenset[str] | None = None

    def header(self) -> tuple[str, str]:
        """The header that signs a request in."""
        return self._header

    def renew(self, refused: str) -> bool:  # noqa: ARG002 - the protocol's signature
        """Never: an API token has no successor."""
        return False


class OAuth:
    """Access tokens, fetched with the refresh token a minute before they expire and once after a 401."""

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
        """The `api_domain` of the tokens, unless the settings give an address."""
        return self._base_url

    @property
    def scopes(self) -> frozenset[str] | None:
        """Scopes of the last token answer; None before one came, and where it named none."""
        return self._scopes

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every token seen, and the credentials of the app."""
        with self._lock:
            return tuple(self._secrets)

    def header(self) -> tuple[str, str]:
        """The header that signs a request in; fetches a token first when there is none or it expires soon."""
        access = self._access
        if access is None or self._clock.monotonic() >= self._renew_at:
            with self._lock:
                if self._access is None or self._clock.monotonic() >= self._renew_at:
                    self._fetch()
                access = self._access
        return ("Authorization", f"Bearer {access}")

    def renew(self, refused: str) -> bool:
        """Fetch a token in place of the refused one, unless another thread has done so already."""
        with self._lock:
            if refused == f"Bearer {self._access}":
                self._fetch()
        return True

    def _basic(self) -> str:
        """The app's credentials as HTTP wants them."""
        return basic(self._settings.client_id or "", self._settings.client_secret or "")

    def _fetch(self) -> None:
        """Exchange the refresh token; the caller holds the lock."""
        form = urlencode({"grant_type": "refresh_token", "refresh_token": self._refresh}).encode()
        answer = self._post(self._settings.oauth_token_url, form, form_headers(self._basic()))
        granted = granted_by(answer, refusal=_REFUSED_REFRESH)
        expires_in = granted.get("expires_in")
        seconds = float(expires_in) if isinstance(expires_in, (int, float)) and expires_in > 0 else None
        api_domain = granted.get("api_domain")
        self._access = str(granted["access_token"])
        self._refresh = str(granted.get("refresh_token") or self._refresh)
        self._secrets |= {self._access, self._refresh}
        scope = granted.get("scope")
        if isinstance(scope, str) and scope.strip():
            self._scopes = frozenset(scope.replace(",", " ").split())
        self._renew_at = float("inf")
        if seconds is not None:
            self._renew_at = self._clock.monotonic() + max(seconds - SKEW_SECONDS, seconds / 2)
        if isinstance(api_domain, str) and not self._settings.api_url:
            self._move_to(api_domain)
        logger.debug("Fetched a new access token, valid for %s s", expires_in)
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
        """Send requests to the address that came with the tokens, if it may get them."""
        if self._settings.trusts(api_domain):
            self._base_url = api_domain.rstrip("/")
        else:
            logger.warning(
                "The OAuth server names an api_domain that is not a host of Pipedrive or of the settings; "
                "requests go to %s. Set api_url if that is wrong",
                self._base_url,
            )


def basic(client_id: str, client_secret: str) -> str:
    """An app's credentials as HTTP wants them."""
    return base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()


def form_headers(credentials: str) -> dict[str, str]:
    """Headers of a form that an app sends to the token address."""
    return {
        "Authorization": f"Basic {credentials}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }


def granted_by(answer: Answer, *, refusal: str) -> dict[str, object]:
    """The body of a token answer that holds an access token.

    Args:
        answer: of the token address.
        refusal: what to say when the grant was refused, with a place for the status.

    Raises:
        Unauthorized: the app or the grant was refused.
        ConfigError: the answer holds no token, or is a redirect, which is never followed with credentials.
    """
    if answer.status in _REDIRECTS:
        raise ConfigError(
            f"The OAuth token address redirects to another one ({answer.status}), which is not followed: "
            "check oauth_token_url.",
            status=answer.status,
        )
    try:
        granted = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        granted = None
    if answer.status != _HTTP_OK:
        reason = granted.get("error") if isinstance(granted, dict) else None
        if reason == "invalid_client":
            raise Unauthorized(
                "Pipedrive refused the OAuth app: check client_id and client_secret.", status=answer.status
            )
        raise Unauthorized(refusal.format(answer.status), status=answer.status)
    if not isinstance(granted, dict) or not granted.get("access_token"):
        raise ConfigError(
            "The OAuth server's answer holds no access token: check oauth_token_url.", status=_HTTP_OK
        )
    return granted
