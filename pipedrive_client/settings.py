"""Settings shared by tap and target: definitions for `config_jsonschema`, and the validated values."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipedrive_client.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

PIPEDRIVE_HOST = "pipedrive.com"
DEFAULT_API_URL = "https://api.pipedrive.com"
DEFAULT_OAUTH_TOKEN_URL = "https://oauth.pipedrive.com/oauth/token"  # noqa: S105 - an address, no secret
_HOST_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_MAX_CONCURRENCY = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingDefinition:
    """One setting as the plugins publish it.

    Attributes:
        name: key in the configuration.
        type: JSON schema type: `string`, `integer` or `number`.
        description: one or two sentences for `--about`.
        secret: whether the value must never be shown.
        default: value when left out, or None.
    """

    name: str
    type: str
    description: str
    secret: bool = False
    default: str | int | float | None = None


SETTING_DEFINITIONS: tuple[SettingDefinition, ...] = (
    SettingDefinition(
        name="api_token",
        type="string",
        secret=True,
        description="API token of a user (Pipedrive: Settings, Personal preferences, API). Used before the "
        "OAuth settings when both are given.",
    ),
    SettingDefinition(
        name="client_id", type="string", description="Client id of the OAuth app, instead of api_token."
    ),
    SettingDefinition(
        name="client_secret", type="string", secret=True, description="Client secret of the OAuth app."
    ),
    SettingDefinition(
        name="refresh_token",
        type="string",
        secret=True,
        description="OAuth refresh token of the user; access tokens are fetched with it.",
    ),
    SettingDefinition(
        name="access_token",
        type="string",
        secret=True,
        description="OAuth access token to begin with; left out, one is fetched with the refresh token.",
    ),
    SettingDefinition(
        name="company_domain",
        type="string",
        description="Company name in the address of Pipedrive: acme of https://acme.pipedrive.com. Left out, "
        "requests go to https://api.pipedrive.com, which is slower.",
    ),
    SettingDefinition(
        name="api_url",
        type="string",
        description="Base address that overrides all others, as of an emulator; https, or http on loopback.",
    ),
    SettingDefinition(
        name="oauth_token_url",
        type="string",
        default=DEFAULT_OAUTH_TOKEN_URL,
        description="Where OAuth tokens are fetched.",
    ),
    SettingDefinition(
        name="request_timeout_seconds",
        type="number",
        default=60,
        description="Longest silence of the server within a request.",
    ),
    SettingDefinition(
        name="max_concurrency", type="integer", default=16, description="Most requests in flight at a time."
    ),
    SettingDefinition(
        name="daily_token_budget",
        type="integer",
        description="Most API tokens this run may use; it stops cleanly before a request that would go over.",
    ),
    SettingDefinition(
        name="user_agent", type="string", description="User-Agent header sent with each request."
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """Validated settings of a client; `from_config` builds them. Secrets are left out of the repr."""

    api_token: str | None = field(default=None, repr=False)
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    access_token: str | None = field(default=None, repr=False)
    company_domain: str | None = None
    api_url: str | None = None
    oauth_token_url: str = DEFAULT_OAUTH_TOKEN_URL
    request_timeout_seconds: float = 60.0
    max_concurrency: int = 16
    daily_token_budget: int | None = None
    user_agent: str | None = None

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> ClientSettings:
        """Settings of a plugin's configuration; keys that are not the client's are ignored.

        Empty texts and nulls count as left out. Numbers may come as text, as environments give them.

        Raises:
            ConfigError: a setting is missing or cannot work; names it, never shows a secret.
        """
        settings = cls(
            api_token=_secret(config, "api_token"),
            client_id=_text(config, "client_id"),
            client_secret=_secret(config, "client_secret"),
            refresh_token=_secret(config, "refresh_token"),
            access_token=_secret(config, "access_token"),
            company_domain=_company(_text(config, "company_domain")),
            api_url=_url(config, "api_url"),
            oauth_token_url=_url(config, "oauth_token_url") or DEFAULT_OAUTH_TOKEN_URL,
            request_timeout_seconds=_number(config, "request_timeout_seconds", default=60.0),
            max_concurrency=_integer(config, "max_concurrency", highest=_MAX_CONCURRENCY) or 16,
            daily_token_budget=_integer(config, "daily_token_budget"),
            user_agent=_secret(config, "user_agent"),
        )
        settings.check_credentials()
        return settings

    def trusts(self, url: str) -> bool:
        """Whether tokens may be sent to an address that a server names: Pipedrive's, or of the settings."""
        host = urlsplit(url).hostname or ""
        own = {urlsplit(one).hostname for one in (self.base_url, self.oauth_token_url)}
        pipedrive = host == PIPEDRIVE_HOST or host.endswith(f".{PIPEDRIVE_HOST}")
        return is_safe_url(url) and (pipedrive or host in own)

    @property
    def base_url(self) -> str:
        """Address that paths are appended to, without a slash at the end."""
        if self.api_url:
            return self.api_url
        if self.company_domain:
            return f"https://{self.company_domain}.pipedrive.com"
        return DEFAULT_API_URL

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must not appear in any text."""
        values = (self.api_token, self.client_secret, self.refresh_token, self.access_token)
        return tuple(value for value in values if value)

    def check_credentials(self) -> None:
        """Refuse settings that cannot sign in.

        Raises:
            ConfigError: neither an API token nor the three OAuth settings are given.
        """
        if self.api_token:
            return
        oauth = {
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": self.refresh_token,
        }
        missing = [name for name, value in oauth.items() if not value]
        if not missing:
            return
        if len(missing) == len(oauth) and not self.access_token:
            raise ConfigError(
                "No sign-in is configured: set api_token, or client_id, client_secret and refresh_token.",
            )
        raise ConfigError(
            f"OAuth needs client_id, client_secret and refresh_token: set {' and '.join(missing)}, "
            "or use api_token.",
        )


def is_safe_url(url: str) -> bool:
    """Whether a token may be sent there: https, or http to this machine."""
    parts = urlsplit(url)
    if not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, without asking a name server."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _text(config: Mapping[str, object], name: str) -> str | None:
    """Stripped text, or None when left out or empty."""
    given = config.get(name)
    if given is None:
        return None
    if not isinstance(given, str):
        raise ConfigError(f"{name} must be text, not {type(given).__name__}: put it in quotes.")
    return given.strip() or None


def _secret(config: Mapping[str, object], name: str) -> str | None:
    """Text that can stand in a header line."""
    given = _text(config, name)
    if given and not (given.isascii() and given.isprintable()):
        raise ConfigError(
            f"{name} contains characters that no header can carry: copy it again, without line ends."
        )
    return given


def _company(given: str | None) -> str | None:
    """The first label of the company's host, from any spelling of it."""
    if given is None:
        return None
    host = given.lower().split("://", 1)[-1].split("/", 1)[0]
    label = host.removesuffix(".pipedrive.com")
    if not _HOST_LABEL.fullmatch(label):
        raise ConfigError(
            f"company_domain {given[:60]!r} is not a Pipedrive company: use acme for "
            "https://acme.pipedrive.com, or api_url for another host.",
        )
    return label


