"""Encoders of record values for requests, including objects and lists.

`encoder(kind)` is built once per column; it accepts any JSON value except null and returns the value for the
body.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, TypeAlias

from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values.compound import CONTACTS, EMAILS, PHONES, PRICES, Entries, Parts
from target_pipedrive.values.contacts import contacts
from target_pipedrive.values.identity import is_blank
from target_pipedrive.values.scalars import (
    boolean,
    clock,
    csv,
    currency,
    date,
    flag,
    from_json_text,
    integer,
    mapping,
    minute,
    moment,
    number,
    stamp,
    text,
    uuid,
    what,
    word,
)
from target_pipedrive.values.unknown_keys import STRICT

if TYPE_CHECKING:
    from target_pipedrive.catalog.notation import Columns, Kind
    from target_pipedrive.values.unknown_keys import UnknownKeys

_SIMILAR = 0.7
"""Similarity above which a choice is suggested."""
Encoder: TypeAlias = Callable[[object], object]

ADDRESS_PARTS = [
    "country",
    "admin_area_level_1",
    "admin_area_level_2",
    "locality",
    "sublocality",
    "route",
    "street_number",
    "subpremise",
    "postal_code",
]
# Parts of the tap's rows that Pipedrive sends but does not accept.
_READ_ONLY_PARTS = frozenset(
    {
        *("formatted_address", "id", "product_id", "product_variation_id"),
        *("color", "add_time", "update_time"),
        *(f"{kind}_detail_visible_flag" for kind in ("org", "person", "deal")),
    }
)


def address(value: object, keys: UnknownKeys = STRICT) -> object:
    """Return an address: a line of text, or an object with `value` (that line), parts, or both."""
    value = from_json_text(value)
    if isinstance(value, str):
        return Parts({"value": value.strip()}, derived=True) if value.strip() else None
    if not isinstance(value, Mapping):
        raise RecordFault(f"must be text or an object with `value`, not {what(value)}")
    known = ("value", *ADDRESS_PARTS)
    keys.check(set(value) - set(known) - _READ_ONLY_PARTS, known)
    given = {key: value[key] for key in known if key in value}
    if not given or ("value" in given and is_blank(given["value"])):
        return None
    return Parts(parts_of(given, dict.fromkeys(known, text)), derived=True)


def parts_of(given: Mapping[str, object], encoders: Mapping[str, Encoder]) -> dict[str, object]:
    """Return the encoded parts of an object; blank ones are None.

    Raises:
        RecordFault: a part is invalid; the message names it.
    """
    found: dict[str, object] = {}
    for name, part in given.items():
        try:
            found[name] = None if is_blank(part) else encoders[name](part)
        except RecordFault as fault:
            raise RecordFault(f"{'' if name == 'value' else f'{name} '}{fault}") from None
    return found


def money(value: object, keys: UnknownKeys = STRICT) -> object:
    """Return an amount and its currency, as in leads; if one of them is missing, it does not change."""
    value = from_json_text(value)
    if not isinstance(value, Mapping):
        try:
            return Parts({"amount": number(value)}, main="amount")
        except RecordFault:
            raise RecordFault(
                'must be a number or an object such as {"amount": 100, "currency": "EUR"}, '
                f"not {what(value)}"
            ) from None
    keys.check(set(value) - set(_MONEY_PARTS) - _READ_ONLY_PARTS, _MONEY_PARTS)
    given = {name: value[name] for name in _MONEY_PARTS if not is_blank(value.get(name))}
    return Parts(parts_of(given, _MONEY_PARTS), main="amount") if given else None


_MONEY_PARTS: dict[str, Encoder] = {"amount": number, "currency": currency}
_PRICE_PARTS: dict[str, Encoder] = {
    "currency": currency,
    "price": number,
    "cost": number,
    "direct_cost": number,
    "notes": text,
}


def prices(value: object, keys: UnknownKeys = STRICT) -> object:
    """Return prices by currency, from a list, a number or an object; ids in the tap's rows are dropped."""
    value = from_json_text(value)
    if isinstance(value, list):
        entries = [_price(entry, f"element {at + 1} ", keys) for at, entry in enumerate(value)]
        return Entries(entries, kind=PRICES, whole=not value)
    return Entries([_price(value, "", keys)], kind=PRICES, whole=False)


