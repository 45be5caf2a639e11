"""Catalogue names: conversion to snake case, and the nearest known name of a misspelled one."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def snake(name: str) -> str:
    """Return `orgId` as `org_id`."""
    return _CAMEL.sub("_", name).replace("-", "_").replace(" ", "_").lower()


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint with a similar name, or an empty text."""
    folded = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)
    return f"; nearest: {', '.join(folded[one] for one in near)}" if near else ""
