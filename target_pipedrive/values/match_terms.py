"""Search terms of a value, used to match rows."""

from __future__ import annotations

from collections.abc import Mapping

from target_pipedrive.values.compound import PHONES, contact_identity
from target_pipedrive.values.identity import key_text, match_text


def addresses(value: object) -> list[object]:
    """Return the single values of one column, such as each of several e-mail addresses."""
    if isinstance(value, list):
        return [one for entry in value for one in addresses(entry)]
    if isinstance(value, Mapping):
        value = value.get("value")
    return [] if value is None else [value]


def terms(value: object, column: str) -> list[str]:
    """Return the texts a value of a column is found by, one per address, in the form of `match_text`.

    Phone numbers are compared without spaces, dashes and brackets.
    """
    if column == PHONES:
        return [contact_identity(key_text(one) or str(one), PHONES) for one in addresses(value)]
    return [match_text(one) for one in addresses(value)]