def _price(entry: object, where: str, keys: UnknownKeys) -> dict[str, object]:
    """Return one price with the parts in the record."""
    if not isinstance(entry, Mapping):
        entry = {"price": entry}
    keys.check(set(entry) - set(_PRICE_PARTS) - _READ_ONLY_PARTS, _PRICE_PARTS, where)
    found: dict[str, object] = {}
    for name, encode in _PRICE_PARTS.items():
        if not is_blank(entry.get(name)):
            try:
                found[name] = encode(entry[name])
            except RecordFault as fault:
                raise RecordFault(f"{where}{name} {fault}") from None
    if not set(found) - {"currency"}:
        raise RecordFault(f"{where}needs price, cost, direct_cost or notes in addition to its currency")
    return found


_SCALARS: dict[str, Encoder] = {
    "str": text,
    "int": integer,
    "num": number,
    "bool": boolean,
    "flag": flag,
    "date": date,
    "time": moment,
    "stamp": stamp,
    "minute": minute,
    "clock": clock,
    "uuid": uuid,
    "map": mapping,
    "csv": csv,
    "word": word,
    "currency": currency,
    "file": lambda value: value,
}
_WITH_KEYS: dict[str, Callable[[object, UnknownKeys], object]] = {
    EMAILS: partial(contacts, EMAILS),
    PHONES: partial(contacts, PHONES),
    CONTACTS: partial(contacts, CONTACTS),
    PRICES: prices,
    "address": address,
    "money": money,
}
"""Encoders of values that may be objects."""


@cache
def _scalar_choice(name: str, choices: tuple[str, ...]) -> Encoder:
    """Return an encoder for scalars of a fixed set."""
    plain = _SCALARS[name]
    spelled = {one.casefold(): one for one in choices}
    exact = frozenset(spelled.values()) if name in {"str", "word"} else frozenset()

    def encode(value: object) -> object:
        if isinstance(value, str) and value in exact:
            return value
        encoded = plain(value)
        if isinstance(encoded, str):
            encoded = spelled.get(encoded.casefold(), encoded)
        if str(encoded) not in choices:
            near = difflib.get_close_matches(str(encoded).lower(), choices, n=1, cutoff=_SIMILAR)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise RecordFault(f"must be one of {', '.join(choices)}{hint}")
        return encoded

    return encode


def encoder(kind: Kind, keys: UnknownKeys = STRICT) -> Encoder:
    """Return the function that encodes values of a kind; it raises `RecordFault` for invalid values.

    Args:
        kind: the kind.
        keys: handles unknown keys of objects.
    """
    if kind.name == "object":
        return _object(kind.columns, keys)
    if kind.name == "list":
        return _list(kind, keys)
    if kind.name in _WITH_KEYS:
        with_keys = _WITH_KEYS[kind.name]
        return lambda value: with_keys(value, keys)
    if kind.choices:
        return _scalar_choice(kind.name, kind.choices)
    return _SCALARS[kind.name]


def _list(kind: Kind, keys: UnknownKeys) -> Encoder:
    items = kind.items
    if items is None:
        raise ValueError("a list without the kind of its items")
    item = encoder(items, keys)
    plain = items.name not in {"object", "map"}
    of_ids = items.name in {"int", "uuid"}

    def encode(value: object) -> object:
        value = from_json_text(value)
        if isinstance(value, str) and plain:
            value = [part.strip() for part in value.split(",") if part.strip()]
        elif plain and isinstance(value, (int, str)) and not isinstance(value, bool):
            value = [value]
        if not isinstance(value, list):
            raise RecordFault(f"must be a list, not {what(value)}")
        found = []
        for at, entry in enumerate(value):
            try:
                found.append(item(entry))
            except RecordFault as fault:
                raise RecordFault(f"element {at + 1} {fault}") from None
        return list(dict.fromkeys(found)) if of_ids else found  # Pipedrive rejects an id that is listed twice

    return encode


def _object(columns: Columns, keys: UnknownKeys) -> Encoder:
    encoders = {name: encoder(column.kind, keys) for name, column in columns.items()}

    def encode(value: object) -> object:
        value = from_json_text(value)
        if not isinstance(value, Mapping):
            raise RecordFault(f"must be an object, not {what(value)}")
        keys.check(value.keys() - encoders.keys() - _READ_ONLY_PARTS, encoders)
        found: dict[str, object] = {}
        for name, part in value.items():
            if name not in encoders:
                continue
            if part is None and not columns[name].kind.nullable:
                continue
            try:
                found[name] = None if part is None else encoders[name](part)
            except RecordFault as fault:
                raise RecordFault(f"{name} {fault}") from None
        missing = [name for name, column in columns.items() if column.required and name not in found]
        if missing:
            raise RecordFault(f"needs {', '.join(missing)}")
        return found

    return encode
