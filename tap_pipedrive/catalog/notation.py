"""A compact notation for the columns of a stream.

`columns("id! title value:num emails:[{value label primary}]")` gives JSON-schema properties. A name
alone takes its type and description from the glossary; `name:type` overrides the type; `!` marks a
key, the only kind of column that is never null.

Types: int, num, str, bool, time (RFC 3339, UTC), date, clock (HH:MM[:SS]), uuid, any, map (any
object), `*type` an object whose keys are data, with values of this type, `{…}` an object with these
keys, `[type]` a list, `a|b` one or the other.
"""

from __future__ import annotations

import linecache
import re
import sys
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from tap_pipedrive.catalog.glossary import GLOSSARY

if TYPE_CHECKING:
    from tap_pipedrive.catalog.spec import JSON, Schema

_NAME = re.compile(r"""\bname=["'](\w+)["']""")
_TOKENS = re.compile(r"[\w-]+!?|[:{}\[\]|*]")
_SCALARS: dict[str, dict[str, JSON]] = {
    "int": {"type": ["integer", "null"]},
    "num": {"type": ["number", "null"]},
    "str": {"type": ["string", "null"]},
    "bool": {"type": ["boolean", "null"]},
    "time": {"type": ["string", "null"], "format": "date-time"},
    "date": {"type": ["string", "null"], "format": "date"},
    "clock": {"type": ["string", "null"]},
    "uuid": {"type": ["string", "null"]},
    "any": {"type": ["object", "array", "string", "number", "boolean", "null"]},
    "map": {"type": ["object", "null"], "additionalProperties": True},
}


class _Parser:
    """Recursive descent over the tokens of one notation text.

    Args:
        text: the notation.
        inside: name of the column that the text describes, empty at the top.

    Attributes:
        unknown: names with neither a type nor a glossary entry, in order.
    """

    def __init__(self, text: str, inside: str = "") -> None:
        self.tokens = _TOKENS.findall(text)
        self.at = 0
        self.inside = inside
        self.unknown: list[str] = []
        if "".join(self.tokens) != "".join(text.split()):
            msg = f"cannot read the columns {text!r}"
            raise ValueError(msg)

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, expected: str | None = None) -> str:
        token = self.peek()
        if not token or (expected and token != expected):
            msg = f"expected {expected or 'more'} at word {self.at} of {' '.join(self.tokens)!r}"
            raise ValueError(msg)
        self.at += 1
        return token

    def properties(self, end: str) -> dict[str, JSON]:
        found: dict[str, JSON] = {}
        while self.peek() != end:
            name = self.take()
            key = name.endswith("!")
            name = name.rstrip("!")
            known = GLOSSARY.get(f"{self.inside}.{name}") or GLOSSARY.get(name)
            if self.peek() == ":":
                self.take(":")
                column = self.within(name)
            elif known:
                column = self.described(known[0], name)
            else:
                self.unknown.append(name)
                column = dict(_SCALARS["any"])
            if key:
                column["type"] = [word for word in _type_words(column) if word != "null"]
            if known:
                column["description"] = known[1]
            if name in found:
                msg = f"column {name} is given twice"
                raise ValueError(msg)
            found[name] = column
        return found

    def described(self, words: str, name: str) -> dict[str, JSON]:
        """Return the type that the glossary gives to column `name`."""
        parser = _Parser(words, name)
        column = parser.type()
        self.unknown += parser.unknown
        return column

    def within(self, name: str) -> dict[str, JSON]:
        """Return the type that follows, read as the type of column `name`."""
        outside, self.inside = self.inside, name
        column = self.type()
        self.inside = outside
        return column

    def type(self) -> dict[str, JSON]:
        column = self.single()
        while self.peek() == "|":
            self.take("|")
            column = _either(column, self.single())
        return column

    def single(self) -> dict[str, JSON]:
        word = self.take()
        if word == "{":
            inner = self.properties("}")
            self.take("}")
            return {"type": ["object", "null"], "properties": inner}
        if word == "[":
            items = self.type()
            self.take("]")
            return {"type": ["array", "null"], "items": items}
        if word == "*":
            return {"type": ["object", "null"], "additionalProperties": self.single()}
        if word not in _SCALARS:
            msg = f"column {self.inside} has the unknown type {word!r}; types are {', '.join(_SCALARS)}"
            raise ValueError(msg)
        return dict(_SCALARS[word])


def _type_words(column: dict[str, JSON]) -> list[JSON]:
    words = column["type"]
    return list(words) if isinstance(words, list) else [words]


def _either(one: dict[str, JSON], other: dict[str, JSON]) -> dict[str, JSON]:
    """Return a column of either type; what only one of them promises about a text is dropped."""
    words = [word for word in (*_type_words(one), *_type_words(other)) if word != "null"]
    both = {**one, **other, "type": [*dict.fromkeys(words), "null"]}
    both.pop("format", None)
    return both


@cache
def columns(text: str, of: str = "") -> Schema:
    """Return JSON-schema properties of a notation text, in its order.

    Args:
        text: the notation.
        of: prefix of the glossary entries that go before the plain ones, e.g. `deals`.

    Raises:
        ValueError: the text is malformed, or a name is neither typed nor in the glossary; names all such
            names, and stream, file and line of the entry.
    """
    try:
        parser = _Parser(text, of)
        found = parser.properties("")
    except ValueError as error:
        if place := _place():
            msg = f"{error} ({place})"
            raise ValueError(msg) from None
        raise
    if parser.unknown:
        raise ValueError(_lacking(parser.unknown, _place()))
    return MappingProxyType(found)


def _lacking(names: list[str], place: str) -> str:
    """Return the message for names without a type, by whether they are in the catalogue."""
    which = f"column {names[0]} has" if len(names) == 1 else f"columns {', '.join(names)} have"
    if not place:
        return f"{which} no type: give one, such as `{names[0]}:str`"
    return (
        f"{which} no glossary entry: add an entry of type and description to the module of "
        f"tap_pipedrive/catalog/glossary/ that describes similar columns ({place})"
    )


def _place() -> str:
    """Return name, file and line of the catalogue entry that is being built; empty for columns of a user."""
    frame = sys._getframe()  # noqa: SLF001 - the caller's place is nowhere else
    while frame.f_back and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    path, line = Path(frame.f_code.co_filename), frame.f_lineno
    if path.parent.name != "catalog":
        return ""
    before = [linecache.getline(str(path), number) for number in range(line, 0, -1)]
    name = next((found[1] for one in before if (found := _NAME.search(one))), None)
    stream = f"stream {name}, " if name else ""
    return f"{stream}{'/'.join(path.parts[-3:])}, line {line}"
