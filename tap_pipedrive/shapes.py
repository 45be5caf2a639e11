"""Rows out of answers that wrap or key them oddly.

A shape takes the value at a read's `records` and the columns of the parent, and yields flat rows. A
spec names its shape; everything that is a plain list of objects, or one object, needs none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

Row: TypeAlias = "dict[str, object]"
Shape: TypeAlias = Callable[[object, Mapping[str, object]], Iterator[Row]]

SHAPES: dict[str, Shape] = {}
