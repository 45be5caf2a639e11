"""Catalogue names: conversion to snake case, and the nearest known name of a misspelled one."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


_ODD_SIGNS = str.maketrans("\t\xa0\u2007\u202f", "    ", "\u200b\u2060\ufeff")


def snake(name: str) -> str:
    """Return `orgId` and `" Org ID"` as `org_id`."""
    return _CAMEL.sub("_", plain(name)).replace("-", "_").replace(" ", "_").lower()


def plain(name: str) -> str:
    """Return a name without the byte order mark and the odd spaces that a spreadsheet puts around it."""
    return (name if name.isascii() else name.translate(_ODD_SIGNS)).strip()


def folded(name: str) -> str:
    """Return a name in the form in which names of columns are compared: without case and odd spaces."""
    return plain(name).casefold()


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint with a similar name, or an empty text."""
    folded = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)
    return f"; nearest: {', '.join(folded[one] for one in near)}" if near else ""
