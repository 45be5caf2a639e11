"""Visibility of a row: a number, given also by one of its names.

The numbers mean the same in all accounts. Their names depend on the plan; the account lists its own as
options of the field `visible_to`. Source: description of `visible_to` in Leads#addLead.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from target_pipedrive.custom_fields.options import label_key
from target_pipedrive.record.errors import RecordFault

if TYPE_CHECKING:
    from collections.abc import Mapping

VISIBILITY = "visible_to"
"""Type of the field."""
_PUBLISHED: Mapping[str, int] = MappingProxyType(
    {
        "owner & followers": 1,
        "owner & followers (private)": 1,
        "owner only": 1,
        "owner's visibility group": 3,
        "owner's visibility group and sub-groups": 5,
    }
)
_EVERYONE = frozenset({"entire company", "entire company (shared)"})
_APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
_WIDEST = (7, 3)
"""Numbers of the entire company: with visibility groups, and in plans without them."""


def level(names: Mapping[int, str], value: object) -> int:
    """Return the number of a visibility.

    Args:
        names: the account's own names by number.
        value: a name, from the account or as published.

    Raises:
        RecordFault: the name is unknown, or the account does not list what the entire company is.
    """
    word = label_key(str(value)).replace(_APOSTROPHE, "'")
    for number, name in names.items():
        if label_key(name).replace(_APOSTROPHE, "'") == word:
            return number
    if word in _EVERYONE:
        found = next((one for one in _WIDEST if one in names), None)
    else:
        found = _PUBLISHED.get(word)
    if found is None:
        known = ", ".join(f"{number} ({name})" for number, name in names.items()) or "1, 3, 5, 7"
        raise RecordFault(f"must be one of {known}", value=str(value))
    return found
