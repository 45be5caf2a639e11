"""Column names of custom fields: created by the tap and recognized by the target."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from anyascii import anyascii

from pipedrive_client.fields import V1_SUFFIXES

if TYPE_CHECKING:
    from pipedrive_client.fields import FieldDefinition

SHORT_KEY = 6
"""Characters of a field's key that distinguish its column from another with the same name."""
LONGEST_COLUMN = 63
"""Maximum length of a column name: PostgreSQL truncates longer names, which can then collide."""


def slug(label: str, room: int = LONGEST_COLUMN) -> str:
    """Return a label as a column name: lower-case ASCII words joined by underscores, or an empty string.

    Args:
        label: the field's label.
        room: maximum number of characters.
    """
    name = "_".join(re.findall(r"[a-z0-9]+", anyascii(label).lower()))
    return (f"_{name}" if name[:1].isdigit() else name)[:room].rstrip("_")


def column_name(definition: FieldDefinition) -> str:
    """Return a field's column name, which leaves space for a key part and a suffix; may be empty."""
    suffixes = [part.suffix for part in definition.parts] or ["id"]
    if definition.field_type in ("time", "timerange"):
        suffixes.append(V1_SUFFIXES["timezone"])
    longest = max(map(len, suffixes))
    return slug(definition.name, LONGEST_COLUMN - len("_") - SHORT_KEY - len("_") - longest)
