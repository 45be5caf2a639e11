"""Settings shared by the tap and the target: definitions for `config_jsonschema` and validated values."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipedrive_client.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

PIPEDRIVE_HOST = "pipedrive.com"
DEFAULT_API_URL = "https://api.pipedrive.com"
DEFAULT_OAUTH_TOKEN_URL = "https://oauth.pipedrive.com/oauth/token"  # noqa: S105 - an address, no secret
_HOST_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_MAX_CONCURRENCY = 256
_LONGEST_TIMEOUT_SECONDS = 86_400
"""A day; Python rejects timeouts of centuries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingDefinition:
    """Definition of one setting, as both plugins publish it.

    Attributes:
        name: key in the configuration.
        type: JSON schema type: `string`, `integer` or `number`.
        description: one or two sentences for `--about`.
        secret: True if the value must never be shown.
        default: value if not set, or None.
    """

    name: str
    type: str
    description: str
    secret: bool = False
    default: str | int | float | None = None

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON schema property of the setting."""
        entry: dict[str, Any] = {
            "type": [self.type, "null"],
            "title": self.name.replace("_", " ").capitalize(),
            "description": self.description,
        }
        if self.secret:
            entry |= {"secret": True, "writeOnly": True}
        if self.default is not None:
            entry["default"] = self.default
        return entry


SETTING_DEFINITIONS: tuple[SettingDefinition, ...] = (
    SettingDefinition(
        name="api_token",
        type="string",
        secret=True,
        description="API token of a user (Pipedrive: Settings, Personal preferences, API). Takes precedence "
        "over the OAuth settings if both are set.",
    ),
    SettingDefinition(
        name="client_id",
        type="string",
        description="Client ID of the OAuth app, for OAuth instead of `api_token`.",
    ),
    SettingDefinition(
        name="client_secret", type="string", secret=True, description="Client secret of the OAuth app."
    ),
    SettingDefinition(
        name="refresh_token",
        type="string",
        secret=True,
        description="OAuth refresh token of the user, used to request access tokens.",
    ),
    SettingDefinition(
        name="access_token",
        type="string",
        secret=True,
        description="OAuth access token for the first requests. If not set, one is requested with the "
        "refresh token.",
    ),
    SettingDefinition(
        name="company_domain",
        type="string",
        description="Subdomain of the account, for example acme for https://acme.pipedrive.com. If not set, "
        "requests go to https://api.pipedrive.com, which is slower.",
    ),
    SettingDefinition(
        name="api_url",
        type="string",
        description="API base URL, for example of an emulator. Overrides `company_domain`. Must be https, "
        "except on loopback addresses.",
    ),
    SettingDefinition(
        name="oauth_token_url",
        type="string",
        default=DEFAULT_OAUTH_TOKEN_URL,
        description="URL of the OAuth token endpoint.",
    ),
    SettingDefinition(
        name="request_timeout_seconds",
        type="number",
        default=60,
        description="Read timeout in seconds: how long to wait for the server to send data.",
    ),
    SettingDefinition(
        name="max_concurrency",
        type="integer",
        default=16,
        description="Maximum number of concurrent requests.",
    ),
    SettingDefinition(
        name="daily_token_budget",
        type="integer",
        description="Maximum number of API tokens for one day (UTC), over all runs that share the state of "
        "the tap or the ledger of the target. A run stops cleanly before a request that would exceed it.",
    ),
    SettingDefinition(
        name="run_token_budget",
        type="integer",
        description="Maximum number of API tokens for one run. The run stops cleanly before a request that "
        "would exceed it.",
    ),
    SettingDefinition(
        name="user_agent", type="string", description="User-Agent header sent with each request."
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """Validated settings of a client, built by `from_config`. The repr contains no secrets."""

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
    run_token_budget: int | None = None
    user_agent: str | None = None

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> ClientSettings:
        """Return the client's settings from a plugin's configuration; other keys are ignored.

        Empty strings and nulls count as not set. Numbers may be strings, because environment variables are.

        Raises:
            ConfigError: a setting is missing or invalid; the message names it and never shows a secret.
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
            run_token_budget=_integer(config, "run_token_budget"),
            user_agent=_secret(config, "user_agent"),
        )
        settings.check_credentials()
        return settings

    @property
    def smallest_budget(self) -> tuple[str, int] | None:
        """Name and value of the token budget that allows the fewest tokens for one run."""
        budgets = {"run_token_budget": self.run_token_budget, "daily_token_budget": self.daily_token_budget}
        known = [(name, tokens) for name, tokens in budgets.items() if tokens is not None]
        return min(known, key=lambda one: one[1], default=None)

    def trusts(self, url: str) -> bool:
        """Return True if tokens may be sent to the URL: its host is Pipedrive's or set in the settings."""
        host = urlsplit(url).hostname or ""
        own = {urlsplit(one).hostname for one in (self.base_url, self.oauth_token_url)}
        pipedrive = host == PIPEDRIVE_HOST or host.endswith(f".{PIPEDRIVE_HOST}")
        return is_safe_url(url) and (pipedrive or host in own)

    @property
    def base_url(self) -> str:
        """Base URL that paths are appended to, without a trailing slash."""
        if self.api_url:
            return self.api_url
        if self.company_domain:
            return f"https://{self.company_domain}.pipedrive.com"
        return DEFAULT_API_URL

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must not appear in any output."""
        values = (self.api_token, self.client_secret, self.refresh_token, self.access_token)
        return tuple(value for value in values if value)

    def check_credentials(self) -> None:
        """Check that the settings contain credentials.

        Raises:
            ConfigError: neither an API token nor the three OAuth settings are set.
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
                "No credentials are set. Set api_token, or client_id, client_secret and refresh_token.",
            )
        raise ConfigError(
            f"OAuth requires client_id, client_secret and refresh_token. Set {' and '.join(missing)}, "
            "or use api_token.",
        )


