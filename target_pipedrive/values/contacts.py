"""Parsing of emails, phone numbers and messenger names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values.compound import CONTACT_KEYS, CONTACTS, EMAILS, PHONES, Entries
from target_pipedrive.values.identity import is_blank, is_shortened
from target_pipedrive.values.scalars import boolean, from_json_text, text, what
from target_pipedrive.values.unknown_keys import STRICT

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_pipedrive.values.unknown_keys import UnknownKeys

# It begins only at word boundaries: otherwise the search in a long word would restart at each of its letters.
_EMAIL = re.compile(r"(?<![^\s<>,;|\"()\[\]])[^\s<>,;|\"()\[\]]+@[^\s<>,;|\"()\[\]]+")
_BETWEEN_EMAILS = re.compile(r"[\s,;|]*")
_PHONE = re.compile(r"\s*\+?[\d\s().\-/]+")
_BETWEEN = re.compile(r"[,;\r\n]")
_FLOAT = re.compile(r"(\+?\d{5,})\.0+")
_BRACKETS = frozenset({("[", "]"), ("{", "}")})
_CONTACT_KEYS = frozenset(CONTACT_KEYS)
_FEWEST_DIGITS = 6
"""A shorter sequence of digits after a comma is an extension, not another number."""


def split_emails(given: str) -> list[str]:
    """Return the addresses in a text: a list of them, or of `"Name" <address>`; otherwise the text itself."""
    found = _EMAIL.findall(given)
    named = given.count("<") == given.count(">") == len(found)
    if found and (named or _BETWEEN_EMAILS.fullmatch(_EMAIL.sub("", given))):
        return found
    return [given.strip()] if given.strip() else []


def split_phones(given: str) -> list[str]:
    """Return the numbers in a text; a number with a pause or an extension after a comma stays one."""
    pieces = _BETWEEN.split(given)
    each_is_one = all(
        _PHONE.fullmatch(piece) and sum(map(str.isdigit, piece)) >= _FEWEST_DIGITS for piece in pieces
    )
    return [one.strip() for one in (pieces if each_is_one else [given]) if one.strip()]


def split_names(given: str) -> list[str]:
    """Return the names of messengers in a text, separated by commas."""
    return [one.strip() for one in given.split(",") if one.strip()]


_SPLITTERS: dict[str, Callable[[str], list[str]]] = {
    EMAILS: split_emails,
    PHONES: split_phones,
    CONTACTS: split_names,
}


def contacts(kind: str, value: object, keys: UnknownKeys = STRICT) -> Entries:
    """Return the entries of a list of emails, phones or messengers.

    A text, a number or one object is added to the stored list; a list, also as JSON text, replaces it.

    Args:
        kind: EMAILS, PHONES or CONTACTS.
        value: the list or one of its entries.
        keys: notes unknown keys of entries, which are skipped.

    Raises:
        RecordFault: an entry cannot be one.
    """
    value = from_json_text(value)
    whole = isinstance(value, list) or is_blank(value)
    if isinstance(value, str):
        value = _SPLITTERS[kind](_no_brackets(value))
    entries = value if isinstance(value, list) else [value]
    found = (_entry(entry, at, kind, keys) for at, entry in enumerate(entries, 1))
    return Entries((one for one in found if "value" in one), kind=kind, whole=whole)


def _entry(entry: object, number: int, kind: str, keys: UnknownKeys) -> dict[str, object]:
    """Return one entry with the keys in the record; without a value if the entry is blank."""
    entry = from_json_text(entry)
    if not isinstance(entry, Mapping):
        return {} if is_blank(entry) else {"value": _value(entry, kind)}
    if entry and "value" not in entry:  # interpreted as an entry without a value, it would empty the list
        raise RecordFault(f"element {number} needs `value`; it has {', '.join(map(str, entry))}")
    if unknown := entry.keys() - _CONTACT_KEYS:  # other systems send more, such as `type`
        keys.skip(sorted(unknown))
    value, label, primary = entry.get("value"), entry.get("label"), entry.get("primary")
    given: dict[str, object] = {}
    if not is_blank(value):
        given["value"] = _value(value, kind)
    if not is_blank(label):
        given["label"] = text(label)
    if not is_blank(primary):
        given["primary"] = boolean(primary)
    return given


def _value(value: object, kind: str) -> str:
    """Return the text of an email, number or name; floats from tables become integers again.

    Raises:
        RecordFault: the value is a boolean, a list or an object, or looks like a list or an object in text.
    """
    if isinstance(value, bool):
        raise RecordFault(f"must be text, not {what(value)}")
    found = _no_brackets(str(text(value)).strip())
    if kind != PHONES:
        return found
    if is_shortened(found):
        raise RecordFault("is a number that a spreadsheet has shortened; format its column as text there")
    match = _FLOAT.fullmatch(found)
    return match[1] if match else found


def _no_brackets(found: str) -> str:
    """Return a text that does not look like a list or an object that another tool wrote.

    Raises:
        RecordFault: it does, such as `{a@x.example,b@x.example}` or `['a@x.example']`.
    """
    given = found.strip()
    if (given[:1], given[-1:]) in _BRACKETS:
        raise RecordFault('must be text or a list in JSON, such as ["a", "b"]')
    return found
