"""First authorization of an OAuth app: authorization URL and exchange of the code for tokens.

Source: Pipedrive's API reference; marketplace-oauth-authorization, read 2026-11-23.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from pipedrive_client.auth.credentials import TokenSet, basic, form_headers, granted_by
from pipedrive_client.errors import ServerError
from pipedrive_client.http.transport import Transport

if TYPE_CHECKING:
    from pipedrive_client.settings import ClientSettings

_SERVER_ERRORS = 500
_TOO_MANY = 429
_CODE_REJECTED = (
    "Pipedrive rejected the authorization code ({}). It may be used or expired, or the callback URL of the "
    "app differs. Run auth again."
)


def authorize_url(settings: ClientSettings, *, redirect_uri: str, state: str) -> str:
    """Return the URL of the page where a user authorizes the app.

    Args:
        settings: `client_id`, and `oauth_token_url`, whose sibling the page is.
        redirect_uri: callback URL, exactly as configured in the app.
        state: value returned to the callback, which proves that it belongs to this request.
    """
    base = settings.oauth_token_url.rsplit("/", 1)[0]
    query = {"client_id": settings.client_id or "", "redirect_uri": redirect_uri, "state": state}
    return f"{base}/authorize?{urlencode(query)}"


def exchange_code(settings: ClientSettings, *, code: str, redirect_uri: str) -> TokenSet:
    """Exchange an authorization code, which is valid once, for tokens.

    Args:
        settings: `client_id`, `client_secret`, `oauth_token_url` and `request_timeout_seconds`.
        code: authorization code from the redirect.
        redirect_uri: the same as in `authorize_url`.

    Raises:
        Unauthorized: the app or the code was rejected.
        Unreachable: no response was received.
        ServerError: the server failed; a new code is needed.
        ConfigError: the URL is not a token endpoint.
    """
    form = urlencode({"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri})
    credentials = basic(settings.client_id or "", settings.client_secret or "")
    headers = {"User-Agent": settings.user_agent or "pipedrive-singer", **form_headers(credentials)}
    transport = Transport(timeout_seconds=settings.request_timeout_seconds)
    try:
        response = transport.exchange("POST", settings.oauth_token_url, headers=headers, body=form.encode())
    finally:
        transport.close()
    if response.status >= _SERVER_ERRORS or response.status == _TOO_MANY:
        raise ServerError(
            f"The OAuth server returned {response.status}. Run auth again.", status=response.status
        )
    granted = granted_by(response, rejection=_CODE_REJECTED)
    api_domain = granted.get("api_domain")
    return TokenSet(
        access_token=str(granted["access_token"]),
        refresh_token=str(granted.get("refresh_token") or ""),
        api_domain=api_domain if isinstance(api_domain, str) else None,
    )
