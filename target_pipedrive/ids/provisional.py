"""Provisional ids: those of rows and fields that a dry run only plans to add."""

from __future__ import annotations

from typing import Self


class ProvisionalId(str):
    """Id of a row or custom field that does not exist, because a dry run only plans to add it.

    It is compared and shown like any other id. Its type marks it as one that must not be requested. `str(…)`
    returns it as plain text, for output.

    Args:
        name: distinguishes it from other provisional ids; a number, or the name of a column.
    """

    __slots__ = ()

    def __new__(cls, name: object) -> Self:
        """Return the id; its text is `new:NAME`."""
        return super().__new__(cls, f"new:{name}")


def as_text(value: object) -> str:
    """Return a provisional id as plain text; the `enc_hook` of encoders, which do not know the type.

    Raises:
        TypeError: it is another type that cannot be encoded.
    """
    if isinstance(value, ProvisionalId):
        return str(value)
    raise TypeError(f"Encoding objects of type {type(value).__name__} is unsupported")
