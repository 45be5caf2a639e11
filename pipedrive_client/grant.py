"""The first tokens of an OAuth app: where a person lets it in, and what its code is exchanged for.

Source: pipedrive-api.md 3; marketplace-oauth-authorization, read 2026-11-23.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from pipedrive_client.auth import TokenSet, basic, form_headers, granted_by
from pipedrive_client.errors import ServerError
from pipedrive_client.transport import Transport

if TYPE_CHECKING:
    from pipedrive_client.settings import ClientSettings

_SERVER_ERRORS = 500
_TOO_MANY = 429
_REFUSED_CODE = (
    "Pipedrive refused the code it had given ({}): it may be used or too old, or the callback URL of the app "
    "differs. Run auth again."
)


def authorize_url(settings: ClientSettings, *, redirect_uri: str, state: str) -> str:
    """Address of the page on which a person lets the app in.

    Args:
        settings: `client_id`, and `oauth_token_url`, beside which the page lies.
        redirect_uri: where the page leads back to; the app's callback URL, letter by letter.
        state: comes back with the answer, as proof that it belongs to this question.
    """
    base = settings.oauth_token_url.rsplit("/", 1)[0]
    query = {"client_id": settings.client_id or "", "redirect_uri": redirect_uri, "state": state}
    return f"{base}/authorize?{urlencode(query)}"


def exchange_code(settings: ClientSettings, *, code: str, redirect_uri: str) -> TokenSet:
    """The tokens for a code that the page gave; a code works once.

    Args:
        settings: `client_id`, `client_secret`, `oauth_token_url` and `request_timeout_seconds`.
        code: from the redirect.
        redirect_uri: the same as in `authorize_url`.

    Raises:
        Unauthorized: the app or the code was refused.
        Unreachable: no answer came.
        ServerError: the server failed; a new code is needed.
        ConfigError: the address is not that of a token server.
    """
    form = urlencode({"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri})
    credentials = basic(settings.client_id or "", settings.client_secret or "")
    headers = {"User-Agent": settings.user_agent or "pipedrive-singer", **form_headers(credentials)}
    transport = Transport(timeout_seconds=settings.request_timeout_seconds)
    try:
        answer = transport.exchange("POST", settings.oauth_token_url, headers=headers, body=form.encode())
    finally:
        transport.close()
    if answer.status >= _SERVER_ERRORS or answer.status == _TOO_MANY:
        raise ServerError(f"The OAuth server answered {answer.status}: run auth again.", status=answer.status)
    granted = granted_by(answer, refusal=_REFUSED_CODE)
    api_domain = granted.get("api_domain")
    return TokenSet(
        access_token=str(granted["access_token"]),
        refresh_token=str(granted.get("refresh_token") or ""),
        api_domain=api_domain if isinstance(api_domain, str) else None,
    )
