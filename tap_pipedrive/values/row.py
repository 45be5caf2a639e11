"""Types of rows and of the context in which they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Row: TypeAlias = "dict[str, object]"

Context: TypeAlias = Mapping[str, object]
