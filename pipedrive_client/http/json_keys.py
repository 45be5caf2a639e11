"""Decoding of JSON that detects a key with several values in one object, of which decoders keep the last.

A page `{"data": […], "data": []}` would otherwise have no rows, and end its list. Searching the text of a
page for one key costs 5 % of the tap's CPU time. Instead, msgspec passes each key of the envelope to an
enum, which costs less than 0.1 %. Keys of rows are not checked: each of them would need a call.
"""

from __future__ import annotations

import json
import threading
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

import msgspec
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_DEPTH = 3
"""Levels of objects whose keys are checked: the envelope, `additional_data`, `pagination`."""


class AmbiguousKeyError(msgspec.DecodeError):
    """An object has several values of one key; the text is the key."""


class _Seen(threading.local):
    """Number of keys in the body that this thread decodes."""

    keys = 0


_seen: Final = _Seen()


class _Key(Enum):
    """Type of keys that are counted: msgspec looks up each unknown one in `_missing_`."""

    NONE = "\0"

    @classmethod
    @override
    def _missing_(cls, value: object) -> Any:
        _seen.keys += 1
        return value


class _Number(str):
    """A number as it was written; Python converts only numbers of limited length."""

    __slots__ = ()

    @override
    def __repr__(self) -> str:
        return str(self)


def body_decoder(row: Any = Any) -> Callable[[bytes], Any]:  # noqa: ANN401 - a type made at run time
    """Return a decoder of response bodies.

    Args:
        row: type of the entries of lists in the envelope, such as `data`.

    Returns:
        A function that raises `AmbiguousKeyError` for an envelope with different values of one key, and
        msgspec's `DecodeError` for invalid JSON.
    """
    plain = str | int | float | bool | None
    inner: Any = dict[_Key, Any] | list[Any] | plain
    entry: Any = dict[_Key, inner] | list[row] | plain
    decode = msgspec.json.Decoder(dict[_Key, entry] | list[Any] | plain).decode

    def checked(content: bytes) -> object:
        _seen.keys = 0
        body = decode(content)
        if _seen.keys > _size(body, _DEPTH) and (key := ambiguous_key(content)) is not None:
            raise AmbiguousKeyError(key)
        return body

    return checked


def ambiguous_key(content: bytes | str) -> str | None:
    """Return the first key with different values in one object of valid JSON; None if there is none.

    A key that is repeated with the same value has only one meaning.
    """
    found: list[str] = []

    def take(pairs: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(pairs)
        if len(made) < len(pairs):
            found.extend(name for name, value in pairs if repr(value) != repr(made[name]))
        return made

    json.loads(content, object_pairs_hook=take, parse_int=_Number, parse_float=_Number)
    return found[0] if found else None


decode_body: Final = body_decoder()
"""Decoder of bodies without typed rows."""


def _size(value: object, depth: int) -> int:
    """Return the number of keys of an object and of the objects in it, down to a depth."""
    if depth == 0 or not isinstance(value, dict):
        return 0
    inner: Iterable[object] = value.values()
    return len(value) + sum(_size(one, depth - 1) for one in inner)
