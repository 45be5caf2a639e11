"""Comparison of a record's values with the values that Pipedrive stores."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from pipedrive_client import times
from target_pipedrive.values.compound import CONTACT_KINDS, ZONE_NAME, ZONE_NUMBER
from target_pipedrive.values.encoders import ADDRESS_PARTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.catalog.notation import Columns, Kind

EMPTY_VALUES: tuple[object, ...] = (None, "", [], {})
"""Values that mean that a column is empty."""
_WHOLE = frozenset({"address", "money"})
_PARTS = frozenset({*ADDRESS_PARTS, "until", ZONE_NAME, "currency"})


def differing(body: Mapping[str, object], row: Mapping[str, object], columns: Columns) -> dict[str, object]:
    """Return the part of the body that differs from the row; columns missing in the row always differ."""
    return {
        name: value
        for name, value in body.items()
        if name not in row or not same(value, row[name], columns[name].kind)
    }


def same(sent: object, held: object, kind: Kind | None) -> bool:
    """Return whether a sent value is equal to the stored value."""
    if sent == held:  # the usual case; no rule below makes equal values differ
        return True
    if not (sent and held):
        empty = sent in EMPTY_VALUES, held in EMPTY_VALUES
        if any(empty):
            return all(empty)
    name = kind.name if kind is not None else ""
    if name in {"time", "stamp"}:
        return _moment(sent) == _moment(held)
    if name == "clock":
        return str(sent)[:5] == str(held)[:5] and str(sent)[5:].strip(":0") == str(held)[5:].strip(":0")
    if name in CONTACT_KINDS:
        return _contacts(sent) == _contacts(held)
    if name == "address" and isinstance(sent, dict) and isinstance(held, str):
        sent = {"value": sent.get("value")}  # the row shows no parts
    return same_value(sent, held) and not (name in _WHOLE and lacks_parts(sent, held))


def lacks_parts(sent: object, held: object) -> bool:
    """Return whether a complete compound value lacks a stored part, which empties that part."""
    if not isinstance(sent, dict) or not isinstance(held, dict):
        return False
    unsent = {name for name, part in held.items() if part not in EMPTY_VALUES and sent.get(name) is None}
    if ZONE_NUMBER in sent:  # the number is enough
        unsent.discard(ZONE_NAME)
    return not unsent.isdisjoint(_PARTS)


def same_value(sent: object, held: object) -> bool:  # noqa: PLR0911 - one for each kind of value
    """Compare two values in any form of numbers, lists and objects; missing parts are not compared."""
    if isinstance(sent, dict):
        if not isinstance(held, dict):
            return len(sent) == 1 and "value" in sent and same_value(sent["value"], held)
        return all(same_or_empty(value, held.get(key)) for key, value in sent.items())
    if isinstance(sent, list):
        if not isinstance(held, list) or len(sent) != len(held):
            return False
        if all(isinstance(item, (int, str)) for item in (*sent, *held)):
            return sorted(map(str, sent)) == sorted(map(str, held))
        return all(same_or_empty(one, other) for one, other in zip(sent, held, strict=True))
    if isinstance(held, dict):  # v1 rows embed the row that a key references
        return same_value(sent, held.get("id", held.get("value")))
    if isinstance(sent, bool) or isinstance(held, bool):
        return _as_flag(sent) == _as_flag(held)
    if isinstance(sent, (int, float, Decimal)) and isinstance(held, (int, float, Decimal)):
        return float(sent) == float(held)
    return str(sent) == str(held)


def same_or_empty(sent: object, held: object) -> bool:
    """Return whether two values are equal, where all empty values are the same."""
    if sent == held:
        return True
    if not (sent and held):
        empty = sent in EMPTY_VALUES, held in EMPTY_VALUES
        if any(empty):
            return all(empty)
    return same_value(sent, held)


def _as_flag(value: object) -> object:
    return bool(value) if isinstance(value, (bool, int, float)) else value


def _moment(value: object) -> object:
    try:
        return times.normalise(str(value))
    except ValueError:
        return value


def _contacts(value: object) -> object:
    """Return addresses in order, with their known parts; the first is primary unless another is marked."""
    if not isinstance(value, list):
        return value
    entries = [entry for entry in value if isinstance(entry, dict) and entry.get("value")]
    named = any(entry.get("primary") for entry in entries)
    return [
        (
            str(entry["value"]),
            str(entry.get("label") or "work"),
            bool(entry.get("primary")) if named else at == 0,
        )
        for at, entry in enumerate(entries)
    ]
