"""Removal of everything personal from what the check shows: names of keys, error codes, messages."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipedrive_client.redact import hide_secrets, scrub_personal
from tests.live.comparison import HEADER, NEW_KEY
from tests.live.published import words
from tests.live.shapes import below

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pipedrive_client import PipedriveError
    from tests.live.comparison import Difference, Expected

SOME = "any kind"
UNNAMED = "<unnamed key>"
_API_KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*|[a-z][a-z0-9]*([A-Z][a-z0-9]*)+")
"""Form of keys in the API: snake_case, or camelCase in a few places."""
UNAUTHORIZED = 401
_SECRET = ("_token", "_secret", "client_id", "user_agent")
_LONGEST_KEY = 40
_MOST_DIGITS = 2
_PARTS = re.compile(r"[a-z]+")
_CODE = re.compile(r"[A-Z][A-Z_]{2,60}|feature_capping[a-z_]*")
_HEADER_WORDS = frozenset(
    {
        "x",
        "api",
        "rate",
        "limit",
        "limits",
        "ratelimit",
        "remaining",
        "left",
        "reset",
        "daily",
        "day",
        "hourly",
    }
    | {"monthly", "token", "tokens", "budget", "quota", "burst", "policy", "retry", "after", "used", "cost"}
)
_ID = re.compile(r"(?<=/)\d+|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{40}\b")


class Publisher:
    """Decides which names may be shown.

    A key is shown if it is published anywhere, or if it has the form of the API's keys, is in an object whose
    keys the API defines, and no part of it is a word of the account's names and labels.

    Args:
        of_account: words of the account in lower case.
        secrets: further texts that must not be shown, such as the company domain.
    """

    def __init__(self, of_account: Collection[str], secrets: Iterable[str] = ()) -> None:
        parts = {part for text in secrets for part in _PARTS.findall(text.lower())}
        self._words = {*of_account, *parts}
        self._api_words = {part for word in words() for part in _parts(word)}

    def difference(self, difference: Difference, expected: Expected | None) -> Difference:
        """Return a difference with only publishable keys."""
        if difference.what == HEADER:
            return replace(difference, path=self.header(difference.path))
        path = self.path(difference.path, expected)
        hidden = path != difference.path and difference.what == NEW_KEY
        # Of several keys without a name, each may have other kinds of values.
        return replace(difference, path=path, found=SOME if hidden else difference.found)

    def path(self, path: str, expected: Expected | None) -> str:
        """Return a path with only publishable keys."""
        shown = real = ""
        for step in path.split("."):
            key = step.rstrip("[]")
            entries = step[len(key) :]
            named = key in ("", *words()) or (expected is not None and expected.knows(below(real, key)))
            is_shown = (
                all(part in self._api_words for part in _parts(key))  # errors may name fields by their keys
                if expected is None
                else real not in expected.maps
            )
            if not named and not (is_shown and self.may_show(key)):
                key = key if key.startswith("<") else UNNAMED
            shown, real = below(shown, key) + entries, below(real, step)
        return shown

    def may_show(self, key: str) -> bool:
        """Return True if an unpublished key can only come from the API."""
        if not _API_KEY.fullmatch(key) or len(key) > _LONGEST_KEY:
            return False
        if sum(one.isdigit() for one in key) > _MOST_DIGITS:
            return False
        return all(part in self._api_words or part not in self._words for part in _parts(key))

    def code(self, code: str) -> str:
        """Return an error code of Pipedrive, or that it has an unusual form."""
        is_shown = (
            _CODE.fullmatch(code) and not {*_PARTS.findall(code.lower())} & self._words - self._api_words
        )
        return code if not code or is_shown else "of an unusual form"

    def header(self, name: str) -> str:
        """Return the name of a header about limits, or that it cannot be shown."""
        return name if set(name.split("-")) <= _HEADER_WORDS else "<unnamed header>"


def message_of(error: PipedriveError) -> str:
    """Return the message of an error without texts of Pipedrive, which may quote values of the account."""
    if not (error.error_info or error.code):
        return str(error)
    if error.status == UNAUTHORIZED:
        return "The token was rejected. Check that it is current and that this user may use the API."
    return f"The last request returned status {error.status}."


def _parts(key: str) -> list[str]:
    return _PARTS.findall(re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", key).lower())


class Scrubber:
    """Removes tokens, the company's address, ids, e-mail addresses and phone numbers from lines for people.

    Args:
        given: settings as the user gave them, valid or not.
    """

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        given = given or {}
        self._secrets = [value for name, value in given.items() if name.endswith(_SECRET)]
        self._addresses: list[str] = []
        self.add_address(given.get("api_url", ""), given.get("company_domain", ""))

    def add_address(self, base_url: str, company: str = "") -> None:
        """Hide an address and its host, except Pipedrive's own, and a company domain."""
        host = urlsplit(base_url).netloc
        if host != "api.pipedrive.com":
            self._addresses += [base_url, host]
        self._addresses += [company, f"{company}.pipedrive.com"] if company else []

    def __call__(self, text: str) -> str:
        """Return a line without personal data."""
        text = hide_secrets(text, self._secrets)
        for address in sorted(filter(None, self._addresses), key=len, reverse=True):
            text = re.sub(
                rf"(?<![\w-]){re.escape(address)}(?![\w-])", "<your account>", text, flags=re.IGNORECASE
            )
        return _ID.sub("{id}", scrub_personal(text))
