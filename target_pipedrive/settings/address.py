"""Address of a ledger: the path of a file, or the URL of a PostgreSQL database."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from pipedrive_client import ConfigError
from pipedrive_client.redact import hide_secrets

DEFAULT_SCHEMA = "target_pipedrive"
_EXAMPLE = "postgresql://user:password@host:5432/database"
_SCHEMES = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_LONGEST_NAME = 63
"""Bytes of a name in PostgreSQL; longer ones are cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerUrl:
    """URL of a PostgreSQL database with the schema of a ledger.

    Attributes:
        url: URL for the driver, with the password and without our own parameter `schema`.
        schema: schema that contains the ledger's tables.
        shown: URL for messages: no user, no password, and of the parameters only the schema.
        secrets: texts that no message may contain.
    """

    url: str = field(repr=False)
    schema: str
    shown: str
    secrets: tuple[str, ...] = field(repr=False, default=())

    def __str__(self) -> str:
        return self.shown

    def hide(self, text: str) -> str:
        """Return the text without the password."""
        return hide_secrets(text, self.secrets)


Address: TypeAlias = "Path | LedgerUrl"


def is_url(text: str) -> bool:
    """Return whether a text is a URL, not a path."""
    return _SCHEME.match(text) is not None


def parse_url(text: str, setting: str = "ledger_url") -> LedgerUrl:
    """Return the parts of a URL.

    Raises:
        ConfigError: it is invalid. The message does not contain it, because it may contain a password.
    """
    text = text.strip()
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise _unreadable(setting) from error
    if parts.scheme.lower() not in _SCHEMES or not is_url(text):
        raise ConfigError(
            f"{setting} must be a URL that begins with postgresql://, such as {_EXAMPLE}. For a file, use "
            "ledger_path."
        )
    user, _, hosts = parts.netloc.rpartition("@")
    password = user.partition(":")[2]
    if parts.fragment or "@" in parts.path or "@" in hosts:
        raise _unreadable(setting)
    given = parse_qsl(parts.query, keep_blank_values=True)
    schema = dict(given).get("schema") or DEFAULT_SCHEMA
    if len(schema.encode()) > _LONGEST_NAME or "\0" in schema or schema.startswith("pg_"):
        raise ConfigError(
            f"{setting}: the schema must have at most {_LONGEST_NAME} characters and must not begin with pg_."
        )
    others = [(name, value) for name, value in given if name != "schema"]
    secrets = [unquote(password), password] + [value for name, value in others if "password" in name.lower()]
    return LedgerUrl(
        url=urlunsplit(("postgresql", parts.netloc, parts.path, urlencode(others, quote_via=quote), "")),
        schema=schema,
        shown=f"postgresql://{hosts}{parts.path}?schema={schema}",
        secrets=tuple(one for one in secrets if one),
    )


def _unreadable(setting: str) -> ConfigError:
    return ConfigError(
        f"{setting} is not a valid URL: write it as {_EXAMPLE}, with special characters of the password "
        "percent-encoded."
    )


def address_of(text: str, what: str) -> Address:
    """Return the address that a text contains.

    Args:
        text: a path or a URL.
        what: the option that has it, for messages.

    Raises:
        ConfigError: it is an invalid URL.
    """
    return parse_url(text, what) if is_url(text) else Path(text).expanduser()


def folder_of(ledger: Address) -> Path:
    """Return the folder for temporary files: that of the ledger, if it is a file."""
    return ledger.parent if isinstance(ledger, Path) else Path(tempfile.gettempdir())
