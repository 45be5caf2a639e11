"""What counts as an answer: the one place that decides whether a successful response holds its data.

A response with status 2xx is no answer as long as its body is missing, truncated or of another kind than
published. `flaw_of` names what is wrong. A read is then retried like a broken connection; a write with such
a response has an unknown outcome.

Source: core-api-concepts-responses; pipedrive-api.md 4 (an empty list of v1 may come as `data: null`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from pipedrive_client.errors import MalformedAnswer

if TYPE_CHECKING:
    from pipedrive_client.transport import Answer


class DataKind(Enum):
    """Kind of value that a response holds at the path of its records.

    Attributes:
        LIST: an array of rows.
        OBJECT: one object.
        ANY: whatever the caller finds there.
    """

    LIST = "a list"
    OBJECT = "an object"
    ANY = "a value"


class Null(Enum):
    """How `null` in place of the data is read.

    Attributes:
        REFUSED: as a failed response, since rows are known to exist.
        CONFIRMED: as an empty list once a second request gives the same.
        EMPTY: as an empty list.
    """

    REFUSED = "refused"
    CONFIRMED = "confirmed"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the body of a successful response must hold.

    Attributes:
        kind: kind of value at `records`.
        records: dotted path of the data; empty for the whole body, which may then be any JSON value.
        null: how a null there is read. A missing key counts as null only for `DataKind.ANY`.
    """

    kind: DataKind = DataKind.LIST
    records: str = "data"
    null: Null = Null.REFUSED


JSON_BODY: Final = Expectation(kind=DataKind.ANY, records="")
"""A complete JSON value, whatever it is."""


def flaw_of(answer: Answer, expected: Expectation) -> str | None:
    """Return what is wrong with the body of a successful response, or None for nothing.

    Args:
        answer: with a status of 2xx.
        expected: what the body must hold.

    Returns:
        A noun phrase for a message: `an empty body`, ``no `data` ``.
    """
    if not answer.body:
        return "an empty body"
    try:
        body = answer.json()
    except MalformedAnswer as unreadable:
        return _unreadable(unreadable)
    if not expected.records:
        return "null instead of data" if body is None else None
    if not isinstance(body, Mapping):
        return f"{_kind(body)} instead of an object"
    return _flaw_at(body, expected)


def is_null(answer: Answer, expected: Expectation) -> bool:
    """Return whether a response without a flaw holds null in place of its data."""
    return value_at(answer.json(), expected.records) is None


def value_at(body: object, records: str) -> object:
    """Return the value at a dotted path of a body (`data`, `data.items`), or None where there is nothing."""
    found = body
    for key in records.split(".") if records else ():
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _flaw_at(body: Mapping[str, object], expected: Expectation) -> str | None:
    """Return what is wrong with the value at the path of the records."""
    found: object = body
    way: list[str] = []
    for key in expected.records.split("."):
        if not isinstance(found, Mapping):
            return f"`{'.'.join(way)}` as {_kind(found)} instead of an object"
        way.append(key)
        if key not in found and expected.kind is not DataKind.ANY:
            return f"no `{'.'.join(way)}`"
        found = found.get(key)
        if found is None:
            return _flaw_of_null(body, ".".join(way), expected)
    if expected.kind is DataKind.LIST and not isinstance(found, list):
        return f"`{expected.records}` as {_kind(found)} instead of a list"
    if expected.kind is DataKind.OBJECT and not isinstance(found, Mapping):
        return f"`{expected.records}` as {_kind(found)} instead of an object"
    return None


def _flaw_of_null(body: Mapping[str, object], path: str, expected: Expectation) -> str | None:
    """Return why a null cannot stand for an empty list, or None if it can."""
    if leads_on(body):
        return f"`{path}: null` on a page that others follow"
    if expected.kind is DataKind.OBJECT:
        return f"`{path}: null` instead of an object"
    if expected.null is Null.REFUSED:
        return f"`{path}: null` although rows are known to exist"
    return None


def leads_on(body: object) -> bool:
    """Return whether a page names another one: a cursor, or more items of the collection."""
    additional = body.get("additional_data") if isinstance(body, Mapping) else None
    if not isinstance(additional, Mapping):
        return False
    inner = additional.get("pagination")
    places = [additional, *([inner] if isinstance(inner, Mapping) else [])]
    return any(place.get("next_cursor") or place.get("more_items_in_collection") for place in places)


def _unreadable(error: MalformedAnswer) -> str:
    """Return the part of the message of a body that cannot be decoded that says what came."""
    return error.message.partition(" with ")[2].rstrip(".") or "an unreadable body"


def _kind(value: object) -> str:
    """Name the JSON kind of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    for kinds, name in ((Mapping, "an object"), (list, "a list"), (str, "a text")):
        if isinstance(value, kinds):
            return name
    return "a number"
