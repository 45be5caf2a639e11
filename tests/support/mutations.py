"""Rows with one value replaced by another kind of JSON value, and what must become of them.

The rules are written here independently of the tap: a record is valid; a value is the same in another form,
or null and counted. See `faults_of`.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SECRET = "Quagga"
"""Text in replaced values, which no log may contain."""
MARK = "campaign_mark"
"""Key added to each row, which identifies its record."""

KINDS: dict[str, Any] = {
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "one": 1,
    "integer": 987654321,
    "negative": -7,
    "fraction": 12.75,
    "whole float": 12.0,
    "huge integer": 2**70,
    "huge float": 1e300,
    "text": SECRET,
    "text with spaces": f" {SECRET} ",
    "number as text": "1234",
    "fraction as text": "12.50",
    "leading zeros": "007",
    "long digits": "9" * 25,
    "empty text": "",
    "space": " ",
    "day no month has": "2026-02-30",
    "day": "2026-02-27",
    "zero day": "0000-00-00",
    "zero time": "0000-00-00 00:00:00",
    "time before year 1": "0001-01-01T00:00:00+10:00",
    "time with offset": "2026-05-01T10:00:00+02:00",
    "time with a space": "2026-05-01 10:00:00",
    "list": [],
    "list of texts": [SECRET, "b"],
    "mixed list": [1, SECRET, None, 2.5],
    "list of numbers": [1, 2],
    "list of objects": [{"id": 3, "name": SECRET}, {"id": 4}],
    "list of lists": [[1], [SECRET]],
    "object": {},
    "object with an id": {"id": 12},
    "object with an id and more": {"id": 12, "name": SECRET},
    "object with an id of another kind": {"id": {"id": SECRET}},
    "object with a value": {"value": 5},
    "object with a value and more": {"value": 5, "label": SECRET},
    "object with a text value": {"value": SECRET},
    "nested object": {"a": {"b": [{"c": SECRET}]}},
}


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the way to each value of a row: each key, and the first entry of each list."""
    inside = (
        value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    )
    for key, one in inside:
        yield (*way, key)
        yield from places(one, (*way, key))


def replaced(row: Any, way: tuple[Any, ...], value: Any) -> Any:
    """Return a copy of a row with another value at one place."""
    made = copy.deepcopy(row)
    inner = made
    for key in way[:-1]:
        inner = inner[key]
    inner[way[-1]] = copy.deepcopy(value)
    return made


# --- what a value may become ------------------------------------------------------------------------

_WORDS = {
    "true": True,
    "y": True,
    "yes": True,
    "1": True,
    "false": False,
    "n": False,
    "no": False,
    "0": False,
}


def same(sent: Any, got: Any) -> bool:
    """Return whether a record's value is the sent one in another form, with nothing lost."""
    if got is None or sent is None:
        return got is sent
    forms = (_equal, _as_text, _as_number, _as_boolean, _as_time, _as_list, _as_object, _as_id)
    return any(form(sent, got) for form in forms)


def _equal(sent: Any, got: Any) -> bool:
    return (
        isinstance(sent, bool) == isinstance(got, bool) and not isinstance(got, (list, dict)) and sent == got
    )


def _as_text(sent: Any, got: Any) -> bool:
    """A text in place of another value is its JSON."""
    if not isinstance(got, str) or isinstance(sent, str):
        return False
    try:
        return json.dumps(json.loads(got), sort_keys=True) == json.dumps(sent, sort_keys=True)
    except ValueError:
        return False


def _as_number(sent: Any, got: Any) -> bool:
    if isinstance(got, bool) or not isinstance(got, (int, float)):
        return False
    if isinstance(sent, bool):
        return got == int(sent)
    try:
        return isinstance(sent, str) and Decimal(sent) == Decimal(str(got))
    except InvalidOperation:
        return False


def _as_boolean(sent: Any, got: Any) -> bool:
    if not isinstance(got, bool):
        return False
    return _WORDS.get(sent.lower()) is got if isinstance(sent, str) else sent in (0, 1) and bool(sent) is got


def _as_time(sent: Any, got: Any) -> bool:
    """A time is the same moment in whole seconds; a date may have been the midnight of the day."""
    if not (isinstance(sent, str) and isinstance(got, str)):
        return False
    try:
        before, after = datetime.fromisoformat(sent), datetime.fromisoformat(got)
    except ValueError:
        return False
    if len(got) == len("2026-01-01"):
        return (before.hour, before.minute, before.second) == (0, 0, 0) and before.date() == after.date()
    before = before if before.tzinfo else before.replace(tzinfo=UTC)
    return before.replace(microsecond=0) == after


def _as_list(sent: Any, got: Any) -> bool:
    """A list of one entry may have been alone, numbers joined by commas, and an empty list an object."""
    if not isinstance(got, list):
        return False
    if sent == {}:
        return got == []
    if isinstance(sent, str) and not (len(got) == 1 and same(sent, got[0])):
        sent = [part.strip() for part in sent.split(",") if part.strip()]
    sent = sent if isinstance(sent, list) else [sent]
    return len(sent) == len(got) and all(
        one is None or same(old, one) for old, one in zip(sent, got, strict=True)
    )


def _as_object(sent: Any, got: Any) -> bool:
    """An object has the same keys; a plain value is the `value` of its own."""
    if not isinstance(got, dict):
        return False
    if not isinstance(sent, dict):
        return (sent == [] and got == {}) or (got.keys() == {"value"} and same(sent, got["value"]))
    return sent.keys() == got.keys()


def _as_id(sent: Any, got: Any) -> bool:
    """An object in place of its id."""
    return (
        isinstance(sent, dict)
        and not isinstance(got, (dict, list, str))
        and same(sent.get("value", sent.get("id")), got)
    )


@dataclass
class Counts:
    """Deviations that a run must report, by column and the keys inside it."""

    nulls: Counter[str] = field(default_factory=Counter)
    shortened: Counter[str] = field(default_factory=Counter)


def faults(column: str, schema: Mapping[str, Any], sent: Any, got: Any, counts: Counts) -> Iterator[str]:
    """Return where a record's value is neither the sent one nor a null that is to be counted.

    Args:
        column: name of the column, and the keys inside it.
    """
    if got is None:
        counts.nulls[column] += sent is not None and sent != ""
        return
    if not same(sent, got):
        yield f"{column}: {json.dumps(sent)} became {json.dumps(got)}"
    elif isinstance(sent, dict) and isinstance(got, dict):
        known = schema.get("properties", {})
        for name, one in sent.items():
            rest = schema.get("additionalProperties")
            inner = known.get(name, rest if isinstance(rest, dict) else {})
            shown = "*" if name not in known and inner else name
            yield from faults(f"{column}.{shown}", inner, one, got[name], counts)
    elif isinstance(got, list):
        entries = sent if isinstance(sent, list) else [sent] if len(got) == 1 else []
        for old, one in zip(entries, got, strict=False):
            yield from faults(column, schema.get("items", {}), old, one, counts)
    elif isinstance(sent, dict) and len(sent) > 1 and not isinstance(got, str):
        counts.shortened[column] += 1
