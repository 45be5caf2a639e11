"""Search terms of a value, used to match rows."""

from __future__ import annotations

from collections.abc import Mapping

from target_pipedrive.values.identity import match_text


def addresses(value: object) -> list[object]:
    """Return the single values of one column, such as each of several e-mail addresses."""
    if isinstance(value, list):
        return [one for entry in value for one in addresses(entry)]
    if isinstance(value, Mapping):
        value = value.get("value")
    return [] if value is None else [value]


def terms(value: object) -> list[str]:
    """Return the texts a value is found by, one per address, in the form of `match_text`."""
    return [match_text(one) for one in addresses(value)]
