"""Differences between the responses of a live account, both dialects of the emulator, and the description.

Each path of a response has at most one difference, so that none hides or repeats another one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.live.published import Places, Published
from tests.live.shapes import CUSTOM, EMPTY, KEY, NEW_VALUE, Shape, last_key, parent_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

NEW_KEY = "new key"
NO_KEY = "missing key"
OTHER_KIND = "other kind"
NULL = "null"
LOST = "not representable"
STATUS = "other status"
HEADER = "header"
_TEXT_TYPES = frozenset({"text", "digits", "date", "time of day", EMPTY})
_NO_KEY = "no key"
_IS_CUSTOM = "<custom field"
_CURSOR, _START = "next_cursor", "next_start"
"""Keys about the next page: null or missing on the last one."""
_JSON_TYPES = {"null": "null", "boolean": "boolean", "list": "list", "object": "object"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference, without any value.

    Attributes:
        operation: request in words, with placeholders.
        path: path of the value in the body, or the name of a header.
        what: kind of the difference.
        found: kinds of values in the account.
        expected: kinds of values that were expected.
        lost: True if the tap cannot represent the value.
    """

    operation: str
    path: str
    what: str
    found: str
    expected: str
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Expected:
    """Knowledge about an operation.

    Attributes:
        published: shape of the emulator's responses with the dialect of the description.
        observed: the same with the dialect of recorded responses.
        places: the description of the response.
    """

    published: Shape
    observed: Shape
    places: Places

    @property
    def maps(self) -> frozenset[str]:
        """Paths of objects whose keys are data of the account."""
        both = (*self.published, *self.observed, *self.places)
        return frozenset(parent_of(path) for path in both if last_key(path) in (KEY, CUSTOM))

    def knows(self, path: str) -> bool:
        """Return True if the path exists in any of the three."""
        return path in self.published or path in self.observed or path in self.places

    def kinds(self, path: str) -> set[str]:
        """Return the kinds of values at a path in both dialects."""
        shapes = (self.published, self.observed)
        return {one for shape in shapes if path in shape for one in shape[path].kinds}

    def always(self, path: str) -> bool:
        """Return True if every object in both dialects has the key, and both have such an object."""
        return all(_has_always(shape, path) for shape in (self.published, self.observed))


def body_differences(
    operation: str, live: Shape, expected: Expected, lost: Mapping[str, set[str]]
) -> list[Difference]:
    """Return the differences of the responses to one operation, at most one for each path.

    Args:
        operation: request in words.
        live: shape of the account's responses.
        expected: knowledge about the operation.
        lost: path to the kinds of values that the tap cannot represent.
    """
    found = {one.path: one for one in _new(operation, live, expected)}
    for one in _of_kind(operation, live, expected):
        found.setdefault(one.path, one)
    for one in _missing(operation, live, expected):
        found.setdefault(one.path, one)
    same = {path.replace("[]", ""): path for path in live}
    for column, kinds in lost.items():
        path = same.get(column.replace("[]", ""), column)
        if path in found:
            found[path] = replace(found[path], lost=True)
        elif not any(one.lost or path.startswith((f"{at}.", f"{at}[]")) for at, one in found.items()):
            found[path] = Difference(operation, path, LOST, in_words(kinds), "", lost=True)
    return list(found.values())


def follows(live: Shape, expected: Expected) -> tuple[list[str], list[str]]:
    """Return the paths at which the dialects differ and the account is like one of them.

    Returns:
        Paths that are as in recorded responses, and paths that are as in the description.
    """
    as_observed, as_published = [], []
    for path in sorted({*live, *expected.observed, *expected.published}):
        if parent_of(path) not in live or not live[parent_of(path)].present or path[-2:] == "[]":
            continue
        shapes = (expected.observed, expected.published)
        if not all(parent_of(path) in shape and _counted(shape, path) for shape in shapes):
            continue
        here, observed, published = (_sign(shape, path) for shape in (live, *shapes))
        if observed == published or not here or here == {"null"} or _is_rare(path, here, shapes):
            continue
        if here <= observed and not here <= published:
            as_observed.append(path)
        if here <= published and not here <= observed:
            as_published.append(path)
    return as_observed, as_published


def refusal_differences(status: int, body: Shape | None, known: Shape) -> list[Difference]:
    """Return the differences of the body of an error from all known bodies of errors."""
    where = f"errors with status {status}"
    if body is None:
        return [Difference(where, "body", OTHER_KIND, "no JSON", "object")]
    expected = Expected(known, known, {})
    new = list(_new(where, body, expected)) + list(_of_kind(where, body, expected))
    needed = [path for path in ("success", "error") if path not in body]
    return [*new, *(Difference(where, path, NO_KEY, "no key", "text") for path in needed)]


def header_differences(
    live: Mapping[str, set[str]], emulated: Sequence[Mapping[str, set[str]]]
) -> list[Difference]:
    """Return the differences of the headers about limits, which every successful response has."""
    where = "every response"
    known = {
        name: {kind for one in emulated for kind in one.get(name, ())} for one in emulated for name in one
    }
    found = []
    for name in sorted({*live, *known}):
        if name not in known and is_about_limits(name):
            found.append(Difference(where, name, HEADER, in_words(live[name]), "no header"))
        elif name not in live and all(name in one for one in emulated) and is_about_limits(name):
            found.append(Difference(where, name, HEADER, "missing", in_words(known[name])))
        elif name in live and name in known and is_about_limits(name) and _others(live[name], known[name]):
            found.append(Difference(where, name, HEADER, in_words(live[name]), in_words(known[name])))
    return found


