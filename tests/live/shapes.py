"""Shapes of JSON bodies: their keys, how often each occurs, and the kinds of the values, without any value.

Parts of a key that belong to the account are replaced: `<custom field>` for hashes, `<key>` for ids and
currencies. Unknown keys are kept here and decided on in `privacy.py`, before anything is shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

KEY = "<key>"
CUSTOM = "<custom field>"
NEW_VALUE = "value that is not published"
EMPTY = "empty text"
_HASH = re.compile(r"([0-9a-f]{40})(_[a-z0-9_]+)?")
_MAP_KEY = re.compile(r"\d+|[A-Z]{3}|[A-Z]+_ID")
"""Ids and currencies as keys; the last form is how the description writes them."""
_MARKS = re.compile(r"[.\[\]]|^<(?=\w)")
"""Characters with a meaning in paths, and the beginning of what looks like a replaced key."""
_TEXTS = (
    ("time with T and Z", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")),
    ("time with T, Z and fraction", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")),
    ("time with T and offset", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:?\d\d")),
    ("time with a space", re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")),
    ("date", re.compile(r"\d{4}-\d\d-\d\d")),
    ("time of day", re.compile(r"\d\d:\d\d(:\d\d)?")),
    ("digits", re.compile(r"\d+")),
    (EMPTY, re.compile(r"")),
)


@dataclass(slots=True)
class Place:
    """Values at one path.

    Attributes:
        kinds: kinds of the values.
        present: number of values.
        objects: number of values that are objects, which the keys below could be in.
    """

    kinds: set[str] = field(default_factory=set)
    present: int = 0
    objects: int = 0


Shape: TypeAlias = "dict[str, Place]"
"""Path of a value, e.g. `data[].phones[].value`, to the values there; the whole body is at ``."""


def kind(value: object) -> str:
    """Return the name of a value's kind, e.g. `integer`, `null`, `date`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return next((name for name, form in _TEXTS if form.fullmatch(value)), "text")
    return "list" if isinstance(value, list) else "object"


def below(path: str, key: str) -> str:
    """Return the path of a key in the object at a path."""
    return f"{path}.{key}" if path else key


def parent_of(path: str) -> str:
    """Return the path of the object or list that contains a value."""
    return path[:-2] if path.endswith("[]") else path.rpartition(".")[0]


def last_key(path: str) -> str:
    """Return the key at the end of a path; empty for an entry of a list."""
    return "" if path.endswith("[]") else path.rpartition(".")[2]


class Collector:
    """Collects the shape of the bodies of one operation.

    Args:
        choices: published values by path, where the description lists them.
        maps: paths of objects whose keys are data of the account.
        field_types: type of each custom field by its key, as far as they were read.
    """

    def __init__(
        self,
        choices: Mapping[str, frozenset[object]] | None = None,
        maps: Collection[str] = (),
        field_types: Callable[[str], str] = lambda _: "",
    ) -> None:
        self.shape: Shape = {}
        self._choices = choices or {}
        self._maps = maps
        self._field_types = field_types

    def add(self, body: object, path: str = "") -> None:
        """Add a body, or a value at a path."""
        place = self.shape.setdefault(path, Place())
        place.present += 1
        place.kinds.add(kind(body))
        choices = self._choices.get(path)
        if choices and isinstance(body, str | int | float) and body not in choices:
            place.kinds.add(NEW_VALUE)
        if isinstance(body, dict):
            place.objects += 1
            for key, inner in body.items():
                self.add(inner, below(path, self._name(path, key)))
        elif isinstance(body, list):
            for inner in body:
                self.add(inner, f"{path}[]")

    def _name(self, path: str, key: str) -> str:
        """Return a key without what belongs to the account."""
        custom = _HASH.fullmatch(key)
        if custom:
            words = self._field_types(custom[1])
            return (f"<custom field: {words}>" if words else CUSTOM) + (custom[2] or "")
        if last_key(path) == "custom_fields":
            return KEY
        return KEY if path in self._maps or _MAP_KEY.fullmatch(key) else _MARKS.sub("_", key)


def shape_of(*bodies: object) -> Shape:
    """Return the shape of bodies of one operation."""
    collector = Collector()
    for body in bodies:
        collector.add(body)
    return collector.shape


def merged(shapes: Collection[Shape]) -> Shape:
    """Return one shape for several reads of one operation."""
    found: Shape = {}
    for shape in shapes:
        for path, place in shape.items():
            into = found.setdefault(path, Place())
            into.kinds |= place.kinds
            into.present += place.present
            into.objects += place.objects
    return found
