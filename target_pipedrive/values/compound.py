"""Merge of compound values: the parts in a record with the value of the row.

A record rarely contains all parts of an address, an amount, a range, or a list of prices, emails or
participants. Encoders return its parts as `Parts` or `Entries`; `merged` combines them with the stored value
before the write. All functions here are pure, and merging the result again changes nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from target_pipedrive.record.errors import RecordFault

CONTACT_KEYS = ("value", "label", "primary")
PRICE_KEYS = ("currency", "price", "cost", "direct_cost", "notes")
CURRENCY = "currency"
ZONE_NAME, ZONE_NUMBER = "timezone_name", "timezone_id"
TIME_ZONE = frozenset({ZONE_NAME, ZONE_NUMBER})
"""Parts of a time zone, which Pipedrive returns by name and by number."""
_FILLED_IN: Mapping[str, object] = {"cost": 0, "notes": ""}
"""Parts of a price that Pipedrive sets itself if they are not sent."""
DEFAULT_LABEL = "work"
EMAILS, PHONES, CONTACTS, PRICES = "emails", "phones", "contacts", "prices"
CONTACT_KINDS = frozenset({EMAILS, PHONES, CONTACTS})
"""Kinds of columns that are lists of value, label and primary."""
ROWS, PRIMARY_ROW = "rows", "primary row"
_ROW_KEYS = ("person_id", "user_id", "email")
_FILLERS = re.compile(r"[\s().\-/\u2010-\u2015]+")


class Parts(dict[str, object]):
    """Parts of one value in a record; a part with the value None is emptied.

    Attributes:
        main: key of the required part.
        derived: True if the other parts describe the main one, so a new one replaces them all.
    """

    __slots__ = ("derived", "main")

    def __init__(self, parts: Mapping[str, object], *, main: str = "value", derived: bool = False) -> None:
        super().__init__(parts)
        self.main = main
        self.derived = derived


class Entries(list[dict[str, object]]):
    """Entries of a list in a record.

    Attributes:
        kind: EMAILS, PHONES, CONTACTS, PRICES, ROWS, or PRIMARY_ROW for an entry that becomes primary.
        whole: True if stored entries that are missing here are removed.
    """

    __slots__ = ("kind", "whole")

    def __init__(self, entries: Iterable[dict[str, object]], *, kind: str, whole: bool) -> None:
        super().__init__(entries)
        self.kind = kind
        self.whole = whole


_COMPOUND = frozenset({Parts, Entries})


def compounds(values: Mapping[str, object]) -> list[str]:
    """Return the names of values that must be merged with the stored ones before they are written."""
    if not values or _COMPOUND.isdisjoint(map(type, values.values())):
        return []
    return [name for name, value in values.items() if type(value) in _COMPOUND]


def merged(held: object, given: object) -> object:
    """Return the value to write: `given`, completed with missing parts of `held`.

    Args:
        held: the row's value in the v2 form; None if there is no row or no value.
        given: an encoded value; returned unchanged unless it is `Parts` or `Entries`.

    Raises:
        RecordFault: the parts are not a complete value, or a price has no currency and the row has several.
    """
    if isinstance(given, Parts):
        return merge_parts(held, given)
    if isinstance(given, Entries):
        if given.kind in (ROWS, PRIMARY_ROW):
            return merge_rows(held, given)
        return merge_prices(held, given) if given.kind == PRICES else merge_contacts(held, given)
    return given


# --- objects ------------------------------------------------------------------------------------------


def merge_parts(held: object, given: Parts) -> dict[str, object] | None:
    """Return the stored parts with the given changes; None for no value.

    There is no value if the main part is emptied, or if the row has no value and parts are only emptied.
    Parts missing in `given` do not change; an empty currency does not change either, since every amount has
    one. One exception: the parts of an address describe its line of text (`derived`), so a new line replaces
    all parts.

    Raises:
        RecordFault: neither side has the main part.
    """
    main = given.main
    if main in given and given[main] is None:
        return None
    before = _parts_of(held, main)
    if given.derived and main in given and _text(given[main]) != _text(before.get(main)):
        before = {}
    if not TIME_ZONE.isdisjoint(given):
        before = {name: part for name, part in before.items() if name not in TIME_ZONE}
    whole = {**before, **{name: part for name, part in given.items() if part is not None or name != CURRENCY}}
    found = {name: part for name, part in whole.items() if part is not None}
    if main not in found:
        if all(part is None for part in given.values()):
            return None
        named = ", ".join(given)
        raise RecordFault(f"has no {main} yet, and {named} alone is not a value; send {main} too")
    return found


def _parts_of(held: object, main: str) -> dict[str, object]:
    """Return the parts of a stored value that an update sends again; of a time zone the name, if known."""
    if isinstance(held, Mapping):
        left_out = {"formatted_address", ZONE_NUMBER if held.get(ZONE_NAME) is not None else None}
        return {name: part for name, part in held.items() if part is not None and name not in left_out}
    return {} if held in (None, "") else {main: held}


def _text(value: object) -> str:
    return str(value if value is not None else "").strip()


# --- emails, phones, messengers -----------------------------------------------------------------------


def merge_contacts(held: object, given: Entries) -> list[dict[str, object]]:
    """Return the list of emails, phones or messengers to write, exactly one of them primary.

    A stored entry keeps its label and its position unless `given` changes them; emails are compared without
    case, phone numbers without spaces and dashes. Entries missing in `given` are kept, unless it is the
    complete list. The primary entry is the one marked as primary, otherwise the previous one, otherwise the
    first.
    """
    if len(given) == 1 and not held:  # usual for a new row
        return [
            {"value": given[0]["value"], "primary": True, "label": given[0].get("label") or DEFAULT_LABEL}
        ]
    known: dict[str, dict[str, object]] = {}
    for entry in held if isinstance(held, list) else ():
        if isinstance(entry, Mapping) and entry.get("value"):
            kept = {name: entry[name] for name in CONTACT_KEYS if entry.get(name) not in (None, "")}
            known.setdefault(contact_identity(str(entry["value"]), given.kind), kept)
    named: dict[str, dict[str, object]] = {}
    for entry in given:
        key = contact_identity(str(entry["value"]), given.kind)
        named[key] = {**named.get(key, {}), **{name: part for name, part in entry.items() if name != "value"}}
        named[key].setdefault("value", entry["value"])
    if not given.whole:
        for key, entry in named.items():
            if key in known:
                entry["value"] = known[key]["value"]
    order = list(named) if given.whole else list(dict.fromkeys((*known, *named)))
    found = [{**known.get(key, {}), **named.get(key, {})} for key in order]
    first = _primary(order, known, named)
    return [
        {"value": entry["value"], "primary": at == first, "label": entry.get("label") or DEFAULT_LABEL}
        for at, entry in enumerate(found)
    ]


def _primary(
    order: list[str], known: Mapping[str, Mapping[str, object]], named: Mapping[str, Mapping[str, object]]
) -> int:
    """Return the position of the primary entry: the marked one, else the stored one, else the first."""
    stored = other = None
    for at, key in enumerate(order):
        marked = named[key].get("primary") if key in named else None
        if marked is True:
            return at
        if marked is False:
            continue
        other = at if other is None else other
        if stored is None and key in known and known[key].get("primary") is True:
            stored = at
    return stored if stored is not None else other or 0


def contact_identity(value: str, kind: str) -> str:
    """Return the text that two entries with the same email, number or name share."""
    text = unicodedata.normalize("NFC", value).strip()
    if kind == EMAILS:
        return text.casefold()
    if kind == PHONES:
        short = _FILLERS.sub("", text).casefold()
        return ("+" + short[2:] if short.startswith("00") else short) or text
    return text


# --- prices -------------------------------------------------------------------------------------------


def merge_prices(held: object, given: Entries) -> list[dict[str, object]]:
    """Return the prices to write, one per currency.

    A price changes only its own currency, and only the given parts; other currencies and costs do not change.
    An empty complete list removes all prices. A price without a currency gets that of the only stored price;
    if there is no stored price, the account's default currency is used later.

    Raises:
        RecordFault: a price has no currency, and the row has prices in several.
    """
    if given.whole and not given:
        return []
    found: dict[str, dict[str, object]] = {}
    for entry in held if isinstance(held, list) else ():
        if isinstance(entry, Mapping) and entry.get("currency"):
            found[str(entry["currency"])] = {
                name: entry[name]
                for name in PRICE_KEYS
                if entry.get(name) is not None and entry[name] != _FILLED_IN.get(name)
            }
    held_codes = list(found)
    for entry in given:
        code = str(entry.get("currency") or "")
        if not code and len(held_codes) > 1:
            raise RecordFault(f"needs currency, because the product has prices in {', '.join(held_codes)}")
        code = code or next(iter(held_codes), "")
        parts = {name: part for name, part in entry.items() if part is not None}
        found[code] = {**({"currency": code} if code else {}), **found.get(code, {}), **parts}
    return list(found.values())


# --- participants and attendees -----------------------------------------------------------------------


def merge_rows(held: object, given: Entries) -> list[dict[str, object]]:
    """Return the list of participants or attendees to write.

    Entries are the same if they share a person, a user or an email. Stored entries keep their place and the
    parts that `given` does not name, unless it is the complete list. A new entry of kind PRIMARY_ROW takes
    the place of the stored primary entry; the other entries stay.
    """
    if given.whole:
        return list(given)
    found = [
        {name: part for name, part in entry.items() if part not in (None, "")}
        for entry in (held if isinstance(held, list) else ())
        if isinstance(entry, Mapping)
    ]
    for entry in given:
        found = _with_row(found, entry, as_primary=given.kind == PRIMARY_ROW)
    return found


def _with_row(
    rows: list[dict[str, object]], entry: Mapping[str, object], *, as_primary: bool
) -> list[dict[str, object]]:
    """Return the rows with an entry: merged with the same one, in place of the primary one, or at the end."""
    place = next((one for one in rows if _same_row(one, entry)), None)
    whole = {**(place or {}), **entry}
    if place is None and as_primary:
        place = next((one for one in rows if one.get("primary") is True), None)
    found = [whole if one is place else one for one in rows]
    if place is None:
        found.append(whole)
    if whole.get("primary") is True:  # only one entry is
        found = [one if one is whole or "primary" not in one else {**one, "primary": False} for one in found]
    return found


def _same_row(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Return whether two entries are the same person, user or email."""
    return any(
        one.get(name) not in (None, "") and str(one[name]).casefold() == str(other.get(name)).casefold()
        for name in _ROW_KEYS
    )
