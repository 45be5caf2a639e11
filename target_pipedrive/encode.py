"""Values of a record as Pipedrive wants them, whole objects and lists among them.

`encoder(kind)` is built once per column; it takes any JSON value but null and returns what goes
into the body.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from target_pipedrive.faults import RecordFault
from target_pipedrive.scalars import (
    boolean,
    clock,
    csv,
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
)

if TYPE_CHECKING:
    from target_pipedrive.notation import Columns, Kind

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
# Parts of the tap's rows that Pipedrive sends and does not take.
_READ_ONLY_PARTS = frozenset(
    {
        *("formatted_address", "id", "product_id", "color", "add_time", "update_time"),
        *(f"{kind}_detail_visible_flag" for kind in ("org", "person", "deal")),
    }
)


def contacts(value: object) -> object:
    """Email addresses or phone numbers: a text, a list of texts, or a list of {value, label, primary}."""
    value = from_json_text(value)
    entries = value if isinstance(value, list) else [value]
    if isinstance(value, str):
        entries = [part.strip() for part in value.split(",") if part.strip()]
    found: list[dict[str, object]] = []
    for at, entry in enumerate(entries):
        if isinstance(entry, Mapping):
            if entry and "value" not in entry:  # taken for nobody's address, it would empty the list
                raise RecordFault(f"element {at + 1} needs `value`; it has {', '.join(map(str, entry))}")
            given = {key: entry[key] for key in ("value", "label", "primary") if entry.get(key) is not None}
            if "primary" in given:
                given["primary"] = boolean(given["primary"])
            if not given.get("value"):
                continue
            given["value"] = text(given["value"])
            found.append(given)
        elif entry not in (None, ""):
            found.append({"value": text(entry), "primary": not found, "label": "work"})
    return found


def address(value: object) -> object:
    """An address: a text, or an object with `value` and parts."""
    value = from_json_text(value)
    if isinstance(value, str):
        return {"value": value}
    if not isinstance(value, Mapping):
        raise RecordFault(f"must be text or an object with `value`, not {what(value)}")
    given = {
        key: text(part) for key, part in value.items() if part is not None and key not in _READ_ONLY_PARTS
    }
    unknown = sorted(set(given) - {"value", *ADDRESS_PARTS})
    if unknown:
        raise RecordFault(f"has no part {unknown[0]!r}; it has value, {', '.join(ADDRESS_PARTS)}")
    if not given:
        return None
    if "value" not in given:
        raise RecordFault("needs `value`, the whole address in one line")
    return given


def money(value: object) -> object:
    """An amount and its currency, as leads have; one of the two alone is a part that is completed later."""
    value = from_json_text(value)
    if not isinstance(value, Mapping):
        try:
            return {"amount": number(value)}
        except RecordFault:
            raise RecordFault(
                f'must be a number or such as {{"amount": 100, "currency": "EUR"}}, not {what(value)}'
            ) from None
    found: dict[str, object] = {}
    if value.get("amount") not in (None, ""):
        found["amount"] = number(value["amount"])
    if value.get("currency") not in (None, ""):
        found["currency"] = text(value["currency"])
    return found or None


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
    "contacts": contacts,
    "address": address,
    "money": money,
    "file": lambda value: value,
}


@cache
def _scalar_choice(name: str, choices: tuple[str, ...]) -> Encoder:
    """A scalar with a fixed set of values."""
    plain = _SCALARS[name]

    def encode(value: object) -> object:
        encoded = plain(value)
        if str(encoded) not in choices:
            near = difflib.get_close_matches(str(encoded).lower(), choices, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise RecordFault(f"must be one of {', '.join(choices)}{hint}")
        return encoded

    return encode


def encoder(kind: Kind) -> Encoder:
    """The function that encodes values of the kind; it raises `RecordFault` for what cannot be meant."""
    if kind.name == "object":
        return _object(kind.columns)
    if kind.name == "list":
        return _list(kind)
    if kind.choices:
        return _scalar_choice(kind.name, kind.choices)
    return _SCALARS[kind.name]


def _list(kind: Kind) -> Encoder:
    items = kind.items
    if items is None:
        raise ValueError("a list without a kind of items")
    item = encoder(items)
    plain = items.name not in {"object", "map"}

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
        return found

    return encode


def _object(columns: Columns) -> Encoder:
    encoders = {name: encoder(column.kind) for name, column in columns.items()}

    def encode(value: object) -> object:
        value = from_json_text(value)
        if not isinstance(value, Mapping):
            raise RecordFault(f"must be an object, not {what(value)}")
        found: dict[str, object] = {}
        for name, part in value.items():
            if name in _READ_ONLY_PARTS and name not in encoders:
                continue
            if name not in encoders:
                raise RecordFault(f"has no {name!r}; it has {', '.join(encoders)}")
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
