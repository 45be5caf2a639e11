"""Scrubbing of secrets and personal data from text that is logged or raised."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "***"
# A short "secret" (a test's "x") would mask parts of every sentence.
_SHORTEST_SECRET = 4
# With the look-behind, a match begins only at the first character of a run: otherwise a long text without an
# @ would be searched from each of its characters, in quadratic time.
_EMAIL = re.compile(r"(?<![\w.!#$%&'*+/=?^`{|}~-])[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
# Digits with the separators people write; 40-character field keys and UUIDs are kept by the look-arounds.
_PHONE = re.compile(r"(?<![\w.-])(?:\+|\()?\d(?:[ ()./-]{0,3}\d){6,16}(?![\w-])")
_NOT_A_PHONE = re.compile(r"\d{1,9}|\d{4}-\d\d-\d\d.*|\d+\.\d+|\d{1,3}(?:\.\d{1,3}){3}")


def redact(text: str, secrets: Iterable[str | None] = ()) -> str:
    """Return the text with every secret, e-mail address and phone number masked.

    Args:
        text: any text; ids below ten digits, dates, decimals and field keys are kept.
        secrets: values to mask wherever they appear, empty ones ignored.
    """
    return scrub_personal(hide_secrets(text, secrets))


def hide_secrets(text: str, secrets: Iterable[str | None]) -> str:
    """Return the text with the given values masked, longest first, so that no part of one remains."""
    known = {secret for secret in secrets if secret and len(secret) >= _SHORTEST_SECRET}
    for secret in sorted(known, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def scrub_personal(text: str) -> str:
    """Return the text with e-mail addresses and phone numbers masked."""
    return _PHONE.sub(_mask_phone, _EMAIL.sub(MASK, text))


def _mask_phone(match: re.Match[str]) -> str:
    """Mask a run of digits unless it is an id, a date, a decimal or an address of a host."""
    return match[0] if _NOT_A_PHONE.fullmatch(match[0]) else MASK