def _url(config: Mapping[str, object], name: str) -> str | None:
    """An address that tokens may be sent to, without a slash at the end."""
    given = _text(config, name)
    if given is None:
        return None
    try:
        parts = urlsplit(given)
        odd = parts.username or parts.password or parts.query or parts.fragment or not parts.hostname
        _ = parts.port
    except ValueError:
        odd = True
    if odd or parts.scheme not in {"http", "https"}:
        raise ConfigError(
            f"{name} must be a plain address such as https://acme.pipedrive.com, without a query."
        )
    if not is_safe_url(given):
        raise ConfigError(
            f"{name} uses http, which sends the token in the clear: use https; loopback only may use http.",
        )
    return given.rstrip("/")


def _number(config: Mapping[str, object], name: str, *, default: float) -> float:
    """A positive number."""
    given = config.get(name)
    if given is None or given == "":
        return default
    number = _to_number(given)
    if number is None or not 0 < number < float("inf"):
        raise ConfigError(f"{name} must be a number above 0.")
    return number


def _integer(config: Mapping[str, object], name: str, *, highest: int | None = None) -> int | None:
    """A whole number from 1, or None when left out."""
    given = config.get(name)
    if given is None or given == "":
        return None
    number = _to_number(given)
    if number is None or number < 1 or number != number // 1 or (highest is not None and number > highest):
        upper = f" to {highest}" if highest is not None else " up"
        raise ConfigError(f"{name} must be a whole number from 1{upper}.")
    return int(number)


def _to_number(given: object) -> float | None:
    """The number a value stands for; booleans and other texts stand for none."""
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        return None
    try:
        return float(given)
    except ValueError:
        return None