def is_about_limits(header: str) -> bool:
    """Return True for headers that the client may need: limits, tokens, retries."""
    return any(word in header for word in ("ratelimit", "rate-limit", "token", "quota", "retry", "daily"))


def in_words(kinds: Collection[str]) -> str:
    """Return kinds as text."""
    return " or ".join(sorted(kinds)) or "nothing"


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────


def _new(operation: str, live: Shape, expected: Expected) -> Iterator[Difference]:
    for path, place in live.items():
        parent = parent_of(path)
        if expected.knows(path) or not last_key(path):
            continue
        if not _may_be_object(parent, expected):
            continue  # the parent is of another kind
        if (
            not expected.knows(parent)
            or _is_opaque(parent, expected)
            or last_key(path).startswith(_IS_CUSTOM)
        ):
            continue  # the parent is the difference, or may contain anything
        yield Difference(operation, path, NEW_KEY, in_words(place.kinds), "no key")


def _may_be_object(path: str, expected: Expected) -> bool:
    place = expected.places.get(path)
    kinds = expected.kinds(path) - {"null"} or (place.types if place else set())
    return not kinds or "object" in kinds


def _is_opaque(path: str, expected: Expected) -> bool:
    """Return True if nothing is known about the content of an object."""
    place = expected.places.get(path)
    known = any(
        parent_of(one) == path for one in (*expected.published, *expected.observed, *expected.places) if one
    )
    if last_key(path).startswith(_IS_CUSTOM) or path in expected.maps:
        return not known
    return not known and (place is None or place.free or not place.types or "object" in place.types)


def _missing(operation: str, live: Shape, expected: Expected) -> Iterator[Difference]:
    for path in sorted({*expected.published, *expected.observed, *expected.places}):
        parent = parent_of(path)
        name = last_key(path)
        if (
            not name
            or name.startswith("<")
            or name == _START
            or parent not in live
            or not live[parent].objects
        ):
            continue
        present = live[path].present if path in live else 0
        if present >= live[parent].objects:
            continue
        place = expected.places.get(path)
        is_required = place is not None and place.required and _counted(expected.observed, path)
        if expected.always(path) or (is_required and not _is_absent(expected, path)):
            some = "missing" if not present else "missing in some"
            yield Difference(operation, path, NO_KEY, some, in_words(expected.kinds(path)))


def _counted(shape: Shape, path: str) -> bool:
    """Return True if the shape has objects that could have the key."""
    parent = parent_of(path)
    return parent in shape and shape[parent].objects > 0


def _has_always(shape: Shape, path: str) -> bool:
    return _counted(shape, path) and path in shape and shape[path].present >= shape[parent_of(path)].objects


def _is_absent(expected: Expected, path: str) -> bool:
    """Return True if one of the dialects leaves out a key that is published as required."""
    shapes = (expected.published, expected.observed)
    return any(_counted(shape, path) and not _has_always(shape, path) for shape in shapes)


# ── kinds ────────────────────────────────────────────────────────────────────────────────────────


def _of_kind(operation: str, live: Shape, expected: Expected) -> Iterator[Difference]:
    for path, place in live.items():
        if not expected.knows(path):
            continue
        known = expected.kinds(path)
        described = expected.places.get(path, Published())
        others = {one for one in _others(place.kinds, known) if not _is_published(one, known, described)}
        if others:
            wanted = {*(known - {"null", EMPTY}), *(() if known - {"null", EMPTY} else described.types)}
            yield Difference(operation, path, OTHER_KIND, in_words(others), in_words(wanted))
        elif (
            "null" in place.kinds
            and known
            and not ("null" in known or described.nullable or last_key(path) == _CURSOR or _IS_CUSTOM in path)
        ):
            yield Difference(operation, path, NULL, "null", in_words(known))


def _others(kinds: set[str], known: Collection[str]) -> set[str]:
    """Return the kinds that differ from all known ones, not just by chance of the data."""
    return {one for one in kinds - {"null"} if not _is_alike(one, known)}


def _is_alike(kind: str, known: Collection[str]) -> bool:
    if kind in known:
        return True
    if kind in ("integer", "number"):
        return "integer" in known or "number" in known
    if kind in _TEXT_TYPES and "text" in known:
        return True
    return kind in ("text", EMPTY) and "digits" in known


def _is_published(kind: str, known: set[str], described: Published) -> bool:
    """Return True if the description allows a kind that the emulator did not show."""
    if kind == NEW_VALUE:
        return False
    shown = {_json_type(one) for one in known} - {"null"}
    json_type = _json_type(kind)
    if json_type in shown:  # the same type in another form, such as another form of times
        return not known - {"null", EMPTY}
    allowed = described.types | ({"integer"} if "number" in described.types else set())
    return json_type in allowed or not (shown or allowed)


def _json_type(kind: str) -> str:
    if kind in ("integer", "number"):
        return kind
    return _JSON_TYPES.get(kind, "text")


def _is_rare(path: str, here: set[str], shapes: Sequence[Shape]) -> bool:
    """Return True for a missing key that only some rows of a dialect have."""
    some = any(path in shape and not _has_always(shape, path) for shape in shapes)
    return here == {_NO_KEY} and some


def _sign(shape: Shape, path: str) -> set[str]:
    """Return the kinds at a path for the comparison of dialects; no key is a kind of its own."""
    if path not in shape:
        return {_NO_KEY}
    kinds = {("text" if one in _TEXT_TYPES else one) for one in shape[path].kinds}
    return {"number" if one == "integer" else one for one in kinds}
