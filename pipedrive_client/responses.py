"""Validation of successful responses: the only place that decides if a body contains valid data.

A response with status 2xx is not valid if its body is missing, truncated or of another kind than published.
`flaw_of` returns the problem. A read is then retried as after a failed connection; the outcome of a write
with such a response is unknown.

Source: core-api-concepts-responses; Pipedrive's API reference (an empty list of v1 may come as `data: null`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from pipedrive_client.errors import MalformedResponse

if TYPE_CHECKING:
    from pipedrive_client.http.transport import Response


class DataKind(Enum):
    """Kind of value at the path of the records.

    Attributes:
        LIST: an array of rows.
        OBJECT: one object.
        ANY: any JSON value.
    """

    LIST = "a list"
    OBJECT = "an object"
    ANY = "a value"


class Null(Enum):
    """Interpretation of `null` instead of data.

    Attributes:
        REJECTED: a failed response, because rows are known to exist.
        CONFIRMED: an empty list if a second request returns the same.
        EMPTY: an empty list.
    """

    REJECTED = "refused"
    CONFIRMED = "confirmed"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """Required content of a successful response.

    Attributes:
        kind: kind of value at `records`.
        records: dotted path of the data; empty for the whole body, which may then be any JSON value.
        null: interpretation of null at `records`. A missing key counts as null only for `DataKind.ANY`.
        of_objects: True if every entry of a list must be an object.
        full_page: number of rows of a full page of a cursor list, whose `next_cursor` must be a text or null;
            0 if the list is paged in another way.
        needs_cursor: True if a full page must have the key `next_cursor`.
    """

    kind: DataKind = DataKind.LIST
    records: str = "data"
    null: Null = Null.REJECTED
    of_objects: bool = False
    full_page: int = 0
    needs_cursor: bool = False


LIST_OR_NULL: Final = Expectation(null=Null.CONFIRMED)
"""A list at `data`; a null that is confirmed by a second request is an empty list."""

JSON_BODY: Final = Expectation(kind=DataKind.ANY, records="")
"""Any complete JSON value."""


_BARE: Final = frozenset({str, int, float, bool, list, type(None)})
"""Types of JSON values that are not objects."""


def flaw_of(response: Response, expected: Expectation) -> str | None:
    """Return the problem of the body of a successful response, or None if it is valid.

    Args:
        response: response with a status of 2xx.
        expected: required content of the body.

    Returns:
        A noun phrase for a message: `an empty body`, ``no `data` ``.
    """
    if not response.body:
        return "an empty body"
    try:
        body = response.json()
    except MalformedResponse as unreadable:
        return _unreadable(unreadable)
    if not expected.records:
        return "null instead of data" if body is None else None
    if not isinstance(body, Mapping):
        return f"{_kind(body)} instead of an object"
    return _flaw_of_success(body) or _flaw_at(body, expected)


def is_null(response: Response, expected: Expectation) -> bool:
    """Return True if a valid response contains null instead of data."""
    return value_at(response.json(), expected.records) is None


def value_at(body: object, records: str) -> object:
    """Return the value at a dotted path of a body (`data`, `data.items`), or None if it is missing."""
    found = body
    for key in records.split(".") if records else ():
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _flaw_at(body: Mapping[str, object], expected: Expectation) -> str | None:
    """Return the problem of the value at the path of the records."""
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
    if expected.kind is DataKind.LIST:
        return _flaw_of_list(body, found, expected)
    if expected.kind is DataKind.OBJECT and not isinstance(found, Mapping):
        return f"`{expected.records}` as {_kind(found)} instead of an object"
    return None


def _flaw_of_success(body: Mapping[str, object]) -> str | None:
    """Return why a body does not report a success, or None; `success: false` is an error of its own."""
    success = body.get("success", True)
    if success is not True:
        return f"`success` as {_kind(success)} instead of true"
    return "an error instead of data" if "success" not in body and body.get("error") else None


def _flaw_of_list(body: Mapping[str, object], found: object, expected: Expectation) -> str | None:
    """Return the problem of the value that should be a list of rows."""
    path = expected.records
    if not isinstance(found, list):
        return f"`{path}` as {_kind(found)} instead of a list"
    if expected.of_objects and (others := {*map(type, found)} & _BARE):
        named = sorted(_kind(next(one for one in found if type(one) is other)) for other in others)
        return f"{' and '.join(dict.fromkeys(named))} in the list `{path}` instead of rows"
    if expected.full_page and len(found) >= expected.full_page:
        return _flaw_of_cursor(body, needed=expected.needs_cursor)
    return None


def _flaw_of_cursor(body: Mapping[str, object], *, needed: bool) -> str | None:
    """Return the problem of the cursor of a full page, which is a text or null."""
    place = _place_of_cursor(body)
    if place is None:
        return "a full page without `next_cursor`, with two values of `limit`" if needed else None
    cursor = place["next_cursor"]
    if cursor is None or (isinstance(cursor, str) and cursor != ""):
        return None
    return f"a full page without `next_cursor`, but {_kind(cursor)} in its place"


def lacks_cursor(body: object) -> bool:
    """Return True if a page has no key `next_cursor`, so it may be the last page or a damaged one."""
    return not isinstance(body, Mapping) or _place_of_cursor(body) is None


def _place_of_cursor(body: Mapping[str, object]) -> Mapping[str, object] | None:
    """Return the object that has the key `next_cursor`."""
    additional = body.get("additional_data")
    if not isinstance(additional, Mapping):
        return None
    inner = additional.get("pagination")
    places = (additional, inner if isinstance(inner, Mapping) else {})
    return next((place for place in places if "next_cursor" in place), None)


def _flaw_of_null(body: Mapping[str, object], path: str, expected: Expectation) -> str | None:
    """Return why null does not mean an empty list here, or None if it does."""
    if leads_on(body):
        return f"`{path}: null` on a page that is not the last"
    if expected.kind is DataKind.OBJECT:
        return f"`{path}: null` instead of an object"
    if expected.null is Null.REJECTED:
        remedy = "if all of them were deleted, remove the stream from the state"
        return f"`{path}: null` although rows are known to exist ({remedy})"
    return None


def leads_on(body: object) -> bool:
    """Return True if a page announces another one, by a cursor or by more items in the collection."""
    additional = body.get("additional_data") if isinstance(body, Mapping) else None
    if not isinstance(additional, Mapping):
        return False
    inner = additional.get("pagination")
    places = [additional, *([inner] if isinstance(inner, Mapping) else [])]
    return any(place.get("next_cursor") or place.get("more_items_in_collection") for place in places)


def _unreadable(error: MalformedResponse) -> str:
    """Return the description of the body from the message of a decoding error."""
    return error.message.partition(" with ")[2].rstrip(".") or "an unreadable body"


def _kind(value: object) -> str:
    """Return the name of the JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    for kinds, name in ((Mapping, "an object"), (list, "a list"), (str, "a string")):
        if isinstance(value, kinds):
            return name
    return "a number"