def is_safe_url(url: str) -> bool:
    """Return True if a token may be sent to the URL: https, or http on a loopback address."""
    parts = urlsplit(url)
    if not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


def is_loopback(host: str) -> bool:
    """Return True for a loopback host, without a DNS query."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _text(config: Mapping[str, object], name: str) -> str | None:
    """Return the stripped string of a setting, or None if not set or empty."""
    given = config.get(name)
    if given is None:
        return None
    if not isinstance(given, str):
        raise ConfigError(f"{name} must be a string, not {type(given).__name__}. Put the value in quotes.")
    return given.strip() or None


def _secret(config: Mapping[str, object], name: str) -> str | None:
    """Return a setting that is allowed in an HTTP header."""
    given = _text(config, name)
    if given and not (given.isascii() and given.isprintable()):
        raise ConfigError(
            f"{name} contains characters not allowed in an HTTP header. Copy it again without line breaks."
        )
    return given


def _company(given: str | None) -> str | None:
    """Return the subdomain of the account, from a subdomain, host name or URL."""
    if given is None:
        return None
    host = given.lower().split("://", 1)[-1].split("/", 1)[0]
    label = host.removesuffix(".pipedrive.com")
    if not _HOST_LABEL.fullmatch(label):
        raise ConfigError(
            f"company_domain {given[:60]!r} is not a valid Pipedrive subdomain. Use acme for "
            "https://acme.pipedrive.com, or api_url for another host.",
        )
    return label


def _url(config: Mapping[str, object], name: str) -> str | None:
    """Return a URL that tokens may be sent to, without a trailing slash."""
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
            f"{name} must be a URL such as https://acme.pipedrive.com, without user, query or fragment."
        )
    if not is_safe_url(given):
        raise ConfigError(
            f"{name} uses http, which sends the token unencrypted. Use https; http is allowed only for "
            "loopback addresses.",
        )
    return given.rstrip("/")


def _number(config: Mapping[str, object], name: str, *, default: float) -> float:
    """Return a setting that must be a number of seconds."""
    given = config.get(name)
    if given is None or given == "":
        return default
    number = _to_number(given)
    if number is None or not 0 < number <= _LONGEST_TIMEOUT_SECONDS:
        raise ConfigError(f"{name} must be a number greater than 0 and at most {_LONGEST_TIMEOUT_SECONDS}.")
    return number


def _integer(config: Mapping[str, object], name: str, *, highest: int | None = None) -> int | None:
    """Return a setting that must be a positive integer, or None if not set."""
    given = config.get(name)
    if given is None or given == "":
        return None
    number = _to_number(given)
    if number is None or number < 1 or number != number // 1 or (highest is not None and number > highest):
        limits = f"between 1 and {highest}" if highest is not None else "greater than 0"
        raise ConfigError(f"{name} must be an integer {limits}.")
    return int(number)


def _to_number(given: object) -> float | None:
    """Return the value as a number, or None for booleans and non-numeric strings."""
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        return None
    try:
        return float(given)
    except (ValueError, OverflowError):
        return None
