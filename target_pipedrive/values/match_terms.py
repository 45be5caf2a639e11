"""Search terms of a value, used to match rows."""

from __future__ import annotations

from collections.abc import Mapping

from target_pipedrive.values.compound import EMAILS, PHONES, contact_identity
from target_pipedrive.values.identity import identifies, key_text, match_text


def addresses(value: object) -> list[object]:
    """Return the single values of one column, such as each of several e-mail addresses."""
    if isinstance(value, list):
        return [one for entry in value for one in addresses(entry)]
    if isinstance(value, Mapping):
        value = value.get("value")
    return [] if value is None else [value]


def is_findable(value: object, column: str) -> bool:
    """Return whether a row can be found by a value of one column; an e-mail address needs an @."""
    if isinstance(value, str):
        return identifies(value) and (column != EMAILS or "@" in value)
    if isinstance(value, Mapping) and "value" not in value:
        return bool(value)
    return any(
        identifies(one) and (column != EMAILS or "@" in str(one)) for one in addresses(value) if one != {}
    )


def terms(value: object, column: str) -> list[str]:
    """Return the texts a value of a column is found by, one per address, in the form of `match_text`.

    Phone numbers are compared without spaces, dashes and brackets.
    """
    if column == PHONES:
        return [contact_identity(key_text(one) or str(one), PHONES) for one in addresses(value)]
    found = addresses(value)
    if column == EMAILS and len(found) > 1:
        found = [one for one in found if "@" in str(one)]
    return [match_text(one) for one in found]
