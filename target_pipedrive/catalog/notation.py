"""Compact notation for the inputs of a write.

`columns("title! value:num type:=percentage|amount emails:contacts label_ids:[int] person_id?")` reads as a
mapping of names to `Column`. `!` marks a required column, `?` a nullable one, `=a|b` the allowed values. A
name without a type is text, except that `…_id` is an integer and `…_ids` a list of them.

Types: int, num, str, bool, date, clock (HH:MM), uuid, map (an object with data as keys); time (RFC 3339),
stamp (`YYYY-MM-DD HH:MM:SS`) and minute (the same without seconds), all UTC; flag (0 or 1); csv (a list in
one text); word (text that is never empty, such as a status); currency (its code); emails,
phones and contacts (lists of value, label and primary); prices (a list by currency); address; money (amount
and currency); file (bytes); `{…}` an object, `[type]` a list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import TypeAlias

_TOKENS = re.compile(r"[\w.*-]+|[:{}\[\]|=!?]")
SCALARS = frozenset(
    [
        "int",
        "num",
        "str",
        "bool",
        "date",
        "clock",
        "uuid",
        "map",
        "time",
        "stamp",
        "minute",
        "flag",
        "csv",
        "word",
        "currency",
        "contacts",
        "emails",
        "phones",
        "prices",
        "address",
        "money",
        "file",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Allowed values of a column.

    Attributes:
        name: a scalar of the notation, `object` or `list`.
        nullable: whether null may be sent.
        choices: the allowed values, as text; empty for any value.
        items: kind of the elements of a list.
        columns: columns of an object.
    """

    name: str
    nullable: bool = False
    choices: tuple[str, ...] = ()
    items: Kind | None = None
    columns: Columns = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a write.

    Attributes:
        name: name in Pipedrive.
        kind: allowed values.
        required: True if the write is rejected without it.
    """

    name: str
    kind: Kind
    required: bool = False


Columns: TypeAlias = Mapping[str, Column]


class _Parser:
    """Recursive descent over the tokens of one notation text."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKENS.findall(text)
        self._at = 0
        if "".join(self._tokens) != "".join(text.split()):
            raise ValueError(f"cannot read the columns {text!r}")

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _skip(self, token: str) -> bool:
        """Return whether this is the next token, and consume it if so."""
        if self._peek() != token:
            return False
        self._at += 1
        return True

    def columns(self, end: str) -> Columns:
        """Return columns up to the end token."""
        found: dict[str, Column] = {}
        while self._peek() != end:
            name = self._take()
            required = self._skip("!")
            if not name or name in found:
                raise ValueError(f"column {name!r} is missing or given twice")
            found[name] = Column(name=name, kind=self._kind(name), required=required)
        self._take()
        return MappingProxyType(found)

    def _kind(self, name: str) -> Kind:
        kind = self._type(name) if self._skip(":") else _default(name)
        choices = []
        if self._skip("="):
            choices.append(self._take())
            while self._skip("|"):
                choices.append(self._take())
        nullable = self._skip("?")
        return Kind(
            name=kind.name, nullable=nullable, choices=tuple(choices), items=kind.items, columns=kind.columns
        )

    def _type(self, name: str) -> Kind:
        """Return the type of the column `name`."""
        token = self._take()
        if token == "{":  # noqa: S105 - a brace, no secret
            return Kind(name="object", columns=self.columns("}"))
        if token == "[":  # noqa: S105 - the same
            items = self._type(name)
            if not self._skip("]"):
                raise ValueError("a list is not closed")
            return Kind(name="list", items=items)
        if token not in SCALARS:
            raise ValueError(
                f"column {name} has the unknown type {token!r}; types are {', '.join(sorted(SCALARS))}"
            )
        return Kind(name=token)


def _default(name: str) -> Kind:
    """Return the kind of a name without a type."""
    if name.endswith("_ids"):
        return Kind(name="list", items=Kind(name="int"))
    if name == "currency":
        return Kind(name="currency")
    return Kind(name="int" if name.endswith("_id") or name == "id" else "str")


@cache
def columns(text: str) -> Columns:
    """Return the columns of a notation text, in its order.

    Raises:
        ValueError: the text is malformed.
    """
    return _Parser(text).columns("")
