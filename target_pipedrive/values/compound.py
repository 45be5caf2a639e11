"""Merge of compound values: the parts in a record with the value of the row.

A record rarely says all of an address, an amount, a range, a list of prices or a list of emails. Encoders
return what it does say as `Parts` or `Entries`; `merged` combines that with the held value before the write.
All functions here are pure, and merging the result again changes nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from target_pipedrive.record.errors import RecordFault

CONTACT_KEYS = ("value", "label", "primary")
PRICE_KEYS = ("currency", "price", "cost", "direct_cost", "notes")
CURRENCY = "currency"
_FILLED_IN: Mapping[str, object] = {"cost": 0, "notes": ""}
"""Parts of a price that Pipedrive fills in itself where they are not sent."""
DEFAULT_LABEL = "work"
EMAILS, PHONES, CONTACTS, PRICES = "emails", "phones", "contacts", "prices"
CONTACT_KINDS = frozenset({EMAILS, PHONES, CONTACTS})
"""Kinds of columns that are lists of value, label and primary."""
_FILLERS = re.compile(r"[\s().\-/\u2010-\u2015]+")


class Parts(dict[str, object]):
    """Parts of one value that a record names; a part that is None is to be emptied.

    Attributes:
        main: key of the part without which there is no value.
        derived: whether the other parts describe the main one, so that a new one replaces them all.
    """

    __slots__ = ("derived", "main")

    def __init__(self, parts: Mapping[str, object], *, main: str = "value", derived: bool = False) -> None:
        super().__init__(parts)
        self.main = main
        self.derived = derived


class Entries(list[dict[str, object]]):
    """Entries of a list that a record names.

    Attributes:
        kind: EMAILS, PHONES, CONTACTS or PRICES.
        whole: whether held entries that are not named are removed.
    """

    __slots__ = ("kind", "whole")

    def __init__(self, entries: Iterable[dict[str, object]], *, kind: str, whole: bool) -> None:
        super().__init__(entries)
        self.kind = kind
        self.whole = whole


def is_compound(value: object) -> bool:
    """Return whether a value has to be merged with the held one before it is written."""
    return isinstance(value, (Parts, Entries))


def merged(held: object, given: object) -> object:
    """Return the value to write: `given` completed by what it does not name of `held`.

    Args:
        held: the row's value as v2 shows it; None when there is no row or no value.
        given: an encoded value; returned as it is unless it is `Parts` or `Entries`.

    Raises:
        RecordFault: the parts alone make no value, or a price names no currency and several are held.
    """
    if isinstance(given, Parts):
        return merge_parts(held, given)
    if isinstance(given, Entries):
        return merge_prices(held, given) if given.kind == PRICES else merge_contacts(held, given)
    return given


# --- objects ------------------------------------------------------------------------------------------


def merge_parts(held: object, given: Parts) -> dict[str, object] | None:
    """Return the held parts changed by the given ones; None for no value.

    There is none when the main part is emptied, or nothing is held and only emptied. Parts that `given` does
    not name stay, as does a currency that it names empty, since no amount is without one. One exception: the
    parts of an address describe its line of text (`derived`), so a line other than the held one replaces the
    parts along with it.

    Raises:
        RecordFault: neither side has the main part.
    """
    main = given.main
    if main in given and given[main] is None:
        return None
    before = _parts_of(held, main)
    if given.derived and main in given and _text(given[main]) != _text(before.get(main)):
        before = {}
    if "timezone_id" in given:  # the number of a time zone replaces its name
        before.pop("timezone_name", None)
    whole = {**before, **{name: part for name, part in given.items() if part is not None or name != CURRENCY}}
    found = {name: part for name, part in whole.items() if part is not None}
    if main not in found:
        if all(part is None for part in given.values()):
            return None
        named = ", ".join(given)
        raise RecordFault(f"has no {main} yet, and {named} alone is not a value; send {main} too")
    return found


def _parts_of(held: object, main: str) -> dict[str, object]:
    """Return the parts of a held value that can be written."""
    if isinstance(held, Mapping):
        return {name: part for name, part in held.items() if part is not None and name != "formatted_address"}
    return {} if held in (None, "") else {main: held}


def _text(value: object) -> str:
    return str(value if value is not None else "").strip()


# --- emails, phones, messengers -----------------------------------------------------------------------


def merge_contacts(held: object, given: Entries) -> list[dict[str, object]]:
    """Return the list of emails, phones or messengers to write, exactly one of them primary.

    An entry that is held already keeps its label and its place unless `given` says otherwise; emails are the
    same in any case, phone numbers with any spaces and dashes. Entries that `given` does not name stay,
    unless it is the whole list. An entry said to be primary is primary; else the one that was, else the
    first.
    """
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
    """Position of the primary entry: one that is said to be, else the held one, else the first possible."""
    said = [at for at, key in enumerate(order) if named.get(key, {}).get("primary") is True]
    denied = {at for at, key in enumerate(order) if named.get(key, {}).get("primary") is False}
    before = [at for at, key in enumerate(order) if known.get(key, {}).get("primary") is True]
    others = [at for at in range(len(order)) if at not in denied]
    return next(iter((*said, *(at for at in before if at not in denied), *others)), 0)


def contact_identity(value: str, kind: str) -> str:
    """Return the text by which two entries of a list are the same email, number or name."""
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

    A price changes its own currency alone, and of that only the parts it names; other currencies and unnamed
    costs stay. An empty whole list removes all prices. A price without a currency means that of the only held
    price; where nothing is held it stays without one, for the account's default currency to be filled in.

    Raises:
        RecordFault: a price names no currency, and prices in several are held.
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
